/**
 * Short strings that come again and again (member names, header fields), made once: the same bytes give the same
 * string without a call into the runtime. Direct-mapped, so that nothing grows and nothing has to be evicted.
 */
import { strict as assert } from 'node:assert';

const latin1Slice = Buffer.prototype.latin1Slice;

export class StringCache {
  readonly #entries: (string | undefined)[];
  readonly #mask: number;
  /** Strings of more bytes are made anew each time. */
  readonly bytesMax: number;

  /** @param size entries, a power of two */
  constructor(size: number, bytesMax: number) {
    assert((size & (size - 1)) === 0);
    this.#entries = new Array<string | undefined>(size).fill(undefined);
    this.#mask = size - 1;
    this.bytesMax = bytesMax;
  }

  /** `bytes[start, end)` as latin1. */
  get(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > this.bytesMax) return latin1Slice.call(bytes, start, end);
    let hash = length;
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & this.#mask;
    const known = this.#entries[slot];
    if (known !== undefined && known.length === length) {
      let at = 0;
      while (at < length && known.charCodeAt(at) === bytes[start + at]) at += 1;
      if (at === length) return known;
    }
    const made = latin1Slice.call(bytes, start, end);
    this.#entries[slot] = made;
    return made;
  }
}
