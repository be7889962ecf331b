/** Against the original program's vectors (../shared/oracles): scalars, values, whole witnesses and the keys inside. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { decodeWitness } from '../encode/witness-decoder.ts';
import * as ir from '../witness/ir.ts';
import { addKeyed, dataDigest, keyWitness, witnessDigest } from './digest.ts';
import {
  bytes,
  hashBool,
  hashBytes,
  hashFloat,
  hashInt,
  hashText,
  normalisedFloat,
  releaseDigestMemory,
} from './digest-memory.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const oracles = path.join(process.env.FLOODGATE_SHARED ?? path.join(root, '..', 'shared'), 'oracles');
const missing = existsSync(oracles) ? false : `no ${oracles} (set FLOODGATE_SHARED)`;
const lines = missing ? [] : readFileSync(path.join(oracles, 'ir-hash-vectors.txt'), 'utf8').trim().split('\n');
const hex = (): string => bytes.toString('hex', 0, 8);

/** Hashes a scalar as the vectors spell it. */
function hashSpelled(type: string, value: string): void {
  if (type === 'int64') hashInt(BigInt(value), 0, 16);
  else if (type === 'uint64') hashInt(2n ** 64n - 1n, 0, 16);
  else if (type === 'unicode') hashText(JSON.parse(value), 0, 16);
  else if (type === 'bool') hashBool(value === 'true', 0, 16);
  else if (type === 'bytes') hashBytes(Buffer.from(value === 'empty' ? '' : value, 'hex'), 0, 16);
  else hashFloat(type === 'float32' ? Math.fround(Number(value)) : Number(value.replace('Inf', 'Infinity')), 0, 16);
}

t.test('scalars: every vector of the original', { skip: missing }, (t) => {
  let seen = 0;
  for (const line of lines) {
    const vector = /^(int64|uint64|unicode|bool|bytes|float64|float32) (.+) ([0-9a-f]{16})$/.exec(line);
    if (!vector) continue;
    hashSpelled(vector[1]!, vector[2]!);
    t.equal(hex(), vector[3], line);
    seen += 1;
  }
  t.equal(seen, 51);
  t.end();
});

const struct = (entries: Record<string, ir.Data>): ir.Data => {
  const data = ir.structData();
  for (const [key, value] of Object.entries(entries)) ir.structFields(data).append(key, value);
  return data;
};

t.test('values: every vector of the original', { skip: missing }, (t) => {
  const values: Record<string, ir.Data> = {
    'string ""': ir.stringData(''),
    'string "hello"': ir.stringData('hello'),
    'int64 0': ir.int64Data(0),
    'int64 42': ir.int64Data(42n),
    'struct{aaa:23,bbb:45}': struct({ aaa: ir.int64Data(23), bbb: ir.int64Data(45) }),
    'list[1,"x"]': ir.listData([ir.int64Data(1), ir.stringData('x')]),
    'empty list': ir.listData(),
    'empty struct': ir.structData(),
    none: ir.optionalData(),
  };
  let seen = 0;
  for (const line of lines) {
    const vector = /^(?:empty (Data|Witness)|Data (.+)) (\S{11}=)$/.exec(line);
    if (!vector) continue;
    seen += 1;
    if (vector[1] === 'Witness') t.equal(witnessDigest(new ir.Witness(null)), vector[3], line);
    else if (vector[1] === 'Data') t.equal(dataDigest(new ir.Data(0, 0, null, null)), vector[3], line);
    else t.equal(dataDigest(values[vector[2]!]!), vector[3], line);
  }
  t.equal(seen, 11);
  t.end();
});

t.test('witnesses: digest and embedded keys', { skip: missing }, (t) => {
  let seen = 0;
  for (const line of lines) {
    const vector = /^generalize_witnesses\/(\S+)\.txt Witness hash=(\S+) keys_ok=(\d+)\/(\d+)/.exec(line);
    if (!vector) continue;
    seen += 1;
    const witness = decodeWitness(readFileSync(path.join(oracles, 'witnesses', vector[1]!)));
    t.equal(witnessDigest(witness), vector[2], vector[1]!);
    const { args, responses } = witness.method!;
    const keys = [...args.keys, ...responses.keys];
    t.strictSame([...args.values, ...responses.values].map(dataDigest), keys);
    t.equal(keys.length, Number(vector[4]), `${vector[4]} keys`);
  }
  t.equal(seen, 8);
  t.end();
});

/** objecthash's own way: halving and doubling. */
function floatBySteps(value: number): string {
  let fraction = Math.abs(value);
  let exponent = 0;
  for (; fraction > 1; fraction /= 2) exponent += 1;
  for (; fraction <= 0.5; fraction *= 2) exponent -= 1;
  let text = `${value < 0 ? '-' : '+'}${exponent}:`;
  while (fraction !== 0) {
    text += fraction >= 1 ? '1' : '0';
    if (fraction >= 1) fraction -= 1;
    fraction *= 2;
  }
  return text;
}

t.test('floats: exact over the whole range', (t) => {
  const bits = new DataView(new ArrayBuffer(8));
  let seed = 12345;
  const next = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
  const values = [
    5e-324,
    2.2250738585072014e-308,
    2.225073858507201e-308,
    Number.MAX_VALUE,
    0.5,
    2,
    1 / 3,
    2 ** 53 - 1,
  ];
  for (let i = 0; i < 2000; i += 1) {
    bits.setUint32(0, i % 4 === 0 ? next() & 0x800fffff : next());
    bits.setUint32(4, next());
    values.push(bits.getFloat64(0));
  }
  let checked = 0;
  for (const value of values) {
    if (value === 0 || !Number.isFinite(value)) continue;
    if (normalisedFloat(value) !== floatBySteps(value))
      t.equal(normalisedFloat(value), floatBySteps(value), `${value}`);
    checked += 1;
  }
  t.ok(checked > 1900);
  t.end();
});

const PRIMES = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotl = (value: bigint, by: bigint): bigint => u64((value << by) | (value >> (64n - by)));

/** XXH64 straight from its specification. */
function xxh64(input: Buffer): string {
  const [p1, p2, p3, p4, p5] = PRIMES;
  const round = (acc: bigint, lane: bigint): bigint => u64(rotl(u64(acc + lane * p2), 31n) * p1);
  let at = 0;
  let h: bigint = p5;
  if (input.length >= 32) {
    const v = [u64(p1 + p2), p2, 0n, u64(-p1)];
    for (; at + 32 <= input.length; at += 32) {
      for (let i = 0; i < 4; i += 1) v[i] = round(v[i]!, input.readBigUInt64LE(at + i * 8));
    }
    h = u64(rotl(v[0]!, 1n) + rotl(v[1]!, 7n) + rotl(v[2]!, 12n) + rotl(v[3]!, 18n));
    for (const lane of v) h = u64((h ^ round(0n, lane)) * p1 + p4);
  }
  h = u64(h + BigInt(input.length));
  for (; at + 8 <= input.length; at += 8) h = u64(rotl(h ^ round(0n, input.readBigUInt64LE(at)), 27n) * p1 + p4);
  if (at + 4 <= input.length) {
    h = u64(rotl(h ^ u64(BigInt(input.readUInt32LE(at)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < input.length; at += 1) h = u64(rotl(h ^ u64(BigInt(input[at]!) * p5), 11n) * p1);
  h = u64((h ^ (h >> 33n)) * p2);
  h = u64((h ^ (h >> 29n)) * p3);
  return (h ^ (h >> 32n)).toString(16).padStart(16, '0');
}

t.test('XXH64: every length to 200, and pieces of long strings', (t) => {
  for (let length = 0; length <= 200; length += 1) {
    const text = 'the quick brown fox '.repeat(11).slice(0, length);
    hashText(text, 0, 16);
    if (hex() !== xxh64(Buffer.from(`u${text}`))) t.fail(`length ${length}`);
  }
  for (const unit of ['a', 'é', '日', '😀', 'ab\ud800', 'x😀']) {
    for (const length of [16_383, 16_384, 16_385, 40_000]) {
      const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
      hashText(text, 0, 16);
      t.equal(hex(), xxh64(Buffer.from(`u${text}`)), `${length} of ${JSON.stringify(unit)}`);
      const binary = Buffer.from(text, 'latin1');
      hashBytes(binary, 0, 16);
      t.equal(hex(), xxh64(Buffer.concat([Buffer.from('r'), binary])), `${length} bytes`);
    }
  }
  t.end();
});

t.test('floats: the digest is that of the text', (t) => {
  let seed = 99;
  const next = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
  const bits = new DataView(new ArrayBuffer(8));
  const values = [
    1,
    -1,
    0.5,
    2 ** -1022,
    2 ** 1023,
    1 + 2 ** -52,
    1 + 2 ** -20,
    1 + 2 ** -21,
    1 + 2 ** -32,
    -1e10,
    5e-324,
  ];
  for (let i = 0; i < 1000; i += 1) {
    bits.setUint32(0, next());
    bits.setUint32(4, i % 3 === 0 ? 0 : next() & (0xffffffff << (i % 32)));
    if (Number.isFinite(bits.getFloat64(0)) && bits.getFloat64(0) !== 0) values.push(bits.getFloat64(0));
  }
  for (const value of values) {
    hashFloat(value, 0, 16);
    if (hex() !== xxh64(Buffer.from(`f${floatBySteps(value)}`))) t.fail(`${value}`);
  }
  t.ok(values.length > 900);
  t.end();
});

t.test('a wide struct grows the memory once and gives it back', (t) => {
  const wide = ir.structData();
  for (let i = 0; i < 200_000; i += 1) ir.structFields(wide).append(`key${i}`, ir.int64Data(i));
  const reversed = ir.structData();
  for (let i = 199_999; i >= 0; i -= 1) ir.structFields(reversed).append(`key${i}`, ir.int64Data(i));
  t.equal(dataDigest(wide), dataDigest(reversed), 'order of fields does not matter');
  t.ok(bytes.length > 3_000_000);
  const last = hex();
  t.equal(releaseDigestMemory(), true);
  t.equal(hex(), last, 'the last digest stays');
  t.equal(bytes.length, 262_144);
  t.equal(dataDigest(ir.int64Data(42)), 's_-E0RjTONg=', 'and it works on');
  t.end();
});

t.test('keyed maps: equal values once, anew after a change', (t) => {
  const witness = ir.httpWitness('GET', 'example.org', '/');
  const { args } = witness.method!;
  const first = ir.stringData('a', ir.httpMeta(ir.Location.QUERY, 'q'));
  addKeyed(args, first);
  addKeyed(args, ir.stringData('a', ir.httpMeta(ir.Location.QUERY, 'q')));
  addKeyed(args, ir.stringData('b', ir.httpMeta(ir.Location.QUERY, 'q')));
  t.equal(args.size, 2);
  for (const value of args.values) value.value = 'REDACTED';
  keyWitness(witness);
  t.equal(args.size, 1);
  t.equal(args.keys[0], dataDigest(args.values[0]!));
  t.end();
});
