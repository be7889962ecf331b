/**
 * Parses the head of one HTTP/1 message in place: start line and fields (RFC 9112, 2–5); `framing-fields.ts` reads what they say.
 * Hot path: plain loops over bytes, offsets into one typed array, no strings. One file and one long class because it is
 * one state machine over one set of results.
 */
import { ByteView } from '../wire/byte-view.ts';
import { CLASS, isBlank, TOKEN, VALUE } from './byte-classes.ts';
import { type FramingResults, LENGTH_ABSENT, mayFrame, readFraming, UpgradeTo } from './framing-fields.ts';
import { FIELDS_MAX, Found, METHOD_IS_LONG } from './head-layout.ts';
import { MessageFlag } from './message-flag.ts';
import { isMethodPrefix, METHOD_BYTES_MAX, methodIndex } from './methods.ts';
import { PlainHeads } from './plain-heads.ts';

/** `parse` gives the head's length, or one of these. */
export const HEAD_INCOMPLETE = 0;
export const HEAD_INVALID = -1;

/** `minorVersion` of HTTP/0.9: a request line of method and path alone. */
export const NO_VERSION = -1;

const LF = 10;
const CR = 13;
const SP = 32;
const HT = 9;
const COLON = 58;
const SLASH = 47;
/** A line of an unknown method without a version in its first word is followed this far: other protocols look so. */
const ODD_LINE_BYTES_MAX = 1024;

/** `HTTP/1.` */
const VERSION_PREFIX = Uint8Array.of(72, 84, 84, 80, 47, 49, 46);

export class HeadParser implements FramingResults {
  isRequest = false;
  /** Whether the start line was read to its end: set even where the head is incomplete. */
  startLineRead = false;
  minorVersion = 0;
  /** Index into METHODS, −1 for others. */
  method = -1;
  status = 0;
  /** MessageFlag bits found in the head. */
  flags = 0;
  /** Content-Length, or LENGTH_ABSENT, or LENGTH_UNKNOWABLE (invalid or conflicting). */
  contentLength = LENGTH_ABSENT;
  hasEncoding = false;
  /** The last transfer coding is chunked. */
  chunked = false;
  upgrade: UpgradeTo = UpgradeTo.none;
  /** Indexed fields. */
  count = 0;
  /** A bit for the length of each field's name, modulo 32: most fields that are asked for are not there. */
  nameLengths = 0;
  /** Offsets relative to the head's start: method, target, reason. */
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** Name start and end, value start and end of each field, relative to the head's start. */
  fields: Int32Array;
  /** Whose fields these are; set by the layer. */
  owner: unknown = null;
  readonly #fieldsMax: number;
  #start = 0;
  /** Four bytes at a time over the bytes parsed last: most heads lie in the one buffer of their source. */
  readonly #views = new ByteView();
  /** Where plain heads are read by the kernel; null where there is no such memory. */
  #inPlace: Uint8Array | null = null;
  #plain: PlainHeads | null = null;

  constructor(fieldsMax: number) {
    this.#fieldsMax = fieldsMax;
    this.fields = new Int32Array(fieldsMax * 4);
  }

  /**
   * Has plain heads read by a kernel where they lie in a memory, the results the same.
   * @param bytes all of the memory, as `parse` is given it
   */
  readInPlace(memory: WebAssembly.Memory, bytes: Uint8Array): void {
    if (this.#fieldsMax > FIELDS_MAX) return;
    this.#plain = new PlainHeads(memory, this.#fieldsMax);
    this.fields = this.#plain.fields;
    this.#inPlace = bytes;
  }

  /**
   * Parses the head that starts at `bytes[start]`.
   * @param strict For guesses after a loss: a known method, single spaces, a visible target, and a first field (or blank line) that is one.
   * @returns the length of the head with its blank line, HEAD_INCOMPLETE or HEAD_INVALID (no start line).
   */
  parse(bytes: Uint8Array, start: number, end: number, strict: boolean): number {
    if (bytes === this.#inPlace && !strict) {
      const length = this.#plain!.parse(start, end);
      if (length > 0) {
        this.#take(this.#plain!.found, bytes, start);
        return length;
      }
    }
    this.#clear(start);
    const first = this.startLine(bytes, start, end, strict);
    if (first <= 0) return first;
    this.startLineRead = true;
    return this.#fieldLines(bytes, start + first, end, strict);
  }

  /** Sets the results to what the kernel found: nothing odd. */
  #take(found: Int32Array, bytes: Uint8Array, start: number): void {
    this.#clear(start);
    this.startLineRead = true;
    this.minorVersion = found[Found.minorVersion]!;
    this.contentLength = found[Found.contentLength]!;
    this.hasEncoding = this.chunked = found[Found.chunked] !== 0;
    this.count = found[Found.count]!;
    this.nameLengths = found[Found.nameLengths]!;
    if (found[Found.isRequest] !== 0) {
      const methodEnd = start + found[Found.methodEnd]!;
      const method = found[Found.method]!;
      const index = method === METHOD_IS_LONG ? methodIndex(bytes, start, methodEnd) : method;
      this.#isRequestLine(start, methodEnd, methodEnd + 1, start + found[Found.targetEnd]!, index);
      return;
    }
    this.isRequest = false;
    this.method = -1;
    this.status = found[Found.status]!;
    this.reasonStart = found[Found.reasonStart]!;
    this.reasonEnd = found[Found.reasonEnd]!;
  }

  /** Sets the results to those of a response without a head (HTTP/0.9). */
  parseNothing(): void {
    this.#clear(0);
    this.isRequest = false;
    this.method = -1;
    this.status = 0;
    this.minorVersion = NO_VERSION;
    this.reasonStart = 0;
    this.reasonEnd = 0;
  }

  #clear(start: number): void {
    this.owner = null;
    this.startLineRead = false;
    this.flags = 0;
    this.contentLength = LENGTH_ABSENT;
    this.hasEncoding = false;
    this.chunked = false;
    this.upgrade = UpgradeTo.none;
    this.count = 0;
    this.nameLengths = 0;
    this.#start = start;
  }

  /**
   * Parses the start line alone.
   * @returns its length with its line end, HEAD_INCOMPLETE (what is there could become one) or HEAD_INVALID.
   */
  startLine(bytes: Uint8Array, start: number, end: number, strict: boolean): number {
    this.#start = start;
    let at = start;
    // A status line and a request line differ at the slash at the latest: "/" is no token byte.
    const tokenMax = Math.min(end, start + METHOD_BYTES_MAX);
    while (at < tokenMax && (CLASS[bytes[at]!]! & TOKEN) !== 0) at++;
    if (at === end) {
      const hopeful =
        !strict || isMethodPrefix(bytes, start, end) || startsWith(VERSION_PREFIX, 0, 4, bytes, start, end);
      return hopeful ? HEAD_INCOMPLETE : HEAD_INVALID;
    }
    if (at === start) return HEAD_INVALID;
    if (bytes[at] === SLASH && at === start + 4) return this.#statusLine(bytes, start, end, strict);
    if (bytes[at] !== SP || (strict && methodIndex(bytes, start, at) < 0)) return HEAD_INVALID;
    return this.#requestLine(bytes, start, at, end, strict);
  }

  #statusLine(bytes: Uint8Array, start: number, end: number, strict: boolean): number {
    let at = start;
    for (let i = 0; i < 7; i++, at++) {
      if (at === end) return HEAD_INCOMPLETE;
      if (bytes[at] !== VERSION_PREFIX[i]) return HEAD_INVALID;
    }
    // d SP ddd
    for (let i = 0; i < 5; i++, at++) {
      if (at === end) return HEAD_INCOMPLETE;
      const c = bytes[at]!;
      if (i === 1 ? c !== SP : c < 48 || c > 57) return HEAD_INVALID;
    }
    const status = (bytes[at - 3]! - 48) * 100 + (bytes[at - 2]! - 48) * 10 + bytes[at - 1]! - 48;
    if (status < 100) return HEAD_INVALID;
    if (at === end) return HEAD_INCOMPLETE;
    let c = bytes[at]!;
    if (c !== SP && c !== CR && c !== LF) return HEAD_INVALID;
    if (c === SP) at++;
    const reason = at;
    while (at < end && (c = bytes[at]!) !== LF) {
      if ((c < SP && c !== HT && c !== CR) || c === 127) {
        if (strict) return HEAD_INVALID;
        this.flags |= MessageFlag.controlCharacter;
      }
      at++;
    }
    if (at === end) return HEAD_INCOMPLETE;
    this.isRequest = false;
    this.minorVersion = bytes[start + 7]! - 48;
    this.status = status;
    this.method = -1;
    const lineEnd = this.#lineEnd(bytes, reason, at);
    this.reasonStart = reason - start;
    this.reasonEnd = lineEnd - start;
    return at + 1 - start;
  }

  #requestLine(bytes: Uint8Array, start: number, methodEnd: number, end: number, strict: boolean): number {
    let at = methodEnd + 1;
    let c = 0;
    while (at < end && (c = bytes[at]!) > SP && c !== 127) at++;
    if (at === end) return HEAD_INCOMPLETE;
    const version = bytes[at] === SP ? this.#version(bytes, at + 1, end) : HEAD_INVALID;
    if (version === HEAD_INCOMPLETE) return HEAD_INCOMPLETE;
    if (version === HEAD_INVALID || at === methodEnd + 1) {
      return strict ? HEAD_INVALID : this.#oddRequestLine(bytes, start, methodEnd, end);
    }
    const targetEnd = at;
    at = version;
    while (!strict && at < end && bytes[at] === SP) at++;
    if (at === end) return HEAD_INCOMPLETE;
    if (bytes[at] === CR) {
      if (++at === end) return HEAD_INCOMPLETE;
    } else this.flags |= MessageFlag.bareLf;
    if (bytes[at] !== LF) return HEAD_INVALID;
    this.minorVersion = bytes[version - 1]! - 48;
    this.#isRequestLine(start, methodEnd, methodEnd + 1, targetEnd, methodIndex(bytes, start, methodEnd));
    return at + 1 - start;
  }

  #isRequestLine(start: number, methodEnd: number, target: number, targetEnd: number, method: number): void {
    this.isRequest = true;
    this.status = 0;
    this.method = method;
    this.methodEnd = methodEnd - start;
    this.targetStart = target - start;
    this.targetEnd = targetEnd - start;
  }

  /**
   * A request line with spaces in its target or none at all (RFC 9112, 3 lets a recipient take the last word as the
   * version), with half a version, or, of a known method and a path, with none (HTTP/0.9, RFC 1945, 4.1).
   */
  #oddRequestLine(bytes: Uint8Array, start: number, methodEnd: number, end: number): number {
    let lf = methodEnd;
    while (lf < end && bytes[lf] !== LF) lf++;
    const method = methodIndex(bytes, start, methodEnd);
    if (method < 0 && lf - start > ODD_LINE_BYTES_MAX) return HEAD_INVALID;
    if (lf === end) return HEAD_INCOMPLETE;
    let last = this.#lineEnd(bytes, methodEnd, lf);
    while (last > methodEnd && bytes[last - 1] === SP) last--;
    let word = last;
    while (word > methodEnd && bytes[word - 1] !== SP) word--;
    let target = methodEnd;
    while (target < last && bytes[target] === SP) target++;
    if (target === last || (method < 0 && hasControl(bytes, target, last))) return HEAD_INVALID;
    let targetEnd = last;
    const whole = this.#version(bytes, word, end) === last;
    if (whole || (method >= 0 && startsWith(bytes, word, last, VERSION_PREFIX, 0, 5))) {
      this.minorVersion = whole ? bytes[last - 1]! - 48 : 0;
      targetEnd = word;
      while (targetEnd > target && bytes[targetEnd - 1] === SP) targetEnd--;
    } else {
      if (method < 0 || bytes[target] !== SLASH || word !== target) return HEAD_INVALID;
      this.minorVersion = NO_VERSION;
    }
    this.flags |= MessageFlag.malformedTarget;
    this.#isRequestLine(start, methodEnd, target, Math.max(target, targetEnd), method);
    return lf + 1 - start;
  }

  /** Where `HTTP/1.d` at `at` ends, or HEAD_INCOMPLETE, HEAD_INVALID. */
  #version(bytes: Uint8Array, at: number, end: number): number {
    for (let i = 0; i < 7; i++, at++) {
      if (at === end) return HEAD_INCOMPLETE;
      if (bytes[at] !== VERSION_PREFIX[i]) return HEAD_INVALID;
    }
    if (at === end) return HEAD_INCOMPLETE;
    const digit = bytes[at]!;
    return digit >= 48 && digit <= 57 ? at + 1 : HEAD_INVALID;
  }

  /** The end of the line whose LF is at `lf`, without its CR; flags odd ends. */
  #lineEnd(bytes: Uint8Array, start: number, lf: number): number {
    if (lf > start && bytes[lf - 1] === CR) return lf - 1;
    this.flags |= MessageFlag.bareLf;
    return lf;
  }

  #fieldLines(bytes: Uint8Array, from: number, end: number, strict: boolean): number {
    const start = this.#start;
    const classes = CLASS;
    let at = from;
    for (;;) {
      if (at >= end) return HEAD_INCOMPLETE;
      const first = bytes[at]!;
      if (first === LF) {
        this.flags |= MessageFlag.bareLf;
        return at + 1 - start;
      }
      if (first === CR) {
        if (at + 1 === end) return HEAD_INCOMPLETE;
        if (bytes[at + 1] === LF) return at + 2 - start;
      }
      const nameStart = at;
      while (at < end && (classes[bytes[at]!]! & TOKEN) !== 0) at++;
      if (at === end) return HEAD_INCOMPLETE;
      let nameEnd = at;
      if (bytes[at] !== COLON || at === nameStart) {
        if (strict && nameStart === from) return HEAD_INVALID;
        nameEnd = this.#oddName(bytes, nameStart, at, end);
        if (nameEnd === HEAD_INCOMPLETE) return HEAD_INCOMPLETE;
        if (nameEnd < 0) {
          at = -nameEnd;
          continue;
        }
        at = nameEnd;
        while (bytes[at] !== COLON) at++;
      }
      at = this.#fieldValue(bytes, nameStart, nameEnd, at + 1, end);
      if (at === HEAD_INCOMPLETE) return HEAD_INCOMPLETE;
    }
  }

  /** A line whose name is no token followed by a colon: the name's end where it is still a field, −(next line) where not. */
  #oddName(bytes: Uint8Array, nameStart: number, tokenEnd: number, end: number): number {
    let lf = tokenEnd;
    while (lf < end && bytes[lf] !== LF) lf++;
    if (lf === end) return HEAD_INCOMPLETE;
    this.flags |= MessageFlag.malformedField;
    // RFC 9112, 5.1 has a server reject "name :" and a proxy strip the space. Receivers that take it exist, so we do.
    let at = tokenEnd;
    while (bytes[at] === SP || bytes[at] === HT) at++;
    if (tokenEnd > nameStart && bytes[at] === COLON) return tokenEnd;
    return -(lf + 1);
  }

  /** How far `[from, end)` is surely free of control characters: to within four bytes of the first one, or of the end. */
  #textEnd(bytes: Uint8Array, from: number, end: number): number {
    const view = this.#views.of(bytes);
    const last = end - 4;
    let at = from;
    while (at <= last) {
      const word = view.getInt32(at, true);
      const del = word ^ 0x7f7f7f7f;
      // Sets the top bit of a byte below 32 and of one that is 127; others may follow it upwards, none comes before it.
      if (((((word - 0x20202020) & ~word) | ((del - 0x01010101) & ~del)) & 0x80808080) !== 0) break;
      at += 4;
    }
    return at;
  }

  /** Reads a value with its folded lines; returns the start of the next line. */
  #fieldValue(bytes: Uint8Array, nameStart: number, nameEnd: number, from: number, end: number): number {
    let at = from;
    let c = 0;
    while (at < end && ((c = bytes[at]!) === SP || c === HT)) at++;
    let valueStart = at;
    let flags = 0;
    for (;;) {
      // Comparisons, not the table: most bytes of a head are seen here.
      at = this.#textEnd(bytes, at, end);
      while (at < end && (c = bytes[at]!) > 31 && c !== 127) at++;
      if (at === end) return HEAD_INCOMPLETE;
      if (c === CR) {
        if (at + 1 === end) return HEAD_INCOMPLETE;
        if (bytes[at + 1] !== LF) flags |= MessageFlag.bareCr;
        at++;
        continue;
      }
      if (c !== LF) {
        if (c !== HT) flags |= MessageFlag.controlCharacter;
        at++;
        continue;
      }
      // A fold shows only in the next line's first byte.
      if (at + 1 === end) return HEAD_INCOMPLETE;
      if (bytes[at - 1] !== CR) flags |= MessageFlag.bareLf;
      c = bytes[at + 1]!;
      if (c !== SP && c !== HT) break;
      flags |= MessageFlag.obsFold;
      at++;
    }
    this.flags |= flags;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1]!)) valueEnd--;
    while (valueStart < valueEnd && isBlank(bytes[valueStart]!)) valueStart++;
    const count = this.count;
    if (count < this.#fieldsMax) {
      const fields = this.fields;
      const start = this.#start;
      const slot = count * 4;
      fields[slot] = nameStart - start;
      fields[slot + 1] = nameEnd - start;
      fields[slot + 2] = valueStart - start;
      fields[slot + 3] = valueEnd - start;
      this.count = count + 1;
      this.nameLengths |= 1 << (nameEnd - nameStart);
    } else this.flags |= MessageFlag.fieldsOverLimit;
    const nameLength = nameEnd - nameStart;
    if (mayFrame(nameLength)) {
      readFraming(this, bytes, nameStart, nameLength, valueStart, valueEnd);
    }
    return at + 1;
  }
}

/** Whether `bytes[at, end)` begins with all of `prefix[from, to)`. */
function startsWith(bytes: Uint8Array, at: number, end: number, prefix: Uint8Array, from: number, to: number): boolean {
  if (end - at < to - from) return false;
  for (let i = 0; i < to - from; i++) if (bytes[at + i] !== prefix[from + i]) return false;
  return true;
}

function hasControl(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((CLASS[bytes[at]!]! & VALUE) === 0) return true;
  return false;
}
