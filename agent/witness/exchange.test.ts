/** Objects of exchanges that are over serve the next ones: what is in their witnesses is the same as in those of new objects. */
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { BodyBuffers } from '../body/json-document.ts';
import { DecoderPool } from '../coding/decoder-pool.ts';
import { keyWitness, witnessDigest } from '../digest/digest.ts';
import { ValueSealer } from '../encode/value-sealer.ts';
import { encodeWitness } from '../encode/witness-encoder.ts';
import type { HeaderFields, HttpMessage } from '../http/message-handler.ts';
import { createRandom, type Random } from '../seeded-random.ts';
import { inferringTyper } from './infer.ts';
import type { Witness } from './ir.ts';
import { Obfuscator } from './obfuscation.ts';
import { WitnessBuilder } from './witness-builder.ts';
import { defaultWitnessLimits } from './witness-limits.ts';

type Field = readonly [string, string];

interface Body {
  readonly fields: readonly Field[];
  readonly bytes: Buffer;
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const type = (name: string): Field => ['Content-Type', name];
const gzip: Field = ['Content-Encoding', 'gzip'];
const long = json(Array.from({ length: 900 }, (_, i) => ({ id: i, name: `grün ${i}` })));
const parts = '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nv\r\n--b--\r\n';

const bodies: readonly Body[] = [
  { fields: [], bytes: Buffer.alloc(0) },
  { fields: [type('application/json')], bytes: json({ a: [1, 2.5, 'é'], token: 'abcdefghijkl' }) },
  { fields: [type('application/json')], bytes: json([]) },
  { fields: [type('application/json')], bytes: long },
  { fields: [type('application/json'), gzip], bytes: gzipSync(long) },
  { fields: [type('application/json'), gzip], bytes: gzipSync(json({ b: true })) },
  { fields: [type('application/json'), gzip], bytes: gzipSync(long).subarray(0, 400) },
  { fields: [type('application/json'), gzip], bytes: Buffer.from('no gzip at all') },
  { fields: [type('application/json'), gzip], bytes: Buffer.concat([gzipSync(json(1)), gzipSync(json(2))]) },
  { fields: [type('application/json')], bytes: Buffer.from('{"a":1,"a":2}{"b"') },
  { fields: [type('application/json')], bytes: Buffer.from('<html>none</html>') },
  { fields: [type('application/x-www-form-urlencoded')], bytes: Buffer.from('a=1&password=x&a=2') },
  { fields: [type('multipart/form-data; boundary=b')], bytes: Buffer.from(parts) },
  { fields: [type('text/plain; charset=utf-16le')], bytes: Buffer.from('text', 'utf16le') },
  { fields: [type('application/octet-stream')], bytes: Buffer.from([0, 1, 2, 3]) },
  { fields: [['Content-Encoding', 'deflate']], bytes: Buffer.from('plain text under a wrong label') },
];

function headers(list: readonly Field[]): HeaderFields {
  const all = (name: string) => list.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return {
    count: list.length,
    name: (i) => list[i]![0],
    value: (i) => list[i]![1],
    get: (name) => all(name)[0],
    all: (name) => all(name).join() || undefined,
  };
}

function builderInto(found: string[], keepsWitnesses: boolean, seen = new Set<Witness>()): WitnessBuilder {
  const obfuscator = new Obfuscator('redact', Buffer.alloc(32));
  const witness = (it: Witness, context: object) => {
    seen.add(it);
    obfuscator.witness(it);
    keyWitness(it);
    const { stream, exchange, tsUs, hasRequest, hasResponse, complete } = context as Record<string, unknown>;
    const known = [stream, exchange, tsUs, hasRequest, hasResponse, complete].join();
    found.push(`${known} ${witnessDigest(it)} ${encodeWitness(it)!.toString('hex')}`);
  };
  return new WitnessBuilder(
    { ...defaultWitnessLimits, pendingMax: 12, body: defaultBodyLimits },
    { decoders: new DecoderPool(1 << 20), buffers: new BodyBuffers(1 << 20) },
    inferringTyper,
    { keepsWitnesses, witness },
    new ValueSealer(obfuscator, { ...defaultBodyLimits, sealedBytesMax: 64 << 10 }, 1 << 16),
  );
}

const startUs = 1_764_000_000_000_000;

/** One message, whole or not, in one piece or several. */
function* messageOf(random: Random, kind: 'request' | 'response', stream: number, exchange: number) {
  const { fields, bytes } = bodies[random.below(bodies.length)]!;
  const isWhole = random.below(10) > 0;
  const message: HttpMessage = {
    ...{ kind, stream, connection: stream + 1, side: kind === 'request' ? 0 : 1, exchange },
    ...{ tsUs: startUs + random.below(1000), lastTsUs: startUs + random.below(1000), method: 'POST' },
    pairing: random.below(9) === 0 ? 'probable' : 'certain',
    ...{ uri: random.below(2) === 0 ? '/a/b' : '/a?x=1&y=z', status: kind === 'request' ? 0 : 200, reason: '' },
    ...{ minorVersion: 1, headers: headers([['Host', 'api.example'], ...fields]), headersBytes: 1, bodyBytes: 0 },
    ...{ missingBytes: 0, complete: isWhole, flags: 0 },
  };
  yield (builder: WitnessBuilder) => builder.begin(message);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(bytes.length));
    const start = at;
    yield (builder: WitnessBuilder) => builder.body(message, bytes, start, end);
    at = end;
    if (!isWhole && random.below(4) === 0) {
      yield (builder: WitnessBuilder) => builder.bodyGap(message);
      break;
    }
  }
  // Some never end: they are given out when the table is full.
  if (random.below(20) > 0) yield (builder: WitnessBuilder) => builder.end(message);
}

/** Requests and responses of one stream in turn. */
function* conversation(random: Random, stream: number) {
  for (let exchange = 0; exchange < 60; exchange += 1) {
    if (random.below(15) > 0) yield* messageOf(random, 'request', stream, exchange);
    if (random.below(15) > 0) yield* messageOf(random, 'response', stream, exchange);
  }
}

t.test('the same witnesses from objects that served before as from new ones', async (t) => {
  const random = createRandom(15, 'exchanges');
  const [kept, reused] = [[] as string[], [] as string[]];
  const seen = new Set<Witness>();
  const builders = [builderInto(kept, true), builderInto(reused, false, seen)];
  const streams = Array.from({ length: 6 }, (_, stream) => conversation(random, stream));
  for (let steps = 0; streams.length > 0; steps += 1) {
    const at = random.below(streams.length);
    const step = streams[at]!.next();
    if (step.done) streams.splice(at, 1);
    else for (const builder of builders) step.value(builder);
    if (steps % 700 === 699) for (const builder of builders) builder.giveUpBodies();
  }
  for (const builder of builders) builder.finish();
  t.ok(kept.length > 300, `${kept.length} witnesses`);
  t.same(reused, kept);
  t.same(builders[1]!.counters, builders[0]!.counters);
  t.ok(seen.size < 40, `${seen.size} objects for them`);
  for (const builder of builders) t.equal(builder.values.bytes, 0, 'every budget is given back');
});
