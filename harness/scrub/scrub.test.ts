/** What was said is gone, how it was said is there: to the byte as long, wherever the bytes lie. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import t from 'tap';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import { PcapWriter } from '../../agent/pcap/pcap-writer.ts';
import { createRandom } from '../../agent/seeded-random.ts';
import { foldChecksum, sumWords } from '../../agent/wire/checksum.ts';
import { decodeFrame } from '../../agent/wire/decode.ts';
import { Packet } from '../../agent/wire/packet.ts';
import { buildTcpFrame } from '../../agent/wire/packet-builder.ts';
import { pseudoSum } from '../traffic/segment-pieces.ts';
import { checkScrubbed } from './check.ts';
import { KeyedHash } from './keyed-hash.ts';
import { type ReadMessage, readMessages } from './read-messages.ts';
import { decode, encodeTo } from './recoding.ts';
import { framesOf, scrubbed } from './scrub-fixture.ts';

type Says = Parameters<typeof conversationsCapture>[0][number]['says'];

const hashSeed = [1, 2] as const;
const read = (file: string) => [...readMessages(file, hashSeed)];

async function both(
  place: string,
  conversations: readonly Says[],
): Promise<{ before: ReadMessage[]; after: ReadMessage[]; file: string; scrubbedFile: string }> {
  const file = path.join(place, 'capture.pcap');
  writeFileSync(file, conversationsCapture(conversations.map((says) => ({ says }))));
  const { file: scrubbedFile } = await scrubbed(file);
  return { before: read(file), after: read(scrubbedFile), file, scrubbedFile };
}

const response = (head: string, body: Uint8Array | string) =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n`), Buffer.from(body)]);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

t.test('the hash is SipHash-2-4', async (t) => {
  const hash = new KeyedHash(Uint8Array.from({ length: 16 }, (_, i) => i));
  for (const [units, expected] of [
    [[], '726fdb47dd0e0e31'],
    [[0x0100], '0d6c8009d9a94f5a'],
    [[0x0100, 0x0302, 0x0504, 0x0706], '93f5f5799a932462'],
  ] as const) {
    hash.begin();
    for (const unit of units) hash.unit(unit);
    hash.end();
    const hex = [hash.high, hash.low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
    t.equal(hex, expected, `${units.length * 2} bytes`);
  }
});

t.test('every coding is padded to any length that has room, whole or cut', async (t) => {
  const plain = Buffer.from('words and more words, '.repeat(30));
  for (const coding of ['gzip', 'deflate', 'br', 'zstd'] as const) {
    for (const isBare of coding === 'deflate' ? [false, true] : [false]) {
      const refused: number[] = [];
      for (const isWhole of [true, false]) {
        for (let length = 40; length < 140; length += 1) {
          const coded = encodeTo(plain, { coding, isBare, isWhole, length });
          if (!coded) refused.push(length);
          else if (
            coded.length !== length ||
            !decode(coding, coded, isWhole)?.bytes.every((byte, i) => byte === plain[i])
          ) {
            t.fail(`${coding} ${length}`);
          }
        }
      }
      t.ok(
        refused.every((length) => length < 70),
        `${coding}${isBare ? ' without a header' : ''}: ${refused.length} lengths are too short`,
      );
    }
  }
});

t.test(
  'JSON keeps its shape, its types and its lengths, and equal things are equal in heads, targets, forms and codings',
  async (t) => {
    const secret = 'tr0ub4dor3staple';
    const json = JSON.stringify({
      token: secret,
      list: [0, -12.5e3, 1234567890123, true, null, ''],
      nested: { müsli: `é漢😀 ${secret}\n`, [secret]: 1 },
    });
    const escaped = `{"a":"\\u0074r0ub4dor3staple","b":"\\ud83d\\ude00\\u0000"}`;
    const place = t.testdir();
    const { before, after } = await both(place, [
      [
        [
          0,
          `POST /a/${secret}?q=%74r0ub4dor3staple&x=%C3%BC HTTP/1.1\r\nHost: ${secret}.example.com\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n`,
        ],
        [0, Buffer.from(json)],
        [
          1,
          response(
            'Content-Type: application/json\r\nContent-Encoding: gzip\r\n',
            gzipSync(Buffer.from(json.repeat(3)), { level: 1 }),
          ),
        ],
        [
          0,
          `POST /f HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\n${`p=${secret}&q=%74r0ub4dor3staple`.padEnd(50, '&')}`,
        ],
        [1, response('Content-Type: application/json\r\n', escaped)],
      ],
    ]);
    const [asked, answer, form, last] = after as [ReadMessage, ReadMessage, ReadMessage, ReadMessage];
    const [body, was] = [JSON.parse(text(asked.body)), JSON.parse(json)];
    const other = body[Object.keys(body)[0]!];
    t.match(other, /^[a-z]{2}\d[a-z]{2}\d[a-z]{3}\d[a-z]{6}$/);
    t.not(other, secret);
    t.same(
      Object.values(body)
        .flat()
        .map((value) => typeof value),
      Object.values(was)
        .flat()
        .map((value) => typeof value),
    );
    const list = Object.values(body)[1] as (number | boolean | null | string)[];
    t.equal(list[0], 0);
    t.match(String(list[1]), /^-\d{5}$/);
    t.same(list.slice(3), [true, null, '']);
    t.match(Object.values(Object.values(body)[2] as object)[0], new RegExp(`^.{2}.* ${other}\\n$`, 'u'));
    t.equal(Object.keys(Object.values(body)[2] as object)[1], other, 'a name that is a value elsewhere');
    t.ok(asked.uri.includes(`/${other}?`) && asked.fields[0]![1].startsWith(`${other}.`), asked.uri);
    t.equal(decodeURIComponent(asked.uri.split('=')[1]!.split('&')[0]!), other, 'coded in the target');
    t.equal(text(answer.body).split(other).length, 10, 'in gzip, three times three');
    t.equal(text(form.body).startsWith(text(form.body).slice(0, 2) + other), true);
    t.equal(JSON.parse(text(last.body))[Object.keys(JSON.parse(text(last.body)))[0]!], other, 'escaped in JSON');
    for (const [i, message] of after.entries()) {
      const { headersBytes, bodyBytes, complete } = before[i]!;
      t.match(message, { headersBytes, bodyBytes, complete, isDecoded: true });
      t.equal(message.body.length, before[i]!.body.length);
      t.notMatch(Buffer.from(message.body).toString('latin1'), /tr0ub4|staple/);
    }
  },
);

t.test('codings, parts, chunks, bytes of no kind, odd lengths: found again as they were', async (t) => {
  const long = Buffer.from(
    JSON.stringify(
      Array.from({ length: 200 }, (_, i) => ({
        id: i,
        owner: `customer-${i}@corp.example`,
        note: 'always the same old story',
      })),
    ),
  );
  const parts = `--XyZboundary\r\nContent-Disposition: form-data; name="cardholder"; filename="passport-scan.txt"\r\nContent-Type: text/plain\r\n\r\nJohnathan Appleseed\r\n--XyZboundary\r\nContent-Disposition: form-data; name="blob"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\x01binarysecretbytes\x02\r\n--XyZboundary--\r\n`;
  const binary = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) & 255));
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n6;ext=internalname\r\nsecret\r\n10\r\nvalue-in-a-chunk\r\n0\r\nX-Sum: trailersecret1\r\n\r\n`;
  const says: [0 | 1, string | Uint8Array][] = [];
  const answer = (bytes: Uint8Array | string) => says.push([0, `GET /x HTTP/1.1\r\nHost: h\r\n\r\n`], [1, bytes]);
  for (const [name, coded] of [
    ['gzip', gzipSync(long, { level: 6 })],
    ['deflate', deflateSync(long)],
    ['deflate', deflateRawSync(long)],
    ['br', brotliCompressSync(long)],
    ['zstd', zstdCompressSync(long)],
    ['gzip, br', brotliCompressSync(gzipSync(long))],
    ['gzip', gzipSync(Buffer.from('short and secret'))],
    ['gzip', Buffer.from('no gzip at all, but text with a passphrase')],
  ] as const) {
    answer(response(`Content-Type: application/json\r\nContent-Encoding: ${name}\r\n`, coded));
  }
  answer(response('Content-Type: multipart/form-data; boundary=XyZboundary\r\n', Buffer.from(parts, 'latin1')));
  answer(response('Content-Type: image/png\r\n', binary));
  answer(chunked);
  const place = t.testdir();
  const { before, after, file, scrubbedFile } = await both(place, [says]);
  t.equal(after.length, before.length);
  for (const [i, message] of after.entries()) {
    const { kind, status, headersBytes, bodyBytes, complete, codings, isDecoded, body } = before[i]!;
    t.match(message, { kind, status, headersBytes, bodyBytes, complete, codings, isDecoded }, `message ${i}`);
    t.equal(message.body.length, body.length, `message ${i}: ${codings}`);
  }
  const all = after
    .map(({ body, uri, fields }) => [Buffer.from(body).toString('latin1'), uri, fields.join()].join('\n'))
    .join('\n');
  for (const word of [
    'customer',
    'corp',
    'Appleseed',
    'binarysecret',
    'passport',
    'cardholder',
    'passphrase',
    'trailersecret',
    'value-in',
    'short and',
  ]) {
    t.notOk(all.includes(word), word);
  }
  t.match(all, /form-data; name="[a-z]{10}"; filename="[a-z]{8}-[a-z]{4}\.[a-z]{3}"/);
  const whole = Buffer.concat(framesOf(scrubbedFile)).toString('latin1');
  t.notMatch(whole, /internalname|trailersecret/);
  const checked = checkScrubbed({ file: scrubbedFile, original: file, hashSeed });
  t.match(checked, { leaksFound: 0, differencesFound: 0, originalMessages: after.length });
  const itself = checkScrubbed({ file, original: file, hashSeed });
  t.ok(itself.leaksFound >= 10, `the original itself leaks ${itself.leaksFound} times`);
});

t.test(
  'copies of a byte are the same, however often they come, out of order, overlapping and behind gaps; sums are right',
  async (t) => {
    const place = t.testdir();
    const body = 'the quick brown secret jumps over the lazy password; '.repeat(60);
    const stream = Buffer.from(
      `GET /path/secretword HTTP/1.1\r\nHost: internal.corp\r\nCookie: sid=abcdef123456\r\n\r\nPOST /next HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}GET /last HTTP/1.1\r\nX-Private-Name: v\r\n\r\n`,
    );
    const pieces: Uint8Array[] = [];
    const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType: 1 });
    let tsUs = 1e15;
    const send = (from: number, to: number, flags = 24, acknowledgement = 1) => {
      const frame = buildTcpFrame({
        source: '192.0.2.7',
        destination: '198.51.100.9',
        sourcePort: 4000,
        destinationPort: 80,
        sequence: 0xffff_fff0 + from,
        acknowledgement,
        flags,
        payload: stream.subarray(from, to),
      });
      writer.frame(frame, 0, frame.length, frame.length, (tsUs += 1000));
    };
    // The numbers of the bytes wrap; one hole within the body is never filled.
    send(0, 0, 2);
    const order: [number, number][] = [
      [1, 60],
      [120, 300],
      [60, 130],
      [40, 90],
      [300, 700],
      [900, 1300],
      [700, 905],
      [1200, 1500],
      [1700, 2100],
      [2100, stream.length],
      [0, 200],
      [1650, 1800],
    ];
    for (const [from, to] of order) send(Math.max(1, from), to);
    const reply = buildTcpFrame({
      source: '198.51.100.9',
      destination: '192.0.2.7',
      sourcePort: 80,
      destinationPort: 4000,
      sequence: 1,
      acknowledgement: 0xffff_fff0 + stream.length,
      flags: 16,
      payload: Buffer.alloc(0),
    });
    for (let i = 0; i < 100; i += 1) writer.frame(reply, 0, reply.length, reply.length, (tsUs += 50_000));
    const file = path.join(place, 'capture.pcap');
    writer.flush();
    writeFileSync(file, Buffer.concat(pieces));
    const { file: output } = await scrubbed(file);
    const seen = new Map<number, number>();
    const packet = new Packet();
    let [compared, wrong] = [0, 0];
    for (const frame of framesOf(output)) {
      decodeFrame(packet, frame, 0, frame.length, frame.length, 1);
      const { payloadStart, payloadEnd, tcpStart, sequence } = packet;
      const sum = foldChecksum(
        sumWords(pseudoSum(frame, 14, 4, 6, payloadEnd - tcpStart), frame, tcpStart, payloadEnd),
      );
      if (sum !== 0 || foldChecksum(sumWords(0, frame, 14, 34)) !== 0) wrong += 1;
      t.equal(frame[26], 10, 'an address of ours');
      for (let i = payloadStart; i < payloadEnd; i += 1) {
        const at = (sequence + i - payloadStart - 0xffff_fff0) | 0;
        const before = seen.get(at);
        if (before !== undefined) compared += 1;
        if (before !== undefined && before !== frame[i]) t.fail(`byte ${at} differs`);
        seen.set(at, frame[i]!);
      }
    }
    t.ok(compared > 300, `${compared} bytes came twice`);
    t.equal(wrong, 0, 'sums');
    const whole = Buffer.concat(framesOf(output)).toString('latin1');
    t.notMatch(whole, /secret|password|internal|abcdef|Private/);
    t.same(
      read(output).map(({ kind, headersBytes, bodyBytes, complete }) => ({ kind, headersBytes, bodyBytes, complete })),
      read(file).map(({ kind, headersBytes, bodyBytes, complete }) => ({ kind, headersBytes, bodyBytes, complete })),
    );
  },
);

t.test('whatever comes, nothing is thrown and nothing grows', async (t) => {
  const place = t.testdir();
  const random = createRandom(19, 'hostile');
  const says: Says = [
    [0, 'POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'],
    [0, '5\r\n--b\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    [1, response('Content-Encoding: gzip\r\nContent-Type: application/json\r\n', gzipSync('{"a":["b\\u00"]}'))],
    [0, 'GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'],
    [1, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x7e\x01\x00'],
  ];
  const plain = conversationsCapture([
    { says },
    { says: [[0, Buffer.from([22, 3, 1, 0, 60, 1, 0, 0, 56, ...Array(60).fill(3)])]] },
    { says: [[0, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x04\x04abc']] },
  ]);
  let whole = 0;
  for (let round = 0; round < 25; round += 1) {
    const bytes = Buffer.from(plain);
    for (let i = 0; i < 1 + (round % 30); i += 1) bytes[random.integer(60, bytes.length - 1)] = random.integer(0, 255);
    const file = path.join(place, 'mutated.pcap');
    writeFileSync(file, bytes);
    try {
      await scrubbed(file);
      whole += 1;
    } catch (error) {
      // A capture that cannot be read is refused as such.
      t.match((error as { code?: string }).code, /^(capture|recording)-/);
    }
  }
  t.ok(whole > 5, `${whole} of them could be read`);
});
