// A cluster of four: 200 MB each, half of it on the heap.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { begun, doubles, touch } from './touch.mjs';

const kept = [];
const take = (share) => kept.push(touch(100e6 * share), doubles(100e6 * share));

if (cluster.isPrimary) {
  const workers = Array.from({ length: 4 }, () => cluster.fork());
  await Promise.all(workers.map((worker) => new Promise((done) => worker.once('listening', done))));
  console.log('ready');
  await begun();
  for (const worker of workers) worker.send('go');
} else {
  take(0.01);
  kept.length = 0;
  process.on('message', () => take(1));
  createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
}
