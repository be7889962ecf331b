// Timers: a heartbeat for each request; the leaking form never clears it.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';

function startHeartbeat(job) {
  return setInterval(() => {
    job.beats += 1;
  }, 60_000);
}

createServer((request, response) => {
  const job = { beats: 0, url: request.url, steps: Array.from({ length: 80 }, (_, i) => ({ step: i })) };
  const heartbeat = startHeartbeat(job);
  response.end(`${job.steps.length} steps\n`);
  if (!leaks) response.on('finish', () => clearInterval(heartbeat));
}).listen(process.env.PORT, '127.0.0.1');
