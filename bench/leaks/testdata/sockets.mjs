// Sockets: one to the backend for every request; the leaking form never ends it.
import { createServer } from 'node:http';
import { connect, createServer as createBackend } from 'node:net';

const leaks = process.argv[2] === 'leak';
const backend = createBackend((socket) => {
  socket.on('error', () => {});
  socket.on('data', () => socket.write('value\n'));
  // The backend lets go of a client that has gone.
  socket.on('end', () => socket.destroy());
});

function askBackend(port, done) {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  socket.once('data', (answer) => {
    done(answer);
    if (!leaks) socket.destroy();
  });
  socket.on('error', () => done('no backend\n'));
  socket.write('get\n');
}

backend.listen(0, '127.0.0.1', () => {
  const { port } = backend.address();
  createServer((_request, response) => {
    askBackend(port, (answer) => response.end(answer));
  }).listen(process.env.PORT, '127.0.0.1');
});
