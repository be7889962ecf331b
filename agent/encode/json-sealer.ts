/**
 * JSON bodies straight to what leaves the agent (hot path: every byte of every small JSON body). One pass over the text
 * makes, value by value, the formats, the obfuscation and the digests, and notes the values on a tape; a second one along
 * the tape, from its end to its start, writes the binary form (`json-tape.ts`). No string, no object and no tree is made
 * of what the body holds.
 *
 * It takes plain JSON in UTF-8 and declines the rest, which then goes the way of all values (reader, tree, obfuscator,
 * generated digest, generated encoder): faults, several documents, names that repeat, numbers whose type their spelling
 * leaves open, containers with very many members. What it takes comes out byte for byte as it would that way
 * (json-sealer.test.ts).
 */
import { isUtf8 } from 'node:buffer';
import { SEAL_REPEATED_KEY } from '../digest/seal-assembly.ts';
import { CLASS_OF, Has } from '../witness/character-classes.ts';
import { numberFormat } from '../witness/formats.ts';
import { isSecretName } from '../witness/secret-names.ts';
import { isCardNumber, redactText } from '../witness/secret-scanner.ts';
import { mayHoldSecret } from '../witness/secret-screen.ts';
import { doubleText, doubleTextLength } from './double-text.ts';
import { formatAt, isSecretFormat } from './format-bytes.ts';
import { Op, Tape } from './json-tape.ts';
import {
  asciiAt,
  bytes,
  Constant,
  DIGESTS_AT,
  FINISHED,
  formatIndex,
  integerTemplate,
  PLAIN_AT,
  PLAIN_END,
  putTextAt,
  SEALED_TEXT_BYTES_MAX,
  seal,
  TEXT_AT,
  textAt,
  textTemplate,
  words,
} from './seal-memory.ts';
import {
  expectedKey,
  findKey,
  firstUnder,
  follow,
  KeyIs,
  keyDigestHigh,
  keyDigestLow,
  keyFlags,
  keyHash,
  keyLengths,
} from './sealed-keys.ts';

const { text: digestText, integer: digestInteger, double: digestDouble, formatted: digestFormatted } = seal;
const { struct: digestStruct, list: digestList } = seal;

/** Objects with more members are declined: their members are sorted by insertion. */
const MEMBERS_MAX = 64;
/** Digits that a double always holds. */
const SAFE_DIGITS = 15;
/** Values of `name`, `key`, `field`, `id` in one object. */
const NAMING_MAX = 4;
/** A card number has 13 digits at least. */
const CARD_MIN = 1e12;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const MINUS = 0x2d;
const DOT = 0x2e;
const TAG_TEXT = 0x75;
const TAG_INTEGER = 0x69;

/** Powers of ten that a double holds exactly: one division of an exact integer by one of them rounds right. */
const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i);

/** Without a view of its own for every text. */
const copyBytes = Buffer.prototype.copy;

/** One sealer at a time uses the memory; it is done when its call returns. */
export class JsonSealer {
  readonly tape = new Tape();
  /** Values that were redacted in the last text. */
  redacted = 0;
  readonly #redacts: boolean;
  readonly #depthMax: number;
  /** Open containers: where their digest goes, where their entries begin; negative: a list. */
  readonly #slots: Int32Array;
  readonly #bases: Int32Array;
  readonly #flags: Uint8Array;
  /** The name read last in each open object. */
  readonly #names: Int32Array;
  /** Records of the naming values of each open object. */
  readonly #naming: Int32Array;
  readonly #namingCounts: Uint8Array;
  /** Behind the last string that was written anew. */
  #plain = PLAIN_AT;
  /** Of the string that was read last: its text, and whether the text could not be read. */
  #start = 0;
  #end = 0;
  #classes = 0;
  #allClasses = 0;

  /** @param redacts obfuscate by `redact`, or not at all */
  constructor(redacts: boolean, depthMax: number) {
    this.#redacts = redacts;
    this.#depthMax = depthMax;
    this.#slots = new Int32Array(depthMax);
    this.#bases = new Int32Array(depthMax);
    this.#flags = new Uint8Array(depthMax);
    this.#names = new Int32Array(depthMax);
    this.#naming = new Int32Array(depthMax * NAMING_MAX);
    this.#namingCounts = new Uint8Array(depthMax);
  }

  /**
   * Reads a text. Then the digest of the root's struct or list lies at `DIGESTS_AT`, without its Data, and the tape holds
   * its values. @returns the field of Data that the root is, 0 when the text is declined
   */
  read(source: Uint8Array, length: number): number {
    if (length > SEALED_TEXT_BYTES_MAX || length === 0) return 0;
    copyBytes.call(source, bytes, TEXT_AT, 0, length);
    const end = TEXT_AT + length;
    // Sentinels: every scan ends here, also one that takes the first of them for the start of a string, or of an escape.
    bytes.fill(QUOTE, end, end + 8);
    this.tape.clear();
    this.#plain = PLAIN_AT;
    this.#allClasses = 0;
    this.redacted = 0;
    bytes[SEAL_REPEATED_KEY] = 0;
    const kind = this.#values(end);
    if (kind === 0 || bytes[SEAL_REPEATED_KEY] !== 0) return 0;
    // Tags written into the text are ASCII in the place of ASCII.
    if ((this.#allClasses & Has.BEYOND_ASCII) !== 0 && !isUtf8(bytes.subarray(TEXT_AT, end))) return 0;
    return kind;
  }

  /** The whole grammar: one loop, the open containers on stacks. */
  #values(end: number): number {
    const mem = bytes;
    const { tape } = this;
    const slots = this.#slots;
    const bases = this.#bases;
    let at = skipSpace(TEXT_AT);
    const root = mem[at]!;
    if (root !== OPEN_OBJECT && root !== OPEN_LIST) return 0;
    let depth = 0;
    let top = DIGESTS_AT;
    let inObject = false;
    /** Depth of the container whose value must not be told; −1 outside of one. */
    let secretFrom = -1;
    let keyIs = 0;
    for (;;) {
      // A value begins at `at`; its digest goes to `out`.
      const out = inObject ? top + 8 : top;
      const secret = secretFrom >= 0 || (keyIs & KeyIs.SECRET) !== 0;
      const first = mem[at]!;
      let closed = false;
      if (first === QUOTE) {
        at = this.#string(at + 1, end);
        if (at < 0) return 0;
        if ((keyIs & (KeyIs.NAMING | KeyIs.VALUE)) !== 0 && !this.#noteNaming(depth - 1, keyIs)) return 0;
        if (!this.#text(out, secret)) return 0;
        top += inObject ? 16 : 8;
      } else if (first === OPEN_OBJECT || first === OPEN_LIST) {
        if (depth === this.#depthMax || at >= end) return 0;
        if (secret && secretFrom < 0) secretFrom = depth;
        if (inObject && (keyIs & KeyIs.VALUE) !== 0) this.#flags[depth - 1]! |= KeyIs.VALUE;
        const isObject = first === OPEN_OBJECT;
        at += 1;
        if (mem[at]! <= 0x20) at = skipSpace(at);
        slots[depth] = out;
        bases[depth] = isObject ? out + 16 : -(out + 16);
        this.#flags[depth] = 0;
        this.#namingCounts[depth] = 0;
        const under = inObject ? this.#names[depth - 1]! : depth > 0 ? this.#names[depth - 1]! - firstUnder(0) : 0;
        this.#names[depth] = firstUnder(under);
        depth += 1;
        top = out + 16;
        tape.add(isObject ? Op.BEGIN_OBJECT : Op.BEGIN_LIST, 0, 0);
        if (mem[at] === (isObject ? CLOSE_OBJECT : CLOSE_LIST)) closed = true;
        else if (!isObject) {
          inObject = false;
          keyIs = 0;
          continue;
        } else inObject = true;
        if (!closed) {
          at = this.#key(at, end, top, depth - 1);
          if (at < 0) return 0;
          keyIs = this.#keyIs;
          continue;
        }
      } else {
        if (inObject && (keyIs & KeyIs.VALUE) !== 0) this.#flags[depth - 1]! |= KeyIs.VALUE;
        at = first === MINUS || (first >= 0x30 && first <= 0x39) ? this.#number(at, out, secret) : this.#word(at, out);
        if (at < 0) return 0;
        top += inObject ? 16 : 8;
      }
      // A value is complete, or a container has no members: what comes next?
      for (;;) {
        if (!closed) {
          if (mem[at]! <= 0x20) at = skipSpace(at);
          if (mem[at] === COMMA) {
            at += 1;
            if (mem[at]! <= 0x20) at = skipSpace(at);
            break;
          }
          if (mem[at] !== (inObject ? CLOSE_OBJECT : CLOSE_LIST)) return 0;
        }
        closed = false;
        if (at >= end) return 0;
        at += 1;
        depth -= 1;
        const base = bases[depth]!;
        const slot = slots[depth]!;
        if (!this.#close(depth, base, top, slot, secretFrom < 0)) return 0;
        if (secretFrom === depth) secretFrom = -1;
        if (depth === 0) return skipSpace(at) === end ? (base > 0 ? 2 : 3) : 0;
        top = slot + 8;
        inObject = bases[depth - 1]! > 0;
      }
      keyIs = 0;
      if (inObject) {
        at = this.#key(at, end, top, depth - 1);
        if (at < 0) return 0;
        keyIs = this.#keyIs;
      }
    }
  }

  #keyIs = 0;

  /** A member's name with its colon. @returns where its value begins, −1 to decline */
  #key(from: number, end: number, top: number, depth: number): number {
    const mem = bytes;
    if (mem[from] !== QUOTE) return -1;
    const previous = this.#names[depth]!;
    const expected = expectedKey(previous, from + 1);
    let at: number;
    let slot: number;
    if (expected >= 0) {
      slot = expected;
      at = from + 1 + keyLengths[slot]!;
      if (at >= end) return -1;
    } else {
      at = this.#newKey(from + 1, end);
      if (at < 0) return -1;
      slot = this.#slot;
      follow(previous, slot);
    }
    this.#names[depth] = slot;
    const is = keyFlags[slot]!;
    if ((is & KeyIs.UNFIT) !== 0) return -1;
    this.#keyIs = this.#redacts ? is : 0;
    // As a number, for sorting; `struct` turns it into the digest's bytes.
    words[top >> 2] = keyDigestLow[slot]!;
    words[(top >> 2) + 1] = keyDigestHigh[slot]!;
    this.tape.add(Op.KEY, from + 1, at);
    at += 1;
    if (mem[at]! <= 0x20) at = skipSpace(at);
    if (mem[at] !== COLON) return -1;
    at += 1;
    return mem[at]! <= 0x20 ? skipSpace(at) : at;
  }

  /** The slot that `#newKey` found. */
  #slot = 0;

  /** A name that is not the expected one, behind its quote. @returns where it ends, −1 to decline */
  #newKey(from: number, end: number): number {
    const mem = bytes;
    let at = from;
    let hash = 0;
    let classes = 0;
    for (let byte = mem[at]!; byte !== QUOTE; byte = mem[(at += 1)]!) {
      if (byte === BACKSLASH) return -1;
      classes |= CLASS_OF[byte]!;
      hash = keyHash(hash, byte);
    }
    if (at >= end) return -1;
    if ((classes & (Has.CONTROL | Has.BEYOND_ASCII)) !== 0 && !isPlainName(from, at, classes)) return -1;
    this.#slot = findKey(hash, from, at);
    return at;
  }

  /** A container's digest to its slot. @returns false to decline */
  #close(depth: number, base: number, top: number, slot: number, tells: boolean): boolean {
    const { tape } = this;
    const isObject = base > 0;
    const start = isObject ? base : -base;
    tape.add(isObject ? Op.END_OBJECT : Op.END_LIST, 0, 0);
    if (isObject) {
      if (top - start > MEMBERS_MAX * 16) return false;
      if (tells && (this.#flags[depth]! & KeyIs.VALUE) !== 0 && this.#namesSecret(depth)) return false;
      if (depth === 0) {
        // An empty struct is a message without fields.
        if (top === start) return false;
        seal.bareStruct(start, top, slot);
      } else if (top === start) this.#finish(Constant.EMPTY_STRUCT, slot);
      else digestStruct(start, top, slot);
    } else if (depth === 0) {
      if (top === start) return false;
      seal.bareList(start, top, slot);
    } else if (top === start) this.#finish(Constant.EMPTY_LIST, slot);
    else digestList(start, top, slot);
    return true;
  }

  #finish(constant: number, out: number): void {
    const { word0, word1 } = FINISHED[constant]!;
    words[out >> 2] = word0;
    words[(out >> 2) + 1] = word1;
  }

  #constant(constant: number, out: number): void {
    this.#finish(constant, out);
    this.tape.add(Op.CONSTANT, constant, 0);
  }

  #redact(out: number): void {
    this.redacted += 1;
    this.#constant(Constant.REDACTED, out);
  }

  /** `{"name": "password", "value": "…"}`: the name is looked at when the object ends. @returns false to decline */
  #noteNaming(depth: number, keyIs: number): boolean {
    if ((keyIs & KeyIs.VALUE) !== 0) this.#flags[depth]! |= KeyIs.VALUE;
    if ((keyIs & KeyIs.NAMING) === 0) return true;
    const count = this.#namingCounts[depth]!;
    if (count === NAMING_MAX) return false;
    this.#naming[depth * NAMING_MAX + count] = this.tape.length;
    this.#namingCounts[depth] = count + 1;
    return true;
  }

  #namesSecret(depth: number): boolean {
    for (let i = 0; i < this.#namingCounts[depth]!; i += 1) {
      const record = this.#naming[depth * NAMING_MAX + i]!;
      if (this.tape.opAt(record) === Op.CONSTANT) continue;
      const start = this.tape.firstAt(record);
      // Written anew: its escapes, or a secret in it, are gone. The other way knows what was there.
      if (start >= PLAIN_AT || isSecretName(textAt(start, this.tape.secondAt(record)))) return true;
    }
    return false;
  }

  // ---- strings

  /** Reads a string behind its quote. @returns where it ends, −1 to decline */
  #string(start: number, end: number): number {
    const mem = bytes;
    let at = start;
    let classes = 0;
    for (;;) {
      const byte = mem[at]!;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) return this.#escapedString(start, at, end, classes);
      classes |= CLASS_OF[byte]!;
      at += 1;
    }
    // DEL is no control character to JSON, but rare enough.
    if (at >= end || (classes & Has.CONTROL) !== 0) return -1;
    mem[start - 1] = TAG_TEXT;
    this.#start = start;
    this.#end = at;
    this.#classes = classes;
    this.#allClasses |= classes;
    return at + 1;
  }

  /** The same with escapes: the text is written anew. */
  #escapedString(start: number, firstEscape: number, end: number, classes: number): number {
    const mem = bytes;
    let to = this.#plain;
    mem[to] = TAG_TEXT;
    to += 1;
    this.#start = to;
    if (firstEscape - start > PLAIN_END - 8 - to) return -1;
    mem.copyWithin(to, start, firstEscape);
    to += firstEscape - start;
    let at = firstEscape;
    let raw = classes;
    for (let byte = mem[at]!; byte !== QUOTE; byte = mem[at]!) {
      if (byte !== BACKSLASH) {
        raw |= CLASS_OF[byte]!;
        mem[to] = byte;
        to += 1;
        at += 1;
        continue;
      }
      const plain = PLAIN_OF[mem[at + 1]!]!;
      if (plain !== 0) {
        mem[to] = plain;
        to += 1;
        at += 2;
      } else if (mem[at + 1] === 0x75) {
        const unit = hexUnit(at + 2);
        at += 6;
        let point = unit;
        if (unit >= 0xd800 && unit < 0xdc00 && mem[at] === BACKSLASH && mem[at + 1] === 0x75) {
          const low = hexUnit(at + 2);
          at += 6;
          point = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : -1;
        }
        // Half a surrogate pair has no UTF-8.
        if (point < 0 || (point >= 0xd800 && point < 0xe000)) return -1;
        to = putPoint(to, point);
      } else return -1;
      if (to > PLAIN_END - 8) return -1;
    }
    if (at >= end || (raw & Has.CONTROL) !== 0 || to > PLAIN_END - 8) return -1;
    this.#allClasses |= raw;
    this.#setPlain(to);
    return at + 1;
  }

  /** The string that was written anew ends here. */
  #setPlain(to: number): void {
    this.#end = to;
    this.#plain = to;
    let classes = 0;
    for (let i = this.#start; i < to; i += 1) classes |= CLASS_OF[bytes[i]!]!;
    this.#classes = classes;
  }

  /** The value of the string that was read. @returns false to decline */
  #text(out: number, secret: boolean): boolean {
    const start = this.#start;
    const end = this.#end;
    if (start === end) {
      this.#constant(Constant.EMPTY_TEXT, out);
      return true;
    }
    const format = formatAt(start, end, this.#classes);
    if (this.#redacts) {
      if (secret || isSecretFormat(format)) {
        this.#redact(out);
        return true;
      }
      if (mayHoldSecret(bytes, start, end, this.#classes)) {
        const text = textAt(start, end);
        const told = redactText(text);
        if (told !== text) return this.#retold(told, out);
      }
    }
    const index = formatIndex(format);
    this.tape.add(Op.TEXT | (index << 4), start, end);
    if (index === 0) digestText(start - 1, end - start + 1, out);
    else digestFormatted(start - 1, end - start + 1, textTemplate(index), out);
    return true;
  }

  /** A text of which a part was redacted; it has no format any more. */
  #retold(told: string, out: number): boolean {
    this.redacted += 1;
    const start = this.#plain + 1;
    if (told.length * 3 > PLAIN_END - 8 - start) return false;
    bytes[this.#plain] = TAG_TEXT;
    const end = start + putTextAt(told, start, told.length * 3);
    this.#plain = end;
    this.tape.add(Op.TEXT, start, end);
    digestText(start - 1, end - start + 1, out);
    return true;
  }

  // ---- numbers and words

  /** @returns where the number ends, −1 to decline */
  #number(from: number, out: number, secret: boolean): number {
    const mem = bytes;
    const negative = mem[from] === MINUS;
    const firstDigit = negative ? from + 1 : from;
    let at = firstDigit;
    let mantissa = 0;
    let byte = mem[at]! - 0x30;
    for (; byte >= 0 && byte <= 9; byte = mem[(at += 1)]! - 0x30) mantissa = mantissa * 10 + byte;
    const digits = at - firstDigit;
    if (digits === 0 || (digits > 1 && mem[firstDigit] === 0x30)) return -1;
    const next = mem[at]!;
    if (next === DOT) return this.#double(from, at, digits, mantissa, out, secret);
    // 1e3: the type is for the other way to say.
    if ((next | 0x20) === 0x65 || digits > SAFE_DIGITS + 1 || mantissa > Number.MAX_SAFE_INTEGER) return -1;
    const value = negative ? -mantissa : mantissa;
    if (secret) this.#redact(out);
    else if (mantissa === 0) this.#constant(Constant.INTEGER_ZERO, out);
    else if (this.#redacts && value >= CARD_MIN && isCardNumber(String(value))) this.#redact(out);
    else {
      // What stands before a number is read already.
      mem[from - 1] = TAG_INTEGER;
      const index = value < 1e9 ? 0 : formatIndex(numberFormat(value));
      this.tape.addNumber(Op.INTEGER | (index << 4), value);
      if (index === 0) digestInteger(from - 1, at - from + 1, out);
      else digestFormatted(from - 1, at - from + 1, integerTemplate(index), out);
    }
    return at;
  }

  /** From the point on. */
  #double(from: number, point: number, digits: number, whole: number, out: number, secret: boolean): number {
    const mem = bytes;
    let at = point + 1;
    let mantissa = whole;
    let byte = mem[at]! - 0x30;
    for (; byte >= 0 && byte <= 9; byte = mem[(at += 1)]! - 0x30) mantissa = mantissa * 10 + byte;
    const decimals = at - point - 1;
    if (decimals === 0) return -1;
    let value: number;
    if ((mem[at]! | 0x20) === 0x65) {
      // Digits and a sign, or it is no number.
      at += 1;
      if (mem[at] === 0x2b || mem[at] === MINUS) at += 1;
      const exponent = at;
      while (mem[at]! >= 0x30 && mem[at]! <= 0x39) at += 1;
      if (at === exponent) return -1;
      value = Number(asciiAt(from, at));
      if (Number.isInteger(value)) return -1;
    } else if (digits + decimals <= SAFE_DIGITS) {
      value = mantissa / POWERS[decimals]!;
      if (mem[from] === MINUS) value = -value;
    } else value = Number(asciiAt(from, at));
    if (secret) this.#redact(out);
    else if (value === 0) this.#constant(Constant.DOUBLE_ZERO, out);
    else {
      // What looks like a card once more, and what has no normal text.
      if (value >= CARD_MIN) return -1;
      const start = doubleText(value);
      if (start < 0) return -1;
      this.tape.addNumber(Op.DOUBLE, value);
      digestDouble(start, doubleTextLength(), out);
    }
    return at;
  }

  #word(at: number, out: number): number {
    const mem = bytes;
    if (mem[at] === 0x74 && mem[at + 1] === 0x72 && mem[at + 2] === 0x75 && mem[at + 3] === 0x65) {
      this.#constant(Constant.TRUE, out);
      return at + 4;
    }
    if (mem[at] === 0x6e && mem[at + 1] === 0x75 && mem[at + 2] === 0x6c && mem[at + 3] === 0x6c) {
      this.#constant(Constant.NULL, out);
      return at + 4;
    }
    const isFalse =
      mem[at] === 0x66 && mem[at + 1] === 0x61 && mem[at + 2] === 0x6c && mem[at + 3] === 0x73 && mem[at + 4] === 0x65;
    if (!isFalse) return -1;
    this.#constant(Constant.FALSE, out);
    return at + 5;
  }
}

function skipSpace(from: number): number {
  let at = from;
  for (let byte = bytes[at]!; byte === 0x20 || (byte <= 0x0d && (byte === 0x0a || byte === 0x0d || byte === 0x09)); )
    byte = bytes[(at += 1)]!;
  return at;
}

/** A name without control characters, in UTF-8. */
function isPlainName(start: number, end: number, classes: number): boolean {
  return (classes & Has.CONTROL) === 0 && isUtf8(bytes.subarray(start, end));
}

/** What stands for itself or one other character behind a backslash; 0 for the rest. */
const PLAIN_OF = new Uint8Array(256);
for (const [letter, plain] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, '"': 34, '\\': 92, '/': 47 }))
  PLAIN_OF[letter.charCodeAt(0)] = plain;

/** Four hexadecimal digits, −1 if they are none. */
function hexUnit(at: number): number {
  let unit = 0;
  for (let i = at; i < at + 4; i += 1) {
    const byte = bytes[i]!;
    const lower = byte | 0x20;
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
    if (digit < 0) return -1;
    unit = (unit << 4) | digit;
  }
  return unit;
}

/** A character in UTF-8. @returns behind it */
function putPoint(to: number, point: number): number {
  const mem = bytes;
  if (point < 0x80) {
    mem[to] = point;
    return to + 1;
  }
  if (point < 0x800) {
    mem[to] = 0xc0 | (point >> 6);
    mem[to + 1] = 0x80 | (point & 63);
    return to + 2;
  }
  if (point < 0x10000) {
    mem[to] = 0xe0 | (point >> 12);
    mem[to + 1] = 0x80 | ((point >> 6) & 63);
    mem[to + 2] = 0x80 | (point & 63);
    return to + 3;
  }
  mem[to] = 0xf0 | (point >> 18);
  mem[to + 1] = 0x80 | ((point >> 12) & 63);
  mem[to + 2] = 0x80 | ((point >> 6) & 63);
  mem[to + 3] = 0x80 | (point & 63);
  return to + 4;
}
