/** Characters as they are written in text, targets and JSON, read and written again in place. Pure. */

export interface ReadUnit {
  /** Code point; of a byte that is no UTF-8: 0xdc00 and the byte. */
  code: number;
  /** Behind it. */
  end: number;
}

const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** Where bytes lie that are no UTF-8: no character has a code of a lone low surrogate. */
const strayBase = 0xdc00;

function isHexDigit(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || ((byte | 0x20) >= 97 && (byte | 0x20) <= 102);
}

/** How long the sequence is that a byte begins (RFC 3629); 0: none. */
function sequenceBytes(first: number): number {
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

export function readUtf8(bytes: Uint8Array, at: number, end: number, unit: ReadUnit): void {
  const first = bytes[at]!;
  unit.code = first;
  unit.end = at + 1;
  if (first < 0x80) return;
  const length = sequenceBytes(first);
  unit.code = strayBase + first;
  if (length === 0 || at + length > end) return;
  let code = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i += 1) {
    const byte = bytes[at + i]!;
    if ((byte & 0xc0) !== 0x80) return;
    code = (code << 6) | (byte & 0x3f);
  }
  unit.code = code;
  unit.end = at + length;
}

/** In place of as many bytes as it takes; a byte that is no UTF-8 becomes another one. */
export function writeUtf8(bytes: Uint8Array, start: number, end: number, code: number): void {
  const length = end - start;
  if (length === 1) {
    // A stray one was mapped as a character of three bytes.
    bytes[start] = code < 0x80 ? code : 0xe0 + (code % 23);
    return;
  }
  for (let i = length - 1, rest = code; i > 0; i -= 1, rest >>= 6) bytes[start + i] = 0x80 | (rest & 0x3f);
  const lead = code >> (6 * (length - 1));
  bytes[start] = ((0xf00 >> length) & 0xff) | lead;
}

/** `%41`, or several that are one character in UTF-8. @returns false where there is none */
export function readPercent(bytes: Uint8Array, at: number, end: number, unit: ReadUnit): boolean {
  const first = percentByte(bytes, at, end);
  if (first < 0) return false;
  unit.code = first;
  unit.end = at + 3;
  if (first < 0x80) return true;
  const length = sequenceBytes(first);
  unit.code = strayBase + first;
  let code = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i += 1) {
    const byte = percentByte(bytes, at + i * 3, end);
    if (byte < 0 || (byte & 0xc0) !== 0x80) return true;
    code = (code << 6) | (byte & 0x3f);
  }
  if (length === 0) return true;
  unit.code = code;
  unit.end = at + length * 3;
  return true;
}

const coded = new Uint8Array(4);

export function writePercent(bytes: Uint8Array, start: number, end: number, code: number): void {
  const length = (end - start) / 3;
  writeUtf8(coded, 0, length, code);
  for (let i = 0; i < length; i += 1) {
    const at = start + i * 3 + 1;
    const isLower = bytes[at]! > 96 || bytes[at + 1]! > 96;
    putHex(bytes, at, coded[i]! >> 4, isLower);
    putHex(bytes, at + 1, coded[i]! & 15, isLower);
  }
}

/** `\u0041`, or two that are one character. @returns false where there is none */
export function readEscape(bytes: Uint8Array, at: number, end: number, unit: ReadUnit): boolean {
  const first = escapedUnit(bytes, at, end);
  if (first < 0) return false;
  unit.code = first;
  unit.end = at + 6;
  if (first < 0xd800 || first > 0xdbff) return true;
  const second = escapedUnit(bytes, at + 6, end);
  if (second < 0xdc00 || second > 0xdfff) return true;
  unit.code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  unit.end = at + 12;
  return true;
}

export function writeEscape(bytes: Uint8Array, start: number, end: number, code: number): void {
  if (end - start === 12) {
    const above = code - 0x1_0000;
    putUnit(bytes, start, 0xd800 + (above >> 10));
    putUnit(bytes, start + 6, 0xdc00 + (above & 0x3ff));
  } else putUnit(bytes, start, code);
}

function putUnit(bytes: Uint8Array, start: number, unit: number): void {
  let isLower = false;
  for (let i = 2; i < 6; i += 1) if (bytes[start + i]! > 96) isLower = true;
  for (let i = 0; i < 4; i += 1) putHex(bytes, start + 2 + i, (unit >> (12 - 4 * i)) & 15, isLower);
}

function escapedUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at + 6 > end || bytes[at] !== BACKSLASH || bytes[at + 1] !== LETTER_U) return -1;
  let unit = 0;
  for (let i = 2; i < 6; i += 1) {
    if (!isHexDigit(bytes[at + i]!)) return -1;
    unit = (unit << 4) | hexValue(bytes[at + i]!);
  }
  return unit;
}

function percentByte(bytes: Uint8Array, at: number, end: number): number {
  if (at + 3 > end || bytes[at] !== PERCENT || !isHexDigit(bytes[at + 1]!) || !isHexDigit(bytes[at + 2]!)) return -1;
  return (hexValue(bytes[at + 1]!) << 4) | hexValue(bytes[at + 2]!);
}

function hexValue(byte: number): number {
  return byte <= 57 ? byte - 48 : (byte | 0x20) - 87;
}

function putHex(bytes: Uint8Array, at: number, value: number, isLower: boolean): void {
  bytes[at] = value < 10 ? 48 + value : value + (isLower ? 87 : 55);
}
