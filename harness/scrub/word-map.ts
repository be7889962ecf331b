/**
 * Words to other words of the same length and kind, by a key: equal ones stay equal, wherever they stand and however they are written.
 * Digits stay digits, capitals capitals, a character of two bytes one of two bytes: what reads the text takes as much memory for it.
 */
import { KeyedHash } from './keyed-hash.ts';

/**
 * How much of a text's variety is kept. The coarser, the smaller it compresses: what was compressed is made coarser until it fits
 * its old length. At the last level all letters are one.
 */
export const coarsenessMax = 3;

/**
 * As uneven as English, and a little more: words keep nothing of what they have in common, and what was compressed shall be no longer.
 * Twelve letters distinguish words of five as well as 17 bits do.
 */
const letters = ['eeeeettttaaaooooiiinnnsshhrrddlu', 'eeeeeettttaaooin', 'et', 'e'];
const digits = ['0123456789', '1234', '12', '1'];
const hexDigits = ['0123456789abcdef', '1234abcd', '1a', '1'];

const codes = (alphabets: readonly string[]) => alphabets.map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0)));
const lower = codes(letters);
const digit = codes(digits);
const hexLower = codes(hexDigits);

/** A longer word is mapped in pieces. */
export const wordUnitsMax = 4_096;

const cardDigitsMin = 12;
const cardDigitsMax = 19;

const Kind = { other: 0, digit: 1, lower: 2, upper: 3 } as const;

export class WordMap {
  readonly #hash: KeyedHash;
  /** Code points of the word at hand, and of what takes its place. */
  readonly units = new Int32Array(wordUnitsMax);
  length = 0;
  coarseness = 0;
  #a = 0;
  #b = 0;
  #c = 0;

  constructor(key: Uint8Array) {
    this.#hash = new KeyedHash(key);
  }

  /** Replaces `units[0, length)`. */
  map(): void {
    const { units, length } = this;
    const hash = this.#hash;
    hash.begin();
    for (let i = 0; i < length; i += 1) {
      const code = units[i]!;
      hash.unit(code);
      if (code > 0xffff) hash.unit(code >>> 16);
    }
    hash.end();
    this.#seed(hash.low, hash.high);
    const isHex = this.#isHex();
    let isSame = true;
    for (let i = 0; i < length; i += 1) {
      const before = units[i]!;
      const after = this.#other(before, isHex, i);
      units[i] = after;
      if (after !== before) isSame = false;
    }
    // By chance: then its last character is the next of its kind. Zero alone is a number that stays.
    if (isSame && this.coarseness === 0 && !(length === 1 && units[0] === 48))
      units[length - 1] = next(units[length - 1]!);
    if (this.#isCard()) units[length - 1] = next(units[length - 1]!);
  }

  /** No number of thirteen digits and more becomes that of a card: its last digit says so (ISO/IEC 7812). */
  #isCard(): boolean {
    const { units, length } = this;
    if (length < cardDigitsMin || length > cardDigitsMax) return false;
    let sum = 0;
    for (let i = 0; i < length; i += 1) {
      const digit = units[length - 1 - i]! - 48;
      if (digit < 0 || digit > 9) return false;
      const twice = (i & 1) === 0 ? digit : digit * 2;
      sum += twice > 9 ? twice - 9 : twice;
    }
    return sum % 10 === 0;
  }

  /** Replaces bytes of no kind, by what all of them are. */
  fill(bytes: Uint8Array, from: number, to: number): void {
    if (this.coarseness > 0) {
      this.#substitute(bytes, from, to);
      return;
    }
    const hash = this.#hash;
    hash.begin();
    for (let i = from; i + 1 < to; i += 2) hash.unit(bytes[i]! | (bytes[i + 1]! << 8));
    if (((to - from) & 1) !== 0) hash.unit(bytes[to - 1]! | 0x100);
    hash.unit(to - from);
    hash.end();
    this.#seed(hash.low, hash.high);
    for (let i = from; i < to; i += 1) bytes[i] = this.#random() >>> 24;
  }

  /** What repeats goes on repeating: for what must not become longer when it is compressed. */
  #substitute(bytes: Uint8Array, from: number, to: number): void {
    const symbols = [0, 16, 4, 1][this.coarseness]!;
    const table = new Uint8Array(256);
    const hash = this.#hash;
    hash.begin();
    hash.unit(symbols);
    hash.end();
    this.#seed(hash.low, hash.high);
    for (let byte = 0; byte < 256; byte += 1) table[byte] = (this.#random() >>> 8) % symbols;
    for (let i = from; i < to; i += 1) bytes[i] = table[bytes[i]!]!;
  }

  #isHex(): boolean {
    const { units, length } = this;
    if (length < 6) return false;
    let kinds = 0;
    for (let i = 0; i < length; i += 1) {
      const c = units[i]!;
      if (c >= 48 && c <= 57) kinds |= 1;
      else if (c >= 97 && c <= 102) kinds |= 2;
      else return false;
    }
    return kinds === 3;
  }

  #other(code: number, isHex: boolean, index: number): number {
    const level = this.coarseness;
    const r = this.#random() >>> 8;
    if (isHex) return pick(hexLower[level]!, r);
    switch (kindOf(code)) {
      case Kind.digit:
        // A number with a zero before it stays one, one without stays without.
        if (index === 0) return code === 48 ? 48 : Math.max(49, pick(digit[level]!, r));
        return pick(digit[level]!, r);
      case Kind.lower:
        return pick(lower[level]!, r);
      case Kind.upper:
        return pick(lower[level]!, r) - 32;
      default:
        return wide(code, level === coarsenessMax ? 0 : r);
    }
  }

  #seed(low: number, high: number): void {
    this.#a = low | 0;
    this.#b = high | 0;
    this.#c = 1;
    for (let i = 0; i < 3; i += 1) this.#random();
  }

  /** sfc32 without its third word of state (Doty-Humphrey): what it begins with is a keyed hash, and is not to be found by what comes of it. */
  #random(): number {
    const t = (((this.#a + this.#b) | 0) + this.#c) | 0;
    this.#c = (this.#c + 0x9e37_79b9) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (t + (t << 3)) | 0;
    this.#a = (this.#a + Math.imul(t ^ (t >>> 15), 0x85eb_ca6b)) | 0;
    return (t ^ (t >>> 16)) >>> 0;
  }
}

function pick(alphabet: Uint8Array, r: number): number {
  return alphabet[r % alphabet.length]!;
}

function kindOf(code: number): number {
  if (code >= 48 && code <= 57) return Kind.digit;
  if (code >= 97 && code <= 122) return Kind.lower;
  return code >= 65 && code <= 90 ? Kind.upper : Kind.other;
}

/** Another character that takes as many bytes in UTF-8, and as many in memory. */
function wide(code: number, r: number): number {
  if (code < 0x80) return 0x78;
  if (code < 0x100) return 0xe0 + (r % 23);
  if (code < 0x800) return 0x430 + (r % 32);
  if (code < 0x1_0000) return 0x4e00 + (r % 4096);
  return 0x1_f600 + (r % 64);
}

function next(code: number): number {
  if (code === 57) return 49;
  if (code === 122) return 97;
  if (code === 90) return 65;
  return code + 1;
}
