/**
 * A value that is finished: obfuscated, digested and encoded, its tree gone. A waiting exchange then weighs its bytes, and
 * what comes again and again (header fields) is worked on once.
 */

/** Long values lie in pages: buffers of many sizes leave holes in memory that no other fits. */
export const SEALED_PAGE_BYTES = 16 << 10;

export class Sealed {
  /** The digest as two signed words, big-endian: signed, so that they need no box on the heap. */
  digestHigh: number;
  digestLow: number;
  /** The `Data` message in binary: `length` bytes from `start`. Where there are `pages`, the first of them. */
  bytes: Uint8Array;
  start: number;
  length: number;
  /** The digest as text, once it was asked for. */
  text = '';

  /** A message longer than `SEALED_PAGE_BYTES` lies in pages: full but for the last, or as `sizes` says. */
  pages: readonly Uint8Array[] | null;
  sizes: readonly number[] | null = null;

  constructor(
    digestHigh: number,
    digestLow: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    pages: readonly Uint8Array[] | null = null,
  ) {
    this.pages = pages;
    this.digestHigh = digestHigh;
    this.digestLow = digestLow;
    this.bytes = bytes;
    this.start = start;
    this.length = length;
  }

  /** Becomes another value: for its owner alone. */
  set(
    digestHigh: number,
    digestLow: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    pages: readonly Uint8Array[] | null,
  ): void {
    this.digestHigh = digestHigh;
    this.digestLow = digestLow;
    this.bytes = bytes;
    this.start = start;
    this.length = length;
    this.pages = pages;
    this.sizes = null;
    this.text = '';
  }
}

/**
 * Values of one head as entries of a witness's map, ready to be copied: of each first the digests of its key's text and of its
 * value (16 bytes), then, behind all of these, the entries in binary.
 */
export class PackedFields {
  bytes: Uint8Array;
  count: number;
  /** Where the entries begin and end. */
  start: number;
  end: number;

  constructor(bytes: Uint8Array, count: number, start: number, end: number) {
    this.bytes = bytes;
    this.count = count;
    this.start = start;
    this.end = end;
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
