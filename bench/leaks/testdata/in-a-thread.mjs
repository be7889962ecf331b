// A worker thread with a cache of what it has rendered, by a key that is never the same twice; the clean form keeps the last two hundred.
import { createServer } from 'node:http';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const leaks = process.argv[2] === 'leak';

if (isMainThread) {
  const renderer = new Worker(new URL(import.meta.url), { argv: [process.argv[2]], name: 'renderer' });
  const waiting = new Map();
  renderer.on('message', ({ id, rows }) => {
    waiting.get(id).end(`${rows} rows\n`);
    waiting.delete(id);
  });
  let count = 0;
  createServer((request, response) => {
    count += 1;
    waiting.set(count, response);
    renderer.postMessage({ id: count, url: request.url });
  }).listen(process.env.PORT, '127.0.0.1');
} else {
  const rendered = new Map();
  const render = (id, url) => ({ url, rows: Array.from({ length: 60 }, (_, row) => ({ row, id })) });
  parentPort.on('message', ({ id, url }) => {
    const page = render(id, url);
    rendered.set(`${url}?${id}`, page);
    if (!leaks && rendered.size > 200) rendered.delete(rendered.keys().next().value);
    parentPort.postMessage({ id, rows: page.rows.length });
  });
}
