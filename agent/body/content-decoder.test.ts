import zlib from 'node:zlib';
import t from 'tap';
import { type Coding, ContentDecoder, DecoderPool, parseCodings } from './content-decoder.ts';

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
  const codings = parseCodings('gzip, br , zstd')!;
  t.same(codings, ['gzip', 'br', 'zstd']);
  const encoded = zlib.zstdCompressSync(zlib.brotliCompressSync(zlib.gzipSync(text)));
  const { state, data } = decode(pool, codings, encoded, 1000);
  t.equal(state, 'complete');
  t.ok(data.equals(text));
  t.equal(pool.bytesInUse, 0);
});

t.test('content codings as sent', async (t) => {
  t.same(parseCodings('identity'), []);
  t.same(parseCodings('X-GZIP,, identity'), ['gzip']);
  t.equal(parseCodings('compress'), null);
  t.equal(parseCodings('gzip,gzip,gzip,gzip'), null);
  t.equal(parseCodings(`${'gzip,'.repeat(100_000)}`), null);
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

t.test('no decoder free: the body is told, not queued', async (t) => {
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
