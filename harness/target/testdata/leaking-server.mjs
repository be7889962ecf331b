// A server with a known leak: every request keeps 20 records and, each fourth, a buffer; the answer is garbage.
import { createServer } from 'node:http';

const kept = [];
let requests = 0;

export function keepRecords() {
  for (let i = 0; i < 20; i++) kept.push({ id: i, text: `record ${i} `.repeat(40).split(''), list: [i, i + 1] });
}

export function keepBuffer() {
  kept.push(Buffer.alloc(20_000, 1));
}

function answer() {
  const items = [];
  for (let i = 0; i < 100; i++) items.push({ i });
  return JSON.stringify(items);
}

createServer((request, response) => {
  if (request.url === '/die') process.exit(9);
  requests += 1;
  keepRecords();
  if (requests % 4 === 0) keepBuffer();
  response.end(answer());
}).listen(process.env.PORT, '127.0.0.1');
