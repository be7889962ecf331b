/**
 * Text with its words replaced in place: to the byte as long, every mark where it was. A word is read as what it says, however it is
 * written (UTF-8, `%41`, `\u0041`), and is written the same way again. JSON keeps its shape and types. Hot path: no object a word.
 */
import {
  type ReadUnit,
  readEscape,
  readPercent,
  readUtf8,
  writeEscape,
  writePercent,
  writeUtf8,
} from './text-units.ts';
import { type WordMap, wordUnitsMax } from './word-map.ts';

/** How words are written. */
export const TextMode = {
  plain: 0,
  /** A target, or a form: `%41` is a character. */
  percent: 1,
  /** Escapes, numbers and literals are JSON's. */
  json: 2,
} as const;
export type TextMode = (typeof TextMode)[keyof typeof TextMode];

const Form = { raw: 0, percent: 1, escape: 2 } as const;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;
/** Marks in a row that say something by themselves: a password of them. */
const marksMin = 8;

const isWordByte = new Uint8Array(256);
for (let c = 0; c < 256; c += 1) {
  isWordByte[c] = c >= 0x80 || (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) ? 1 : 0;
}
/** Marks that structure no text, no JSON, no target and no markup. */
const isPlainMark = new Uint8Array(256);
for (const c of "!#$()*+-.:@[]^_`{|}~'") isPlainMark[c.charCodeAt(0)] = 1;

export class TextScrubber {
  readonly #words: WordMap;
  readonly #starts = new Int32Array(wordUnitsMax);
  readonly #ends = new Int32Array(wordUnitsMax);
  readonly #forms = new Uint8Array(wordUnitsMax);
  readonly #unit: ReadUnit = { code: 0, end: 0 };
  /** JSON: within a string. A caller that goes on with another text sets it. */
  isInString = false;

  constructor(words: WordMap) {
    this.#words = words;
  }

  /** Replaces the words of `bytes[start, end)` in place. */
  scrub(bytes: Uint8Array, start: number, end: number, mode: TextMode): void {
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      if (mode === TextMode.json && !this.isInString) at = this.#outside(bytes, at, end);
      else if (isWordByte[byte] === 1 || this.#isCodedWord(bytes, at, end, mode)) at = this.#word(bytes, at, end, mode);
      else if (mode === TextMode.json && byte === QUOTE) {
        this.isInString = false;
        at += 1;
      } else if (mode === TextMode.json && byte === BACKSLASH)
        at = readEscape(bytes, at, end, this.#unit) ? at + 6 : at + 2;
      // A coded mark.
      else if (mode === TextMode.percent && byte === PERCENT && readPercent(bytes, at, end, this.#unit)) at += 3;
      else at = this.#marks(bytes, at, end);
    }
  }

  /** JSON between strings. */
  #outside(bytes: Uint8Array, at: number, end: number): number {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      this.isInString = true;
      return at + 1;
    }
    if (byte >= 48 && byte <= 57) return this.#number(bytes, at, end);
    if (isWordByte[byte] === 0) return at + 1;
    const literal = literalEnd(bytes, at, end);
    return literal > at ? literal : this.#word(bytes, at, end, TextMode.plain);
  }

  /** Digits before and behind the point; the exponent says how long the number is, and stays. */
  #number(bytes: Uint8Array, start: number, end: number): number {
    let at = this.#digits(bytes, start, end);
    if (at < end && bytes[at] === 0x2e) at = this.#digits(bytes, at + 1, end);
    if (at < end && (bytes[at]! | 0x20) === 0x65) {
      at += 1;
      if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at += 1;
      let exponent = 0;
      while (at < end && exponent < 3 && bytes[at]! >= 48 && bytes[at]! <= 57) {
        at += 1;
        exponent += 1;
      }
    }
    // Half a number, half a word: no JSON.
    return at < end && isWordByte[bytes[at]!] === 1 ? this.#word(bytes, at, end, TextMode.plain) : at;
  }

  #digits(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    const words = this.#words;
    words.length = 0;
    while (at < end && words.length < wordUnitsMax && bytes[at]! >= 48 && bytes[at]! <= 57) {
      words.units[words.length] = bytes[at]!;
      words.length += 1;
      at += 1;
    }
    if (words.length === 0) return at;
    words.map();
    for (let i = 0; i < words.length; i += 1) bytes[start + i] = words.units[i]!;
    return at;
  }

  #isCodedWord(bytes: Uint8Array, at: number, end: number, mode: TextMode): boolean {
    const byte = bytes[at]!;
    if (mode === TextMode.percent && byte === PERCENT) {
      return at + 3 <= end && readPercent(bytes, at, end, this.#unit) && isWordCode(this.#unit.code);
    }
    if (mode !== TextMode.json || byte !== BACKSLASH) return false;
    return readEscape(bytes, at, end, this.#unit) && isWordCode(this.#unit.code);
  }

  /** @returns behind the word */
  #word(bytes: Uint8Array, start: number, end: number, mode: TextMode): number {
    const words = this.#words;
    const unit = this.#unit;
    let at = start;
    let length = 0;
    while (at < end && length < wordUnitsMax) {
      const byte = bytes[at]!;
      let form: number = Form.raw;
      if (isWordByte[byte] === 1) readUtf8(bytes, at, end, unit);
      else if (this.#isCodedWord(bytes, at, end, mode)) form = mode === TextMode.json ? Form.escape : Form.percent;
      else break;
      words.units[length] = unit.code;
      this.#starts[length] = at;
      this.#ends[length] = unit.end;
      this.#forms[length] = form;
      length += 1;
      at = unit.end;
    }
    words.length = length;
    words.map();
    for (let i = 0; i < length; i += 1) {
      const [code, from, to] = [words.units[i]!, this.#starts[i]!, this.#ends[i]!];
      if (this.#forms[i] === Form.raw) writeUtf8(bytes, from, to, code);
      else if (this.#forms[i] === Form.percent) writePercent(bytes, from, to, code);
      else writeEscape(bytes, from, to, code);
    }
    return at;
  }

  /** Marks stay, but for many different ones in a row. */
  #marks(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let isMixed = false;
    while (at < end && isPlainMark[bytes[at]!] === 1) {
      if (bytes[at] !== bytes[start]) isMixed = true;
      at += 1;
    }
    if (at === start) return at + 1;
    if (isMixed && at - start >= marksMin) bytes.fill(0x2e, start, at);
    return at;
  }
}

function isWordCode(code: number): boolean {
  return code >= 0x80 || isWordByte[code] === 1;
}

const literals = ['true', 'false', 'null'].map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0)));

/** Behind a literal of JSON; `at` where there is none. */
export function literalEnd(bytes: Uint8Array, at: number, end: number): number {
  for (const literal of literals) {
    const to = at + literal.length;
    if (to > end || (to < end && isWordByte[bytes[to]!] === 1)) continue;
    let i = 0;
    while (i < literal.length && bytes[at + i] === literal[i]) i += 1;
    if (i === literal.length) return to;
  }
  return at;
}

/** Where a text can be cut so that no word, no escape and no `%41` is: at most `end`, and behind `from` where that can be. */
export function cutPlace(bytes: Uint8Array, from: number, end: number): number {
  const least = Math.max(from + 1, end - wordUnitsMax);
  for (let at = end; at > least; at -= 1) {
    const before = bytes[at - 1]!;
    if (isWordByte[before] === 1 || before === BACKSLASH || before === PERCENT) continue;
    if (at - 2 >= from && (bytes[at - 2] === BACKSLASH || bytes[at - 2] === PERCENT)) continue;
    return at;
  }
  return end;
}
