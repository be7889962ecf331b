import { createHash } from 'node:crypto';
import t from 'tap';
import { Segment } from '../segment.ts';
import type { Traffic } from '../traffic.ts';
import { MessageTruth } from '../truth/message-truth.ts';
import { openIncident } from './incident.ts';
import { endpointsCount, openManyEndpoints } from './many-endpoints.ts';
import { openSteady } from './steady.ts';

interface Seen {
  readonly frames: number;
  readonly bytes: number;
  readonly durationUs: number;
  readonly hash: string;
}

function readAll(traffic: Traffic, onFrame?: (bytes: Uint8Array, start: number, end: number) => void): Seen {
  const hash = createHash('sha256');
  let [frames, bytes, firstUs, lastUs] = [0, 0, -1, 0];
  const sink = {
    frame(data: Uint8Array, start: number, end: number, wireLength: number, tsUs: number): void {
      if (tsUs < lastUs || wireLength !== end - start) throw new Error(`frame ${frames}`);
      if (firstUs < 0) firstUs = tsUs;
      lastUs = tsUs;
      frames += 1;
      bytes += end - start;
      hash.update(data.subarray(start, end));
      onFrame?.(data, start, end);
    },
  };
  while (traffic.read(sink, 256) >= 0);
  return { frames, bytes, durationUs: lastUs - firstUs, hash: hash.digest('hex') };
}

/** The plain sum of RFC 1071 over `bytes[start, end)`, which is 0xffff where the checksum inside is right. */
function onesSum(bytes: Uint8Array, start: number, end: number, initial: number): number {
  let sum = initial;
  for (let at = start; at < end; at += 2) sum += (bytes[at]! << 8) | (at + 1 < end ? bytes[at + 1]! : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

for (const [name, open] of [
  ['incident', openIncident],
  ['steady', openSteady],
  ['many-endpoints', openManyEndpoints],
] as const) {
  t.test(`${name}: one seed, the same bytes; another, others`, async (t) => {
    const one = readAll(open({ seed: 11, sizeBytes: 5_000_000 }));
    t.same(readAll(open({ seed: 11, sizeBytes: 5_000_000 })), one);
    t.not(readAll(open({ seed: 12, sizeBytes: 5_000_000 })).hash, one.hash);
  });

  t.test(`${name}: checksums are right`, async (t) => {
    let wrong = 0;
    let checked = 0;
    readAll(open({ seed: 5, sizeBytes: 2_000_000 }), (bytes, start, end) => {
      const tcp = start + 34;
      checked += 1;
      if (onesSum(bytes, start + 14, tcp, 0) !== 0xffff) wrong += 1;
      if (onesSum(bytes, tcp, end, onesSum(bytes, start + 26, tcp, 0) + 6 + (end - tcp)) !== 0xffff) wrong += 1;
    });
    t.equal(wrong, 0, `of ${checked} frames`);
    t.ok(checked > 1_000);
  });
}

t.test(
  'incident at its own size: the counts, the size and the pace of the article',
  { timeout: 100_000 },
  async (t) => {
    const traffic = openIncident({ seed: 1 });
    let [frames, bytes, firstUs, lastUs] = [0, 0, -1, 0];
    const sink = {
      frame(_data: Uint8Array, start: number, end: number, _wireLength: number, tsUs: number): void {
        if (firstUs < 0) firstUs = tsUs;
        lastUs = tsUs;
        frames += 1;
        bytes += end - start;
      },
    };
    while (traffic.read(sink, 256) >= 0);
    t.same(traffic.truth(), {
      requests: 4_663,
      responses: 4_663,
      requestsIntact: 4_663,
      responsesIntact: 4_623,
      exchangesIntact: 4_623,
    });
    t.equal(frames, traffic.framesExpected, 'known beforehand');
    t.equal(bytes, traffic.bytesExpected);
    t.ok(bytes > 0.95e9 && bytes < 1.05e9, `${bytes} bytes`);
    const seconds = (lastUs - firstUs) / 1e6;
    t.ok(seconds > 12.5 && seconds < 14, `${seconds} s`);
  },
);

t.test(
  'many-endpoints: its pace, every endpoint, the commonest thousands of times as often as the rarest',
  async (t) => {
    const traffic = openManyEndpoints({ seed: 1, sizeBytes: 40_000_000 });
    const { frames, durationUs } = readAll(traffic);
    t.equal(frames, traffic.framesExpected);
    t.ok(Math.abs(frames / (durationUs / 1e6) - 300_000) < 1_000);
    const { requests, exchangesIntact, endpoints = {} } = traffic.truth()!;
    const counts = Object.values(endpoints).sort((a, b) => b - a);
    t.equal(counts.length, endpointsCount);
    t.ok(counts.at(-1)! >= 1 && counts[0]! > 500 * counts.at(-1)!, `${counts[0]} to ${counts.at(-1)}`);
    t.equal(
      counts.reduce((sum, count) => sum + count, 0),
      requests,
    );
    t.equal(exchangesIntact, requests);
    const known = new MessageTruth(false);
    readAll(openManyEndpoints({ seed: 1, sizeBytes: 2_000_000 }), (bytes, start, end) => known.sent(bytes, start, end));
    const small = openManyEndpoints({ seed: 1, sizeBytes: 2_000_000 });
    readAll(small);
    known.finish();
    t.match(known.truth(), { requests: small.truth()!.requests, responses: small.truth()!.responses });
  },
);

const segment = new Segment();
const flowOf = ({ key, isForward }: Segment) => `${key.join()} ${isForward}`;

t.test('incident: each connection lacks exactly the second segment of its first response', async (t) => {
  const highest = new Map<string, number>();
  const holes = new Map<string, number>();
  readAll(openIncident({ seed: 2, sizeBytes: 30_000_000 }), (bytes, start, end) => {
    segment.read(bytes, start, end);
    const next = highest.get(flowOf(segment));
    const after = segment.sequence + segment.payloadBytes + (segment.isSyn || segment.isFin ? 1 : 0);
    if (next !== undefined && segment.sequence !== next) holes.set(flowOf(segment), (segment.sequence - next) >>> 0);
    highest.set(flowOf(segment), after >>> 0);
  });
  t.equal(highest.size, 80, 'forty connections');
  t.equal(holes.size, 40, 'a hole in one direction of each');
  t.ok([...holes.values()].every((bytes) => bytes === 1_448));
});

t.test('steady: its size and length, two thousand connections, gzip and chunked a third each', async (t) => {
  const flows = new Set<string>();
  const counts = { responses: 0, gzip: 0, chunked: 0 };
  const seen = readAll(openSteady({ seed: 1, sizeBytes: 20_000_000 }), (bytes, start, end) => {
    segment.read(bytes, start, end);
    flows.add(flowOf(segment));
    const text = Buffer.from(bytes.subarray(segment.payloadStart, segment.payloadEnd)).toString('latin1');
    if (!/^HTTP\/1\.1 20[01]/.test(text)) return;
    counts.responses += 1;
    if (/content-encoding: gzip/i.test(text)) counts.gzip += 1;
    if (/transfer-encoding: chunked/i.test(text)) counts.chunked += 1;
  });
  t.ok(Math.abs(seen.bytes / 20_000_000 - 1) < 0.1, `${seen.bytes} bytes`);
  t.ok(Math.abs(seen.durationUs / 60e6 - 1) < 0.1, `${seen.durationUs / 1e6} s`);
  t.ok(flows.size > 3_000, `${flows.size / 2} connections of 2,000 drawn in a tenth of the traffic`);
  t.ok(Math.abs(counts.gzip / counts.responses - 1 / 3) < 0.05, `${counts.gzip} of ${counts.responses} gzip`);
  t.ok(Math.abs(counts.chunked / counts.responses - 1 / 3) < 0.05, `${counts.chunked} chunked`);
});
