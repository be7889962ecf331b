/** Random numbers that come again with their seed: for fuzzers and tests only. */

/** Mulberry32: numbers in [0, 1), each a multiple of 2⁻³². */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** xorshift128 (Marsaglia, 2003). */
export class SeededRandom {
  #x: number;
  #y: number;
  #z: number;
  #w: number;

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike, which the generator alone takes long to see to.
    this.#x = scramble(seed);
    this.#y = scramble(this.#x + 1);
    this.#z = scramble(this.#y + 2);
    this.#w = scramble(this.#z + 3) || 1;
  }

  /** 32 bits, unsigned. */
  next(): number {
    const t = this.#x ^ (this.#x << 11);
    this.#x = this.#y;
    this.#y = this.#z;
    this.#z = this.#w;
    this.#w = this.#w ^ (this.#w >>> 19) ^ t ^ (t >>> 8);
    return this.#w >>> 0;
  }

  /** An integer of `[0, bound)`. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() / 0x1_0000_0000 < probability;
  }
}

/** The finishing steps of MurmurHash3. */
function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16) ^ 0x9e3779b9;
}
