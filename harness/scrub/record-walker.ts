/**
 * Protocols of which only the framing stays: records with their length before them. Headers go where they were, what they announce is
 * left blank: TLS (RFC 8446, section 5.1), HTTP/2 (RFC 9113, section 4.1), WebSocket (RFC 6455, section 5.2).
 */
import type { Place } from './body-scrubber.ts';

export interface RecordKind {
  /** @returns bytes of the header so far known to be needed */
  headerBytes(header: Uint8Array, length: number): number;
  /** Of a whole header; −1 where it is none. */
  payloadBytes(header: Uint8Array, length: number): number;
  /** What a side may begin with before its first header. */
  readonly preface?: Uint8Array;
  /** Changes a whole header before it goes where it was. */
  scrubHeader?(header: Uint8Array, length: number): void;
}

export const tlsRecords: RecordKind = {
  headerBytes: () => 5,
  payloadBytes: (h) => (h[0]! >= 20 && h[0]! <= 24 && h[1] === 3 ? (h[3]! << 8) | h[4]! : -1),
};

export const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** Of IANA's registry, which goes to 0x10: no letter and no digit is one. */
const http2TypeMax = 0x1f;

export const http2Frames: RecordKind = {
  headerBytes: () => 9,
  // Behind the type: flags, then a bit that is 0.
  payloadBytes: (h) => (h[3]! <= http2TypeMax && h[5]! < 0x80 ? (h[0]! << 16) | (h[1]! << 8) | h[2]! : -1),
  // The side that asked for HTTP/2 by an upgrade begins so too (RFC 7540, section 3.2).
  preface: http2Preface,
};

export const websocketFrames: RecordKind = {
  headerBytes: (h, length) => (length < 2 ? 2 : 2 + lengthBytes(h) + ((h[1]! & 0x80) === 0 ? 0 : 4)),
  payloadBytes: (h) => {
    const bytes = lengthBytes(h);
    if (bytes === 0) return h[1]! & 0x7f;
    let length = 0;
    for (let i = 2; i < 2 + bytes; i += 1) length = length * 256 + h[i]!;
    return length <= Number.MAX_SAFE_INTEGER ? length : -1;
  },
  // A mask over blanks would show itself.
  scrubHeader: (h, length) => {
    if ((h[1]! & 0x80) !== 0) h.fill(0, length - 4, length);
  },
};

function lengthBytes(header: Uint8Array): number {
  const length = header[1]! & 0x7f;
  return length === 126 ? 2 : length === 127 ? 8 : 0;
}

const headerBytesMax = 14;

export class RecordWalker {
  readonly #kind: RecordKind;
  readonly #place: Place;
  readonly #header = new Uint8Array(headerBytesMax);
  #length = 0;
  #left = 0;
  /** Bytes of the preface that were there; −1 behind it. */
  #prefaced = 0;
  #isLost = false;

  constructor(kind: RecordKind, place: Place) {
    this.#kind = kind;
    this.#place = place;
  }

  push(offset: number, bytes: Uint8Array, start: number, end: number): void {
    let at = this.#prefaced < 0 ? start : this.#preface(offset, bytes, start, end);
    while (at < end && !this.#isLost) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, end - at);
        this.#left -= step;
        at += step;
        continue;
      }
      this.#header[this.#length] = bytes[at]!;
      this.#length += 1;
      at += 1;
      if (this.#length < this.#kind.headerBytes(this.#header, this.#length)) continue;
      this.#takeHeader(offset + at - start);
    }
  }

  gap(length: number): void {
    this.#prefaced = -1;
    if (this.#length === 0 && length <= this.#left) this.#left -= length;
    else this.#isLost = true;
  }

  /** @returns where records begin */
  #preface(offset: number, bytes: Uint8Array, start: number, end: number): number {
    const preface = this.#kind.preface ?? new Uint8Array(0);
    let at = start;
    while (at < end && this.#prefaced < preface.length && bytes[at] === preface[this.#prefaced]) {
      at += 1;
      this.#prefaced += 1;
    }
    if (this.#prefaced < preface.length && at === end) return end;
    if (this.#prefaced === preface.length)
      this.#place(offset + at - start - preface.length, preface, 0, preface.length);
    else this.#isLost = this.#prefaced > 0;
    this.#prefaced = -1;
    return at;
  }

  /** @param end of the header, as an offset of the side */
  #takeHeader(end: number): void {
    const length = this.#length;
    this.#length = 0;
    const payload = this.#kind.payloadBytes(this.#header, length);
    if (payload < 0) {
      this.#isLost = true;
      return;
    }
    this.#kind.scrubHeader?.(this.#header, length);
    this.#place(end - length, this.#header, 0, length);
    this.#left = payload;
  }
}
