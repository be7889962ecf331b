import { EventEmitter, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import t, { type Test } from 'tap';
import { requestWindow } from '../metrics/request-window.ts';
import { withOthers } from '../pass/elsewhere.ts';
import { startChild } from '../target/child-target.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';
import { CutRequests } from './cut-requests.ts';

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

/** Two servers: each request to the first asks the second twice. */
const portsProgram = `const http = require('node:http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const get = (server) => new Promise((done) => http.get({ port: server.address().port, agent }, (response) => response.resume().on('end', done)));
const second = http.createServer((request, response) => response.end('yes')).listen(0, () => {
  const first = http.createServer(async (request, response) => {
    await get(second);
    await get(second);
    response.end('yes');
  }).listen(0, async () => {
    for (let i = 0; i < 50; i += 1) await get(first);
    console.log(first.address().port, second.address().port);
    process.exit();
  });
});
`;

/**
 * Serves itself: HTTP/1, then HTTP/2 without TLS; each answer takes an array of known size, and one in a hundred fails. Beside them some
 * requests get no answer: the service cuts them, or sends less than it says; a client leaves from an event stream, and at the very end.
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
    if (request.url === '/cut') return whole.destroy();
    if (request.url === '/short') response.writeHead(200, { 'content-length': '9' }).end('short');
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
  await Promise.race([waiting.begun.promise, waiting.left.promise]);
  close(request);
  await waiting.left.promise;
};
const leavesOne = (path) => leaves(() => http.get({ port: one.address().port, path, agent: false }), (request) => request.destroy());
for (let i = 0; i < 300; i += 1) {
  if (i % 100 === 50) await leavesOne('/cut');
  if (i % 100 === 80) await leavesOne('/events');
  const request = http.get({ port: one.address().port, agent });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
}
const client = http2.connect('http://127.0.0.1:' + two.address().port);
const leavesTwo = (path) => leaves(() => client.request({ ':path': path }), (stream) => stream.close(8));
for (let i = 0; i < 300; i += 1) {
  if (i % 100 === 50) await leavesTwo('/cut');
  if (i % 100 === 80) await leavesTwo('/events');
  const stream = client.request({ ':path': '/' });
  stream.resume();
  await once(stream, 'end');
}
await leavesOne('/short');
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
  const { unanswered = 0, inFlight = 0, ...answers } = channel.last!.answers!;
  // Of an event stream the head is an answer.
  t.strictSame(answers, { total: 606, not2xx: 6, statuses: { 200: 600, 503: 6 } });
  // The last one was left with nothing after it; a machine that stood still for a second makes it a hang.
  t.ok(unanswered >= 7, `${unanswered} unanswered`);
  t.equal(unanswered + inFlight, 8);
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

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise(setImmediate);
};

/** A service with a clock of ours. It answers `/` at once, `/later` when it is asked to, cuts `/cut` and `/half`, and hangs otherwise. */
function served(t: Test) {
  const state = { ms: 0, begun: 0, closed: 0, answered: 0 };
  const cut = new CutRequests(undefined, () => state.ms);
  const later: (() => void)[] = [];
  const rows: (() => Promise<unknown>)[] = [];
  const one = http.createServer((request, response) => {
    state.begun += 1;
    response.once('finish', () => (state.answered += 1));
    if (request.url === '/cut') request.socket.destroy();
    if (request.url === '/fin') response.write('half', () => request.socket.end());
    if (request.url === '/half') response.write('half', () => request.socket.destroy());
    if (request.url === '/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1');
    if (request.url === '/rows') rows.push(() => new Promise((resolve) => response.write('{"row":1}', resolve)));
    if (request.url === '/later') later.push(() => response.end('yes'));
    if (request.url === '/') response.end('yes');
  });
  one.on('connection', (socket) => socket.once('close', () => (state.closed += 1)));
  const two = http2.createServer();
  two.on('stream', (stream: http2.ServerHttp2Stream, { ':path': url }) => {
    state.begun += 1;
    stream.on('error', () => {}).once('close', () => (state.closed += 1));
    if (url === '/cut') stream.destroy();
    if (url === '/close') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    if (url === '/') stream.respond({ ':status': 200 }, { endStream: true });
    if (url === '/ended') {
      stream.respond({ ':status': 200 });
      stream.end();
    }
  });
  const clients: { destroy: () => unknown }[] = [];
  for (const server of [one, two]) server.listen(0);
  t.teardown(() => {
    for (const client of clients) client.destroy();
    one.close();
    two.close();
  });
  /** Until it has begun `count` requests, and ended where it ends them. */
  const asks = async (url: string, count: number, write: () => void) => {
    const { begun, closed, answered } = state;
    write();
    await until(() => state.begun === begun + count);
    if (['/cut', '/half', '/fin', '/close', '/ended', '/upgrade'].includes(url))
      await until(() => state.closed === closed + 1);
    if (url === '/') await until(() => state.answered === answered + count || state.closed === closed + count);
  };
  const leaves = async (leave: () => void) => {
    const { closed } = state;
    leave();
    await until(() => state.closed > closed);
  };
  const client = () => {
    const socket = net.connect((one.address() as AddressInfo).port).on('error', () => {});
    clients.push(socket.resume());
    const head = (url: string) => `GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`;
    return {
      asks: (url: string, count = 1) => asks(url, count, () => socket.write(head(url).repeat(count))),
      leaves: () => leaves(() => socket.destroy()),
    };
  };
  const session = () => {
    const to = http2.connect(`http://127.0.0.1:${(two.address() as AddressInfo).port}`).on('error', () => {});
    clients.push(to);
    const open: http2.ClientHttp2Stream[] = [];
    const ask = (url: string) =>
      void open.push(
        to
          .request({ ':path': url })
          .on('error', () => {})
          .resume(),
      );
    return {
      asks: (url: string) => asks(url, 1, () => ask(url)),
      resets: () => leaves(() => open.at(-1)!.close(http2.constants.NGHTTP2_CANCEL)),
    };
  };
  const is = (unanswered: number, inFlight: number, why: string, more: { leftEarly?: number; open?: number } = {}) =>
    t.match(cut.counts, { unanswered, inFlight, ...more }, why);
  return { one, two, cut, state, later, rows, client, session, is };
}

t.test('what the service cuts is unanswered at once, whatever comes after it', async (t) => {
  const { client, session, is } = served(t);
  await client().asks('/cut');
  await client().asks('/half');
  is(2, 0, 'the last requests of a load');
  await client().asks('/fin');
  is(3, 0, 'with an end that its client answers');
  const two = session();
  await two.asks('/cut');
  is(4, 0, 'a stream');
  await two.asks('/close');
  is(5, 0, 'a stream that is closed with a code, as a client may close it too');
  await two.asks('/ended');
  is(5, 0, 'a whole one without a body');
});

t.test('what the server refuses by itself is unanswered, and what is no answer to an upgrade', async (t) => {
  const { one, client, is } = served(t);
  const first = client();
  await first.asks('/');
  const refused = async (text: string, count: number, why: string) => {
    const socket = net.connect((one.address() as AddressInfo).port).on('error', () => {});
    socket.resume().write(text);
    await once(socket, 'close');
    is(count, 0, why);
  };
  await refused(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 1, 'a head that is too long');
  await refused('GET / HTTP/1.1\r\nhost: x\r\nno field\r\n\r\n', 2, 'one that is none');
  const upgrade = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
  one.once('upgrade', (_, socket) => socket.destroy());
  await refused(upgrade, 3, 'an upgrade');
  one.once('upgrade', (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  await refused(upgrade, 3, 'one that is answered');
  one.maxConnections = 1;
  await refused('', 4, 'a connection');
});

t.test('a request that waits unread where the service ends its connection is unanswered', async (t) => {
  const { one, two, cut, is } = served(t);
  const text = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
  const asked = async (socket: net.Socket, first = text) => {
    t.teardown(() => socket.destroy());
    socket.on('error', () => {}).write(first);
    await once(socket.resume(), 'data');
    await until(() => cut.counts.inFlight === 0);
    return socket;
  };
  const plain = (first?: string) => asked(net.connect((one.address() as AddressInfo).port), first);
  await plain();
  one.closeIdleConnections();
  is(0, 0, 'nothing waits');
  // What is written here is in the kernel at once.
  (await plain()).write(text);
  one.closeIdleConnections();
  is(1, 0, 'an idle connection');
  (await plain()).write(text);
  one.closeAllConnections();
  is(2, 0, 'any connection');
  (await plain(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${text.length}\r\n\r\n`)).write(text);
  one.closeAllConnections();
  is(2, 0, 'the body of a request that was answered before it came');
  (await plain()).write(Buffer.alloc(100));
  one.closeAllConnections();
  is(2, 0, 'what is no request');
  // Without a certificate.
  const cipher = { ciphers: 'AECDH-AES128-SHA@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;
  const secure = https.createServer(cipher, (_, response) => response.end('yes')).listen(0);
  t.teardown(() => secure.close());
  const withTls = () =>
    asked(tls.connect({ ...cipher, port: (secure.address() as AddressInfo).port, rejectUnauthorized: false }));
  (await withTls()).write(text);
  secure.closeAllConnections();
  is(3, 0, 'behind TLS');
  (await withTls()).end();
  secure.closeAllConnections();
  is(3, 0, 'the end of TLS');
  const begins = once(two, 'session');
  const client = http2.connect(`http://127.0.0.1:${(two.address() as AddressInfo).port}`).on('error', () => {});
  t.teardown(() => client.destroy());
  const ask = () =>
    client
      .request({ ':path': '/' })
      .on('error', () => {})
      .resume();
  await once(ask(), 'close');
  const [session] = await begins;
  ask();
  // A session writes behind what runs now.
  await new Promise<void>((resolve) => process.nextTick(() => setImmediate(resolve)));
  is(3, 0, 'a stream that was read');
  await until(() => cut.counts.inFlight === 0);
  ask();
  await new Promise<void>((resolve) => process.nextTick(resolve));
  session.destroy();
  is(4, 0, 'a stream');
  const done = await plain();
  done.write(text);
  done.destroy();
  one.closeIdleConnections();
  // Only Linux says so.
  const left = process.platform === 'linux' ? 4 : 5;
  is(left, 0, 'what its client has left');
  (await plain()).write(text);
  cut.lookLast();
  is(left + 1, 0, 'where the process ends');
});

t.test('HTTP/1 at a server of HTTP/2 alone is unanswered, and what sends nothing is not', async (t) => {
  const { two, is } = served(t);
  const portOf = (server: net.Server) => (server.address() as AddressInfo).port;
  const ended = async (socket: net.Socket, text: string) => {
    socket.on('error', () => {}).resume();
    if (text) socket.write(text);
    else if (socket instanceof tls.TLSSocket) socket.once('secureConnect', () => socket.end());
    else socket.end();
    await new Promise((resolve) => socket.once('close', resolve));
  };
  const text = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
  const plain = (written: string) => ended(net.connect(portOf(two)), written);
  await plain(text);
  is(1, 0, 'without TLS');
  // Without a certificate.
  const cipher = { ciphers: 'AECDH-AES128-SHA@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;
  const secure = http2.createSecureServer(cipher).listen(0);
  t.teardown(() => secure.close());
  const withTls = (written: string, ALPNProtocols: string[] = []) =>
    ended(tls.connect({ ...cipher, port: portOf(secure), rejectUnauthorized: false, ALPNProtocols }), written);
  await withTls(text);
  is(2, 0, 'with TLS');
  await withTls(text, ['http/1.1']);
  is(3, 0, 'with TLS, where the client names its protocol');
  await plain('');
  await withTls('');
  is(3, 0, 'connections alone');
  secure.once('unknownProtocol', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  await withTls(text);
  is(3, 0, 'what the service answers by itself');
});

t.test('streams that this Node.js says nothing more of are unseen', async (t) => {
  const { two, session, cut } = served(t);
  await session().asks('/');
  t.equal(cut.counts.unseen, 0);
  // As before Node.js 24.2: the server has the event, and no channel says that a stream began.
  two.emit('stream', new EventEmitter(), { ':path': '/unseen' });
  t.equal(cut.counts.unseen, 1);
});

t.test('what hangs is unanswered, while its client stays and when it leaves; an event stream is not', async (t) => {
  const { state, client, session, is } = served(t);
  const [a, events, two] = [client(), client(), session()];
  await a.asks('/');
  await a.asks('/hang', 3);
  await events.asks('/events');
  await two.asks('/hang');
  state.ms = 999;
  is(0, 5, 'not yet');
  state.ms = 1000;
  is(4, 1, 'still there');
  await a.leaves();
  await two.resets();
  await events.leaves();
  is(4, 0, 'gone');
});

t.test('a client that is done begins nothing new; one that gave up connects again', async (t) => {
  const { state, client, is } = served(t);
  const [a, b, c] = [client(), client(), client()];
  await c.asks('/');
  await a.asks('/hang', 4);
  await b.asks('/hang');
  state.ms = 500;
  await a.leaves();
  await b.leaves();
  await c.asks('/', 50);
  is(0, 5, 'the others go on');
  await client().asks('/');
  is(4, 1, 'a new connection, the oldest cut');
  await client().asks('/');
  is(5, 0, 'another');
});

t.test('what a client left while others went on for a second may have failed', async (t) => {
  const { state, client, is } = served(t);
  const [a, b, c] = [client(), client(), client()];
  await c.asks('/');
  await a.asks('/hang', 2);
  await b.asks('/hang');
  is(0, 3, 'all wait', { leftEarly: 0, open: 3 });
  state.ms = 500;
  await a.leaves();
  await b.leaves();
  state.ms = 1499;
  await c.asks('/');
  is(0, 3, 'the end of a load, it may be', { leftEarly: 0, open: 0 });
  state.ms = 1500;
  await c.asks('/');
  is(0, 3, 'no end of a load', { leftEarly: 3 });
  await client().asks('/');
  is(2, 1, 'another in the place of the first', { leftEarly: 1 });
});

t.test(
  'an answer that grows does not hang, and its reader may have what it came for; one that stands still does',
  async (t) => {
    const { state, rows, client, is } = served(t);
    const [a, b, c] = [client(), client(), client()];
    await c.asks('/');
    await a.asks('/rows');
    await b.asks('/rows');
    for (state.ms = 40; state.ms <= 2000; state.ms += 40) {
      await rows[0]!();
      if (state.ms <= 1000) await rows[1]!();
      is(0, 2, `at ${state.ms} ms`, { open: 2 });
      if (state.ms === 1960) break;
    }
    state.ms = 2000;
    is(1, 1, 'the one that stands still', { open: 1 });
    await a.leaves();
    await client().asks('/');
    is(1, 1, 'a reader that leaves');
  },
);

t.test(
  'where all connections have gone a load is over, and another replaces nothing; one alone reconnects',
  async (t) => {
    const { state, later, client, is } = served(t);
    const [a, b] = [client(), client()];
    await a.asks('/');
    await a.asks('/hang');
    await b.asks('/hang');
    state.ms = 500;
    await a.leaves();
    await b.leaves();
    const alone = client();
    await alone.asks('/hang');
    is(0, 3, 'another load');
    state.ms = 600;
    await alone.leaves();
    const again = client();
    await again.asks('/');
    is(1, 2, 'one that gives up');
    await again.asks('/', 20);
    await again.asks('/later');
    state.ms = 700;
    const { answered } = state;
    later[0]!();
    await until(() => state.answered > answered);
    await again.asks('/hang');
    state.ms = 790;
    await again.leaves();
    await client().asks('/');
    is(1, 3, 'one that may have been done');
  },
);

t.test('a request that has not waited for twice what answers take is in flight', async (t) => {
  const { state, later, client, is } = served(t);
  const [a, b, c] = [client(), client(), client()];
  await c.asks('/later');
  state.ms = 400;
  later[0]!();
  await until(() => state.answered === 1);
  await a.asks('/hang');
  await b.asks('/hang');
  state.ms = 1201;
  await a.leaves();
  await client().asks('/later');
  is(0, 3, 'young');
  state.ms = 1202;
  await b.leaves();
  await client().asks('/');
  is(1, 2, 'old');
});

t.test('of HTTP/2 another stream of the session takes the place of one that was given up', async (t) => {
  const { state, session, is } = served(t);
  const two = session();
  await two.asks('/');
  await two.asks('/hang');
  state.ms = 500;
  await two.resets();
  is(0, 1, 'nothing after it');
  await two.asks('/');
  is(1, 0, 'another');
});

t.test('answers are known by port where several servers gave them', async (t) => {
  const file = path.join(t.testdir(), 'ports.cjs');
  writeFileSync(file, portsProgram);
  let out = '';
  const target = await startChild({
    name: 'ports',
    command: process.execPath,
    arguments: [...preloadArguments, file],
    env: preloadEnvironment({ intervalMs: 50 }),
    mayEnd: true,
    withChannel: true,
    onOutput: (chunk) => {
      out += chunk.toString();
    },
  });
  const channel = new PreloadChannel(target.channel, Date.now());
  const exit = await target.exited;
  t.equal(exit.code, 0, exit.lastLines.join('\n'));
  const [first, second] = out.trim().split(' ');
  t.match(channel.last?.answers, { total: 150, ports: { [first!]: 50, [second!]: 100 } });
});
