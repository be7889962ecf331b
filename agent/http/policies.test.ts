/** What the layer does with each thing that RFC 9112 allows, forbids or leaves open: one transcript for each. */
import t from 'tap';
import { createHttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import { defaultHttpLimits } from './http-limits.ts';
import { exchangeKey, type HttpMessage } from './message-handler.ts';
import { feed, type Played, play, type Step } from './transcript.conformance.ts';

type Options = Parameters<typeof play>[1];

/** Plays steps whole and byte by byte; both must give these lines. */
function policy(name: string, steps: Step[], lines: string[], options: Options & { check?: (p: Played) => void } = {}) {
  t.test(name, (t) => {
    for (const chunkBytes of [Number.POSITIVE_INFINITY, 1]) {
      const played = play(steps, { ...options, chunkBytes });
      t.same(played.lines, lines, `pieces of ${chunkBytes}`);
      options.check?.(played);
    }
    t.end();
  });
}

const get = 'GET / HTTP/1.1\r\n\r\n';
const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';

policy(
  'request targets in absolute, authority and asterisk form are reported as sent (RFC 9112, 3.2)',
  [
    [0, 'GET http://example.com:81/a?b HTTP/1.1\r\nHost: other\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\n'],
    [0, 'CONNECT [::1]:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /next HTTP/1.1\r\n\r\n'],
  ],
  [
    '0 GET http://example.com:81/a?b 1.1 (Host: other)',
    '1 OPTIONS * 1.1 ()',
    '2 CONNECT [::1]:443 1.1 (Content-Length: 5)',
    '3 GET /next 1.1 ()',
  ],
);

policy(
  'responses without a body: 1xx, 204, 304, whatever their fields say (RFC 9112, 6.3)',
  [
    [0, get + get + get],
    [1, 'HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n'],
    [1, 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n'],
    [1, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'],
  ],
  [
    '0 GET / 1.1 ()',
    '1 GET / 1.1 ()',
    '2 GET / 1.1 ()',
    '0 103 Early Hints for GET 1.1 (Content-Length: 9) [interim]',
    '0 204 No for GET 1.1 (Content-Length: 9)',
    '1 304 Not Modified for GET 1.1 (Transfer-Encoding: chunked)',
    '2 200 OK for GET 1.1 (Content-Length: 1) "x"',
  ],
  { check: ({ counters }) => t.match(counters, { interimResponses: 1, responses: 4, responsesComplete: 4 }) },
);

policy(
  'trailers end with an empty line, not with their first',
  [
    [0, get + get],
    [1, `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n${noContent}`],
  ],
  [
    '0 GET / 1.1 ()',
    '1 GET / 1.1 ()',
    '0 200 OK for GET 1.1 (Transfer-Encoding: chunked) "x" [trailers]',
    '1 204 No Content for GET 1.1 ()',
  ],
);

for (const [reason, lines] of [
  [0, '0 200 OK for GET 1.1 () "abc" [untilClose]'],
  [1, '!0 200 OK for GET 1.1 () "abc" [aborted untilClose]'],
  [5, '!0 200 OK for GET 1.1 () "abc" [aborted untilClose]'],
] as const) {
  policy(
    `a body that ends with the stream is whole only if that was closed in order (reason ${reason})`,
    [
      [0, get],
      [1, 'HTTP/1.1 200 OK\r\n\r\nabc'],
    ],
    ['0 GET / 1.1 ()', lines],
    { close: reason },
  );
}

policy(
  'a stream upgraded to HTTP/2 is counted as that',
  [
    [0, 'GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n'],
    [1, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\0\0\x12\x04'],
    [0, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ],
  ['0 GET / 1.1 (Upgrade: h2c)', '0 101 Switching Protocols for GET 1.1 (Upgrade: h2c) [upgraded]'],
  { check: ({ counters }) => t.match(counters, { http2Streams: 1, upgradedStreams: 1, websocketStreams: 0 }) },
);

policy(
  'an upgrade captured before its request: that one is reported, and nothing behind it',
  [
    [1, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello'],
    [0, `GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x85xxxx${get}`],
    [1, noContent],
  ],
  ['0 101 Switching Protocols for ? 1.1 (Upgrade: websocket) [upgraded]', '0 GET /chat 1.1 (Upgrade: websocket)'],
  { check: ({ counters }) => t.match(counters, { httpStreams: 1, websocketStreams: 1, responsesEarly: 1, pairs: 1 }) },
);

const upgrade = 'GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n';
const masked = `\x81\x85xxxx${get}`;

policy(
  'what follows a request to upgrade and is no request waits for the answer: 101, captured late',
  [
    [0, get + upgrade],
    [0, masked],
    [1, noContent],
    [0, masked],
    [1, `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello`],
    [0, masked],
  ],
  [
    ...['0 GET / 1.1 ()', '1 GET /chat 1.1 (Upgrade: websocket)', '0 204 No Content for GET 1.1 ()'],
    '1 100 Continue for GET 1.1 () [interim]',
    '1 101 Switching Protocols for GET 1.1 (Upgrade: websocket) [upgraded]',
  ],
  { check: ({ counters }) => t.match(counters, { websocketStreams: 1, syncLost: 0, garbageBytes: 0, pairs: 2 }) },
);

policy(
  '… or a refusal: then a head is searched for',
  [
    [0, upgrade + masked],
    [1, noContent],
    [0, get],
  ],
  ['0 GET /chat 1.1 (Upgrade: websocket)', '0 204 No Content for GET 1.1 ()', '1 GET / 1.1 () [resynchronised]'],
  { check: ({ counters }) => t.match(counters, { syncLost: 1, syncFound: 1, upgradedStreams: 0 }) },
);

policy(
  '… or a loss on either side',
  [
    [0, upgrade + masked],
    [1, 10],
    [0, `${get}${upgrade}${masked}`],
    [0, 10],
    [0, get],
  ],
  [
    ...['0 GET /chat 1.1 (Upgrade: websocket)', '1 GET / 1.1 () [resynchronised]'],
    ...['2 GET /chat 1.1 (Upgrade: websocket)', '3 GET / 1.1 () [resynchronised]'],
  ],
  { check: ({ counters }) => t.match(counters, { upgradedStreams: 0 }) },
);

const switches = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
const [ask, asks] = [get.length, get.length + upgrade.length];
const early = ['0 204 No Content for ? 1.1 ()', '1 101 Switching Protocols for ? 1.1 (Upgrade: websocket) [upgraded]'];

for (const [name, behind, lines] of [
  ['all seen', [[0, get + upgrade + masked]], ['0 GET / 1.1 ()', '1 GET /chat 1.1 (Upgrade: websocket)']],
  [
    'in segments of their own',
    [
      [0, get],
      [0, upgrade],
      [0, masked],
    ],
    ['0 GET / 1.1 ()', '1 GET /chat 1.1 (Upgrade: websocket)'],
  ],
  [
    'behind a hole',
    [
      [0, ask],
      [0, upgrade + masked],
    ],
    ['1 GET /chat 1.1 (Upgrade: websocket) [resynchronised]'],
  ],
  [
    'but for the last',
    [
      [0, get],
      [0, upgrade.length + 3],
      [0, get],
    ],
    ['0 GET / 1.1 ()'],
  ],
  [
    'but for the first half of the last',
    [
      [0, get],
      [0, upgrade.length - 9],
      [0, `xx: y\r\n\r\n${get}`],
    ],
    ['0 GET / 1.1 ()'],
  ],
] as [string, Step[], string[]][]) {
  policy(
    `requests that come behind the 101 are HTTP up to what that acknowledges: ${name} (RFC 9110, 7.8)`,
    [[1, noContent], [1, `${switches}\x81\x05hello`], ...behind, [1, noContent]],
    [...early, ...lines],
    {
      acks: [ask, asks, name === 'behind a hole' ? noContent.length : 0, noContent.length, 0, 0],
      check: ({ counters }) => t.match(counters, { websocketStreams: 1, httpStreams: 1, requests: lines.length }),
    },
  );
}

policy(
  'what was read of one that refuses to switch at first is HTTP, too; and the body of the one that is granted',
  [
    [1, noContent],
    [1, switches],
    [0, `${upgrade}POST /attach HTTP/1.1\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n`],
    [0, '{}\0\0'],
    [0, get],
  ],
  [...early, ...['0 GET /chat 1.1 (Upgrade: websocket)', '1 POST /attach 1.1 (Upgrade: tcp, Content-Length: 2) "{}"']],
  { acks: [upgrade.length, upgrade.length + 60, 0, 0, 0] },
);

policy(
  'the preface of HTTP/2 stands at the beginning or is none',
  [[0, `${get}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${get}`]],
  ['0 GET / 1.1 ()', '1 GET / 1.1 () [resynchronised]'],
  { check: ({ counters }) => t.match(counters, { http2Streams: 0 }) },
);

policy(
  'obs-fold is one space, flagged; a folded Transfer-Encoding frames (RFC 9112, 5.2)',
  [
    [0, `GET / HTTP/1.1\r\nA: b\r\n c\r\n\t\td  \r\nE: f\r\n\r\n`],
    [0, `POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`],
  ],
  ['0 GET / 1.1 (A: b c d, E: f) [obsFold]', '1 POST / 1.1 (Transfer-Encoding: chunked) "x" [obsFold]'],
);

policy(
  'a bare LF ends a line, flagged; a bare CR does not; control characters are kept, flagged (RFC 9112, 2.2)',
  [
    [0, 'GET /a HTTP/1.1\nA: b\n\nGET /b HTTP/1.1\r\nA: b\n\r\n'],
    [0, 'GET /c HTTP/1.1\r\nA: b\rc\r\n\r\nGET /d HTTP/1.1\r\nA: b\0c\r\n\r\n'],
  ],
  [
    '0 GET /a 1.1 (A: b) [bareLf]',
    '1 GET /b 1.1 (A: b) [bareLf]',
    '2 GET /c 1.1 (A: b\rc) [bareCr]',
    '3 GET /d 1.1 (A: b\0c) [controlCharacter]',
  ],
);

policy(
  'fields that are none, and a space before the colon, are flagged and skipped or taken as meant',
  [[0, 'GET /a HTTP/1.1\r\nno colon\r\nA : b\r\n: c\r\nD: e\r\n\r\n']],
  ['0 GET /a 1.1 (A: b, D: e) [malformedField]'],
);

policy(
  'empty lines before a start line are ignored (RFC 9112, 2.2)',
  [
    [0, `\r\n\n${get}\r\n\r\n${get}`],
    [1, `\r\n${noContent}`],
  ],
  ['0 GET / 1.1 ()', '1 GET / 1.1 ()', '0 204 No Content for GET 1.1 ()'],
  { check: ({ counters }) => t.match(counters, { garbageBytes: 0, syncLost: 0 }) },
);

policy(
  'Transfer-Encoding that is not chunked at last: a request cannot be framed (RFC 9112, 6.3)',
  [[0, `POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nxyz${get}`]],
  ['!0 POST /a 1.1 (Transfer-Encoding: gzip) [unusualEncoding]', '1 GET / 1.1 () [resynchronised]'],
  { check: ({ counters }) => t.match(counters, { syncLost: 1, syncFound: 1 }) },
);

policy(
  '… and a response ends with the stream',
  [
    [0, get],
    [1, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\nContent-Length: 1\r\n\r\nabc'],
  ],
  [
    '0 GET / 1.1 ()',
    '0 200 OK for GET 1.1 (Transfer-Encoding: chunked, gzip, Content-Length: 1) "abc" [lengthAndEncoding unusualEncoding untilClose]',
  ],
);

policy(
  'Transfer-Encoding in odd ways: in HTTP/1.0, twice chunked, after another, over two fields, identity',
  [
    [0, 'POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    [0, 'POST /b HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
    [0, 'POST /c HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0\r\n\r\n'],
    [0, 'POST /d HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    [0, 'POST /e HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx'],
  ],
  [
    '0 POST /a 1.0 (Transfer-Encoding: chunked) [unusualEncoding]',
    '1 POST /b 1.1 (Transfer-Encoding: chunked, chunked) [unusualEncoding]',
    '2 POST /c 1.1 (Transfer-Encoding: gzip, Chunked)',
    '3 POST /d 1.1 (Transfer-Encoding: gzip, Transfer-Encoding: chunked)',
    '4 POST /e 1.1 (Transfer-Encoding: identity, Content-Length: 1) "x" [unusualEncoding]',
  ],
);

for (const length of ['-1', '+1', '1x', '0x1', '', '1 1', '9007199254740993', '18446744073709551616', '1,2']) {
  const flag = length === '1,2' ? 'conflictingLength' : 'invalidLength';
  policy(
    `Content-Length "${length}" is no length to frame by`,
    [[0, `POST / HTTP/1.1\r\nContent-Length: ${length}\r\n\r\nx${get}`]],
    [`!0 POST / 1.1 (Content-Length: ${length}) [${flag}]`, '1 GET / 1.1 () [resynchronised]'],
  );
}

for (const [name, chunks, lines] of [
  ['a size beyond counting', '20000000000001\r\nx', '!0 POST / 1.1 (Transfer-Encoding: chunked) [invalidChunk]'],
  ['no size', '\r\nx', '!0 POST / 1.1 (Transfer-Encoding: chunked) [invalidChunk]'],
  ['a negative size', '-1\r\nx', '!0 POST / 1.1 (Transfer-Encoding: chunked) [invalidChunk]'],
  ['more data than its size', '1\r\nxyz\r\n', '!0 POST / 1.1 (Transfer-Encoding: chunked) "x" [invalidChunk]'],
  [
    'an extension without end',
    `1;${'e'.repeat(17_000)}\r\nx\r\n0\r\n\r\n`,
    '!0 POST / 1.1 (Transfer-Encoding: chunked) [invalidChunk]',
  ],
  [
    'trailers without end',
    `0\r\n${'T: t\r\n'.repeat(200)}\r\n`,
    '!0 POST / 1.1 (Transfer-Encoding: chunked) [invalidChunk trailers]',
  ],
] as const) {
  policy(
    `chunks: ${name}`,
    [[0, `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunks} ${get}`]],
    [lines, '1 GET / 1.1 () [resynchronised]'],
    { limits: { headBytesMax: 1000 } },
  );
}

policy(
  'lines of chunks in odd ways are taken and flagged',
  [
    [0, 'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n'],
    [0, 'POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n'],
    [0, 'POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\nx\r\n0\r\n\r\n'],
    [0, 'POST /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n00001;a="b"\r\nx\r\n000\r\n\r\n'],
  ],
  [
    '0 POST /a 1.1 (Transfer-Encoding: chunked) "x" [oddChunkLine]',
    '1 POST /b 1.1 (Transfer-Encoding: chunked) "x" [bareLf]',
    '2 POST /c 1.1 (Transfer-Encoding: chunked) "x" [oddChunkLine]',
    '3 POST /d 1.1 (Transfer-Encoding: chunked) "x"',
  ],
);

policy(
  'a chunked message over the limit is cut, and the parser stays in sync',
  [[0, `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabcdefgh\r\n8\r\nijklmnop\r\n0\r\n\r\n${get}`]],
  ['0 POST / 1.1 (Transfer-Encoding: chunked) "abcdefghij" [cut]', '1 GET / 1.1 ()'],
  { limits: { messageBytesMax: 10 }, check: ({ counters }) => t.match(counters, { messagesCut: 1, cutBytes: 6 }) },
);

policy(
  'a client that pipelines: after a loss its exchanges are not paired until the stream was quiet for a second',
  [
    [0, get + get, 10],
    [1, noContent + noContent, 20],
    [0, get + get, 30],
    [0, 100, 40],
    [0, get, 50],
    [1, noContent, 60],
    [0, get, 70],
    [1, noContent, 80],
    [0, get, 2_000_000],
    [1, noContent, 2_000_100],
  ],
  [
    ...['0 GET / 1.1 ()', '1 GET / 1.1 ()', '0 204 No Content for GET 1.1 ()', '1 204 No Content for GET 1.1 ()'],
    ...['2 GET / 1.1 ()', '3 GET / 1.1 ()', '4 GET / 1.1 () [resynchronised]', '-1 204 No Content for ? 1.1 ()'],
    ...['5 GET / 1.1 ()', '-1 204 No Content for ? 1.1 ()', '6 GET / 1.1 ()', '6 204 No Content for GET 1.1 ()'],
  ],
  { check: ({ counters }) => t.match(counters, { pairingLost: 1, pairs: 3, requestsUnanswered: 4 }) },
);

for (const method of ['HEAD', 'GET']) {
  policy(
    `the last response of a stream without its pairs has no body, a ${method} being in none either`,
    [
      [0, get + get, 10],
      [1, noContent + noContent, 20],
      [0, 100, 40],
      [0, get.replace('GET', method), 50],
      [1, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 60],
    ],
    [
      ...['0 GET / 1.1 ()', '1 GET / 1.1 ()', '0 204 No Content for GET 1.1 ()', '1 204 No Content for GET 1.1 ()'],
      `2 ${method} / 1.1 () [resynchronised]`,
      method === 'HEAD'
        ? '-1 200 OK for ? 1.1 (Content-Length: 5)'
        : '!-1 200 OK for ? 1.1 (Content-Length: 5) [aborted]',
    ],
  );
}

for (const method of ['HEAD', 'GET']) {
  const other = get.replace('GET', method);
  const bare = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
  const last =
    method === 'HEAD'
      ? '-1 200 OK for ? 1.1 (Content-Length: 5)'
      : '!-1 200 OK for ? 1.1 (Content-Length: 5) [aborted]';
  policy(
    `the same where the ${method} found no room to wait in`,
    [
      [0, get + other],
      [1, noContent + bare],
    ],
    ['0 GET / 1.1 ()', `1 ${method} / 1.1 ()`, '-1 204 No Content for ? 1.1 ()', last],
    { limits: { waitingRequestsMax: 1 } },
  );
  policy(
    `the same where the ${method} came from the side that answers`,
    [
      [0, get],
      [1, noContent + other],
      [0, bare],
    ],
    ['0 GET / 1.1 ()', '0 204 No Content for GET 1.1 ()', `1 ${method} / 1.1 ()`, last],
  );
}

policy(
  'a client that does not pipeline: after a loss the newest request is the one answered',
  [
    [0, 'GET /a HTTP/1.1\r\n\r\n'],
    [1, 100],
    [0, 'GET /b HTTP/1.1\r\n\r\n'],
    [1, noContent],
  ],
  ['0 GET /a 1.1 ()', '1 GET /b 1.1 ()', '1 204 No Content for GET 1.1 () [resynchronised]'],
  { check: ({ counters }) => t.match(counters, { pairs: 1, requestsUnanswered: 1, pairingLost: 0 }) },
);

t.test('requests that wait are bounded in number and in the bytes of their targets', (t) => {
  const many = play([[0, get.repeat(10)]], { limits: { waitingRequestsMax: 4 } });
  t.match(many.counters, { requestsShed: 1, pairingLost: 1, requestsUnanswered: 10 });
  const long = (letter: string) => `GET /${letter.repeat(59)} HTTP/1.1\r\n\r\n`;
  const { messages } = play(
    [
      [0, long('a') + long('b')],
      [1, noContent + noContent],
    ],
    { limits: { waitingUriBytesMax: 100 } },
  );
  t.same(
    messages.map(({ uri }) => uri.slice(0, 2)),
    ['/a', '/b', '/a', ''],
    'a target that finds no room is reported with its request, not with its response',
  );
  t.same(
    messages.map(({ exchange }) => exchange),
    [0, 1, 0, 1],
  );
  t.end();
});

policy(
  'gaps: inside a body that ends with the stream, inside a chunk’s data, and between chunks',
  [
    [0, get + get],
    [1, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    [1, 8],
    [1, `d\r\n0\r\n\r\n${noContent}`],
    [0, get],
    [1, 'HTTP/1.1 200 OK\r\n\r\nabc'],
    [1, 5],
    [1, 'ij'],
  ],
  [
    '0 GET / 1.1 ()',
    '1 GET / 1.1 ()',
    '!0 200 OK for GET 1.1 (Transfer-Encoding: chunked) "abc" [gap]',
    '-1 204 No Content for ? 1.1 () [resynchronised]',
    '2 GET / 1.1 ()',
    '-1 200 OK for ? 1.1 () "abc<gap 5>ij" [gap untilClose]',
  ].map((line) => (line.includes('<gap') ? `!${line}` : line)),
);

policy(
  'what is no HTTP is left alone once so many bytes were searched, in vain',
  [[0, `${'x'.repeat(100)}${get}`]],
  [],
  { limits: { classifyBytesMax: 100 }, check: ({ counters }) => t.match(counters, { unknownStreams: 1, requests: 0 }) },
);

policy('… but not before', [[0, `${'x'.repeat(99)}${get}`]], ['0 GET / 1.1 () [resynchronised]'], {
  limits: { classifyBytesMax: 100 },
  check: ({ counters }) => t.match(counters, { garbageBytes: 99 }),
});

/** A server's hello with this version, and a `supported_versions` extension where one is named. */
function serverHello(version: number, selected?: number): Buffer {
  const two = (value: number) => [value >> 8, value & 255];
  const extension = selected === undefined ? [] : [0, 43, 0, 2, ...two(selected)];
  const body = Buffer.from([
    ...two(version),
    ...Array(32).fill(7),
    0,
    0x13,
    1,
    0,
    ...two(extension.length),
    ...extension,
  ]);
  return Buffer.from([22, 3, 3, ...two(body.length + 4), 2, 0, ...two(body.length), ...body]);
}

t.test('TLS: versions chosen, names asked for, bounded', (t) => {
  for (const [hello, counter] of [
    [serverHello(0x303, 0x304), 'tls13'],
    [serverHello(0x303), 'tls12'],
    [serverHello(0x302), 'tls11'],
    [serverHello(0x301), 'tls10'],
    [serverHello(0x300), 'tlsOtherVersion'],
  ] as const) {
    const { counters, lines } = play([[1, hello]]);
    t.match(counters, { tlsStreams: 1, [counter]: 1, tls10: counter === 'tls10' ? 1 : 0 }, counter);
    t.same(lines, []);
  }
  const clientHello = (name: string) => {
    const sni = [0, 0, 0, name.length + 5, 0, name.length + 3, 0, 0, name.length, ...Buffer.from(name)];
    const body = [3, 3, ...Array(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, 0, sni.length, ...sni];
    return Buffer.from([22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body]);
  };
  const { layer } = play([[0, clientHello('a.example')]], { limits: { tlsServerNamesMax: 2 } });
  for (const name of ['b.example', 'c.example', 'a.example', 'd.example']) {
    layer.open(0, 0, false);
    const hello = clientHello(name);
    layer.data(0, 0, hello, 0, hello.length, 1);
    layer.close(0, 0, 2);
  }
  t.same(
    [...layer.tlsServerNames],
    [
      ['a.example', 2],
      ['b.example', 1],
      ['', 2],
    ],
    'the rest is counted together',
  );
  t.end();
});

t.test('streams in one slot after another are kept apart', (t) => {
  const connections: number[] = [];
  const handler = {
    begin: (message: HttpMessage) => void connections.push(message.connection, exchangeKey(message)),
    ...{ body() {}, bodyGap() {}, end() {} },
  };
  const limits = { ...defaultHttpLimits, streamsMax: 4 };
  const layer = new HttpLayer({ limits, handler, counters: createHttpCounters() });
  for (let times = 0; times < 3; times += 1) {
    layer.open(2, 0, false);
    feed(layer, 2, 0, Buffer.from(get), 100, 1);
    feed(layer, 2, 1, Buffer.from(noContent), 100, 2);
    layer.close(2, 0, 3);
  }
  t.same(
    connections.filter((_, index) => index % 2 === 0),
    [1, 1, 2, 2, 3, 3],
  );
  t.equal(new Set(connections.filter((_, index) => index % 2 === 1)).size, 3, 'a key for each exchange');
  t.end();
});
