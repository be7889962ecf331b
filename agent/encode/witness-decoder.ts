/** Protobuf → witness, by way of protobuf-es: for `inspect` and for tests, not for the hot path. */
import { fromBinary } from '@bufbuild/protobuf';
import * as ir from '../witness/ir.ts';
import type * as pb from './gen/witness_pb.ts';
import { WitnessSchema } from './gen/witness_pb.ts';

/** Messages of one level of `Data` in a list or map: Data, its kind's message, the map's entry. protobuf-es takes 100 by default. */
export const READ_OPTIONS = { recursionLimit: ir.DEPTH_MAX * 3 + 16 };

/**
 * One witness from its binary form. Two things that the wire cannot say come back as the nearest that the IR can: bytes
 * that are absent as empty ones, an `Optional` without a member as none.
 *
 * @throws Error on bytes that are no witness, or one deeper than `DEPTH_MAX`.
 */
export function decodeWitness(bytes: Uint8Array): ir.Witness {
  return witnessFromMessage(fromBinary(WitnessSchema, bytes, READ_OPTIONS));
}

export function witnessFromMessage(message: pb.Witness): ir.Witness {
  const { method } = message;
  return new ir.Witness(method === undefined ? null : methodFromMessage(method));
}

function methodFromMessage(message: pb.Method): ir.Method {
  const id = message.id === undefined ? null : new ir.MethodId(message.id.name, message.id.apiType);
  const method = new ir.Method(id, message.meta === undefined ? null : methodMeta(message.meta));
  copyFields(message.args, method.args);
  copyFields(message.responses, method.responses);
  return method;
}

function copyFields(from: Record<string, pb.Data>, to: ir.Fields): void {
  for (const key of Object.keys(from)) to.append(key, dataFromMessage(from[key]!));
}

export function methodMeta({ meta }: pb.MethodMeta): ir.MethodMeta {
  if (meta.case !== 'http') {
    return new ir.MethodMeta(meta.case === 'grpc' ? ir.Protocol.GRPC : ir.Protocol.NONE, '', '', '', 0);
  }
  const { method, pathTemplate, host, processingLatency, pairing, weight, bodyWeight } = meta.value;
  return new ir.MethodMeta(
    ir.Protocol.HTTP,
    method,
    pathTemplate,
    host,
    processingLatency,
    pairing,
    weight,
    bodyWeight,
  );
}

export function dataFromMessage(message: pb.Data): ir.Data {
  const meta = message.meta === undefined ? null : dataMeta(message.meta);
  const data = new ir.Data(ir.DataKind.NONE, ir.ScalarKind.NONE, null, meta);
  data.nullable = message.nullable;
  const examples = Object.keys(message.exampleValues);
  if (examples.length > 0) extraOf(data).exampleValues = examples;
  const { value } = message;
  switch (value.case) {
    case 'primitive':
      data.kind = ir.DataKind.PRIMITIVE;
      setPrimitive(data, value.value);
      break;
    case 'struct': {
      data.kind = ir.DataKind.STRUCT;
      data.value = new ir.Fields();
      copyFields(value.value.fields, data.value);
      const { mapType } = value.value;
      if (mapType !== undefined) data.mapType = new ir.MapType(maybeData(mapType.key), maybeData(mapType.value));
      break;
    }
    case 'list':
      data.kind = ir.DataKind.LIST;
      data.value = value.value.elems.map(dataFromMessage);
      break;
    case 'optional':
      data.kind = ir.DataKind.OPTIONAL;
      data.value = value.value.value.case === 'data' ? dataFromMessage(value.value.value.value) : null;
      break;
    case 'oneof': {
      data.kind = ir.DataKind.ONE_OF;
      const oneOf = new ir.OneOf();
      oneOf.potentialConflict = value.value.potentialConflict;
      copyFields(value.value.options, oneOf.options);
      data.value = oneOf;
      break;
    }
    default:
  }
  return data;
}

const maybeData = (message: pb.Data | undefined): ir.Data | null =>
  message === undefined ? null : dataFromMessage(message);

function extraOf(data: ir.Data): ir.DataExtra {
  data.extra ??= new ir.DataExtra();
  return data.extra;
}

function dataMeta({ meta }: pb.DataMeta): ir.DataMeta {
  if (meta.case !== 'http') {
    return new ir.DataMeta(meta.case === 'grpc' ? ir.Protocol.GRPC : ir.Protocol.NONE, ir.Location.NONE, '', 0, 0);
  }
  const { location, responseCode } = meta.value;
  switch (location.case) {
    case 'path':
    case 'query':
    case 'header':
    case 'cookie':
      return ir.httpMeta(LOCATIONS[location.case], location.value.key, 0, responseCode);
    case 'body':
      return ir.httpMeta(ir.Location.BODY, location.value.otherType, location.value.contentType, responseCode);
    case 'auth':
      return ir.httpMeta(ir.Location.AUTH, '', location.value.type, responseCode);
    case 'multipart':
      return ir.httpMeta(ir.Location.MULTIPART, location.value.type, 0, responseCode);
    default:
      return ir.httpMeta(location.case === 'empty' ? ir.Location.EMPTY : ir.Location.NONE, '', 0, responseCode);
  }
}

const LOCATIONS = {
  path: ir.Location.PATH,
  query: ir.Location.QUERY,
  header: ir.Location.HEADER,
  cookie: ir.Location.COOKIE,
} as const;

const SCALARS = {
  boolValue: ir.ScalarKind.BOOL,
  bytesValue: ir.ScalarKind.BYTES,
  stringValue: ir.ScalarKind.STRING,
  int32Value: ir.ScalarKind.INT32,
  int64Value: ir.ScalarKind.INT64,
  uint32Value: ir.ScalarKind.UINT32,
  uint64Value: ir.ScalarKind.UINT64,
  doubleValue: ir.ScalarKind.DOUBLE,
  floatValue: ir.ScalarKind.FLOAT,
} as const;

function setPrimitive(data: ir.Data, message: pb.Primitive): void {
  const { value } = message;
  if (value.case !== undefined) {
    data.scalar = SCALARS[value.case];
    data.value = scalarValue(value.value.value);
    if (value.value.type !== undefined) extraOf(data).constraints = constraints(value.value.type);
  }
  const formats = Object.entries(message.formats);
  if (formats.length > 0 || message.formatKind !== '') {
    data.format = new ir.DataFormat(message.formatKind, new Map(formats));
  }
  if (message.typeHint !== '') extraOf(data).typeHint = message.typeHint;
  if (message.containsRandomValue) extraOf(data).containsRandomValue = true;
  if (message.akitaAnnotations !== undefined) extraOf(data).annotations = annotations(message.akitaAnnotations);
}

function annotations(message: pb.AkitaAnnotations): ir.Annotations {
  const result = new ir.Annotations();
  result.isFree = message.isFree;
  result.isSensitive = message.isSensitive;
  if (message.formatOption !== undefined) {
    const { format } = message.formatOption;
    result.stringFormat = format.case === 'stringFormat' ? format.value : undefined;
  }
  return result;
}

const scalarValue = <T extends ir.Scalar>(value: T): T | number =>
  typeof value === 'bigint' ? (ir.int64Value(value) as T | number) : value;

type AnyType = NonNullable<Exclude<pb.Primitive['value']['value'], undefined>['type']>;

function constraints(message: AnyType): ir.Constraints {
  const result = new ir.Constraints();
  result.fixedValues = message.fixedValues.map((value) => scalarValue<ir.Scalar>(value));
  if ('regex' in message) result.regex = message.regex;
  if ('min' in message && message.min !== undefined) result.min = scalarValue(message.min);
  if ('max' in message && message.max !== undefined) result.max = scalarValue(message.max);
  return result;
}
