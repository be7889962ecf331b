/**
 * Digest, encoding and formats: `node agent/digest/digest.bench.ts [WITNESS.pb]` (default: gitlab.1.concrete of the
 * shared oracles). Prints µs of CPU and allocated bytes a witness, medians of seven, the variants taking turns.
 * Allocated bytes are V8's own counter (3 to 8 % high).
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { WitnessSchema } from '../encode/gen/witness_pb.ts';
import { decodeWitness } from '../encode/witness-decoder.ts';
import { encodeWitness } from '../encode/witness-encoder.ts';
import { stringFormat } from '../witness/formats.ts';
import { inferText } from '../witness/infer.ts';
import { Obfuscator } from '../witness/obfuscation.ts';
import { Visit, Walker } from '../witness/visitor.ts';
import { digestByReflection } from './reflective-digest.ts';
import { digestWitness } from './witness-digest.generated.ts';

const shared = process.env.FLOODGATE_SHARED ?? path.resolve(import.meta.dirname, '../../../shared');
const file = process.argv[2] ?? path.join(shared, 'oracles/witnesses/gitlab.1.concrete.pb');
const bytes = readFileSync(file);
const witness = decodeWitness(bytes);
const message = fromBinary(WitnessSchema, bytes);
const strings = [
  '2021-03-04T05:06:07Z',
  'hello world',
  'https://example.org/a?b=c',
  'a@example.org',
  'Connection',
  '42',
];
const each = (operation: (text: string) => unknown): void => {
  for (const text of strings) operation(text);
};
const walker = new Walker();
const visitor = { enter: () => Visit.CONTINUE, leave: () => Visit.CONTINUE };
const obfuscator = new Obfuscator('redact', Buffer.alloc(32));

const VARIANTS: Record<string, readonly [operation: () => void, repeats: number]> = {
  'digest, reflective': [() => digestByReflection(WitnessSchema, message), 300],
  'digest, generated': [() => digestWitness(witness, 0, 24), 3000],
  'encode, protobuf-es': [() => toBinary(WitnessSchema, message), 500],
  'encode, generated': [() => encodeWitness(witness), 3000],
  'decode to the IR': [() => decodeWitness(bytes), 500],
  'visit every node': [() => walker.witness(witness, visitor), 3000],
  'obfuscate (nothing to redact after the first)': [() => obfuscator.witness(witness), 1000],
  'formats of six strings': [() => each(stringFormat), 10_000],
  'types of six texts': [() => each((text) => inferText(text, null)), 10_000],
};

const results = new Map<string, { micros: number[]; allocated: number[] }>();
for (let round = -2; round < 7; round += 1) {
  for (const [name, [operation, repeats]] of Object.entries(VARIANTS)) {
    const allocatedBefore = getHeapStatistics().total_allocated_bytes!;
    const before = process.cpuUsage();
    for (let i = 0; i < repeats; i += 1) operation();
    const { user, system } = process.cpuUsage(before);
    const allocated = getHeapStatistics().total_allocated_bytes! - allocatedBefore;
    if (round < 0) continue;
    const entry = results.get(name) ?? { micros: [], allocated: [] };
    entry.micros.push((user + system) / repeats);
    entry.allocated.push(allocated / repeats);
    results.set(name, entry);
  }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
const figures = new Map(
  [...results].map(([name, { micros, allocated }]) => [name, [median(micros), median(allocated)] as const]),
);
for (const [name, [micros, allocated]] of figures) {
  process.stdout.write(
    `${name.padEnd(46)} ${micros.toFixed(2).padStart(9)} µs ${Math.round(allocated).toLocaleString('en').padStart(9)} B\n`,
  );
}
for (const what of ['digest', 'encode']) {
  const [slow, fast] = [
    figures.get(`${what}, ${what === 'digest' ? 'reflective' : 'protobuf-es'}`)!,
    figures.get(`${what}, generated`)!,
  ];
  const bytesRatio = slow[1] / Math.max(fast[1], 1);
  process.stdout.write(
    `${what}: generated ${(slow[0] / fast[0]).toFixed(1)} × faster, ${bytesRatio.toFixed(0)} × fewer bytes\n`,
  );
}
