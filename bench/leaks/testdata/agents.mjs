// Agents: the leaking form makes one for each request, with a connection to the backend that it keeps alive for nobody.
import { Agent, createServer, get } from 'node:http';

const leaks = process.argv[2] === 'leak';
const shared = new Agent({ keepAlive: true, maxSockets: 20 });
const backend = createServer((_request, response) => response.end('value\n'));
backend.keepAliveTimeout = 600_000;

function askBackend(port, done) {
  const agent = leaks ? new Agent({ keepAlive: true }) : shared;
  get({ port, host: '127.0.0.1', agent, headers: { 'x-trace': 'x'.repeat(100) } }, (answer) => {
    answer.setEncoding('utf8');
    let text = '';
    answer.on('data', (chunk) => (text += chunk)).on('end', () => done(text));
  }).on('error', () => done('no backend\n'));
}

backend.listen(0, '127.0.0.1', () => {
  const { port } = backend.address();
  createServer((_request, response) => {
    askBackend(port, (answer) => response.end(answer));
  }).listen(process.env.PORT, '127.0.0.1');
});
