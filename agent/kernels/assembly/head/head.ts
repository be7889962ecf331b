/**
 * Plain heads, which nearly all are, in one pass (hot path): a request line of three words or a status line, fields of a token,
 * a colon and text, each line ended by CRLF; at most one Content-Length, of digits, or one Transfer-Encoding, `chunked`; no
 * Upgrade. Nothing about such a head is odd: `MessageFlag` has no bit for it. Anything else is not taken, and `HeadParser` reads
 * it as it reads all, so that what is flagged or refused is decided in one place.
 *
 * All reads stay in the memory: whatever is read beyond `end` is checked before it counts.
 */
import { byteAt, isDigit } from '../bytes.ts';
import {
  FIELDS_AT,
  FOUND_CHUNKED,
  FOUND_CONTENT_LENGTH,
  FOUND_COUNT,
  FOUND_IS_REQUEST,
  FOUND_METHOD,
  FOUND_METHOD_END,
  FOUND_MINOR_VERSION,
  FOUND_NAME_LENGTHS,
  FOUND_REASON_END,
  FOUND_REASON_START,
  FOUND_STATUS,
  FOUND_TARGET_END,
  METHOD_BYTES_MAX,
  METHOD_IS_LONG,
  methodIndex,
  TEXT_CHUNKED,
  TEXT_CONTENT,
  TEXT_ENCODIN,
  TEXT_HTTP,
  TEXT_T_LENGTH,
  TEXT_TRANSFER,
  TEXT_UPGRADE,
  TOKENS_AT,
} from './layout.generated.ts';

/** Fields in all. The host sets it. */
// biome-ignore lint/style/useConst: a constant has no place where it could be set.
export let fieldsMax: i32 = 0;
let contentLength: i32 = -1;
let chunked: bool = false;

const CRLF: i32 = 0x0a0d;
/** More digits could pass 2^30: such lengths are JavaScript's. */
const LENGTH_DIGITS_MAX: u32 = 9;
const LOWER_CASE: u64 = 0x2020202020202020;

/**
 * Sets the top bit of every byte below `least` (given eight times) and of every DEL, and maybe of bytes behind one of these: the
 * first is right.
 */
function oddBytes(word: u64, least: u64): u64 {
  const del = word ^ 0x7f7f7f7f7f7f7f7f;
  return (((word - least) & ~word) | ((del - 0x0101010101010101) & ~del)) & 0x8080808080808080;
}

/** Where the first byte lies that is no text and no tab, or somewhere from the end on. */
function textEnd(from: i32, end: i32): i32 {
  let at = from;
  while (at < end) {
    const odd = oddBytes(load<u64>(at), 0x2020202020202020);
    if (odd === 0) {
      at += 8;
      continue;
    }
    at += <i32>ctz(odd) >> 3;
    if (byteAt(at) !== 9) return at;
    at += 1;
  }
  return at;
}

/** Where the first blank or control character lies, or somewhere from the end on. */
function wordEnd(from: i32, end: i32): i32 {
  let at = from;
  while (at < end) {
    const odd = oddBytes(load<u64>(at), 0x2121212121212121);
    if (odd !== 0) return at + (<i32>ctz(odd) >> 3);
    at += 8;
  }
  return at;
}

function tokenEnd(from: i32, end: i32): i32 {
  let at = from;
  while (at < end && byteAt(TOKENS_AT + byteAt(at)) !== 0) at += 1;
  return at;
}

function isBlank(byte: i32): bool {
  return byte === 32 || byte === 9;
}

/** Of the method and the space behind it. */
function methodOf(start: i32, length: i32): i32 {
  if (length > 7) return METHOD_IS_LONG;
  return methodIndex(load<u64>(start) & (<u64>-1 >> <u64>(56 - (length << 3))));
}

function isVersion(at: i32): bool {
  return load<u64>(at) << 8 === TEXT_HTTP << 8 && isDigit(byteAt(at + 7));
}

/** Where the line ends, 0 where it is not plain. */
function statusLine(start: i32, end: i32): i32 {
  let at = start + 12;
  const next = byteAt(at);
  if (next === 32) at += 1;
  else if (next !== 13) return 0;
  const hundreds = byteAt(start + 9) - 48;
  const tens = byteAt(start + 10) - 48;
  const ones = byteAt(start + 11) - 48;
  if (byteAt(start + 8) !== 32 || <u32>(hundreds - 1) > 8 || <u32>tens > 9 || <u32>ones > 9) return 0;
  const lineEnd = textEnd(at, end);
  store<i32>(FOUND_IS_REQUEST, 0);
  store<i32>(FOUND_MINOR_VERSION, byteAt(start + 7) - 48);
  store<i32>(FOUND_STATUS, hundreds * 100 + tens * 10 + ones);
  store<i32>(FOUND_REASON_START, at - start);
  store<i32>(FOUND_REASON_END, lineEnd - start);
  return lineEnd;
}

function requestLine(start: i32, end: i32): i32 {
  const methodEnd = tokenEnd(start, end);
  const length = methodEnd - start;
  if (length === 0 || length > METHOD_BYTES_MAX || byteAt(methodEnd) !== 32) return 0;
  const at = wordEnd(methodEnd + 1, end);
  if (at === methodEnd + 1 || byteAt(at) !== 32 || !isVersion(at + 1)) return 0;
  store<i32>(FOUND_IS_REQUEST, 1);
  store<i32>(FOUND_MINOR_VERSION, byteAt(at + 8) - 48);
  store<i32>(FOUND_METHOD, methodOf(start, length));
  store<i32>(FOUND_METHOD_END, length);
  store<i32>(FOUND_TARGET_END, at - start);
  return at + 9;
}

/** The number in [from, end), or -1. */
function lengthOf(from: i32, end: i32): i32 {
  if (<u32>(end - from - 1) >= LENGTH_DIGITS_MAX) return -1;
  let length = 0;
  for (let at = from; at < end; at += 1) {
    const digit = byteAt(at) - 48;
    if (<u32>digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

/** What a field says about framing; false where that is not plain. A name has token bytes only, among which a set bit 5 makes lower case. */
function framing(name: i32, nameLength: i32, value: i32, valueEnd: i32): bool {
  const first = load<u64>(name) | LOWER_CASE;
  if (nameLength === 14) {
    if (first === TEXT_CONTENT && (load<u64>(name + 6) | LOWER_CASE) === TEXT_T_LENGTH) {
      const length = lengthOf(value, valueEnd);
      if (length < 0 || contentLength >= 0) return false;
      contentLength = length;
    }
  } else if (nameLength === 17) {
    const second = load<u64>(name + 8) | LOWER_CASE;
    if (first === TEXT_TRANSFER && second === TEXT_ENCODIN && (byteAt(name + 16) | 32) === 103) {
      if (valueEnd - value !== 7 || chunked) return false;
      if ((load<u64>(value) | LOWER_CASE) << 8 !== TEXT_CHUNKED << 8) return false;
      chunked = true;
    }
  } else if (nameLength === 7 && first << 8 === TEXT_UPGRADE << 8) return false;
  return true;
}

/** The length of the plain head at start, with its blank line; 0 where it is not plain or not whole. */
export function parseHead(start: i32, end: i32): i32 {
  let at = isVersion(start) ? statusLine(start, end) : requestLine(start, end);
  if (at === 0) return 0;
  let slot = FIELDS_AT;
  const slotsEnd = FIELDS_AT + (fieldsMax << 4);
  let lengths = 0;
  contentLength = -1;
  chunked = false;
  // At the end of a line. What was read so far may lie beyond the end: then this does as well. A fold has no name.
  while (true) {
    if (at + 4 > end || <i32>load<u16>(at) !== CRLF) return 0;
    const name = at + 2;
    if (<i32>load<u16>(name) === CRLF) break;
    const nameEnd = tokenEnd(name, end);
    if (nameEnd === name || byteAt(nameEnd) !== 58 || slot === slotsEnd) return 0;
    let value = nameEnd + 1;
    while (value < end && isBlank(byteAt(value))) value += 1;
    at = textEnd(value, end);
    let valueEnd = at;
    while (valueEnd > value && isBlank(byteAt(valueEnd - 1))) valueEnd -= 1;
    store<i32>(slot, name - start);
    store<i32>(slot, nameEnd - start, 4);
    store<i32>(slot, value - start, 8);
    store<i32>(slot, valueEnd - start, 12);
    slot += 16;
    lengths |= 1 << (nameEnd - name);
    if (!framing(name, nameEnd - name, value, valueEnd)) return 0;
  }
  store<i32>(FOUND_CONTENT_LENGTH, contentLength);
  store<i32>(FOUND_CHUNKED, chunked ? 1 : 0);
  store<i32>(FOUND_NAME_LENGTHS, lengths);
  store<i32>(FOUND_COUNT, (slot - FIELDS_AT) >> 4);
  return at + 4 - start;
}
