/**
 * Random numbers that come again with their seed: for the traffic that the harness makes, for fuzzers and tests. The agent
 * itself uses none of it.
 */

/** A stream of numbers of its own for every label, so that one choice never shifts another. */
export interface Random {
  /** 0 … 2³² − 1. */
  u32(): number;
  /** [0, 1), a multiple of 2⁻³². */
  fraction(): number;
  /** `low` … `high`, both included. */
  integer(low: number, high: number): number;
  /** An integer of `[0, bound)`. */
  below(bound: number): number;
  /** True with this chance. */
  chance(fraction: number): boolean;
}

/** The generator sfc32 (Chris Doty-Humphrey, PractRand), seeded from `seed`, 32 bits, and `label`. */
export function createRandom(seed: number, label: string): Random {
  let a = hash(label, seed >>> 0);
  let b = hash(label, a ^ 0x9e37_79b9);
  let c = seed >>> 0;
  let counter = 1;
  const u32 = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let round = 0; round < 12; round++) u32();
  const fraction = () => u32() / 0x1_0000_0000;
  const below = (bound: number) => Math.floor(fraction() * bound);
  return {
    u32,
    fraction,
    below,
    integer: (low, high) => low + below(high - low + 1),
    chance: (wanted) => fraction() < wanted,
  };
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string, basis: number): number {
  let value = (0x811c_9dc5 ^ basis) >>> 0;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x0100_0193) >>> 0;
  return value;
}
