// Three worker threads: 200 MB of a buffer, 200 MB of doubles on the heap, 100 MB of both.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { begun, doubles, touch } from './touch.mjs';

if (isMainThread) {
  const kinds = [
    ['buffers', 200e6, 0],
    ['doubles', 0, 200e6],
    ['both', 100e6, 100e6],
  ];
  const workers = kinds.map(
    ([name, buffer, heap]) => new Worker(new URL(import.meta.url), { name, workerData: { buffer, heap } }),
  );
  await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))));
  console.log('ready');
  await begun();
  for (const worker of workers) worker.postMessage('go');
} else {
  const kept = [];
  const { buffer, heap } = workerData;
  const take = (share) => {
    if (buffer > 0) kept.push(touch(buffer * share));
    if (heap > 0) kept.push(doubles(heap * share));
  };
  // Compiled code, and a heap that has collected once.
  take(0.01);
  kept.length = 0;
  parentPort.on('message', () => take(1));
  parentPort.postMessage('up');
}
