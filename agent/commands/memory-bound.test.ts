/**
 * Each bound of the agent driven to its limit, and all of them at once, in real processes: the peak of resident memory
 * stays within the printed sum of bounds and the runtime's own base, measured here over an empty capture.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { pageBytes } from '../bounded/page-pool.ts';
import { deriveLimits } from '../limits.ts';
import { Flag, HostileCapture } from './hostile-fixture.ts';

const program = path.join(import.meta.dirname, '..', '..', 'bin', 'floodgate-agent');
const folder = t.testdir();
const limits = deriveLimits({ compressed: true });
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

type Stats = Record<string, number>;
type Attack = (capture: HostileCapture) => Promise<void>;

/** Resolves when every thread of the process has slept for a while, not waited for a processor: all is loaded, and what start-up alone needed given back. */
async function idle(pid: number): Promise<void> {
  for (let before = '', same = 0; same < 3; ) {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => statOf(`/proc/${pid}/task/${thread}/stat`));
    const ticks = threads.map((fields) => fields.slice(11, 13).join()).join(' ');
    const isAsleep = threads.every(([state]) => state === 'S' || state === undefined);
    same = isAsleep && ticks === before ? same + 1 : 0;
    before = ticks;
    await sleep(15);
  }
}

/** What the kernel says of a thread, from its state on; nothing where it has ended. */
function statOf(file: string): string[] {
  try {
    const text = readFileSync(file, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Runs the agent over what `attack` makes. Its peak counts from when it begins to read: start-up is not traffic. */
async function attacked(
  args: readonly string[],
  attack: Attack,
): Promise<{ stats: Stats; logged: string; mb: number }> {
  const statsFile = path.join(folder, `stats-${Math.random()}.json`);
  const child = spawn(process.execPath, [program, '--read', '-', '--stats', statsFile, ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let logged = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  child.stdin.on('error', () => {});
  const exited = once(child, 'exit');
  while (!logged.includes('memory: ') && child.exitCode === null) await sleep(5);
  await idle(child.pid!);
  writeFileSync(`/proc/${child.pid}/clear_refs`, '5');
  const capture = new HostileCapture(async (chunk) => {
    if (!child.stdin.write(chunk) && child.exitCode === null) {
      await Promise.race([once(child.stdin, 'drain'), exited]);
    }
  });
  await attack(capture);
  await capture.flush();
  child.stdin.end();
  const [code] = await exited;
  if (code !== 0) throw new Error(`exit code ${code}: ${logged}`);
  return { stats: JSON.parse(readFileSync(statsFile, 'utf8')), logged, mb: capture.bytes / 1e6 };
}

const text = (content: string) => Buffer.from(content, 'latin1');
const get = text('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');

interface Bound {
  readonly name: string;
  readonly args: readonly string[];
  readonly attack: Attack;
  /** Whether the limit was reached: what was shed for it, or the gauge at its height. */
  readonly reached: (stats: Stats) => readonly [got: number, least: number];
}

/**
 * A megabyte of exchanges one after the other, of which nothing stays: what the runtime takes to do anything at all. Without traffic
 * none of the executable is mapped, and nothing compiled.
 */
const plain: Attack = async (capture) => {
  const json = JSON.stringify({ items: Array.from({ length: 10 }, (_, id) => ({ id, name: `item ${id}` })) });
  const ok = text(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`);
  await capture.open(900_000);
  for (let at = 0; at < 2000; at += 1) {
    await capture.send(900_000, 0, 1 + at * get.length, get, 1 + at * ok.length);
    await capture.send(900_000, 1, 1 + at * ok.length, ok, 1 + (at + 1) * get.length);
  }
};

/** More connections than the table holds, each with a request and a response whose bodies never end. */
const streams: Attack = async (capture) => {
  const post = text('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx');
  const ok = text('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx');
  for (let connection = 0; connection < limits.tcp.streamsMax * 1.1; connection += 1) {
    await capture.segment(connection, 0, Flag.syn, 0);
    await capture.segment(connection, 0, Flag.ack, 1, post);
    await capture.segment(connection, 1, Flag.ack, 1, ok);
  }
};

/** More out-of-order bytes than there are pages, all behind one hole each. */
const pages: Attack = async (capture) => {
  const payload = new Uint8Array(1400);
  const connections = 12;
  for (let connection = 0; connection < connections; connection += 1) await capture.open(100_000 + connection);
  for (let at = 0; at < (limits.tcp.pagesMax * pageBytes * 1.05) / payload.length / connections; at += 1) {
    for (let connection = 0; connection < connections; connection += 1) {
      await capture.segment(100_000 + connection, 0, Flag.ack, 1000 + at * payload.length, payload);
    }
  }
};

const fragments: Attack = async (capture) => {
  for (let id = 1; id <= 2 * limits.tcp.fragmentDatagramsMax; id += 1) await capture.fragments(id, 8000);
};

/** Heads that never end, as long as heads may be. */
const heads: Attack = async (capture) => {
  const head = text(`GET / HTTP/1.1\r\nX: ${'y'.repeat(limits.http.headBytesMax - 1000)}`);
  const heldMax = Math.ceil(limits.http.headPoolBytesMax / head.length) + 10;
  for (let at = 0; at < heldMax; at += 1) {
    await capture.open(200_000 + at);
    await capture.send(200_000 + at, 0, 1, head);
  }
};

/** Requests without an answer, as many in line as are remembered. */
const pipelined: Attack = async (capture) => {
  const uri = '/'.padEnd(Math.ceil(limits.http.waitingUriBytesMax / limits.http.waitingRequestsMax) * 2, 'u');
  const requests = text(`GET ${uri} HTTP/1.1\r\n\r\n`.repeat(limits.http.pipelinedMax));
  for (let at = 0; at < limits.http.waitingRequestsMax / limits.http.pipelinedMax + 20; at += 1) {
    await capture.open(300_000 + at);
    await capture.send(300_000 + at, 0, 1, requests);
  }
};

/** Long request targets on connections that stay: answered, and with a body that goes on. */
const targets: Attack = async (capture) => {
  const uri = '/'.padEnd(limits.http.uriBytesMax - 100, 'u');
  const request = text(`POST ${uri} HTTP/1.1\r\nContent-Length: 1\r\n\r\nx`);
  const endless = text(`POST ${uri} HTTP/1.1\r\nContent-Length: 9999\r\n\r\nx`);
  const response = text('HTTP/1.1 204 No Content\r\n\r\n');
  for (let at = 0; at < 1500; at += 1) {
    await capture.open(400_000 + at);
    const next = await capture.send(400_000 + at, 0, 1, at % 2 === 0 ? request : endless);
    await capture.segment(400_000 + at, 1, Flag.ack, 1, at % 4 < 2 ? response : text('HTTP/1.1 200 OK\r\n\r\nx'));
    if (at % 2 === 0) await capture.segment(400_000 + at, 0, Flag.ack, next, get);
  }
};

/** Compressed bodies that never end. */
const decoders: Attack = async (capture) => {
  const noise = Buffer.alloc(4000);
  for (let at = 0, x = 1; at < noise.length; at += 1) noise[at] = 97 + ((x = (x * 16807) % 2147483647) % 26);
  const body = gzipSync(Buffer.concat([text('["'), noise]));
  const head =
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 99999\r\n\r\n';
  for (let at = 0; at < limits.decoderBytesMax / 40_000; at += 1) {
    const connection = 500_000 + at;
    await capture.open(connection);
    await capture.segment(connection, 0, Flag.ack, 1, get);
    const next = await capture.send(connection, 1, 1, text(head));
    await capture.segment(connection, 1, Flag.ack, next, body.subarray(0, 1300));
  }
};

/** Small JSON bodies that never end: kept as bytes. */
const bodies: Attack = async (capture) => {
  const body = text(
    `POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 30000\r\n\r\n["${'a'.repeat(2500)}`,
  );
  for (let at = 0; at < (limits.bodyBufferBytesMax / 8192) * 1.1; at += 1) {
    await capture.open(600_000 + at);
    await capture.send(600_000 + at, 0, 1, body);
  }
};

/** Bodies that have to be kept as they come, in pieces of a byte: what cannot be read forwards, and strings without an end. */
const pieces: Attack = async (capture) => {
  const open = ['application/x-yaml', 'text/plain', 'multipart/form-data; boundary=b', 'application/json'].map((type) =>
    text(`POST / HTTP/1.1\r\nContent-Type: ${type}\r\nContent-Length: 900000\r\n\r\n["${'k'.repeat(1200)}`),
  );
  const long = text('s'.repeat(1400));
  for (let at = 0; at < 2500; at += 1) {
    const head = open[at % open.length]!;
    await capture.open(650_000 + at);
    let next = await capture.send(650_000 + at, 0, 1, head);
    for (let piece = 0; piece < 40; piece += 1) next = await capture.send(650_000 + at, 0, next, long.subarray(0, 1));
    if (at % 4 === 3)
      for (let piece = 0; piece < 24; piece += 1) next = await capture.send(650_000 + at, 0, next, long);
  }
};

/** Bodies of many small values that never end: kept as values, since two documents are not sealed. */
const values: Attack = async (capture) => {
  const json = text(
    `POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{"a":1}[${'7,"v",{"k":[]},'.repeat(10_000)}`,
  );
  for (let at = 0; at < (limits.witness.totalBytesMax / limits.witness.messageBytesMax) * 3; at += 1) {
    await capture.open(700_000 + at);
    await capture.send(700_000 + at, 0, 1, json);
  }
};

/** Requests without an answer, with fields whose names never come twice. */
const pending: Attack = async (capture) => {
  for (let at = 0; at < limits.witness.pendingMax * 1.2; at += 1) {
    const fields = Array.from({ length: 8 }, (_, field) => `X-${at}-${field}-${'n'.repeat(60)}: v${at}\r\n`).join('');
    await capture.open(800_000 + at);
    await capture.segment(800_000 + at, 0, Flag.ack, 1, text(`GET /${at} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`));
  }
};

/** Bodies for the HAR file that never end. */
const archive: Attack = async (capture) => {
  const body = text(`POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 30000\r\n\r\n${'b'.repeat(1300)}`);
  for (let at = 0; at < (limits.harBytesMax / 1300) * 1.5; at += 1) {
    await capture.open(900_000 + at);
    await capture.segment(900_000 + at, 0, Flag.ack, 1, body);
  }
};

const http = ['--until', 'http'];
const witnesses = ['--until', 'witnesses', '--dedup'];
const har = ['--har', path.join(folder, 'a.har')];

const bounds: readonly Bound[] = [
  { name: 'streams', args: http, attack: streams, reached: (s) => [s['tcp.streamsClosedEvicted']!, 1000] },
  { name: 'pages', args: http, attack: pages, reached: (s) => [s['tcp.gapsTotalBudget']!, 1] },
  { name: 'fragments', args: http, attack: fragments, reached: (s) => [s['tcp.datagramsEvicted']!, 100] },
  { name: 'heads', args: http, attack: heads, reached: (s) => [s['http.headsShed']!, 1] },
  { name: 'pipelined requests', args: http, attack: pipelined, reached: (s) => [s['http.requestsShed']!, 1] },
  { name: 'request targets', args: http, attack: targets, reached: (s) => [s['http.headsShed']!, 100] },
  {
    name: 'decoders',
    args: witnesses,
    attack: decoders,
    reached: (s) => [s['body.decoderBytesPeak']!, limits.decoderBytesMax * 0.99],
  },
  {
    name: 'small bodies',
    args: witnesses,
    attack: bodies,
    reached: (s) => [s['body.bufferBytesPeak']!, limits.bodyBufferBytesMax * 0.99],
  },
  {
    name: 'bodies in pieces',
    args: witnesses,
    attack: pieces,
    reached: (s) => [s['body.bufferBytesPeak']!, limits.bodyBufferBytesMax * 0.9],
  },
  { name: 'values', args: witnesses, attack: values, reached: (s) => [s['witness.valuesShed']!, 1000] },
  { name: 'exchanges', args: witnesses, attack: pending, reached: (s) => [s['witness.pendingEvicted']!, 1000] },
  { name: 'endless messages', args: witnesses, attack: streams, reached: (s) => [s['witness.pendingEvicted']!, 1000] },
  { name: 'HAR', args: har, attack: archive, reached: (s) => [s['har.bodiesCut']!, 100] },
  { name: 'HAR, endless messages', args: har, attack: streams, reached: (s) => [s['tcp.streamsClosedEvicted']!, 1000] },
];

const only = process.env.FLOODGATE_BOUND;
t.setTimeout(600_000);

t.test('resident memory within the sum of bounds', async (t) => {
  const bases = new Map<string, number>();
  const all: Bound = {
    name: 'all together',
    args: [...witnesses, ...har],
    attack: async (capture) => {
      for (const attack of [fragments, pages, heads, pipelined, targets, decoders, bodies, values, pending, archive]) {
        await attack(capture);
      }
      await streams(capture);
    },
    // Evicted, or refused where the governor came first.
    reached: (s) => [s['tcp.streamsClosedEvicted']! + s['tcp.streamsRefused']!, 1000],
  };
  for (const { name, args, attack, reached } of [...bounds, all]) {
    if (only !== undefined && !name.includes(only)) continue;
    const key = args.join(' ');
    if (!bases.has(key)) {
      const { stats } = await attacked(args, plain);
      bases.set(key, stats['process.residentBytesPeak']!);
    }
    const base = bases.get(key)!;
    const started = performance.now();
    const { stats, logged, mb } = await attacked(args, attack);
    const printed = Number(/at most ([\d.]+) MB/.exec(logged)![1]) * 1e6;
    const peak = stats['process.residentBytesPeak']!;
    const [got, least] = reached(stats);
    t.ok(got >= least, `${name}: the limit was reached (${got}, at least ${least})`);
    t.ok(
      peak <= printed + base,
      `${name}: ${megabytes(peak)} at the peak, of which ${megabytes(base)} the runtime's; ${megabytes(printed)} allowed`,
    );
    t.comment(
      `${name}: ${megabytes(peak - base)} of ${megabytes(printed)} over ${megabytes(base)}, ${mb.toFixed(0)} MB of traffic, ${((performance.now() - started) / 1000).toFixed(1)} s, level ${stats['governor.sharePeak']}`,
    );
  }
});
