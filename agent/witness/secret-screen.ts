/**
 * Says of most texts that no secret can be in them, from their bytes alone (hot path: every string of a JSON body).
 * What `redactText` finds, this suspects, never the other way round: its questions in the same order, each answered
 * "perhaps" where it would have to look closer. Texts that are suspected go to `redactText`.
 */
import { Has } from './character-classes.ts';
import { SECRET_PREFIXES, SHORT_WORD_MAX } from './secret-patterns.ts';

const WORD = 1;
const DIGIT = 2;
const LETTER = 4;
/** As in the names before `:` and `=`. */
const NAME = 8;
const MARK = 16;

const KIND = new Uint8Array(256);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  KIND[code] =
    (/[\w-]/.test(char) ? WORD | NAME : 0) |
    (/\d/.test(char) ? DIGIT : 0) |
    (/[A-Za-z]/.test(char) ? LETTER : 0) |
    (/[.$[\]%]/.test(char) ? NAME : 0) |
    (/[:=<]/.test(char) ? MARK : 0);
}

const NAME_CHARACTERS_MAX = 128;
const CARD_DIGITS_MIN = 13;

/** First characters of the prefixes of issuers, with the bytes of each prefix. */
const PREFIXES: readonly (readonly Uint8Array[] | undefined)[] = SECRET_PREFIXES.map((prefixes) =>
  prefixes?.map(({ prefix }) => new Uint8Array(Buffer.from(prefix, 'latin1'))),
);

/** With none of these, one short word after the other is all there is. */
const SUSPICIOUS =
  Has.DIGIT | Has.DASH | Has.COLON | Has.DOT | Has.SLASH | Has.EQUALS | Has.LESS | Has.DOLLAR | Has.SPACE;

/**
 * Whether `redactText` might change the text. @param classes `Has` of all its characters
 * @param start of the UTF-8 text in `bytes`, @param end behind it
 */
export function mayHoldSecret(bytes: Uint8Array, start: number, end: number, classes: number): boolean {
  if ((classes & SUSPICIOUS) === 0 && end - start <= SHORT_WORD_MAX) return false;
  for (let at = start; at < end; ) {
    const kind = KIND[bytes[at]!]!;
    if ((kind & WORD) !== 0) {
      let next = at + 1;
      while (next < end && (KIND[bytes[next]!]! & WORD) !== 0) next += 1;
      if (isSuspectedWord(bytes, at, next, end, classes)) return true;
      at = next;
    } else if ((kind & MARK) === 0) at += 1;
    else {
      if (isSuspectedMark(bytes, start, at, end, classes)) return true;
      at += 1;
    }
  }
  return false;
}

function isSuspectedWord(bytes: Uint8Array, from: number, to: number, end: number, classes: number): boolean {
  const length = to - from;
  const first = bytes[from]!;
  const follows = to < end ? bytes[to]! : 0;
  if (first >= 0x30 && first <= 0x39) {
    // A card: one long word of digits and dashes, or groups of four with spaces between them.
    if (first >= 0x32 && first <= 0x36 && (length >= CARD_DIGITS_MIN || (length === 4 && follows === 0x20))) {
      if (hasCardDigits(bytes, from, end)) return true;
    }
    // ddd-dd-dddd, and digits:AA…
    if (length === 11 && bytes[from + 3] === 0x2d && bytes[from + 6] === 0x2d) return true;
    if (follows === 0x3a && length >= 8 && length <= 10 && to + 1 < end && bytes[to + 1] === 0x41) return true;
  }
  if (first === 0x2d && length > 8 && bytes[from + 1] === 0x2d && bytes[from + 4] === 0x2d) return true;
  if (follows === 0x20 && (length === 5 || length === 6)) {
    // bearer, basic, digest, token
    const lower = first | 0x20;
    const last = bytes[to - 1]! | 0x20;
    if (
      lower === 0x62 ? last === 0x72 || last === 0x63 : lower === 0x64 ? last === 0x74 : lower === 0x74 && last === 0x6e
    )
      return true;
  }
  if (length <= SHORT_WORD_MAX && follows !== 0x2e && follows !== 0x2f && follows !== 0x24) return false;
  // A prefix stands at the word's beginning, or behind a dash or an underscore in it.
  return hasPrefix(bytes, from, (classes & (Has.DASH | Has.UNDERSCORE)) === 0 ? from + 1 : to, end);
}

/** As many digits as a card has, with single spaces and dashes between them. */
function hasCardDigits(bytes: Uint8Array, from: number, end: number): boolean {
  let digits = 0;
  for (let at = from; at < end; at += 1) {
    const code = bytes[at]!;
    if (code >= 0x30 && code <= 0x39) digits += 1;
    else if (code !== 0x20 && code !== 0x2d) break;
    if (digits >= CARD_DIGITS_MIN) return true;
  }
  return false;
}

function hasPrefix(bytes: Uint8Array, from: number, to: number, end: number): boolean {
  for (let at = from; at < to; at += 1) {
    if (at !== from) {
      const before = bytes[at - 1]!;
      if (before !== 0x5f && before !== 0x2d) continue;
    }
    const prefixes = PREFIXES[bytes[at]!];
    if (prefixes === undefined) continue;
    for (let i = 0; i < prefixes.length; i += 1) if (startsWith(bytes, at, end, prefixes[i]!)) return true;
  }
  return false;
}

function startsWith(bytes: Uint8Array, at: number, end: number, prefix: Uint8Array): boolean {
  if (end - at < prefix.length) return false;
  for (let i = 1; i < prefix.length; i += 1) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

/** What stands before `:` or `=` may be a secret's name: all of those have two letters or more. */
function isSuspectedMark(bytes: Uint8Array, start: number, at: number, end: number, classes: number): boolean {
  const mark = bytes[at]!;
  if (mark === 0x3c) return true;
  if (mark === 0x3a && at + 2 < end) {
    const next = bytes[at + 1]!;
    if (next === 0x2f && bytes[at + 2] === 0x2f) return (classes & Has.AT) !== 0;
    if (next === 0x5c && bytes[at + 2] === 0x2f) return true;
  }
  let to = at;
  if (to > start && bytes[to - 1] === 0x20) to -= 1;
  if (to > start && (bytes[to - 1] === 0x22 || bytes[to - 1] === 0x27)) {
    to -= 1;
    if (to > start && bytes[to - 1] === 0x5c) to -= 1;
  }
  let letters = 0;
  for (let from = to; from > start && to - from < NAME_CHARACTERS_MAX; from -= 1) {
    const kind = KIND[bytes[from - 1]!]!;
    if ((kind & NAME) === 0) break;
    if ((kind & LETTER) !== 0) letters += 1;
    if (letters === 2) return true;
  }
  return false;
}
