import t from 'tap';
import { type Played, play, type Step } from './transcript.ts';

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
