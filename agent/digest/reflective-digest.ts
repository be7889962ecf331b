/**
 * The digest by reflection over the schema, as the original first had it: the reference that the generated code is held
 * to. For tests, the bench and the defect scenario only; straightforward, not slow on purpose (XXH64 is the same).
 */
import { type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import { UNDIGESTED_FIELDS } from './digest-generator.ts';
import { bytes, ensure, hash, normalisedFloat } from './digest-memory.ts';

type Entry = readonly [key: Buffer, value: Buffer];

function xxh64(input: Buffer): Buffer {
  ensure(16 + input.length);
  bytes.set(input, 16);
  hash(16, input.length, 0);
  return Buffer.from(bytes.subarray(0, 8));
}

const ofText = (text: string): Buffer => xxh64(Buffer.from(`u${text}`));
const ofInt = (value: number | bigint): Buffer => xxh64(Buffer.from(`i${value}`));
const ofMap = (entries: Entry[]): Buffer => {
  entries.sort((a, b) => Buffer.compare(a[0], b[0]));
  return xxh64(Buffer.concat([Buffer.from('d'), ...entries.flat()]));
};

function ofFloat(value: number): Buffer {
  if (value === 0) return xxh64(Buffer.from('f+0:'));
  if (Number.isFinite(value)) return xxh64(Buffer.from(`f${normalisedFloat(value)}`));
  return xxh64(Buffer.from(Number.isNaN(value) ? 'fNaN' : value > 0 ? 'fInfinity' : 'f-Infinity'));
}

function ofScalar(type: ScalarType, value: unknown): Buffer {
  switch (type) {
    case ScalarType.STRING:
      return ofText(value as string);
    case ScalarType.BYTES:
      return xxh64(Buffer.concat([Buffer.from('r'), value as Uint8Array]));
    case ScalarType.BOOL:
      return xxh64(Buffer.from(value ? 'b1' : 'b0'));
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return ofFloat(value as number);
    default:
      return ofInt(value as number | bigint);
  }
}

const isDefault = (type: ScalarType, value: unknown): boolean =>
  type !== ScalarType.BYTES && (value === '' || value === false || value === 0 || value === 0n);

/** What a field holds: through its oneof where it has one. */
function fieldValue(message: Message, field: DescField): unknown {
  const record = message as unknown as Record<string, unknown>;
  if (!field.oneof) return record[field.localName];
  const choice = record[field.oneof.localName] as { case?: string; value?: unknown };
  return choice.case === field.localName ? choice.value : undefined;
}

function ofField(field: DescField, value: unknown): Buffer | undefined {
  switch (field.fieldKind) {
    case 'map': {
      const pairs = Object.entries(value as Record<string, unknown>);
      if (pairs.length === 0) return undefined;
      return ofMap(pairs.map(([key, item]) => [ofText(key), ofElement(field, item)]));
    }
    case 'list': {
      const items = value as unknown[];
      if (items.length === 0) return undefined;
      return xxh64(Buffer.concat([Buffer.from('l'), ...items.map((item) => ofElement(field, item))]));
    }
    case 'message':
      // Fields of wrapper types come unwrapped.
      return isMessage(value) ? digestByReflection(field.message, value) : ofWrapped(field.message, value);
    case 'enum':
      return field.oneof || value !== 0 ? ofInt(value as number) : undefined;
    default:
      return field.oneof || !isDefault(field.scalar, value) ? ofScalar(field.scalar, value) : undefined;
  }
}

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && '$typeName' in value;

function ofWrapped(desc: DescMessage, value: unknown): Buffer {
  const [field] = desc.fields;
  const type = field!.scalar!;
  return ofMap(isDefault(type, value) ? [] : [[ofInt(1), ofScalar(type, value)]]);
}

function ofElement(field: DescField, item: unknown): Buffer {
  return field.message ? digestByReflection(field.message, item as Message) : ofScalar(field.scalar!, item);
}

/** The 8 digest bytes of a protobuf-es message. */
export function digestByReflection(desc: DescMessage, message: Message): Buffer {
  const entries: Entry[] = [];
  for (const field of desc.fields) {
    if (UNDIGESTED_FIELDS.has(`${desc.typeName}.${field.name}`)) continue;
    const value = fieldValue(message, field);
    if (value === undefined) continue;
    const digest = ofField(field, value);
    if (digest !== undefined) entries.push([ofInt(field.number), digest]);
  }
  return ofMap(entries);
}
