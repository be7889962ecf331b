import t from 'tap';
import { DigestMemory } from '../digest/dedup.ts';
import { inspectWitnessFile } from '../encode/inspected-fixture.ts';
import * as ir from '../witness/ir.ts';
import { Obfuscator, REDACTED } from '../witness/obfuscation.ts';
import { WitnessFile } from './witness-file.ts';

function witness(name: string, value: string): ir.Witness {
  const result = ir.httpWitness('GET', 'example.org', '/', 1);
  result.method!.args.append('0', ir.stringData(value, ir.httpMeta(ir.Location.QUERY, name)));
  return result;
}

t.test('obfuscated, keyed, once each', (t) => {
  const chunks: Buffer[] = [];
  const file = new WitnessFile({
    output: { writeBytes: (bytes, start, end) => void chunks.push(Buffer.from(bytes.subarray(start, end))) },
    obfuscator: new Obfuscator('redact', Buffer.alloc(32)),
    seen: new DigestMemory(16),
  });
  for (const [name, value] of [
    ['q', 'a'],
    ['q', 'b'],
    ['q', 'a'],
    ['password', 'hunter2'],
    ['password', 'hunter3'],
  ] as const) {
    file.witness(witness(name, value));
  }
  const bytes = Buffer.concat(chunks);
  const lines = inspectWitnessFile(bytes).map((line) => JSON.parse(line));
  t.strictSame(
    lines.map(({ keys }) => keys),
    ['1/1', '1/1', '1/1'],
  );
  t.notMatch(bytes.toString('latin1'), /hunter/);
  t.match(JSON.stringify(lines[2]), REDACTED);
  t.strictSame({ ...file.counters }, { written: 3, writtenBytes: bytes.length, duplicates: 2, tooLong: 0 });
  t.end();
});

t.test('without a file and without a memory everything is counted', (t) => {
  const file = new WitnessFile({ output: null, obfuscator: new Obfuscator('off', Buffer.alloc(0)), seen: null });
  file.witness(witness('q', 'a'));
  file.witness(witness('q', 'a'));
  t.match({ ...file.counters }, { written: 2, duplicates: 0 });
  t.ok(file.counters.writtenBytes > 0);
  t.end();
});
