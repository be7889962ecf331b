import zlib from 'node:zlib';
import t from 'tap';
import { DecoderPool } from '../coding/decoder-pool.ts';
import type { BodyHandler } from './body-handler.ts';
import { type BodyLimits, defaultBodyLimits } from './body-limits.ts';
import { BodyReader } from './body-reader.ts';
import { parseCodings } from './codings.ts';
import { BodyBuffers } from './json-document.ts';

/** Writes down every event as one line. */
class Transcript implements BodyHandler {
  readonly lines: string[] = [];
  kind = (kind: string) => this.#note(`kind ${kind}`);
  text = (value: string, cut: boolean) => this.#note(`text ${JSON.stringify(value)}${cut ? ' cut' : ''}`);
  sample = (bytes: Uint8Array, cut: boolean) =>
    this.#note(`sample ${Buffer.from(bytes).toString('hex')}${cut ? ' cut' : ''}`);
  beginPart = (headers: ReadonlyMap<string, string>) =>
    this.#note(`part ${JSON.stringify(Object.fromEntries(headers))}`);
  endPart = (complete: boolean) => this.#note(complete ? 'end' : 'end incomplete');
  beginObject = () => this.#note('{');
  key = (name: string) => this.#note(`${name}:`);
  endObject = () => this.#note('}');
  beginArray = () => this.#note('[');
  endArray = () => this.#note(']');
  string = (value: string, cut: boolean) => this.#note(JSON.stringify(value) + (cut ? ' cut' : ''));
  integer = (value: number) => this.#note(`int ${value}`);
  bigInteger = (value: bigint) => this.#note(`big ${value}`);
  double = (value: number) => this.#note(`double ${value}`);
  boolean = (value: boolean) => this.#note(String(value));
  null = () => this.#note('null');
  skipped = () => this.#note('skipped');
  endDocument = () => this.#note('.');
  pair = (name: string, value: string) => this.#note(`${name}=${value}`);
  #note(line: string): void {
    this.lines.push(line);
  }
}

interface Options {
  encoding?: string;
  step?: number;
  limits?: Partial<BodyLimits>;
  complete?: boolean;
  gapAt?: number;
}

function read(type: string | undefined, body: string | Buffer, options: Options = {}) {
  const handler = new Transcript();
  const pool = new DecoderPool(64 << 20);
  const buffers = new BodyBuffers(1 << 20);
  const limits = { ...defaultBodyLimits, ...options.limits };
  const reader = new BodyReader(
    limits,
    { decoders: pool, buffers },
    handler,
    type,
    parseCodings(options.encoding ?? ''),
  );
  const bytes = Buffer.from(body);
  const step = options.step ?? 1 << 20;
  for (let at = 0; at < bytes.length; at += step) {
    if (options.gapAt !== undefined && at >= options.gapAt) {
      reader.gap();
      options.gapAt = Number.POSITIVE_INFINITY;
    }
    const piece = Buffer.from(bytes.subarray(at, at + step));
    reader.push(piece, 0, piece.length);
    piece.fill(0);
  }
  const outcome = reader.finish(options.complete ?? true);
  t.equal(pool.bytesInUse, 0, 'decoders are given back');
  t.equal(buffers.bytesInUse, 0, 'buffers are given back');
  return { events: handler.lines.join(' '), ...outcome };
}

t.test('JSON by its types, encoded or not, in any pieces', async (t) => {
  const text = '{"a":[1,2.5,"x",null,true]}';
  const events = 'kind json { a: [ int 1 double 2.5 "x" null true ] } .';
  for (const type of ['application/json', 'application/problem+json; charset=utf-8', undefined, 'text/json']) {
    for (const step of [1, 4, 27]) {
      const plain = read(type, text, { step });
      t.equal(plain.events, events, `${type} by ${step}`);
      t.ok(plain.whole);
      t.equal(plain.decodedBytes, text.length);
    }
  }
  for (const step of [1, 9, 1000]) {
    const zipped = read('application/json', zlib.brotliCompressSync(zlib.gzipSync(text)), {
      encoding: 'gzip, br',
      step,
    });
    t.equal(zipped.events, events);
    t.equal(zipped.decoding, 'complete');
  }
  t.equal(read('application/json', '', {}).events, '', 'no body, no event');
});

t.test('a wrong or missing type does not lose the message', async (t) => {
  for (const step of [1, 5, 1000]) {
    const html = '<html><body>502 Bad Gateway</body></html>';
    t.equal(read('application/json', html, { step }).events.slice(0, 9), 'kind html');
    t.equal(read(undefined, '<?xml version="1.0"?><a/>', { step }).kind, 'xml');
    t.equal(read(undefined, 'plain words', { step }).events, 'kind text text "plain words"');
    t.equal(read(undefined, Buffer.from([0, 1, 2, 3]), { step }).events, 'kind bytes sample 00010203');
    t.equal(read('nonsense', '[1]', { step }).events, 'kind json [ int 1 ] .');
    t.equal(read('application/octet-stream', '{"a":1}', { step }).kind, 'bytes');
  }
});

t.test('XML and event streams are noted, of anything else a sample', async (t) => {
  for (const step of [1, 1000]) {
    t.equal(read('application/soap+xml', '<a b="c">d</a>', { step }).events, 'kind xml text "<a b=\\"c\\">d</a>"');
    t.equal(read('text/event-stream', 'data: 1\n\n', { step }).events, 'kind events text "data: 1\\n\\n"');
    t.equal(read('application/pdf', '%PDF-1', { step }).events, 'kind pdf sample 255044462d31');
    t.equal(read('image/png', '\x89PNG', { step }).kind, 'bytes');
  }
  const long = read('text/event-stream', 'data: 1\n\n'.repeat(1000));
  t.match(long.events, / cut$/);
});

t.test('JSON with control characters, several documents, a tail that is none', async (t) => {
  for (const step of [1, 7, 1000]) {
    const control = read('application/json', '{"a":"x\ty\u0000"}', { step });
    t.equal(control.events, 'kind json { a: "x\\ty\\u0000" } .');
    t.equal(read('application/json', '{"a":1}\n[2]', { step }).events, 'kind json { a: int 1 } . [ int 2 ] .');
    const tail = read('application/json', '{"a":1} trailing', { step });
    t.match(tail.events, /^kind json \{ a: int 1 \} \./);
    t.notOk(tail.whole);
  }
});

t.test('charsets', async (t) => {
  t.equal(
    read('application/json; charset=iso-8859-1', Buffer.from('["\xe4"]', 'latin1'), { step: 1 }).events,
    'kind json [ "ä" ] .',
  );
  t.equal(
    read('application/json', Buffer.from('{"a":"ä€"}', 'utf16le'), { step: 3 }).events,
    'kind json { a: "ä€" } .',
  );
  t.equal(
    read('text/plain; charset="Shift_JIS"', Buffer.from([0x93, 0xfa, 0x96, 0x7b]), { step: 1 }).events,
    'kind text text "日本"',
  );
  t.equal(read('text/plain', Buffer.from('caf\xe9', 'latin1')).events, 'kind text text "café"');
  t.equal(read('text/plain; charset=no-such-thing', 'x').events, 'kind text text "x"');
});

t.test('forms and multipart, nested', async (t) => {
  t.equal(read('application/x-www-form-urlencoded', 'a=1&b=%20').events, 'kind form a=1 b= ');
  const inner = '--i\r\nContent-Type: application/json\r\n\r\n[7]\r\n--i--\r\n';
  const body =
    '--o\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\r\n' +
    `--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n${inner}\r\n--o--`;
  for (const step of [1, 13, 1000]) {
    const { events, whole } = read('multipart/form-data; boundary="o"', body, { step });
    t.equal(
      events,
      'kind multipart part {"content-disposition":"form-data; name=\\"n\\""} kind text text "v" end ' +
        'part {"content-type":"multipart/mixed; boundary=i"} kind multipart part {"content-type":"application/json"} ' +
        'kind json [ int 7 ] . end end',
    );
    t.ok(whole);
  }
  t.match(read('multipart/form-data', body).events, /^kind multipart sample /, 'no boundary');
  t.notOk(read('multipart/form-data; boundary=o', body.slice(0, -10)).whole);
});

t.test('YAML: documents, what is malformed, aliases that multiply', async (t) => {
  t.equal(
    read('application/yaml', 'a: 1\nb: [x, 2.5, true, ~]\n---\nc: 18446744073709551615\n').events,
    'kind yaml { a: int 1 b: [ "x" double 2.5 true null ] } . { c: big 18446744073709551615 } .',
  );
  t.notOk(read('text/yaml', 'a: [1, 2\nb: }').whole);
  const laughs = `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${[1, 2, 3, 4, 5, 6, 7, 8, 9]
    .map(
      (n) =>
        `a${n}: &a${n} [${Array(9)
          .fill(`*a${n - 1}`)
          .join(',')}]`,
    )
    .join('\n')}\n`;
  const bomb = read('application/yaml', laughs);
  t.notOk(bomb.whole);
  t.match(bomb.events, /^kind yaml \{ /, 'reported as far as aliases are followed');
  t.ok(bomb.events.length < 200_000, `${bomb.events.length} characters of events`);
  const long = read('application/yaml', 'k: v\n'.repeat(100), { limits: { yamlBytesMax: 52 } });
  t.notOk(long.whole);
});

t.test('limits: decoded bytes, samples, unknown encodings', async (t) => {
  const bomb = zlib.gzipSync(`"${'x'.repeat(5_000_000)}"`);
  const cut = read('application/json', bomb, { encoding: 'gzip', step: 1000, limits: { decodedBytesMax: 100_000 } });
  t.equal(cut.decoding, 'limit');
  t.equal(cut.decodedBytes, 100_000);
  t.equal(cut.encodedBytes, bomb.length);
  t.notOk(cut.whole);
  const plain = read('text/plain', 'y'.repeat(10_000), { step: 7, limits: { decodedBytesMax: 5000 } });
  t.equal(plain.decoding, 'limit');
  t.match(plain.events, /y{4096}" cut$/);
  const garbled = Buffer.of(0x1f, 0x9d, 0x90, 1, 2, 3);
  const unknown = read('application/json', garbled, { encoding: 'compress' });
  t.equal(unknown.decoding, 'unsupported');
  t.equal(unknown.events, `kind bytes sample ${garbled.toString('hex')}`);
  const mistaken = read('text/plain', 'not coded at all', { encoding: 'utf-8', step: 3 });
  t.equal(mistaken.decoding, 'unsupported');
  t.match(mistaken.events, /kind text .*"not coded at all"/);
});

t.test('a gap or a missing end keeps what came before', async (t) => {
  const text = '{"a":1,"b":"two","c":3}';
  const gap = read('application/json', text, { step: 4, gapAt: 8 });
  t.equal(gap.events, 'kind json { a: int 1');
  t.notOk(gap.whole);
  const short = read('application/json', zlib.gzipSync(text).subarray(0, 20), { encoding: 'gzip', complete: false });
  t.equal(short.decoding, 'truncated');
});

t.test('YAML: what is nested too deep, names that are no scalars, anchors', async (t) => {
  const before = process.cpuUsage();
  for (const hostile of ['? '.repeat(5000), '['.repeat(5000), '- '.repeat(5000), '{a: '.repeat(5000)]) {
    const deep = read('application/yaml', hostile);
    t.notOk(deep.whole, hostile.slice(0, 20));
    t.match(deep.events, /^kind yaml text /);
  }
  t.match(read('application/yaml', `${'? '.repeat(100)}a\n`.repeat(100)).events, /^kind yaml \{ \?: null /);
  const { user, system } = process.cpuUsage(before);
  t.ok(user + system < 8e6, `${(user + system) / 1000} ms`);
  t.equal(
    read('application/yaml', '? [a, b]\n: 1\n? {c: d}\n: 2\n~: 3\n5: 4\n').events,
    'kind yaml { ?: int 1 ?: int 2 : int 3 5: int 4 } .',
  );
  t.equal(
    read('application/yaml', 'a: &x [1, &y 2]\nb: *x\nc: *y\nd: [e: f]\n').events,
    'kind yaml { a: [ int 1 int 2 ] b: [ int 1 int 2 ] c: int 2 d: [ { e: "f" } ] } .',
  );
  t.match(read('application/yaml', 'a: &x [1, *x]\n').events, /skipped/, 'an alias of what it is in');
  t.notOk(read('application/yaml', 'a: *nowhere\n').whole);
});
