/**
 * From the tape to the binary form (hot path), written from its end to its start: a message's length is known when its content is
 * written. The tags are those of `witness.proto`; the generated encoder writes the same bytes (json-sealer.test.ts).
 */
import {
  ENCODER_STACK_AT,
  FINISHED_AT,
  FINISHED_BYTES,
  OP_BEGIN_OBJECT,
  OP_CONSTANT,
  OP_DOUBLE,
  OP_END_LIST,
  OP_END_OBJECT,
  OP_INTEGER,
  OP_KEY,
  OP_TEXT,
  RECORD_BYTES,
  SEALED_TEXT_BYTES_MAX,
  SUFFIX_BYTES,
  SUFFIXES_AT,
  TAPE_AT,
  VALUE_AT,
} from './layout.generated.ts';
import { Tape } from './state.ts';
import {
  TAG_DATA_LIST,
  TAG_DATA_PRIMITIVE,
  TAG_DATA_STRUCT,
  TAG_ELEMENT,
  TAG_ENTRY,
  TAG_ENTRY_KEY,
  TAG_ENTRY_VALUE,
  TAG_PRIMITIVE_DOUBLE,
  TAG_PRIMITIVE_INT64,
  TAG_PRIMITIVE_STRING,
  TAG_VALUE_FIXED64,
  TAG_VALUE_TEXT,
  TAG_VALUE_VARINT,
} from './tags.ts';

/** What a step writes beside a text. */
const STEP_BYTES: i32 = 128;

/** Writes the Data of the root, a container, before the bytes at `at`: where it begins, 0 when there is no room for it. */
export function encode(at: i32): i32 {
  return encodeEntries(at, TAPE_AT, Tape.end, false, true);
}

/**
 * Writes entries of one container, whole ones, before the bytes at `at`: where they begin, 0 when there is no room for them. Of a root,
 * which is no entry, the Data is written.
 */
export function encodeEntries(at: i32, first: i32, end: i32, isList: bool, isRoot: bool): i32 {
  let record = end - RECORD_BYTES;
  // Of each open container: where its content ends, and its kind.
  let frame = ENCODER_STACK_AT - 8;
  // Data stands as the element of a list, or as the value of an entry whose name comes next.
  const outer = isList ? TAG_ELEMENT : TAG_ENTRY_VALUE;
  let tag = outer;
  // Where the member's value ends that was written last.
  let memberEnd = at;
  while (record >= first) {
    if (at < VALUE_AT + SEALED_TEXT_BYTES_MAX + STEP_BYTES) {
      return 0;
    }
    const op = load<i32>(record);
    const kind = op & 15;
    if (kind === OP_KEY) {
      const text = load<i32>(record + 4);
      const length = load<i32>(record + 8) - text;
      const size = memberEnd - at + length + 2;
      at = putCopy(at, text, length);
      if (size < 128) {
        at -= 4;
        store<i32>(at, TAG_ENTRY | (TAG_ENTRY_KEY << 16) | (size << 8) | (length << 24));
      } else {
        at = putHead(at, length, TAG_ENTRY_KEY);
        at = putHead(at, memberEnd - at, TAG_ENTRY);
      }
    } else if (kind === OP_END_OBJECT || kind === OP_END_LIST) {
      frame += 8;
      store<i32>(frame, at);
      store<i32>(frame + 4, kind);
      tag = kind === OP_END_LIST ? TAG_ELEMENT : TAG_ENTRY_VALUE;
    } else {
      memberEnd = at;
      if (kind === OP_TEXT) {
        const text = load<i32>(record + 4);
        const length = load<i32>(record + 8) - text;
        at = putSuffix(at, op >>> 4);
        const textEnd = at;
        at = putCopy(at, text, length);
        if (memberEnd - at < 120) {
          // Every length is one byte.
          at -= 4;
          store<i32>(at, TAG_PRIMITIVE_STRING | (TAG_VALUE_TEXT << 16) | ((length + 2) << 8) | (length << 24));
          const size = memberEnd - at;
          at -= 4;
          store<i32>(at, tag | (TAG_DATA_PRIMITIVE << 16) | ((size + 2) << 8) | (size << 24));
          record -= RECORD_BYTES;
          continue;
        }
        at = putHead(at, length, TAG_VALUE_TEXT);
        at = putHead(at, textEnd - at, TAG_PRIMITIVE_STRING);
        at = putHead(at, memberEnd - at, TAG_DATA_PRIMITIVE);
      } else if (kind === OP_INTEGER) {
        at = putSuffix(at, op >>> 4);
        const integerEnd = at;
        at = putVarint(at, load<i64>(record + 8)) - 1;
        store<u8>(at, TAG_VALUE_VARINT);
        at = putHead(at, integerEnd - at, TAG_PRIMITIVE_INT64);
        at = putHead(at, memberEnd - at, TAG_DATA_PRIMITIVE);
      } else if (kind === OP_DOUBLE) {
        at -= 13;
        store<i64>(at + 5, load<i64>(record + 8));
        store<i32>(at + 1, 11 | (TAG_PRIMITIVE_DOUBLE << 8) | (9 << 16) | (TAG_VALUE_FIXED64 << 24));
        store<u8>(at, TAG_DATA_PRIMITIVE);
      } else if (kind === OP_CONSTANT) {
        const finished = FINISHED_AT + load<i32>(record + 4) * FINISHED_BYTES;
        at = putCopy(at, finished + 12, load<i32>(finished + 8));
      } else {
        // A container begins: its content is written.
        memberEnd = load<i32>(frame);
        frame -= 8;
        at = putHead(at, memberEnd - at, kind === OP_BEGIN_OBJECT ? TAG_DATA_STRUCT : TAG_DATA_LIST);
        if (frame < ENCODER_STACK_AT) {
          if (isRoot) {
            return at;
          }
          tag = outer;
        } else {
          tag = load<i32>(frame + 4) === OP_END_LIST ? TAG_ELEMENT : TAG_ENTRY_VALUE;
        }
      }
      at = putHead(at, memberEnd - at, tag);
    }
    record -= RECORD_BYTES;
  }
  return at;
}

/** Length and tag before what begins at `at`: where the tag lies. */
function putHead(at: i32, length: i32, tag: i32): i32 {
  if (length < 128) {
    at -= 2;
    store<u16>(at, tag | (length << 8));
    return at;
  }
  if (length < 16384) {
    at -= 3;
    store<u8>(at, tag);
    store<u16>(at + 1, (length & 127) | 128 | ((length >>> 7) << 8));
    return at;
  }
  if (length < 2097152) {
    at -= 4;
    store<i32>(
      at,
      tag | (((length & 127) | 128) << 8) | ((((length >>> 7) & 127) | 128) << 16) | ((length >>> 14) << 24),
    );
    return at;
  }
  at -= 5;
  store<u8>(at, tag);
  store<i32>(
    at + 1,
    (length & 127) |
      128 |
      ((((length >>> 7) & 127) | 128) << 8) |
      ((((length >>> 14) & 127) | 128) << 16) |
      ((length >>> 21) << 24),
  );
  return at;
}

/** Copies before `at`, eight bytes at a time from the end: up to seven bytes before it are overwritten, which are free yet. */
function putCopy(at: i32, from: i32, length: i32): i32 {
  const to = at - length;
  if (length > 256) {
    memory.copy(to, from, length);
    return to;
  }
  let source = from + length;
  while (at > to) {
    at -= 8;
    source -= 8;
    store<i64>(at, load<i64>(source));
  }
  return to;
}

function putSuffix(at: i32, format: i32): i32 {
  if (format === 0) {
    return at;
  }
  const suffix = SUFFIXES_AT + format * SUFFIX_BYTES;
  return putCopy(at, suffix + 4, load<i32>(suffix));
}

/** Two's complement of 64 bits: a negative number always takes ten bytes. */
function putVarint(at: i32, value: i64): i32 {
  let size = 1;
  let rest: i64 = value >>> 7;
  while (rest !== 0) {
    size += 1;
    rest = rest >>> 7;
  }
  at -= size;
  let to = at;
  while (size > 1) {
    store<u8>(to, (<i32>value & 127) | 128);
    value = value >>> 7;
    to += 1;
    size -= 1;
  }
  store<u8>(to, <i32>value);
  return at;
}
