/**
 * What a witness in binary form will weigh as objects, found before any is made: two bytes on the wire can be a message of
 * hundreds of bytes in memory. Walks the wire along the schema (protobuf.dev, "Encoding"), without recursion.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { WitnessSchema } from './gen/witness_pb.ts';

/** Estimates on the high side, of protobuf-es's message and of our node together. */
const messageBytes = 500;
const fieldBytes = 32;
/** A number of a packed list: one byte on the wire can be one. */
const packedBytes = 8;

const fieldsOf = new WeakMap<DescMessage, Map<number, DescField>>();

/** @returns the weight in bytes; infinite beyond `bytesMax`, or where the bytes are no witness */
export function witnessWeight(bytes: Uint8Array, bytesMax: number): number {
  const messages: (DescMessage | null)[] = [WitnessSchema];
  const ends = [bytes.length];
  let weight = messageBytes;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70 && at < bytes.length; shift += 7) {
      const byte = bytes[at++]!;
      if (shift < 49) value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.POSITIVE_INFINITY;
  };
  while (ends.length > 0) {
    const end = ends.at(-1)!;
    if (at >= end) {
      if (at > end) return Number.POSITIVE_INFINITY;
      ends.pop();
      messages.pop();
      continue;
    }
    const tag = varint();
    const wireType = tag % 8;
    weight += fieldBytes;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      const inner = innerOf(messages.at(-1) ?? null, Math.floor(tag / 8));
      if (inner === null) at += length;
      else if (inner === 'packed') {
        weight += length * packedBytes;
        at += length;
      } else {
        weight += messageBytes;
        messages.push(inner);
        ends.push(at + length);
      }
    } else return Number.POSITIVE_INFINITY;
    // Written so that a length that is no number ends it as well.
    if (!(at <= end && (ends.at(-1) ?? 0) <= end && weight <= bytesMax)) return Number.POSITIVE_INFINITY;
  }
  return weight;
}

/** What a field with a length holds: a message, packed numbers, or null for bytes as they are. */
function innerOf(message: DescMessage | null, number: number): DescMessage | 'packed' | null {
  if (message === null) return null;
  const field = fieldsIn(message).get(number);
  switch (field?.fieldKind) {
    case 'message':
      return field.message;
    case 'list':
      return field.listKind === 'message' ? field.message! : field.packed ? 'packed' : null;
    case 'map':
      return entryOf(field);
    default:
      return null;
  }
}

function fieldsIn(message: DescMessage): Map<number, DescField> {
  let fields = fieldsOf.get(message);
  if (fields === undefined) {
    fields = new Map(message.fields.map((field) => [field.number, field]));
    fieldsOf.set(message, fields);
  }
  return fields;
}

const entries = new WeakMap<DescField, DescMessage>();

/** An entry is a message of a key, 1, and a value, 2. */
function entryOf(field: DescField & { fieldKind: 'map' }): DescMessage {
  let entry = entries.get(field);
  if (entry === undefined) {
    const value = { ...field, number: 2, fieldKind: field.mapKind === 'message' ? 'message' : 'scalar' };
    entry = { fields: [value] } as unknown as DescMessage;
    entries.set(field, entry);
  }
  return entry;
}
