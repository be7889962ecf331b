/** Which digests have been seen lately: a bounded memory, typed arrays only. */
import assert from 'node:assert/strict';
import { view } from './digest-memory.ts';

/** Buckets are probed in line; half full at most, so that chains stay short. */
const SLOTS_PER_DIGEST = 2;

/** One generation: open addressing over pairs of 32-bit words; the pair 0, 0 is an empty slot. */
class DigestSet {
  readonly #words: Uint32Array;
  readonly #mask: number;
  size = 0;

  constructor(capacity: number) {
    this.#mask = capacity * SLOTS_PER_DIGEST - 1;
    this.#words = new Uint32Array((this.#mask + 1) * 2);
  }

  /** The digest's slot, or the complement of the free one where it would go. */
  find(high: number, low: number): number {
    const words = this.#words;
    // XXH64 spreads its input: the low bits are as good as any hash of them.
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 2;
      if (words[at] === high && words[at + 1] === low) return slot;
      if (words[at] === 0 && words[at + 1] === 0) return ~slot;
    }
  }

  put(free: number, high: number, low: number): void {
    this.#words[free * 2] = high;
    this.#words[free * 2 + 1] = low;
    this.size += 1;
  }

  clear(): void {
    this.#words.fill(0);
    this.size = 0;
  }
}

/**
 * Remembers at least the last `capacity` different digests and at most twice as many: two generations take turns; when
 * the younger is full the older is forgotten whole. A digest that is seen again lives on in the younger one.
 *
 * Memory: capacity × 32 bytes, allocated at once.
 */
export class DigestMemory {
  readonly capacity: number;
  #young: DigestSet;
  #old: DigestSet;
  /** Generations forgotten. */
  turns = 0;

  /** @param capacity a power of two */
  constructor(capacity: number) {
    assert(capacity > 0 && (capacity & (capacity - 1)) === 0, 'capacity is a power of two');
    this.capacity = capacity;
    this.#young = new DigestSet(capacity);
    this.#old = new DigestSet(capacity);
  }

  /** Digests remembered, some perhaps twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Whether the digest (two halves, big-endian, unsigned) is known; it is from now on. The digest 0 never is. */
  seen(high: number, low: number): boolean {
    if (high === 0 && low === 0) return false;
    const slot = this.#young.find(high, low);
    if (slot >= 0) return true;
    const known = this.#old.find(high, low) >= 0;
    if (this.#young.size < this.capacity) {
      this.#young.put(~slot, high, low);
      return known;
    }
    const forgotten = this.#old;
    forgotten.clear();
    this.#old = this.#young;
    this.#young = forgotten;
    this.turns += 1;
    this.#young.put(~this.#young.find(high, low), high, low);
    return known;
  }

  /** As {@link seen}, of the digest that was made last (`witnessDigest`, `dataDigest`). */
  seenLast(): boolean {
    return this.seen(view.getUint32(0), view.getUint32(4));
  }
}
