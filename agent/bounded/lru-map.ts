/**
 * A map of fixed capacity from keys of 32-bit words to dense slots, by open addressing with linear probing in typed
 * arrays. Removal shifts back instead of leaving marks, so nothing degrades with time. Slots are in lists, each in order
 * of last use, so that the caller decides who goes first when it is full. Hot path: no allocation anywhere.
 */
import assert from 'node:assert';
import { type Arrays, ownArrays } from './arrays.ts';
import { hashWords } from './keyed-hash.ts';
import { LinkedLists } from './linked-lists.ts';

/** What a map counts: slots in use, those that are free again, those that were used at least once. */
export const Count = { used: 0, free: 1, touched: 2 } as const;

export class LruMap {
  readonly capacity: number;
  /** The key to be looked up: filled by the caller, `key[0, words)` then counts. */
  readonly key: Int32Array;
  /** The slots' lists, in order of last use: the first is the one unused for longest. */
  readonly lists: LinkedLists;
  /** The arrays as they are, for a kernel that works as `find` and `insert` do. */
  readonly arrays: {
    readonly keys: Int32Array;
    readonly keyLengths: Uint8Array;
    readonly hashes: Int32Array;
    readonly table: Int32Array;
    readonly free: Int32Array;
    readonly counts: Int32Array;
  };

  readonly #keyWords: number;
  readonly #keys: Int32Array;
  readonly #keyLengths: Uint8Array;
  readonly #hashes: Int32Array;
  /** Slot + 1 by hash; 0 for empty. Twice the capacity at least, so probes stay short. */
  readonly #table: Int32Array;
  readonly #mask: number;
  /** Slots that were used and are free again; those never used come after `Count.touched`. */
  readonly #free: Int32Array;
  /** By `Count`. */
  readonly #counts: Int32Array;
  readonly #seed0: number;
  readonly #seed1: number;
  #lastHash = 0;

  /**
   * @param keyWords words of the longest key
   * @param listCount how many lists the slots are kept in
   * @param seed two 32-bit numbers that key the hash
   * @param arrays where its arrays lie
   */
  constructor(
    capacity: number,
    keyWords: number,
    listCount: number,
    seed: readonly [number, number],
    arrays: Arrays = ownArrays,
  ) {
    assert(capacity > 0 && capacity <= 1 << 24 && keyWords > 0 && keyWords < 256);
    this.capacity = capacity;
    this.key = new Int32Array(keyWords);
    this.lists = new LinkedLists(capacity, listCount, arrays);
    this.#keyWords = keyWords;
    this.#keys = arrays.int32(capacity * keyWords);
    this.#keyLengths = arrays.uint8(capacity);
    this.#hashes = arrays.int32(capacity);
    const tableSize = 2 << (31 - Math.clz32(capacity * 2 - 1));
    this.#table = arrays.int32(tableSize);
    this.#mask = tableSize - 1;
    this.#free = arrays.int32(capacity);
    this.#counts = arrays.int32(Object.keys(Count).length);
    this.#seed0 = seed[0] | 0;
    this.#seed1 = seed[1] | 0;
    this.arrays = {
      ...{ keys: this.#keys, keyLengths: this.#keyLengths, hashes: this.#hashes, table: this.#table },
      ...{ free: this.#free, counts: this.#counts },
    };
  }

  /** Bytes a map of this shape takes, for the sum of bounds. */
  static bytesFor(capacity: number, keyWords: number): number {
    const tableSize = 2 << (31 - Math.clz32(capacity * 2 - 1));
    return capacity * (4 * keyWords + 1 + 4 + 4 + 9) + tableSize * 4;
  }

  /** Slots in use. */
  get size(): number {
    return this.#counts[Count.used]!;
  }

  /** @returns the slot of `key[0, words)`, −1 when there is none; then `insert` may follow at once. */
  find(words: number): number {
    const hash = hashWords(this.#seed0, this.#seed1, this.key, words);
    this.#lastHash = hash;
    const table = this.#table;
    const mask = this.#mask;
    let at = hash & mask;
    for (;;) {
      const slot = table[at]! - 1;
      if (slot < 0) return -1;
      if (this.#hashes[slot] === hash && this.holds(slot, words)) return slot;
      at = (at + 1) & mask;
    }
  }

  /** Hash of the key that `find` looked for last. */
  get lastHash(): number {
    return this.#lastHash;
  }

  /** Whether `slot`, which must be in use, has the key `key[0, words)`. */
  holds(slot: number, words: number): boolean {
    if (this.#keyLengths[slot] !== words) return false;
    const key = this.key;
    const keys = this.#keys;
    const base = slot * this.#keyWords;
    // From the end: what comes last in a key differs first.
    for (let index = words - 1; index >= 0; index -= 1) if (keys[base + index] !== key[index]) return false;
    return true;
  }

  /**
   * Gives `key[0, words)` a slot, in `list` as its most recent. Only right after `find` returned −1 for it.
   * @returns the slot; −1 when the map is full, which it stays.
   */
  insert(words: number, list: number): number {
    const counts = this.#counts;
    let slot: number;
    if (counts[Count.free]! > 0) {
      counts[Count.free]! -= 1;
      slot = this.#free[counts[Count.free]!]!;
    } else if (counts[Count.touched]! < this.capacity) {
      slot = counts[Count.touched]!;
      counts[Count.touched]! += 1;
    } else {
      return -1;
    }
    const base = slot * this.#keyWords;
    for (let index = 0; index < words; index += 1) this.#keys[base + index] = this.key[index]!;
    this.#keyLengths[slot] = words;
    const hash = this.#lastHash;
    this.#hashes[slot] = hash;
    const table = this.#table;
    const mask = this.#mask;
    let at = hash & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot + 1;
    this.lists.append(list, slot);
    counts[Count.used]! += 1;
    return slot;
  }

  /** Word `index` of a slot's key. */
  keyWord(slot: number, index: number): number {
    return this.#keys[slot * this.#keyWords + index]!;
  }

  /** Words of a slot's key. */
  keyLength(slot: number): number {
    return this.#keyLengths[slot]!;
  }

  /** Frees a slot that is in use. */
  remove(slot: number): void {
    const table = this.#table;
    const mask = this.#mask;
    let hole = this.#hashes[slot]! & mask;
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask;
    // Close the hole with whoever probed past it (Knuth, volume 3, 6.4, algorithm R).
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashes[table[at]! - 1]! & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        table[hole] = table[at]!;
        hole = at;
      }
    }
    table[hole] = 0;
    this.lists.remove(slot);
    const counts = this.#counts;
    this.#free[counts[Count.free]!] = slot;
    counts[Count.free]! += 1;
    counts[Count.used]! -= 1;
  }
}
