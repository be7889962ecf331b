/**
 * How the messages of the schema lie in the classes of `agent/witness/ir.ts`: read by the generators of the digest and
 * of the encoder, never at run time. A message that is not listed, or a field without an entry, makes generation fail.
 *
 * Expressions are TypeScript over `x`, the object that holds the message (several messages may share one object).
 */
export interface MessageShape {
  /** TypeScript type of `x`. */
  readonly type: string;
  /** Expression of each field's value: null for an absent message, '' / 0 / false for an absent scalar. */
  readonly fields: Readonly<Record<string, string>>;
  /** Per oneof: expression of the set member's field number, 0 for none. */
  readonly oneofs?: Readonly<Record<string, string>>;
  /** Condition under which `x.value` is a `Sealed`, which has digest and bytes already. */
  readonly sealed?: string;
  /** `x` is shared and never changes: its digest is kept in it (`digestHigh`, `digestLow`). */
  readonly keepsDigest?: boolean;
}

const wrapped = (value: string): MessageShape => ({
  type: 'Data',
  fields: {
    type: '(x.extra === null ? null : x.extra.constraints)',
    value: `(x.value as ${value})`,
  },
});
const bounds = (value: string): MessageShape => ({
  type: 'Constraints',
  fields: { fixed_values: `(x.fixedValues as ${value}[])`, min: 'x.min', max: 'x.max' },
});
const wrapperValue: MessageShape = { type: 'number | bigint', fields: { value: 'x' } };
const keyed: MessageShape = { type: 'DataMeta', fields: { key: 'x.key' } };
const empty = (type: string): MessageShape => ({ type, fields: {} });

export const IR_SHAPE: Readonly<Record<string, MessageShape>> = {
  Witness: { type: 'Witness', fields: { method: 'x.method' } },
  Method: { type: 'Method', fields: { id: 'x.id', args: 'x.args', responses: 'x.responses', meta: 'x.meta' } },
  MethodID: { type: 'MethodId', fields: { name: 'x.name', api_type: 'x.apiType' } },
  MethodMeta: { type: 'MethodMeta', fields: { grpc: 'x', http: 'x' }, oneofs: { meta: 'x.protocol' } },
  GRPCMethodMeta: empty('MethodMeta'),
  HTTPMethodMeta: {
    type: 'MethodMeta',
    fields: {
      method: 'x.method',
      path_template: 'x.pathTemplate',
      host: 'x.host',
      processing_latency: 'x.processingLatencyMs',
      pairing: 'x.pairing',
      weight: 'x.weight',
      body_weight: 'x.bodyWeight',
    },
  },
  Data: {
    type: 'Data',
    fields: {
      primitive: 'x',
      struct: 'x',
      list: 'x',
      optional: 'x',
      oneof: '(x.value as OneOf)',
      meta: 'x.meta',
      nullable: 'x.nullable',
      example_values: '(x.extra === null ? null : x.extra.exampleValues)',
    },
    oneofs: { value: 'x.kind' },
    sealed: 'x.kind === 15',
  },
  ExampleValue: empty('string'),
  DataMeta: {
    type: 'DataMeta',
    fields: { grpc: 'x', http: 'x' },
    oneofs: { meta: 'x.protocol' },
    keepsDigest: true,
  },
  GRPCMeta: empty('DataMeta'),
  HTTPMeta: {
    type: 'DataMeta',
    fields: {
      path: 'x',
      query: 'x',
      header: 'x',
      cookie: 'x',
      body: 'x',
      empty: 'x',
      auth: 'x',
      multipart: 'x',
      response_code: 'x.responseCode',
    },
    oneofs: { location: 'x.location' },
  },
  HTTPPath: keyed,
  HTTPQuery: keyed,
  HTTPHeader: keyed,
  HTTPCookie: keyed,
  HTTPBody: { type: 'DataMeta', fields: { content_type: 'x.type', other_type: 'x.key' } },
  HTTPEmpty: empty('DataMeta'),
  HTTPAuth: { type: 'DataMeta', fields: { type: 'x.type' } },
  HTTPMultipart: { type: 'DataMeta', fields: { type: 'x.key' } },
  Primitive: {
    type: 'Data',
    fields: {
      type_hint: "(x.extra === null ? '' : x.extra.typeHint)",
      bool_value: 'x',
      bytes_value: 'x',
      string_value: 'x',
      int32_value: 'x',
      int64_value: 'x',
      uint32_value: 'x',
      uint64_value: 'x',
      double_value: 'x',
      float_value: 'x',
      akita_annotations: '(x.extra === null ? null : x.extra.annotations)',
      contains_random_value: '(x.extra === null ? false : x.extra.containsRandomValue)',
      formats: '(x.format === null ? null : x.format.names)',
      format_kind: "(x.format === null ? '' : x.format.kind)",
    },
    oneofs: { value: 'x.scalar' },
  },
  Bool: wrapped('boolean'),
  Bytes: wrapped('Uint8Array'),
  String: wrapped('string'),
  Int32: wrapped('number'),
  Int64: wrapped('number | bigint'),
  Uint32: wrapped('number'),
  Uint64: wrapped('number | bigint'),
  Double: wrapped('number'),
  Float: wrapped('number'),
  BoolType: { type: 'Constraints', fields: { fixed_values: '(x.fixedValues as boolean[])' } },
  BytesType: { type: 'Constraints', fields: { fixed_values: '(x.fixedValues as Uint8Array[])' } },
  StringType: { type: 'Constraints', fields: { fixed_values: '(x.fixedValues as string[])', regex: 'x.regex' } },
  Int32Type: bounds('number'),
  Int64Type: bounds('(number | bigint)'),
  Uint32Type: bounds('number'),
  Uint64Type: bounds('(number | bigint)'),
  DoubleType: bounds('number'),
  FloatType: bounds('number'),
  Int32Value: wrapperValue,
  Int64Value: wrapperValue,
  UInt32Value: { type: 'number | bigint', fields: { value: '(x as number)' } },
  UInt64Value: wrapperValue,
  DoubleValue: { type: 'number | bigint', fields: { value: '(x as number)' } },
  FloatValue: { type: 'number | bigint', fields: { value: '(x as number)' } },
  AkitaAnnotations: {
    type: 'Annotations',
    fields: { is_free: 'x.isFree', is_sensitive: 'x.isSensitive', format_option: 'x.stringFormat' },
  },
  FormatOption: {
    type: 'string | undefined',
    fields: { string_format: 'x!' },
    oneofs: { format: '(x === undefined ? 0 : 1)' },
  },
  Struct: { type: 'Data', fields: { fields: '(x.value as Fields)', map_type: 'x.mapType' } },
  MapData: { type: 'MapType', fields: { key: 'x.key', value: 'x.value' } },
  List: { type: 'Data', fields: { elems: '(x.value as Data[])' } },
  Optional: {
    type: 'Data',
    fields: { data: '(x.value as Data)', none: 'x' },
    oneofs: { value: '(x.value === null ? 2 : 1)' },
  },
  None: empty('Data'),
  OneOf: { type: 'OneOf', fields: { options: 'x.options', potential_conflict: 'x.potentialConflict' } },
};

/** TypeScript types of `ir.ts` that generated code may name. */
export const IR_TYPES = [
  'Annotations',
  'Constraints',
  'Data',
  'DataMeta',
  'Fields',
  'MapType',
  'Method',
  'MethodId',
  'MethodMeta',
  'OneOf',
  'Witness',
];
