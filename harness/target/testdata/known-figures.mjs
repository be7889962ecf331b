// For the test of every metric: a server that leaks 1 MB a second, holds 80 MB for a while and collects, and answers /missing with 404.
import { createServer } from 'node:http';

const kept = [];
setInterval(() => kept.push(Buffer.alloc(250_000, 1)), 250);
setTimeout(() => {
  let large = Buffer.alloc(80_000_000, 1);
  setTimeout(() => {
    large = large && null;
    globalThis.gc();
  }, 700);
}, 5_000);
createServer((request, response) => {
  response.statusCode = request.url === '/missing' ? 404 : 200;
  response.end('answer');
}).listen(Number(process.env.PORT), '127.0.0.1');
