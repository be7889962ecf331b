/** `Expect: 100-continue` (RFC 9110, 10.1.1): a final status may come before the body, and the body then never. */
import t from 'tap';
import { createHttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import { defaultHttpLimits } from './http-limits.ts';
import type { HttpMessage } from './message-handler.ts';
import { play, type Step } from './transcript.conformance.ts';

const asks = 'PUT /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n';
const refuses = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';
const goesOn = 'HTTP/1.1 100 Continue\r\n\r\n';
const get = (n: number) => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`;
const ok = (n: number) => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${n}`;

/** What came of it, in few words. */
const found = (steps: readonly Step[], chunkBytes = 1 << 20) => {
  const { messages, layer } = play(steps, { chunkBytes });
  t.equal(layer.headPoolBytes <= 8 << 20, true);
  return messages.map(({ kind, exchange, method, uri, status, body, complete, flags }) =>
    [kind === 'request' ? `${method} ${uri}` : status, exchange, body.toString('latin1'), complete, flags].join('|'),
  );
};

t.test('refused, the connection goes on: fifty exchanges, however they are cut', async (t) => {
  const steps: Step[] = [
    [0, asks],
    [1, refuses],
  ];
  for (let n = 1; n <= 50; n += 1) steps.push([0, get(n)], [1, ok(n % 10)]);
  for (const chunkBytes of [1, 7, 1 << 20]) {
    const lines = found(steps, chunkBytes);
    t.equal(lines.length, 102);
    t.same(lines.slice(0, 4), ['401|0||true|', 'PUT /up|0||true|bodyUnsent', 'GET /1|1||true|', '200|1|1|true|']);
    t.equal(lines.at(-1), '200|50|0|true|');
  }
});

t.test('a chunked body that never came, and a stream that ends instead', async (t) => {
  const chunked = asks.replace('Content-Length: 1000000', 'Transfer-Encoding: chunked');
  t.same(
    found(
      [
        [0, chunked],
        [1, refuses],
        [0, get(1)],
        [1, ok(1)],
      ],
      5,
    ),
    ['401|0||true|', 'PUT /up|0||true|bodyUnsent', 'GET /1|1||true|', '200|1|1|true|'],
  );
  t.same(
    found([
      [0, asks],
      [1, refuses],
      [0, 'end'],
      [1, 'end'],
    ]),
    ['401|0||true|', 'PUT /up|0||true|bodyUnsent'],
  );
  t.same(
    found([
      [0, asks],
      [0, 'end'],
    ]),
    ['PUT /up|0||false|aborted'],
    'no answer: it is missing',
  );
});

t.test('the body comes after all', async (t) => {
  const small = asks.replace('1000000', '40');
  const body = 'a body like any other, of forty bytes...';
  for (const chunkBytes of [1, 3, 1 << 20]) {
    const got = found(
      [
        [0, small],
        [1, goesOn],
        [0, body],
        [1, ok(1)],
      ],
      chunkBytes,
    );
    t.same(got, ['100|0||true|interim', `PUT /up|0|${body}|true|`, '200|0|1|true|'], 'after 100');
    const refusedLate = found(
      [
        [0, small],
        [1, refuses],
        [0, body],
        [0, get(2)],
        [1, ok(2)],
      ],
      chunkBytes,
    );
    t.same(
      refusedLate,
      ['401|0||true|', `PUT /up|0|${body}|true|`, 'GET /2|1||true|', '200|1|2|true|'],
      'after a final status',
    );
    // What a proxy stores may look like a request.
    const odd = `${get(7)}xxx`.slice(0, 28).padEnd(40, 'y');
    const looksLikeOne = found(
      [
        [0, small],
        [1, goesOn],
        [0, odd],
        [1, ok(1)],
      ],
      chunkBytes,
    );
    t.same(looksLikeOne, ['100|0||true|interim', `PUT /up|0|${odd}|true|`, '200|0|1|true|'], 'announced as a body');
    const unasked = found(
      [
        [0, small],
        [0, odd],
        [1, ok(1)],
      ],
      chunkBytes,
    );
    t.same(unasked, [`PUT /up|0|${odd}|true|`, '200|0|1|true|'], 'not waited for');
  }
});

t.test('the answers are captured late, or early', async (t) => {
  const late = found(
    [
      [0, asks],
      [0, get(1)],
      [0, get(2)],
      [1, refuses],
      [1, ok(1)],
      [1, ok(2)],
    ],
    9,
  );
  t.same(late, [
    '401|0||true|',
    'PUT /up|0||true|bodyUnsent',
    'GET /1|1||true|',
    'GET /2|2||true|',
    '200|1|1|true|',
    '200|2|2|true|',
  ]);
  const early = found([
    [1, refuses],
    [0, asks],
    [0, get(1)],
    [1, ok(1)],
  ]);
  t.same(early, ['401|0||true|', 'PUT /up|0||true|bodyUnsent', 'GET /1|1||true|', '200|1|1|true|']);
  const never = found([
    [0, asks],
    [0, get(1)],
    [0, 'end'],
  ]);
  t.same(never, [`PUT /up|0|${get(1)}|false|aborted`], 'without an answer they are the body');
});

t.test('a gap behind the refusal', async (t) => {
  const got = found([
    [0, asks],
    [1, refuses],
    [0, get(1).length],
    [1, ok(1)],
    [0, get(2)],
    [1, ok(2)],
  ]);
  t.match(got[1], /^PUT \/up\|0\|\|false\|.*bodyUnsent/, 'the body may be among what is missing');
  t.ok(got.some((line) => line.startsWith('GET /2')));
});

t.test('what looks like a request for ever holds no more than a head may', async (t) => {
  const long = asks.replace('1000000', '300000');
  const bytes = `${get(1)}${'z'.repeat(300_000 - get(1).length)}`;
  for (const chunkBytes of [1000, 1 << 20]) {
    const [request] = found(
      [
        [0, long],
        [0, bytes],
        [1, ok(1)],
      ],
      chunkBytes,
    );
    t.equal(request, `PUT /up|0|${bytes}|true|`);
  }
  const endless = `GET /${'x'.repeat(9000)}`;
  const [, put] = found(
    [
      [0, long],
      [1, refuses],
      [0, endless.padEnd(300_000)],
      [1, ok(1)],
    ],
    100,
  );
  t.match(put, /^PUT \/up\|0\|GET \/x{9000} {5}/, 'no head, a body');
});

t.test('refused, and several requests at once behind it: each has its answer, probably', async (t) => {
  for (const length of [1_000_000, 20]) {
    const pairs: string[] = [];
    const handler = {
      begin() {},
      body() {},
      bodyGap() {},
      end: ({ kind, uri, pairing, headers }: HttpMessage) => {
        if (kind === 'response') pairs.push(`${uri} ${headers.get('x-id')} ${pairing}`);
      },
    };
    const layer = new HttpLayer({
      limits: { ...defaultHttpLimits, streamsMax: 1 },
      handler,
      counters: createHttpCounters(),
    });
    layer.open(0, 0, false);
    const next: [number, number] = [1000, 50_000];
    const send = (side: 0 | 1, text: string) => {
      layer.data(0, side, Buffer.from(text), 0, text.length, next[0] + next[1], next[side], next[side ^ 1]!);
      next[side] += text.length;
    };
    send(0, asks.replace('1000000', `${length}`));
    send(1, refuses.replace('Content', 'X-Id: /up\r\nContent'));
    for (const n of [1, 2, 3]) send(0, get(n));
    for (const n of [1, 2, 3]) send(1, ok(n).replace('Content', `X-Id: /${n}\r\nContent`));
    layer.close(0, 0, 1_000_000);
    const found = [1, 2, 3].map((n) => (length > 20 ? `/${n} /${n} probable` : ` /${n} absent`));
    // As many bytes as the body has: it may be the body, which begins like requests.
    t.same(pairs, ['/up /up certain', ...found], `${length} bytes announced`);
  }
});
