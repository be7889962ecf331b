/** Strings of JSON: where they end, without their escapes, and the classes of their characters. */
import { byteAt } from '../bytes.ts';
import { BACKSLASH, QUOTE, TAG_TEXT } from './characters.ts';
import { CLASSES_AT, ESCAPES_AT, HAS_CONTROL, PLAIN_END } from './layout.generated.ts';
import { State, Step } from './state.ts';

/** A string behind its quote: where it ends, 0 to decline. */
export function string(from: i32, end: i32): i32 {
  let at = from;
  let has = 0;
  let byte = byteAt(at);
  while (byte !== QUOTE) {
    if (byte === BACKSLASH) {
      return escapedString(from, at, end, has);
    }
    has = has | load<i32>(CLASSES_AT + (byte << 2));
    at += 1;
    byte = byteAt(at);
  }
  // DEL is no control character to JSON, but rare enough.
  if (at >= end || (has & HAS_CONTROL) !== 0) {
    return 0;
  }
  store<u8>(from - 1, TAG_TEXT);
  Step.tagAt = from - 1;
  Step.tagged = QUOTE;
  State.start = from;
  State.stop = at;
  State.classes = has;
  State.allClasses = State.allClasses | has;
  return at + 1;
}

/** The same with escapes: the text is written anew. */
export function escapedString(from: i32, at: i32, end: i32, raw: i32): i32 {
  let to = State.plain + 1;
  if (at - from > PLAIN_END - 8 - to) {
    return 0;
  }
  store<u8>(State.plain, TAG_TEXT);
  State.start = to;
  memory.copy(to, from, at - from);
  to += at - from;
  let byte = byteAt(at);
  while (byte !== QUOTE) {
    if (byte !== BACKSLASH) {
      raw = raw | load<i32>(CLASSES_AT + (byte << 2));
      store<u8>(to, byte);
      to += 1;
      at += 1;
    } else {
      const letter = byteAt(at + 1);
      const stands = byteAt(letter + ESCAPES_AT);
      if (stands !== 0) {
        store<u8>(to, stands);
        to += 1;
        at += 2;
      } else {
        if (letter !== 0x75) {
          return 0;
        }
        let point = hexUnit(at + 2);
        at += 6;
        if (point >= 0xd800 && point < 0xdc00 && byteAt(at) === BACKSLASH && byteAt(at + 1) === 0x75) {
          const low = hexUnit(at + 2);
          at += 6;
          if (low < 0xdc00 || low >= 0xe000) {
            return 0;
          }
          point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
        // Half a surrogate pair has no UTF-8.
        if (point < 0 || (point >= 0xd800 && point < 0xe000)) {
          return 0;
        }
        to = putPoint(to, point);
      }
    }
    if (to > PLAIN_END - 8) {
      return 0;
    }
    byte = byteAt(at);
  }
  if (at >= end || (raw & HAS_CONTROL) !== 0) {
    return 0;
  }
  State.allClasses = State.allClasses | raw;
  State.stop = to;
  State.plain = to;
  State.classes = classesOf(State.start, to);
  return at + 1;
}

function classesOf(from: i32, to: i32): i32 {
  let has = 0;
  while (from < to) {
    has = has | load<i32>(CLASSES_AT + (byteAt(from) << 2));
    from += 1;
  }
  return has;
}

/** Four hexadecimal digits, -1 if they are none. */
function hexUnit(at: i32): i32 {
  let unit = 0;
  const end = at + 4;
  while (at < end) {
    const byte = byteAt(at);
    let digit = byte - 0x30;
    if (<u32>digit >= 10) {
      digit = (byte | 0x20) - 0x61;
      if (<u32>digit >= 6) {
        return -1;
      }
      digit += 10;
    }
    unit = (unit << 4) | digit;
    at += 1;
  }
  return unit;
}

/** A character in UTF-8: behind it. */
function putPoint(to: i32, point: i32): i32 {
  if (point < 0x80) {
    store<u8>(to, point);
    return to + 1;
  }
  if (point < 0x800) {
    store<u8>(to, 0xc0 | (point >>> 6));
    store<u8>(to + 1, 0x80 | (point & 63));
    return to + 2;
  }
  if (point < 0x10000) {
    store<u8>(to, 0xe0 | (point >>> 12));
    store<u8>(to + 1, 0x80 | ((point >>> 6) & 63));
    store<u8>(to + 2, 0x80 | (point & 63));
    return to + 3;
  }
  store<u8>(to, 0xf0 | (point >>> 18));
  store<u8>(to + 1, 0x80 | ((point >>> 12) & 63));
  store<u8>(to + 2, 0x80 | ((point >>> 6) & 63));
  store<u8>(to + 3, 0x80 | (point & 63));
  return to + 4;
}
