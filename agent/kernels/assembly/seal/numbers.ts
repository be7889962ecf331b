/** Numbers of JSON: their values, and the texts that their digests are made of. */
import { byteAt, isDigit } from '../bytes.ts';
import { COLON, DOT, MINUS, TAG_DOUBLE, TAG_INTEGER } from './characters.ts';
import { digestDouble, digestFormatted, digestInteger } from './digests.ts';
import { numberFormat } from './formats.ts';
import { isCard, parseDouble, sealNumber } from './host.ts';
import {
  CONSTANT_DOUBLE_ZERO,
  CONSTANT_INTEGER_ZERO,
  DOUBLE_AT,
  FINISHED_AT,
  FINISHED_BYTES,
  NIBBLES_AT,
  OP_DOUBLE,
  PLAIN_END,
  POWERS_AT,
  TEMPLATE_BYTES,
  TEMPLATES_AT,
} from './layout.generated.ts';
import { noteInteger, noteNumber, State, Step } from './state.ts';
import { putConstant, redact } from './values.ts';

/** Digits that a double always holds. */
const SAFE_DIGITS: i32 = 15;
/** Digits that 64 bits without a sign always hold. */
const WORD_DIGITS: i32 = 19;
/** As `json-reader.ts` has it, without an exponent. */
const NUMBER_BYTES_MAX: i32 = 1000;
/** An exponent with its sign: longer is no exponent that anyone sent in earnest. */
const EXPONENT_BYTES_MAX: i32 = 20;
/** A card number has 13 digits at least. */
const CARD_MIN: i64 = 1_000_000_000_000;

/** Where the number ends, 0 to decline. */
export function number(from: i32, out: i32, secret: i32): i32 {
  const negative = byteAt(from) === MINUS;
  const firstDigit = from + negative;
  let at = firstDigit;
  let mantissa: i64 = 0;
  let byte = byteAt(at) - 0x30;
  while (<u32>byte < 10) {
    mantissa = mantissa * 10 + <i64>byte;
    at += 1;
    byte = byteAt(at) - 0x30;
  }
  const digits = at - firstDigit;
  if (digits === 0 || (digits > 1 && byteAt(firstDigit) === 0x30)) {
    return 0;
  }
  const next = byte + 0x30;
  if (next === DOT || (next | 0x20) === 0x65) {
    return double(from, at, digits, mantissa, out, secret);
  }
  if (digits > NUMBER_BYTES_MAX) {
    return 0;
  }
  if (secret) {
    redact(out);
    return at;
  }
  // 63 bits do not hold it.
  if (digits > WORD_DIGITS || mantissa < 0) {
    return asked(from, at, out);
  }
  if (mantissa === 0) {
    putConstant(CONSTANT_INTEGER_ZERO, out);
    return at;
  }
  let format = 0;
  if (negative) {
    mantissa = 0 - mantissa;
  } else if (mantissa >= 1000000000) {
    if (State.redacts && mantissa >= CARD_MIN) {
      if (isCard(from, at)) {
        redact(out);
        return at;
      }
    }
    format = numberFormat(mantissa);
  }
  // What stands before a number is read already.
  Step.tagAt = from - 1;
  Step.tagged = byteAt(from - 1);
  store<u8>(from - 1, TAG_INTEGER);
  noteInteger(format, mantissa);
  if (format === 0) {
    digestInteger(from - 1, at - from + 1, out);
  } else {
    digestFormatted(from - 1, at - from + 1, TEMPLATES_AT + TEMPLATE_BYTES + format * (2 * TEMPLATE_BYTES), out);
  }
  return at;
}

/** A number that is a double by its spelling, from the point or the exponent on. */
function double(from: i32, wholeEnd: i32, digits: i32, whole: i64, out: i32, secret: i32): i32 {
  let at = wholeEnd;
  let mantissa: i64 = whole;
  let decimals = 0;
  let byte = byteAt(at) - 0x30;
  if (byte + 0x30 === DOT) {
    at += 1;
    byte = byteAt(at) - 0x30;
    while (<u32>byte < 10) {
      mantissa = mantissa * 10 + <i64>byte;
      at += 1;
      byte = byteAt(at) - 0x30;
    }
    decimals = at - wholeEnd - 1;
    if (decimals === 0) {
      return 0;
    }
  }
  // Longer than any number that is read as it flows.
  if (at - from > NUMBER_BYTES_MAX) {
    return 0;
  }
  let value: f64 = 0.0;
  if (((byte + 0x30) | 0x20) === 0x65) {
    // Digits and a sign, or it is no number.
    at += 1;
    if (byteAt(at) === 0x2b || byteAt(at) === MINUS) {
      at += 1;
    }
    const exponent = at;
    while (isDigit(byteAt(at))) {
      at += 1;
    }
    if (at === exponent || at - exponent > EXPONENT_BYTES_MAX) {
      return 0;
    }
    value = parseDouble(from, at);
  } else if (digits + decimals <= SAFE_DIGITS) {
    // One division of an exact integer by an exact power of ten rounds right.
    value = <f64>mantissa / load<f64>(POWERS_AT + (decimals << 3));
    if (byteAt(from) === MINUS) {
      value = -value;
    }
  } else {
    value = parseDouble(from, at);
  }
  if (secret) {
    redact(out);
    return at;
  }
  if (value === 0.0) {
    putConstant(CONSTANT_DOUBLE_ZERO, out);
    return at;
  }
  // What may be a card once more, and what has no normal text.
  if (value >= <f64>CARD_MIN) {
    return asked(from, at, out);
  }
  const text = doubleText(value);
  if (text === 0) {
    return asked(from, at, out);
  }
  noteNumber(OP_DOUBLE, reinterpret<i64>(value));
  digestDouble(text, State.stop - text, out);
  return at;
}

/**
 * A number whose value is JavaScript's: it becomes a finished value like the constants, in the memory of strings without their
 * escapes, which lies before them. @returns where the number ends, 0 to decline
 */
function asked(from: i32, end: i32, out: i32): i32 {
  const index = -(FINISHED_AT - State.plain) / FINISHED_BYTES;
  const to = FINISHED_AT + index * FINISHED_BYTES;
  if (to + FINISHED_BYTES > PLAIN_END) {
    return 0;
  }
  State.plain = to + FINISHED_BYTES;
  if (sealNumber(from, end, to) && State.redacts) {
    redact(out);
  } else {
    putConstant(index, out);
  }
  return end;
}

/**
 * The text of a double that its digest is made of (agent/digest/digest-memory.ts, hashFloat): where it begins, its end in the
 * global; 0 for a value that is not normal (0, denormals, infinities).
 */
function doubleText(value: f64): i32 {
  const all: i64 = reinterpret<i64>(value);
  const biased = <i32>(all >>> 52) & 0x7ff;
  if (biased === 0 || biased === 0x7ff) {
    return 0;
  }
  const mantissa: i64 = all & 0xfffffffffffff;
  let at = DOUBLE_AT;
  let exponent = biased - 1022;
  State.stop = at;
  if (mantissa === 0) {
    exponent -= 1;
  } else {
    State.stop = at + 52 - <i32>ctz(mantissa);
    let rest: i64 = mantissa << 12;
    let to = at;
    while (to < State.stop) {
      store<i32>(to, load<i32>(NIBBLES_AT + ((<i32>(rest >>> 60)) << 2)));
      rest = rest << 4;
      to += 4;
    }
  }
  at -= 1;
  store<u8>(at, 0x31);
  if (mantissa !== 0) {
    at -= 1;
    store<u8>(at, 0x30);
  }
  at -= 1;
  store<u8>(at, COLON);
  let digits = exponent < 0 ? -exponent : exponent;
  let more = 1;
  while (more) {
    const tenth = (digits * 6554) >>> 16;
    at -= 1;
    store<u8>(at, 0x30 + digits - tenth * 10);
    digits = tenth;
    more = digits;
  }
  if (exponent < 0) {
    at -= 1;
    store<u8>(at, MINUS);
  }
  at -= 2;
  store<u8>(at + 1, all < 0 ? MINUS : 0x2b);
  store<u8>(at, TAG_DOUBLE);
  return at;
}
