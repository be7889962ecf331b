/**
 * Of most texts it can be said from their bytes alone that no secret is in them (hot path: every string). What `redactText` finds,
 * `mayHoldSecret` suspects, never the other way round: its questions in the same order, each answered "perhaps" where it would have
 * to look closer.
 */
import { byteAt, isDigit } from '../bytes.ts';
import {
  ACCOUNT_CHARACTERS_MIN,
  BLANKS_MAX,
  CARD_DIGITS_MIN,
  ENCODED_WORD_MIN,
  HAS_AT,
  HAS_COLON,
  HAS_COMMA,
  HAS_DASH,
  HAS_DIGIT,
  HAS_DOLLAR,
  HAS_DOT,
  HAS_EQUALS,
  HAS_LESS,
  HAS_OTHER,
  HAS_PERCENT,
  HAS_SLASH,
  HAS_SPACE,
  HAS_UNDERSCORE,
  KINDS_AT,
  NAME_CHARACTERS_MAX,
  PREFIX_LISTS_AT,
  PREFIXES_AT,
  SECONDS_AT,
  SECRET_LETTER,
  SECRET_MARK,
  SECRET_NAME,
  SECRET_WORD,
  SEGMENT_NAME_MAX,
  SHORT_WORD_MAX,
  STARS_MAX,
} from './layout.generated.ts';

/** With none of these, one short word after the other is all there is. */
const SUSPICIOUS: i32 =
  HAS_DIGIT |
  HAS_DASH |
  HAS_COLON |
  HAS_DOT |
  HAS_SLASH |
  HAS_EQUALS |
  HAS_LESS |
  HAS_DOLLAR |
  HAS_SPACE |
  HAS_COMMA |
  HAS_PERCENT |
  HAS_OTHER;

/** Whether redactText might change a text of these classes. */
export function mayHoldSecret(from: i32, to: i32, has: i32): i32 {
  if ((has & SUSPICIOUS) === 0 && to - from <= SHORT_WORD_MAX) {
    return 0;
  }
  let at = from;
  while (at < to) {
    const kind = byteAt(KINDS_AT + byteAt(at));
    if ((kind & SECRET_WORD) !== 0) {
      let next = at + 1;
      while (next < to && (byteAt(KINDS_AT + byteAt(next)) & SECRET_WORD) !== 0) {
        next += 1;
      }
      if (isSuspectedWord(from, at, next, to, has)) {
        return 1;
      }
      at = next;
    } else {
      if ((kind & SECRET_MARK) !== 0) {
        if (isSuspectedMark(from, at, to, has)) {
          return 1;
        }
      }
      at += 1;
    }
  }
  return 0;
}

function isSuspectedWord(begin: i32, from: i32, to: i32, end: i32, has: i32): i32 {
  const length = to - from;
  const first = byteAt(from);
  const follows = to < end ? byteAt(to) : 0;
  if (isDigit(first)) {
    // A card: one long word of digits and dashes, or groups of four with spaces between them.
    if (first >= 0x32 && first <= 0x36 && (length >= CARD_DIGITS_MIN || (length === 4 && follows === 0x20))) {
      if (hasCardDigits(from, end)) {
        return 1;
      }
    }
    // ddd-dd-dddd, and digits:AA…
    if (length === 11 && byteAt(from + 3) === 0x2d && byteAt(from + 6) === 0x2d) {
      return 1;
    }
    if (follows === 0x3a && length >= 8 && length <= 10 && to + 1 < end && byteAt(to + 1) === 0x41) {
      return 1;
    }
  }
  if (first === 0x2d && length > 1) {
    if (length > 8 && byteAt(from + 1) === 0x2d && byteAt(from + 4) === 0x2d) {
      return 1;
    }
    // --password, -u
    if (byteAt(from + 1) === 0x2d) {
      return 1;
    }
    if (follows === 0x20 && byteAt(from + 1) === 0x75) {
      return 1;
    }
  }
  if (follows === 0x20 && (length === 5 || length === 6)) {
    // bearer, basic, digest, token, apikey
    const lower = first | 0x20;
    const last = byteAt(to - 1) | 0x20;
    if (lower === 0x62 && (last === 0x72 || last === 0x63)) {
      return 1;
    }
    if ((lower === 0x64 && last === 0x74) || (lower === 0x74 && last === 0x6e)) {
      return 1;
    }
    if (lower === 0x61 && last === 0x79) {
      return 1;
    }
  }
  // An IBAN: two capitals, two digits, in one word or in groups of four.
  if (<u32>(first - 0x41) < 26 && (length >= ACCOUNT_CHARACTERS_MIN || (length === 4 && follows === 0x20))) {
    if (<u32>(byteAt(from + 1) - 0x41) < 26 && isDigit(byteAt(from + 2)) && isDigit(byteAt(from + 3))) {
      return 1;
    }
  }
  if (length >= ENCODED_WORD_MIN && first >= 0x49 && first < 0x67) {
    if (isEncodedText(from)) {
      return 1;
    }
  }
  if (
    length <= SHORT_WORD_MAX &&
    follows !== 0x2e &&
    follows !== 0x2f &&
    follows !== 0x24 &&
    follows !== 0x7e &&
    follows !== 0x3a
  ) {
    return 0;
  }
  // What a rule looks for behind the word's beginning: Q~, _mmk, .atlasv1.
  if (follows === 0x7e) {
    return 1;
  }
  if (length > 4) {
    if (byteAt(to - 1) === 0x6b && byteAt(to - 4) === 0x5f) {
      return 1;
    }
  }
  if (length === 7 && from > begin) {
    if (byteAt(from - 1) === 0x2e && byteAt(to - 1) === 0x31) {
      return 1;
    }
  }
  // A prefix stands at the word's beginning, or behind a dash or an underscore in it.
  return hasPrefix(from, (has & (HAS_DASH | HAS_UNDERSCORE)) === 0 ? from + 1 : to, end);
}

/** A slash between a segment with another slash before it, and one that may be a token. */
function isSuspectedSlash(first: i32, at: i32, end: i32): i32 {
  let from = at;
  while (from > first && at - from <= SEGMENT_NAME_MAX) {
    if (byteAt(from - 1) === 0x2f) {
      if (from === at) {
        return 0;
      }
      return isOpaqueSegment(at + 1, end);
    }
    from -= 1;
  }
  return 0;
}

/** What may be a token in a path: six characters with a digit, or twenty. */
function isOpaqueSegment(at: i32, end: i32): i32 {
  let length = 0;
  let digits = 0;
  while (at < end) {
    const byte = byteAt(at);
    if (byte === 0x2f || byte === 0x3f || byte === 0x23 || byte === 0x26 || byte <= 0x20) {
      break;
    }
    if (isDigit(byte)) {
      digits += 1;
    }
    length += 1;
    if (length >= 20 || (length >= 6 && digits > 0)) {
      return 1;
    }
    at += 1;
  }
  return 0;
}

/** Whether the twelve characters from here are nine of text in Base64. */
function isEncodedText(at: i32): i32 {
  const end = at + ENCODED_WORD_MIN;
  while (at < end) {
    let bits = sextet(byteAt(at));
    if (bits > 31) {
      return 0;
    }
    bits = (((((bits << 6) | sextet(byteAt(at + 1))) << 6) | sextet(byteAt(at + 2))) << 6) | sextet(byteAt(at + 3));
    if (!isTextByte(bits >>> 16)) {
      return 0;
    }
    if (!isTextByte((bits >>> 8) & 0xff)) {
      return 0;
    }
    if (!isTextByte(bits & 0xff)) {
      return 0;
    }
    at += 4;
  }
  return 1;
}

function isTextByte(byte: i32): i32 {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Of Base64 in either alphabet. */
function sextet(byte: i32): i32 {
  if (isDigit(byte)) {
    return byte + 4;
  }
  if (byte === 0x2d) {
    return 62;
  }
  if (byte === 0x5f) {
    return 63;
  }
  return byte >= 0x61 ? byte - 71 : byte - 65;
}

/** As many digits as a card has, with single spaces and dashes between them. */
function hasCardDigits(at: i32, end: i32): i32 {
  let digits = 0;
  while (at < end) {
    const byte = byteAt(at);
    if (isDigit(byte)) {
      digits += 1;
    } else if (byte !== 0x20 && byte !== 0x2d) {
      return 0;
    }
    if (digits >= CARD_DIGITS_MIN) {
      return 1;
    }
    at += 1;
  }
  return 0;
}

function hasPrefix(from: i32, to: i32, end: i32): i32 {
  let before = 0x2d;
  let at = from;
  while (at < to) {
    const first = byteAt(at);
    if (before === 0x2d || before === 0x5f) {
      // Most words do not even begin with the same two characters.
      const second = byteAt(at + 1);
      if (((load<i32>(SECONDS_AT + (first << 3) + ((second & 0x40) >>> 4)) >>> (second & 31)) & 1) !== 0) {
        const list = <i32>load<u16>(PREFIXES_AT + (first << 1));
        if (startsWithAny(PREFIX_LISTS_AT + list, at, end)) {
          return 1;
        }
      }
    }
    before = first;
    at += 1;
  }
  return 0;
}

/** A list: of each prefix its length and its bytes; 0 at the end. */
function startsWithAny(list: i32, at: i32, end: i32): i32 {
  let length = byteAt(list);
  while (length !== 0) {
    if (end - at >= length) {
      let i = 1;
      while (i < length) {
        if (byteAt(list + 1 + i) !== (byteAt(at + i) | 0x20)) {
          break;
        }
        i += 1;
      }
      if (i === length) {
        return 1;
      }
    }
    list += length + 1;
    length = byteAt(list);
  }
  return 0;
}

/**
 * What stands before : or = may be a secret's name: all of those have two letters or more, or stand in quotes. A comma behind a
 * quote may stand between a name and its value. Behind a backslash, a percent sign or an ampersand something may be hidden.
 */
function isSuspectedMark(first: i32, at: i32, end: i32, has: i32): i32 {
  const mark = byteAt(at);
  if (mark === 0x3c || mark === 0x5c) {
    return 1;
  }
  if (mark === 0x2f) {
    return isSuspectedSlash(first, at, end);
  }
  if (mark === 0x2c) {
    return at > first && isQuote(byteAt(at - 1));
  }
  if (mark === 0x25) {
    return at + 2 < end && isHex(byteAt(at + 1)) && isHex(byteAt(at + 2));
  }
  if (mark === 0x26) {
    return isEntity(at + 1, end);
  }
  if (mark === 0x3a && at + 2 < end) {
    if (byteAt(at + 1) === 0x2f && byteAt(at + 2) === 0x2f) {
      return (has & HAS_AT) !== 0;
    }
    if (byteAt(at + 1) === 0x22) {
      return 1;
    }
  }
  let to = at;
  while (to > first && at - to < BLANKS_MAX && (byteAt(to - 1) === 0x20 || byteAt(to - 1) === 0x09)) {
    to -= 1;
  }
  let stars = 0;
  while (stars < STARS_MAX && to > first && byteAt(to - 1) === 0x2a) {
    to -= 1;
    stars += 1;
  }
  if (to > first) {
    if (isQuote(byteAt(to - 1)) || (mark === 0x3a && byteAt(to - 1) === 0x0a)) {
      return 1;
    }
  }
  let letters = 0;
  let from = to;
  while (from > first && to - from < NAME_CHARACTERS_MAX) {
    const kind = byteAt(KINDS_AT + byteAt(from - 1));
    if ((kind & SECRET_NAME) === 0) {
      return 0;
    }
    if ((kind & SECRET_LETTER) !== 0) {
      letters += 1;
    }
    if (letters === 2) {
      return 1;
    }
    from -= 1;
  }
  return 0;
}

function isQuote(byte: i32): i32 {
  return byte === 0x22 || byte === 0x27 || byte === 0x60;
}

function isHex(byte: i32): i32 {
  return isDigit(byte) || <u32>((byte | 0x20) - 0x61) < 6;
}

/** What ends in a semicolon within nine characters. */
function isEntity(at: i32, end: i32): i32 {
  const last = at + 9 < end ? at + 9 : end;
  while (at < last) {
    if (byteAt(at) === 0x3b) {
      return 1;
    }
    at += 1;
  }
  return 0;
}
