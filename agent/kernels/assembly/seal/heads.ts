/**
 * The fields of an HTTP head as entries of a witness's map (hot path: every field of every message): their keys, which are the
 * values' digests as text, their values in binary, and what the map's digest is made of. Most texts came before: they are copied.
 * Names not seen before and texts that take a closer look are asked of JavaScript.
 */
import { byteAt } from '../bytes.ts';
import { hashNumber, P1, P2 } from '../digest/xxh64.ts';
import { TAG_INTEGER, TAG_TEXT } from './characters.ts';
import { bareFormatted, bareInteger, bareText } from './digests.ts';
import { formatOf } from './formats.ts';
import { learnPlace, sealValue } from './host.ts';
import {
  ASKED_AT,
  ASKED_CHANGED_AT,
  ASKED_VALUE_AT,
  CLASSES_AT,
  DIGESTS_AT,
  HAS_DIGIT,
  HEAD_ENTRY_BYTES_MAX,
  HEAD_FIELD_BYTES,
  HEAD_KEY_AT,
  HEAD_PAIRS_MAX,
  HEAD_TEXT_BYTES,
  HEAD_TEXT_BYTES_MAX,
  HEAD_TEXT_CHANGED,
  HEAD_TEXT_ENTRY,
  HEAD_TEXT_ENTRY_LENGTH,
  HEAD_TEXT_LENGTH,
  HEAD_TEXT_PAIR,
  HEAD_TEXT_PLACE,
  HEAD_TEXT_TEXT,
  HEAD_TEXTS,
  HEAD_TEXTS_AT,
  HEAD_VALUE_BYTES_MAX,
  KEY_DATA_META,
  KEY_DATA_PRIMITIVE,
  NUMBER_DIGITS_MAX,
  PLACE_BYTES,
  PLACE_FLAGS,
  PLACE_IS_OPEN,
  PLACE_IS_SECRET,
  PLACE_IS_SPECIAL,
  PLACE_META,
  PLACE_META_DIGEST,
  PLACE_META_LENGTH,
  PLACE_NAME,
  PLACE_NAME_BYTES_MAX,
  PLACE_NAME_LENGTH,
  PLACE_REDACTED,
  PLACE_REDACTED_BYTES_MAX,
  PLACE_REDACTED_LENGTH,
  PLACE_REDACTED_PAIR,
  PLACE_STATUS,
  PLACES,
  PLACES_AT,
  PLAIN_AT,
  ROOT_BYTES,
  ROOT_TEXT_AT,
  SEALED_BYTES_MAX,
  SECRET_BYTES_MIN,
  SHORT_MAX,
  SUFFIX_BYTES,
  SUFFIX_SECRET,
  SUFFIXES_AT,
  TAPE_AT,
  TEMPLATE_BYTES,
  TEMPLATES_AT,
  TEXT_AT,
  TYPE_MAP,
  VALUE_AT,
} from './layout.generated.ts';
import { mayHoldSecret } from './secrets.ts';
import { State } from './state.ts';
import {
  TAG_ARGUMENT,
  TAG_DATA_PRIMITIVE,
  TAG_ENTRY_KEY,
  TAG_ENTRY_VALUE,
  TAG_PRIMITIVE_INT64,
  TAG_PRIMITIVE_STRING,
  TAG_RESPONSE,
  TAG_VALUE_TEXT,
  TAG_VALUE_VARINT,
} from './tags.ts';

const KEY_CHARACTERS: i32 = 12;

/** Of the head that is begun. */
class Head {
  static tag: i32 = 0;
  static pairsEnd: i32 = 0;
  static entriesEnd: i32 = 0;
  /** Characters of all values, and values that obfuscation changed. */
  static characters: i32 = 0;
  static changed: i32 = 0;
}

export function beginHead(isRequest: bool, redacts: bool): void {
  State.redacts = redacts;
  Head.tag = isRequest ? TAG_ARGUMENT : TAG_RESPONSE;
  Head.pairsEnd = DIGESTS_AT;
  Head.entriesEnd = VALUE_AT;
  Head.characters = 0;
  Head.changed = 0;
}

/** Where the entries end, which begin at `VALUE_AT`. */
export function headEntriesEnd(): i32 {
  return Head.entriesEnd;
}

/** Where the pairs end, which begin at `DIGESTS_AT`. */
export function headPairsEnd(): i32 {
  return Head.pairsEnd;
}

export function headCharacters(): i32 {
  return Head.characters;
}

export function headChanged(): i32 {
  return Head.changed;
}

/**
 * Adds fields, from the one of a number on: their offsets, in bytes[TEXT_AT, …), lie at TAPE_AT.
 * @returns the number of the first one that is JavaScript's, `count` when there is none, -1 without room
 */
export function addFields(from: i32, count: i32, status: i32): i32 {
  for (let i = from; i < count; i += 1) {
    const field = TAPE_AT + i * HEAD_FIELD_BYTES;
    const nameStart = TEXT_AT + load<i32>(field);
    const nameLength = TEXT_AT + load<i32>(field, 4) - nameStart;
    if (nameLength > PLACE_NAME_BYTES_MAX) return i;
    if (!hasRoom(HEAD_TEXT_BYTES)) return -1;
    const place = placeOf(nameStart, nameLength, status);
    if ((load<i32>(place, PLACE_FLAGS) & PLACE_IS_SPECIAL) !== 0) return i;
    const start = TEXT_AT + load<i32>(field, 8);
    const length = min(TEXT_AT + load<i32>(field, 12) - start, HEAD_VALUE_BYTES_MAX);
    if (!addText(place, start, length)) return -1;
  }
  return count;
}

/** A value that lies at ASKED_VALUE_AT, its digest at ASKED_AT. @returns whether there was room */
export function addValue(length: i32, characters: i32): bool {
  Head.characters += characters;
  const at = Head.entriesEnd;
  if (!hasRoom(length)) return false;
  putEntry(ASKED_VALUE_AT, length, load<u64>(ASKED_AT), Head.pairsEnd);
  keepLast(at);
  return true;
}

/** The memory's last part stays free for what is copied too far. */
function hasRoom(length: i32): bool {
  return (
    Head.entriesEnd - VALUE_AT + length + 64 <= SEALED_BYTES_MAX && Head.pairsEnd < DIGESTS_AT + HEAD_PAIRS_MAX * 16
  );
}

/** Up to 8 bytes, as a number; zeros beyond the length. */
function wordAt(at: i32, length: i32): u64 {
  return load<u64>(at) & (<u64>-1 >> ((<u64>(8 - length)) << 3));
}

function mixed(at: i32, length: i32, seed: u64): u64 {
  let h = seed + <u64>length;
  const end = at + length;
  while (end - at >= 8) {
    h = rotl((h ^ load<u64>(at)) * P1, 29);
    at += 8;
  }
  if (at < end) h = rotl((h ^ wordAt(at, end - at)) * P1, 29);
  return (h ^ (h >> 32)) * P2;
}

function isSame(at: i32, other: i32, length: i32): bool {
  const end = at + length;
  while (end - at >= 8) {
    if (load<u64>(at) !== load<u64>(other)) return false;
    at += 8;
    other += 8;
  }
  return at === end || wordAt(at, end - at) === wordAt(other, end - at);
}

function placeOf(name: i32, length: i32, status: i32): i32 {
  const slot = <i32>(mixed(name, length, (<u64>status) << 8) >> 33) & (PLACES - 1);
  const place = PLACES_AT + slot * PLACE_BYTES;
  const isKnown = load<i32>(place, PLACE_NAME_LENGTH) === length && load<i32>(place, PLACE_STATUS) === status;
  if (isKnown && isSame(name, place + PLACE_NAME, length)) return place;
  if (load<i32>(place, PLACE_NAME_LENGTH) !== 0) forgetTexts(place);
  store<i32>(place, length, PLACE_NAME_LENGTH);
  store<i32>(place, status, PLACE_STATUS);
  memory.copy(place + PLACE_NAME, name, length);
  keepRedacted(place, learnPlace(place, name, name + length, status));
  return place;
}

/** What all texts of a secret's place become: its value, of so many bytes, was asked for. */
function keepRedacted(place: i32, length: i32): void {
  if ((load<i32>(place, PLACE_FLAGS) & PLACE_IS_SECRET) === 0) return;
  const at = Head.entriesEnd;
  putEntry(ASKED_VALUE_AT, length, load<u64>(ASKED_AT), place + PLACE_REDACTED_PAIR);
  const entryLength = Head.entriesEnd - at;
  Head.entriesEnd = at;
  store<i32>(place, entryLength, PLACE_REDACTED_LENGTH);
  if (entryLength <= PLACE_REDACTED_BYTES_MAX) memory.copy(place + PLACE_REDACTED, at, entryLength);
  else store<i32>(place, 0, PLACE_FLAGS);
}

/** Texts of the place that was here before are not this one's. */
function forgetTexts(place: i32): void {
  for (let i = 0; i < HEAD_TEXTS; i += 1) {
    const slot = HEAD_TEXTS_AT + i * HEAD_TEXT_BYTES;
    if (load<i32>(slot, HEAD_TEXT_PLACE) === place) store<i32>(slot, 0, HEAD_TEXT_PLACE);
  }
}

function addText(place: i32, start: i32, length: i32): bool {
  Head.characters += length;
  const flags = load<i32>(place, PLACE_FLAGS);
  if ((flags & PLACE_IS_SECRET) !== 0 && State.redacts && length >= SECRET_BYTES_MIN) {
    Head.changed += 1;
    copyEntry(place + PLACE_REDACTED, load<i32>(place, PLACE_REDACTED_LENGTH), place + PLACE_REDACTED_PAIR);
    return true;
  }
  if (length > HEAD_TEXT_BYTES_MAX) return addNew(place, start, length, 0);
  const slot = HEAD_TEXTS_AT + (<i32>(mixed(start, length, <u64>place) >> 33) & (HEAD_TEXTS - 1)) * HEAD_TEXT_BYTES;
  const isKnown = load<i32>(slot, HEAD_TEXT_PLACE) === place && load<i32>(slot, HEAD_TEXT_LENGTH) === length;
  if (!isKnown || !isSame(start, slot + HEAD_TEXT_TEXT, length)) return addNew(place, start, length, slot);
  Head.changed += load<i32>(slot, HEAD_TEXT_CHANGED);
  copyEntry(slot + HEAD_TEXT_ENTRY, load<i32>(slot, HEAD_TEXT_ENTRY_LENGTH), slot + HEAD_TEXT_PAIR);
  return true;
}

/** An entry that was made before; up to 15 bytes behind it are overwritten. */
function copyEntry(entry: i32, length: i32, pair: i32): void {
  v128.store(Head.pairsEnd, v128.load(pair));
  let to = Head.entriesEnd;
  const end = entry + length;
  for (let from = entry; from < end; from += 16) {
    v128.store(to, v128.load(from));
    to += 16;
  }
  if (keepPair()) Head.entriesEnd += length;
}

/** Goes on behind the last pair, unless the same value is in the map already. */
function keepPair(): bool {
  const last = Head.pairsEnd;
  const digest = load<u64>(last, 8);
  for (let pair = DIGESTS_AT; pair < last; pair += 16) if (load<u64>(pair, 8) === digest) return false;
  Head.pairsEnd = last + 16;
  return true;
}

function keepLast(entriesStart: i32): void {
  if (!keepPair()) Head.entriesEnd = entriesStart;
}

/** A text that no slot holds, or 0 for one that none shall. */
function addNew(place: i32, start: i32, length: i32, slot: i32): bool {
  let changed = 0;
  let value = PLAIN_AT + 1024;
  let size = 0;
  if (slot !== 0 && (load<i32>(place, PLACE_FLAGS) & PLACE_IS_OPEN) !== 0) size = makeText(place, start, length, value);
  if (size === 0) {
    size = sealValue(place, start, start + length);
    value = ASKED_VALUE_AT;
    changed = load<i32>(ASKED_CHANGED_AT);
    Head.changed += changed;
  }
  const at = Head.entriesEnd;
  if (!hasRoom(size)) return false;
  putEntry(value, size, load<u64>(ASKED_AT), Head.pairsEnd);
  const entryLength = Head.entriesEnd - at;
  if (slot !== 0 && entryLength <= HEAD_ENTRY_BYTES_MAX) {
    store<i32>(slot, place, HEAD_TEXT_PLACE);
    store<i32>(slot, length, HEAD_TEXT_LENGTH);
    store<i32>(slot, entryLength, HEAD_TEXT_ENTRY_LENGTH);
    store<i32>(slot, changed, HEAD_TEXT_CHANGED);
    v128.store(slot, v128.load(Head.pairsEnd), HEAD_TEXT_PAIR);
    memory.copy(slot + HEAD_TEXT_TEXT, start, length);
    memory.copy(slot + HEAD_TEXT_ENTRY, at, entryLength);
  }
  keepLast(at);
  return true;
}

/** Writes an entry, and its pair to `pair`. */
function putEntry(value: i32, length: i32, digest: u64, pair: i32): void {
  let at = Head.entriesEnd;
  store<u8>(at, Head.tag);
  at = putVarint(at + 1, 2 + KEY_CHARACTERS + 1 + varintLength(length) + length);
  store<u16>(at, TAG_ENTRY_KEY | (KEY_CHARACTERS << 8));
  putKey(at + 2, bswap(digest));
  store<u8>(HEAD_KEY_AT, TAG_TEXT);
  memory.copy(HEAD_KEY_AT + 1, at + 2, KEY_CHARACTERS);
  store<u64>(pair, bswap(hashNumber(HEAD_KEY_AT, 1 + KEY_CHARACTERS)));
  store<u64>(pair, digest, 8);
  at += 2 + KEY_CHARACTERS;
  store<u8>(at, TAG_ENTRY_VALUE);
  at = putVarint(at + 1, length);
  memory.copy(at, value, length);
  Head.entriesEnd = at + length;
}

function varintLength(value: i32): i32 {
  let length = 1;
  for (let rest = value >> 7; rest > 0; rest >>= 7) length += 1;
  return length;
}

function putVarint(at: i32, value: i32): i32 {
  while (value > 127) {
    store<u8>(at, (value & 127) | 128);
    value >>= 7;
    at += 1;
  }
  store<u8>(at, value);
  return at + 1;
}

/** A digest's text: base64url with padding, from its highest bits on. */
function putKey(at: i32, digest: u64): void {
  for (let i = 0; i < 10; i += 1) store<u8>(at + i, letterOf(<i32>(digest >> <u64>(58 - i * 6)) & 63));
  store<u8>(at + 10, letterOf((<i32>digest & 15) << 2));
  store<u8>(at + 11, 0x3d);
}

function letterOf(value: i32): i32 {
  if (value < 26) return value + 0x41;
  if (value < 52) return value + 71;
  if (value < 62) return value - 4;
  return value === 62 ? 0x2d : 0x5f;
}

/** The Data of a plain text or integer, its digest at ASKED_AT. @returns its length, 0 for what takes a closer look */
function makeText(place: i32, start: i32, length: i32, to: i32): i32 {
  if (length === 0) return 0;
  let classes = 0;
  for (let at = start; at < start + length; at += 1) {
    const byte = byteAt(at);
    if (byte > 127) return 0;
    classes |= load<i32>(CLASSES_AT + (byte << 2));
  }
  const metaLength = load<i32>(place, PLACE_META_LENGTH);
  // In a place of its own, with room for the tag before it.
  const text = PLAIN_AT + 1;
  memory.copy(text, start, length);
  if (classes === HAS_DIGIT && length <= NUMBER_DIGITS_MAX) return makeNumber(place, text, length, metaLength, to);
  if (mayBeNoString(text, length)) return 0;
  const format = formatOf(text, text + length, classes);
  if (State.redacts) {
    if (byteAt(SUFFIXES_AT + SUFFIX_SECRET + format * SUFFIX_BYTES) !== 0) return 0;
    if (mayHoldSecret(text, text + length, classes) !== 0) return 0;
  }
  const suffix = SUFFIXES_AT + format * SUFFIX_BYTES;
  const suffixLength = format === 0 ? 0 : load<i32>(suffix);
  if (length + suffixLength > SHORT_MAX || metaLength > SHORT_MAX) return 0;
  store<u8>(PLAIN_AT, TAG_TEXT);
  if (format === 0) bareText(PLAIN_AT, length + 1, ROOT_TEXT_AT + 9);
  else bareFormatted(PLAIN_AT, length + 1, TEMPLATES_AT + format * 2 * TEMPLATE_BYTES, ROOT_TEXT_AT + 9);
  digestRoot(place);
  store<u8>(to, TAG_DATA_PRIMITIVE);
  store<u8>(to, length + 4 + suffixLength, 1);
  store<u8>(to, TAG_PRIMITIVE_STRING, 2);
  store<u8>(to, length + 2, 3);
  store<u8>(to, TAG_VALUE_TEXT, 4);
  store<u8>(to, length, 5);
  memory.copy(to + 6, text, length);
  memory.copy(to + 6 + length, suffix + 4, suffixLength);
  memory.copy(to + 6 + length + suffixLength, place + PLACE_META, metaLength);
  return 6 + length + suffixLength + metaLength;
}

/** Digits alone: an integer, as `inferText` takes it, if it is written as integers are and has no format. */
function makeNumber(place: i32, text: i32, length: i32, metaLength: i32, to: i32): i32 {
  if (byteAt(text) === 0x30 || formatOf(text, text + length, HAS_DIGIT) !== 0) return 0;
  store<u8>(PLAIN_AT, TAG_INTEGER);
  bareInteger(PLAIN_AT, length + 1, ROOT_TEXT_AT + 9);
  digestRoot(place);
  let value = 0;
  for (let at = text; at < text + length; at += 1) value = value * 10 + byteAt(at) - 0x30;
  const size = varintLength(value);
  store<u8>(to, TAG_DATA_PRIMITIVE);
  store<u8>(to, size + 3, 1);
  store<u8>(to, TAG_PRIMITIVE_INT64, 2);
  store<u8>(to, size + 1, 3);
  store<u8>(to, TAG_VALUE_VARINT, 4);
  const end = putVarint(to + 5, value);
  memory.copy(end, place + PLACE_META, metaLength);
  return end - to + metaLength;
}

/** Of the Data whose Primitive's digest is in its place. */
function digestRoot(place: i32): void {
  store<u8>(ROOT_TEXT_AT, TYPE_MAP);
  store<u64>(ROOT_TEXT_AT, KEY_DATA_PRIMITIVE, 1);
  store<u64>(ROOT_TEXT_AT, KEY_DATA_META, 17);
  store<u64>(ROOT_TEXT_AT, load<u64>(place, PLACE_META_DIGEST), 25);
  store<u64>(ASKED_AT, bswap(hashNumber(ROOT_TEXT_AT, ROOT_BYTES)));
}

/** What the ladder of types might take for a number or a truth value. */
function mayBeNoString(text: i32, length: i32): bool {
  const first = byteAt(text);
  // Digits, signs and the point; then t, T, f and F.
  if ((first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e) {
    for (let at = text + 1; at < text + length; at += 1) {
      const lower = byteAt(at) | 0x20;
      if (lower >= 0x61 && lower <= 0x7a && lower !== 0x65) return false;
    }
    return true;
  }
  const lower = first | 0x20;
  return length <= 5 && (lower === 0x74 || lower === 0x66);
}
