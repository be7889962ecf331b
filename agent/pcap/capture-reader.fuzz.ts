/**
 * Mutated captures against the readers: whatever comes in, the reader ends with a FloodgateError or well, stays within
 * its memory, never delivers bytes outside what was pushed, and says the same however the input is cut into pushes.
 *
 *     node agent/pcap/capture-reader.fuzz.ts [seed=1] [seconds=60]
 */
import assert from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { FrameSink } from '../capture/frame-source.ts';
import { FloodgateError } from '../errors.ts';
import { createRandom } from '../seeded-random.ts';
import { AnyCaptureReader } from './capture-reader.ts';
import { PcapWriter } from './pcap-writer.ts';
import { PcapngWriter } from './pcapng-writer.ts';

export interface FuzzResult {
  readonly captures: number;
  readonly frames: number;
  readonly refused: number;
}

/** Integers of `[0, below)`. */
function generator(seed: number): (below: number) => number {
  const next = createRandom(seed, 'fuzz').fraction;
  return (below) => (next() * 2 ** 32) % below;
}

function generate(next: (below: number) => number): Uint8Array {
  const parts: Uint8Array[] = [];
  const out = (bytes: Uint8Array, start: number, end: number) => parts.push(bytes.slice(start, end));
  const resolution = next(2) === 0 ? 'us' : 'ns';
  const count = next(20);
  if (next(2) === 0) {
    const writer = new PcapWriter(out, { resolution });
    for (let i = 0; i < count; i++) {
      const length = next(200);
      writer.frame(new Uint8Array(length), 0, length, length + next(2) * 100, i * 10);
    }
    writer.flush();
  } else {
    for (let section = 0; section <= next(3); section++) {
      const writer = new PcapngWriter(out, { resolution });
      const interfaces = 1 + next(3);
      for (let i = 0; i < interfaces; i++)
        writer.addInterface({ name: `i${i}`, linkType: 1, snapLength: next(3) * 100 });
      for (let i = 0; i < count; i++) {
        const length = next(200);
        writer.frameWithComment(
          new Uint8Array(length),
          0,
          length,
          length,
          i * 10,
          next(interfaces),
          'c'.repeat(next(9)),
        );
      }
      writer.interfaceStatistics(0, { tsUs: 9, framesReceived: count, framesDropped: next(9) });
      writer.flush();
    }
  }
  return Buffer.concat(parts);
}

const interesting = [
  0, 1, 3, 4, 7, 8, 12, 16, 28, 32, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 262_144, 262_145, 0x7fffffff, 0xffffffff,
];

function mutate(original: Uint8Array, next: (below: number) => number): Uint8Array {
  // Not slice(): a Buffer's is a view, and the original must stay.
  let bytes = new Uint8Array(original);
  for (let times = 1 + next(6); times > 0 && bytes.length > 0; times--) {
    // Faults near the start reach the headers; the rest lie anywhere.
    const at = next(next(2) === 0 ? Math.min(bytes.length, 120) : bytes.length);
    const kind = next(5);
    if (kind === 0) bytes[at] = next(256);
    else if (kind === 1)
      new DataView(bytes.buffer).setUint32(
        Math.max(0, Math.min(at & ~3, bytes.length - 4)),
        interesting[next(interesting.length)]!,
        next(2) === 0,
      );
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3)
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.min(bytes.length, at + next(40)))]);
    else
      bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(next(at + 1), at), ...bytes.subarray(at)]);
    if (bytes.length < 4) break;
  }
  return bytes;
}

/** Sums up what came out, so that two readings can be compared. */
class Digest implements FrameSink {
  frames = 0;
  sum = 0;

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, index: number): void {
    assert(start >= 0 && start <= end && end <= bytes.length && wireLength >= end - start);
    assert(Number.isFinite(tsUs) && Number.isInteger(index) && index >= 0);
    this.frames += 1;
    let sum = Math.imul(this.sum, 31) + wireLength + index + (tsUs % 1e6);
    for (let at = start; at < end; at++) sum = (Math.imul(sum, 33) + bytes[at]!) | 0;
    this.sum = sum | 0;
  }
}

function read(bytes: Uint8Array, step: () => number): { digest: Digest; ending: string } {
  const digest = new Digest();
  const reader = new AnyCaptureReader('fuzz');
  let ending = 'end';
  try {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + step());
      // A copy that ends here: reading past it would show.
      reader.push(bytes.slice(at, end), 0, end - at, digest);
      at = end;
    }
    reader.finish();
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    ending = `${error.code}: ${error.message}`;
  }
  assert(digest.frames === reader.framesRead && reader.interfaces.length <= 4_096);
  return { digest, ending };
}

/** Whole, the same comes out of it as without compression; damaged, no worse than a FloodgateError. */
function readCompressed(bytes: Uint8Array, wanted: Digest, next: (below: number) => number): void {
  const packed = next(2) === 0 ? gzipSync(bytes) : zstdCompressSync(bytes);
  const { digest } = read(packed, () => 1 + next(300));
  assert.deepEqual(digest, wanted, 'compression changed what came out');
  read(mutate(packed, next), () => 1 + next(300));
}

/** @throws AssertionError naming the seed and round at the first fault. */
export function fuzzReaders(seed: number, rounds: number, corpus: readonly Uint8Array[]): FuzzResult {
  const result = { captures: 0, frames: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const next = generator(seed * 1_000_003 + round);
    const useCorpus = corpus.length > 0 && next(2) === 0;
    const bytes = mutate(useCorpus ? corpus[next(corpus.length)]! : generate(next), next);
    try {
      const whole = read(bytes, () => bytes.length);
      const cut = read(bytes, () => 1 + next(64));
      assert.deepEqual(cut, whole, 'cutting the input differently changed what came out');
      if (round % 5 === 0) readCompressed(bytes, whole.digest, next);
      result.captures += 1;
      result.frames += whole.digest.frames;
      if (whole.ending !== 'end') result.refused += 1;
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}`, { cause: error });
    }
  }
  return result;
}

/** The recorded captures of the shared corpora up to `bytesMax`; none where they are absent. */
export function smallCaptures(bytesMax: number): Uint8Array[] {
  const root = process.env.FLOODGATE_SHARED ?? path.join(import.meta.dirname, '../../../shared');
  const corpora = path.join(root, 'corpora');
  if (!existsSync(corpora)) return [];
  return readdirSync(corpora, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(pcap|pcapng|cap|trace)$/.test(entry.name))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)))
    .filter((bytes) => bytes.length <= bytesMax);
}

if (process.argv[1] === import.meta.filename) {
  const [first = 1, seconds = 60] = process.argv.slice(2).map(Number);
  const corpus = smallCaptures(20_000);
  const end = performance.now() + seconds * 1_000;
  for (let seed = first; performance.now() < end; seed++) {
    process.stdout.write(`seed ${seed}: ${JSON.stringify(fuzzReaders(seed, 2_000, corpus))}\n`);
  }
}
