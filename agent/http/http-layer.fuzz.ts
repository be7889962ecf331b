/**
 * Seeded fuzzer of the HTTP layer: conversations made from a seed, cut, mutated and with bytes lost. Nothing may throw, hang
 * or pass a bound, and the cut of the bytes may not matter. `node agent/http/http-layer.fuzz.ts SEED ITERATIONS`.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../seeded-random.ts';
import { createHttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { feed, kernelBytes, kernelMemory, play, Recorder, type Step } from './transcript.conformance.ts';

const pick = <T>(next: () => number, from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
const upTo = (next: () => number, max: number): number => Math.floor(next() * (max + 1));

/** Both directions of a conversation that keeps to RFC 9112, with much of what it allows. */
export function conversation(next: () => number): { requests: Buffer; responses: Buffer; exchanges: number } {
  const requests: Buffer[] = [];
  const responses: Buffer[] = [];
  const exchanges = 1 + upTo(next, 5);
  for (let i = 0; i < exchanges; i++) {
    const method = pick(next, ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'X-CUSTOM', 'PROPFIND']);
    const target = pick(next, ['/', '/a?b=c', '*', 'http://host/path', `/${'long'.repeat(upTo(next, 100))}`]);
    const head = `${method} ${target} HTTP/1.${pick(next, [0, 1, 1])}\r\n${fields(next)}`;
    requests.push(Buffer.from(next() < 0.1 ? '\r\n' : ''), message(next, head, method !== 'GET' && method !== 'HEAD'));
    if (next() < 0.2) responses.push(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
    const status = pick(next, [200, 200, 200, 404, 304, 204, 500]);
    const start = `HTTP/1.1 ${status}${pick(next, [' OK', ' ', '', ' Not Found at all'])}\r\n${fields(next)}`;
    const bodyless = status === 204 || status === 304 || method === 'HEAD';
    if (bodyless) responses.push(Buffer.from(`${start}${method === 'HEAD' ? 'Content-Length: 77\r\n' : ''}\r\n`));
    else responses.push(message(next, start, true));
  }
  return { requests: Buffer.concat(requests), responses: Buffer.concat(responses), exchanges };
}

function fields(next: () => number): string {
  let text = '';
  for (let i = upTo(next, 6); i > 0; i--) {
    text += pick(next, [
      'Host: example.com\r\n',
      'X-Folded: one\r\n two\r\n\tthree\r\n',
      'Accept:*/*\r\n',
      'X-Empty:\r\n',
      'Upgrade: websocket\r\n',
      'Expect: 100-continue\r\n',
      'Cookie:   a=b; c=d   \r\n',
      'X-Latin: \xe9\xff\r\n',
      `X-Long: ${'v'.repeat(upTo(next, 2000))}\r\n`,
      'x-bare: lf\n',
    ]);
  }
  return text;
}

/** A head with a body of known length, in chunks, or none. Bodies hold what looks like messages, now and then. */
function message(next: () => number, head: string, mayHaveBody: boolean): Buffer {
  const kind = mayHaveBody ? upTo(next, 2) : 0;
  const text = pick(next, [
    'x',
    '{"a":1}',
    'GET / HTTP/1.1\r\nA: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    '\r\n\r\n',
    '0\r\n\r\n',
  ]);
  const body = Buffer.from(text.repeat(upTo(next, 40)), 'latin1');
  if (kind === 0) return Buffer.from(`${head}Content-Length: 0\r\n\r\n`, 'latin1');
  if (kind === 1) {
    return Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`, 'latin1'), body]);
  }
  const parts = [Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`, 'latin1')];
  for (let at = 0; at < body.length; ) {
    const length = Math.min(body.length - at, 1 + upTo(next, 60));
    const size = length.toString(16);
    parts.push(Buffer.from(`${next() < 0.5 ? size.toUpperCase() : size}${next() < 0.2 ? ';x="y"' : ''}\r\n`));
    parts.push(body.subarray(at, at + length), Buffer.from('\r\n'));
    at += length;
  }
  parts.push(Buffer.from(next() < 0.3 ? '0\r\nTrailer: yes\r\n\r\n' : '0\r\n\r\n'));
  return Buffer.concat(parts);
}

/** Flips, inserts, removes and repeats bytes. */
export function mutate(next: () => number, bytes: Buffer): Buffer {
  let mutated = Buffer.from(bytes);
  for (let i = 1 + upTo(next, 4); i > 0; i--) {
    const at = upTo(next, mutated.length);
    const rest = mutated.subarray(at);
    const start = mutated.subarray(0, at);
    const what = upTo(next, 4);
    if (what === 0) mutated = Buffer.concat([start, Buffer.of(upTo(next, 255)), rest.subarray(1)]);
    else if (what === 1) mutated = Buffer.concat([start, rest.subarray(upTo(next, 50))]);
    else if (what === 2) mutated = Buffer.concat([start, start.subarray(-upTo(next, 200)), rest]);
    else if (what === 3) mutated = Buffer.concat([start, Buffer.from(pick(next, SPICES), 'latin1'), rest]);
    else mutated = Buffer.concat([start, Buffer.alloc(upTo(next, 300), upTo(next, 255)), rest]);
  }
  return mutated;
}

const SPICES = [
  '\r\n',
  '\0',
  ' ',
  'HTTP/1.1 200 OK\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'ffffffffffffffff\r\n',
  'HTTP/1.',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'Upgrade: websocket\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
];

/** Small limits, so that every one of them is met. */
const TIGHT: Partial<HttpLimits> = {
  headBytesMax: 1500,
  fieldsMax: 4,
  uriBytesMax: 200,
  headPoolBytesMax: 16 * 1024,
  pipelinedMax: 4,
  waitingRequestsMax: 16,
  waitingUriBytesMax: 500,
  messageBytesMax: 300,
  classifyBytesMax: 2000,
  tlsHelloBytesMax: 512,
  tlsServerNamesMax: 2,
};

/** Many streams at once, mutated bytes, gaps, early ends: bounds are checked at every step. */
export function fuzzStreams(seed: number, iterations: number): void {
  const next = createRandom(seed, 'fuzz').fraction;
  const streamsMax = 8;
  const limits = { ...defaultHttpLimits, ...TIGHT, streamsMax };
  const counters = createHttpCounters();
  const recorder = new Recorder();
  const layer = new HttpLayer({ limits, handler: recorder, counters });
  const memory = seed % 2 === 0 ? kernelBytes : null;
  if (memory !== null) layer.readInPlace(kernelMemory, memory);
  const open = new Uint8Array(streamsMax);
  const queues: Buffer[][] = Array.from({ length: streamsMax * 2 }, () => []);
  for (let i = 0; i < iterations; i++) {
    const stream = upTo(next, streamsMax - 1);
    if (open[stream] === 0) {
      open[stream] = 1;
      layer.open(stream, i, next() < 0.3);
      const { requests, responses } = conversation(next);
      queues[stream * 2] = [next() < 0.7 ? mutate(next, requests) : requests];
      queues[stream * 2 + 1] = [next() < 0.7 ? mutate(next, responses) : responses];
    }
    const side = next() < 0.5 ? 0 : 1;
    const queue = queues[stream * 2 + side]!;
    const bytes = queue[0] ?? Buffer.alloc(0);
    const length = Math.min(bytes.length, 1 + upTo(next, next() < 0.5 ? 40 : 3000));
    const what = next();
    if (bytes.length === 0 || what < 0.02) {
      if (what < 0.3) layer.end(stream, side, i);
      if (what < 0.1 || bytes.length === 0) {
        layer.close(stream, pick(next, [0, 1, 2, 3, 4, 5]), i);
        open[stream] = 0;
      }
    } else {
      if (what < 0.1) layer.gap(stream, side, length, 0, i);
      else feed(layer, stream, side, bytes.subarray(0, length), length, i, memory);
      queue[0] = bytes.subarray(length);
    }
    assert(layer.headPoolBytes <= limits.headPoolBytesMax);
    assert(layer.waitingRequests <= limits.waitingRequestsMax);
    assert(layer.tlsServerNames.size <= limits.tlsServerNamesMax + 1);
    for (const recorded of recorder.messages) {
      assert(recorded.headers.length <= limits.fieldsMax);
      assert(recorded.uri.length <= limits.uriBytesMax);
      assert(recorded.headersBytes <= limits.headBytesMax);
      assert(recorded.deliveredBytes <= limits.messageBytesMax);
    }
    recorder.messages.length = 0;
  }
  for (let stream = 0; stream < streamsMax; stream++) if (open[stream] === 1) layer.close(stream, 5, iterations);
  assert.equal(layer.waitingRequests, 0);
  assert.equal(recorder.open, 0);
}

/** Both directions of a conversation in turns, mutated or not, with gaps and early ends where it is mutated. */
function script(next: () => number, requests: Buffer, responses: Buffer, mutated: boolean): Step[] {
  const left = mutated ? [mutate(next, requests), mutate(next, responses)] : [requests, responses];
  const steps: Step[] = [];
  let tsUs = 1;
  while (left[0]!.length + left[1]!.length > 0) {
    // Requests first, mostly: an answer that comes before its request is another matter.
    const side = left[0]!.length > 0 && next() < 0.7 ? 0 : left[1]!.length > 0 ? 1 : 0;
    const length = Math.min(left[side]!.length, 1 + upTo(next, next() < 0.5 ? 60 : 3000));
    tsUs += next() < 0.02 ? 2_000_000 : 10;
    const bytes = left[side]!.subarray(0, length);
    left[side] = left[side]!.subarray(length);
    const what = mutated ? next() : 1;
    if (what < 0.01) left[side] = Buffer.alloc(0);
    steps.push(what < 0.01 ? [side, 'end', tsUs] : what < 0.04 ? [side, length, tsUs] : [side, bytes, tsUs]);
  }
  return steps;
}

/** The same bytes cut in several ways: the same messages must come out, and the same counters. */
export function fuzzCuts(seed: number, iterations: number): void {
  for (let i = 0; i < iterations; i++) {
    const next = createRandom(seed + i, 'fuzz').fraction;
    const { requests, responses, exchanges } = conversation(next);
    const plain = play([
      [0, requests, 1],
      [1, responses, 2],
    ]);
    const final = plain.messages.filter(({ kind, complete }) => kind === 'request' && complete);
    assert.equal(final.length, exchanges, `seed ${seed + i}`);
    for (const mutated of [false, true]) {
      const steps = script(next, requests, responses, mutated);
      // The pool of head buffers is not made small: which head finds no room there does depend on the cut.
      const limits = next() < 0.3 ? { ...TIGHT, headPoolBytesMax: defaultHttpLimits.headPoolBytesMax } : {};
      const midStream = next() < 0.3;
      const whole = play(steps, { limits, midStream });
      for (const chunkBytes of [1, 2 + upTo(next, 20), 100 + upTo(next, 1000)]) {
        const cut = play(steps, { limits, midStream, chunkBytes });
        const at = whole.lines.findIndex((text, index) => text !== cut.lines[index]);
        const what = `seed ${seed + i}, mutated ${mutated}, pieces of ${chunkBytes}, message ${at}`;
        assert(at < 0, `${what}: ${cut.lines[at]?.slice(0, 300)} instead of ${whole.lines[at]?.slice(0, 300)}`);
        assert.equal(cut.lines.length, whole.lines.length, what);
        assert.deepEqual(cut.counters, whole.counters, what);
      }
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const seed = Number(process.argv[2] ?? 1);
  const iterations = Number(process.argv[3] ?? 10_000);
  fuzzCuts(seed, Math.ceil(iterations / 20));
  fuzzStreams(seed, iterations);
  process.stdout.write(`ok: seed ${seed}, ${iterations} iterations\n`);
}
