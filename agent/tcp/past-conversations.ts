/**
 * Where conversations that are over ended, for so long that what is sent again minutes later (RFC 6298, 5.5: the timer
 * doubles) is known for that and no new conversation. One line of cache for each set of four; the oldest of a set goes. The
 * kernel for segments writes here, too (`notePast` in `segment-kernel.ts`).
 */
import type { Arrays } from '../bounded/arrays.ts';

/** Words of an entry: hash of the key, the next number of either endpoint in the key's order, time and what is known. */
export const PAST_WORDS = 4;
export const PAST_WAYS = 4;

/** Linux gives up sending again after 924 s (tcp_retries2). */
const heldSeconds = 1000;
/** A conversation sends no more while another one takes its place. */
const goesOnBytesMax = 1 << 20;
/** Makes whole seconds of a fraction in the way that the kernel does: above it there are no fractions. */
const wholeAbove = 2 ** 52;

export class PastConversations {
  readonly words: Int32Array;
  readonly setMask: number;
  readonly #windowBytesMax: number;

  constructor(streamsMax: number, windowBytesMax: number, arrays: Arrays) {
    const sets = setsFor(streamsMax);
    this.words = arrays.int32(sets * PAST_WAYS * PAST_WORDS);
    this.setMask = sets - 1;
    this.#windowBytesMax = windowBytesMax;
  }

  /** Bytes for so many streams, for the sum of bounds. */
  static bytesFor(streamsMax: number): number {
    return setsFor(streamsMax) * PAST_WAYS * PAST_WORDS * 4;
  }

  /** @param known bit 0: `first` holds; bit 1: `second` holds */
  note(hash: number, first: number, second: number, known: number, tsUs: number): void {
    const { words } = this;
    const at = (hash & this.setMask) * PAST_WAYS * PAST_WORDS;
    words.copyWithin(at + PAST_WORDS, at, at + (PAST_WAYS - 1) * PAST_WORDS);
    words[at] = hash;
    words[at + 1] = first;
    words[at + 2] = second;
    words[at + 3] = (seconds(tsUs) << 2) | known;
  }

  /** @returns an entry of this key, the latest one; −1 without. */
  find(hash: number, nowUs: number): number {
    const { words } = this;
    const at = (hash & this.setMask) * PAST_WAYS * PAST_WORDS;
    const now = seconds(nowUs) << 2;
    for (let entry = at; entry < at + PAST_WAYS * PAST_WORDS; entry += PAST_WORDS) {
      const known = words[entry + 3]!;
      if (words[entry] === hash && (known & 3) !== 0 && (now - (known & ~3)) >> 2 <= heldSeconds) return entry;
    }
    return -1;
  }

  /** Whether a number lies before the end of its direction, or nobody knows the end. @param which 0: the key's first endpoint's */
  isBehind(entry: number, which: number, number: number): boolean {
    if ((this.words[entry + 3]! & (1 << which)) === 0) return true;
    const behind = (this.words[entry + 1 + which]! - number) | 0;
    return behind >= 0 && behind <= this.#windowBytesMax;
  }

  /** Whether a number lies where its direction would have gone on. */
  goesOn(entry: number, which: number, number: number): boolean {
    if ((this.words[entry + 3]! & (1 << which)) === 0) return false;
    const ahead = (number - this.words[entry + 1 + which]!) | 0;
    return ahead >= 0 && ahead <= goesOnBytesMax;
  }
}

function seconds(tsUs: number): number {
  return (tsUs / 1e6 + wholeAbove - wholeAbove) | 0;
}

function setsFor(streamsMax: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(streamsMax / PAST_WAYS)));
}
