/**
 * JSON bodies straight to what leaves the agent (hot path: every byte of every small JSON body), in the language of
 * `kernel-compiler.ts`. One pass over the text makes, value by value, the formats, the obfuscation and the digests, and
 * notes the values on a tape; a second one along the tape writes the binary form (`seal-kernel-tape.ts`). What is rare is asked
 * of JavaScript (`json-sealer.ts`): names not seen before, formats that take an expression, what may be a secret.
 *
 * It takes plain JSON in UTF-8 and declines the rest, which then goes the way of all values (reader, tree, obfuscator,
 * generated digest, generated encoder): faults, several documents, names that repeat, numbers whose type their spelling
 * leaves open, containers with very many members. What it takes comes out byte for byte as it would that way
 * (json-sealer.test.ts).
 */
import { Has } from '../witness/character-classes.ts';
import {
  CLASSES_AT,
  Constant,
  DIGESTS_AT,
  DOUBLE_AT,
  ESCAPES_AT,
  FINISHED_AT,
  FINISHED_BYTES,
  FOLLOWERS_AT,
  FRAME_BYTES,
  FRAMES_AT,
  KeyIs,
  NAME_BYTES_MAX,
  NAME_SLOT_BYTES,
  NAME_SLOTS,
  NAMES_AT,
  NIBBLES_AT,
  Op,
  PLAIN_AT,
  PLAIN_END,
  POWERS_AT,
  RECORD_BYTES,
  SUFFIX_BYTES,
  SUFFIX_SECRET,
  SUFFIXES_AT,
  TAPE_AT,
  TEMPLATE_BYTES,
  TEMPLATES_AT,
  TEXT_AT,
  UNDER,
} from './seal-layout.ts';

/** Objects with more members are declined: their members are sorted by insertion. */
const MEMBERS_MAX = 64;
/** Digits that a double always holds. */
const SAFE_DIGITS = 15;
/** Values of `name`, `key`, `type` and their like in one object: as many as a frame has room for. */
const NAMING_MAX = 11;
/** A name in a list of names and values (`LISTED_NAME_MAX` characters, in bytes). */
const LISTED_NAME_BYTES_MAX = 256;
/** A card number has 13 digits at least. */
const CARD_MIN = 1_000_000_000_000;

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
const TAG_DOUBLE = 0x66;

/** An open container: where its digest goes, where its entries begin (negative: a list), flags, the name read last. */
const FRAME = { SLOT: 0, BASE: 4, FLAGS: 8, NAME: 12, NAMING_COUNT: 16, NAMING: 20 } as const;
const NAME = { LENGTH: 8, FLAGS: 12, TEXT: 16 } as const;

const IMPORTS = `
import fn digestText(at, length, out);
import fn digestFormatted(at, length, template, out);
import fn digestInteger(at, length, out);
import fn digestDouble(at, length, out);
import fn digestStruct(at, end, out);
import fn digestList(at, end, out);
import fn digestBareStruct(at, end, out);
import fn digestBareList(at, end, out);
; A name that its slot does not hold.
import fn learnName(slot, start, end);
import fn isSecretName(start, end) i32;
; Whether a value is a secret behind its name.
import fn isSecretPair(nameStart, nameEnd, start, end) i32;
; The index of a text's format.
import fn formatByRules(start, end, classes) i32;
; A text with its secrets redacted, to the bytes from \`to\` on: its length, 0 when nothing changed, -1 without room.
import fn redactText(start, end, to) i32;
import fn isCard(start, end) i32;
; A number with an exponent, NaN for an integer; and one with many digits.
import fn parseDouble(start, end) f64;
import fn parseExact(start, end) f64;

; Obfuscate by redact, or not at all; containers in one another.
global redacts;
global depthMax;
; Behind the last record of the tape, and behind the last string that was written anew.
global tapeEnd;
global plain;
; Values that were redacted; bits of Has of all strings.
global redacted;
global allClasses;
; What the member's name says, and which it is.
global keyIs;
global slot;
; The string that was read last.
global start;
global stop;
global classes;
`;

const GRAMMAR = `
fn skipSpace(at) i32 {
  let byte = load8(at);
  while (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) { at += 1; byte = load8(at); }
  return at;
}

fn note(op, first, second) {
  let at = tapeEnd;
  store32(at, op);
  store32(at + 4, first);
  store32(at + 8, second);
  tapeEnd = at + ${RECORD_BYTES};
}

; A text in bytes[${TEXT_AT}, end): the field of Data that its root is, 0 when it is declined. Then the digest of the root's struct or
; list lies at ${DIGESTS_AT}, without its Data, and the tape holds its values.
export fn read(end) i32 {
  ; Sentinels: every scan ends here, also one that takes the first of them for the start of a string, or of an escape.
  store64(end, 0x2222222222222222L);
  tapeEnd = ${TAPE_AT};
  plain = ${PLAIN_AT};
  redacted = 0;
  allClasses = 0;
  let at = skipSpace(${TEXT_AT});
  let root = load8(at);
  if (root != ${OPEN_OBJECT} && root != ${OPEN_LIST}) { return 0; }
  let depth = 0;
  let top = ${DIGESTS_AT};
  let inObject = 0;
  ; Depth of the container whose value must not be told; -1 outside of one.
  let secretFrom = -1;
  let frame = ${FRAMES_AT - FRAME_BYTES};
  keyIs = 0;
  while (1) {
    ; A value begins here; its digest goes to out.
    let out = top + (inObject << 3);
    let secret = secretFrom >= 0 || (keyIs & ${KeyIs.SECRET}) != 0;
    let first = load8(at);
    let closed = 0;
    if (first == ${QUOTE}) {
      at = string(at + 1, end);
      if (at == 0) { return 0; }
      if ((keyIs & ${KeyIs.NAMING | KeyIs.VALUE}) != 0) {
        if (!noteNaming(frame)) { return 0; }
      }
      if (!told(out, secret)) { return 0; }
      top += 8 << inObject;
    } else if (first == ${OPEN_OBJECT} || first == ${OPEN_LIST}) {
      if (depth == depthMax || at >= end) { return 0; }
      if (secret && secretFrom < 0) { secretFrom = depth; }
      if ((keyIs & ${KeyIs.VALUE}) != 0) { store32(frame + ${FRAME.FLAGS}, ${KeyIs.VALUE}); }
      let isObject = first == ${OPEN_OBJECT};
      at += 1;
      if (load8(at) <= 0x20) { at = skipSpace(at); }
      let under = 0;
      if (depth > 0) { under = load32(frame + ${FRAME.NAME}); }
      if (inObject == 0 && depth > 0) { under -= ${UNDER}; }
      frame += ${FRAME_BYTES};
      top = out + 16;
      store32(frame, out);
      store32(frame + ${FRAME.BASE}, isObject ? top : -top);
      store32(frame + ${FRAME.FLAGS}, 0);
      store32(frame + ${FRAME.NAMING_COUNT}, 0);
      store32(frame + ${FRAME.NAME}, under + ${UNDER});
      depth += 1;
      note(isObject ? ${Op.BEGIN_OBJECT} : ${Op.BEGIN_LIST}, 0, 0);
      closed = load8(at) == (isObject ? ${CLOSE_OBJECT} : ${CLOSE_LIST});
      keyIs = 0;
      if (!closed) {
        inObject = isObject;
        if (isObject) {
          at = name(at, end, top, frame);
          if (at == 0) { return 0; }
        }
        continue;
      }
    } else {
      if ((keyIs & ${KeyIs.VALUE}) != 0) { store32(frame + ${FRAME.FLAGS}, ${KeyIs.VALUE}); }
      if (first == ${MINUS} || first - 0x30 <u 10) { at = number(at, out, secret); } else { at = word(at, out); }
      if (at == 0) { return 0; }
      top += 8 << inObject;
    }
    ; A value is complete, or a container has no members: what comes next?
    while (1) {
      if (!closed) {
        let byte = load8(at);
        if (byte <= 0x20) { at = skipSpace(at); byte = load8(at); }
        if (byte == ${COMMA}) {
          at += 1;
          if (load8(at) <= 0x20) { at = skipSpace(at); }
          break;
        }
        if (byte != (inObject ? ${CLOSE_OBJECT} : ${CLOSE_LIST})) { return 0; }
      }
      closed = 0;
      if (at >= end) { return 0; }
      at += 1;
      depth -= 1;
      if (!close(frame, depth, top, secretFrom < 0)) { return 0; }
      if (secretFrom == depth) { secretFrom = -1; }
      if (depth == 0) {
        if (skipSpace(at) != end) { return 0; }
        return load32(frame + ${FRAME.BASE}) > 0 ? 2 : 3;
      }
      top = load32(frame) + 8;
      frame -= ${FRAME_BYTES};
      inObject = load32(frame + ${FRAME.BASE}) > 0;
    }
    keyIs = 0;
    if (inObject) {
      at = name(at, end, top, frame);
      if (at == 0) { return 0; }
    }
  }
}

; A member's name with its colon: where its value begins, 0 to decline. Objects repeat their names in their order: the one that
; followed last time is tried first.
fn name(at, end, top, frame) i32 {
  if (load8(at) != ${QUOTE}) { return 0; }
  let from = at + 1;
  let previous = ${FOLLOWERS_AT} + (load32(frame + ${FRAME.NAME}) << 2);
  let expected = load32(previous);
  let to = 0;
  if (expected != 0) { to = isName(expected, from); }
  if (to == 0) {
    to = newName(from, end);
    if (to == 0) { return 0; }
    expected = slot;
    if (expected < ${NAMES_AT + NAME_SLOTS * NAME_SLOT_BYTES}) { store32(previous, expected); }
  }
  if (to >= end) { return 0; }
  store32(frame + ${FRAME.NAME}, (expected - ${NAMES_AT}) >>> 6);
  let is = load32(expected + ${NAME.FLAGS});
  if ((is & ${KeyIs.UNFIT}) != 0) { return 0; }
  keyIs = redacts ? is : 0;
  ; As a number, for sorting; digestStruct turns it into the digest's bytes.
  store64(top, load64(expected));
  note(${Op.KEY}, from, to);
  to += 1;
  if (load8(to) <= 0x20) { to = skipSpace(to); }
  if (load8(to) != ${COLON}) { return 0; }
  to += 1;
  return load8(to) <= 0x20 ? skipSpace(to) : to;
}

; Whether a slot's name stands at from: where it ends, 0 if not.
fn isName(at, from) i32 {
  let length = load32(at + ${NAME.LENGTH});
  if (length <= 0) { return 0; }
  let end = from + length;
  if (load8(end) != ${QUOTE}) { return 0; }
  if (length < 8) {
    let difference i64 = load64(at + ${NAME.TEXT}) ^ load64(from);
    return difference << wide(64 - (length << 3)) == 0L ? end : 0;
  }
  let text = at + ${NAME.TEXT};
  let last = end - 8;
  if (load64(text + length - 8) != load64(last)) { return 0; }
  while (from < last) {
    if (load64(text) != load64(from)) { return 0; }
    text += 8;
    from += 8;
  }
  return end;
}

; A name that is not the expected one, behind its quote: where it ends, 0 to decline. Its slot is in the global.
fn newName(from, end) i32 {
  let at = from;
  let hash = 0;
  let has = 0;
  let byte = load8(at);
  while (byte != ${QUOTE}) {
    if (byte == ${BACKSLASH}) { return 0; }
    has = has | load32(${CLASSES_AT} + (byte << 2));
    hash = hash * 31 + byte;
    at += 1;
    byte = load8(at);
  }
  if (at >= end || (has & ${Has.CONTROL}) != 0) { return 0; }
  ; Whether it is UTF-8 shows with the whole text, before anything is made of it.
  allClasses = allClasses | has;
  let length = at - from;
  slot = ${NAMES_AT + NAME_SLOTS * NAME_SLOT_BYTES};
  if (length <= ${NAME_BYTES_MAX}) {
    slot = ${NAMES_AT} + (((hash ^ (hash >>> 15)) & ${NAME_SLOTS - 1}) << 6);
    if (load32(slot + ${NAME.LENGTH}) == length) {
      let i = 0;
      while (i < length) {
        if (load8(slot + ${NAME.TEXT} + i) != load8(from + i)) { break; }
        i += 1;
      }
      if (i == length) { return at; }
    }
    copy(slot + ${NAME.TEXT}, from, length);
    store32(slot + ${NAME.LENGTH}, length);
  }
  learnName(slot, from, at);
  return at;
}

; A container's digest to its slot: 0 to decline.
fn close(frame, depth, top, tells) i32 {
  let out = load32(frame);
  let base = load32(frame + ${FRAME.BASE});
  if (base > 0) {
    note(${Op.END_OBJECT}, 0, 0);
    if (top - base > ${MEMBERS_MAX * 16}) { return 0; }
    if (tells && (load32(frame + ${FRAME.FLAGS}) & ${KeyIs.VALUE}) != 0) {
      if (namesSecret(frame)) { return 0; }
    }
    if (depth == 0) {
      ; An empty struct is a message without fields.
      if (top == base) { return 0; }
      digestBareStruct(base, top, out);
    } else if (top == base) { finished(${Constant.EMPTY_STRUCT}, out); } else { digestStruct(base, top, out); }
  } else {
    base = -base;
    if (tells && redacts) {
      let count = (top - base) >>> 3;
      ; A pair by itself, in a list of such.
      let isPair = count == 2 && depth > 0;
      if (isPair) { isPair = load32(frame - ${FRAME_BYTES - FRAME.BASE}) < 0; }
      if (mayListSecret(count, isPair)) { return 0; }
    }
    note(${Op.END_LIST}, 0, 0);
    if (depth == 0) {
      if (top == base) { return 0; }
      digestBareList(base, top, out);
    } else if (top == base) { finished(${Constant.EMPTY_LIST}, out); } else { digestList(base, top, out); }
  }
  return 1;
}

; Names and values in turn, as in ["Authorization", "…"]: whether one of the names, every other entry, is a secret's. Only where all
; entries are plain: then their records lie behind the list's own.
fn mayListSecret(count, isPair) i32 {
  if (count == 0 || (count & 1) != 0) { return 0; }
  let at = tapeEnd - count * ${RECORD_BYTES};
  if (at - ${RECORD_BYTES} < ${TAPE_AT}) { return 0; }
  if ((load32(at - ${RECORD_BYTES}) & 15) != ${Op.BEGIN_LIST}) { return 0; }
  while (at < tapeEnd) {
    let op = load32(at) & 15;
    let from = load32(at + 4);
    if (op == ${Op.CONSTANT} && from == ${Constant.REDACTED}) { return 1; }
    if (op == ${Op.TEXT}) {
      ; Written anew: the other way knows what was there.
      if (from >= ${PLAIN_AT}) { return 1; }
      let to = load32(at + 8);
      if (to - from <= ${LISTED_NAME_BYTES_MAX} && (isPair || !isWord(at + ${RECORD_BYTES}))) {
        if (isSecretName(from, to)) { return 1; }
      }
    }
    at += ${2 * RECORD_BYTES};
  }
  return 0;
}

; Whether a record is a text of letters alone: beside a secret's name it is another name.
fn isWord(record) i32 {
  if ((load32(record) & 15) != ${Op.TEXT}) { return 0; }
  let at = load32(record + 4);
  let end = load32(record + 8);
  while (at < end) {
    let byte = load8(at);
    if ((byte | 0x20) - 0x61 >=u 26 && byte != 0x5f) { return 0; }
    at += 1;
  }
  return 1;
}

fn finished(constant, out) {
  store64(out, load64(${FINISHED_AT} + constant * ${FINISHED_BYTES}));
}

fn putConstant(constant, out) {
  finished(constant, out);
  note(${Op.CONSTANT}, constant, 0);
}

fn redact(out) {
  redacted += 1;
  putConstant(${Constant.REDACTED}, out);
}

; {"name": "password", "value": "…"}: the name is looked at when the object ends. 0 to decline
fn noteNaming(frame) i32 {
  if ((keyIs & ${KeyIs.VALUE}) != 0) { store32(frame + ${FRAME.FLAGS}, ${KeyIs.VALUE}); }
  if ((keyIs & ${KeyIs.NAMING}) == 0) { return 1; }
  let count = load32(frame + ${FRAME.NAMING_COUNT});
  if (count == ${NAMING_MAX}) { return 0; }
  store32(frame + ${FRAME.NAMING} + (count << 2), tapeEnd);
  store32(frame + ${FRAME.NAMING_COUNT}, count + 1);
  return 1;
}

fn namesSecret(frame) i32 {
  let i = load32(frame + ${FRAME.NAMING_COUNT});
  while (i > 0) {
    i -= 1;
    let record = load32(frame + ${FRAME.NAMING} + (i << 2));
    if ((load32(record) & 15) == ${Op.TEXT}) {
      let from = load32(record + 4);
      ; Written anew: its escapes, or a secret in it, are gone. The other way knows what was there.
      if (from >= ${PLAIN_AT}) { return 1; }
      if (isSecretName(from, load32(record + 8))) { return 1; }
    }
  }
  return 0;
}
`;

const STRINGS = `
; A string behind its quote: where it ends, 0 to decline.
fn string(from, end) i32 {
  let at = from;
  let has = 0;
  let byte = load8(at);
  while (byte != ${QUOTE}) {
    if (byte == ${BACKSLASH}) { return escapedString(from, at, end, has); }
    has = has | load32(${CLASSES_AT} + (byte << 2));
    at += 1;
    byte = load8(at);
  }
  ; DEL is no control character to JSON, but rare enough.
  if (at >= end || (has & ${Has.CONTROL}) != 0) { return 0; }
  store8(from - 1, ${TAG_TEXT});
  start = from;
  stop = at;
  classes = has;
  allClasses = allClasses | has;
  return at + 1;
}

; The same with escapes: the text is written anew.
fn escapedString(from, at, end, raw) i32 {
  let to = plain + 1;
  if (at - from > ${PLAIN_END - 8} - to) { return 0; }
  store8(plain, ${TAG_TEXT});
  start = to;
  copy(to, from, at - from);
  to += at - from;
  let byte = load8(at);
  while (byte != ${QUOTE}) {
    if (byte != ${BACKSLASH}) {
      raw = raw | load32(${CLASSES_AT} + (byte << 2));
      store8(to, byte);
      to += 1;
      at += 1;
    } else {
      let letter = load8(at + 1);
      let stands = load8(letter + ${ESCAPES_AT});
      if (stands != 0) {
        store8(to, stands);
        to += 1;
        at += 2;
      } else {
        if (letter != 0x75) { return 0; }
        let point = hexUnit(at + 2);
        at += 6;
        if (point >= 0xd800 && point < 0xdc00 && load8(at) == ${BACKSLASH} && load8(at + 1) == 0x75) {
          let low = hexUnit(at + 2);
          at += 6;
          if (low < 0xdc00 || low >= 0xe000) { return 0; }
          point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
        ; Half a surrogate pair has no UTF-8.
        if (point < 0 || (point >= 0xd800 && point < 0xe000)) { return 0; }
        to = putPoint(to, point);
      }
    }
    if (to > ${PLAIN_END - 8}) { return 0; }
    byte = load8(at);
  }
  if (at >= end || (raw & ${Has.CONTROL}) != 0) { return 0; }
  allClasses = allClasses | raw;
  stop = to;
  plain = to;
  classes = classesOf(start, to);
  return at + 1;
}

fn classesOf(from, to) i32 {
  let has = 0;
  while (from < to) {
    has = has | load32(${CLASSES_AT} + (load8(from) << 2));
    from += 1;
  }
  return has;
}

; Four hexadecimal digits, -1 if they are none.
fn hexUnit(at) i32 {
  let unit = 0;
  let end = at + 4;
  while (at < end) {
    let byte = load8(at);
    let digit = byte - 0x30;
    if (digit >=u 10) {
      digit = (byte | 0x20) - 0x61;
      if (digit >=u 6) { return -1; }
      digit += 10;
    }
    unit = (unit << 4) | digit;
    at += 1;
  }
  return unit;
}

; A character in UTF-8: behind it.
fn putPoint(to, point) i32 {
  if (point < 0x80) {
    store8(to, point);
    return to + 1;
  }
  if (point < 0x800) {
    store8(to, 0xc0 | (point >>> 6));
    store8(to + 1, 0x80 | (point & 63));
    return to + 2;
  }
  if (point < 0x10000) {
    store8(to, 0xe0 | (point >>> 12));
    store8(to + 1, 0x80 | ((point >>> 6) & 63));
    store8(to + 2, 0x80 | (point & 63));
    return to + 3;
  }
  store8(to, 0xf0 | (point >>> 18));
  store8(to + 1, 0x80 | ((point >>> 12) & 63));
  store8(to + 2, 0x80 | ((point >>> 6) & 63));
  store8(to + 3, 0x80 | (point & 63));
  return to + 4;
}

; The value of the string that was read: 0 to decline.
fn told(out, secret) i32 {
  let from = start;
  let to = stop;
  let has = classes;
  if (from == to) {
    putConstant(${Constant.EMPTY_TEXT}, out);
    return 1;
  }
  let format = formatOf(from, to, has);
  if (redacts) {
    if (secret || load8(${SUFFIXES_AT + SUFFIX_SECRET} + format * ${SUFFIX_BYTES}) != 0) {
      redact(out);
      return 1;
    }
    if ((keyIs & ${KeyIs.GUARDED}) != 0) {
      ; The name's record is the last one.
      if (isSecretPair(load32(tapeEnd - ${RECORD_BYTES - 4}), load32(tapeEnd - ${RECORD_BYTES - 8}), from, to)) {
        redact(out);
        return 1;
      }
    }
    if (mayHoldSecret(from, to, has)) {
      let length = redactText(from, to, plain + 1);
      if (length < 0) { return 0; }
      if (length > 0) {
        ; A text of which a part was redacted; it has no format any more.
        redacted += 1;
        store8(plain, ${TAG_TEXT});
        from = plain + 1;
        to = from + length;
        plain = to;
        format = 0;
      }
    }
  }
  note(format << 4, from, to);
  if (format == 0) { digestText(from - 1, to - from + 1, out); } else {
    digestFormatted(from - 1, to - from + 1, ${TEMPLATES_AT} + format * ${2 * TEMPLATE_BYTES}, out);
  }
  return 1;
}
`;

const NUMBERS = `
fn noteInteger(format, value i64) {
  let at = tapeEnd;
  store32(at, ${Op.INTEGER} | (format << 4));
  store64(at + 8, value);
  tapeEnd = at + ${RECORD_BYTES};
}

; Where the number ends, 0 to decline.
fn number(from, out, secret) i32 {
  let negative = load8(from) == ${MINUS};
  let firstDigit = from + negative;
  let at = firstDigit;
  let mantissa i64 = 0L;
  let byte = load8(at) - 0x30;
  while (byte <u 10) {
    mantissa = mantissa * 10L + wide(byte);
    at += 1;
    byte = load8(at) - 0x30;
  }
  let digits = at - firstDigit;
  if (digits == 0 || (digits > 1 && load8(firstDigit) == 0x30)) { return 0; }
  let next = byte + 0x30;
  if (next == ${DOT}) { return fraction(from, at, digits, mantissa, out, secret); }
  ; 1e3: the type is for the other way to say.
  if ((next | 0x20) == 0x65 || digits > ${SAFE_DIGITS + 1} || mantissa > ${Number.MAX_SAFE_INTEGER}L) { return 0; }
  if (secret) {
    redact(out);
    return at;
  }
  if (mantissa == 0L) {
    putConstant(${Constant.INTEGER_ZERO}, out);
    return at;
  }
  let format = 0;
  if (negative) { mantissa = 0L - mantissa; }
  else if (mantissa >= 1000000000L) {
    if (redacts && mantissa >= ${CARD_MIN}L) {
      if (isCard(from, at)) {
        redact(out);
        return at;
      }
    }
    format = numberFormat(mantissa);
  }
  ; What stands before a number is read already.
  store8(from - 1, ${TAG_INTEGER});
  noteInteger(format, mantissa);
  if (format == 0) { digestInteger(from - 1, at - from + 1, out); } else {
    digestFormatted(from - 1, at - from + 1, ${TEMPLATES_AT + TEMPLATE_BYTES} + format * ${2 * TEMPLATE_BYTES}, out);
  }
  return at;
}

; From the point on.
fn fraction(from, point, digits, whole i64, out, secret) i32 {
  let at = point + 1;
  let mantissa i64 = whole;
  let byte = load8(at) - 0x30;
  while (byte <u 10) {
    mantissa = mantissa * 10L + wide(byte);
    at += 1;
    byte = load8(at) - 0x30;
  }
  let decimals = at - point - 1;
  if (decimals == 0) { return 0; }
  let value f64 = 0.0;
  if (((byte + 0x30) | 0x20) == 0x65) {
    ; Digits and a sign, or it is no number.
    at += 1;
    if (load8(at) == 0x2b || load8(at) == ${MINUS}) { at += 1; }
    let exponent = at;
    while (load8(at) - 0x30 <u 10) { at += 1; }
    if (at == exponent) { return 0; }
    value = parseDouble(from, at);
    if (value != value) { return 0; }
  } else if (digits + decimals <= ${SAFE_DIGITS}) {
    ; One division of an exact integer by an exact power of ten rounds right.
    value = double(mantissa) / loadDouble(${POWERS_AT} + (decimals << 3));
    if (load8(from) == ${MINUS}) { value = -value; }
  } else {
    value = parseExact(from, at);
  }
  if (secret) {
    redact(out);
    return at;
  }
  if (value == 0.0) {
    putConstant(${Constant.DOUBLE_ZERO}, out);
    return at;
  }
  ; What looks like a card once more, and what has no normal text.
  if (value >= ${CARD_MIN}.0) { return 0; }
  let text = doubleText(value);
  if (text == 0) { return 0; }
  let record = tapeEnd;
  store32(record, ${Op.DOUBLE});
  storeDouble(record + 8, value);
  tapeEnd = record + ${RECORD_BYTES};
  digestDouble(text, stop - text, out);
  return at;
}

; The text of a double that its digest is made of (agent/digest/digest-memory.ts, hashFloat): where it begins, its end in the
; global; 0 for a value that is not normal (0, denormals, infinities).
fn doubleText(value f64) i32 {
  let all i64 = bits(value);
  let biased = low(all >>> 52L) & 0x7ff;
  if (biased == 0 || biased == 0x7ff) { return 0; }
  let mantissa i64 = all & 0xfffffffffffffL;
  let at = ${DOUBLE_AT};
  let exponent = biased - 1022;
  stop = at;
  if (mantissa == 0L) { exponent -= 1; } else {
    stop = at + 52 - ctz64(mantissa);
    let rest i64 = mantissa << 12L;
    let to = at;
    while (to < stop) {
      store32(to, load32(${NIBBLES_AT} + (low(rest >>> 60L) << 2)));
      rest = rest << 4L;
      to += 4;
    }
  }
  at -= 1;
  store8(at, 0x31);
  if (mantissa != 0L) { at -= 1; store8(at, 0x30); }
  at -= 1;
  store8(at, ${COLON});
  let digits = exponent < 0 ? -exponent : exponent;
  let more = 1;
  while (more) {
    let tenth = (digits * 6554) >>> 16;
    at -= 1;
    store8(at, 0x30 + digits - tenth * 10);
    digits = tenth;
    more = digits;
  }
  if (exponent < 0) { at -= 1; store8(at, ${MINUS}); }
  at -= 2;
  store8(at + 1, all < 0L ? ${MINUS} : 0x2b);
  store8(at, ${TAG_DOUBLE});
  return at;
}

fn word(at, out) i32 {
  let letters = load32(at);
  if (letters == 0x65757274) {
    putConstant(${Constant.TRUE}, out);
    return at + 4;
  }
  if (letters == 0x6c6c756e) {
    putConstant(${Constant.NULL}, out);
    return at + 4;
  }
  if (letters == 0x736c6166 && load8(at + 4) == 0x65) {
    putConstant(${Constant.FALSE}, out);
    return at + 5;
  }
  return 0;
}
`;

export const SEAL_GRAMMAR = `${IMPORTS}${GRAMMAR}${STRINGS}${NUMBERS}`;
