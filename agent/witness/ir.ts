/**
 * The witness in memory: one exchange in a form independent of its encoding (hot path: a node per JSON value).
 *
 * The schema (`agent/encode/witness.proto`) nests six messages to say "the string x in header y". In memory a value is
 * one `Data` object, always with the same eight fields: one hidden class, so that every reader stays monomorphic, and
 * 88 bytes a node instead of the several hundred of the nested form. `agent/encode/ir-shape.ts` describes to the generators how
 * the schema's messages lie in these classes; nothing else needs to know the nested form.
 *
 * Integers are a `number` where it is a safe integer and a `bigint` beyond (int64 and uint64 keep every bit): use
 * `int64Value` when in doubt. `0` and `0n`, `5` and `5n` are the same value with the same digest.
 *
 * Owner: whoever builds a witness owns its nodes; `DataMeta` and `DataFormat` may be shared between nodes and are
 * therefore never changed once they are attached.
 */

import type { PackedFields, Sealed } from './sealed.ts';

/** No tree is deeper, counted in `Data`: builders cut what is, so that whoever walks one may recurse. */
export const DEPTH_MAX = 128;

/** Which member of `Data.value` is set: the schema's field number; SEALED: all of it, digested and encoded already. */
export const DataKind = { NONE: 0, PRIMITIVE: 1, STRUCT: 2, LIST: 3, OPTIONAL: 4, ONE_OF: 6, SEALED: 15 } as const;

/** Which member of `Primitive.value` is set: the schema's field number. */
export const ScalarKind = {
  NONE: 0,
  BOOL: 2,
  BYTES: 3,
  STRING: 4,
  INT32: 5,
  INT64: 6,
  UINT32: 7,
  UINT64: 8,
  DOUBLE: 9,
  FLOAT: 10,
} as const;

/** Where in the HTTP message a value was: the schema's field number in `HTTPMeta`. */
export const Location = {
  NONE: 0,
  PATH: 1,
  QUERY: 2,
  HEADER: 3,
  COOKIE: 4,
  BODY: 5,
  EMPTY: 6,
  AUTH: 8,
  MULTIPART: 9,
} as const;

export const ContentType = {
  UNKNOWN: 0,
  JSON: 1,
  FORM_URL_ENCODED: 2,
  OCTET_STREAM: 3,
  PDF: 4,
  TEXT_PLAIN: 5,
  YAML: 6,
  TEXT_HTML: 7,
  OTHER: 8,
} as const;

export const AuthType = { UNKNOWN: 0, BASIC: 1, BEARER: 2 } as const;
export const ApiType = { GRPC: 0, HTTP_REST: 1 } as const;
/** `DataMeta.meta` and `MethodMeta.meta`: the schema's field number. */
export const Protocol = { NONE: 0, GRPC: 1, HTTP: 2 } as const;

export type Scalar = boolean | string | number | bigint | Uint8Array;
/** By `Data.kind`: a scalar, the fields, the elements, the value or null ("none"), the options; null for none. */
export type DataValue = Scalar | Fields | Data[] | Data | OneOf | Sealed | null;

/** One value with where it came from. Build with the functions below, so that every node has the same hidden class. */
export class Data {
  /** `DataKind`. */
  kind: number;
  /** `ScalarKind`; 0 unless `kind` is PRIMITIVE. */
  scalar: number;
  value: DataValue;
  meta: DataMeta | null;
  /** The formats recognised in a string or number, shared. */
  format: DataFormat | null;
  nullable: boolean;
  /** Map-like struct: the type of its keys and values (`Struct.map_type`). */
  mapType: MapType | null;
  /** What hardly any value has. */
  extra: DataExtra | null;

  constructor(kind: number, scalar: number, value: DataValue, meta: DataMeta | null) {
    this.kind = kind;
    this.scalar = scalar;
    this.value = value;
    this.meta = meta;
    this.format = null;
    this.nullable = false;
    this.mapType = null;
    this.extra = null;
  }
}

/** `DataMeta` with its `HTTPMeta` and location in one object. Shared and never changed once attached. */
export class DataMeta {
  /** `Protocol`. */
  readonly protocol: number;
  /** `Location`. */
  readonly location: number;
  /** Key of PATH, QUERY, HEADER, COOKIE; `other_type` of BODY; type of MULTIPART; else ''. */
  readonly key: string;
  /** `ContentType` of BODY, `AuthType` of AUTH; else 0. */
  readonly type: number;
  /** Status code for values of a response, 0 for those of a request. */
  readonly responseCode: number;
  /** Its digest as two signed words once it was needed (`agent/digest`); 0, 0 before. */
  digestHigh = 0;
  digestLow = 0;

  constructor(protocol: number, location: number, key: string, type: number, responseCode: number) {
    this.protocol = protocol;
    this.location = location;
    this.key = key;
    this.type = type;
    this.responseCode = responseCode;
  }
}

/** The data formats of a value: `formats` (name → true) and the kind they share, as in "datetime". Shared. */
export class DataFormat {
  readonly kind: string;
  readonly names: ReadonlyMap<string, boolean>;

  constructor(kind: string, names: ReadonlyMap<string, boolean>) {
    this.kind = kind;
    this.names = names;
  }
}

/** Fields that almost no value carries. `constraints` is the wrapper's `type` (BoolType, StringType …). */
export class DataExtra {
  typeHint = '';
  containsRandomValue = false;
  annotations: Annotations | null = null;
  constraints: Constraints | null = null;
  /** Example values; left out of the digest. */
  exampleValues: string[] | null = null;
}

export class Annotations {
  isFree = false;
  isSensitive = false;
  /** `FormatOption.string_format`; null: no `format_option`; undefined: one that is empty. */
  stringFormat: string | null | undefined = null;
}

export class Constraints {
  fixedValues: Scalar[] = [];
  /** Wrapped bounds of the numeric types; null where absent. */
  min: number | bigint | null = null;
  max: number | bigint | null = null;
  /** StringType only. */
  regex = '';
}

export class MapType {
  key: Data | null;
  value: Data | null;
  constructor(key: Data | null, value: Data | null) {
    this.key = key;
    this.value = value;
  }
}

/** Above so many keys a lookup goes through a Map instead of along the list. */
const LINEAR_KEYS_MAX = 24;

/** Of maps without entries: never written to. */
const noKeys: string[] = [];
const noValues: Data[] = [];
const nothing = new Data(DataKind.NONE, ScalarKind.NONE, null, null);

/** A map<string, Data> in insertion order as two parallel lists: a third of the size of a Map, and no iterator. */
export class Fields {
  keys: string[];
  values: Data[];
  /** Every key is the digest of its value: whoever changes a value afterwards says so by `false`. */
  keyed: boolean;
  /** More of them, before these: finished, under keys that are their digests. */
  packed: PackedFields | null;
  #index: Map<string, number> | null;
  /** Lists of one place, to be used again. */
  #spareKeys: string[] | null;
  #spareValues: Data[] | null;

  constructor() {
    this.keys = noKeys;
    this.values = noValues;
    this.keyed = false;
    this.packed = null;
    this.#index = null;
    this.#spareKeys = null;
    this.#spareValues = null;
  }

  get size(): number {
    return this.keys.length + (this.packed === null ? 0 : this.packed.count);
  }

  /** Adds without looking for the key: the caller knows that it is new. */
  append(key: string, value: Data): void {
    this.keyed = false;
    if (this.#index !== null) this.#index.set(key, this.keys.length);
    if (this.keys.length === 0) {
      // An empty array makes room for seventeen when it is pushed to; most maps beside packed values have one.
      if (this.#spareKeys !== null) this.#begin(this.#spareKeys, key, this.#spareValues!, value);
      else this.#begin([key], key, [value], value);
      return;
    }
    this.keys.push(key);
    this.values.push(value);
  }

  /** Sets: the last value of a repeated key wins, in the first one's place. */
  set(key: string, value: Data): void {
    const at = this.indexOf(key);
    this.keyed = false;
    if (at < 0) this.append(key, value);
    else this.values[at] = value;
  }

  /** Gives every value the key that belongs to it, in place; of values with the same key the last stays, in the first one's place. */
  rename(keyOf: (value: Data) => string): void {
    const { keys, values } = this;
    const { length } = keys;
    const places = length > LINEAR_KEYS_MAX ? new Map<string, number>() : null;
    let kept = 0;
    for (let i = 0; i < length; i += 1) {
      const value = values[i]!;
      const key = keyOf(value);
      const known = kept === 0 ? -1 : places === null ? keys.lastIndexOf(key, kept - 1) : (places.get(key) ?? -1);
      const at = known < 0 ? kept : known;
      keys[at] = key;
      values[at] = value;
      if (known >= 0) continue;
      places?.set(key, kept);
      kept += 1;
    }
    keys.length = kept;
    values.length = kept;
    this.#index = null;
    this.keyed = false;
  }

  get(key: string): Data | undefined {
    const at = this.indexOf(key);
    return at < 0 ? undefined : this.values[at];
  }

  indexOf(key: string): number {
    const { keys } = this;
    if (keys.length <= LINEAR_KEYS_MAX) return keys.indexOf(key);
    if (this.#index === null) {
      this.#index = new Map();
      for (let i = 0; i < keys.length; i += 1) this.#index.set(keys[i]!, i);
    }
    return this.#index.get(key) ?? -1;
  }

  #begin(keys: string[], key: string, values: Data[], value: Data): void {
    keys[0] = key;
    values[0] = value;
    this.keys = keys;
    this.values = values;
    this.#spareKeys = null;
    this.#spareValues = null;
  }

  clear(): void {
    this.keyed = false;
    this.keys = noKeys;
    this.values = noValues;
    this.#index = null;
  }

  /** As `clear`, packed ones too; keeps the memory of a map of one. */
  reset(): void {
    if (this.keys.length === 1) {
      const { keys, values } = this;
      keys[0] = '';
      values[0] = nothing;
      this.#spareKeys = keys;
      this.#spareValues = values;
    }
    this.packed = null;
    this.clear();
  }
}

/** `OneOf`: alternatives keyed by their digests. */
export class OneOf {
  readonly options: Fields = new Fields();
  potentialConflict = false;
}

export class MethodId {
  name: string;
  /** `ApiType`. */
  apiType: number;
  constructor(name: string, apiType: number) {
    this.name = name;
    this.apiType = apiType;
  }
}

/** How sure it is that the responses of a method answer its arguments, by the schema's numbers. */
export const Pairing = { CERTAIN: 0, PROBABLE: 1, ABSENT: 2 } as const;

/** `MethodMeta` with its `HTTPMethodMeta`. */
export class MethodMeta {
  /** `Protocol`; the other fields count for HTTP only. */
  protocol: number;
  method: string;
  pathTemplate: string;
  host: string;
  /** From the request's last byte to the response's first, ms. Left out of the digest. */
  processingLatencyMs: number;
  /** `Pairing`. Left out of the digest. */
  pairing: number;
  /** Exchanges that it stands for, where that is not 1: 0. Left out of the digest. */
  weight: number;
  /** Exchanges that its bodies stand for, where that is not `weight`: 0; −1: they were left out. Left out of the digest. */
  bodyWeight: number;

  constructor(
    protocol: number,
    method: string,
    pathTemplate: string,
    host: string,
    processingLatencyMs: number,
    pairing: number = Pairing.CERTAIN,
    weight = 0,
    bodyWeight = 0,
  ) {
    this.protocol = protocol;
    this.method = method;
    this.pathTemplate = pathTemplate;
    this.host = host;
    this.processingLatencyMs = processingLatencyMs;
    this.pairing = pairing;
    this.weight = weight;
    this.bodyWeight = bodyWeight;
  }

  /** For another method of the same protocol. */
  reset(): void {
    this.method = '';
    this.pathTemplate = '';
    this.host = '';
    this.processingLatencyMs = 0;
    this.pairing = Pairing.CERTAIN;
    this.weight = 0;
    this.bodyWeight = 0;
  }
}

/** One exchange. The keys of `args` and `responses` are the digests of the values (`agent/digest` puts them in). */
export class Method {
  id: MethodId | null;
  readonly args: Fields;
  readonly responses: Fields;
  meta: MethodMeta | null;

  constructor(id: MethodId | null, meta: MethodMeta | null) {
    this.id = id;
    this.args = new Fields();
    this.responses = new Fields();
    this.meta = meta;
  }
}

export class Witness {
  method: Method | null;
  constructor(method: Method | null) {
    this.method = method;
  }
}

/** A witness of an HTTP exchange, still without arguments and responses. */
export function httpWitness(method: string, host: string, pathTemplate: string, processingLatencyMs = 0): Witness {
  const meta = new MethodMeta(Protocol.HTTP, method, pathTemplate, host, processingLatencyMs);
  return new Witness(new Method(new MethodId('', ApiType.HTTP_REST), meta));
}

export function stringData(value: string, meta: DataMeta | null = null): Data {
  return new Data(DataKind.PRIMITIVE, ScalarKind.STRING, value, meta);
}

export function boolData(value: boolean, meta: DataMeta | null = null): Data {
  return new Data(DataKind.PRIMITIVE, ScalarKind.BOOL, value, meta);
}

/** The bytes are kept, not copied: hand over what you own. */
export function bytesData(value: Uint8Array, meta: DataMeta | null = null): Data {
  return new Data(DataKind.PRIMITIVE, ScalarKind.BYTES, value, meta);
}

/** An integer in −2⁶³ … 2⁶³−1; a `number` must be a safe integer. */
export function int64Data(value: number | bigint, meta: DataMeta | null = null): Data {
  return new Data(DataKind.PRIMITIVE, ScalarKind.INT64, value, meta);
}

/** An integer in 0 … 2⁶⁴−1; a `number` must be a safe integer. */
export function uint64Data(value: number | bigint, meta: DataMeta | null = null): Data {
  return new Data(DataKind.PRIMITIVE, ScalarKind.UINT64, value, meta);
}

/** An integer that 64 bits hold, with a sign or without. */
export function bigData(value: bigint): Data {
  return value > 0x7fffffffffffffffn ? uint64Data(value) : int64Data(value);
}

export function doubleData(value: number, meta: DataMeta | null = null): Data {
  return new Data(DataKind.PRIMITIVE, ScalarKind.DOUBLE, value, meta);
}

/** A struct without fields: `structFields(data).set(name, value)` adds them (`append` where names are known to differ). */
export function structData(meta: DataMeta | null = null): Data {
  return new Data(DataKind.STRUCT, ScalarKind.NONE, new Fields(), meta);
}

/** A list over `elements`, which it keeps: push to `listElements(data)`. */
export function listData(elements: Data[] = [], meta: DataMeta | null = null): Data {
  return new Data(DataKind.LIST, ScalarKind.NONE, elements, meta);
}

/** An optional value; without one it is JSON's null (`none`). */
export function optionalData(value: Data | null = null, meta: DataMeta | null = null): Data {
  return new Data(DataKind.OPTIONAL, ScalarKind.NONE, value, meta);
}

export function oneOfData(meta: DataMeta | null = null): Data {
  return new Data(DataKind.ONE_OF, ScalarKind.NONE, new OneOf(), meta);
}

export function structFields(data: Data): Fields {
  return data.value as Fields;
}

export function listElements(data: Data): Data[] {
  return data.value as Data[];
}

/** Where an HTTP value was. One object serves any number of values. @param type `ContentType` or `AuthType`. */
export function httpMeta(location: number, key = '', type = 0, responseCode = 0): DataMeta {
  return new DataMeta(Protocol.HTTP, location, key, type, responseCode);
}

/** The integer's one representation: a `number` where it is safe, else the `bigint`. */
export function int64Value(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** A finished value: whoever walks, digests or encodes takes it as it is. */
export function sealedData(sealed: Sealed): Data {
  return new Data(DataKind.SEALED, ScalarKind.NONE, sealed, null);
}
