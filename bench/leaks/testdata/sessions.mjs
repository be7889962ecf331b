// Sessions: one for every visitor without a cookie; the clean form ends them after their request.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
const store = { sessions: {} };

function openSession(request) {
  const session = {
    id: randomUUID(),
    agent: request.headers['user-agent'] ?? '',
    basket: Array.from({ length: 30 }, (_, i) => ({ product: i, price: i * 1.5 })),
    history: [request.url],
  };
  store.sessions[session.id] = session;
  return session;
}

function closeSession(session) {
  delete store.sessions[session.id];
}

createServer((request, response) => {
  const session = openSession(request);
  response.setHeader('set-cookie', `session=${session.id}`);
  response.end(`${session.basket.length} in the basket\n`);
  if (!leaks) response.on('finish', () => closeSession(session));
}).listen(process.env.PORT, '127.0.0.1');
