// Generated from agent/encode/witness.proto by `npm run generate` (agent/digest/digest-generator.ts). Not for editing.
import type { Annotations, Constraints, Data, DataMeta, Fields, MapType, Method, MethodId, MethodMeta, OneOf, Witness } from '../witness/ir.ts';
import type { Sealed } from '../witness/sealed.ts';
import {
  bytes,
  digestWord,
  ENTRIES_MAX,
  ensure,
  hash,
  hashBool,
  hashBytes,
  hashFloat,
  hashInt,
  hashText,
  putDigest,
  putDigestOfText,
  putPairs,
  sortEntries,
  TYPE_LIST,
  TYPE_MAP,
} from './digest-memory.ts';

/** api_spec.Witness: fields in the order 1. */
export function digestWitness(x: Witness, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  {
    const m = x.method;
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestMethod(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Method: fields in the order 4, 1, 2, 3. */
export function digestMethod(x: Method, out: number, at: number): void {
  ensure(at + 81);
  let p = at + 1;
  {
    const m = x.meta;
    if (m !== null) {
      putDigest(p, 0x29513ea0, 0xacb088f3);
      digestMethodMeta(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.id;
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestMethodID(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const c = x.args;
    if (c.size > 0) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestMethodArgs(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const c = x.responses;
    if (c.size > 0) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestMethodResponses(c, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestMethodArgs(map: Fields, out: number, at: number): void {
  const { keys, values } = map;
  const count = Math.min(keys.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 32);
    hashText(keys[i]!, p, p + 8);
    if (map.keyed) putDigestOfText(keys[i]!, p + 8);
    else digestData(values[i]!, p + 8, p + 16);
    p += 16;
  }
  if (map.packed !== null) p = putPairs(map.packed, p);
  sortEntries(at + 1, (p - at - 1) / 16);
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestMethodResponses(map: Fields, out: number, at: number): void {
  const { keys, values } = map;
  const count = Math.min(keys.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 32);
    hashText(keys[i]!, p, p + 8);
    if (map.keyed) putDigestOfText(keys[i]!, p + 8);
    else digestData(values[i]!, p + 8, p + 16);
    p += 16;
  }
  if (map.packed !== null) p = putPairs(map.packed, p);
  sortEntries(at + 1, (p - at - 1) / 16);
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.MethodID: fields in the order 1, 2. */
export function digestMethodID(x: MethodId, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  if (x.name !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x.name, p + 8, p + 16);
    p += 16;
  }
  if (x.apiType !== 0) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashInt(x.apiType, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Data: fields in the order 6, 4, 1, 5, 2, 3, 7. */
export function digestData(x: Data, out: number, at: number): void {
  if (x.kind === 15) {
    const sealed = x.value as Sealed;
    putDigest(out, sealed.digestHigh, sealed.digestLow);
    return;
  }
  ensure(at + 129);
  let p = at + 1;
  if (x.kind === 6) {
    putDigest(p, 0x0c5012f3, 0xa613bb46);
    digestOneOf((x.value as OneOf), p + 8, p + 16);
    p += 16;
  }
  if (x.kind === 4) {
    putDigest(p, 0x29513ea0, 0xacb088f3);
    digestOptional(x, p + 8, p + 16);
    p += 16;
  }
  if (x.kind === 1) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    digestPrimitive(x, p + 8, p + 16);
    p += 16;
  }
  {
    const m = x.meta;
    if (m !== null) {
      putDigest(p, 0x46009add, 0x50c3062b);
      digestDataMeta(m, p + 8, p + 16);
      p += 16;
    }
  }
  if (x.kind === 2) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    digestStruct(x, p + 8, p + 16);
    p += 16;
  }
  if (x.kind === 3) {
    putDigest(p, 0x903df9c9, 0x932fe20f);
    digestList(x, p + 8, p + 16);
    p += 16;
  }
  if (x.nullable) {
    putDigest(p, 0xd1857b18, 0x0bc24979);
    hashBool(x.nullable, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.MethodMeta: fields in the order 1, 2. */
export function digestMethodMeta(x: MethodMeta, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  if (x.protocol === 1) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    digestGRPCMethodMeta(x, p + 8, p + 16);
    p += 16;
  }
  if (x.protocol === 2) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    digestHTTPMethodMeta(x, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Primitive: fields in the order 6, 4, 1, 11, 5, 2, 13, 10, 14, 3, 8, 7, 9, 12. */
export function digestPrimitive(x: Data, out: number, at: number): void {
  ensure(at + 241);
  let p = at + 1;
  if (x.scalar === 6) {
    putDigest(p, 0x0c5012f3, 0xa613bb46);
    digestInt64(x, p + 8, p + 16);
    p += 16;
  }
  if (x.scalar === 4) {
    putDigest(p, 0x29513ea0, 0xacb088f3);
    digestString(x, p + 8, p + 16);
    p += 16;
  }
  if ((x.extra === null ? '' : x.extra.typeHint) !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText((x.extra === null ? '' : x.extra.typeHint), p + 8, p + 16);
    p += 16;
  }
  {
    const m = (x.extra === null ? null : x.extra.annotations);
    if (m !== null) {
      putDigest(p, 0x43fd2e79, 0xa08c5ebf);
      digestAkitaAnnotations(m, p + 8, p + 16);
      p += 16;
    }
  }
  if (x.scalar === 5) {
    putDigest(p, 0x46009add, 0x50c3062b);
    digestInt32(x, p + 8, p + 16);
    p += 16;
  }
  if (x.scalar === 2) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    digestBool(x, p + 8, p + 16);
    p += 16;
  }
  {
    const c = (x.format === null ? null : x.format.names);
    if (c !== null && c.size > 0) {
      putDigest(p, 0x710edfbf, 0x1bd392cd);
      digestPrimitiveFormats(c, p + 8, p + 16);
      p += 16;
    }
  }
  if (x.scalar === 10) {
    putDigest(p, 0x7e244955, 0xc40a7e3d);
    digestFloat(x, p + 8, p + 16);
    p += 16;
  }
  if ((x.format === null ? '' : x.format.kind) !== '') {
    putDigest(p, 0x88a1336b, 0x5fd3e825);
    hashText((x.format === null ? '' : x.format.kind), p + 8, p + 16);
    p += 16;
  }
  if (x.scalar === 3) {
    putDigest(p, 0x903df9c9, 0x932fe20f);
    digestBytes(x, p + 8, p + 16);
    p += 16;
  }
  if (x.scalar === 8) {
    putDigest(p, 0xaf6f3e7f, 0xf2314e40);
    digestUint64(x, p + 8, p + 16);
    p += 16;
  }
  if (x.scalar === 7) {
    putDigest(p, 0xd1857b18, 0x0bc24979);
    digestUint32(x, p + 8, p + 16);
    p += 16;
  }
  if (x.scalar === 9) {
    putDigest(p, 0xd79c39a2, 0x834a0803);
    digestDouble(x, p + 8, p + 16);
    p += 16;
  }
  if ((x.extra === null ? false : x.extra.containsRandomValue)) {
    putDigest(p, 0xe9de3fd9, 0x696dcaa8);
    hashBool((x.extra === null ? false : x.extra.containsRandomValue), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestPrimitiveFormats(map: ReadonlyMap<string, boolean>, out: number, at: number): void {
  let p = at + 1;
  for (const [key, value] of map) {
    ensure(p + 32);
    hashText(key, p, p + 8);
    hashBool(value, p + 8, p + 16);
    p += 16;
  }
  const count = (p - at - 1) / 16;
  sortEntries(at + 1, count);
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Struct: fields in the order 1, 2. */
export function digestStruct(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const c = (x.value as Fields);
    if (c.size > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestStructFields(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.mapType;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestMapData(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestStructFields(map: Fields, out: number, at: number): void {
  const { keys, values } = map;
  const count = Math.min(keys.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 32);
    hashText(keys[i]!, p, p + 8);
    digestData(values[i]!, p + 8, p + 16);
    p += 16;
  }
  sortEntries(at + 1, count);
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.List: fields in the order 1. */
export function digestList(x: Data, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  {
    const c = (x.value as Data[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestListElems(c, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestListElems(list: readonly (Data)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    digestData(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.Optional: fields in the order 1, 2. */
export function digestOptional(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  if ((x.value === null ? 2 : 1) === 1) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    digestData((x.value as Data), p + 8, p + 16);
    p += 16;
  }
  if ((x.value === null ? 2 : 1) === 2) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    digestNone(x, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.OneOf: fields in the order 1, 2. */
export function digestOneOf(x: OneOf, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const c = x.options;
    if (c.size > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestOneOfOptions(c, p + 8, p + 16);
      p += 16;
    }
  }
  if (x.potentialConflict) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashBool(x.potentialConflict, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestOneOfOptions(map: Fields, out: number, at: number): void {
  const { keys, values } = map;
  const count = Math.min(keys.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 32);
    hashText(keys[i]!, p, p + 8);
    digestData(values[i]!, p + 8, p + 16);
    p += 16;
  }
  sortEntries(at + 1, count);
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.DataMeta: fields in the order 1, 2. */
export function digestDataMeta(x: DataMeta, out: number, at: number): void {
  if (x.digestHigh !== 0 || x.digestLow !== 0) {
    putDigest(out, x.digestHigh, x.digestLow);
    return;
  }
  ensure(at + 49);
  let p = at + 1;
  if (x.protocol === 1) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    digestGRPCMeta(x, p + 8, p + 16);
    p += 16;
  }
  if (x.protocol === 2) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    digestHTTPMeta(x, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
  x.digestHigh = digestWord(out);
  x.digestLow = digestWord(out + 4);
}

/** api_spec.GRPCMethodMeta: fields in the order (none). */
export function digestGRPCMethodMeta(_x: MethodMeta, out: number, _at: number): void {
  putDigest(out, 0x5000d8f2, 0x907d14e4);
}

/** api_spec.HTTPMethodMeta: fields in the order 1, 2, 3. */
export function digestHTTPMethodMeta(x: MethodMeta, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  if (x.method !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x.method, p + 8, p + 16);
    p += 16;
  }
  if (x.pathTemplate !== '') {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashText(x.pathTemplate, p + 8, p + 16);
    p += 16;
  }
  if (x.host !== '') {
    putDigest(p, 0x903df9c9, 0x932fe20f);
    hashText(x.host, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Bool: fields in the order 1, 2. */
export function digestBool(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestBoolType(m, p + 8, p + 16);
      p += 16;
    }
  }
  if ((x.value as boolean)) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashBool((x.value as boolean), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Bytes: fields in the order 1, 2. */
export function digestBytes(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestBytesType(m, p + 8, p + 16);
      p += 16;
    }
  }
  if (true) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashBytes((x.value as Uint8Array), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.String: fields in the order 1, 2. */
export function digestString(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestStringType(m, p + 8, p + 16);
      p += 16;
    }
  }
  if ((x.value as string) !== '') {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashText((x.value as string), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Int32: fields in the order 1, 2. */
export function digestInt32(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestInt32Type(m, p + 8, p + 16);
      p += 16;
    }
  }
  if ((x.value as number) !== 0) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashInt((x.value as number), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Int64: fields in the order 1, 2. */
export function digestInt64(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestInt64Type(m, p + 8, p + 16);
      p += 16;
    }
  }
  if (Number((x.value as number | bigint)) !== 0) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashInt((x.value as number | bigint), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Uint32: fields in the order 1, 2. */
export function digestUint32(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestUint32Type(m, p + 8, p + 16);
      p += 16;
    }
  }
  if ((x.value as number) !== 0) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashInt((x.value as number), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Uint64: fields in the order 1, 2. */
export function digestUint64(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestUint64Type(m, p + 8, p + 16);
      p += 16;
    }
  }
  if (Number((x.value as number | bigint)) !== 0) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashInt((x.value as number | bigint), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Double: fields in the order 1, 2. */
export function digestDouble(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestDoubleType(m, p + 8, p + 16);
      p += 16;
    }
  }
  if ((x.value as number) !== 0) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashFloat((x.value as number), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.Float: fields in the order 1, 2. */
export function digestFloat(x: Data, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestFloatType(m, p + 8, p + 16);
      p += 16;
    }
  }
  if ((x.value as number) !== 0) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashFloat(Math.fround((x.value as number)), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.AkitaAnnotations: fields in the order 1, 2, 3. */
export function digestAkitaAnnotations(x: Annotations, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  if (x.isFree) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashBool(x.isFree, p + 8, p + 16);
    p += 16;
  }
  if (x.isSensitive) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashBool(x.isSensitive, p + 8, p + 16);
    p += 16;
  }
  {
    const m = x.stringFormat;
    if (m !== null) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestFormatOption(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.MapData: fields in the order 1, 2. */
export function digestMapData(x: MapType, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const m = x.key;
    if (m !== null) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestData(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.value;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestData(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.None: fields in the order (none). */
export function digestNone(_x: Data, out: number, _at: number): void {
  putDigest(out, 0x5000d8f2, 0x907d14e4);
}

/** api_spec.GRPCMeta: fields in the order (none). */
export function digestGRPCMeta(_x: DataMeta, out: number, _at: number): void {
  putDigest(out, 0x5000d8f2, 0x907d14e4);
}

/** api_spec.HTTPMeta: fields in the order 6, 4, 1, 5, 2, 3, 8, 7, 9. */
export function digestHTTPMeta(x: DataMeta, out: number, at: number): void {
  ensure(at + 161);
  let p = at + 1;
  if (x.location === 6) {
    putDigest(p, 0x0c5012f3, 0xa613bb46);
    digestHTTPEmpty(x, p + 8, p + 16);
    p += 16;
  }
  if (x.location === 4) {
    putDigest(p, 0x29513ea0, 0xacb088f3);
    digestHTTPCookie(x, p + 8, p + 16);
    p += 16;
  }
  if (x.location === 1) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    digestHTTPPath(x, p + 8, p + 16);
    p += 16;
  }
  if (x.location === 5) {
    putDigest(p, 0x46009add, 0x50c3062b);
    digestHTTPBody(x, p + 8, p + 16);
    p += 16;
  }
  if (x.location === 2) {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    digestHTTPQuery(x, p + 8, p + 16);
    p += 16;
  }
  if (x.location === 3) {
    putDigest(p, 0x903df9c9, 0x932fe20f);
    digestHTTPHeader(x, p + 8, p + 16);
    p += 16;
  }
  if (x.location === 8) {
    putDigest(p, 0xaf6f3e7f, 0xf2314e40);
    digestHTTPAuth(x, p + 8, p + 16);
    p += 16;
  }
  if (x.responseCode !== 0) {
    putDigest(p, 0xd1857b18, 0x0bc24979);
    hashInt(x.responseCode, p + 8, p + 16);
    p += 16;
  }
  if (x.location === 9) {
    putDigest(p, 0xd79c39a2, 0x834a0803);
    digestHTTPMultipart(x, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.BoolType: fields in the order 1. */
export function digestBoolType(x: Constraints, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  {
    const c = (x.fixedValues as boolean[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestBoolTypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestBoolTypeFixedValues(list: readonly (boolean)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashBool(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.BytesType: fields in the order 1. */
export function digestBytesType(x: Constraints, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  {
    const c = (x.fixedValues as Uint8Array[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestBytesTypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestBytesTypeFixedValues(list: readonly (Uint8Array)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashBytes(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.StringType: fields in the order 1, 2. */
export function digestStringType(x: Constraints, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  {
    const c = (x.fixedValues as string[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestStringTypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  if (x.regex !== '') {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashText(x.regex, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestStringTypeFixedValues(list: readonly (string)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashText(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.Int32Type: fields in the order 1, 2, 3. */
export function digestInt32Type(x: Constraints, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  {
    const c = (x.fixedValues as number[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestInt32TypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestInt32Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.max;
    if (m !== null) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestInt32Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestInt32TypeFixedValues(list: readonly (number | bigint)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashInt(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.Int64Type: fields in the order 1, 2, 3. */
export function digestInt64Type(x: Constraints, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  {
    const c = (x.fixedValues as (number | bigint)[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestInt64TypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestInt64Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.max;
    if (m !== null) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestInt64Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestInt64TypeFixedValues(list: readonly (number | bigint)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashInt(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.Uint32Type: fields in the order 1, 2, 3. */
export function digestUint32Type(x: Constraints, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  {
    const c = (x.fixedValues as number[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestUint32TypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestUInt32Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.max;
    if (m !== null) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestUInt32Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestUint32TypeFixedValues(list: readonly (number | bigint)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashInt(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.Uint64Type: fields in the order 1, 2, 3. */
export function digestUint64Type(x: Constraints, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  {
    const c = (x.fixedValues as (number | bigint)[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestUint64TypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestUInt64Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.max;
    if (m !== null) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestUInt64Value(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestUint64TypeFixedValues(list: readonly (number | bigint)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashInt(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.DoubleType: fields in the order 1, 2, 3. */
export function digestDoubleType(x: Constraints, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  {
    const c = (x.fixedValues as number[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestDoubleTypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestDoubleValue(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.max;
    if (m !== null) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestDoubleValue(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestDoubleTypeFixedValues(list: readonly (number)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashFloat(list[i]!, p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.FloatType: fields in the order 1, 2, 3. */
export function digestFloatType(x: Constraints, out: number, at: number): void {
  ensure(at + 65);
  let p = at + 1;
  {
    const c = (x.fixedValues as number[]);
    if (c.length > 0) {
      putDigest(p, 0x2f547feb, 0x4065ed64);
      digestFloatTypeFixedValues(c, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      putDigest(p, 0x59c227fa, 0xd607b50b);
      digestFloatValue(m, p + 8, p + 16);
      p += 16;
    }
  }
  {
    const m = x.max;
    if (m !== null) {
      putDigest(p, 0x903df9c9, 0x932fe20f);
      digestFloatValue(m, p + 8, p + 16);
      p += 16;
    }
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

function digestFloatTypeFixedValues(list: readonly (number)[], out: number, at: number): void {
  const count = Math.min(list.length, ENTRIES_MAX);
  let p = at + 1;
  for (let i = 0; i < count; i += 1) {
    ensure(p + 24);
    hashFloat(Math.fround(list[i]!), p, p + 8);
    p += 8;
  }
  ensure(p);
  bytes[at] = TYPE_LIST;
  hash(at, p - at, out);
}

/** api_spec.FormatOption: fields in the order 1. */
export function digestFormatOption(x: string | undefined, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if ((x === undefined ? 0 : 1) === 1) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x!, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.HTTPPath: fields in the order 1. */
export function digestHTTPPath(x: DataMeta, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (x.key !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x.key, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.HTTPQuery: fields in the order 1. */
export function digestHTTPQuery(x: DataMeta, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (x.key !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x.key, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.HTTPHeader: fields in the order 1. */
export function digestHTTPHeader(x: DataMeta, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (x.key !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x.key, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.HTTPCookie: fields in the order 1. */
export function digestHTTPCookie(x: DataMeta, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (x.key !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x.key, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.HTTPBody: fields in the order 1, 2. */
export function digestHTTPBody(x: DataMeta, out: number, at: number): void {
  ensure(at + 49);
  let p = at + 1;
  if (x.type !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashInt(x.type, p + 8, p + 16);
    p += 16;
  }
  if (x.key !== '') {
    putDigest(p, 0x59c227fa, 0xd607b50b);
    hashText(x.key, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.HTTPEmpty: fields in the order (none). */
export function digestHTTPEmpty(_x: DataMeta, out: number, _at: number): void {
  putDigest(out, 0x5000d8f2, 0x907d14e4);
}

/** api_spec.HTTPAuth: fields in the order 1. */
export function digestHTTPAuth(x: DataMeta, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (x.type !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashInt(x.type, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** api_spec.HTTPMultipart: fields in the order 1. */
export function digestHTTPMultipart(x: DataMeta, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (x.key !== '') {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashText(x.key, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** google.protobuf.Int32Value: fields in the order 1. */
export function digestInt32Value(x: number | bigint, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (x !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashInt(x, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** google.protobuf.Int64Value: fields in the order 1. */
export function digestInt64Value(x: number | bigint, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (Number(x) !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashInt(x, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** google.protobuf.UInt32Value: fields in the order 1. */
export function digestUInt32Value(x: number | bigint, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if ((x as number) !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashInt((x as number), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** google.protobuf.UInt64Value: fields in the order 1. */
export function digestUInt64Value(x: number | bigint, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if (Number(x) !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashInt(x, p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** google.protobuf.DoubleValue: fields in the order 1. */
export function digestDoubleValue(x: number | bigint, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if ((x as number) !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashFloat((x as number), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}

/** google.protobuf.FloatValue: fields in the order 1. */
export function digestFloatValue(x: number | bigint, out: number, at: number): void {
  ensure(at + 33);
  let p = at + 1;
  if ((x as number) !== 0) {
    putDigest(p, 0x2f547feb, 0x4065ed64);
    hashFloat(Math.fround((x as number)), p + 8, p + 16);
    p += 16;
  }
  bytes[at] = TYPE_MAP;
  hash(at, p - at, out);
}
