// Globals: an access log on the global object; the clean form keeps its last lines.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
globalThis.accessLog = [];

function logAccess(request) {
  globalThis.accessLog.push({ at: new Date(), method: request.method, url: request.url, headers: { ...request.headers } });
  if (!leaks && globalThis.accessLog.length > 500) globalThis.accessLog.splice(0, 250);
}

createServer((request, response) => {
  logAccess(request);
  response.end('logged\n');
}).listen(process.env.PORT, '127.0.0.1');
