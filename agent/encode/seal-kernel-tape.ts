/**
 * From the tape of a JSON body to its binary form, in the language of `kernel-compiler.ts` (hot path): written from its end to its
 * start, for a message's length is known when its content is written. The tags are those of `witness.proto`; the generated
 * encoder writes the same bytes (json-sealer.test.ts).
 */
import {
  FINISHED_AT,
  FINISHED_BYTES,
  FRAMES_AT,
  Op,
  RECORD_BYTES,
  SEALED_TEXT_BYTES_MAX,
  SUFFIX_BYTES,
  SUFFIXES_AT,
  TAPE_AT,
  VALUE_AT,
} from './seal-layout.ts';

/** What a step writes beside a text. */
const STEP_BYTES = 128;

const Tag = {
  DATA_PRIMITIVE: 0x0a,
  DATA_STRUCT: 0x12,
  DATA_LIST: 0x1a,
  PRIMITIVE_STRING: 0x22,
  PRIMITIVE_INT64: 0x32,
  PRIMITIVE_DOUBLE: 0x4a,
  VALUE_TEXT: 0x12,
  VALUE_VARINT: 0x10,
  VALUE_FIXED64: 0x11,
  ENTRY: 0x0a,
  ENTRY_KEY: 0x0a,
  ENTRY_VALUE: 0x12,
  ELEMENT: 0x0a,
} as const;

export const SEAL_TAPE = `
; Writes the Data of the root, a container, before the bytes at \`at\`: where it begins, 0 when there is no room for it.
export fn encode(at) i32 {
  let record = tapeEnd - ${RECORD_BYTES};
  ; Of each open container: where its content ends, and its kind.
  let frame = ${FRAMES_AT - 8};
  ; Data stands as the element of a list, or as the value of an entry whose name comes next.
  let tag = ${Tag.ENTRY_VALUE};
  ; Where the member's value ends that was written last.
  let memberEnd = at;
  while (record >= ${TAPE_AT}) {
    if (at < ${VALUE_AT + SEALED_TEXT_BYTES_MAX + STEP_BYTES}) { return 0; }
    let op = load32(record);
    let kind = op & 15;
    if (kind == ${Op.KEY}) {
      let text = load32(record + 4);
      let length = load32(record + 8) - text;
      let size = memberEnd - at + length + 2;
      at = putCopy(at, text, length);
      if (size < 128) {
        at -= 4;
        store32(at, ${Tag.ENTRY} | (${Tag.ENTRY_KEY} << 16) | (size << 8) | (length << 24));
      } else {
        at = putHead(at, length, ${Tag.ENTRY_KEY});
        at = putHead(at, memberEnd - at, ${Tag.ENTRY});
      }
    } else if (kind == ${Op.END_OBJECT} || kind == ${Op.END_LIST}) {
      frame += 8;
      store32(frame, at);
      store32(frame + 4, kind);
      tag = kind == ${Op.END_LIST} ? ${Tag.ELEMENT} : ${Tag.ENTRY_VALUE};
    } else {
      memberEnd = at;
      if (kind == ${Op.TEXT}) {
        let text = load32(record + 4);
        let length = load32(record + 8) - text;
        at = putSuffix(at, op >>> 4);
        let textEnd = at;
        at = putCopy(at, text, length);
        if (memberEnd - at < 120) {
          ; Every length is one byte.
          at -= 4;
          store32(at, ${Tag.PRIMITIVE_STRING} | (${Tag.VALUE_TEXT} << 16) | (length + 2 << 8) | (length << 24));
          let size = memberEnd - at;
          at -= 4;
          store32(at, tag | (${Tag.DATA_PRIMITIVE} << 16) | (size + 2 << 8) | (size << 24));
          record -= ${RECORD_BYTES};
          continue;
        }
        at = putHead(at, length, ${Tag.VALUE_TEXT});
        at = putHead(at, textEnd - at, ${Tag.PRIMITIVE_STRING});
        at = putHead(at, memberEnd - at, ${Tag.DATA_PRIMITIVE});
      } else if (kind == ${Op.INTEGER}) {
        at = putSuffix(at, op >>> 4);
        let integerEnd = at;
        at = putVarint(at, load64(record + 8)) - 1;
        store8(at, ${Tag.VALUE_VARINT});
        at = putHead(at, integerEnd - at, ${Tag.PRIMITIVE_INT64});
        at = putHead(at, memberEnd - at, ${Tag.DATA_PRIMITIVE});
      } else if (kind == ${Op.DOUBLE}) {
        at -= 13;
        store64(at + 5, load64(record + 8));
        store32(at + 1, 11 | (${Tag.PRIMITIVE_DOUBLE} << 8) | (9 << 16) | (${Tag.VALUE_FIXED64} << 24));
        store8(at, ${Tag.DATA_PRIMITIVE});
      } else if (kind == ${Op.CONSTANT}) {
        let finished = ${FINISHED_AT} + load32(record + 4) * ${FINISHED_BYTES};
        at = putCopy(at, finished + 12, load32(finished + 8));
      } else {
        ; A container begins: its content is written.
        memberEnd = load32(frame);
        frame -= 8;
        at = putHead(at, memberEnd - at, kind == ${Op.BEGIN_OBJECT} ? ${Tag.DATA_STRUCT} : ${Tag.DATA_LIST});
        if (frame < ${FRAMES_AT}) { return at; }
        tag = load32(frame + 4) == ${Op.END_LIST} ? ${Tag.ELEMENT} : ${Tag.ENTRY_VALUE};
      }
      at = putHead(at, memberEnd - at, tag);
    }
    record -= ${RECORD_BYTES};
  }
  return 0;
}

; Length and tag before what begins at \`at\`: where the tag lies.
export fn putHead(at, length, tag) i32 {
  if (length < 128) {
    at -= 2;
    store16(at, tag | (length << 8));
    return at;
  }
  if (length < 16384) {
    at -= 3;
    store8(at, tag);
    store16(at + 1, (length & 127) | 128 | ((length >>> 7) << 8));
    return at;
  }
  if (length < 2097152) {
    at -= 4;
    store32(at, tag | (((length & 127) | 128) << 8) | ((((length >>> 7) & 127) | 128) << 16) | ((length >>> 14) << 24));
    return at;
  }
  at -= 5;
  store8(at, tag);
  store32(at + 1, (length & 127) | 128 | ((((length >>> 7) & 127) | 128) << 8) | ((((length >>> 14) & 127) | 128) << 16)
    | ((length >>> 21) << 24));
  return at;
}

; Copies before \`at\`, eight bytes at a time from the end: up to seven bytes before it are overwritten, which are free yet.
fn putCopy(at, from, length) i32 {
  let to = at - length;
  if (length > 256) {
    copy(to, from, length);
    return to;
  }
  let source = from + length;
  while (at > to) {
    at -= 8;
    source -= 8;
    store64(at, load64(source));
  }
  return to;
}

fn putSuffix(at, format) i32 {
  if (format == 0) { return at; }
  let suffix = ${SUFFIXES_AT} + format * ${SUFFIX_BYTES};
  return putCopy(at, suffix + 4, load32(suffix));
}

; Two's complement of 64 bits: a negative number always takes ten bytes.
fn putVarint(at, value i64) i32 {
  let size = 1;
  let rest i64 = value >>> 7L;
  while (rest != 0L) {
    size += 1;
    rest = rest >>> 7L;
  }
  at -= size;
  let to = at;
  while (size > 1) {
    store8(to, low(value) & 127 | 128);
    value = value >>> 7L;
    to += 1;
    size -= 1;
  }
  store8(to, low(value));
  return at;
}
`;
