/**
 * Recorded captures with random bytes in random places of random frames: nothing may throw, hang or pass a bound.
 * `node conformance/mutation.fuzz.ts SEED PACKETS` goes on over the corpora until that many packets were mutated.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FrameSink } from '../agent/capture/frame-source.ts';
import { createRandom } from '../agent/seeded-random.ts';
import { readCapture } from './capture.ts';
import { findShared } from './oracles.ts';

class Mutator implements FrameSink {
  mutated = 0;
  readonly #sink: FrameSink;
  readonly #next: () => number;

  constructor(sink: FrameSink, next: () => number) {
    this.#sink = sink;
    this.#next = next;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const next = this.#next;
    const copy = bytes.slice(start, end);
    // Headers decide most: half of the changes go to the first 80 bytes.
    for (let i = 1 + Math.floor(next() * 4); i > 0; i--) {
      const reach = next() < 0.5 ? Math.min(80, copy.length) : copy.length;
      copy[Math.floor(next() * reach)] = Math.floor(next() * 256);
    }
    const length = next() < 0.05 ? Math.floor(next() * copy.length) : copy.length;
    this.mutated++;
    this.#sink.frame(copy, 0, length, wireLength, tsUs, interfaceIndex);
  }
}

/** Mutates about `packets` packets of the captures, or all of them once more; returns how many it were. */
export function fuzzCaptures(shared: string, seed: number, packets: number): number {
  const lines = readFileSync(join(shared, 'corpora', 'INDEX.tsv'), 'latin1')
    .trimEnd()
    .split('\n')
    .slice(1);
  const next = createRandom(seed, 'fuzz').fraction;
  let mutated = 0;
  while (mutated < packets) {
    const file = lines[Math.floor(next() * lines.length)]!.split('\t')[0]!;
    let mutator: Mutator | null = null;
    const capture = readCapture(join(shared, 'corpora', file), {
      bodies: false,
      tcp: { pagesMax: 512, streamsMax: 64 },
      wrap: (sink) => (mutator = new Mutator(sink, next)),
    });
    mutated += Math.max(1, (mutator as Mutator | null)?.mutated ?? 0);
    const { tcp, http, messages } = capture;
    assert((tcp['tcp.pagesInUsePeak'] ?? 0) <= 512, `${file}: pages`);
    assert.equal(tcp['tcp.pagesInUse'] ?? 0, 0, `${file}: pages left`);
    assert.equal(messages.length, http.requests + http.responses, `${file}: every message that began ended`);
  }
  return mutated;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
  assert(shared !== null, 'no corpora');
  const mutated = fuzzCaptures(shared, Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 100_000));
  process.stdout.write(`ok: ${mutated} packets mutated\n`);
}
