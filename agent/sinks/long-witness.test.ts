/** A witness with a body of many values, on its way to a file and to a collector. */
import t from 'tap';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { ValueSealer } from '../encode/value-sealer.ts';
import { encodeDelimitedWitness } from '../encode/witness-encoder.ts';
import * as ir from '../witness/ir.ts';
import { Obfuscator } from '../witness/obfuscation.ts';
import { sealBatch } from './batch.ts';
import { BatchDecoder } from './batch-decoder.ts';
import type { EachPiece } from './record-output.ts';
import { WitnessFile } from './witness-file.ts';

/** As objects they would weigh more than `collect` makes of a batch. */
const VALUES = 150_000;

function longWitness(sealer: ValueSealer): ir.Witness {
  const body = Buffer.from(`[${Array.from({ length: VALUES }, () => '7').join()}]`);
  const witness = ir.httpWitness('GET', 'example.org', '/list', 1);
  const data = sealer.json([body], body.length, ir.httpMeta(ir.Location.BODY, '', ir.ContentType.JSON, 200));
  witness.method!.responses.append('0', data!);
  return witness;
}

t.test('a long witness is written from its pages, and stored by its keys', async (t) => {
  const obfuscator = new Obfuscator('redact', Buffer.alloc(32));
  const sealer = new ValueSealer(obfuscator, defaultBodyLimits, 1 << 20);
  const whole: Buffer[] = [];
  const pieces: Buffer[] = [];
  const keep = (chunks: Buffer[]) => (bytes: Uint8Array, start: number, end: number) =>
    void chunks.push(Buffer.from(bytes.subarray(start, end)));
  const common = { obfuscator, seen: null };
  new WitnessFile({ ...common, output: { writeBytes: keep(whole) } }).witness(longWitness(sealer));
  const piecemeal = { writeBytes: keep(whole), writePieces: (each: EachPiece) => each(keep(pieces)) };
  new WitnessFile({ ...common, output: piecemeal }).witness(longWitness(sealer));
  t.equal(whole.length, 1, 'one record');
  t.ok(pieces.length > 10, `${pieces.length} pieces`);
  t.ok(whole[0]!.length > 1 << 20, `${whole[0]!.length} bytes`);
  t.ok(Buffer.concat(pieces).equals(whole[0]!), 'the same bytes');
  const { body, coding } = sealBatch(whole[0]!, 1);
  const stored = await new BatchDecoder().decode(body, coding, new AbortController().signal, (witnesses) =>
    witnesses.map(({ path, host, weight }) => ({ path, host, weight })),
  );
  t.same(stored, [{ path: '/list', host: 'example.org', weight: 1 }]);
});

t.test('a long witness of more fields than any agent writes is weighed, and refused', async (t) => {
  const witness = ir.httpWitness('GET', 'example.org', '/list', 1);
  const value = ir.int64Data(7);
  for (let i = 0; i < 200_000; i += 1) witness.method!.args.append(`${i.toString(36).padStart(11, '0')}=`, value);
  const bytes = encodeDelimitedWitness(witness)!;
  t.ok(bytes.length > 1 << 20);
  const { body, coding } = sealBatch(bytes, 1);
  const decoded = new BatchDecoder().decode(
    body,
    coding,
    new AbortController().signal,
    (witnesses) => witnesses.length,
  );
  await t.rejects(decoded, { message: 'no witnesses, or more values than an agent sends at once' });
});
