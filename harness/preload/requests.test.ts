import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { requestWindow } from '../metrics/request-window.ts';
import { withOthers } from '../pass/elsewhere.ts';
import { startChild } from '../target/child-target.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';

t.setTimeout(120_000);

/** Serves itself: each answer takes 40 kB off the heap in the main thread, and in a worker 100 kB of heap and 20 kB off it. */
const besideProgram = `const http = require('node:http');
const { Worker } = require('node:worker_threads');
const text = "const { parentPort } = require('node:worker_threads'); let kept;" +
  "parentPort.on('message', (word) => { if (word === 'end') process.exit();" +
  "kept = [new Array(12_500).fill(0.5), Buffer.alloc(20_000)]; parentPort.postMessage('done'); })";
const worker = new Worker(text, { eval: true });
const waiting = [];
worker.on('message', () => waiting.shift()());
const kept = [];
const server = http.createServer((request, response) => {
  kept[0] = Buffer.alloc(40_000);
  waiting.push(() => response.end('yes'));
  worker.postMessage('go');
});
server.listen(0, async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 600; i += 1)
    await new Promise((done) => http.get({ port: server.address().port, agent }, (response) => response.resume().on('end', done)));
  agent.destroy();
  server.close();
  worker.postMessage('end');
});
`;

/**
 * Serves itself: HTTP/1, then HTTP/2 without TLS; each answer takes an array of known size, and one in a hundred fails. Beside them some
 * requests get no answer: their client leaves, as it does from an event stream, and at the very end.
 */
const program = `import http from 'node:http';
import http2 from 'node:http2';
import { once } from 'node:events';
let count = 0;
let kept;
const left = () => Promise.withResolvers();
let waiting;
const answer = (request, response) => {
  if (request.url !== '/') {
    if (request.url === '/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1');
    const whole = request.stream ?? request.socket;
    whole.once('close', waiting.left.resolve);
    whole.on('error', () => {});
    return waiting.begun.resolve();
  }
  kept = new Array(125_000).fill(count);
  count += 1;
  response.writeHead(count % 100 === 0 ? 503 : 200);
  response.end('yes');
};
const one = http.createServer(answer).listen(0);
const two = http2.createServer(answer).listen(0);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const leaves = async (open, close) => {
  waiting = { begun: left(), left: left() };
  const request = open();
  request.on('error', () => {});
  await waiting.begun.promise;
  close(request);
  await waiting.left.promise;
};
const leavesOne = (path) => leaves(() => http.get({ port: one.address().port, path, agent: false }), (request) => request.destroy());
for (let i = 0; i < 300; i += 1) {
  if (i % 100 === 50) await leavesOne('/hang');
  if (i % 100 === 80) await leavesOne('/events');
  const request = http.get({ port: one.address().port, agent });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
}
const client = http2.connect('http://127.0.0.1:' + two.address().port);
const leavesTwo = (path) => leaves(() => client.request({ ':path': path }), (stream) => stream.close(8));
for (let i = 0; i < 300; i += 1) {
  if (i % 100 === 50) await leavesTwo('/hang');
  if (i % 100 === 80) await leavesTwo('/events');
  const stream = client.request({ ':path': '/' });
  stream.resume();
  await once(stream, 'end');
}
await leavesOne('/hang');
agent.destroy();
client.close();
one.close();
two.close();
console.log('done');
`;

t.test('answers of both kinds of server are counted, and allocation is read at fixed numbers of them', async (t) => {
  const file = path.join(t.testdir(), 'served.mjs');
  writeFileSync(file, program);
  const target = await startChild({
    name: 'served',
    command: process.execPath,
    arguments: [...preloadArguments, file],
    env: preloadEnvironment({ intervalMs: 50 }),
    mayEnd: true,
    withChannel: true,
  });
  const channel = new PreloadChannel(target.channel, Date.now());
  const exit = await target.exited;
  t.equal(exit.code, 0, exit.lastLines.join('\n'));
  t.strictSame(channel.last?.answers, {
    // Of an event stream in HTTP/2 the head is an answer.
    ...{ total: 603, not2xx: 6, statuses: { 200: 597, 503: 6 } },
    // The last one was left with nothing after it.
    ...{ unanswered: 6, inFlight: 1 },
  });
  t.same(
    channel.marks.map(({ requests }) => requests),
    [100, 200, 300, 400, 500, 600],
  );
  const perRequest = requestWindow(channel.marks)!;
  // 1 MB of the array; client and server share the process, some kilobytes each.
  t.ok(perRequest > 1e6 && perRequest < 1.06e6, `${perRequest} bytes a request`);
  t.equal(requestWindow(channel.marks.slice(0, 2)), undefined, 'too few are no window');
});

t.test('what lies off the heap is counted by the request, and what a worker thread allocates beside it', async (t) => {
  const file = path.join(t.testdir(), 'beside.cjs');
  writeFileSync(file, besideProgram);
  const target = await startChild({
    name: 'beside',
    command: process.execPath,
    arguments: [...preloadArguments, file],
    env: preloadEnvironment({ intervalMs: 50, countsOffHeap: true, family: { socket: '/nowhere' } }),
    mayEnd: true,
    withChannel: true,
  });
  const channel = new PreloadChannel(target.channel, Date.now());
  const exit = await target.exited;
  t.equal(exit.code, 0, exit.lastLines.join('\n'));
  const offHeap = requestWindow(channel.marks, 'offHeap')!;
  t.ok(offHeap > 39_500 && offHeap < 41_000, `${offHeap} bytes off the heap a request`);
  const { elsewhere, marks } = withOthers(channel, undefined);
  const { bytes, threads, processes } = elsewhere!;
  t.match({ threads, processes }, { threads: 1, processes: 0 });
  // Of 600 requests and no more; of the last 400 or so and no less.
  t.ok(bytes > 300 * 100_000 && bytes < 700 * 110_000, `${bytes} bytes in the worker`);
  const others = requestWindow(marks, 'offHeap')! - offHeap;
  t.ok(others > 10_000 && others < 40_000, `${others} bytes off the heap of the worker`);
  const onHeap = 400 * (requestWindow(marks)! - requestWindow(channel.marks)!);
  t.ok(onHeap > bytes / 3 && onHeap <= bytes, `${onHeap} bytes on its heap`);
});
