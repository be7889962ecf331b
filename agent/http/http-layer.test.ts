import fc from 'fast-check';
import t from 'tap';
import { createRandom } from '../seeded-random.ts';
import { conversation, fuzzCuts, fuzzStreams } from './http-layer.fuzz.ts';
import { type Played, play, type Step } from './transcript.conformance.ts';

/** Every transcript is played whole, byte by byte, and in threes: the same must come out. */
function transcript(name: string, steps: Step[], lines: string[], check: (played: Played) => void = () => {}): void {
  t.test(name, (t) => {
    for (const chunkBytes of [Number.POSITIVE_INFINITY, 1, 3]) {
      const played = play(steps, { chunkBytes });
      t.same(played.lines, lines, `pieces of ${chunkBytes}`);
      t.equal(played.layer.waitingRequests, 0, 'nothing waits after close');
      check(played);
    }
    t.end();
  });
}

transcript(
  'one exchange after another, keep-alive',
  [
    [0, 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    [0, 'POST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'],
    [1, 'HTTP/1.1 204 No Content\r\n\r\n'],
  ],
  [
    '0 GET /a 1.1 (Host: x)',
    '0 200 OK for GET 1.1 (Content-Length: 5) "hello"',
    '1 POST /b 1.1 (Content-Length: 3) "abc"',
    '1 204 No Content for POST 1.1 ()',
  ],
  ({ counters }) => t.match(counters, { requestsComplete: 2, responsesComplete: 2, pairs: 2, httpStreams: 1 }),
);

transcript(
  'pipelining, chunks with extensions and trailers, 100, HEAD, garbage, until close',
  [
    [
      0,
      'GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcHEAD /c HTTP/1.1\r\nA: b\r\n\r\n',
    ],
    [1, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nfoo\r\n0\r\nT: 1\r\n\r\n'],
    [1, 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nhi'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 222\r\n\r\ngarbage HTTP/1.1 500 Oops\r\nX: y\r\n\r\nto the end'],
  ],
  [
    '0 GET /a 1.1 (Host: x)',
    '1 POST /b 1.1 (Content-Length: 3) "abc"',
    '2 HEAD /c 1.1 (A: b)',
    '0 200 OK for GET 1.1 (Transfer-Encoding: chunked) "foo" [trailers]',
    '1 100 Continue for POST 1.1 () [interim]',
    '1 404 No for POST 1.1 (Content-Length: 2) "hi"',
    '2 200 OK for HEAD 1.1 (Content-Length: 222)',
    '-1 500 Oops for ? 1.1 (X: y) "to the end" [untilClose resynchronised]',
  ],
  ({ counters }) => t.match(counters, { garbageBytes: 8, syncLost: 1, syncFound: 1 }),
);

transcript(
  'a gap inside a counted body leaves the framing whole; bytes beyond are framed too',
  [
    [0, 'GET /a HTTP/1.1\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
    [1, 5],
    [1, 'ij'],
    [0, 'GET /b HTTP/1.1\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n'],
    [1, 3],
    [0, 'GET /c HTTP/1.1\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na'],
    [1, 4],
    [1, '\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'],
  ],
  [
    '0 GET /a 1.1 ()',
    '!0 200 OK for GET 1.1 (Content-Length: 10) "abc<gap 5>ij" [gap]',
    '1 GET /b 1.1 ()',
    '!1 200 OK for GET 1.1 (Content-Length: 3) "<gap 3>" [gap]',
    '2 GET /c 1.1 ()',
    '!2 200 OK for GET 1.1 (Transfer-Encoding: chunked) "a<gap 4>" [gap]',
    '3 204 No Content for ? 1.1 ()',
  ],
  ({ counters }) => t.match(counters, { missingBytes: 12, syncLost: 0 }),
);

transcript(
  'a gap in a head: what is known of it is reported, and the next message is found',
  [
    [0, 'GET /a HTTP/1.1\r\nHost: x\r\nCoo'],
    [0, 100],
    [0, 'ie: y\r\n\r\nGET /b HTTP/1.1\r\nHost: z\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc'],
    [1, 600],
    [1, 'tail of something {"a":"HTTP/1.1 is no start"} HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'],
  ],
  [
    '!0 GET /a 1.1 (Host: x) [headTruncated gap]',
    '1 GET /b 1.1 (Host: z) [resynchronised]',
    '!1 200 OK for GET 1.1 (Content-Length: 500) "abc<gap 497>" [gap]',
    '-1 200 OK for ? 1.1 (Content-Length: 1) "x" [resynchronised]',
  ],
  ({ counters }) => t.match(counters, { headsLost: 1, syncLost: 2, syncFound: 2, requestsUnanswered: 1 }),
);

transcript(
  'CONNECT, a tunnel with another conversation inside; 101 leaves HTTP',
  [
    [0, 'CONNECT host:443 HTTP/1.1\r\nHost: host\r\n\r\n'],
    [1, 'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n'],
    [0, 'CONNECT host:443 HTTP/1.1\r\nHost: host\r\n\r\n'],
    [1, 'HTTP/1.1 200 Established\r\nContent-Length: 99\r\n\r\n'],
    [0, 'GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n'],
    [1, 'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x05hello'],
    [0, '\x81\x85xxxxhello GET / HTTP/1.1\r\n\r\n'],
  ],
  [
    '0 CONNECT host:443 1.1 (Host: host)',
    '0 407 No for CONNECT 1.1 (Content-Length: 0)',
    '1 CONNECT host:443 1.1 (Host: host)',
    '1 200 Established for CONNECT 1.1 (Content-Length: 99) [upgraded]',
    '2 GET /chat 1.1 (Upgrade: websocket)',
    '2 101 Switching for GET 1.1 (Upgrade: websocket) [upgraded]',
  ],
  ({ counters }) => t.match(counters, { tunnelStreams: 1, websocketStreams: 1, upgradedStreams: 1 }),
);

transcript(
  'conflicting and repeated framing fields (RFC 9112, 6.3)',
  [
    [0, 'POST /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'],
    [0, 'POST /b HTTP/1.1\r\nContent-Length: 1, 1\r\nContent-Length: 1\r\n\r\ny'],
    [0, 'POST /c HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nzzGET /d HTTP/1.1\r\n\r\n'],
  ],
  [
    '0 POST /a 1.1 (Content-Length: 3, Transfer-Encoding: chunked) "x" [lengthAndEncoding]',
    '1 POST /b 1.1 (Content-Length: 1, 1, Content-Length: 1) "y" [duplicateLength]',
    '!2 POST /c 1.1 (Content-Length: 1, Content-Length: 2) [conflictingLength]',
    '3 GET /d 1.1 () [resynchronised]',
  ],
);

t.test('a body over the limit is cut, and the parser stays in sync', (t) => {
  const { lines, counters } = play(
    [
      [0, `POST /a HTTP/1.1\r\nContent-Length: 50\r\n\r\n${'x'.repeat(50)}GET /b HTTP/1.1\r\n\r\n`],
      [1, 'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n'],
    ],
    { limits: { messageBytesMax: 10 }, chunkBytes: 7 },
  );
  t.same(lines, [
    '0 POST /a 1.1 (Content-Length: 50) "xxxxxxxxxx" [cut]',
    '1 GET /b 1.1 ()',
    '!0 200 OK for POST 1.1 (Content-Length: 12) [aborted]',
  ]);
  t.match(counters, { messagesCut: 1, cutBytes: 40, bodyBytes: 50 });
  t.end();
});

t.test('a response captured before its request is its answer, where nothing is missing', (t) => {
  const steps: Step[] = [
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'],
    [0, 'GET /a HTTP/1.1\r\n\r\n'],
    [0, 'GET /b HTTP/1.1\r\n\r\n'],
    [1, 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'],
  ];
  const early = play(steps);
  t.same(
    early.messages.map(({ exchange }) => exchange),
    [0, 0, 1, 1],
  );
  t.equal(early.counters.responsesEarly, 1);
  const middle = play(steps, { midStream: true });
  t.same(
    middle.messages.map(({ exchange }) => exchange),
    [-1, 0, 1, 1],
    'in mid-stream it answers what came before',
  );
  const late = play([
    [1, 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n', 5_000_000],
    [0, 'GET /a HTTP/1.1\r\n\r\n', 7_000_000],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 7_000_100],
  ]);
  t.same(
    late.messages.map(({ exchange, status }) => [exchange, status]),
    [
      [0, 408],
      [1, 0],
      [1, 200],
    ],
    'but not where it was sent long before: a server speaks unasked, too',
  );
  t.match(late.counters, { responsesEarly: 0, responsesUnasked: 1, pairs: 1 });
  t.end();
});

transcript(
  'the answer to a HEAD captured before its request has no body all the same',
  [
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n'],
    [0, 'HEAD / HTTP/1.1\r\n\r\n'],
    [0, 'GET /a HTTP/1.1\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'],
  ],
  [
    '0 HEAD / 1.1 ()',
    '0 200 OK for ? 1.1 (Content-Length: 40)',
    '1 GET /a 1.1 ()',
    '1 200 OK for GET 1.1 (Content-Length: 1) "x"',
  ],
);

transcript(
  'even where the server has ended by then',
  [
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n'],
    [1, 'end'],
    [0, 'HEAD / HTTP/1.1\r\n\r\n'],
  ],
  ['0 HEAD / 1.1 ()', '0 200 OK for ? 1.1 (Content-Length: 40)'],
);

transcript(
  'a response that ends before its body has lost it, request or not',
  [
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n'],
    [1, 'end'],
    [0, 'GET / HTTP/1.1\r\n\r\n'],
  ],
  ['0 GET / 1.1 ()', '!0 200 OK for ? 1.1 (Content-Length: 40) [aborted]'],
);

transcript(
  'an HTTP/0.9 request is answered without a head, even where the server had begun to say something else',
  [
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nunasked', 1_000_000],
    [0, 'GET /\r\n\r\n', 9_000_000],
    [1, 'plain text', 9_000_100],
  ],
  [
    '1 GET / 1.-1 () [malformedTarget]',
    '!0 200 OK for ? 1.1 (Content-Length: 40) "unasked" [aborted]',
    '1 0  for GET 1.-1 () "plain text" [untilClose]',
  ],
);

t.test('limits: head, fields, target, pipelined requests, head pool', (t) => {
  const head = (extra: string) => `GET /${'u'.repeat(30)} HTTP/1.1\r\nA: b\r\nC: d\r\n${extra}\r\n`;
  const limits = { fieldsMax: 1, uriBytesMax: 20, headBytesMax: 200 };
  const long = `X: ${'y'.repeat(300)}\r\n`;
  const { lines, counters } = play([[0, `${head('')}${head(long)}`]], { limits });
  t.same(lines, [
    `0 GET /${'u'.repeat(19)} 1.1 (A: b) [fieldsOverLimit uriCut]`,
    `!1 GET /${'u'.repeat(19)} 1.1 (A: b) [headTruncated fieldsOverLimit uriCut]`,
  ]);
  t.match(counters, { headsOverLimit: 1 });
  const piped = play([[0, head('').repeat(6)]], { limits: { pipelinedMax: 3 } });
  t.match(piped.counters, { requests: 6, requestsShed: 1, pairingLost: 1, requestsUnanswered: 6 });
  const shed = play([[0, 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc']], { limits: { headPoolBytesMax: 512 } });
  t.same(shed.lines, ['!0 POST / 1.1 () "abc" [headShed aborted]']);
  t.end();
});

t.test('TLS and HTTP/2 are recognised and left alone', (t) => {
  const name = Buffer.from('example.com');
  const sni = Buffer.concat([Buffer.of(0, 0, 0, name.length + 5, 0, name.length + 3, 0, 0, name.length), name]);
  const versions = Buffer.of(0, 43, 0, 5, 4, 0x0a, 0x0a, 3, 4);
  const extensions = Buffer.concat([sni, versions]);
  const body = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32),
    Buffer.of(0, 0, 2, 0x13, 1, 1, 0, 0, extensions.length),
    extensions,
  ]);
  const client = Buffer.concat([Buffer.of(22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length), body]);
  const answer = Buffer.concat([Buffer.of(3, 3), Buffer.alloc(32), Buffer.of(0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4)]);
  const server = Buffer.concat([Buffer.of(22, 3, 3, 0, answer.length + 4, 2, 0, 0, answer.length), answer]);
  for (const chunkBytes of [Number.POSITIVE_INFINITY, 1, 7]) {
    const tls = play(
      [
        [0, client],
        [1, server],
        [0, 'GET / HTTP/1.1\r\n\r\n'],
      ],
      { chunkBytes },
    );
    t.same(tls.lines, []);
    t.match(tls.counters, { tlsStreams: 1, tls13: 1, httpStreams: 0 });
    t.same([...tls.layer.tlsServerNames], [['example.com', 1]]);
    const http2 = play(
      [
        [0, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0'],
        [1, '\0\0\x12\x04'],
      ],
      { chunkBytes },
    );
    t.same(http2.lines, []);
    t.match(http2.counters, { http2Streams: 1, unknownStreams: 0 });
    const other = play(
      [
        [0, 'SSH-2.0-OpenSSH_9.2p1\r\n'],
        [1, 'SSH-2.0-x\r\n'],
      ],
      { chunkBytes },
    );
    t.match(other.counters, { unknownStreams: 1, ignoredBytes: 34 });
  }
  t.end();
});

t.test('any cut of the bytes gives the same messages', (t) => {
  const property = fc.property(fc.nat(), fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), (seed, cuts) => {
    const { requests, responses } = conversation(createRandom(seed, 'fuzz').fraction);
    const split = (side: 0 | 1, bytes: Buffer): Step[] => {
      const steps: Step[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = cuts[i % cuts.length]!;
        steps.push([side, bytes.subarray(at, at + length), side]);
        at += length;
      }
      return steps;
    };
    const whole = play([
      [0, requests, 0],
      [1, responses, 1],
    ]).messages;
    const cut = play([...split(0, requests), ...split(1, responses)]).messages;
    t.strictSame(cut, whole);
    return t.passing();
  });
  fc.assert(property, { seed: 20_260, numRuns: 100 });
  t.end();
});

t.test('a short run of the fuzzer', (t) => {
  fuzzCuts(7, 400);
  fuzzStreams(7, 3000);
  t.pass('nothing threw, hung or passed a bound');
  t.end();
});
