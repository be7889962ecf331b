// For the test of every metric: a server that leaks 4 MB a second (however late its timers are), holds 80 MB for a while and collects, and answers /missing with 404.
import { createServer } from 'node:http';

const kept = [];
setInterval(() => {
  while (kept.length < performance.now() / 250) kept.push(Buffer.alloc(1_000_000, 1));
}, 250);
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
