/** The sending and the receiving end against each other, and each against one that misbehaves: real sockets throughout. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { keyWitness, witnessDigest } from '../digest/digest.ts';
import { encodeDelimitedWitness } from '../encode/witness-encoder.ts';
import { unmarked } from '../overload/mark.ts';
import * as ir from '../witness/ir.ts';
import { WholeBatch } from './batch.ts';
import { CollectServer, collectPath } from './collect-server.ts';
import { DiskSpool } from './disk-spool.ts';
import { MemorySpool, type Spool } from './spool.ts';
import { Upload } from './upload.ts';
import { retryAfter, UploadRequest } from './upload-request.ts';
import { UploadTarget } from './upload-target.ts';
import { WitnessStore } from './witness-store.ts';

t.setTimeout(300_000);

/** A witness unlike all others. */
function witness(number: number): Buffer {
  const result = ir.httpWitness('GET', 'api.example', `/items/${number}`, 1);
  result.method!.args.append('0', ir.int64Data(number, ir.httpMeta(ir.Location.QUERY, 'q')));
  keyWitness(result);
  witnessDigest(result);
  return Buffer.from(encodeDelimitedWitness(result)!);
}

interface UploadTrial {
  readonly upload: Upload;
  readonly found: string[];
  readonly close: () => void;
}

function uploadTo(
  url: string,
  spool: Spool,
  settings: { timeoutMs?: number; batchBytesMax?: number; nowMs?: () => number } = {},
): UploadTrial {
  const found: string[] = [];
  const target = new UploadTarget(url);
  const { timeoutMs = 20_000, batchBytesMax = 400, nowMs = () => performance.now() } = settings;
  const requests = new UploadRequest({ target, timeoutMs, nowMs: Date.now, onConnection: () => {} }, null);
  const upload = new Upload({
    spool,
    send: (batch) => requests.send(batch),
    abort: () => requests.abort(),
    coding: 'zstd',
    batchBytesMax,
    batchMsMax: 50,
    origin: target.origin,
    report: (line) => void found.push(line),
    nowMs,
    // The shortest pauses there are: a test has no time.
    random: () => 0.01,
  });
  upload.start();
  return { upload, found, close: () => requests.close() };
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-upload-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function collect(
  t: Test,
  settings: Partial<Parameters<typeof CollectServer.open>[1]> & { bytesMax?: number } = {},
) {
  const { bytesMax = 1e9, ...options } = settings;
  const file = path.join(folderOf(t), 'store.sqlite');
  const store = new WitnessStore(file, bytesMax);
  const server = await CollectServer.open(
    { host: '127.0.0.1', port: 0 },
    { store, credentials: null, nowMs: Date.now, onWitness: () => {}, ...options },
  );
  t.teardown(async () => {
    await server.close(0);
    store.close();
  });
  return { server, store, file };
}

t.test('every witness once, in its order', async (t) => {
  const { server, store } = await collect(t);
  const { upload, found, close } = uploadTo(server.url, new MemorySpool(1e6));
  for (let i = 0; i < 500; i += 1) upload.add(witness(i));
  upload.add(Buffer.concat([witness(500)]));
  await upload.drain(10_000);
  close();
  const paths = [...store.witnesses()].map((each) => each.path);
  t.strictSame(
    paths,
    Array.from({ length: 501 }, (_, i) => `/items/${i}`),
  );
  const snapshot = upload.snapshot();
  t.equal(snapshot.witnessesSent, 501);
  t.equal(snapshot.batchesSent, server.counters.batchesStored);
  t.ok(snapshot.batchesSent! > 50, 'by bytes');
  t.strictSame(found, []);
});

t.test('a batch waits no longer than its time; one witness beyond a batch’s size goes alone', async (t) => {
  const { server, store } = await collect(t);
  const { upload, close } = uploadTo(server.url, new MemorySpool(1e6), { batchBytesMax: 60 });
  upload.add(witness(1));
  t.equal(upload.snapshot().openWitnesses! + upload.snapshot().batchesSealed!, 1);
  const long = ir.httpWitness('GET', 'h', `/${'x'.repeat(5_000)}`);
  upload.add(Buffer.from(encodeDelimitedWitness(long)!));
  let timeMs = 1_000;
  const small = uploadTo(server.url, new MemorySpool(1e6), { batchBytesMax: 10_000, nowMs: () => timeMs });
  small.upload.add(witness(2));
  small.upload.tick();
  timeMs += 49;
  small.upload.tick();
  t.equal(small.upload.snapshot().openWitnesses, 1);
  timeMs += 1;
  small.upload.tick();
  t.equal(small.upload.snapshot().openWitnesses, 0);
  for (const each of [upload, small.upload]) await each.drain(5_000);
  close();
  small.close();
  t.equal(store.totals().witnesses, 3);
});

/** What a server can do to a request, one after the other; then it behaves. */
type Misdeed = (request: IncomingMessage, response: ServerResponse) => void;
const misdeeds: Record<string, Misdeed> = {
  'an error': (_request, response) => void response.writeHead(500).end('no'),
  'a reset after the first bytes': (request) =>
    request.once('data', () => (request.socket as Socket).resetAndDestroy()),
  'a reset before anything': (request) => (request.socket as Socket).resetAndDestroy(),
  'half an answer': (_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  },
  'no answer': () => {},
  'an answer without end': (_request, response) => {
    response.writeHead(200);
    const more = () => {
      if (response.destroyed) return;
      response.write(Buffer.alloc(64 << 10));
      setImmediate(more);
    };
    more();
  },
  'a redirect': (_request, response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
  unauthorized: (_request, response) => void response.writeHead(401).end(),
  'what is no HTTP': (request) => void request.socket.end('220 smtp.example ESMTP\r\n'),
  'many headers': (request) => void request.socket.end(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(50_000)}\r\n`),
};

t.test('a server that misbehaves: nothing is lost, nothing twice', async (t) => {
  const { server, store } = await collect(t);
  const deeds = Object.values(misdeeds);
  const seen: string[] = [];
  const between = createHttpServer((request, response) => {
    seen.push(String(request.headers['floodgate-batch']));
    const deed = deeds.shift();
    if (deed !== undefined) deed(request, response);
    else pass(request, response, server.url);
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  t.teardown(() => {
    between.close();
    between.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}${collectPath}`;
  const { upload, found, close } = uploadTo(url, new DiskSpool(path.join(folderOf(t), 'spool'), 1e6), {
    // Only what never answers is late, however busy the machine is.
    timeoutMs: 4_000,
  });
  for (let i = 0; i < 30; i += 1) upload.add(witness(i));
  await upload.drain(30_000);
  close();
  t.match(store.totals(), { witnesses: 30, digests: 30 });
  const snapshot = upload.snapshot();
  t.equal(snapshot.retries, Object.keys(misdeeds).length, 'once for each');
  t.equal(new Set(seen.slice(0, snapshot.retries! + 1)).size, 1, 'under the same identity each time');
  t.match(snapshot, { failuresTimeout: 1, failuresStatus: 3, witnessesSent: 30, spoolBytes: 0, backoffMs: 0 });
  t.equal(found.length, 2, `reported once each: ${found}`);
  t.match(found[0], /does not take batches/);
  t.match(found[1], /takes batches again/);
});

t.test('a witness of many batches’ length goes in pieces, beside others', async (t) => {
  const { server, store } = await collect(t);
  const long = ir.httpWitness('GET', 'api.example', '/long', 1);
  for (let i = 0; i < 20_000; i += 1)
    long.method!.args.append(String(i), ir.int64Data(i * 7_919_317, ir.httpMeta(ir.Location.QUERY, 'q')));
  keyWitness(long);
  witnessDigest(long);
  const bytes = Buffer.from(encodeDelimitedWitness(long)!);
  const { upload, close } = uploadTo(server.url, new DiskSpool(path.join(folderOf(t), 'spool'), 1e8), {
    batchBytesMax: 50_000,
  });
  upload.add(witness(1));
  upload.add(bytes);
  upload.addPieces((take) => {
    for (let at = 0; at < bytes.length; at += 16_384) take(bytes, at, Math.min(bytes.length, at + 16_384));
  }, bytes.length);
  upload.add(witness(2));
  await upload.drain(30_000);
  close();
  const { batchesSent, bytesSent, witnessesSent } = upload.snapshot();
  t.same([batchesSent, witnessesSent], [4, 4]);
  t.ok(bytesSent! > 4 * 64 * 1024, `${bytesSent} bytes in pieces of 64 KiB`);
  t.match(store.totals(), { witnesses: 4, digests: 3 });
});

t.test('a long batch that is refused before its body has come leaves the next one whole', async (t) => {
  const bodies = new Map<string, string>();
  const server = createHttpServer((request, response) => {
    const isRefused = Number(request.headers['content-length']) > 9_000_000;
    if (isRefused) response.writeHead(413).end();
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => void hash.update(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      if (isRefused) return;
      bodies.set(String(request.headers['floodgate-batch']), hash.digest('hex'));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const spool = new DiskSpool(path.join(folderOf(t), 'spool'), 1e9);
  const wanted = new Map<string, string>();
  for (let i = 0; i < 4; i += 1) {
    for (const length of [10_000_000, 8_000_000]) {
      const batch = new WholeBatch(
        { identity: String(length + i).padStart(32, '0'), witnesses: 1, overload: unmarked, coding: 'zstd' },
        Buffer.allocUnsafe(length).fill(crypto.getRandomValues(new Uint8Array(60_000 + i))),
      );
      spool.put(batch);
      if (length < 9e6) wanted.set(batch.identity, createHash('sha256').update(batch.body).digest('hex'));
    }
  }
  const { upload, close } = uploadTo(url, spool);
  await upload.drain(30_000);
  close();
  t.match(upload.snapshot(), { batchesSent: 4, batchesRefused: 4 });
  t.strictSame(bodies, wanted, 'as they were put');
});

/** Hands a request on. */
function pass(request: IncomingMessage, response: ServerResponse, url: string): void {
  void (async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = request.headers as Record<string, string>;
    const { status } = await fetch(url, {
      method: 'POST',
      body: Buffer.concat(chunks),
      headers: {
        'content-encoding': headers['content-encoding']!,
        'floodgate-batch': headers['floodgate-batch']!,
        'floodgate-witnesses': headers['floodgate-witnesses']!,
      },
    });
    response.writeHead(status).end();
  })();
}

t.test('an answer that is lost after the batch was stored: it comes again and is known', async (t) => {
  const { server, store } = await collect(t);
  let isFirst = true;
  const between = createServer((client) => {
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (isFirst) client.resetAndDestroy();
      else client.write(bytes);
      isFirst = false;
    });
    client.on('close', () => upstream.destroy());
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}${collectPath}`;
  const { upload, close } = uploadTo(url, new MemorySpool(1e6));
  for (let i = 0; i < 20; i += 1) upload.add(witness(i));
  await upload.drain(10_000);
  close();
  between.close();
  t.equal(server.counters.batchesRepeated, 1);
  t.equal(store.totals().witnesses, 20);
  t.equal(upload.snapshot().witnessesSent, 20);
});

t.test('refused for good, put off, asked to wait', async (t) => {
  const statuses = [413, 429, 503, 200];
  const times: number[] = [];
  const server = createHttpServer((request, response) => {
    times.push(performance.now());
    request.resume();
    request.on('end', () => response.writeHead(statuses.shift() ?? 200, { 'retry-after': '1' }).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { upload, found, close } = uploadTo(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    new MemorySpool(1e6),
  );
  upload.add(witness(1));
  upload.seal();
  upload.add(witness(2));
  await upload.drain(10_000);
  close();
  t.match(upload.snapshot(), { batchesRefused: 1, witnessesRefused: 1, witnessesSent: 1, retries: 2 });
  t.ok(times[2]! - times[1]! >= 990 && times[3]! - times[2]! >= 990, 'Retry-After is kept');
  t.match(found[0], /refuses a batch for good \(status 413\)/);
  t.equal(retryAfter('120', 0), 120_000);
  t.equal(retryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 15_000), 45_000);
  t.equal(retryAfter('999999999', 0), 3_600_000, 'an hour at most');
  for (const nothing of ['', 'soon', '-5', undefined]) t.equal(retryAfter(nothing, Date.now()), 0);
});

t.test('a server that is away: what waits is bounded, what is shed is counted', async (t) => {
  const folder = path.join(folderOf(t), 'spool');
  const { upload, found, close } = uploadTo('http://127.0.0.1:1/', new DiskSpool(folder, 3_000));
  for (let i = 0; i < 300; i += 1) upload.add(witness(i));
  await until(() => upload.snapshot().failuresConnect! > 1);
  await upload.drain(300);
  close();
  const snapshot = upload.snapshot();
  t.ok(snapshot.spoolBytes! <= 3_000);
  t.ok(snapshot.failuresConnect! > 1);
  t.ok(snapshot.batchesShed! > 10);
  t.equal(snapshot.witnessesShed! + snapshot.spoolWitnesses!, 300);
  t.match(found.join('\n'), /oldest are shed.*\n?.*/);
  const { server, store } = await collect(t);
  const next = uploadTo(server.url, new DiskSpool(folder, 3_000));
  await next.upload.drain(5_000);
  next.close();
  t.equal(store.totals().witnesses, snapshot.spoolWitnesses, 'the next agent sends what was left');
  t.equal([...store.witnesses()].at(-1)!.path, '/items/299', 'the newest among it');
});

t.test('pauses grow and are random', async (t) => {
  const pauses: number[] = [];
  let upload: Upload | undefined;
  const spool = new MemorySpool(1e6);
  let draws = 0;
  upload = new Upload({
    spool,
    coding: 'zstd',
    send: async () => {
      pauses.push(upload?.snapshot().backoffMs ?? 0);
      return { kind: 'failed', at: 'connect', why: 'x', retryAfterMs: 0 };
    },
    abort: () => {},
    ...{ batchBytesMax: 100, batchMsMax: 1, origin: '', report: () => {}, nowMs: () => 0 },
    random: () => {
      draws += 1;
      return 0.004;
    },
  });
  upload.start();
  upload.add(witness(1));
  upload.seal();
  const backoffs: number[] = [];
  for (let i = 0; i < 2_000 && draws < 9; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    backoffs.push(upload.snapshot().backoffMs!);
  }
  await upload.drain(0);
  t.ok(draws >= 6);
  t.ok(Math.max(...backoffs) >= 64, `${[...new Set(backoffs)]}`);
  t.ok(Math.max(...backoffs) <= 60_000 * 0.004);
});

t.test('the target’s secrets stay with it', (t) => {
  const target = new UploadTarget('https://agent:p%40ss@collect.example:8443/v1?key=abc#x');
  t.equal(target.origin, 'https://collect.example:8443');
  t.equal(target.request().authorization, `Basic ${Buffer.from('agent:p@ss').toString('base64')}`);
  t.equal(target.request().url.href, 'https://collect.example:8443/v1?key=abc');
  t.notOk(target.showsCredentials);
  t.ok(new UploadTarget('http://a:b@collect.example/').showsCredentials);
  t.notOk(new UploadTarget('http://a:b@127.0.0.1/').showsCredentials);
  t.notMatch(JSON.stringify(target), /ss|abc|key/);
  for (const text of ['hunter2', 'ftp://u:hunter2@h/', 'http://u:%hunter2@h/', '//hunter2', '']) {
    const error = t.throws(() => new UploadTarget(text), { code: 'upload-url' }) as Error;
    t.notMatch(`${error.message}${error.stack}`, /hunter2/);
  }
  t.end();
});

t.test('whatever comes to the collecting end, a status is the answer, and it is counted', async (t) => {
  const patience = { headersMs: 400, requestMs: 600, idleMs: 2_000 };
  const { server, store } = await collect(t, { credentials: 'agent:secret', patience });
  const good = Buffer.concat([witness(1), witness(2)]);
  const identity = 'a'.repeat(32);
  const send = async (changes: Record<string, string | undefined>, body: Uint8Array, init: RequestInit = {}) => {
    const headers = new Headers({
      'content-encoding': 'gzip',
      'floodgate-batch': identity,
      'floodgate-witnesses': '2',
      authorization: `Basic ${Buffer.from('agent:secret').toString('base64')}`,
    });
    for (const [name, value] of Object.entries(changes))
      value === undefined ? headers.delete(name) : headers.set(name, value);
    return (await fetch(server.url, { method: 'POST', headers, body: Buffer.from(body), ...init })).status;
  };
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  t.equal(await send({}, gzipSync(good).subarray(0, 50)), 400, 'half a gzip');
  t.equal(await send({}, good), 400, 'no gzip');
  t.equal(await send({}, bomb), 413, 'a bomb');
  const zstd = { 'content-encoding': 'zstd' };
  const window = (log: number) => ({ params: { [constants.ZSTD_c_windowLog]: log } });
  t.equal(await send(zstd, zstdCompressSync(good).subarray(0, -9)), 400, 'half a frame of zstd');
  t.equal(await send(zstd, gzipSync(good)), 400, 'no zstd');
  t.equal(await send(zstd, zstdCompressSync(Buffer.alloc(64 << 20), window(20))), 413, 'a bomb');
  t.equal(await send(zstd, zstdCompressSync(Buffer.alloc(8 << 20), window(23))), 400, 'a window of 8 MiB');
  t.equal(await send({}, gzipSync(good.subarray(0, good.length - 1))), 400, 'half a witness');
  t.equal(await send({}, gzipSync(Buffer.from([255, 255, 255, 255, 255, 255]))), 400, 'a length without end');
  t.equal(await send({}, gzipSync(Buffer.from([3, 1, 2, 3]))), 400, 'no witness');
  t.equal(await send({ 'floodgate-witnesses': '3' }, gzipSync(good)), 400, 'another number');
  t.equal(await send({ 'floodgate-batch': "'; DROP TABLE batches" }, gzipSync(good)), 400, 'no identity');
  t.equal(await send({ 'floodgate-batch': undefined }, gzipSync(good)), 400);
  t.equal(await send({ 'content-encoding': 'br' }, gzipSync(good)), 415);
  t.equal(await send({ authorization: undefined }, gzipSync(good)), 401);
  t.equal(await send({ authorization: `Basic ${Buffer.from('agent:other').toString('base64')}` }, gzipSync(good)), 401);
  t.equal((await fetch(server.url)).status, 405);
  t.equal((await fetch(server.url.replace(collectPath, '/etc/passwd'))).status, 404);
  t.equal(store.totals().batches, 0, 'nothing of it is stored');
  t.equal(await send({}, gzipSync(good)), 200);
  t.equal(await send({}, gzipSync(good)), 200, 'known');
  t.equal(await send(zstd, zstdCompressSync(good)), 200, 'known, whatever its coding');
  t.equal(await send({ ...zstd, 'floodgate-batch': 'c'.repeat(32) }, zstdCompressSync(good)), 200);
  t.strictSame({ ...store.totals() }, { batches: 2, witnesses: 4, digests: 2, weight: 4 });

  const head = `POST ${collectPath} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${Buffer.from('agent:secret').toString('base64')}\r\nContent-Encoding: gzip\r\nFloodgate-Batch: ${'b'.repeat(32)}\r\nFloodgate-Witnesses: 2\r\n`;
  t.match(await raw(server.url, 'BREW /coffee HTCPCP/1.0\r\n\r\n'), /^HTTP\/1.1 400/);
  t.match(await raw(server.url, 'POST / HTTP/1.1\r\nHo'), /^HTTP\/1.1 408/, 'a head that never ends');
  t.match(
    await raw(server.url, `${head}Content-Length: 1000\r\n\r\nshort`),
    /^HTTP\/1.1 408/,
    'a body that never comes',
  );
  t.match(await raw(server.url, `${head}Content-Length: 99999999999\r\n\r\n`), /^HTTP\/1.1 413/);
  t.match(await raw(server.url, `${head}Content-Length: 5\r\n\r\nmuch longer than five`), /^HTTP\/1.1 400/);
  const { requestsAborted } = server.counters;
  await raw(server.url, `${head}Content-Length: 1000\r\n\r\nshort`, true);
  await until(() => server.counters.requestsAborted > requestsAborted);
  t.equal(store.totals().batches, 2);
  const { counters } = server;
  t.match(
    { ...counters },
    {
      batchesStored: 2,
      witnessesStored: 4,
      batchesRepeated: 2,
      requestsTooLarge: 3,
      requestsUnauthorized: 2,
      requestsElsewhere: 2,
    },
  );
  t.ok(counters.requestsMalformed >= 12, `${counters.requestsMalformed}`);
  t.ok(counters.requestsAborted >= 2, `${counters.requestsAborted}`);
});

/** Waits for an event, for as long as the test may take. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Bytes as they are; the answer up to the end of the connection. */
async function raw(url: string, bytes: string, hangsUp = false): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  if (hangsUp) {
    socket.end();
    return '';
  }
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

t.test('a store that is full puts agents off, and is whole', async (t) => {
  const { server, store, file } = await collect(t, { bytesMax: 80_000 });
  const { upload, close } = uploadTo(server.url, new MemorySpool(1e7), { batchBytesMax: 5_000 });
  for (let i = 0; i < 3_000; i += 1) upload.add(witness(i));
  await until(() => server.counters.requestsPutOff > 0);
  await upload.drain(0);
  close();
  const { witnesses } = store.totals();
  t.ok(witnesses > 50 && witnesses < 3_000, `${witnesses} stored`);
  t.equal(upload.snapshot().witnessesSent, witnesses, 'what was acknowledged, and no more');
  t.ok(server.counters.requestsPutOff > 0);
  t.throws(() => new WitnessStore(path.dirname(file), 1e6), { code: 'store-open' });
});
