import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import t from 'tap';
import { witnessDigest } from '../digest/digest.ts';
import * as ir from '../witness/ir.ts';
import { ENCODED_BYTES_MAX } from './backward-writer.ts';
import { WitnessSchema } from './gen/witness_pb.ts';
import { decodeWitness } from './witness-decoder.ts';
import { encodeDelimitedWitness, encodeWitness } from './witness-encoder.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const folder = path.join(process.env.FLOODGATE_SHARED ?? path.join(root, '..', 'shared'), 'oracles', 'witnesses');
const missing = existsSync(folder) ? false : `no ${folder} (set FLOODGATE_SHARED)`;

t.test('the original’s witnesses come back byte for byte', { skip: missing }, (t) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.pb'));
  t.equal(files.length, 8);
  for (const file of files) {
    const bytes = readFileSync(path.join(folder, file));
    const encoded = encodeWitness(decodeWitness(bytes))!;
    t.same(fromBinary(WitnessSchema, encoded), fromBinary(WitnessSchema, bytes), file);
    t.equal(
      Buffer.compare(encoded, toBinary(WitnessSchema, fromBinary(WitnessSchema, bytes))),
      0,
      'as protobuf-es writes it',
    );
  }
  t.end();
});

/** A witness with one query argument. */
function witnessOf(data: ir.Data): ir.Witness {
  const witness = ir.httpWitness('GET', 'example.org', '/', 1.5);
  witness.method!.args.append('key', data);
  return witness;
}

t.test('integers keep all their bits', (t) => {
  const edges = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 35 - 1, 2 ** 35, 2 ** 53 - 1, 2n ** 63n - 1n];
  for (const value of edges) {
    for (const signed of [value, -value]) {
      const { method } = decodeWitness(encodeWitness(witnessOf(ir.int64Data(signed)))!);
      t.equal(BigInt(method!.args.values[0]!.value as number), BigInt(signed), `int64 ${signed}`);
    }
    const { method } = decodeWitness(encodeWitness(witnessOf(ir.uint64Data(value)))!);
    t.equal(BigInt(method!.args.values[0]!.value as number), BigInt(value), `uint64 ${value}`);
  }
  const least = decodeWitness(encodeWitness(witnessOf(ir.int64Data(-(2n ** 63n))))!);
  t.equal(least.method!.args.values[0]!.value, -(2n ** 63n));
  const most = decodeWitness(encodeWitness(witnessOf(ir.uint64Data(2n ** 64n - 1n)))!);
  t.equal(most.method!.args.values[0]!.value, 2n ** 64n - 1n);
  t.end();
});

t.test('strings of every length and kind', (t) => {
  for (const unit of ['a', 'é', '日', '😀', 'aé']) {
    for (const length of [0, 1, 63, 64, 65, 127, 128, 20_000, 300_000]) {
      const text = unit.repeat(length);
      const { method } = decodeWitness(encodeWitness(witnessOf(ir.stringData(text)))!);
      if (method!.args.values[0]!.value !== text) t.fail(`${length} × ${unit}`);
    }
  }
  const lone = decodeWitness(encodeWitness(witnessOf(ir.stringData('a\ud800b')))!);
  t.equal(lone.method!.args.values[0]!.value, 'a\ufffdb', 'a lone surrogate becomes the replacement character');
  t.end();
});

t.test('length before the witness', (t) => {
  const plain = Buffer.from(encodeWitness(witnessOf(ir.stringData('x'.repeat(300))))!);
  const delimited = encodeDelimitedWitness(witnessOf(ir.stringData('x'.repeat(300))))!;
  t.equal(delimited.length, plain.length + 2);
  t.equal((delimited[0]! & 0x7f) | (delimited[1]! << 7), plain.length);
  t.equal(Buffer.compare(delimited.subarray(2), plain), 0);
  t.end();
});

t.test('a witness beyond the limit is refused, the next one is encoded', (t) => {
  const list = ir.listData();
  const half = 'x'.repeat(ENCODED_BYTES_MAX / 2);
  ir.listElements(list).push(ir.stringData(half), ir.stringData(half));
  t.equal(encodeWitness(witnessOf(list)), undefined);
  const witness = witnessOf(ir.bytesData(Uint8Array.of(1, 2, 3)));
  const digest = witnessDigest(witness);
  t.equal(witnessDigest(decodeWitness(encodeWitness(witness)!)), digest);
  t.end();
});
