// Abort signals: every request waits for the shutdown of the service and, in the leaking form, does not stop to when it is answered.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
const shutdown = new AbortController();

function stopWith(job) {
  const stop = () => {
    job.isStopped = true;
  };
  shutdown.signal.addEventListener('abort', stop, { once: true });
  return () => shutdown.signal.removeEventListener('abort', stop);
}

createServer((request, response) => {
  const job = { url: request.url, parts: Array.from({ length: 60 }, (_, part) => ({ part, done: true })) };
  const forget = stopWith(job);
  response.end(`${job.parts.length} parts\n`);
  if (!leaks) response.on('finish', forget);
}).listen(process.env.PORT, '127.0.0.1');
