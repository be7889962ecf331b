import zlib from 'node:zlib';
import t from 'tap';
import { DecoderPool } from '../coding/decoder-pool.ts';
import type { Coding } from '../coding/decoding-stage.ts';
import { parseCodings } from './codings.ts';
import { ContentDecoder } from './content-decoder.ts';

const encoders: Record<string, [Coding, (data: Buffer) => Buffer]> = {
  gzip: ['gzip', (data) => zlib.gzipSync(data)],
  'two gzip members': [
    'gzip',
    (data) => Buffer.concat([zlib.gzipSync(data.subarray(0, 100)), zlib.gzipSync(data.subarray(100))]),
  ],
  'deflate (zlib)': ['deflate', (data) => zlib.deflateSync(data)],
  'deflate (raw)': ['deflate', (data) => zlib.deflateRawSync(data)],
  br: ['br', (data) => zlib.brotliCompressSync(data)],
  zstd: ['zstd', (data) => zlib.zstdCompressSync(data)],
};
const text = Buffer.from(
  Array.from({ length: 12_000 }, (_, i) => `{"line":${i},"value":${(i * 7919) % 104729}}\n`).join(''),
);

function decode(
  pool: DecoderPool,
  codings: readonly Coding[],
  encoded: Buffer,
  step: number,
  decodedBytesMax = 1 << 30,
) {
  const pieces: Buffer[] = [];
  const sink = { decoded: (b: Uint8Array, s: number, e: number) => void pieces.push(Buffer.from(b.subarray(s, e))) };
  const decoder = new ContentDecoder(pool, codings, decodedBytesMax, sink);
  for (let at = 0; at < encoded.length; at += step) {
    decoder.push(encoded, at, Math.min(encoded.length, at + step));
  }
  const state = decoder.finish();
  return { state, data: Buffer.concat(pieces), decodedBytes: decoder.decodedBytes };
}

t.test('every coding, in pieces of every kind, comes out whole and gives its memory back', async (t) => {
  const pool = new DecoderPool(64 << 20);
  for (const [name, [coding, encode]] of Object.entries(encoders)) {
    for (const step of [1, 7, 1448, 1 << 20]) {
      const { state, data } = decode(pool, [coding], encode(text), step);
      t.equal(state, 'complete', `${name} by ${step}`);
      t.ok(data.equals(text), `${name} by ${step}: bytes`);
      t.equal(pool.bytesInUse, 0);
    }
  }
  t.ok(pool.bytesPeak > 0);
  pool.close();
});

t.test('stacked codings are undone last first', async (t) => {
  const pool = new DecoderPool(64 << 20);
  const codings = parseCodings('gzip, br , zstd').codings;
  t.same(codings, ['gzip', 'br', 'zstd']);
  const encoded = zlib.zstdCompressSync(zlib.brotliCompressSync(zlib.gzipSync(text)));
  const { state, data } = decode(pool, codings, encoded, 1000);
  t.equal(state, 'complete');
  t.ok(data.equals(text));
  t.equal(pool.bytesInUse, 0);
});

t.test('content codings as sent', async (t) => {
  const codings = (content: string, transfer = '') => parseCodings(content, transfer).codings;
  const refused = (content: string, transfer = '') => parseCodings(content, transfer).refused;
  t.same(codings('identity'), []);
  t.same(codings('X-GZIP,, identity'), ['gzip']);
  t.same(codings('gzip', 'deflate;q=1, chunked'), ['gzip', 'deflate'], 'a transfer coding is the outer one');
  t.same(codings('', 'Chunked'), []);
  t.same(
    [codings('br', 'chunked, chunked,'), refused('br', 'chunked, chunked,')],
    [['br'], ''],
    'said twice, done once',
  );
  t.same(codings(`${'identity,'.repeat(10_000)}gzip`), ['gzip'], 'identity counts as nothing');
  t.equal(refused('compress'), 'the coding "compress" is not supported');
  t.equal(refused('', 'chunked, gzip'), 'the coding "chunked" is not supported', 'it frames at the end alone');
  t.equal(refused('gzip,gzip', 'gzip, gzip, chunked'), 'more than 3 codings are not undone');
  t.equal(refused(`${'gzip,'.repeat(100_000)}`), 'more than 3 codings are not undone');
  t.equal(refused('gzip, aws-chunked'), 'the coding "aws-chunked" is not supported');
  t.same(codings('gzip, exi'), [], 'all or nothing');
  t.equal(refused(`x${'y'.repeat(1_000)}`).length, 70, 'a long name is cut');
});

t.test('truncated and malformed data keep what was decoded', async (t) => {
  const pool = new DecoderPool(64 << 20);
  for (const [name, [coding, encode]] of Object.entries(encoders)) {
    if (name === 'two gzip members') continue;
    const encoded = encode(text);
    const short = decode(pool, [coding], encoded.subarray(0, encoded.length >> 1), 1448);
    t.equal(short.state, 'truncated', name);
    t.ok(short.data.length > 0 && text.subarray(0, short.data.length).equals(short.data), name);
    const garbage = decode(pool, [coding], Buffer.from('\x79this is not compressed at all, not even a little'), 5);
    t.match(garbage.state, /malformed|truncated/, name);
    t.equal(pool.bytesInUse, 0);
  }
  // A handle that failed is not reused: the next body decodes.
  t.equal(decode(pool, ['gzip'], zlib.gzipSync(text), 999).state, 'complete');
});

t.test('damaged data give the same however they are cut: all that comes before the damage', async (t) => {
  const pool = new DecoderPool(64 << 20);
  const short = text.subarray(0, 20_000);
  const stacked: [Coding[], Buffer][] = [
    ...Object.values(encoders).map(([coding, encode]): [Coding[], Buffer] => [[coding], encode(short)]),
    [['br', 'gzip'], zlib.gzipSync(zlib.brotliCompressSync(short))],
    [['gzip', 'deflate'], zlib.deflateSync(zlib.gzipSync(short))],
  ];
  for (const [codings, encoded] of stacked) {
    for (const at of [0, 1, 9, 300, encoded.length >> 1, encoded.length - 20, encoded.length - 2]) {
      const damaged = Buffer.from(encoded);
      for (let i = at; i < Math.min(at + 6, damaged.length); i += 1) damaged[i]! ^= 0xa5;
      const one = decode(pool, codings, damaged, 1);
      for (const step of [2, 100, 1448, 1 << 20]) {
        const other = decode(pool, codings, damaged, step);
        t.equal(other.state, one.state, `${codings} at ${at} by ${step}`);
        t.ok(other.data.equals(one.data), `${codings} at ${at} by ${step}: ${other.data.length} of ${one.data.length}`);
      }
      t.equal(pool.bytesInUse, 0);
    }
  }
  // The second member is damaged, and begins with a piece of its own, or not.
  const first = zlib.gzipSync(short.subarray(0, 500));
  const second = Buffer.from(zlib.gzipSync(short));
  second.fill(0xff, 2000, 2300);
  const members = Buffer.concat([first, second]);
  const bytewise = decode(pool, ['gzip'], members, 1);
  t.ok(bytewise.data.length > 4000, `${bytewise.data.length} bytes`);
  for (const step of [first.length, 1 << 20]) {
    const other = decode(pool, ['gzip'], members, step);
    t.ok(other.data.equals(bytewise.data), `by ${step}: ${other.data.length}`);
  }
  const gzip = zlib.gzipSync(short);
  const broken = Buffer.concat([gzip.subarray(0, 2000), Buffer.from(gzip.subarray(2000)).map((byte) => byte ^ 0xa5)]);
  const { data, state } = decode(pool, ['gzip'], broken, 1 << 20);
  t.equal(state, 'malformed');
  t.ok(data.length > 4000 && short.subarray(0, 4000).equals(data.subarray(0, 4000)), `${data.length} bytes before it`);
});

t.test('what follows the end is counted; a wrong checksum is damage', async (t) => {
  const pool = new DecoderPool(64 << 20);
  for (const [name, [coding, encode]] of Object.entries(encoders)) {
    for (const step of [1, 1 << 20]) {
      const { state, data } = decode(pool, [coding], Buffer.concat([encode(text), Buffer.from('GARBAGE')]), step);
      t.equal(state, 'trailing', `${name} by ${step}`);
      t.ok(data.equals(text), `${name} by ${step}: ${data.length}`);
    }
  }
  const gzip = zlib.gzipSync('abc');
  t.equal(decode(pool, ['gzip'], Buffer.concat([gzip, Buffer.alloc(512)]), 7).state, 'complete', 'padding');
  t.equal(decode(pool, ['gzip'], Buffer.concat([gzip, Buffer.of(0x1f)]), 7).state, 'truncated', 'another member');
  for (const at of [8, 1]) {
    const wrong = Buffer.from(gzip);
    wrong[wrong.length - at]! ^= 1;
    const { state, data } = decode(pool, ['gzip'], wrong, 1 << 20);
    t.same([state, data.toString()], ['malformed', 'abc']);
  }
  for (let cut = 1; cut < gzip.length; cut += 1) {
    t.equal(decode(pool, ['gzip'], gzip.subarray(0, cut), 3).state, 'truncated', `after ${cut} bytes`);
  }
  t.equal(decode(pool, ['gzip'], Buffer.alloc(0), 1).state, 'complete', 'nothing at all');
});

t.test('every field a gzip header may have', async (t) => {
  const pool = new DecoderPool(64 << 20);
  const raw = zlib.deflateRawSync('with all fields');
  const size = Buffer.alloc(8);
  size.writeUInt32LE(zlib.crc32('with all fields'), 0);
  size.writeUInt32LE(15, 4);
  const fields: [number, Buffer][] = [
    [4, Buffer.from([3, 0, 1, 2, 3])],
    [4, Buffer.from([0, 0])],
    [8, Buffer.from('name\0')],
    [16, Buffer.from('comment\0')],
    [2, Buffer.from([7, 7])],
  ];
  for (let chosen = 0; chosen < 1 << fields.length; chosen += 1) {
    const there = fields.filter((_field, i) => (chosen & (1 << i)) !== 0);
    if (there.filter(([flag]) => flag === 4).length > 1) continue;
    const flags = there.reduce((sum, [flag]) => sum | flag, 0);
    const head = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3]),
      ...there.map(([, bytes]) => bytes),
    ]);
    const { state, data } = decode(pool, ['gzip'], Buffer.concat([head, raw, size]), 1 + (chosen % 5));
    t.same([state, data.toString()], ['complete', 'with all fields'], `flags ${flags}`);
  }
  t.equal(decode(pool, ['gzip'], Buffer.from([0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 3]), 1).state, 'malformed');
});

t.test('what is no coded data is handed back as it came', async (t) => {
  const pool = new DecoderPool(64 << 20);
  const plain = Buffer.from('{"plain":"JSON under a label that is wrong"}');
  for (const codings of [['gzip'], ['br'], ['zstd'], ['deflate'], ['gzip', 'gzip']] as Coding[][]) {
    const decoder = new ContentDecoder(pool, codings, 1 << 20, { decoded: () => t.fail('nothing to decode') });
    let at = 0;
    for (; at < plain.length && decoder.state === 'open'; at += 1) decoder.push(plain, at, at + 1);
    t.equal(decoder.finish(), 'malformed', `${codings}`);
    t.ok(Buffer.from(decoder.undecoded!).equals(plain.subarray(0, at)), `${codings}: ${at} bytes`);
    t.equal(pool.bytesInUse, 0);
  }
  const cut = new ContentDecoder(pool, ['gzip'], 1 << 20, { decoded: () => {} });
  cut.push(zlib.gzipSync(plain), 0, 10);
  t.equal(cut.abandon(), 'truncated');
  t.equal(cut.undecoded!.length, 10);
  t.equal(pool.bytesInUse, 0);
});

t.test('a bomb stops at the limit', async (t) => {
  const pool = new DecoderPool(64 << 20);
  const bomb = zlib.gzipSync(Buffer.alloc(64 << 20));
  for (const codings of [['gzip'], ['gzip', 'gzip']] as Coding[][]) {
    const encoded = codings.length === 2 ? zlib.gzipSync(bomb) : bomb;
    const { state, decodedBytes } = decode(pool, codings, encoded, 1448, 1_000_000);
    t.equal(state, 'limit');
    t.equal(decodedBytes, 1_000_000);
    t.equal(pool.bytesInUse, 0);
  }
});

t.test('no decoder free: the body is reported, not queued', async (t) => {
  const pool = new DecoderPool(100 << 10);
  const sink = { decoded() {} };
  const encoded = zlib.gzipSync(text);
  const open = [1, 2].map(() => new ContentDecoder(pool, ['gzip'], 1 << 20, sink));
  for (const decoder of open) decoder.push(encoded, 0, 100);
  const third = new ContentDecoder(pool, ['gzip'], 1 << 20, sink);
  third.push(encoded, 0, 100);
  t.equal(third.state, 'busy');
  t.equal(third.finish(), 'busy');
  for (const decoder of open) decoder.abandon();
  t.equal(pool.bytesInUse, 0);
});
