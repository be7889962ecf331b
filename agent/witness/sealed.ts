/**
 * A value that is finished: obfuscated, digested and encoded, its tree gone. A waiting exchange then weighs its bytes, and
 * what comes again and again (header fields) is worked on once.
 */
import type { Data, DataMeta } from './ir.ts';

export class Sealed {
  /** The digest as two signed words, big-endian: signed, so that they need no box on the heap. */
  readonly digestHigh: number;
  readonly digestLow: number;
  /** The `Data` message in binary: `length` bytes from `start`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
  /** The digest as text, once somebody asked for it. */
  text = '';

  constructor(digestHigh: number, digestLow: number, bytes: Uint8Array, start: number, length: number) {
    this.digestHigh = digestHigh;
    this.digestLow = digestLow;
    this.bytes = bytes;
    this.start = start;
    this.length = length;
  }
}

/** Memory for the sealed texts of one message: a buffer of its own for each would be most of what a message allocates. */
export class TextSlab {
  readonly bytes: Uint8Array;
  used = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** What a slab holds; a message whose texts need more has the rest of them outside. */
export const SLAB_BYTES = 512;

/** Makes sealed values. What it declines (null) goes the way of all values: as a tree, obfuscated and digested later. */
export interface Sealer {
  /**
   * A JSON text that lies whole in `bytes[0, length)`, as the value of a body.
   * @returns null for whatever is not plain JSON (repeated names, numbers beyond 53 bits, faults …), or has no room.
   */
  json(bytes: Uint8Array, length: number, meta: DataMeta | null): Data | null;
  /** A text without a type of its own (header fields, parameters). */
  text(value: string, meta: DataMeta, slab: TextSlab | null): Data | null;
  /** Where the texts of one message lie together, until it is given back. */
  openSlab(): TextSlab | null;
  closeSlab(slab: TextSlab): void;
  /** Takes the memory of a value back that `json` gave. */
  release(data: Data): void;
}
