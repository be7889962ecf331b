/**
 * What a collector has to know of a witness, from its binary form: method, meta, and the keys of its values, which are their
 * digests; the values themselves are passed over. A tenth of the time of `decodeWitness`. Pure.
 *
 * Takes what an agent writes: each field once. Whatever else protobuf allows (fields in several parts, keys that are no
 * digests) is left to `decodeWitness`.
 */
import { fromBinary } from '@bufbuild/protobuf';
import * as ir from '../witness/ir.ts';
import { MethodIDSchema, MethodMetaSchema } from './gen/witness_pb.ts';
import { methodMeta } from './witness-decoder.ts';

/** Tags of length-delimited fields. */
const Tag: Readonly<Record<'first' | 'second' | 'third' | 'fourth', number>> = {
  first: 0x0a,
  second: 0x12,
  third: 0x1a,
  fourth: 0x22,
};
/** As `digestTextAt` writes it: 11 characters of base64url, and padding. */
const digestLength = 12;
/** As many as a megabyte of entries with nothing in them: a witness of more is weighed before anything is made of it. */
const fieldsMax = 65_536;
const digestText = /^[\w-]{11}=$/;
/** Stands for every value: nobody looks at them. */
const passedOver = new ir.Data(ir.DataKind.NONE, ir.ScalarKind.NONE, null, null);

/** A part of the bytes that is read field by field; what is read last is in its fields. */
class Reader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  tag = 0;
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isOver(): boolean {
    return this.#at === this.#end;
  }

  /** @returns whether a length-delimited field lies next, whole */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.tag = this.#bytes[this.#at]!;
    let length = 0;
    let at = this.#at + 1;
    for (let scale = 1; ; scale *= 128) {
      if (at >= this.#end || scale > 128 ** 4) return false;
      const byte = this.#bytes[at++]!;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if ((this.tag & 7) !== 2 || at + length > this.#end) return false;
    this.start = at;
    this.end = at + length;
    this.#at = this.end;
    return true;
  }

  part(): Reader {
    return new Reader(this.#bytes, this.start, this.end);
  }

  content(): Uint8Array {
    return this.#bytes.subarray(this.start, this.end);
  }
}

/**
 * @returns the witness with keys alone, which its digest needs no more than; undefined where it takes a decoder to say
 * @throws Error on a method or meta that is none.
 */
export function outlineWitness(bytes: Uint8Array): ir.Witness | undefined {
  const whole = new Reader(bytes, 0, bytes.length);
  if (!whole.next() || whole.tag !== Tag.first || !whole.isOver) return undefined;
  const reader = whole.part();
  const method = new ir.Method(null, null);
  while (!reader.isOver) {
    if (!reader.next() || !readField(reader, method)) return undefined;
    if (method.args.size + method.responses.size > fieldsMax) return undefined;
  }
  method.args.keyed = true;
  method.responses.keyed = true;
  return new ir.Witness(method);
}

function readField(reader: Reader, method: ir.Method): boolean {
  switch (reader.tag) {
    case Tag.first: {
      if (method.id !== null) return false;
      const { name, apiType } = fromBinary(MethodIDSchema, reader.content());
      method.id = new ir.MethodId(name, apiType);
      return true;
    }
    case Tag.second:
      return readKey(reader.part(), method.args);
    case Tag.third:
      return readKey(reader.part(), method.responses);
    case Tag.fourth:
      if (method.meta !== null) return false;
      method.meta = methodMeta(fromBinary(MethodMetaSchema, reader.content()));
      return true;
    default:
      return false;
  }
}

/** Of an entry: its key, then its value. */
function readKey(entry: Reader, fields: ir.Fields): boolean {
  if (!entry.next() || entry.tag !== Tag.first || entry.end - entry.start !== digestLength) return false;
  const key = Buffer.prototype.latin1Slice.call(entry.content(), 0, digestLength);
  if (!digestText.test(key) || fields.indexOf(key) >= 0) return false;
  if (!entry.next() || entry.tag !== Tag.second || !entry.isOver) return false;
  fields.append(key, passedOver);
  return true;
}
