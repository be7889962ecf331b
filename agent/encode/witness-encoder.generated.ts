// Generated from agent/encode/witness.proto by `npm run generate` (agent/encode/encoder-generator.ts). Not for editing.
import type { Annotations, Constraints, Data, DataMeta, Fields, MapType, Method, MethodId, MethodMeta, OneOf, Witness } from '../witness/ir.ts';
import type { Sealed } from '../witness/sealed.ts';
import { messageEnd, putBool, putBytes, putDouble, putFloat, putInteger, putMessageHead, putPacked, putSealed, putTag, putText, putUnsigned } from './backward-writer.ts';

/** api_spec.Witness. */
export function encodeWitness(x: Witness): void {
  {
    const m = x.method;
    if (m !== null) {
      const end = messageEnd();
      encodeMethod(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Method. */
export function encodeMethod(x: Method): void {
  {
    const m = x.meta;
    if (m !== null) {
      const end = messageEnd();
      encodeMethodMeta(m);
      putMessageHead(end, 0x22);
    }
  }
  {
    const { keys, values } = x.responses;
    for (let i = keys.length - 1; i >= 0; i -= 1) {
      const end = messageEnd();
      const valueEnd = messageEnd();
      encodeData(values[i]!);
      putMessageHead(valueEnd, 0x12);
      const key = keys[i]!;
      putText(key);
      putTag(0x0a);
      putMessageHead(end, 0x1a);
    }
    if (x.responses.packed !== null) putPacked(x.responses.packed);
  }
  {
    const { keys, values } = x.args;
    for (let i = keys.length - 1; i >= 0; i -= 1) {
      const end = messageEnd();
      const valueEnd = messageEnd();
      encodeData(values[i]!);
      putMessageHead(valueEnd, 0x12);
      const key = keys[i]!;
      putText(key);
      putTag(0x0a);
      putMessageHead(end, 0x12);
    }
    if (x.args.packed !== null) putPacked(x.args.packed);
  }
  {
    const m = x.id;
    if (m !== null) {
      const end = messageEnd();
      encodeMethodID(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.MethodID. */
export function encodeMethodID(x: MethodId): void {
  if (x.apiType !== 0) {
    putInteger(x.apiType);
    putTag(0x10);
  }
  if (x.name !== '') {
    putText(x.name);
    putTag(0x0a);
  }
}

/** api_spec.Data. */
export function encodeData(x: Data): void {
  if (x.kind === 15) {
    putSealed(x.value as Sealed);
    return;
  }
  {
    const keys = (x.extra === null ? null : x.extra.exampleValues);
    for (let i = (keys === null ? 0 : keys.length) - 1; i >= 0; i -= 1) {
      const end = messageEnd();
      putUnsigned(0);
      putTag(0x12);
      const key = keys![i]!;
      putText(key);
      putTag(0x0a);
      putMessageHead(end, 0x42);
    }
  }
  if (x.nullable) {
    putBool(x.nullable);
    putTag(0x38);
  }
  if (x.kind === 6) {
    const end = messageEnd();
    encodeOneOf((x.value as OneOf));
    putMessageHead(end, 0x32);
  }
  {
    const m = x.meta;
    if (m !== null) {
      const end = messageEnd();
      encodeDataMeta(m);
      putMessageHead(end, 0x2a);
    }
  }
  if (x.kind === 4) {
    const end = messageEnd();
    encodeOptional(x);
    putMessageHead(end, 0x22);
  }
  if (x.kind === 3) {
    const end = messageEnd();
    encodeList(x);
    putMessageHead(end, 0x1a);
  }
  if (x.kind === 2) {
    const end = messageEnd();
    encodeStruct(x);
    putMessageHead(end, 0x12);
  }
  if (x.kind === 1) {
    const end = messageEnd();
    encodePrimitive(x);
    putMessageHead(end, 0x0a);
  }
}

/** api_spec.MethodMeta. */
export function encodeMethodMeta(x: MethodMeta): void {
  if (x.protocol === 2) {
    const end = messageEnd();
    encodeHTTPMethodMeta(x);
    putMessageHead(end, 0x12);
  }
  if (x.protocol === 1) {
    putUnsigned(0);
    putTag(0x0a);
  }
}

/** api_spec.Primitive. */
export function encodePrimitive(x: Data): void {
  if ((x.format === null ? '' : x.format.kind) !== '') {
    putText((x.format === null ? '' : x.format.kind));
    putTag(0x72);
  }
  {
    const map = (x.format === null ? null : x.format.names);
    if (map !== null) {
      for (const [key, value] of map) {
        const end = messageEnd();
        putBool(value);
        putTag(0x10);
        putText(key);
        putTag(0x0a);
        putMessageHead(end, 0x6a);
      }
    }
  }
  if ((x.extra === null ? false : x.extra.containsRandomValue)) {
    putBool((x.extra === null ? false : x.extra.containsRandomValue));
    putTag(0x60);
  }
  {
    const m = (x.extra === null ? null : x.extra.annotations);
    if (m !== null) {
      const end = messageEnd();
      encodeAkitaAnnotations(m);
      putMessageHead(end, 0x5a);
    }
  }
  if (x.scalar === 10) {
    const end = messageEnd();
    encodeFloat(x);
    putMessageHead(end, 0x52);
  }
  if (x.scalar === 9) {
    const end = messageEnd();
    encodeDouble(x);
    putMessageHead(end, 0x4a);
  }
  if (x.scalar === 8) {
    const end = messageEnd();
    encodeUint64(x);
    putMessageHead(end, 0x42);
  }
  if (x.scalar === 7) {
    const end = messageEnd();
    encodeUint32(x);
    putMessageHead(end, 0x3a);
  }
  if (x.scalar === 6) {
    const end = messageEnd();
    encodeInt64(x);
    putMessageHead(end, 0x32);
  }
  if (x.scalar === 5) {
    const end = messageEnd();
    encodeInt32(x);
    putMessageHead(end, 0x2a);
  }
  if (x.scalar === 4) {
    const end = messageEnd();
    encodeString(x);
    putMessageHead(end, 0x22);
  }
  if (x.scalar === 3) {
    const end = messageEnd();
    encodeBytes(x);
    putMessageHead(end, 0x1a);
  }
  if (x.scalar === 2) {
    const end = messageEnd();
    encodeBool(x);
    putMessageHead(end, 0x12);
  }
  if ((x.extra === null ? '' : x.extra.typeHint) !== '') {
    putText((x.extra === null ? '' : x.extra.typeHint));
    putTag(0x0a);
  }
}

/** api_spec.Struct. */
export function encodeStruct(x: Data): void {
  {
    const m = x.mapType;
    if (m !== null) {
      const end = messageEnd();
      encodeMapData(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const { keys, values } = (x.value as Fields);
    for (let i = keys.length - 1; i >= 0; i -= 1) {
      const end = messageEnd();
      const valueEnd = messageEnd();
      encodeData(values[i]!);
      putMessageHead(valueEnd, 0x12);
      const key = keys[i]!;
      putText(key);
      putTag(0x0a);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.List. */
export function encodeList(x: Data): void {
  {
    const list = (x.value as Data[]);
    for (let i = list.length - 1; i >= 0; i -= 1) {
      const end = messageEnd();
      encodeData(list[i]!);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Optional. */
export function encodeOptional(x: Data): void {
  if ((x.value === null ? 2 : 1) === 2) {
    putUnsigned(0);
    putTag(0x12);
  }
  if ((x.value === null ? 2 : 1) === 1) {
    const end = messageEnd();
    encodeData((x.value as Data));
    putMessageHead(end, 0x0a);
  }
}

/** api_spec.OneOf. */
export function encodeOneOf(x: OneOf): void {
  if (x.potentialConflict) {
    putBool(x.potentialConflict);
    putTag(0x10);
  }
  {
    const { keys, values } = x.options;
    for (let i = keys.length - 1; i >= 0; i -= 1) {
      const end = messageEnd();
      const valueEnd = messageEnd();
      encodeData(values[i]!);
      putMessageHead(valueEnd, 0x12);
      const key = keys[i]!;
      putText(key);
      putTag(0x0a);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.DataMeta. */
export function encodeDataMeta(x: DataMeta): void {
  if (x.protocol === 2) {
    const end = messageEnd();
    encodeHTTPMeta(x);
    putMessageHead(end, 0x12);
  }
  if (x.protocol === 1) {
    putUnsigned(0);
    putTag(0x0a);
  }
}

/** api_spec.HTTPMethodMeta. */
export function encodeHTTPMethodMeta(x: MethodMeta): void {
  if (x.pairing !== 0) {
    putInteger(x.pairing);
    putTag(0x78);
  }
  if (x.weight !== 0) {
    putFloat(x.weight);
    putTag(0x75);
  }
  if (x.bodyWeight !== 0) {
    putFloat(x.bodyWeight);
    putTag(0x6d);
  }
  if (x.processingLatencyMs !== 0) {
    putFloat(x.processingLatencyMs);
    putTag(0x25);
  }
  if (x.host !== '') {
    putText(x.host);
    putTag(0x1a);
  }
  if (x.pathTemplate !== '') {
    putText(x.pathTemplate);
    putTag(0x12);
  }
  if (x.method !== '') {
    putText(x.method);
    putTag(0x0a);
  }
}

/** api_spec.Bool. */
export function encodeBool(x: Data): void {
  if ((x.value as boolean)) {
    putBool((x.value as boolean));
    putTag(0x10);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeBoolType(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Bytes. */
export function encodeBytes(x: Data): void {
  if ((x.value as Uint8Array).length > 0) {
    putBytes((x.value as Uint8Array));
    putTag(0x12);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeBytesType(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.String. */
export function encodeString(x: Data): void {
  if ((x.value as string) !== '') {
    putText((x.value as string));
    putTag(0x12);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeStringType(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Int32. */
export function encodeInt32(x: Data): void {
  if ((x.value as number) !== 0) {
    putInteger((x.value as number));
    putTag(0x10);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeInt32Type(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Int64. */
export function encodeInt64(x: Data): void {
  if (Number((x.value as number | bigint)) !== 0) {
    putInteger((x.value as number | bigint));
    putTag(0x10);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeInt64Type(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Uint32. */
export function encodeUint32(x: Data): void {
  if ((x.value as number) !== 0) {
    putUnsigned((x.value as number));
    putTag(0x10);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeUint32Type(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Uint64. */
export function encodeUint64(x: Data): void {
  if (Number((x.value as number | bigint)) !== 0) {
    putInteger((x.value as number | bigint));
    putTag(0x10);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeUint64Type(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Double. */
export function encodeDouble(x: Data): void {
  if ((x.value as number) !== 0) {
    putDouble((x.value as number));
    putTag(0x11);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeDoubleType(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Float. */
export function encodeFloat(x: Data): void {
  if ((x.value as number) !== 0) {
    putFloat((x.value as number));
    putTag(0x15);
  }
  {
    const m = (x.extra === null ? null : x.extra.constraints);
    if (m !== null) {
      const end = messageEnd();
      encodeFloatType(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.AkitaAnnotations. */
export function encodeAkitaAnnotations(x: Annotations): void {
  {
    const m = x.stringFormat;
    if (m !== null) {
      const end = messageEnd();
      encodeFormatOption(m);
      putMessageHead(end, 0x1a);
    }
  }
  if (x.isSensitive) {
    putBool(x.isSensitive);
    putTag(0x10);
  }
  if (x.isFree) {
    putBool(x.isFree);
    putTag(0x08);
  }
}

/** api_spec.MapData. */
export function encodeMapData(x: MapType): void {
  {
    const m = x.value;
    if (m !== null) {
      const end = messageEnd();
      encodeData(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const m = x.key;
    if (m !== null) {
      const end = messageEnd();
      encodeData(m);
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.HTTPMeta. */
export function encodeHTTPMeta(x: DataMeta): void {
  if (x.location === 9) {
    const end = messageEnd();
    encodeHTTPMultipart(x);
    putMessageHead(end, 0x4a);
  }
  if (x.location === 8) {
    const end = messageEnd();
    encodeHTTPAuth(x);
    putMessageHead(end, 0x42);
  }
  if (x.responseCode !== 0) {
    putInteger(x.responseCode);
    putTag(0x38);
  }
  if (x.location === 6) {
    putUnsigned(0);
    putTag(0x32);
  }
  if (x.location === 5) {
    const end = messageEnd();
    encodeHTTPBody(x);
    putMessageHead(end, 0x2a);
  }
  if (x.location === 4) {
    const end = messageEnd();
    encodeHTTPCookie(x);
    putMessageHead(end, 0x22);
  }
  if (x.location === 3) {
    const end = messageEnd();
    encodeHTTPHeader(x);
    putMessageHead(end, 0x1a);
  }
  if (x.location === 2) {
    const end = messageEnd();
    encodeHTTPQuery(x);
    putMessageHead(end, 0x12);
  }
  if (x.location === 1) {
    const end = messageEnd();
    encodeHTTPPath(x);
    putMessageHead(end, 0x0a);
  }
}

/** api_spec.BoolType. */
export function encodeBoolType(x: Constraints): void {
  {
    const list = (x.fixedValues as boolean[]);
    if (list.length > 0) {
      const end = messageEnd();
      for (let i = list.length - 1; i >= 0; i -= 1) {
        putBool(list[i]!);
      }
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.BytesType. */
export function encodeBytesType(x: Constraints): void {
  {
    const list = (x.fixedValues as Uint8Array[]);
    for (let i = list.length - 1; i >= 0; i -= 1) {
      putBytes(list[i]!);
      putTag(0x0a);
    }
  }
}

/** api_spec.StringType. */
export function encodeStringType(x: Constraints): void {
  if (x.regex !== '') {
    putText(x.regex);
    putTag(0x12);
  }
  {
    const list = (x.fixedValues as string[]);
    for (let i = list.length - 1; i >= 0; i -= 1) {
      putText(list[i]!);
      putTag(0x0a);
    }
  }
}

/** api_spec.Int32Type. */
export function encodeInt32Type(x: Constraints): void {
  {
    const m = x.max;
    if (m !== null) {
      const end = messageEnd();
      encodeInt32Value(m);
      putMessageHead(end, 0x1a);
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      const end = messageEnd();
      encodeInt32Value(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const list = (x.fixedValues as number[]);
    if (list.length > 0) {
      const end = messageEnd();
      for (let i = list.length - 1; i >= 0; i -= 1) {
        putInteger(list[i]!);
      }
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Int64Type. */
export function encodeInt64Type(x: Constraints): void {
  {
    const m = x.max;
    if (m !== null) {
      const end = messageEnd();
      encodeInt64Value(m);
      putMessageHead(end, 0x1a);
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      const end = messageEnd();
      encodeInt64Value(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const list = (x.fixedValues as (number | bigint)[]);
    if (list.length > 0) {
      const end = messageEnd();
      for (let i = list.length - 1; i >= 0; i -= 1) {
        putInteger(list[i]!);
      }
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Uint32Type. */
export function encodeUint32Type(x: Constraints): void {
  {
    const m = x.max;
    if (m !== null) {
      const end = messageEnd();
      encodeUInt32Value(m);
      putMessageHead(end, 0x1a);
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      const end = messageEnd();
      encodeUInt32Value(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const list = (x.fixedValues as number[]);
    if (list.length > 0) {
      const end = messageEnd();
      for (let i = list.length - 1; i >= 0; i -= 1) {
        putUnsigned(list[i]!);
      }
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.Uint64Type. */
export function encodeUint64Type(x: Constraints): void {
  {
    const m = x.max;
    if (m !== null) {
      const end = messageEnd();
      encodeUInt64Value(m);
      putMessageHead(end, 0x1a);
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      const end = messageEnd();
      encodeUInt64Value(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const list = (x.fixedValues as (number | bigint)[]);
    if (list.length > 0) {
      const end = messageEnd();
      for (let i = list.length - 1; i >= 0; i -= 1) {
        putInteger(list[i]!);
      }
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.DoubleType. */
export function encodeDoubleType(x: Constraints): void {
  {
    const m = x.max;
    if (m !== null) {
      const end = messageEnd();
      encodeDoubleValue(m);
      putMessageHead(end, 0x1a);
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      const end = messageEnd();
      encodeDoubleValue(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const list = (x.fixedValues as number[]);
    if (list.length > 0) {
      const end = messageEnd();
      for (let i = list.length - 1; i >= 0; i -= 1) {
        putDouble(list[i]!);
      }
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.FloatType. */
export function encodeFloatType(x: Constraints): void {
  {
    const m = x.max;
    if (m !== null) {
      const end = messageEnd();
      encodeFloatValue(m);
      putMessageHead(end, 0x1a);
    }
  }
  {
    const m = x.min;
    if (m !== null) {
      const end = messageEnd();
      encodeFloatValue(m);
      putMessageHead(end, 0x12);
    }
  }
  {
    const list = (x.fixedValues as number[]);
    if (list.length > 0) {
      const end = messageEnd();
      for (let i = list.length - 1; i >= 0; i -= 1) {
        putFloat(list[i]!);
      }
      putMessageHead(end, 0x0a);
    }
  }
}

/** api_spec.FormatOption. */
export function encodeFormatOption(x: string | undefined): void {
  if ((x === undefined ? 0 : 1) === 1) {
    putText(x!);
    putTag(0x0a);
  }
}

/** api_spec.HTTPPath. */
export function encodeHTTPPath(x: DataMeta): void {
  if (x.key !== '') {
    putText(x.key);
    putTag(0x0a);
  }
}

/** api_spec.HTTPQuery. */
export function encodeHTTPQuery(x: DataMeta): void {
  if (x.key !== '') {
    putText(x.key);
    putTag(0x0a);
  }
}

/** api_spec.HTTPHeader. */
export function encodeHTTPHeader(x: DataMeta): void {
  if (x.key !== '') {
    putText(x.key);
    putTag(0x0a);
  }
}

/** api_spec.HTTPCookie. */
export function encodeHTTPCookie(x: DataMeta): void {
  if (x.key !== '') {
    putText(x.key);
    putTag(0x0a);
  }
}

/** api_spec.HTTPBody. */
export function encodeHTTPBody(x: DataMeta): void {
  if (x.key !== '') {
    putText(x.key);
    putTag(0x12);
  }
  if (x.type !== 0) {
    putInteger(x.type);
    putTag(0x08);
  }
}

/** api_spec.HTTPAuth. */
export function encodeHTTPAuth(x: DataMeta): void {
  if (x.type !== 0) {
    putInteger(x.type);
    putTag(0x08);
  }
}

/** api_spec.HTTPMultipart. */
export function encodeHTTPMultipart(x: DataMeta): void {
  if (x.key !== '') {
    putText(x.key);
    putTag(0x0a);
  }
}

/** google.protobuf.Int32Value. */
export function encodeInt32Value(x: number | bigint): void {
  if (x !== 0) {
    putInteger(x);
    putTag(0x08);
  }
}

/** google.protobuf.Int64Value. */
export function encodeInt64Value(x: number | bigint): void {
  if (Number(x) !== 0) {
    putInteger(x);
    putTag(0x08);
  }
}

/** google.protobuf.UInt32Value. */
export function encodeUInt32Value(x: number | bigint): void {
  if ((x as number) !== 0) {
    putUnsigned((x as number));
    putTag(0x08);
  }
}

/** google.protobuf.UInt64Value. */
export function encodeUInt64Value(x: number | bigint): void {
  if (Number(x) !== 0) {
    putInteger(x);
    putTag(0x08);
  }
}

/** google.protobuf.DoubleValue. */
export function encodeDoubleValue(x: number | bigint): void {
  if ((x as number) !== 0) {
    putDouble((x as number));
    putTag(0x09);
  }
}

/** google.protobuf.FloatValue. */
export function encodeFloatValue(x: number | bigint): void {
  if ((x as number) !== 0) {
    putFloat((x as number));
    putTag(0x0d);
  }
}
