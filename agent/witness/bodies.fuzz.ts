/**
 * Bodies of every kind, damaged: cut short, bytes changed, spliced, wrapped in parts, encoded and stacked, under wrong types. Each
 * must become a witness's value in bounded time and memory, whatever it is, and the same value however its bytes were cut into
 * segments. `node agent/witness/bodies.fuzz.ts [--seconds 300] [--seed N]` runs it long; bodies.test.ts runs it short.
 *
 * The work is done in a thread of its own, which says what it is at: a body that never ends is named by its seed.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import zlib from 'node:zlib';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { BodyReader } from '../body/body-reader.ts';
import { parseCodings } from '../body/codings.ts';
import { BodyBuffers } from '../body/json-document.ts';
import { DecoderPool } from '../coding/decoder-pool.ts';
import { dataDigest } from '../digest/digest.ts';
import { beginWriting, writtenBytes } from '../encode/backward-writer.ts';
import { makeBody } from '../encode/json-sealer.fuzz.ts';
import { makeLargeBody } from '../encode/large-bodies-fixture.ts';
import { ValueSealer } from '../encode/value-sealer.ts';
import { encodeData } from '../encode/witness-encoder.generated.ts';
import { createRandom } from '../seeded-random.ts';
import { BodyBuilder } from './body-builder.ts';
import { inferringTyper } from './infer.ts';
import { DataKind } from './ir.ts';
import { Obfuscator } from './obfuscation.ts';
import { ValueBudget, ValueTotal } from './value-budget.ts';

/** CPU time one body may take: a fixed part for what is loaded at first and collected meanwhile, and a part for each decoded byte. */
const CPU_US_FIXED = 400_000;
const CPU_US_PER_BYTE = 3;
/** A body that takes so long has hung. */
const HANG_MS = 20_000;
/** Resident memory that a run may gain, whatever it is fed. */
const RSS_GAIN_BYTES_MAX = 160e6;

const limits = { ...defaultBodyLimits, decodedBytesMax: 1_000_000 };

export interface Sample {
  readonly name: string;
  readonly type: string | undefined;
  readonly body: Buffer;
}

const text = (name: string, type: string | undefined, body: string, charset: BufferEncoding = 'utf8'): Sample => ({
  name,
  type,
  body: Buffer.from(body, charset),
});

const multipart = (boundary: string, parts: readonly (readonly [head: string, body: string])[]): string =>
  `${parts.map(([head, body]) => `--${boundary}\r\n${head}\r\n\r\n${body}\r\n`).join('')}--${boundary}--\r\n`;

const JSON_TEXT =
  '{"id":1,"n":-2.5e3,"s":"x\\u00e9\\\\y \\ud83d\\ude00","t":[true,false,null,[],{}],"e":"","when":"2023-11-19T05:58:18Z",' +
  '"mail":"a.b@example.org","deep":{"a":{"b":[1,[2,[3,{"c":"d"}]]]}},"password":"hunter2hunter2","big":12345678901234567890}';

/** A body of each kind, and those that were a worry once. */
export const samples: readonly Sample[] = [
  text('json', 'application/json', JSON_TEXT),
  text('json with spaces', 'application/json', JSON.stringify(JSON.parse(JSON_TEXT), null, 2)),
  text('json of another name', 'application/vnd.api+json; charset=utf-8', JSON_TEXT),
  text('json without a type', undefined, JSON_TEXT),
  text('json in UTF-16', 'application/json', JSON_TEXT, 'utf16le'),
  text('json in UTF-16, named', 'application/json; charset=utf-16le', JSON_TEXT, 'utf16le'),
  text('json in Latin-1', 'application/json; charset=iso-8859-1', '{"name":"\xe9t\xe9"}', 'latin1'),
  text('json with control characters', 'application/json', '{"a":"x\ty\nz\u0001","b\u0002":[1,\u000b2]}'),
  text('json with a prefix', 'application/json', `)]}',\n${JSON_TEXT}`),
  text('json with a byte order mark', 'application/json', `\ufeff${JSON_TEXT}`),
  text('json lines', 'application/x-ndjson', `${JSON_TEXT}\n{"b":2}\n[3]\n"four"\n5\n`),
  text('json with a tail', 'application/json', `${JSON_TEXT} and more`),
  text('json scalars', 'application/json', '  -12.5e-3  '),
  text('deep lists', 'application/json', '['.repeat(300) + ']'.repeat(300)),
  text('deep objects', 'application/json', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`),
  text('wide object', 'application/json', `{${Array.from({ length: 300 }, (_, i) => `"k${i}":${i}`).join(',')}}`),
  text('long string', 'application/json', `{"a":"${'x\\n'.repeat(30_000)}","b":1}`),
  text('long number', 'application/json', `[${'9'.repeat(5000)},1e${'9'.repeat(50)},0.${'3'.repeat(3000)}]`),
  text('long name', 'application/json', `{"${'k'.repeat(3000)}":1,"${'k'.repeat(3000)}":2}`),
  text('many small values', 'application/json', `[${'"DE",'.repeat(5000)}1]`),
  text('html under json', 'application/json', '<!doctype html><html><body>Bad gateway</body></html>'),
  text(
    'yaml',
    'application/yaml',
    'a: 1\nb:\n  - x\n  - y: [1, 2.5, true, null]\nc: |\n  text\n  more\n---\nd: 2023-11-19\n',
  ),
  text(
    'yaml aliases',
    'text/yaml',
    `a: &a [x, x]\n${'bcdefghij'.replace(/./g, (c, i: number) => `${c}: &${c} [*${'abcdefghi'[i]}, *${'abcdefghi'[i]}]\n`)}`,
  ),
  text('yaml in flow', 'application/yaml', `${'['.repeat(200)}${'{a: '.repeat(50)}`),
  text(
    'form',
    'application/x-www-form-urlencoded',
    'a=1&b=x+y%20z&a=2&=empty&flag&%zz=%e9&password=hunter2&%E2%82%AC=5',
  ),
  text('many pairs', 'application/x-www-form-urlencoded', 'a=1&'.repeat(2000)),
  text(
    'multipart',
    'multipart/form-data; boundary=xyz',
    multipart('xyz', [
      ['Content-Disposition: form-data; name="a"', '1'],
      ['Content-Disposition: form-data; name="file"; filename="f.json"\r\nContent-Type: application/json', JSON_TEXT],
      ['Content-Disposition: form-data; name="password"', 'hunter2hunter2'],
      ['Content-Type: application/octet-stream', '\r\n--xy\r\n--xyzz\r\n\x00\x01'],
    ]),
  ),
  text(
    'multipart nested',
    'multipart/mixed; boundary="out er"',
    multipart('out er', [
      [
        'Content-Type: multipart/mixed; boundary=inner',
        multipart('inner', [
          ['Content-Type: text/plain', 'hello'],
          [
            'Content-Type: multipart/mixed; boundary=in2',
            multipart('in2', [['Content-Type: application/yaml', 'a: [1]']]),
          ],
        ]),
      ],
    ]),
  ),
  text(
    'xml',
    'application/xml',
    '<?xml version="1.0" encoding="iso-8859-1"?><a b="c"><password>hunter2</password>\xe9</a>',
    'latin1',
  ),
  text('html', 'text/html', '<html><head><meta charset="windows-1252"></head><body>caf\xe9</body></html>', 'latin1'),
  text('text', 'text/plain', 'naïve café — “quoted” Bearer abcdef0123456789 4111 1111 1111 1111\n'.repeat(80)),
  text('text in another charset', 'text/plain; charset=shift_jis', '\x83e\x83X\x83g \x82\xa0', 'latin1'),
  text('text that is none', 'text/plain', '\xff\xfe\xfa\x80 \xc3('.repeat(20), 'latin1'),
  text('text of an unknown charset', 'text/plain; charset=klingon', 'Qapla’'),
  text('event stream', 'text/event-stream', 'event: a\ndata: {"x":1}\n\n: ping\n\ndata: 2\nid: 7\n\n'.repeat(30)),
  text('bytes', 'application/octet-stream', '\x00\x01\x02\xff'.repeat(3000), 'latin1'),
  text('no type, bytes', undefined, '\x7fELF\x00\x01\x02', 'latin1'),
  text('no type, form', undefined, 'a=1&b=2'),
  text('pdf', 'application/pdf', '%PDF-1.7\n%\xe2\xe3', 'latin1'),
  text('nothing', 'application/json', ''),
];

const types: readonly (string | undefined)[] = [...new Set(samples.map(({ type }) => type)), 'text/', 'nonsense', ''];

const codings = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  'deflate raw': zlib.deflateRawSync,
  br: (body: Buffer) => zlib.brotliCompressSync(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 2 } }),
  zstd: zlib.zstdCompressSync,
} as const;

const HOSTILE = [
  '"',
  '\\',
  '\\u',
  '\\ud83d',
  '{',
  '[',
  ']',
  '}',
  ':',
  ',',
  '\r\n--',
  '--xyz',
  '&',
  '%',
  '=',
  '\0',
  '\ufeff',
  '<',
  '- ',
  '*a',
  '&a ',
  '\n',
  '1e',
  '-',
];

function mutate(body: Buffer, random: (below: number) => number): Buffer {
  let changed = body;
  for (let i = random(4); i >= 0; i -= 1) {
    const at = random(changed.length + 1);
    const to = Math.min(changed.length, at + 1 + random(random(8) === 0 ? 2000 : 8));
    const before = changed.subarray(0, at);
    switch (random(7)) {
      case 0:
        changed = Buffer.concat([before, Buffer.from([random(256)]), changed.subarray(to)]);
        break;
      case 1:
        changed = Buffer.concat([before, changed.subarray(to)]);
        break;
      case 2:
        changed = Buffer.concat([before, changed.subarray(at, to), changed.subarray(at)]);
        break;
      case 3:
        changed = Buffer.concat([
          before,
          Buffer.from(HOSTILE[random(HOSTILE.length)]!.repeat(1 + random(random(10) === 0 ? 5000 : 3))),
          changed.subarray(at),
        ]);
        break;
      case 4:
        changed = before;
        break;
      case 5: {
        const other = samples[random(samples.length)]!.body;
        changed = Buffer.concat([before, other.subarray(random(other.length + 1)), changed.subarray(to)]);
        break;
      }
      default:
        changed = Buffer.concat([before, Buffer.from([0x20 + random(96)]), changed.subarray(at)]);
    }
    if (changed.length > 200_000) changed = changed.subarray(0, 200_000);
  }
  return Buffer.from(changed);
}

export interface Case {
  readonly type: string | undefined;
  readonly encoding: string;
  readonly body: Buffer;
  readonly complete: boolean;
  /** Where the bytes are cut. */
  readonly cuts: readonly number[];
}

/** JSON: short, or longer than a page. */
function madeBody(seed: number, random: (below: number) => number): Buffer {
  return random(10) === 0 ? makeLargeBody(seed, (20 << 10) + random(200 << 10)) : makeBody(seed);
}

/** The case of a seed. */
export function makeCase(seed: number): Case {
  const next = createRandom(seed, 'fuzz').fraction;
  const random = (below: number) => Math.floor(next() * below);
  const sample = samples[random(samples.length)]!;
  let body = random(5) === 0 ? madeBody(seed, random) : sample.body;
  const type = random(6) === 0 ? types[random(types.length)] : sample.type;
  if (random(4) !== 0) body = mutate(body, random);
  const names: string[] = [];
  if (random(3) === 0) {
    const kinds = Object.keys(codings) as (keyof typeof codings)[];
    for (let i = random(3); i >= 0; i -= 1) {
      const kind = kinds[random(kinds.length)]!;
      body = codings[kind](body);
      names.push(kind.split(' ')[0]!);
    }
    if (random(3) === 0) body = mutate(body, random);
  }
  return { type, encoding: names.join(', '), body, complete: random(5) !== 0, cuts: cutsOf(body.length, random) };
}

function cutsOf(length: number, random: (below: number) => number): number[] {
  const cuts: number[] = [];
  const longest = [1, 2, 7, 100, 1460][random(5)]!;
  // Small pieces only for a while: a long body byte by byte proves nothing more.
  for (let at = 0; at < length; ) {
    at += 1 + random(cuts.length < 4000 ? longest : 20_000);
    if (at < length) cuts.push(at);
  }
  return cuts;
}

const means = { decoders: new DecoderPool(64 << 20), buffers: new BodyBuffers(1 << 20) };
const obfuscator = new Obfuscator('redact', Buffer.alloc(32));
const sealer = new ValueSealer(obfuscator, limits, 1 << 20);

/** As `content-decoder.ts` keeps them. */
const KEPT_BYTES = 32 << 10;

/** What a body became: its value's digest and bytes, and how it went. */
function becomes({ type, encoding, body, complete }: Case, cuts: readonly number[]) {
  const budget = new ValueBudget(new ValueTotal(8 << 20), 4 << 20);
  const builder = new BodyBuilder(budget, inferringTyper, 200, sealer);
  const reader = new BodyReader(limits, means, builder, type, parseCodings(encoding));
  let from = 0;
  for (const to of [...cuts, body.length]) {
    reader.push(body, from, to);
    from = to;
  }
  const outcome = reader.finish(complete);
  const data = builder.finish();
  let value = '';
  if (data !== null) {
    if (data.kind !== DataKind.SEALED) obfuscator.value(data);
    const digest = dataDigest(data);
    beginWriting();
    encodeData(data);
    value = `${digest} ${writtenBytes().toString('latin1')}`;
    if (builder.sealed !== null) sealer.release(builder.sealed, true);
  }
  budget.release();
  return { value, outcome, cut: builder.cut };
}

/** @returns what is wrong with a case, or null */
export function faultOf(made: Case): string | null {
  const before = process.cpuUsage();
  const whole = becomes(made, []);
  const pieces = becomes(made, made.cuts);
  const { user, system } = process.cpuUsage(before);
  if (means.decoders.bytesInUse !== 0) return `${means.decoders.bytesInUse} bytes of decoders not given back`;
  if (means.buffers.bytesInUse !== 0) return `${means.buffers.bytesInUse} bytes of buffers not given back`;
  const bytes = made.body.length + whole.outcome.decodedBytes + pieces.outcome.decodedBytes;
  if (user + system > CPU_US_FIXED + CPU_US_PER_BYTE * bytes)
    return `${(user + system) / 1000} ms of CPU for ${bytes} bytes`;
  // Of a longer body that is damaged, what its last piece gave before the damage is lost.
  if (whole.outcome.decoding === 'malformed' && made.body.length > KEPT_BYTES) return null;
  if (JSON.stringify(whole.outcome) !== JSON.stringify(pieces.outcome))
    return `cut into pieces: ${JSON.stringify(pieces.outcome)} and not ${JSON.stringify(whole.outcome)}`;
  if (whole.cut !== pieces.cut) return 'cut into pieces values are missing, or are not';
  return whole.value === pieces.value
    ? null
    : `cut into pieces it is another value\n${whole.value.slice(0, 300)}\n${pieces.value.slice(0, 300)}`;
}

const described = ({ type, encoding, body, complete, cuts }: Case): string =>
  `${type} [${encoding}] ${complete ? '' : 'incomplete '}cut at ${cuts.slice(0, 12).join()} of ${body.length}: ${JSON.stringify(body.toString('latin1').slice(0, 400))}`;

export interface FuzzResult {
  readonly cases: number;
  readonly rssGainBytes: number;
  readonly faults: readonly string[];
}

/** Runs seeds from `seed` on, `cases` of them or for `seconds`. Ends at the first ten faults, or at a hang. */
export async function fuzzBodies(seed: number, cases: number, seconds: number): Promise<FuzzResult> {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const rss = process.memoryUsage.rss();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { seed, cases, seconds, progress },
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  let faults: string[] | null = null;
  let ended = false;
  worker.on('message', (found: string[]) => (faults = found));
  worker.on('error', (error) => (faults = [`seed ${progress[0]! | 0}: ${(error as Error).stack}`]));
  worker.on('exit', () => (ended = true));
  let rssPeak = rss;
  let last = -1;
  let lastAt = performance.now();
  while (!ended) {
    await sleep(50);
    rssPeak = Math.max(rssPeak, process.memoryUsage.rss());
    if (Atomics.load(progress, 1) !== last) {
      last = Atomics.load(progress, 1);
      lastAt = performance.now();
    } else if (performance.now() - lastAt > HANG_MS) {
      faults = [`seed ${Atomics.load(progress, 0)} hangs: ${described(makeCase(Atomics.load(progress, 0)))}`];
      await worker.terminate();
    }
  }
  const rssGainBytes = rssPeak - rss;
  const found = faults ?? ['the thread ended without a result'];
  if (rssGainBytes > RSS_GAIN_BYTES_MAX) found.push(`resident memory grew by ${(rssGainBytes / 1e6).toFixed(0)} MB`);
  return { cases: Atomics.load(progress, 1), rssGainBytes, faults: found };
}

interface Order {
  readonly seed: number;
  readonly cases: number;
  readonly seconds: number;
  readonly progress: Int32Array;
}

async function work({ seed, cases, seconds, progress }: Order): Promise<void> {
  const { parentPort } = await import('node:worker_threads');
  const faults: string[] = [];
  const end = performance.now() + seconds * 1000;
  for (let i = 0; i < cases && performance.now() < end && faults.length < 10; i += 1) {
    Atomics.store(progress, 0, seed + i);
    const made = makeCase(seed + i);
    let fault: string | null;
    try {
      fault = faultOf(made);
    } catch (error) {
      fault = (error as Error).stack ?? String(error);
    }
    if (fault !== null) faults.push(`seed ${seed + i}: ${fault}\n${described(made)}`);
    Atomics.store(progress, 1, i + 1);
    // As the agent does between frames: decoders are given back in the turn after.
    if (i % 20 === 19) await turn();
  }
  parentPort!.postMessage(faults);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string' } } });
  const seed = Number(values.seed ?? Math.floor(performance.timeOrigin) % 1e9);
  const { cases, rssGainBytes, faults } = await fuzzBodies(seed, 1e9, Number(values.seconds));
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.stdout.write(
    `seed ${seed}: ${cases} bodies, ${faults.length} faults, +${(rssGainBytes / 1e6).toFixed(0)} MB\n`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (!isMainThread && (workerData as Order | null)?.progress !== undefined) await work(workerData as Order);
else if (import.meta.main) await main();
