/**
 * The framing of gzip (RFC 1952): header and trailer of each member. Read here and not by zlib, which says neither where a
 * member ended nor what it decoded before a wrong checksum or the bytes behind the last member.
 */
import { zlib } from './native-inflater.ts';

const Flag = { headerChecksum: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/** Places in a header: the fixed ten bytes, then what the flags announce. */
const Place = { fixed: 0, extraLow: 1, extraHigh: 2, extra: 3, name: 4, comment: 5, checksum: 6, done: 7 } as const;
type Place = (typeof Place)[keyof typeof Place];

const fixedBytes = 10;
const trailerBytes = 8;

export class GzipMember {
  /** Header bytes read of this member. */
  headerBytes = 0;
  isHeaderRead = false;
  isBad = false;
  #place: Place = Place.fixed;
  #flags = 0;
  /** Bytes left of the extra field or of the header's checksum. */
  #left = 0;
  #crc = 0;
  #size = 0;
  #trailerRead = 0;
  /** Checksum and length as the trailer has them. */
  #crcSent = 0;
  #sizeSent = 0;

  /** Before another member. */
  reset(): void {
    this.headerBytes = 0;
    this.isHeaderRead = false;
    this.isBad = false;
    this.#place = Place.fixed;
    this.#crc = 0;
    this.#size = 0;
    this.#trailerRead = 0;
  }

  /** Reads on in the header, to its end or to a byte that cannot stand there (`isBad`). @returns where it stopped */
  header(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !this.isHeaderRead) {
      if (!this.#take(bytes[at]!)) {
        this.isBad = true;
        return at;
      }
      at += 1;
      this.headerBytes += 1;
      if (this.#place === Place.done) this.isHeaderRead = true;
    }
    return at;
  }

  /** Counts decoded bytes. */
  decoded(bytes: Uint8Array, length: number): void {
    this.#crc = zlib().crc32(bytes.subarray(0, length), this.#crc);
    this.#size = (this.#size + length) >>> 0;
  }

  /** Reads on in the trailer. @returns where it stopped: before `end` only where the trailer ends */
  trailer(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (; at < end && this.#trailerRead < trailerBytes; at += 1, this.#trailerRead += 1) {
      // Little-endian: each byte comes in at the top.
      if (this.#trailerRead < 4) this.#crcSent = (this.#crcSent >>> 8) | (bytes[at]! << 24);
      else this.#sizeSent = (this.#sizeSent >>> 8) | (bytes[at]! << 24);
    }
    return at;
  }

  get isTrailerRead(): boolean {
    return this.#trailerRead === trailerBytes;
  }

  /** Whether the whole trailer is right: checksum and length. */
  get isSound(): boolean {
    return this.#crcSent >>> 0 === this.#crc && this.#sizeSent >>> 0 === this.#size;
  }

  #take(byte: number): boolean {
    switch (this.#place) {
      case Place.fixed:
        return this.#takeFixed(byte);
      case Place.extraLow:
        this.#left = byte;
        this.#place = Place.extraHigh;
        return true;
      case Place.extraHigh:
        this.#left += byte << 8;
        this.#place = Place.extra;
        if (this.#left === 0) this.#after(Flag.extra);
        return true;
      case Place.extra:
        this.#left -= 1;
        if (this.#left === 0) this.#after(Flag.extra);
        return true;
      case Place.name:
        if (byte === 0) this.#after(Flag.name);
        return true;
      case Place.comment:
        if (byte === 0) this.#after(Flag.comment);
        return true;
      default:
        this.#left -= 1;
        if (this.#left === 0) this.#place = Place.done;
        return true;
    }
  }

  #takeFixed(byte: number): boolean {
    const at = this.headerBytes;
    if (at === 0) return byte === 0x1f;
    if (at === 1) return byte === 0x8b;
    if (at === 2) return byte === 8;
    if (at === 3) {
      this.#flags = byte;
      return (byte & Flag.reserved) === 0;
    }
    if (at === fixedBytes - 1) this.#after(0);
    return true;
  }

  /** The part that the flags announce behind the one of this flag. */
  #after(flag: number): void {
    const flags = this.#flags;
    if (flag < Flag.extra && (flags & Flag.extra) !== 0) this.#place = Place.extraLow;
    else if (flag < Flag.name && (flags & Flag.name) !== 0) this.#place = Place.name;
    else if (flag < Flag.comment && (flags & Flag.comment) !== 0) this.#place = Place.comment;
    else if ((flags & Flag.headerChecksum) !== 0) {
      this.#place = Place.checksum;
      this.#left = 2;
    } else this.#place = Place.done;
  }
}
