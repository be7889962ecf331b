/**
 * Plain heads, which nearly all are, in one pass (hot path), in the language of `kernel-compiler.ts`: a request line of three
 * words or a status line, fields of a token, a colon and text, each line ended by CRLF; at most one Content-Length, of
 * digits, or one Transfer-Encoding, `chunked`; no Upgrade. Nothing about such a head is odd: `MessageFlag` has no bit for
 * it. Anything else is not taken, and `HeadParser` reads it as it reads all, so that what is flagged or refused is
 * decided in one place.
 */
import { FIELDS_AT, Found, HEAD_AT, METHOD_IS_LONG, TOKENS_AT } from './head-layout.ts';
import { METHOD_BYTES_MAX, METHODS } from './methods.ts';

const CRLF = 0x0a0d;
/** More digits could pass 2^30: such lengths are JavaScript's. */
const LENGTH_DIGITS_MAX = 9;
const HIGH_BITS = '0x8080808080808080L';
const LOWER_CASE = '0x2020202020202020L';

/** Text as `load64` finds it, as much of eight bytes as it fills. */
function word(text: string): string {
  const bytes = [...text].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'));
  return `0x${bytes.toReversed().join('')}L`;
}
const repeat = (byte: number) => `0x${byte.toString(16).padStart(2, '0').repeat(8)}L`;
/** Sets the top bit of every byte below `least` and of every DEL, and maybe of bytes behind one of these: the first is right. */
const oddBytes = (least: number) => `
    let word i64 = load64(at);
    let del i64 = word ^ ${repeat(127)};
    let odd i64 = (((word - ${repeat(least)}) & (word ^ -1L)) | ((del - ${repeat(1)}) & (del ^ -1L))) & ${HIGH_BITS};`;

const methods = METHODS.map((method, index) => ({ method, index })).filter(({ method }) => method.length < 8);
const put = (what: keyof typeof Found, value: string) => `store32(${HEAD_AT + Found[what] * 4}, ${value});`;

const FUNCTIONS = `
; Where the first byte lies that is no text and no tab, or somewhere from the end on.
fn textEnd(from, end) i32 {
  let at = from;
  while (at < end) {${oddBytes(32)}
    if (odd == 0L) {
      at += 8;
      continue;
    }
    at += ctz64(odd) >> 3;
    if (load8(at) != 9) { return at; }
    at += 1;
  }
  return at;
}

; Where the first blank or control character lies, or somewhere from the end on.
fn wordEnd(from, end) i32 {
  let at = from;
  while (at < end) {${oddBytes(33)}
    if (odd != 0L) { return at + (ctz64(odd) >> 3); }
    at += 8;
  }
  return at;
}

fn tokenEnd(from, end) i32 {
  let at = from;
  while (at < end && load8(load8(at) + ${TOKENS_AT}) != 0) { at += 1; }
  return at;
}

fn isBlank(c) i32 { return c == 32 || c == 9; }

; Of the method and the space behind it.
fn methodOf(start, length) i32 {
  if (length > 7) { return ${METHOD_IS_LONG}; }
  let word i64 = load64(start) & (-1L >>> wide(56 - (length << 3)));
  ${methods.map(({ method, index }) => `if (word == ${word(`${method} `)}) { return ${index}; }`).join('\n  ')}
  return -1;
}

fn isVersion(at) i32 { return (load64(at) << 8L) == (${word('HTTP/1.')} << 8L) && load8(at + 7) - 48 <u 10; }

; Where the line ends, 0 where it is not plain.
fn statusLine(start, end) i32 {
  let at = start + 12;
  let next = load8(at);
  if (next == 32) { at += 1; } else if (next != 13) { return 0; }
  let hundreds = load8(start + 9) - 48;
  let tens = load8(start + 10) - 48;
  let ones = load8(start + 11) - 48;
  if (load8(start + 8) != 32 || hundreds - 1 >u 8 || tens >u 9 || ones >u 9) { return 0; }
  let lineEnd = textEnd(at, end);
  ${put('isRequest', '0')}
  ${put('minorVersion', 'load8(start + 7) - 48')}
  ${put('status', 'hundreds * 100 + tens * 10 + ones')}
  ${put('reasonStart', 'at - start')}
  ${put('reasonEnd', 'lineEnd - start')}
  return lineEnd;
}

fn requestLine(start, end) i32 {
  let methodEnd = tokenEnd(start, end);
  let length = methodEnd - start;
  if (length == 0 || length > ${METHOD_BYTES_MAX} || load8(methodEnd) != 32) { return 0; }
  let at = wordEnd(methodEnd + 1, end);
  if (at == methodEnd + 1 || load8(at) != 32 || !isVersion(at + 1)) { return 0; }
  ${put('isRequest', '1')}
  ${put('minorVersion', 'load8(at + 8) - 48')}
  ${put('method', 'methodOf(start, length)')}
  ${put('methodEnd', 'length')}
  ${put('targetEnd', 'at - start')}
  return at + 9;
}

; The number in [from, end), or -1.
fn lengthOf(from, end) i32 {
  if (end - from - 1 >=u ${LENGTH_DIGITS_MAX}) { return -1; }
  let length = 0;
  let at = from;
  while (at < end) {
    let digit = load8(at) - 48;
    if (digit >u 9) { return -1; }
    length = length * 10 + digit;
    at += 1;
  }
  return length;
}

; What a field says about framing; 0 where that is not plain. A name has token bytes only, among which a set bit 5 makes lower case.
fn framing(name, nameLength, value, valueEnd) i32 {
  let first i64 = load64(name) | ${LOWER_CASE};
  if (nameLength == 14) {
    if (first == ${word('content-')} && (load64(name + 6) | ${LOWER_CASE}) == ${word('t-length')}) {
      let length = lengthOf(value, valueEnd);
      if (length < 0 || contentLength >= 0) { return 0; }
      contentLength = length;
    }
  } else if (nameLength == 17) {
    let second i64 = load64(name + 8) | ${LOWER_CASE};
    if (first == ${word('transfer')} && second == ${word('-encodin')} && (load8(name + 16) | 32) == 103) {
      if (valueEnd - value != 7 || chunked) { return 0; }
      if ((load64(value) | ${LOWER_CASE}) << 8L != ${word('chunked')} << 8L) { return 0; }
      chunked = 1;
    }
  } else if (nameLength == 7 && first << 8L == ${word('upgrade')} << 8L) { return 0; }
  return 1;
}

; The length of the plain head at start, with its blank line; 0 where it is not plain or not whole.
export fn parseHead(start, end) i32 {
  let at = 0;
  if (isVersion(start)) { at = statusLine(start, end); } else { at = requestLine(start, end); }
  if (at == 0) { return 0; }
  let slot = ${FIELDS_AT};
  let slotsEnd = ${FIELDS_AT} + (fieldsMax << 4);
  let lengths = 0;
  contentLength = -1;
  chunked = 0;
  ; At the end of a line. What was read so far may lie beyond the end: then this does as well. A fold has no name.
  while (1) {
    if (at + 4 > end || load16(at) != ${CRLF}) { return 0; }
    let name = at + 2;
    if (load16(name) == ${CRLF}) { break; }
    let nameEnd = tokenEnd(name, end);
    if (nameEnd == name || load8(nameEnd) != 58 || slot == slotsEnd) { return 0; }
    let value = nameEnd + 1;
    while (value < end && isBlank(load8(value))) { value += 1; }
    at = textEnd(value, end);
    let valueEnd = at;
    while (valueEnd > value && isBlank(load8(valueEnd - 1))) { valueEnd -= 1; }
    store32(slot, name - start);
    store32(slot + 4, nameEnd - start);
    store32(slot + 8, value - start);
    store32(slot + 12, valueEnd - start);
    slot += 16;
    lengths |= 1 << (nameEnd - name);
    if (!framing(name, nameEnd - name, value, valueEnd)) { return 0; }
  }
  ${put('contentLength', 'contentLength')}
  ${put('chunked', 'chunked')}
  ${put('nameLengths', 'lengths')}
  ${put('count', `(slot - ${FIELDS_AT}) >> 4`)}
  return at + 4 - start;
}
`;

export const HEAD_PROGRAM = `global fieldsMax; global contentLength; global chunked;\n${FUNCTIONS}`;
