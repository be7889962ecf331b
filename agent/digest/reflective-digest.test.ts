/** Generated code against the reference: the original's witnesses, and random ones through the encoder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import t from 'tap';
import { WitnessSchema } from '../encode/gen/witness_pb.ts';
import { decodeWitness } from '../encode/witness-decoder.ts';
import { encodeWitness } from '../encode/witness-encoder.ts';
import * as ir from '../witness/ir.ts';
import { keyWitness, witnessDigest } from './digest.ts';
import { digestByReflection } from './reflective-digest.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const folder = path.join(process.env.FLOODGATE_SHARED ?? path.join(root, '..', 'shared'), 'oracles', 'witnesses');
const missing = existsSync(folder) ? false : `no ${folder} (set FLOODGATE_SHARED)`;

const reflected = (bytes: Uint8Array): string =>
  `${digestByReflection(WitnessSchema, fromBinary(WitnessSchema, bytes)).toString('base64url')}=`;

t.test('the original’s witnesses', { skip: missing }, (t) => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.pb'))) {
    const bytes = readFileSync(path.join(folder, file));
    t.equal(reflected(bytes), witnessDigest(decodeWitness(bytes)), file);
  }
  t.end();
});

const text = fc.oneof(fc.string({ maxLength: 20, unit: 'grapheme' }), fc.constantFrom('', 'name', 'x'.repeat(100)));
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(ir.int64Value);
const uint64 = fc.bigInt(0n, 2n ** 64n - 1n).map(ir.int64Value);
const int32 = fc.integer();
const uint32 = fc.nat(0xffffffff);
const double = fc.double();
const float = fc.float();
const binary = fc.uint8Array({ maxLength: 40 });

const meta = fc
  .tuple(
    fc.constantFrom(ir.Protocol.NONE, ir.Protocol.GRPC, ir.Protocol.HTTP),
    fc.constantFrom(...Object.values(ir.Location)),
    text,
    fc.nat(2),
    fc.constantFrom(0, 200, 404),
  )
  .map((parts) => new ir.DataMeta(...parts));

/** Scalars by kind, with bounds where the type has them. */
const SCALARS: readonly (readonly [kind: number, value: fc.Arbitrary<ir.Scalar>, hasBounds: boolean])[] = [
  [ir.ScalarKind.BOOL, fc.boolean(), false],
  [ir.ScalarKind.BYTES, binary, false],
  [ir.ScalarKind.STRING, text, false],
  [ir.ScalarKind.INT32, int32, true],
  [ir.ScalarKind.INT64, int64, true],
  [ir.ScalarKind.UINT32, uint32, true],
  [ir.ScalarKind.UINT64, uint64, true],
  [ir.ScalarKind.DOUBLE, double, true],
  [ir.ScalarKind.FLOAT, float, true],
];

function constraints(kind: number, value: fc.Arbitrary<ir.Scalar>, hasBounds: boolean): fc.Arbitrary<ir.Constraints> {
  const bound = hasBounds ? fc.option(value as fc.Arbitrary<number>) : fc.constant(null);
  const regex = kind === ir.ScalarKind.STRING ? text : fc.constant('');
  return fc
    .tuple(fc.array(value, { maxLength: 3 }), bound, bound, regex)
    .map(([fixedValues, min, max, expression]) =>
      Object.assign(new ir.Constraints(), { fixedValues, min, max, regex: expression }),
    );
}

const annotations = fc
  .tuple(fc.boolean(), fc.boolean(), fc.oneof(text, fc.constantFrom(null, undefined)))
  .map(([isFree, isSensitive, stringFormat]) =>
    Object.assign(new ir.Annotations(), { isFree, isSensitive, stringFormat }),
  );

const format = fc
  .tuple(text, fc.uniqueArray(fc.tuple(text, fc.boolean()), { selector: ([name]) => name, maxLength: 3 }))
  .map(([kind, names]) => new ir.DataFormat(kind, new Map(names)));

const primitive = fc.oneof(
  ...SCALARS.map(([kind, value, hasBounds]) =>
    fc
      .record({
        value,
        format: fc.option(format, { freq: 3 }),
        typeHint: text,
        containsRandomValue: fc.boolean(),
        annotations: fc.option(annotations),
        constraints: fc.option(constraints(kind, value, hasBounds)),
        hasExtra: fc.boolean(),
      })
      .map((parts) => {
        const data = new ir.Data(ir.DataKind.PRIMITIVE, kind, parts.value, null);
        data.format = parts.format;
        if (parts.hasExtra) {
          const { typeHint, containsRandomValue } = parts;
          const rare = {
            typeHint,
            containsRandomValue,
            annotations: parts.annotations,
            constraints: parts.constraints,
          };
          data.extra = Object.assign(new ir.DataExtra(), rare, { exampleValues: ['a', typeHint] });
        }
        return data;
      }),
  ),
);

function fieldsOf(pairs: [string, ir.Data][]): ir.Fields {
  const fields = new ir.Fields();
  for (const [key, value] of pairs) fields.set(key, value);
  return fields;
}

const { data } = fc.letrec<{ data: ir.Data; fields: ir.Fields; bare: ir.Data }>((tie) => ({
  fields: fc.array(fc.tuple(text, tie('data')), { maxLength: 40, size: 'small' }).map(fieldsOf),
  bare: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    primitive,
    fc.constant(null).map(() => new ir.Data(0, 0, null, null)),
    fc.array(tie('data'), { maxLength: 5 }).map((elements) => ir.listData(elements)),
    fc.option(tie('data')).map((value) => ir.optionalData(value)),
    fc
      .tuple(tie('fields'), fc.option(fc.tuple(fc.option(tie('data')), fc.option(tie('data')))))
      .map(([fields, mapType]) => {
        const struct = new ir.Data(ir.DataKind.STRUCT, 0, fields, null);
        struct.mapType = mapType === null ? null : new ir.MapType(...mapType);
        return struct;
      }),
    fc.tuple(tie('fields'), fc.boolean()).map(([options, potentialConflict]) => {
      const value = ir.oneOfData();
      const oneOf = value.value as ir.OneOf;
      for (let i = 0; i < options.size; i += 1) oneOf.options.append(options.keys[i]!, options.values[i]!);
      oneOf.potentialConflict = potentialConflict;
      return value;
    }),
  ),
  data: fc.tuple(tie('bare'), fc.option(meta), fc.boolean()).map(([value, place, nullable]) => {
    value.meta = place;
    value.nullable = nullable;
    return value;
  }),
}));

const witness = fc
  .record({
    name: text,
    apiType: fc.nat(1),
    meta: fc.option(fc.tuple(fc.nat(2), text, text, text, fc.float({ noNaN: true }))),
    args: fc.array(data, { maxLength: 6 }),
    responses: fc.array(data, { maxLength: 3 }),
  })
  .map((parts) => {
    const id = parts.name === 'name' ? null : new ir.MethodId(parts.name, parts.apiType);
    const method = new ir.Method(id, parts.meta === null ? null : new ir.MethodMeta(...parts.meta));
    for (const [i, value] of parts.args.entries()) method.args.append(`${i}`, value);
    for (const [i, value] of parts.responses.entries()) method.responses.append(`${i}`, value);
    return new ir.Witness(method);
  });

t.test('random witnesses: generated = reflective, before and after the wire', (t) => {
  let nodes = 0;
  fc.assert(
    fc.property(witness, (value) => {
      keyWitness(value);
      const digest = witnessDigest(value);
      const encoded = Buffer.from(encodeWitness(value)!);
      nodes += value.method!.args.size;
      return reflected(encoded) === digest && witnessDigest(decodeWitness(encoded)) === digest;
    }),
    { numRuns: 80, seed: 20211123 },
  );
  t.ok(nodes > 80, `${nodes} arguments`);
  t.end();
});
