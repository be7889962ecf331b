// Messages to a worker thread: in the leaking form it takes one in ten, and the rest wait in its port.
import { createServer } from 'node:http';
import { isMainThread, MessageChannel, parentPort, receiveMessageOnPort, Worker } from 'node:worker_threads';

if (isMainThread) {
  const leaks = process.argv[2] === 'leak';
  const { port1: toIndexer, port2: ofIndexer } = new MessageChannel();
  const indexer = new Worker(new URL(import.meta.url), { name: 'indexer' });
  indexer.postMessage({ port: ofIndexer, leaks }, [ofIndexer]);
  createServer((request, response) => {
    toIndexer.postMessage({ url: request.url, words: Array.from({ length: 800 }, (_, i) => `word ${i}`) });
    response.end('indexed soon\n');
  }).listen(process.env.PORT, '127.0.0.1');
} else {
  parentPort.once('message', ({ port, leaks }) => {
    let indexed = 0;
    setInterval(() => {
      const most = leaks ? 1 : Number.POSITIVE_INFINITY;
      for (let i = 0; i < most; i += 1) {
        const received = receiveMessageOnPort(port);
        if (!received) return;
        indexed += received.message.words.length;
      }
    }, 10);
  });
}
