// Slices of strings: the leaking form keeps twenty characters of each body, which hold all of it; the clean form copies them.
import { createServer } from 'node:http';

const leaks = process.argv[2] === 'leak';
const recentIds = [];
let count = 0;

function idOf(body) {
  const id = body.slice(7, 43);
  return leaks ? id : Buffer.from(id, 'latin1').toString('latin1');
}

createServer((request, response) => {
  count += 1;
  const body = Buffer.from(`{"id":"${crypto.randomUUID()}","text":"${`${request.url} ${count} `.repeat(200)}"}`).toString('latin1');
  recentIds.push(idOf(body));
  // Both forms keep the last ten thousand only, which is little of identifiers and much of bodies.
  if (recentIds.length > 10_000 && !leaks) recentIds.shift();
  response.end(`${recentIds.length}\n`);
}).listen(process.env.PORT, '127.0.0.1');
