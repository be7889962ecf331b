/**
 * The values of a JSON body in their order, and their binary form written from its end to its start (hot path): a
 * message's length is known when its content is written. The tags are those of `witness.proto`; the generated encoder
 * writes the same bytes (json-sealer.test.ts).
 */
import {
  bytes,
  FINISHED,
  FORMAT_SUFFIXES,
  MEMORY_BYTES,
  SEALED_TEXT_BYTES_MAX,
  VALUE_AT,
  view,
} from './seal-memory.ts';

/** What a record is, in its low four bits; above them the format. */
export const Op = {
  /** first, second: where the text begins and ends. */
  TEXT: 0,
  INTEGER: 1,
  DOUBLE: 2,
  /** first: index in `FINISHED`. */
  CONSTANT: 3,
  BEGIN_OBJECT: 4,
  BEGIN_LIST: 5,
  END_OBJECT: 6,
  END_LIST: 7,
  /** first, second: where the name begins and ends. */
  KEY: 8,
} as const;

/** Three bytes of text make two records at most: `[],`. */
const RECORDS_MAX = ((SEALED_TEXT_BYTES_MAX * 2) / 3 + 2) | 0;
const RECORD_WORDS = 3;
/** Above so many bytes a copy by the runtime is quicker than a loop. */
const SHORT_TEXT = 40;
/** What a step writes beside a text. */
const STEP_BYTES = 128;
/** A depth that no body reaches: its readers cut before. */
const DEPTH_MAX = 130;

const Tag = {
  DATA_PRIMITIVE: 0x0a,
  DATA_STRUCT: 0x12,
  DATA_LIST: 0x1a,
  DATA_META: 0x2a,
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

export class Tape {
  readonly #records = new Int32Array(RECORDS_MAX * RECORD_WORDS);
  readonly #numbers = new Float64Array(RECORDS_MAX);
  readonly #ends = new Int32Array(DEPTH_MAX);
  readonly #kinds = new Uint8Array(DEPTH_MAX);
  #next = 0;

  clear(): void {
    this.#next = 0;
  }

  /** Where the next record will lie: to be asked for later. */
  get length(): number {
    return this.#next;
  }

  add(op: number, first: number, second: number): void {
    const records = this.#records;
    const at = this.#next;
    records[at] = op;
    records[at + 1] = first;
    records[at + 2] = second;
    this.#next = at + RECORD_WORDS;
  }

  addNumber(op: number, value: number): void {
    const at = this.#next;
    this.#records[at] = op;
    this.#numbers[at / RECORD_WORDS] = value;
    this.#next = at + RECORD_WORDS;
  }

  opAt(record: number): number {
    return this.#records[record]! & 15;
  }

  firstAt(record: number): number {
    return this.#records[record + 1]!;
  }

  secondAt(record: number): number {
    return this.#records[record + 2]!;
  }

  /** Values on the tape, containers among them. */
  get values(): number {
    let count = 0;
    for (let at = 0; at < this.#next; at += RECORD_WORDS) if ((this.#records[at]! & 15) < Op.END_OBJECT) count += 1;
    return count;
  }

  /**
   * Writes the Data of the root, a container, to the memory's end.
   * @param meta its DataMeta in binary, if any
   * @returns where it begins, −1 when there is no room for it
   */
  encode(meta: Uint8Array | null): number {
    let at = MEMORY_BYTES;
    if (meta !== null) {
      at -= meta.length;
      bytes.set(meta, at);
      at = putHead(at, meta.length, Tag.DATA_META);
    }
    const records = this.#records;
    const ends = this.#ends;
    const kinds = this.#kinds;
    let depth = 0;
    /** Of the member's value that was written last. */
    let memberEnd = 0;
    for (let record = this.#next - RECORD_WORDS; record >= 0; record -= RECORD_WORDS) {
      const op = records[record]!;
      if (at - VALUE_AT < SEALED_TEXT_BYTES_MAX + STEP_BYTES) return -1;
      let end = at;
      switch (op & 15) {
        case Op.TEXT: {
          const start = records[record + 1]!;
          const length = records[record + 2]! - start;
          const suffix = FORMAT_SUFFIXES[op >> 4]!;
          const size = length + 6 + suffix.length;
          if (size < 128) {
            // The usual text: every length is one byte, and known.
            const tag = kinds[depth - 1] === Op.END_LIST ? Tag.ELEMENT : Tag.ENTRY_VALUE;
            at = putShortText(at - size - 2, tag, size, start, length, suffix);
            memberEnd = end;
            continue;
          }
          at = putTextValue(at, suffix, start, length);
          break;
        }
        case Op.INTEGER:
          at = putIntegerValue(at, op >> 4, this.#numbers[record / RECORD_WORDS]!);
          break;
        case Op.DOUBLE:
          at -= 8;
          view.setFloat64(at, this.#numbers[record / RECORD_WORDS]!, true);
          bytes[at - 1] = Tag.VALUE_FIXED64;
          bytes[at - 2] = 9;
          bytes[at - 3] = Tag.PRIMITIVE_DOUBLE;
          bytes[at - 4] = 11;
          bytes[at - 5] = Tag.DATA_PRIMITIVE;
          at -= 5;
          break;
        case Op.CONSTANT: {
          const finished = FINISHED[records[record + 1]!]!.bytes;
          at = putBytes(at, finished);
          break;
        }
        case Op.KEY: {
          const start = records[record + 1]!;
          const length = records[record + 2]! - start;
          const size = memberEnd - at + length + 2;
          if (size < 128) {
            at -= length + 4;
            bytes[at] = Tag.ENTRY;
            bytes[at + 1] = size;
            bytes[at + 2] = Tag.ENTRY_KEY;
            bytes[at + 3] = length;
            for (let i = 0; i < length; i += 1) bytes[at + 4 + i] = bytes[start + i]!;
            continue;
          }
          at = putHead(putText(at, start, length), length, Tag.ENTRY_KEY);
          at = putHead(at, memberEnd - at, Tag.ENTRY);
          continue;
        }
        case Op.END_OBJECT:
        case Op.END_LIST:
          ends[depth] = at;
          kinds[depth] = op & 15;
          depth += 1;
          continue;
        default:
          // A container begins: its content is written.
          depth -= 1;
          end = ends[depth]!;
          at = putHead(at, end - at, (op & 15) === Op.BEGIN_OBJECT ? Tag.DATA_STRUCT : Tag.DATA_LIST);
          if (depth === 0) return at;
      }
      memberEnd = end;
      // Data stands as the element of a list, or as the value of an entry whose name comes next.
      at = putHead(at, end - at, kinds[depth - 1] === Op.END_LIST ? Tag.ELEMENT : Tag.ENTRY_VALUE);
    }
    return -1;
  }
}

/** Length and tag before what begins at `at`. @returns where the tag lies */
function putHead(at: number, length: number, tag: number): number {
  let to = at;
  if (length < 128) bytes[--to] = length;
  else if (length < 16_384) {
    bytes[--to] = length >> 7;
    bytes[--to] = (length & 127) | 128;
  } else {
    bytes[--to] = length >> 14;
    bytes[--to] = ((length >> 7) & 127) | 128;
    bytes[--to] = (length & 127) | 128;
  }
  bytes[--to] = tag;
  return to;
}

function putText(at: number, start: number, length: number): number {
  const to = at - length;
  if (length > SHORT_TEXT) bytes.copyWithin(to, start, start + length);
  else for (let i = 0; i < length; i += 1) bytes[to + i] = bytes[start + i]!;
  return to;
}

function putBytes(at: number, source: Uint8Array): number {
  const to = at - source.length;
  for (let i = 0; i < source.length; i += 1) bytes[to + i] = source[i]!;
  return to;
}

/** Data with its head, at `at`, `size` bytes of content. */
function putShortText(
  at: number,
  tag: number,
  size: number,
  start: number,
  length: number,
  suffix: Uint8Array,
): number {
  const mem = bytes;
  mem[at] = tag;
  mem[at + 1] = size;
  mem[at + 2] = Tag.DATA_PRIMITIVE;
  mem[at + 3] = size - 2;
  mem[at + 4] = Tag.PRIMITIVE_STRING;
  mem[at + 5] = length + 2;
  mem[at + 6] = Tag.VALUE_TEXT;
  mem[at + 7] = length;
  let to = at + 8;
  for (let from = start; from < start + length; from += 1, to += 1) mem[to] = mem[from]!;
  for (let i = 0; i < suffix.length; i += 1, to += 1) mem[to] = suffix[i]!;
  return at;
}

function putTextValue(end: number, suffix: Uint8Array, start: number, length: number): number {
  let at = putBytes(end, suffix);
  const stringEnd = at;
  at = putHead(putText(at, start, length), length, Tag.VALUE_TEXT);
  at = putHead(at, stringEnd - at, Tag.PRIMITIVE_STRING);
  return putHead(at, end - at, Tag.DATA_PRIMITIVE);
}

function putIntegerValue(end: number, format: number, value: number): number {
  let at = format === 0 ? end : putBytes(end, FORMAT_SUFFIXES[format]!);
  const integerEnd = at;
  at = value < 0 ? putNegative(at, value) : putPositive(at, value);
  bytes[--at] = Tag.VALUE_VARINT;
  at = putHead(at, integerEnd - at, Tag.PRIMITIVE_INT64);
  return putHead(at, end - at, Tag.DATA_PRIMITIVE);
}

/** A varint of a safe integer. */
function putPositive(at: number, value: number): number {
  let size = 1;
  for (let limit = 128; size < 8 && value >= limit; limit *= 128) size += 1;
  let to = at - size;
  let rest = value;
  while (rest >= 128) {
    const high = Math.floor(rest / 128);
    bytes[to] = (rest - high * 128) | 128;
    to += 1;
    rest = high;
  }
  bytes[to] = rest;
  return at - size;
}

/** Two's complement of 64 bits: always ten bytes. */
function putNegative(at: number, value: number): number {
  const low = value >>> 0;
  const high = Math.floor(value / 4294967296) >>> 0;
  const to = at - 10;
  for (let i = 0; i < 4; i += 1) bytes[to + i] = ((low >>> (7 * i)) & 127) | 128;
  bytes[to + 4] = (low >>> 28) | ((high & 7) << 4) | 128;
  for (let i = 5; i < 9; i += 1) bytes[to + i] = ((high >>> (7 * i - 32)) & 127) | 128;
  bytes[to + 9] = high >>> 31;
  return to;
}
