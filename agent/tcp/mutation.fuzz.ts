/**
 * Captures with bytes changed, cut, doubled and moved at random: nothing may throw, hang or cross a bound.
 * `node agent/tcp/mutation.fuzz.ts PACKETS SEED FILE…`; the test runs some over the corpora.
 */
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { pageBytes } from '../bounded/page-pool.ts';
import type { CaptureInterface } from '../capture/frame-source.ts';
import { AnyCaptureReader } from '../pcap/capture-reader.ts';
import { createRandom, type Random } from '../seeded-random.ts';
import {
  defaultTcpLimits,
  type NetworkPolicy,
  OverlapPolicy,
  type Pressure,
  type TcpLimits,
  type UrgentPolicy,
} from './limits.ts';
import { TcpLayer } from './tcp.ts';

interface Frame {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly tsUs: number;
  readonly linkType: number;
}

/** Frames of a corpus kept at most: enough for variety, few enough to be kept in memory. */
const framesMax = 20_000;
const framesPerFileMax = 500;

/** Small, so that every bound is met. */
const limits: TcpLimits = {
  ...defaultTcpLimits,
  streamsMax: 64,
  pagesMax: 64,
  pagesPerConnectionMax: 16,
  holesPerConnectionMax: 8,
  fragmentDatagramsMax: 8,
  fragmentBytesMax: 32_768,
};

/** Reads frames of capture files; what a file has beyond a malformed place is left out. */
export function readFrames(files: readonly string[]): Frame[] {
  const frames: Frame[] = [];
  for (const file of files) {
    const raw = readFileSync(file);
    const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
    const reader = new AnyCaptureReader(file);
    let count = 0;
    const sink = {
      frame(frame: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, index: number): void {
        if ((count += 1) > framesPerFileMax || frames.length >= framesMax) return;
        const linkType = reader.interfaces[index]!.linkType;
        frames.push({ bytes: frame.slice(start, end), wireLength, tsUs, linkType });
      },
    };
    try {
      reader.push(bytes, 0, bytes.length, sink);
    } catch {
      // Some captures of the corpora are cut short on purpose.
    }
  }
  return frames;
}

/** Counts what the layer says and checks that it makes sense. */
class Checker {
  readonly open_ = new Set<number>();
  events = 0;

  open(stream: number): void {
    assert(!this.open_.has(stream) && stream < limits.streamsMax, 'a slot opens once');
    this.open_.add(stream);
    this.events += 1;
  }

  data(stream: number, _side: number, bytes: Uint8Array, start: number, end: number): void {
    assert(this.open_.has(stream) && start >= 0 && start < end && end <= bytes.length, 'data of an open stream');
    this.events += 1;
  }

  gap(stream: number, _side: number, length: number): void {
    assert(this.open_.has(stream) && length > 0, 'a gap of an open stream');
    this.events += 1;
  }

  end(stream: number): void {
    assert(this.open_.has(stream), 'the end of an open stream');
  }

  close(stream: number): void {
    assert(this.open_.delete(stream), 'an open stream closes');
  }
}

/**
 * Feeds `packets` mutated frames.
 * @returns events seen, to show that something happened.
 */
export function fuzzMutations(frames: readonly Frame[], packets: number, seed: number): number {
  const random = createRandom(seed, 'fuzz');
  const handler = new Checker();
  const interfaces: CaptureInterface[] = [...new Set(frames.map(({ linkType }) => linkType))].map((linkType) => ({
    name: `link type ${linkType}`,
    linkType,
    snapLength: 0,
  }));
  const indexOf = new Map(interfaces.map(({ linkType }, index) => [linkType, index]));
  const layer = new TcpLayer({
    limits,
    handler,
    source: { interfaces },
    hashSeed: [random.u32(), random.u32()],
    overlap: random.chance(0.5) ? OverlapPolicy.firstWins : OverlapPolicy.lastWins,
    networks: random.below(3) as NetworkPolicy,
    urgent: random.below(3) as UrgentPolicy,
    verifyChecksums: random.chance(0.1),
  });
  const scratch = new Uint8Array(70_000);
  let at = random.below(frames.length);
  let nowUs = frames[at]!.tsUs;
  for (let count = 0; count < packets; count += 1) {
    if (random.chance(0.001)) at = random.below(frames.length);
    const frame = frames[random.chance(0.05) ? Math.max(0, at - random.below(20)) : at]!;
    at = (at + 1) % frames.length;
    nowUs += random.below(2000);
    if (random.chance(0.0005)) nowUs += (random.u32() - 0x7fffffff) * random.below(1000);
    const length = mutate(random, frame, scratch);
    const wireLength = random.chance(0.05) ? length + random.below(3000) : Math.max(length, frame.wireLength);
    const index = random.chance(0.001) ? random.below(interfaces.length) : indexOf.get(frame.linkType)!;
    layer.frame(scratch, 0, length, wireLength, nowUs, index);
    if (random.chance(0.002)) layer.setPressure((random.chance(0.7) ? 0 : random.below(4)) as Pressure);
    if ((count & 1023) === 0) checkBounds(layer);
  }
  checkBounds(layer);
  layer.finish();
  assert.equal(handler.open_.size, 0, `seed ${seed}: every stream closes`);
  assert.equal(layer.pagesInUse, 0, `seed ${seed}: no page is left`);
  return handler.events;
}

function checkBounds(layer: TcpLayer): void {
  const gauges = layer.gauges();
  assert(gauges['tcp.pagesInUsePeak']! <= limits.pagesMax);
  assert(gauges['tcp.streamsOpen']! + gauges['tcp.streamsClosedHeld']! <= limits.streamsMax);
  assert(gauges['tcp.datagramsWaiting']! <= limits.fragmentDatagramsMax);
  assert(gauges['tcp.fragmentPagesInUse']! * pageBytes <= limits.fragmentBytesMax);
}

/** Copies a frame to `out`, most often changed. @returns its length. */
function mutate(random: Random, frame: Frame, out: Uint8Array): number {
  let length = Math.min(frame.bytes.length, 65_000);
  out.set(frame.bytes.subarray(0, length));
  if (random.chance(0.5)) return length;
  for (let count = 1 + random.below(4); count > 0 && length > 0; count -= 1) {
    // Headers are where it hurts: most changes are among the first bytes.
    const offset = random.below(random.chance(0.8) ? Math.min(length, 80) : length);
    const kind = random.below(5);
    if (kind === 0) out[offset]! ^= 1 << random.below(8);
    else if (kind === 1) out[offset] = random.below(256);
    else if (kind === 2) out[offset] = random.chance(0.5) ? 0 : 255;
    else if (kind === 3) length = random.chance(0.1) ? offset : length;
    else out.copyWithin(offset, random.below(length), length);
  }
  return length;
}

if (import.meta.main) {
  const [packets = '1000000', seed = '1', ...files] = process.argv.slice(2);
  const frames = readFrames(files);
  const events = fuzzMutations(frames, Number(packets), Number(seed));
  process.stdout.write(
    `${packets} packets mutated from ${frames.length}, seed ${seed}: ${events} events, every bound held\n`,
  );
}
