/**
 * Serves itself: ten whole answers, then one of the kind that is named, then one more. Its connections and sessions stay open from the one
 * to the other, where they are not cut.
 */
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const [kind] = process.argv.slice(2);
const body = 'x'.repeat(100);
const file = fileURLToPath(import.meta.url);
/** What the service does, by HTTP/1 or HTTP/2. */
const answers = {
  hints: (_, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' });
    response.writeHead(200, { 'content-length': 100 }).end(body);
  },
  shortBehindHints: (_, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' });
    response.writeHead(200, { 'content-length': 130 }).end(body);
  },
  shortBehindProcessing: (_, response) => {
    response.writeProcessing();
    response.writeProcessing();
    response.writeHead(200, { 'content-length': 130 }).end(body);
  },
  long: (_, response) => {
    response.writeHead(200, { 'content-length': 90 });
    response.write(body);
    response.end();
  },
  latin: (_, response) => {
    response.writeHead(200, { 'content-length': 100, 'x-name': 'é'.repeat(20) }).end(body);
  },
  head: (_, response) => void response.writeHead(200, { 'content-length': 5000 }).end(),
};
const streams = {
  short2: (stream) => {
    stream.respond({ ':status': 200, 'content-length': 130 });
    stream.end(body);
  },
  long2: (stream) => {
    stream.respond({ ':status': 200, 'content-length': 90 });
    stream.end(body);
  },
  whole2: (stream) => {
    stream.respond({ ':status': 200, 'content-length': 100 });
    stream.write(body.slice(50));
    stream.end(body.slice(50));
  },
  file2: (stream) => stream.respondWithFile(file, {}),
  failedFile2: (stream) => stream.respondWithFile(file, { ':status': 503 }),
  missingFile2: (stream) => {
    const onError = () => stream.respond({ ':status': 404 }, { endStream: true });
    stream.respondWithFile(`${file}.none`, {}, { onError });
  },
  lostFile2: (stream) => stream.respondWithFile(`${file}.none`, {}),
  descriptor2: (stream) => {
    const descriptor = openSync(file);
    stream.on('close', () => closeSync(descriptor)).respondWithFD(descriptor, { ':status': 500 });
  },
  headAlone2: (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
  trailers2: (stream) => {
    stream.on('wantTrailers', () => stream.sendTrailers({ sum: '1' }));
    stream.respondWithFile(file, { ':status': 503 }, { waitForTrailers: true });
  },
  pushed2: (stream) =>
    stream.pushStream({ ':path': '/beside' }, (_, pushed) => {
      pushed.on('error', () => {}).respond({ ':status': 500 });
      pushed.end(body);
      stream.respond({ ':status': 200 });
      stream.end(body);
    }),
  cut2: (stream) => {
    stream.respond({ ':status': 503 });
    stream.write(body, () => stream.destroy());
  },
  reset2: (stream) => {
    stream.resume().respond({ ':status': 200 });
    stream.end(body);
  },
  nothing2: (stream) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(500_000));
  },
};
const upgrades = {
  refused: (socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n'),
  refusedInPieces: (socket) => {
    socket.cork();
    socket.write('HTTP/1.');
    socket.write(Buffer.from('1 401 Unauthorized\r\n\r\n'));
    socket.end();
  },
  upgraded: (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  noHttp: (socket) => socket.end('220 mail.example ready\r\n'),
};

const one = http.createServer((request, response) => (request.url === '/' ? response.end('yes') : answers[kind](request, response)));
one.on('upgrade', (_, socket) => upgrades[kind](socket)).listen(0);
const two = http2.createServer();
two.on('stream', (stream, { ':path': path }) => {
  stream.on('error', () => {});
  if (path !== '/') return streams[kind](stream);
  stream.respond({ ':status': 200 });
  stream.end('yes');
});
two.on('sessionError', () => {}).listen(0);
await Promise.all([once(one, 'listening'), once(two, 'listening')]);

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const askOne = (path, method = 'GET') =>
  new Promise((done) => {
    const request = http.request({ port: one.address().port, agent, path, method, timeout: 300 });
    request.on('response', (response) => response.resume().on('error', () => {})).on('timeout', () => request.destroy());
    request.on('error', () => {}).on('close', done).end();
  });
let session;
const unread = [];
/** @param ends when its answer ends, in place of what the client does by itself */
const askTwo = (path, options = {}, ends = () => {}) =>
  new Promise((done) => {
    if (!session || session.destroyed || session.closed) {
      session = http2.connect(`http://127.0.0.1:${two.address().port}`).on('error', () => {});
      session.on('stream', (pushed) => pushed.on('error', () => {}).resume());
    }
    const stream = session.request({ ':path': path }, options);
    stream.on('error', () => {}).on('close', done).on('end', () => ends(stream));
    if (path === '/unread') unread.push(stream);
    else stream.resume();
  });
const upgrade = async () => {
  const socket = net.connect(one.address().port);
  socket.on('error', () => {}).resume();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
  await once(socket, 'close');
};

const asks = kind in answers ? askOne : kind in streams ? askTwo : askOne;
// A service that turns all away has begun no request before.
if (kind in upgrades) await upgrade();
for (let i = 0; i < 10; i += 1) await asks('/');
if (kind in answers) await askOne('/it', kind === 'head' ? 'HEAD' : 'GET');
if (kind === 'nothing2') {
  // Their answers fill what a session may keep, so that those behind them are refused.
  const all = Array.from({ length: 60 }, () => askTwo('/unread'));
  while (unread.filter(({ closed }) => closed).length < 40) await new Promise(setImmediate);
  for (const stream of unread) stream.resume();
  await Promise.all(all);
} else if (kind === 'reset2') {
  await askTwo('/it', { endStream: false }, (stream) => stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM));
} else if (kind in streams) await askTwo('/it');
await asks('/');
agent.destroy();
session?.close();
one.close();
two.close();
