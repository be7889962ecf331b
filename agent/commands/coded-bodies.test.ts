/** Bodies in codings, right and wrong ones, through all outputs of the agent as a user gets them. */
import zlib from 'node:zlib';
import t from 'tap';
import { counterHelp, gaugeHelp } from '../telemetry/metric-table.ts';
import { type Conversation, conversationsCapture, type Entry, everyOutput } from './conversation-fixture.ts';

const folder = t.testdir();
const plain = 'the plain text of it, the plain text of it, and more of it';
const gzip = zlib.gzipSync(plain);

/** One exchange: the response's body in `fields`. */
function answers(fields: string, body: Uint8Array, target = '/x'): Conversation {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${fields}Content-Length: ${body.length}\r\n\r\n`;
  return {
    says: [
      [0, `GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`],
      [1, Buffer.concat([Buffer.from(head), body])],
    ],
  };
}

function chunked(fields: string, body: Uint8Array): Conversation {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${fields}\r\n${body.length.toString(16)}\r\n`;
  return {
    says: [
      [0, 'GET /chunked HTTP/1.1\r\nHost: a.test\r\n\r\n'],
      [1, Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n0\r\n\r\n')])],
    ],
  };
}

/** The bytes of a body in a HAR file. */
function bytesOf(content: { text?: string; encoding?: string }): Buffer {
  return Buffer.from(content.text ?? '', content.encoding === 'base64' ? 'base64' : 'utf8');
}

const made = (conversations: readonly Conversation[], args?: readonly string[]) =>
  everyOutput(folder, conversationsCapture(conversations), args);

t.test('every way to say a coding is decoded in every output', async (t) => {
  const twice = zlib.gzipSync(gzip);
  const ways: Record<string, Conversation> = {
    'two lines': answers('Content-Encoding: identity\r\nContent-Encoding: gzip\r\n', gzip),
    'two lines, both gzip': answers('Content-Encoding: gzip\r\ncontent-encoding: x-gzip\r\n', twice),
    'six items': answers('Content-Encoding: identity, identity, gzip, identity, gzip, gzip\r\n', zlib.gzipSync(twice)),
    'two hundred items': answers(`Content-Encoding: ${'identity, '.repeat(200)}gzip\r\n`, gzip),
    'empty items, other case': answers('Content-Encoding: ,, X-GZip ,\r\n', gzip),
    'gzip in members': answers(
      'Content-Encoding: gzip\r\n',
      Buffer.concat([zlib.gzipSync(plain.slice(0, 20)), zlib.gzipSync(plain.slice(20))]),
    ),
    'deflate with its wrapper': answers('Content-Encoding: deflate\r\n', zlib.deflateSync(plain)),
    'deflate without': answers('Content-Encoding: deflate\r\n', zlib.deflateRawSync(plain)),
    br: answers('Content-Encoding: br\r\n', zlib.brotliCompressSync(plain)),
    zstd: answers('Content-Encoding: zstd\r\n', zlib.zstdCompressSync(plain)),
    'stacked, of different kinds': answers(
      'Content-Encoding: br\r\nContent-Encoding: zstd, gzip\r\n',
      zlib.gzipSync(zlib.zstdCompressSync(zlib.brotliCompressSync(plain))),
    ),
    'a transfer coding': chunked('Transfer-Encoding: gzip, chunked\r\n', gzip),
    'a transfer coding on two lines': chunked('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', gzip),
    'one of each': chunked(
      'Content-Encoding: br\r\nTransfer-Encoding: GZIP;q=1, chunked\r\n',
      zlib.gzipSync(zlib.brotliCompressSync(plain)),
    ),
  };
  const { entries, witnesses, discarded, stats } = made(Object.values(ways));
  const lines = witnesses.trim().split('\n');
  for (const [index, name] of Object.keys(ways).entries()) {
    const { content, comment } = entries[index]!.response;
    t.equal(content.text, plain, `${name}: HAR`);
    t.equal(content.size, plain.length, name);
    t.equal(comment, undefined, `${name}: nothing to be said`);
    t.ok(content.compression === undefined || content.compression >= 0, `${name}: nothing is saved below nothing`);
    t.match(lines[index], JSON.stringify(plain), `${name}: witness`);
  }
  t.equal(discarded['discard.decodedBytes'], plain.length * entries.length, '--until bodies');
  t.equal(discarded['discard.bodiesCoded'], entries.length);
  t.equal(stats['witness.bodiesWhole'], entries.length);
  const unknown = Object.keys(discarded).filter((name) => !(name in counterHelp) && !(name in gaugeHelp));
  t.same(unknown, ['type', 'tsMs', 'interfaces', 'notDecoded'], 'every counter is known to the metrics');
});

t.test(
  'what cannot be decoded is kept as it came, what was decoded before an error is kept, both with a comment',
  async (t) => {
    const long = Array.from({ length: 3000 }, (_, i) => `line ${i} of ${(i * 7919) % 104_729}\n`).join('');
    const longGzip = zlib.gzipSync(long);
    const damaged = Buffer.from(longGzip);
    damaged.fill(0xff, longGzip.length >> 1, (longGzip.length >> 1) + 300);
    const wrongSum = Buffer.from(gzip);
    wrongSum[wrongSum.length - 6]! ^= 1;
    const cut = gzip.subarray(0, 40);
    /** Body and what it is kept as: all of `plain`, a beginning of `long`, or as it came. */
    const cases: [string, string, Buffer, 'plain' | 'beginning' | 'as it came', RegExp][] = [
      ['plain text called gzip', 'gzip', Buffer.from(plain), 'as it came', /body as it came: it is no gzip data/],
      ['plain text called deflate', 'deflate', Buffer.from(plain), 'as it came', /it is no deflate data/],
      ['plain text called br', 'br', Buffer.from(plain), 'as it came', /it is no br data/],
      ['plain text called zstd', 'zstd', Buffer.from(plain), 'as it came', /it is no zstd data/],
      ['gzip called br', 'br', gzip, 'as it came', /it is no br data|not whole/],
      [
        'bytes behind the end',
        'gzip',
        Buffer.concat([gzip, Buffer.from('GARBAGE!')]),
        'plain',
        /8 bytes follow the end of its gzip data/,
      ],
      [
        'bytes behind the end of zstd',
        'zstd',
        Buffer.concat([zlib.zstdCompressSync(plain), Buffer.from('xyz')]),
        'plain',
        /3 bytes follow/,
      ],
      ['a wrong checksum', 'gzip', wrongSum, 'plain', /its gzip data are damaged/],
      ['no end', 'gzip', longGzip.subarray(0, -8), 'beginning', /its gzip data are not whole/],
      ['half of it', 'gzip', longGzip.subarray(0, longGzip.length >> 1), 'beginning', /not whole/],
      ['damage in the middle', 'gzip', damaged, 'beginning', /damaged/],
      ['a header and no more', 'gzip', gzip.subarray(0, 10), 'as it came', /not whole/],
      ['a zstd frame that ends early', 'zstd', zlib.zstdCompressSync(plain).subarray(0, -4), 'as it came', /not whole/],
      [
        'a window that is too large',
        'zstd',
        Buffer.from('28b52ffd0088010000', 'hex'),
        'as it came',
        /need a window of more than 8 MB/,
      ],
      ['an unknown coding', 'exi', gzip, 'as it came', /the coding "exi" is not supported/],
      ['one of two is not known', 'gzip, aws-chunked', gzip, 'as it came', /the coding "aws-chunked" is not supported/],
      ['compress', 'compress', gzip, 'as it came', /the coding "compress" is not supported/],
      ['four', 'gzip, gzip, gzip, gzip', cut, 'as it came', /more than 3 codings are not undone/],
    ];
    const conversations = cases.map(([, coding, body]) => answers(`Content-Encoding: ${coding}\r\n`, body));
    const requests = cases.map(([, coding, body]): Conversation => {
      const head = `POST /in HTTP/1.1\r\nHost: a.test\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`;
      return {
        says: [
          [0, Buffer.concat([Buffer.from(head), body])],
          [1, 'HTTP/1.1 204 No Content\r\n\r\n'],
        ],
      };
    });
    const { entries, stats, discarded } = made([...conversations, ...requests]);
    for (const [index, [name, , body, kept, comment]] of cases.entries()) {
      const both = { response: entries[index]!.response, request: entries[index + cases.length]!.request };
      for (const [side, content, said] of [
        ['response', both.response.content, both.response.comment],
        ['request', both.request.postData!, both.request.comment],
      ] as const) {
        const bytes = bytesOf(content);
        const what = `${name}, ${side}: ${bytes.length} bytes`;
        if (kept === 'as it came') t.ok(bytes.equals(body), what);
        else if (kept === 'plain') t.equal(bytes.toString(), plain, what);
        else t.ok(bytes.length > 1000 && long.startsWith(bytes.toString().slice(0, 1000)), what);
        t.match(said, comment, `${what}: comment`);
        t.match(content.comment, comment, `${what}: comment of the body`);
      }
      const { size, compression } = both.response.content;
      t.equal(size, bytesOf(both.response.content).length, `${name}: size`);
      t.equal(compression, undefined, `${name}: what was saved is unknown`);
    }
    t.equal(stats['har.bodiesNotDecoded'], cases.length * 2);
    t.equal(discarded['discard.bodiesUnsupportedCoding'], 8);
    t.equal(discarded['discard.bodiesTrailing'], 4);
    t.ok(discarded['discard.bodiesMalformed']! >= 12);
    t.ok(discarded['discard.bodiesTruncated']! >= 8);
  },
);

t.test('witnesses: text under a wrong label is what it says it is, the rest is a sample', async (t) => {
  const json = '{"a":1,"device":"0000"}';
  const post: Conversation = {
    says: [
      [
        0,
        `POST /j HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${json.length}\r\n\r\n${json}`,
      ],
      [1, 'HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n'],
    ],
  };
  const { witnesses, stats, entries } = made([post]);
  t.match(witnesses, /"device":\{"primitive":\{"stringValue":\{"value":"0000"/);
  t.equal(stats['witness.bodiesMalformed'], 1);
  t.equal(entries[0]!.request.postData!.text, json);
  t.equal(entries[0]!.response.comment, undefined, 'no body, no coding of it');
});

t.test('a gap in coded bytes: what came before it is kept', async (t) => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 104_729}\n`).join('');
  const body = zlib.gzipSync(lines);
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  const at = body.length >> 1;
  const { entries } = made([
    {
      says: [
        [0, 'GET /gap HTTP/1.1\r\nHost: a\r\n\r\n'],
        [1, Buffer.concat([Buffer.from(head), body.subarray(0, at)])],
        [1, 1000],
        [1, body.subarray(at + 1000)],
      ],
    },
  ]);
  const { content, comment } = entries[0]!.response;
  t.ok(content.text!.length > 20_000 && lines.startsWith(content.text!), `${content.text!.length} characters`);
  t.match(comment, /incomplete; 1000 bytes missing; .*body as far as it was decoded: its gzip data are not whole/);
});

t.test('bodies that are empty, and messages without one', async (t) => {
  const empty = zlib.gzipSync('');
  const { entries, discarded } = made([
    answers('Content-Encoding: gzip\r\n', Buffer.alloc(0)),
    answers('Content-Encoding: gzip\r\n', empty),
    answers('Content-Encoding: exi\r\n', Buffer.alloc(0)),
    {
      says: [
        [0, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'],
        [1, 'HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 500\r\n\r\n'],
        [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
        [1, 'HTTP/1.1 304 Not Modified\r\nContent-Encoding: zstd\r\n\r\n'],
      ],
    },
  ]);
  t.equal(entries.length, 5);
  for (const [index, { response }] of entries.entries()) {
    t.same([response.content.size, response.comment], [0, undefined], `entry ${index}`);
  }
  t.equal(discarded['discard.bodiesTruncated']! + discarded['discard.bodiesMalformed']!, 0);
});

t.test('limits that are reached are named', async (t) => {
  const bomb = zlib.gzipSync(Buffer.alloc(3_000_000, 'x'));
  const { entries } = made(
    [answers('Content-Encoding: gzip\r\n', bomb)],
    ['--max-decoded-length', '1MB', '--obfuscate', 'off'],
  );
  const { content, comment } = entries[0]!.response;
  t.equal(content.size, 1_000_000);
  t.match(comment, /longer than 1000000 bytes once decoded \(--max-decoded-length\)/);
  t.match(comment, /body cut/);
});

t.test('coded bytes that are kept as they came let no secret through', async (t) => {
  const secret = 'password=hunter2-hunter2';
  const conversations = [
    answers('Content-Encoding: gzip, gzip, gzip, gzip\r\n', zlib.gzipSync(secret)),
    answers('Content-Encoding: exi\r\n', zlib.gzipSync(secret)),
    answers('Content-Encoding: gzip\r\n', Buffer.from(`{"${secret.replace('=', '":"')}"}`)),
  ];
  const { entries } = made(conversations, []);
  for (const { response } of entries) {
    const bytes = bytesOf(response.content);
    t.notOk(bytes.includes('hunter2'), 'plain');
    t.notOk(bytes.subarray(0, 2).equals(Buffer.of(0x1f, 0x8b)), 'nothing that can be decoded elsewhere');
  }
  t.match(entries[0]!.response.comment, /coded bytes are kept with --obfuscate off alone/);
});

t.test('a part of a multipart body in a coding of its own', async (t) => {
  const part = Buffer.concat([
    Buffer.from(
      '--b\r\nContent-Disposition: form-data; name="doc"\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n',
    ),
    zlib.gzipSync('{"inside":"a part"}'),
    Buffer.from('\r\n--b--\r\n'),
  ]);
  const head = `POST /parts HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${part.length}\r\n\r\n`;
  const { witnesses, stats } = made([
    {
      says: [
        [0, Buffer.concat([Buffer.from(head), part])],
        [1, 'HTTP/1.1 204 X\r\n\r\n'],
      ],
    },
  ]);
  t.match(witnesses, /"inside":\{"primitive":\{"stringValue":\{"value":"a part"/);
  t.equal(stats['witness.bodiesWhole'], 1);
});

t.test('cookies without a name, OPTIONS *, a byte order mark, a charset that is not known', async (t) => {
  const text = '\xef\xbb\xbf{"bom":true}';
  const { entries, witnesses, printed } = made([
    {
      says: [
        [0, 'OPTIONS * HTTP/1.1\r\nHost: a.test\r\nCookie: alone; b=c; =d; ;\r\n\r\n'],
        [
          1,
          `HTTP/1.1 200 OK\r\nSet-Cookie: naked; Path=/\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        ],
        [0, 'OPTIONS / HTTP/1.1\r\nHost: a.test\r\n\r\n'],
        [1, 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=klingon\r\nContent-Length: 5\r\n\r\nhello'],
      ],
    },
  ]);
  const [star, slash] = entries as [Entry, Entry];
  t.same(star.request.cookies, [
    { name: '', value: 'alone' },
    { name: 'b', value: 'c' },
    { name: '', value: 'd' },
  ]);
  t.same(star.response.cookies, [{ name: '', value: 'naked' }]);
  t.equal(star.request.url, 'http://a.test', 'the server as a whole');
  t.match(star.request.comment, /\*/);
  t.equal(slash.request.url, 'http://a.test/');
  t.equal(star.response.content.text, '\ufeff{"bom":true}');
  t.equal(star.response.content.size, text.length);
  t.same([slash.response.content.text, slash.response.content.encoding], ['hello', undefined]);
  t.match(slash.response.comment, /charset is not known/);
  t.match(printed, /OPTIONS a\.test\*/);
  t.match(witnesses, /"value":"alone"/);
  t.match(witnesses, /"bom":\{"primitive":\{"boolValue":\{"value":true/);
});

t.test('Expect: 100-continue, a final status, no body: fifty exchanges', async (t) => {
  const says: Conversation['says'][number][] = [
    [0, 'PUT /up HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n'],
    [1, 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'],
  ];
  for (let i = 0; i < 50; i += 1) {
    says.push([0, `GET /${i} HTTP/1.1\r\nHost: a.test\r\n\r\n`]);
    says.push([1, `HTTP/1.1 200 OK\r\nContent-Length: ${`r${i}`.length}\r\n\r\nr${i}`]);
  }
  const { entries, printed, stats } = made([{ says }]);
  t.equal(entries.length, 51);
  t.match(entries[0], { request: { method: 'PUT', comment: /bodyUnsent/ }, response: { status: 401 } });
  t.equal(entries[0]!.request.postData, undefined);
  for (const [i, { request, response }] of entries.slice(1).entries()) {
    t.same([request.url, response.content.text], [`http://a.test/${i}`, `r${i}`]);
  }
  t.equal(printed.trim().split('\n').length, 51);
  t.notMatch(printed, /not seen|no response/);
  t.equal(stats['witness.witnesses'], 51);
});
