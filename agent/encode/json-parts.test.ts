/** A text in parts becomes what it becomes at once, wherever it is cut and whatever the memory is used for in between. */
import { fromBinary } from '@bufbuild/protobuf';
import t from 'tap';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { BodyReader } from '../body/body-reader.ts';
import { noCodings } from '../body/codings.ts';
import { BodyBuffers } from '../body/json-document.ts';
import { DecoderPool } from '../coding/decoder-pool.ts';
import { dataDigest } from '../digest/digest.ts';
import { createRandom } from '../seeded-random.ts';
import { BodyBuilder } from '../witness/body-builder.ts';
import { inferringTyper } from '../witness/infer.ts';
import { ContentType, type Data, DataKind, httpMeta, Location } from '../witness/ir.ts';
import { Obfuscator } from '../witness/obfuscation.ts';
import type { Sealed } from '../witness/sealed.ts';
import type { JsonParts } from '../witness/sealer.ts';
import { ValueBudget, ValueTotal } from '../witness/value-budget.ts';
import { beginWriting, putSealed, writtenBytes } from './backward-writer.ts';
import { DataSchema } from './gen/witness_pb.ts';
import { bothWays, buildBody, makeBody } from './json-sealer.fuzz.ts';
import { ValueSealer } from './value-sealer.ts';
import { dataFromMessage, READ_OPTIONS } from './witness-decoder.ts';

const SEED = 20_261_130;
const BODIES = 1500;
const meta = httpMeta(Location.BODY, '', ContentType.JSON, 200);

type Text = readonly [digest: string, bytes: string, redacted: number];

class Sealing {
  readonly #obfuscator: Obfuscator;
  readonly sealer: ValueSealer;
  #changed = 0;

  constructor(mode: 'redact' | 'off') {
    this.#obfuscator = new Obfuscator(mode, Buffer.alloc(32));
    this.sealer = new ValueSealer(this.#obfuscator, defaultBodyLimits, 1 << 20);
  }

  /** Gives its memory back. */
  read(data: Data | null): Text | null {
    if (data === null) return null;
    const sealed = data.value as Sealed;
    beginWriting();
    putSealed(sealed);
    const redacted = this.#obfuscator.changed - this.#changed;
    this.#changed = this.#obfuscator.changed;
    const text = [`${sealed.digestHigh}:${sealed.digestLow}`, writtenBytes().toString('hex'), redacted] as const;
    this.sealer.release(data, true);
    return text;
  }

  whole(body: Uint8Array): Text | null {
    return this.read(this.sealer.json([body], body.length, meta));
  }

  ended(parts: JsonParts): Text | null {
    const isWhole = parts.isWhole;
    const text = this.read(parts.finish());
    return isWhole ? text : null;
  }
}

/** @param next where to cut */
function inParts(sealing: Sealing, body: Uint8Array, next: () => number, between: () => void): Text | null {
  const parts = sealing.sealer.openParts(meta)!;
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, 1 + Math.floor(next() ** 3 * 200));
    if (!parts.push([body.subarray(at, at + size)], size)) break;
    at += size;
    between();
  }
  return sealing.ended(parts);
}

t.test('bodies of every kind, cut anywhere, others sealed in between', async (t) => {
  const [mine, other] = [new Sealing('redact'), new Sealing('redact')];
  const plain = new Sealing('off');
  let sealed = 0;
  for (let i = 0; i < BODIES; i += 1) {
    const body = makeBody(SEED + i);
    const { fraction } = createRandom(SEED + i, 'cuts');
    const sealing = i % 8 === 0 ? plain : mine;
    const whole = sealing.whole(body);
    const parted = inParts(sealing, body, fraction, () => {
      if (fraction() < 0.2) other.whole(makeBody(SEED + i + 1));
    });
    if (whole !== null) sealed += 1;
    if (JSON.stringify(whole) !== JSON.stringify(parted)) {
      t.same(parted, whole, `seed ${SEED + i}: ${body.toString()}`);
      return;
    }
  }
  t.ok(sealed > BODIES / 3, `${sealed} of ${BODIES} bodies were sealed`);
});

const KIB = 1 << 10;
/** Parts of half of it. */
const WHOLE_BYTES = 32 * KIB;
const list = (count: number, value: (i: number) => string) =>
  `[${Array.from({ length: count }, (_, i) => value(i)).join()}]`;
const record = (i: number) => `{"id":${i},"name":"item ${i}","tags":["a","b"],"price":${i % 97}.5,"note":null,"é":"ü"}`;
const members = (count: number, value: (i: number) => string) =>
  `{${Array.from({ length: count }, (_, i) => `"k${i}":${value(i)}`).join()}}`;

t.test('shapes that open containers, hashes and names outlive a part in', async (t) => {
  const records = list(800, record);
  const cases: [name: string, body: string][] = [
    ['a list of records', records],
    ['pretty, with white space everywhere', JSON.stringify(JSON.parse(records), null, 4)],
    ['a long list within', `{"data":{"items":${records},"next":"x"},"z":[]}`],
    ['an object of many members', members(2000, (i) => `{"a":${i},"b":"text ${i}"}`)],
    ['an object of many short members', members(5000, String)],
    ['numbers', list(15_000, String)],
    ['a secret around the parts', `{"password":${records},"n":"shown"}`],
    ['a secret behind them', `{"a":${records},"password":"hunter2"}`],
    ['long lists in lists', `[[[${records}],${records}],{"a":[${records},{"b":${records}}]},[[]],{}]`],
    ['a name that names no secret', `{"name":"colour","value":${records}}`],
    ['words in turn', list(8000, (i) => (i % 2 === 0 ? '"size"' : `"w${i}"`))],
    ['long strings', list(15, (i) => `"${String.fromCharCode(97 + i).repeat(7 * KIB)}"`)],
    [
      'names with escapes',
      list(600, (i) => `{"\\u00fc${i % 7}":${i},"a\\"b":"x","\\ud83d\\ude00":[],"pass\\u0077ord":"p${i}"}`),
    ],
    ['white space behind the root', `${records}${' '.repeat(50 * KIB)}\n`],
  ];
  for (const [name, body] of cases) {
    const { sealed, whole, ours, reference } = bothWays(Buffer.from(body), 'redact', WHOLE_BYTES);
    t.ok(sealed && whole, `${name}: in parts`);
    t.ok(JSON.stringify(ours) === JSON.stringify(reference), `${name}: the same both ways`);
  }
});

t.test('dense texts: more values than are sealed at once, in short texts and long ones', async (t) => {
  const cases: [name: string, body: string][] = [
    ['many numbers', list(45_000, () => '7')],
    ['a value of many megabytes', list(80_000, () => '"192.168.100.1"')],
    ['many members', members(45_000, () => '1')],
    ['more members than a tape holds, twice', list(2, () => members(45_000, () => '1'))],
  ];
  for (const [name, body] of cases) {
    const { sealed, whole, ours, reference } = bothWays(Buffer.from(body));
    t.ok(sealed && whole, `${name}: in parts`);
    t.ok(JSON.stringify(ours) === JSON.stringify(reference), `${name}: the same both ways`);
  }
  const { sealed, whole } = bothWays(Buffer.from(members(110_000, () => '1')));
  t.ok(sealed && !whole, 'more members than there is room for');
});

t.test('a text that goes wrong behind its first part: what came before stands, and is no whole body', async (t) => {
  const records = Array.from({ length: 800 }, (_, i) => record(i));
  const before = `{"a":[${records.join()}`;
  const cases: [name: string, behind: string, stands: string][] = [
    ['cut', ',{"id":1,', ',{"id":1}]}'],
    ['a fault', ',nonsense]}', ']}'],
    ['another document', ']}{"b":1}', ']}'],
  ];
  for (const [name, behind, stands] of cases) {
    const { whole, ours } = bothWays(Buffer.from(before + behind), 'redact', WHOLE_BYTES);
    t.notOk(whole, name);
    const shown = bothWays(Buffer.from(before + stands)).ours;
    t.ok(JSON.stringify(ours) === JSON.stringify(shown), `${name}: what stands`);
  }
});

t.test('numbers of every spelling and length', async (t) => {
  const numbers = [
    '1e3',
    '1E+3',
    '-0e9',
    '1.5e3',
    '25e-1',
    '1e-7',
    '1e21',
    '1e999',
    '-1e999',
    '5e-324',
    '4111111111111111.0',
  ];
  const long = ['9223372036854775808', '18446744073709551615', '18446744073709551616', '-9223372036854775808'];
  const longer = [
    '-9223372036854775809',
    '6304000000000000000000000000',
    `1${'0'.repeat(400)}`,
    '12345678901234567890.25',
  ];
  for (const number of [...numbers, ...long, ...longer]) {
    for (const [name, body] of [
      ['alone', `{"a":${number}}`],
      ['as a secret', `{"password":${number}}`],
      ['many', list(8001, (i) => (i % 3 === 0 ? number : String(i)))],
      ['nothing else', list(20_001, () => number)],
    ] as const) {
      for (const mode of ['redact', 'off'] as const) {
        const { sealed, whole, ours, reference } = bothWays(Buffer.from(body), mode, WHOLE_BYTES);
        const what = `${number.slice(0, 40)} ${name}, ${mode}`;
        if (!sealed || !whole) t.fail(`${what}: not whole`);
        if (JSON.stringify(ours) !== JSON.stringify(reference)) t.fail(`${what}: not the same both ways`);
      }
    }
  }
  t.pass();
});

t.test('of members of one name the last one counts, wherever a part ends', async (t) => {
  const few = members(50, (i) => `{"a":${i},"b":"text ${i}"}`).slice(1, -1);
  const many = members(3000, (i) => `{"a":${i},"b":"text ${i}"}`).slice(1, -1);
  const cases: [name: string, body: string][] = [
    ['at once', `{"k":[${list(9000, String)}],"id":1,"id":"x"}`],
    ['a part between them', `{"id":{"a":[1,2]},"list":${list(9000, String)},"id":[3]}`],
    ['in a record of a list', `[${list(800, record).slice(1, -1)},{"id":1,"id":2,"id":3}]`],
    ['few members, some of them twice', `{"x":${list(9000, String)},${few},"k7":7,"k9":9,"k7":8}`],
    ['many members, each twice', `{${many},${many.replaceAll('text', 'last')}}`],
    ['a long value each time', `{"a":${list(9000, String)},"a":${list(9000, (i) => `"${i}"`)}}`],
  ];
  for (const [name, body] of cases) {
    const { sealed, whole, ours, reference } = bothWays(Buffer.from(body), 'redact', WHOLE_BYTES);
    t.ok(sealed && whole, name);
    t.equal(ours?.[0], reference?.[0], `${name}: the same digest`);
    const read = dataFromMessage(fromBinary(DataSchema, Buffer.from(ours![1], 'hex'), READ_OPTIONS));
    t.equal(dataDigest(read), ours?.[0], `${name}: and it is that of what is read`);
  }
});

t.test('what a name beside it makes a secret is not shown', async (t) => {
  const records = list(800, record);
  const cases = [
    `{"list":${records},"more":[{"name":"password","value":"hunter2"}]}`,
    `{"name":"password","x":${records},"value":"hunter2"}`,
    `{"value":["hunter2",${records.slice(1)},"name":"password"}`,
    `[${list(4000, (i) => `"size","w${i}"`).slice(1, -1)},"password","hunter2"]`,
    `["password","hunter2",${list(4000, (i) => `"size","w${i}"`).slice(1, -1)}]`,
    `[[["password",${JSON.stringify(`hunter2 ${'x'.repeat(7 * KIB)}`)}]],${records}]`,
  ];
  const secret = Buffer.from('hunter2').toString('hex');
  for (const body of cases) {
    const { ours } = bothWays(Buffer.from(body), 'redact', WHOLE_BYTES);
    t.notOk(ours?.[1].includes(secret), body.slice(0, 40));
    t.ok(bothWays(Buffer.from(body), 'off', WHOLE_BYTES).ours?.[1].includes(secret), 'without redaction it is');
  }
});

t.test('a longer body that ends early keeps what came, and no tree is made of it', async (t) => {
  const records = Array.from({ length: 800 }, (_, i) => record(i));
  const body = Buffer.from(`{"a":[${records.join()},{"id":1,"name":"cu`);
  const { sealer } = new Sealing('redact');
  const { data, whole } = buildBody(body, sealer, defaultBodyLimits, false);
  t.notOk(whole);
  t.equal(data?.kind, DataKind.SEALED);
  const { data: ended } = buildBody(Buffer.from(`{"a":[${records.join()},{"id":1}]}`), sealer, defaultBodyLimits);
  const [cut, shown] = [data!.value as Sealed, ended!.value as Sealed];
  t.same([cut.digestHigh, cut.digestLow, cut.length], [shown.digestHigh, shown.digestLow, shown.length]);
});

t.test('a body whose first part is not paid for leaves nothing to the next one', async (t) => {
  const limits = { ...defaultBodyLimits, sealedBytesMax: WHOLE_BYTES };
  const total = new ValueTotal(1 << 24);
  const [budget, others] = [new ValueBudget(total, 1 << 24), new ValueBudget(total, 1 << 24)];
  const sealer = () => new ValueSealer(new Obfuscator('redact', Buffer.alloc(32)), limits, 1 << 20);
  const builder = new BodyBuilder(budget, inferringTyper, 200, sealer());
  const means = { decoders: new DecoderPool(1 << 20), buffers: new BodyBuffers(1 << 20) };
  const reader = new BodyReader(limits, means, builder, 'application/json', noCodings);
  const all = (text: string) => {
    const body = Buffer.from(text);
    reader.push(body, 0, body.length);
    reader.finish(true);
    return builder.finish();
  };
  others.takeAll(0, total.bytesMax);
  // A part ends behind a comma.
  all(`[ ${'1,'.repeat(30_000)}1]`);
  t.ok(builder.cut);
  others.release();
  budget.release();
  builder.restart(200);
  reader.restart('application/json', noCodings);
  const next = list(30_000, () => '[2]');
  const data = all(next);
  const { data: alone } = buildBody(Buffer.from(next), sealer(), limits);
  const [ours, reference] = [data!.value as Sealed, alone!.value as Sealed];
  t.notOk(builder.cut);
  t.same([ours.digestHigh, ours.digestLow, ours.length], [reference.digestHigh, reference.digestLow, reference.length]);
});
