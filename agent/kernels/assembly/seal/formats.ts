/**
 * The formats that a text may have (hot path: every string): of the rules (`agent/witness/formats.ts`) those that length, first character
 * and classes leave. Those that APIs send most are decided here, by their bytes; the rest by the rules' expressions in JavaScript.
 */
import { byteAt, isDigit } from '../bytes.ts';
import { formatByRules } from './host.ts';
import {
  EMAIL_LABEL,
  EMAIL_LOCAL,
  EMAIL_PARTS_AT,
  EXAMINED_CHARACTERS_MAX,
  FIRST_RULES_AT,
  FORMAT_EMAIL,
  FORMAT_RFC_3339,
  FORMAT_UNIX_MICROSECONDS,
  FORMAT_UNIX_MILLISECONDS,
  FORMAT_UNIX_NANOSECONDS,
  FORMAT_UNIX_SECONDS,
  HAS_AT,
  HAS_BEYOND_ASCII,
  HAS_COLON,
  HAS_SLASH,
  HAS_SPACE,
  LENGTH_RULES_AT,
  LENGTHS,
  RULES_AT,
  SHORT_FORMATS_AT,
} from './layout.generated.ts';

/** The index of a text's format, 0 for none. It is not empty. */
export function formatOf(from: i32, to: i32, has: i32): i32 {
  const length = to - from;
  if ((has & HAS_BEYOND_ASCII) !== 0) {
    // Of all formats URLs alone may hold such characters.
    return (has & (HAS_COLON | HAS_SLASH)) === (HAS_COLON | HAS_SLASH) ? formatByRules(from, to, has) : 0;
  }
  if (length < 2 || length > EXAMINED_CHARACTERS_MAX) {
    return 0;
  }
  let rules: i64 =
    load<i64>(FIRST_RULES_AT + (byteAt(from) << 3)) &
    load<i64>(LENGTH_RULES_AT + ((length < LENGTHS ? length : LENGTHS - 1) << 3));
  while (rules !== 0) {
    const rule = RULES_AT + ((<i32>ctz(rules)) << 4);
    const all = load<i32>(rule + 4);
    if ((has & load<i32>(rule)) === 0 && (has & all) === all && (has & load<i32>(rule + 8)) !== 0) {
      break;
    }
    rules = rules & (rules - 1);
  }
  if (rules === 0) {
    return 0;
  }
  if (isDateTime(from, to, length)) {
    return FORMAT_RFC_3339;
  }
  if ((has & HAS_AT) !== 0) {
    if (isEmail(from, to, length, has)) {
      return FORMAT_EMAIL;
    }
  }
  if (length > 8) {
    return formatByRules(from, to, has);
  }
  // Short texts come again: codes, dates, small numbers.
  let short: i64 = load<i64>(from);
  if (length < 8) {
    const bits: i64 = length << 3;
    short = short & ((1 << bits) - 1);
  }
  const mixed: i64 = (short + <i64>length) * 0x9e3779b97f4a7c15;
  const place = SHORT_FORMATS_AT + ((<i32>(mixed >>> 54)) << 4);
  if (load<i64>(place) === short && load<i32>(place + 8) === length) {
    return load<i32>(place + 12);
  }
  const format = formatByRules(from, to, has);
  store<i64>(place, short);
  store<i32>(place + 8, length);
  store<i32>(place + 12, format);
  return format;
}

/** Unix times between September 2001 and 2099, by their magnitude. */
export function numberFormat(value: i64): i32 {
  if (value < 4100000000) {
    return FORMAT_UNIX_SECONDS;
  }
  if (value >= 1000000000000 && value < 4100000000000) {
    return FORMAT_UNIX_MILLISECONDS;
  }
  if (value >= 1000000000000000 && value < 4100000000000000) {
    return FORMAT_UNIX_MICROSECONDS;
  }
  return value >= 1000000000000000000 && value < 4100000000000000000 ? FORMAT_UNIX_NANOSECONDS : 0;
}

/** Two digits as a number, 1000 and more when they are none. */
function two(at: i32): i32 {
  const high = byteAt(at) - 0x30;
  const last = byteAt(at + 1) - 0x30;
  return <u32>high < 10 && <u32>last < 10 ? high * 10 + last : 1000;
}

/** yyyy-mm-ddThh:mm:ssZ, also with a fraction. Only a yes counts. */
function isDateTime(at: i32, end: i32, length: i32): i32 {
  if (length < 20 || length > 32 || byteAt(end - 1) !== 0x5a || byteAt(at + 10) !== 0x54) {
    return 0;
  }
  if (byteAt(at + 4) !== 0x2d || byteAt(at + 7) !== 0x2d || byteAt(at + 13) !== 0x3a || byteAt(at + 16) !== 0x3a) {
    return 0;
  }
  const month = two(at + 5);
  const day = two(at + 8);
  if (month < 1 || month > 12 || day < 1 || day > 31) {
    return 0;
  }
  if (two(at) > 99 || two(at + 2) > 99) {
    return 0;
  }
  if (two(at + 11) > 24 || two(at + 14) > 59 || two(at + 17) > 60) {
    return 0;
  }
  if (length === 20) {
    return 1;
  }
  if (byteAt(at + 19) !== 0x2e || length === 21) {
    return 0;
  }
  at += 20;
  end -= 1;
  while (at < end) {
    if (!isDigit(byteAt(at))) {
      return 0;
    }
    at += 1;
  }
  return 1;
}

/** The usual e-mail address. With a colon or a space in it it might be something else before. Only a yes counts. */
function isEmail(at: i32, end: i32, length: i32, has: i32): i32 {
  if (length < 6 || length > 64 || (has & (HAS_COLON | HAS_SPACE)) !== 0) {
    return 0;
  }
  const first = at;
  while ((byteAt(EMAIL_PARTS_AT + byteAt(at)) & EMAIL_LOCAL) !== 0) {
    at += 1;
  }
  if (at === first || at >= end || byteAt(at) !== 0x40) {
    return 0;
  }
  at += 1;
  let dots = 0;
  let label = at;
  while (at < end) {
    const byte = byteAt(at);
    if (byte === 0x2e) {
      if (at === label) {
        return 0;
      }
      dots += 1;
      label = at + 1;
    } else if ((byteAt(EMAIL_PARTS_AT + byte) & EMAIL_LABEL) === 0) {
      return 0;
    }
    at += 1;
  }
  return at > label && dots >= 1 && dots <= 8;
}
