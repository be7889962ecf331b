/**
 * What a text may be, from its bytes alone, in the language of `kernel-compiler.ts` (hot path: every string that leaves the
 * agent). Formats: of the rules (`agent/witness/formats.ts`) those that length, first character and classes leave; the formats
 * that APIs send most are decided here, by their bytes, the rest by the rules' expressions in JavaScript.
 *
 * Secrets: of most texts it can be said that no secret is in them. What `redactText` finds, `mayHoldSecret` suspects, never the
 * other way round: its questions in the same order, each answered "perhaps" where it would have to look closer.
 */
import { Has } from '../witness/character-classes.ts';
import { ALL_FORMATS, EXAMINED_CHARACTERS_MAX } from '../witness/formats.ts';
import { SHORT_WORD_MAX } from '../witness/secret-patterns.ts';
import {
  EMAIL_PARTS_AT,
  EmailPart,
  FIRST_RULES_AT,
  KINDS_AT,
  LENGTH_RULES_AT,
  LENGTHS,
  PREFIX_LISTS_AT,
  PREFIXES_AT,
  RULES_AT,
  SECONDS_AT,
  SecretKind,
  SHORT_FORMATS_AT,
} from './seal-layout.ts';

const indexOf = (name: string): number => ALL_FORMATS.findIndex(({ names }) => names.has(name)) + 1;

const FORMATS = `
; The index of a text's format, 0 for none. It is not empty.
export fn formatOf(from, to, has) i32 {
  let length = to - from;
  if ((has & ${Has.BEYOND_ASCII}) != 0) {
    ; Of all formats URLs alone may hold such characters.
    return (has & ${Has.COLON | Has.SLASH}) == ${Has.COLON | Has.SLASH} ? formatByRules(from, to, has) : 0;
  }
  if (length < 2 || length > ${EXAMINED_CHARACTERS_MAX}) { return 0; }
  let rules i64 = load64(${FIRST_RULES_AT} + (load8(from) << 3))
    & load64(${LENGTH_RULES_AT} + ((length < ${LENGTHS} ? length : ${LENGTHS - 1}) << 3));
  while (rules != 0L) {
    let rule = ${RULES_AT} + (ctz64(rules) << 4);
    let all = load32(rule + 4);
    if ((has & load32(rule)) == 0 && (has & all) == all && (has & load32(rule + 8)) != 0) { break; }
    rules = rules & (rules - 1L);
  }
  if (rules == 0L) { return 0; }
  if (isDateTime(from, to, length)) { return ${indexOf('rfc_3339')}; }
  if ((has & ${Has.AT}) != 0) {
    if (isEmail(from, to, length, has)) { return ${indexOf('email')}; }
  }
  if (length > 8) { return formatByRules(from, to, has); }
  ; Short texts come again: codes, dates, small numbers.
  let short i64 = load64(from);
  if (length < 8) { short = short & ((1L << wide(length << 3)) - 1L); }
  let mixed i64 = (short + wide(length)) * 0x9E3779B97F4A7C15L;
  let place = ${SHORT_FORMATS_AT} + (low(mixed >>> 54L) << 4);
  if (load64(place) == short && load32(place + 8) == length) { return load32(place + 12); }
  let format = formatByRules(from, to, has);
  store64(place, short);
  store32(place + 8, length);
  store32(place + 12, format);
  return format;
}

; Unix times between September 2001 and 2099, by their magnitude.
fn numberFormat(value i64) i32 {
  if (value < 4100000000L) { return ${indexOf('unix_seconds')}; }
  if (value >= 1000000000000L && value < 4100000000000L) { return ${indexOf('unix_milliseconds')}; }
  if (value >= 1000000000000000L && value < 4100000000000000L) { return ${indexOf('unix_microseconds')}; }
  return 0;
}

; Two digits as a number, 1000 and more when they are none.
fn two(at) i32 {
  let high = load8(at) - 0x30;
  let last = load8(at + 1) - 0x30;
  return high <u 10 && last <u 10 ? high * 10 + last : 1000;
}

; yyyy-mm-ddThh:mm:ssZ, also with a fraction. Only a yes counts.
fn isDateTime(at, end, length) i32 {
  if (length < 20 || length > 32 || load8(end - 1) != 0x5a || load8(at + 10) != 0x54) { return 0; }
  if (load8(at + 4) != 0x2d || load8(at + 7) != 0x2d || load8(at + 13) != 0x3a || load8(at + 16) != 0x3a) { return 0; }
  let month = two(at + 5);
  let day = two(at + 8);
  if (month < 1 || month > 12 || day < 1 || day > 31) { return 0; }
  if (two(at) > 99 || two(at + 2) > 99) { return 0; }
  if (two(at + 11) > 24 || two(at + 14) > 59 || two(at + 17) > 60) { return 0; }
  if (length == 20) { return 1; }
  if (load8(at + 19) != 0x2e || length == 21) { return 0; }
  at += 20;
  end -= 1;
  while (at < end) {
    if (load8(at) - 0x30 >=u 10) { return 0; }
    at += 1;
  }
  return 1;
}

; The usual e-mail address. With a colon or a space in it it might be something else before. Only a yes counts.
fn isEmail(at, end, length, has) i32 {
  if (length < 6 || length > 64 || (has & ${Has.COLON | Has.SPACE}) != 0) { return 0; }
  let first = at;
  while ((load8(${EMAIL_PARTS_AT} + load8(at)) & ${EmailPart.LOCAL}) != 0) { at += 1; }
  if (at == first || at >= end || load8(at) != 0x40) { return 0; }
  at += 1;
  let dots = 0;
  let label = at;
  while (at < end) {
    let byte = load8(at);
    if (byte == 0x2e) {
      if (at == label) { return 0; }
      dots += 1;
      label = at + 1;
    } else if ((load8(${EMAIL_PARTS_AT} + byte) & ${EmailPart.LABEL}) == 0) { return 0; }
    at += 1;
  }
  return at > label && dots >= 1 && dots <= 8;
}
`;

const { WORD, LETTER, NAME, MARK } = SecretKind;
const NAME_CHARACTERS_MAX = 128;
const CARD_DIGITS_MIN = 13;
/** With none of these, one short word after the other is all there is. */
const SUSPICIOUS =
  Has.DIGIT |
  Has.DASH |
  Has.COLON |
  Has.DOT |
  Has.SLASH |
  Has.EQUALS |
  Has.LESS |
  Has.DOLLAR |
  Has.SPACE |
  Has.COMMA |
  Has.PERCENT |
  Has.OTHER;
/** As `secret-assignments.ts` and `secret-words.ts` have them. */
const BLANKS_MAX = 32;
const ENCODED_WORD_MIN = 12;
const SEGMENT_NAME_MAX = 64;
const ACCOUNT_CHARACTERS_MIN = 15;

const SECRETS = `
; Whether redactText might change a text of these classes.
export fn mayHoldSecret(from, to, has) i32 {
  if ((has & ${SUSPICIOUS}) == 0 && to - from <= ${SHORT_WORD_MAX}) { return 0; }
  let at = from;
  while (at < to) {
    let kind = load8(${KINDS_AT} + load8(at));
    if ((kind & ${WORD}) != 0) {
      let next = at + 1;
      while (next < to && (load8(${KINDS_AT} + load8(next)) & ${WORD}) != 0) { next += 1; }
      if (isSuspectedWord(from, at, next, to, has)) { return 1; }
      at = next;
    } else {
      if ((kind & ${MARK}) != 0) {
        if (isSuspectedMark(from, at, to, has)) { return 1; }
      }
      at += 1;
    }
  }
  return 0;
}

fn isSuspectedWord(begin, from, to, end, has) i32 {
  let length = to - from;
  let first = load8(from);
  let follows = to < end ? load8(to) : 0;
  if (first - 0x30 <u 10) {
    ; A card: one long word of digits and dashes, or groups of four with spaces between them.
    if (first >= 0x32 && first <= 0x36 && (length >= ${CARD_DIGITS_MIN} || (length == 4 && follows == 0x20))) {
      if (hasCardDigits(from, end)) { return 1; }
    }
    ; ddd-dd-dddd, and digits:AA…
    if (length == 11 && load8(from + 3) == 0x2d && load8(from + 6) == 0x2d) { return 1; }
    if (follows == 0x3a && length >= 8 && length <= 10 && to + 1 < end && load8(to + 1) == 0x41) { return 1; }
  }
  if (first == 0x2d && length > 1) {
    if (length > 8 && load8(from + 1) == 0x2d && load8(from + 4) == 0x2d) { return 1; }
    ; --password, -u
    if (load8(from + 1) == 0x2d) { return 1; }
    if (follows == 0x20 && load8(from + 1) == 0x75) { return 1; }
  }
  if (follows == 0x20 && (length == 5 || length == 6)) {
    ; bearer, basic, digest, token, apikey
    let lower = first | 0x20;
    let last = load8(to - 1) | 0x20;
    if (lower == 0x62 && (last == 0x72 || last == 0x63)) { return 1; }
    if ((lower == 0x64 && last == 0x74) || (lower == 0x74 && last == 0x6e)) { return 1; }
    if (lower == 0x61 && last == 0x79) { return 1; }
  }
  ; An IBAN: two capitals, two digits, in one word or in groups of four.
  if (first - 0x41 <u 26 && (length >= ${ACCOUNT_CHARACTERS_MIN} || (length == 4 && follows == 0x20))) {
    if (load8(from + 1) - 0x41 <u 26 && load8(from + 2) - 0x30 <u 10 && load8(from + 3) - 0x30 <u 10) { return 1; }
  }
  if (length >= ${ENCODED_WORD_MIN} && first >= 0x49 && first < 0x67) {
    if (isEncodedText(from)) { return 1; }
  }
  if (length <= ${SHORT_WORD_MAX} && follows != 0x2e && follows != 0x2f && follows != 0x24 && follows != 0x7e && follows != 0x3a) {
    return 0;
  }
  ; What a rule looks for behind the word's beginning: Q~, _mmk, .atlasv1.
  if (follows == 0x7e) { return 1; }
  if (length > 4) {
    if (load8(to - 1) == 0x6b && load8(to - 4) == 0x5f) { return 1; }
  }
  if (length == 7 && from > begin) {
    if (load8(from - 1) == 0x2e && load8(to - 1) == 0x31) { return 1; }
  }
  ; A prefix stands at the word's beginning, or behind a dash or an underscore in it.
  return hasPrefix(from, (has & ${Has.DASH | Has.UNDERSCORE}) == 0 ? from + 1 : to, end);
}

; A slash between a segment with another slash before it, and one that may be a token.
fn isSuspectedSlash(first, at, end) i32 {
  let from = at;
  while (from > first && at - from <= ${SEGMENT_NAME_MAX}) {
    if (load8(from - 1) == 0x2f) {
      if (from == at) { return 0; }
      return isOpaqueSegment(at + 1, end);
    }
    from -= 1;
  }
  return 0;
}

; What may be a token in a path: six characters with a digit, or twenty.
fn isOpaqueSegment(at, end) i32 {
  let length = 0;
  let digits = 0;
  while (at < end) {
    let byte = load8(at);
    if (byte == 0x2f || byte == 0x3f || byte == 0x23 || byte == 0x26 || byte <= 0x20) { break; }
    if (byte - 0x30 <u 10) { digits += 1; }
    length += 1;
    if (length >= 20 || (length >= 6 && digits > 0)) { return 1; }
    at += 1;
  }
  return 0;
}

; Whether the twelve characters from here are nine of text in Base64.
fn isEncodedText(at) i32 {
  let end = at + ${ENCODED_WORD_MIN};
  while (at < end) {
    let bits = sextet(load8(at));
    if (bits > 31) { return 0; }
    bits = (((((bits << 6) | sextet(load8(at + 1))) << 6) | sextet(load8(at + 2))) << 6) | sextet(load8(at + 3));
    if (!isTextByte(bits >>> 16)) { return 0; }
    if (!isTextByte((bits >>> 8) & 0xff)) { return 0; }
    if (!isTextByte(bits & 0xff)) { return 0; }
    at += 4;
  }
  return 1;
}

fn isTextByte(byte) i32 {
  return (byte >= 0x20 && byte < 0x7f) || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

; Of Base64 in either alphabet.
fn sextet(byte) i32 {
  if (byte - 0x30 <u 10) { return byte + 4; }
  if (byte == 0x2d) { return 62; }
  if (byte == 0x5f) { return 63; }
  return byte >= 0x61 ? byte - 71 : byte - 65;
}

; As many digits as a card has, with single spaces and dashes between them.
fn hasCardDigits(at, end) i32 {
  let digits = 0;
  while (at < end) {
    let byte = load8(at);
    if (byte - 0x30 <u 10) { digits += 1; } else if (byte != 0x20 && byte != 0x2d) { return 0; }
    if (digits >= ${CARD_DIGITS_MIN}) { return 1; }
    at += 1;
  }
  return 0;
}

fn hasPrefix(from, to, end) i32 {
  let before = 0x2d;
  let at = from;
  while (at < to) {
    let first = load8(at);
    if (before == 0x2d || before == 0x5f) {
      ; Most words do not even begin with the same two characters.
      let second = load8(at + 1);
      if (((load32(${SECONDS_AT} + (first << 3) + ((second & 0x40) >>> 4)) >>> (second & 31)) & 1) != 0) {
        let list = load16(${PREFIXES_AT} + (first << 1));
        if (startsWithAny(${PREFIX_LISTS_AT} + list, at, end)) { return 1; }
      }
    }
    before = first;
    at += 1;
  }
  return 0;
}

; A list: of each prefix its length and its bytes; 0 at the end.
fn startsWithAny(list, at, end) i32 {
  let length = load8(list);
  while (length != 0) {
    if (end - at >= length) {
      let i = 1;
      while (i < length) {
        if (load8(list + 1 + i) != (load8(at + i) | 0x20)) { break; }
        i += 1;
      }
      if (i == length) { return 1; }
    }
    list += length + 1;
    length = load8(list);
  }
  return 0;
}

; What stands before : or = may be a secret's name: all of those have two letters or more, or stand in quotes. A comma behind a
; quote may stand between a name and its value. Behind a backslash, a percent sign or an ampersand something may be hidden.
fn isSuspectedMark(first, at, end, has) i32 {
  let mark = load8(at);
  if (mark == 0x3c || mark == 0x5c) { return 1; }
  if (mark == 0x2f) { return isSuspectedSlash(first, at, end); }
  if (mark == 0x2c) { return at > first && isQuote(load8(at - 1)); }
  if (mark == 0x25) { return at + 2 < end && isHex(load8(at + 1)) && isHex(load8(at + 2)); }
  if (mark == 0x26) { return isEntity(at + 1, end); }
  if (mark == 0x3a && at + 2 < end) {
    if (load8(at + 1) == 0x2f && load8(at + 2) == 0x2f) { return (has & ${Has.AT}) != 0; }
    if (load8(at + 1) == 0x22) { return 1; }
  }
  let to = at;
  while (to > first && at - to < ${BLANKS_MAX} && (load8(to - 1) == 0x20 || load8(to - 1) == 0x09)) { to -= 1; }
  let stars = 0;
  while (stars < 3 && to > first && load8(to - 1) == 0x2a) {
    to -= 1;
    stars += 1;
  }
  if (to > first) {
    if (isQuote(load8(to - 1)) || (mark == 0x3a && load8(to - 1) == 0x0a)) { return 1; }
  }
  let letters = 0;
  let from = to;
  while (from > first && to - from < ${NAME_CHARACTERS_MAX}) {
    let kind = load8(${KINDS_AT} + load8(from - 1));
    if ((kind & ${NAME}) == 0) { return 0; }
    if ((kind & ${LETTER}) != 0) { letters += 1; }
    if (letters == 2) { return 1; }
    from -= 1;
  }
  return 0;
}

fn isQuote(byte) i32 {
  return byte == 0x22 || byte == 0x27 || byte == 0x60;
}

fn isHex(byte) i32 {
  return byte - 0x30 <u 10 || (byte | 0x20) - 0x61 <u 6;
}

; What ends in a semicolon within nine characters.
fn isEntity(at, end) i32 {
  let last = at + 9 < end ? at + 9 : end;
  while (at < last) {
    if (load8(at) == 0x3b) { return 1; }
    at += 1;
  }
  return 0;
}
`;

export const SEAL_SCREEN = FORMATS + SECRETS;
