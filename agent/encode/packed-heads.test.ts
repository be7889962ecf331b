/** Heads sealed by the kernel make the witnesses, byte for byte, that their values make as trees. */
import t from 'tap';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { BodyBuffers } from '../body/json-document.ts';
import { DecoderPool } from '../coding/decoder-pool.ts';
import { keyWitness, witnessDigest } from '../digest/digest.ts';
import type { HeaderFields, HttpMessage } from '../http/message-handler.ts';
import { createRandom, type Random } from '../seeded-random.ts';
import { inferringTyper } from '../witness/infer.ts';
import { Obfuscator } from '../witness/obfuscation.ts';
import type { ObfuscationMode } from '../witness/obfuscation-mode.ts';
import { WitnessBuilder } from '../witness/witness-builder.ts';
import { defaultWitnessLimits } from '../witness/witness-limits.ts';
import { textSamples } from './json-sealer.fuzz.ts';
import { ValueSealer } from './value-sealer.ts';
import { encodeWitness } from './witness-encoder.ts';

type Field = readonly [name: string, value: string];

const texts = [
  ...textSamples,
  ...[
    '0',
    '-0',
    '007',
    '42',
    '999999999',
    '1600000000',
    '4111111111111111',
    '1e3',
    '1.5',
    '+',
    '',
    't',
    'True',
    'TRUE!',
  ],
  ...[
    'gzip',
    'text/html; charset=utf-8',
    'é',
    'ÿ\u0080',
    'x'.repeat(120),
    'y'.repeat(128),
    'z'.repeat(129),
    'long '.repeat(900),
  ],
  ...[
    '/token/abcdef123456',
    'https://h.example/password/hunter2secret?x=1',
    'w'.repeat(16_390),
    'a=1; b=2; session=abcdefghijkl',
  ],
  ...[
    'Basic dXNlcjpwYXNz',
    'Bearer abc.def.ghi',
    'Digest x',
    'keep-alive',
    'max-age=0',
    '2021-09-21',
    'user@example.com',
  ],
].map((text) =>
  Buffer.from(text, 'latin1')
    .toString('latin1')
    .replaceAll(/[\r\n]/g, ' ')
    .trim(),
);
const names = [
  ...[
    'Host',
    'host',
    'Accept',
    'accept',
    'User-Agent',
    'X-Request-Id',
    'X-Api-Key',
    'Referer',
    'Location',
    'Cookie',
    'Set-Cookie',
  ],
  ...[
    'Authorization',
    'Content-Type',
    'Content-Encoding',
    'Content-Length',
    'Transfer-Encoding',
    'Sec-WebSocket-Protocol',
  ],
  ...[
    'X-AKIAIOSFODNN7EXAMPLE',
    'Proxy-Authorization',
    'X-Token',
    'ETag',
    'a',
    `X-${'n'.repeat(46)}`,
    `X-${'m'.repeat(62)}`,
    `X-${'o'.repeat(70)}`,
  ],
];
const targets = [
  '/',
  '/a?x=1&y=two&x=1',
  '/a?code=abcdef&state=1',
  '/a?name=password&value=hunter2',
  '/?token=abcdefgh&&=&z',
  '*',
];

/** As the HTTP layer has them: in bytes, with offsets. */
function headerFields(fields: readonly Field[], isPlaced: boolean): HeaderFields {
  const bytes = Buffer.from(`..${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`, 'latin1');
  const offsets = new Int32Array(fields.length * 4);
  let at = 0;
  for (const [i, [name, value]] of fields.entries()) {
    offsets.set([at, at + name.length, at + name.length + 2, at + name.length + 2 + value.length], i * 4);
    at += name.length + value.length + 4;
  }
  const place = isPlaced ? { bytes, start: 2, length: bytes.length - 2, offsets, count: fields.length } : null;
  const all = (name: string) => fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return {
    count: fields.length,
    place,
    name: (i) => fields[i]![0],
    value: (i) => fields[i]![1],
    get: (name) => all(name)[0],
    all: (name) => all(name).join() || undefined,
  };
}

class Agent {
  readonly obfuscator: Obfuscator;
  readonly found: string[] = [];
  readonly #builder: WitnessBuilder;
  readonly isPlaced: boolean;
  packed = 0;

  constructor(mode: ObfuscationMode, isPlaced: boolean, limits: Partial<typeof defaultWitnessLimits> = {}) {
    this.isPlaced = isPlaced;
    const obfuscator = new Obfuscator(mode, Buffer.alloc(32));
    this.obfuscator = obfuscator;
    this.#builder = new WitnessBuilder(
      { ...defaultWitnessLimits, ...limits, body: defaultBodyLimits },
      { decoders: new DecoderPool(1 << 20), buffers: new BodyBuffers(1 << 20) },
      inferringTyper,
      {
        witness: (witness) => {
          this.packed += (witness.method!.args.packed?.count ?? 0) + (witness.method!.responses.packed?.count ?? 0);
          obfuscator.witness(witness);
          keyWitness(witness);
          this.found.push(`${witnessDigest(witness)} ${encodeWitness(witness)!.toString('hex')} ${obfuscator.changed}`);
        },
      },
      isPlaced ? new ValueSealer(obfuscator, defaultBodyLimits, 1 << 16) : null,
    );
  }

  exchange(number: number, uri: string, status: number, request: readonly Field[], response: readonly Field[]): void {
    for (const [kind, fields] of [
      ['request', request],
      ['response', response],
    ] as const) {
      const message: HttpMessage = {
        ...{ kind, stream: 3, connection: 7, side: kind === 'request' ? 0 : 1, exchange: number, pairing: 'certain' },
        ...{ tsUs: 1000, lastTsUs: 2000, method: 'POST', uri, status: kind === 'request' ? 0 : status, reason: '' },
        ...{ minorVersion: 1, headers: headerFields(fields, this.isPlaced), headersBytes: 1, bodyBytes: 0 },
        ...{ missingBytes: 0, complete: true, flags: 0 },
      };
      this.#builder.begin(message);
      this.#builder.body(message, Buffer.from('{"a":[1,"b"]}'), 0, 13);
      this.#builder.end(message);
    }
  }
}

function someFields(random: Random): Field[] {
  const pick = (list: readonly string[]) => list[random.below(list.length)]!;
  return Array.from({ length: random.below(14) }, () => [pick(names), pick(texts)] as const);
}

for (const mode of ['redact', 'off', 'zero', 'hash'] as const) {
  t.test(`${mode}: the same witnesses, however often texts come`, async (t) => {
    const random = createRandom(20_261_129, mode);
    const [ours, theirs] = [new Agent(mode, true), new Agent(mode, false)];
    for (let i = 0; i < 1500; i += 1) {
      const [request, response] = [someFields(random), someFields(random)];
      const [uri, status] = [targets[random.below(targets.length)]!, [200, 302, 404][random.below(3)]!];
      ours.exchange(i, uri, status, request, response);
      theirs.exchange(i, uri, status, request, response);
      if (ours.found[i] === theirs.found[i]) continue;
      t.equal(ours.found[i], theirs.found[i], JSON.stringify({ i, uri, request, response }).slice(0, 3000));
      break;
    }
    t.equal(ours.found.length, 1500);
    t.equal(ours.packed > 5000, mode === 'redact' || mode === 'off', `${ours.packed} values came packed`);
  });
}

t.test('a name for each message: what the kernel knows of names is overwritten, never mixed up', async (t) => {
  const [ours, theirs] = [new Agent('redact', true), new Agent('redact', false)];
  for (let i = 0; i < 3000; i += 1) {
    const fields: Field[] = [
      [`X-Name-${i % 1700}`, 'same'],
      ['X-Api-Key', 'abcdefghijkl'],
      [`X-Token-${i % 900}`, `v${i % 7}`],
    ];
    ours.exchange(i, '/', 200, fields, fields);
    theirs.exchange(i, '/', 200, fields, fields);
  }
  t.ok(ours.found.length === 3000 && ours.found.every((found, i) => found === theirs.found[i]));
});

t.test('a head that the budget may not hold is read field by field', async (t) => {
  const limits = { messageBytesMax: 6000, totalBytesMax: 60_000 };
  const [ours, theirs] = [new Agent('redact', true, limits), new Agent('redact', false, limits)];
  const fields: Field[] = Array.from({ length: 40 }, (_, i) => [`X-${i}`, 'v'.repeat(i * 3)]);
  for (const agent of [ours, theirs]) agent.exchange(0, '/', 200, fields, fields.slice(0, 4));
  t.same(ours.found, theirs.found);
});
