// Three worker threads: 60 MB of a buffer, 60 MB of doubles on the heap, 30 MB of both.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { setTimeout as pause } from 'node:timers/promises';
import { doubles, touch } from './touch.mjs';

if (isMainThread) {
  const kinds = [
    ['buffers', 60e6, 0],
    ['doubles', 0, 60e6],
    ['both', 30e6, 30e6],
  ];
  const workers = kinds.map(
    ([name, buffer, heap]) => new Worker(new URL(import.meta.url), { name, workerData: { buffer, heap } }),
  );
  await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))));
  console.log('ready');
  await pause(2500);
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
