/**
 * Where conversations that are over ended, for so long that what is sent again minutes later (RFC 6298, 5.5: the timer
 * doubles) is known for that and no new conversation. One line of cache for each set of four; the oldest of a set goes. The
 * kernel for segments writes here, too (`notePast` in `agent/kernels/assembly/segment/`).
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
    const at = this.#setOf(hash);
    words.copyWithin(at + PAST_WORDS, at, at + (PAST_WAYS - 1) * PAST_WORDS);
    words[at] = hash;
    words[at + 1] = first;
    words[at + 2] = second;
    words[at + 3] = (seconds(tsUs) << 2) | known;
  }

  /**
   * Whether all that a segment says was known when a conversation of this key was over.
   * @param own 0: its sender is the key's first endpoint
   * @param end the number behind its payload
   * @param ack null: it acknowledges nothing
   * @param known bits of `note` that the conversation must have: without them an end that is not known contradicts nothing
   */
  covers(hash: number, nowUs: number, own: number, end: number, ack: number | null, known = 0): boolean {
    const at = this.#setOf(hash);
    for (let entry = at; entry < at + PAST_WAYS * PAST_WORDS; entry += PAST_WORDS) {
      if (!this.#holds(entry, hash, nowUs) || (this.words[entry + 3]! & known) !== known) continue;
      if (!this.#isBehind(entry, own, end)) continue;
      if (ack === null || this.#isBehind(entry, own ^ 1, ack)) return true;
    }
    return false;
  }

  /** Whether a conversation that begins with these numbers goes on where one of this key was over. */
  goesOn(hash: number, nowUs: number, first: number, second: number): boolean {
    const at = this.#setOf(hash);
    for (let entry = at; entry < at + PAST_WAYS * PAST_WORDS; entry += PAST_WORDS) {
      if (!this.#holds(entry, hash, nowUs)) continue;
      if (this.#isNext(entry, 0, first) && this.#isNext(entry, 1, second)) return true;
    }
    return false;
  }

  #setOf(hash: number): number {
    return (hash & this.setMask) * PAST_WAYS * PAST_WORDS;
  }

  #holds(entry: number, hash: number, nowUs: number): boolean {
    const since = this.words[entry + 3]!;
    if (this.words[entry] !== hash || (since & 3) === 0) return false;
    return ((seconds(nowUs) << 2) - (since & ~3)) >> 2 <= heldSeconds;
  }

  /** Before the end of a direction, or the end is unknown. */
  #isBehind(entry: number, which: number, number: number): boolean {
    if ((this.words[entry + 3]! & (1 << which)) === 0) return true;
    const behind = (this.words[entry + 1 + which]! - number) | 0;
    return behind >= 0 && behind <= this.#windowBytesMax;
  }

  #isNext(entry: number, which: number, number: number): boolean {
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
