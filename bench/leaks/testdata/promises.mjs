// Promises: each request waits for a warm-up that, in the leaking form, never ends; answers are given by a race.
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const leaks = process.argv[2] === 'leak';
const warmedUp = leaks ? new Promise(() => {}) : pause(100);

async function answerOf(request) {
  const parts = Array.from({ length: 40 }, (_, i) => `${request.url}#${i}`);
  const late = warmedUp.then(() => parts.length);
  return Promise.race([late, Promise.resolve(parts.length)]);
}

createServer(async (request, response) => {
  response.end(`${await answerOf(request)} parts\n`);
}).listen(process.env.PORT, '127.0.0.1');
