import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { keyWitness, witnessDigest } from '../digest/digest.ts';
import { FloodgateError } from '../errors.ts';
import { createRandom, type Random } from '../seeded-random.ts';
import * as ir from '../witness/ir.ts';
import { inspectWitnessFile } from './inspected-fixture.ts';
import { encodeDelimitedWitness, encodeWitness } from './witness-encoder.ts';
import { WitnessInspector } from './witness-inspector.ts';

function witness(value: string): ir.Witness {
  const result = ir.httpWitness('GET', 'example.org', '/users', 2.5);
  result.method!.args.append('0', ir.stringData(value, ir.httpMeta(ir.Location.QUERY, 'q')));
  keyWitness(result);
  return result;
}

const file = Buffer.concat(
  ['a', 'b'.repeat(200), 'c'].map((value) => Buffer.from(encodeDelimitedWitness(witness(value))!)),
);

t.test('a file of witnesses: JSON lines with digests', (t) => {
  const lines = inspectWitnessFile(file).map((line) => JSON.parse(line));
  t.equal(lines.length, 3);
  t.equal(lines[0].digest, witnessDigest(witness('a')));
  t.equal(lines[1].keys, '1/1');
  t.match(lines[2].witness, {
    method: { id: { apiType: 'HTTP_REST' }, meta: { http: { method: 'GET', host: 'example.org' } } },
  });
  const [argument] = Object.values<object>(lines[2].witness.method.args);
  t.match(argument, { primitive: { stringValue: { value: 'c' } }, meta: { http: { query: { key: 'q' } } } });
  t.end();
});

t.test('in pieces of every size the lines are the same', (t) => {
  const whole = inspectWitnessFile(file);
  for (const size of [1, 2, 3, 7, 100, 1000]) {
    const lines: string[] = [];
    const inspector = new WitnessInspector(file.length, (line) => lines.push(line));
    for (let at = 0; at < file.length; at += size) {
      const piece = Buffer.from(file.subarray(at, at + size));
      inspector.push(piece);
      piece.fill(0xff);
    }
    t.strictSame(lines, whole, `${size} bytes at a time`);
    t.equal(inspector.end(), 0);
  }
  t.end();
});

t.test('one bare witness; none at all', (t) => {
  const bare = Buffer.from(encodeWitness(witness('x'))!);
  t.equal(JSON.parse(inspectWitnessFile(bare)[0]!).digest, witnessDigest(witness('x')));
  for (const size of [1, 5]) {
    const lines: string[] = [];
    const inspector = new WitnessInspector(bare.length, (line) => lines.push(line));
    for (let at = 0; at < bare.length; at += size) inspector.push(bare.subarray(at, at + size));
    t.equal(lines.length, 1, `in pieces of ${size}`);
  }
  t.strictSame(inspectWitnessFile(Buffer.alloc(0)), []);
  t.end();
});

t.test('a torn end is reported, another file refused', (t) => {
  const lines: string[] = [];
  const inspector = new WitnessInspector(file.length - 5, (line) => lines.push(line));
  inspector.push(file.subarray(0, file.length - 5));
  t.equal(lines.length, 2);
  t.ok(inspector.end() > 0);
  for (const text of ['{"log":{"version":"1.2"}}'.repeat(20), '\xff\xff\xff\xff\xff\xff\xff\xff', '\x05hello']) {
    t.throws(() => inspectWitnessFile(Buffer.from(text, 'latin1')), FloodgateError, JSON.stringify(text.slice(0, 12)));
  }
  t.end();
});

t.test('as deep as witnesses may be', (t) => {
  for (const wrap of [(data: ir.Data) => ir.listData([data]), (data: ir.Data) => ir.optionalData(data), inStruct]) {
    let deep = ir.stringData('bottom');
    for (let depth = 1; depth < ir.DEPTH_MAX; depth += 1) deep = wrap(deep);
    const result = ir.httpWitness('GET', 'example.org', '/');
    result.method!.args.append('0', deep);
    keyWitness(result);
    const line = JSON.parse(inspectWitnessFile(Buffer.from(encodeWitness(result)!))[0]!);
    t.equal(line.digest, witnessDigest(result));
  }
  t.end();
});

function inStruct(data: ir.Data): ir.Data {
  const struct = ir.structData();
  ir.structFields(struct).append('k', data);
  return struct;
}

t.test('damaged files: reported or refused, nothing else', (t) => {
  let seed = 11;
  const next = (below: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
  let refused = 0;
  for (let i = 0; i < 2000; i += 1) {
    const damaged = Buffer.from(file);
    for (let j = next(4); j >= 0; j -= 1) damaged[next(damaged.length)] = next(256);
    try {
      inspectWitnessFile(damaged.subarray(0, 1 + next(damaged.length)));
    } catch (error) {
      if (!(error instanceof FloodgateError)) t.fail(String(error));
      refused += 1;
    }
  }
  t.ok(refused > 100, `${refused} refused`);
  t.end();
});

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const oracle = path.join(
  process.env.FLOODGATE_SHARED ?? path.join(root, '..', 'shared'),
  'oracles/witnesses/gitlab.1.concrete.pb',
);

t.test('a witness of the original', { skip: existsSync(oracle) ? false : `no ${oracle}` }, (t) => {
  const [line] = inspectWitnessFile(readFileSync(oracle));
  const { digest, keys } = JSON.parse(line!);
  t.strictSame({ digest, keys }, { digest: 'OfKjthyOpIY=', keys: '22/22' });
  t.end();
});

t.test('damaged files: lines, or what is wrong with them, and never anything else', (t) => {
  const random = createRandom(7, 'fuzz');
  const found = new Set<string>();
  for (let round = 0; round < 4_000; round += 1) {
    const mutated = damage(file, random);
    const before = process.cpuUsage();
    let lines: string[] = [];
    try {
      lines = inspectWitnessFile(mutated);
    } catch (error) {
      if (!(error instanceof FloodgateError)) throw error;
      found.add(error.code);
    }
    for (const line of lines) JSON.parse(line);
    const { user } = process.cpuUsage(before);
    const ms = user / 1000;
    if (ms > 2_000) t.fail(`round ${round}: ${ms} ms`);
  }
  t.same([...found], ['not-witnesses']);
  t.throws(() => inspectWitnessFile(new Uint8Array(100)), { message: /a witness of no bytes/ }, 'a file of zeros');
  t.end();
});

/** Bytes and bits changed, ranges cut out or repeated, endings lost, lengths that never end. */
function damage(whole: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(whole);
  for (let count = 1 + random.below(4); count > 0 && bytes.length > 1; count -= 1) {
    const at = random.below(bytes.length);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (random.below(5)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes = before;
        break;
      case 2:
        bytes = Buffer.concat([before, after.subarray(random.below(40))]);
        break;
      case 3:
        bytes = Buffer.concat([before, before.subarray(-random.below(200)), after]);
        break;
      default:
        bytes = Buffer.concat([before, Buffer.alloc(random.below(10), 0xff), after]);
    }
  }
  return bytes;
}
