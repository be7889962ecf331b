/**
 * Protobuf's wire format written from the end to the front (hot path): a message's length is known when its content has
 * been written, so nothing is measured beforehand and nothing is moved afterwards. One buffer for the process, kept.
 * Source: protobuf.dev/programming-guides/encoding.
 */
import assert from 'node:assert/strict';
import { type PackedFields, SEALED_PAGE_BYTES, type Sealed } from '../witness/sealed.ts';

/** Most witnesses are some KiB; the buffer doubles up to the limit and goes back to this size after a large one. */
const BUFFER_BYTES_INITIAL = 65_536;
/** No witness is encoded beyond this: three times the longest body that is parsed (10 MB). */
export const ENCODED_BYTES_MAX = 32 * 1024 * 1024;

const copyBytes = Buffer.prototype.copy;

let buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES_INITIAL);
/** First byte written; what is written next goes before it. */
let at = buffer.length;

/** Thrown by the writer and caught by whoever started it: a witness beyond the limit is dropped, not half encoded. */
export class EncodedTooLong extends RangeError {}

/** A longer value stays where it is: what is written has a place for it. */
const SPLICED_BYTES_MIN = 1 << 20;

/** Such values, the last one first, and how many bytes of the buffer follow each. */
const spliced: Sealed[] = [];
const splicedBefore: number[] = [];
let splicedBytes = 0;

/** Starts a new message at the buffer's end. */
export function beginWriting(): void {
  spliced.length = 0;
  splicedBefore.length = 0;
  splicedBytes = 0;
  if (buffer.length > BUFFER_BYTES_INITIAL * 16) buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES_INITIAL);
  at = buffer.length;
}

/** What has been written since `beginWriting`: a view, valid until the next `beginWriting`; with a long value in it, a copy. */
export function writtenBytes(): Buffer<ArrayBuffer> {
  if (spliced.length === 0) return buffer.subarray(at);
  const joined = Buffer.allocUnsafeSlow(writtenLength());
  let to = 0;
  eachWrittenPiece((bytes, start, end) => {
    to += copyBytes.call(bytes, joined, to, start, end);
  });
  return joined;
}

export const writtenLength = (): number => buffer.length - at + splicedBytes;

/** Whether a long value stands in its pages still: then the buffer alone is not what was written. */
export const isSpliced = (): boolean => spliced.length > 0;

/** What has been written, from its beginning to its end. */
export function eachWrittenPiece(take: (bytes: Uint8Array, start: number, end: number) => void): void {
  let from = at;
  for (let i = spliced.length - 1; i >= 0; i -= 1) {
    const end = buffer.length - splicedBefore[i]!;
    if (end > from) take(buffer, from, end);
    const { pages, sizes } = spliced[i]!;
    for (const [page, bytes] of pages!.entries()) take(bytes, 0, sizes![page]!);
    from = end;
  }
  if (buffer.length > from) take(buffer, from, buffer.length);
}

/** As `writtenBytes` without the view, which is 100 bytes of garbage: where they begin in `writtenMemory`, up to its end. */
export const writtenStart = (): number => at;
export const writtenMemory = (): Uint8Array => buffer;

/** Marks the end of a message: to be handed to {@link putMessageHead} when its content is written. */
export function messageEnd(): number {
  return writtenLength();
}

function room(length: number): void {
  if (at >= length) return;
  const used = buffer.length - at;
  if (used + splicedBytes + length > ENCODED_BYTES_MAX) throw new EncodedTooLong('witness beyond the encoder’s limit');
  const wider = Buffer.allocUnsafeSlow(Math.min(ENCODED_BYTES_MAX, Math.max(buffer.length * 2, used + length)));
  buffer.copy(wider, wider.length - used, at);
  at = wider.length - used;
  buffer = wider;
}

/** Tags of field numbers below 16 are one byte; the schema has no others, the generator sees to it. */
export function putTag(tag: number): void {
  room(1);
  at -= 1;
  buffer[at] = tag;
}

/** The length and the tag before a message that ended at `end`. */
export function putMessageHead(end: number, tag: number): void {
  putUnsigned(writtenLength() - end);
  putTag(tag);
}

/** An integer of 0 … 2^53. */
export function putUnsigned(value: number): void {
  room(10);
  if (value < 128) {
    at -= 1;
    buffer[at] = value;
    return;
  }
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  at -= size;
  let rest = value;
  for (let i = at; i < at + size - 1; i += 1) {
    const high = Math.floor(rest / 128);
    buffer[i] = (rest - high * 128) | 0x80;
    rest = high;
  }
  buffer[at + size - 1] = rest;
}

/** Any integer of 64 bits, negative ones in two's complement, enums and int32 as well. */
export function putInteger(value: number | bigint): void {
  if (typeof value === 'number' && value >= 0) putUnsigned(value);
  else putBigInteger(BigInt.asUintN(64, BigInt(value)));
}

function putBigInteger(value: bigint): void {
  room(10);
  let size = 1;
  for (let rest = value; rest >= 128n; rest >>= 7n) size += 1;
  at -= size;
  let rest = value;
  for (let i = at; i < at + size; i += 1, rest >>= 7n) buffer[i] = Number(rest & 0x7fn) | 0x80;
  buffer[at + size - 1]! &= 0x7f;
}

export function putBool(value: boolean): void {
  putTag(value ? 1 : 0);
}

/** Where a number's bytes are made: the methods of buffers allocate. */
const number = new DataView(new ArrayBuffer(8));
const numberBytes = new Uint8Array(number.buffer);

export function putDouble(value: number): void {
  room(8);
  at -= 8;
  number.setFloat64(0, value, true);
  for (let i = 0; i < 8; i += 1) buffer[at + i] = numberBytes[i]!;
}

export function putFloat(value: number): void {
  room(4);
  at -= 4;
  number.setFloat32(0, value, true);
  for (let i = 0; i < 4; i += 1) buffer[at + i] = numberBytes[i]!;
}

/** Above so many characters the runtime's own conversion is faster than a loop. */
const SHORT_TEXT = 64;

/** A string with its length before it. */
export function putText(text: string): void {
  const { length } = text;
  if (length <= SHORT_TEXT) {
    room(length + 5);
    let i = length - 1;
    for (let to = at - 1; i >= 0; i -= 1, to -= 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      buffer[to] = code;
    }
    if (i < 0) {
      at -= length;
      putUnsigned(length);
      return;
    }
  }
  const size = Buffer.byteLength(text, 'utf8');
  room(size + 5);
  at -= size;
  const written = buffer.write(text, at, size, 'utf8');
  assert(written === size);
  putUnsigned(size);
}

/** Bytes with their length before them. */
export function putBytes(value: Uint8Array): void {
  room(value.length + 5);
  at -= value.length;
  buffer.set(value, at);
  putUnsigned(value.length);
}

/** Bytes as they are: `length` of them from `start`. */
function putEncoded(value: Uint8Array, start: number, length: number): void {
  room(length);
  at -= length;
  if (length > SHORT_TEXT) copyBytes.call(value, buffer, at, start, start + length);
  else for (let i = 0; i < length; i += 1) buffer[at + i] = value[start + i]!;
}

/** Entries of a map that are encoded already. */
export function putPacked({ bytes, start, end }: PackedFields): void {
  putEncoded(bytes, start, end - start);
}

/** A value that is encoded already. */
export function putSealed(value: Sealed): void {
  const { bytes, start, length, pages, sizes } = value;
  if (sizes !== null && length >= SPLICED_BYTES_MIN) {
    if (writtenLength() + length > ENCODED_BYTES_MAX) throw new EncodedTooLong('witness beyond the encoder’s limit');
    spliced.push(value);
    splicedBefore.push(buffer.length - at);
    splicedBytes += length;
    return;
  }
  if (pages === null) {
    putEncoded(bytes, start, length);
    return;
  }
  room(length);
  const last = pages.length - 1;
  for (let i = last; i >= 0; i -= 1) {
    const size = i === last ? length - last * SEALED_PAGE_BYTES : SEALED_PAGE_BYTES;
    putEncoded(pages[i]!, 0, sizes === null ? size : sizes[i]!);
  }
}
