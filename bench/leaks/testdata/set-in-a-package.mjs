// A set in a package of node_modules: fingerprints of requests, never the same twice; the clean form sets the package's limit.
import { createServer } from 'node:http';
import seenBefore from 'seen-before';

const leaks = process.argv[2] === 'leak';
let count = 0;

createServer((request, response) => {
  count += 1;
  const fingerprint = `${request.headers['user-agent']} ${request.url} ${count} ${'x'.repeat(300)}`;
  response.end(seenBefore(fingerprint, leaks ? 0 : 1000) ? 'again\n' : 'new\n');
}).listen(process.env.PORT, '127.0.0.1');
