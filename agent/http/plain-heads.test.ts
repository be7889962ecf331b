/** The kernel for plain heads: what it has to take, what it must not, and the short form of its fuzzer. */
import t from 'tap';
import { INPUT_AT } from '../tcp/segment-layout.ts';
import { defaultHttpLimits } from './http-limits.ts';
import { fuzzHeads } from './plain-heads.fuzz.ts';
import { PlainHeads } from './plain-heads.ts';
import { kernelBytes, kernelMemory } from './transcript.conformance.ts';

const kernel = new PlainHeads(kernelMemory, defaultHttpLimits.fieldsMax);

/** The bytes of a head as the kernel is given them: nothing behind it belongs to it. */
function parse(head: string): number {
  const bytes = Buffer.from(head, 'latin1');
  kernelBytes.set(bytes, INPUT_AT + 3);
  kernelBytes.fill(10, INPUT_AT + 3 + bytes.length, INPUT_AT + 100 + bytes.length);
  return kernel.parse(INPUT_AT + 3, INPUT_AT + 3 + bytes.length);
}

const plain = [
  'GET / HTTP/1.1\r\n\r\n',
  'OPTIONS * HTTP/1.0\r\nHost: a\r\n\r\n',
  'PROPFIND /\xff HTTP/1.9\r\nHost:a\r\nX: \t a\tb\xff \t\r\nEmpty:\r\n\r\n',
  `${'x'.repeat(32)} /${'long'.repeat(2000)} HTTP/1.1\r\nContent-Length: 123456789\r\n\r\n`,
  'HTTP/1.1 200\r\n\r\n',
  'HTTP/1.1 999 \r\nTRANSFER-ENCODING: Chunked\r\n\r\n',
  'HTTP/1.1 100 Con tinue\xff\r\ncontent-length:0\r\ntransfer-encoding:chunked\r\n\r\n',
  `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(defaultHttpLimits.fieldsMax)}\r\n`,
];

t.test('takes every head that is plain, to its last byte, and none that is not whole', async (t) => {
  for (const head of plain) {
    t.equal(parse(head), head.length, JSON.stringify(head.slice(0, 60)));
    for (const cut of [1, 2, 3, 4, head.length - 1]) t.equal(parse(head.slice(0, -cut)), 0, `${cut} bytes less`);
  }
});

t.test('leaves to JavaScript what is odd, or asks for more than framing', async (t) => {
  for (const head of [
    'GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n',
    'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n',
    'GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n',
    `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(defaultHttpLimits.fieldsMax + 1)}\r\n`,
    'GET / HTTP/1.1\nA: b\r\n\r\n',
    'GET  / HTTP/1.1\r\n\r\n',
    'GET /\r\n\r\n',
  ])
    t.equal(parse(head), 0, JSON.stringify(head.slice(0, 60)));
});

t.test('what it takes is what the parser finds', async (t) => {
  let [taken, heads] = [0, 0];
  for (let seed = 1; seed <= 40; seed += 1) {
    const round = fuzzHeads(seed);
    taken += round.taken;
    heads += round.heads;
  }
  t.ok(taken > heads * 0.2 && taken < heads * 0.6, `the kernel took ${taken} of ${heads}`);
});
