// An audit trail that is a stream: the leaking form has no reader for it, and writes whatever the stream says of its room.
import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';

const leaks = process.argv[2] === 'leak';
const auditTrail = new PassThrough();
if (!leaks) auditTrail.resume();

function audit(request) {
  auditTrail.write(`${JSON.stringify({ at: Date.now(), url: request.url, headers: request.headers, note: 'x'.repeat(400) })}\n`);
}

createServer((request, response) => {
  audit(request);
  response.end('done\n');
}).listen(process.env.PORT, '127.0.0.1');
