/**
 * The one scratch memory in which digests are made (hot path). Whatever is hashed is laid out here at a caller-chosen
 * offset, children above their parents, and `hash` writes the 8 digest bytes straight into the parent's bytes: a digest
 * is never a JavaScript value until someone asks for its text.
 *
 * Bounded: ENTRIES_MAX entries of 16 bytes a container, times the depth of the tree that is hashed. What a large witness
 * needed is given back (`releaseDigestMemory`).
 */
import { DIGEST_KERNEL } from '../kernels/digest.generated.ts';
import type { PackedFields } from '../witness/sealed.ts';

const PAGE_BYTES = 65_536;
/** 256 KiB: the widest of common witnesses (some hundred fields) at full depth, and the longest piece of a string. */
const PAGES_INITIAL = 4;
/** Map entries and list elements that count in a digest. 16 MiB of scratch; a body that has more is cut before. */
export const ENTRIES_MAX = 1 << 20;

/** The last digest, and its text: they outlive a change of memory. */
const KEPT_BYTES = 24;

/** What the kernel exports (`agent/kernels/assembly/digest/digest.ts`); offsets and lengths in bytes. */
interface Xxh64 {
  begin(): void;
  stripes(offset: number, length: number): void;
  finish(offset: number, rest: number, total: number, out: number): void;
  hash(offset: number, length: number, out: number): void;
}

let memory = new WebAssembly.Memory({ initial: PAGES_INITIAL });
/** The scratch memory. Replaced when it grows: read it anew after every call that may have grown it. */
export let bytes = Buffer.from(memory.buffer as ArrayBuffer);
export let view = new DataView(memory.buffer);
let capacityBytes = memory.buffer.byteLength;

const program = new WebAssembly.Module(Buffer.from(DIGEST_KERNEL, 'base64'));
let xxh64 = instantiate();

function instantiate(): Xxh64 {
  return new WebAssembly.Instance(program, { env: { memory } }).exports as unknown as Xxh64;
}

function attach(): void {
  bytes = Buffer.from(memory.buffer as ArrayBuffer);
  view = new DataView(memory.buffer);
  capacityBytes = memory.buffer.byteLength;
}

/** XXH64 of length bytes at offset, written to `out` as 8 bytes big-endian. */
export function hash(offset: number, length: number, out: number): void {
  xxh64.hash(offset, length, out);
}

/** Makes room: bytes up to `end` may be written afterwards. */
export function ensure(end: number): void {
  if (end > capacityBytes) grow(end);
}

function grow(end: number): void {
  const wanted = Math.max(end, capacityBytes * 2);
  memory.grow(Math.ceil((wanted - capacityBytes) / PAGE_BYTES));
  attach();
}

/** After an unusually large witness: starts again with the initial memory. @returns whether there was something to give back. */
export function releaseDigestMemory(): boolean {
  if (capacityBytes <= PAGES_INITIAL * PAGE_BYTES * 4) return false;
  const last = bytes.subarray(0, KEPT_BYTES);
  memory = new WebAssembly.Memory({ initial: PAGES_INITIAL });
  xxh64 = instantiate();
  attach();
  bytes.set(last);
  return true;
}

/** Writes a known digest (two halves, big-endian). */
export function putDigest(out: number, high: number, low: number): void {
  view.setInt32(out, high);
  view.setInt32(out + 4, low);
}

/** A signed word of a digest, big-endian. */
export function digestWord(offset: number): number {
  return view.getInt32(offset);
}

const TYPE_INT = 0x69; // i
const TYPE_TEXT = 0x75; // u
const TYPE_BOOL = 0x62; // b
const TYPE_BYTES = 0x72; // r
const TYPE_FLOAT = 0x66; // f
export const TYPE_LIST = 0x6c; // l
export const TYPE_MAP = 0x64; // d
const DIGIT_0 = 0x30;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
/** Strings and byte strings longer than this are hashed piece by piece, so that their size does not size the memory. */
const PIECE = 16_384;

export function hashText(text: string, out: number, at: number): void {
  const { length } = text;
  if (length > PIECE) {
    hashLongText(text, out, at);
    return;
  }
  ensure(at + 1 + length * 3);
  const target = bytes;
  target[at] = TYPE_TEXT;
  let i = 0;
  for (; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) break;
    target[at + 1 + i] = code;
  }
  const written = i === length ? length : target.write(text, at + 1, length * 3, 'utf8');
  xxh64.hash(at, 1 + written, out);
}

/** Pieces end between characters, and what does not fill a stripe moves to the front. */
function hashLongText(text: string, out: number, at: number): void {
  ensure(at + 64 + PIECE * 3);
  const target = bytes;
  xxh64.begin();
  target[at] = TYPE_TEXT;
  let rest = 1;
  let total = 1;
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + PIECE, text.length);
    if (to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to -= 1;
    const written = target.write(text.slice(from, to), at + rest, PIECE * 3, 'utf8');
    total += written;
    rest = absorb(at, rest + written);
    from = to;
  }
  xxh64.finish(at, rest, total, out);
}

/** Hashes the whole stripes of length bytes and moves the remainder to the front. */
function absorb(at: number, length: number): number {
  const whole = length & ~31;
  xxh64.stripes(at, whole);
  bytes.copyWithin(at, at + whole, at + length);
  return length - whole;
}

export function hashBytes(value: Uint8Array, out: number, at: number): void {
  const { length } = value;
  ensure(at + 64 + Math.min(length, PIECE));
  bytes[at] = TYPE_BYTES;
  if (length <= PIECE) {
    bytes.set(value, at + 1);
    xxh64.hash(at, 1 + length, out);
    return;
  }
  xxh64.begin();
  let rest = 1;
  for (let from = 0; from < length; from += PIECE) {
    const piece = value.subarray(from, Math.min(from + PIECE, length));
    bytes.set(piece, at + rest);
    rest = absorb(at, rest + piece.length);
  }
  xxh64.finish(at, rest, 1 + length, out);
}

export function hashBool(value: boolean, out: number, at: number): void {
  ensure(at + 2);
  bytes[at] = TYPE_BOOL;
  bytes[at + 1] = value ? DIGIT_0 + 1 : DIGIT_0;
  xxh64.hash(at, 2, out);
}

/** Integers and enums: decimal text. A `number` must be a safe integer. */
export function hashInt(value: number | bigint, out: number, at: number): void {
  ensure(at + 24);
  const target = bytes;
  target[at] = TYPE_INT;
  let end = at + 1;
  if (typeof value === 'bigint') end += target.write(value.toString(), end, 21, 'latin1');
  else end = putDecimal(target, end, value);
  xxh64.hash(at, end - at, out);
}

function putDecimal(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let start = at;
  if (rest < 0) {
    target[start] = MINUS;
    start += 1;
    rest = -rest;
  }
  let end = start;
  do {
    const quotient = Math.floor(rest / 10);
    target[end] = DIGIT_0 + (rest - quotient * 10);
    end += 1;
    rest = quotient;
  } while (rest > 0);
  for (let i = start, j = end - 1; i < j; i += 1, j -= 1) {
    const digit = target[i]!;
    target[i] = target[j]!;
    target[j] = digit;
  }
  return end;
}

const doubleBits = new DataView(new ArrayBuffer(8));

/**
 * Floats: sign, exponent, ':' and binary mantissa of the value as fraction × 2^exponent, the fraction in (0.5, 1].
 * Read off the bits, so that it is exact and its time bounded for denormals as well.
 */
export function hashFloat(value: number, out: number, at: number): void {
  ensure(at + 96);
  bytes[at] = TYPE_FLOAT;
  doubleBits.setFloat64(0, value);
  const high = doubleBits.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  let end: number;
  // Zero, denormals, infinities and NaN are rare: their text is made the plain way.
  if (biased === 0 || biased === 0x7ff) end = at + 1 + bytes.write(floatText(value), at + 1, 90, 'latin1');
  else end = putNormalFloat(high, doubleBits.getUint32(4), biased, at + 1);
  xxh64.hash(at, end - at, out);
}

/** As `normalisedFloat`, written bit by bit: doubles are frequent enough in JSON for their text to show in a profile. */
function putNormalFloat(high: number, low: number, biased: number, start: number): number {
  const target = bytes;
  let at = start;
  target[at++] = high >>> 31 === 0 ? PLUS : MINUS;
  const fraction = high & 0xfffff;
  const isPowerOfTwo = fraction === 0 && low === 0;
  at = putSmallInteger(biased - (isPowerOfTwo ? 1023 : 1022), at);
  target[at++] = COLON;
  if (isPowerOfTwo) {
    target[at++] = DIGIT_0 + 1;
    return at;
  }
  target[at++] = DIGIT_0;
  target[at++] = DIGIT_0 + 1;
  const highBits = low === 0 ? 20 - trailingZeros(fraction) : 20;
  for (let bit = 19; bit >= 20 - highBits; bit -= 1) target[at++] = DIGIT_0 + ((fraction >>> bit) & 1);
  if (low === 0) return at;
  const lowEnd = trailingZeros(low);
  for (let bit = 31; bit >= lowEnd; bit -= 1) target[at++] = DIGIT_0 + ((low >>> bit) & 1);
  return at;
}

/** Of a number that is not 0. */
function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** An integer in −9999 … 9999 as decimal text. @returns its end */
function putSmallInteger(value: number, start: number): number {
  const target = bytes;
  let at = start;
  let rest = value;
  if (rest < 0) {
    target[at++] = MINUS;
    rest = -rest;
  }
  if (rest >= 1000) target[at++] = DIGIT_0 + Math.floor(rest / 1000);
  if (rest >= 100) target[at++] = DIGIT_0 + (Math.floor(rest / 100) % 10);
  if (rest >= 10) target[at++] = DIGIT_0 + (Math.floor(rest / 10) % 10);
  target[at++] = DIGIT_0 + (rest % 10);
  return at;
}

function floatText(value: number): string {
  if (value === 0) return '+0:';
  if (Number.isFinite(value)) return normalisedFloat(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** The text of a finite value other than 0. */
export function normalisedFloat(value: number): string {
  doubleBits.setFloat64(0, value);
  const high = doubleBits.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  // mantissa × 2^exponent = |value|, the mantissa an integer below 2^53
  let mantissa = (high & 0xfffff) * 4294967296 + doubleBits.getUint32(4);
  let exponent = -1074;
  if (biased !== 0) {
    mantissa += 2 ** 52;
    exponent = biased - 1075;
  }
  const binary = mantissa.toString(2);
  let { length } = binary;
  while (binary.charCodeAt(length - 1) === DIGIT_0) length -= 1;
  const digits = binary.slice(0, length);
  exponent += binary.length - length;
  const sign = value < 0 ? '-' : '+';
  // A power of two is 1 × 2^n; anything else has its first binary digit behind the point.
  return digits === '1' ? `${sign}${exponent}:1` : `${sign}${exponent + digits.length}:0${digits}`;
}

const { copy: copyBytes, latin1Slice } = Buffer.prototype;

/** The digests of finished entries, to p. @returns their end */
export function putPairs({ bytes: packed, start }: PackedFields, p: number): number {
  ensure(p + start);
  copyBytes.call(packed, bytes, p, 0, start);
  return p + start;
}

/** Sorts count entries of (key digest, value digest) at offset by key digest, in place. */
export function sortEntries(offset: number, count: number): void {
  if (count > 24) {
    heapSort(offset, count);
    return;
  }
  const data = view;
  for (let i = 1; i < count; i += 1) {
    let at = offset + i * 16;
    const keyHigh = data.getInt32(at);
    const keyLow = data.getInt32(at + 4);
    const valueHigh = data.getInt32(at + 8);
    const valueLow = data.getInt32(at + 12);
    for (; at > offset && isAbove(data, at - 16, keyHigh, keyLow); at -= 16) bytes.copyWithin(at, at - 16, at);
    data.setInt32(at, keyHigh);
    data.setInt32(at + 4, keyLow);
    data.setInt32(at + 8, valueHigh);
    data.setInt32(at + 12, valueLow);
  }
}

/** Signed words need no box on the heap; with their first bit turned they are in the order of unsigned ones. */
const FIRST_BIT = 0x8000_0000 | 0;

function isAbove(data: DataView, at: number, high: number, low: number): boolean {
  const other = data.getInt32(at) ^ FIRST_BIT;
  const wanted = high ^ FIRST_BIT;
  return other > wanted || (other === wanted && (data.getInt32(at + 4) ^ FIRST_BIT) > (low ^ FIRST_BIT));
}

/** In place, O(n log n) whatever the keys: they come from the traffic. */
function heapSort(offset: number, count: number): void {
  for (let root = (count >> 1) - 1; root >= 0; root -= 1) siftDown(offset, root, count);
  for (let end = count - 1; end > 0; end -= 1) {
    swapEntries(offset, offset + end * 16);
    siftDown(offset, 0, end);
  }
}

function siftDown(offset: number, from: number, count: number): void {
  const data = view;
  let root = from;
  for (;;) {
    let child = root * 2 + 1;
    if (child >= count) return;
    const next = offset + (child + 1) * 16;
    if (child + 1 < count && isAbove(data, next, data.getInt32(next - 16), data.getInt32(next - 12))) child += 1;
    const at = offset + root * 16;
    if (!isAbove(data, offset + child * 16, data.getInt32(at), data.getInt32(at + 4))) return;
    swapEntries(at, offset + child * 16);
    root = child;
  }
}

function swapEntries(a: number, b: number): void {
  for (let i = 0; i < 16; i += 8) {
    const high = view.getInt32(a + i);
    const low = view.getInt32(a + i + 4);
    putDigest(a + i, view.getInt32(b + i), view.getInt32(b + i + 4));
    putDigest(b + i, high, low);
  }
}

const BASE64URL = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** The digest at offset as text: base64url with padding, 12 characters. */
export function digestTextAt(offset: number): string {
  const b = bytes;
  const out = offset + 8;
  for (let i = 0, o = out; i < 9; i += 3, o += 4) {
    const group = (b[offset + i]! << 16) | (b[offset + i + 1]! << 8) | (i < 6 ? b[offset + i + 2]! : 0);
    b[o] = BASE64URL[group >> 18]!;
    b[o + 1] = BASE64URL[(group >> 12) & 63]!;
    b[o + 2] = BASE64URL[(group >> 6) & 63]!;
    b[o + 3] = i < 6 ? BASE64URL[group & 63]! : 0x3d;
  }
  return latin1Slice.call(b, out, out + 12);
}

/** Value of each digit of base64url; what is none counts as 0. */
const BASE64URL_VALUES = new Uint8Array(128);
for (let i = 0; i < 64; i += 1) BASE64URL_VALUES[BASE64URL[i]!] = i;

/** The reverse of {@link digestTextAt}: a digest's text to its 8 bytes at `out`. */
export function putDigestOfText(text: string, out: number): void {
  const b = bytes;
  for (let i = 0, o = out; i < 12; i += 4, o += 3) {
    const group =
      (BASE64URL_VALUES[text.charCodeAt(i)]! << 18) |
      (BASE64URL_VALUES[text.charCodeAt(i + 1)]! << 12) |
      (BASE64URL_VALUES[text.charCodeAt(i + 2)]! << 6) |
      BASE64URL_VALUES[text.charCodeAt(i + 3)]!;
    b[o] = group >> 16;
    b[o + 1] = group >> 8;
    if (i < 8) b[o + 2] = group;
  }
}

/** The text of a digest that is held in two words. */
export function digestText(high: number, low: number): string {
  putDigest(0, high, low);
  return digestTextAt(0);
}
