import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type Conversation, conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import { failedRequests } from '../metrics/requests.ts';
import { requestNotes } from '../report/requests-notes.ts';
import { targetOf } from './answer-comparison.ts';
import { recordingServer } from './recording-server-fixture.ts';
import { extract, replay } from './replay-trial.ts';

// On a busy machine whatever starts threads takes its time.
t.setTimeout(300_000);
const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: old\r\n${more}\r\n`;
const answer = (status: number, body: string) =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Each of these requests with an empty answer. */
const exchanges = (...requests: readonly string[]): Conversation => ({
  says: requests.flatMap((request) => [[0, request] as const, [1, answer(200, '')] as const]),
});

async function recorded(t: { testdir(): string }, conversations: readonly Conversation[]) {
  const folder = t.testdir();
  const file = path.join(folder, 'capture.pcap');
  writeFileSync(file, conversationsCapture(conversations));
  return extract(file, path.join(folder, 'spool'));
}

t.test('answers beside the recorded ones', async (t) => {
  const found = await recorded(t, [
    {
      says: [
        [0, get('/same')],
        [1, answer(200, 'abc')],
        [0, get('/longer')],
        [1, answer(200, 'abc')],
        [0, get('/moved')],
        [1, answer(200, '')],
        [0, get('/was-404')],
        [1, answer(404, '')],
        [0, get('/now-500?token=s3cret')],
        [1, answer(200, '')],
        [0, get('/unknown')],
      ],
    },
    {
      says: [
        [0, get('/same') + get('/same')],
        [1, answer(200, 'xyz') + answer(200, 'xyz')],
        // It pipelines, and a request is missing: which answer is whose is unknowable.
        [0, 60],
        [0, get('/was-404')],
        [1, answer(200, 'xyz') + answer(404, '')],
      ],
    },
  ]);
  t.same(found.recorded.unsent, { hidden: 1 }, 'what is in no pair on both sides hides nothing');
  const answers: Record<string, string> = {
    '/same': answer(200, 'xyz'),
    '/longer': answer(200, 'abcd'),
    '/moved': answer(302, ''),
    '/was-404': answer(404, ''),
    '/now-500?token=s3cret': answer(500, ''),
    '/unknown': answer(200, 'new'),
  };
  const server = await recordingServer((_n, uri) => answers[uri]!);
  const account = await replay(found, server.port);
  await server.close();
  t.match(account, {
    sent: 9,
    answered: 9,
    not2xx: 4,
    errors: 1,
    incomparableErrors: 1,
    differentStatus: 2,
    differentLength: 1,
    uncompared: 2,
    unanswered: 0,
  });
  t.match(failedRequests(account), { state: 'undecided', low: 1, high: 2 });
  t.match(account.differences, [
    { request: 2, method: 'GET', path: '/longer', recordedLength: 3, length: 4, reason: 'length' },
    { request: 3, recordedStatus: 200, status: 302, reason: 'status' },
    { request: 5, path: '/now-500' },
  ]);
  t.notMatch(JSON.stringify(account), /s3cret/);
});

t.test('what may be a secret in a path is not shown', async (t) => {
  t.same(targetOf('GET http://h/a/9f86d081884c7d65/b%20/reset-password?x=1 HTTP/1.1'), {
    method: 'GET',
    path: '/a/…/…/reset-password',
  });
});

t.test(
  'a service that closes connections is connected to again; an answer that never comes is a failure',
  async (t) => {
    const found = await recorded(t, [exchanges(get('/1'), get('/2'), get('/3'))]);
    const closing = await recordingServer((_n, uri) => (uri === '/2' ? null : answer(200, '')));
    const account = await replay(found, closing.port);
    t.match(account, { sent: 3, answered: 2, unanswered: 1, reconnects: 2, repeated: 1 });
    t.match(account.differences, [{ request: 2, status: null, reason: 'unanswered' }]);
    const { port } = closing;
    await closing.close();
    const dead = await replay(found, port);
    t.match(dead, { sent: 0, answered: 0, unanswered: 3, socketErrors: { ECONNREFUSED: 3 } });
  },
);

t.test('a connection whose answer was cut is over before the next request goes out', async (t) => {
  const post = (target: string) => `POST ${target} HTTP/1.1\r\nHost: old\r\nContent-Length: 3\r\n\r\nabc`;
  const cut = 'HTTP/1.1 200 X\r\nX-Cut: 1\r\nContent-Length: 1000\r\n\r\nxyz';
  const kinds = [
    ['cut', cut],
    ['reset', cut.replace('X-Cut', 'X-Reset')],
    ['chunked', cut.replace('Content-Length: 1000\r\n\r\nxyz', 'Transfer-Encoding: chunked\r\n\r\n5\r\nx')],
    ['in its head', 'HTTP/1.1 200 X\r\nX-Cut: 1\r\nConte'],
    ['after 100', 'HTTP/1.1 100 Continue\r\nX-Cut: 1\r\n\r\n'],
  ] as const;
  const found = await recorded(t, [exchanges(get('/1'), get('/cut'), post('/3'), get('/cut'), post('/5'))]);
  for (const [name, text] of kinds) {
    const uris: string[] = [];
    const server = await recordingServer((_n, uri) => {
      uris.push(uri);
      return uri === '/cut' ? text : answer(200, '');
    });
    for (const kind of ['topspeed', 'oneAtATime'] as const) {
      const account = await replay(found, server.port, { pace: { kind } });
      t.match(account, { sent: 5, answered: 3, unanswered: 2, reconnects: 2, repeated: 0 }, name);
      t.same(uris.splice(0), ['/1', '/cut', '/3', '/cut', '/5'], name);
    }
    await server.close();
  }
});

t.test('a service that closes behind a whole answer, and does not say so', async (t) => {
  const found = await recorded(t, [exchanges(get('/1'), get('/2'), get('/3'))]);
  const uris: string[] = [];
  const server = await recordingServer((_n, uri) => {
    uris.push(uri);
    return answer(200, 'x').replace('\r\n', '\r\nX-Cut: 1\r\n');
  });
  const account = await replay(found, server.port);
  await server.close();
  t.match(account, { sent: 3, answered: 3, unanswered: 0, reconnects: 2 });
  t.same(uris, ['/1', '/2', '/3']);
});

t.test('what nobody asked for counts, and its connection is not used further', async (t) => {
  const post = 'POST /2 HTTP/1.1\r\nHost: old\r\nContent-Length: 3\r\n\r\nabc';
  const found = await recorded(t, [exchanges(get('/1'), post, get('/3'))]);
  const one = answer(200, 'ok');
  const chunked = 'HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
  const kinds = [
    ['each twice', one + one, 3],
    ['each three times', one.repeat(3), 3],
    ['another one begun', `${one}HTTP/1.1 2`, 3],
    ['another head', chunked + one.slice(0, -2), 3],
    ['a longer body', `${one}k`, 3],
    ['an empty line behind it', `${one}\r\n`, 0],
    ['one', chunked, 0],
  ] as const;
  for (const [name, text, unasked] of kinds) {
    const server = await recordingServer(() => text);
    for (const kind of ['topspeed', 'oneAtATime'] as const) {
      const account = await replay(found, server.port, { pace: { kind } });
      t.match(account, { sent: 3, answered: 3, unanswered: 0, unasked, repeated: 0 }, name);
      t.match(account.reconnects, unasked === 0 ? 0 : 2, name);
      if (kind === 'oneAtATime') continue;
      const notes = requestNotes({ requests: account } as unknown as Parameters<typeof requestNotes>[0]);
      t.equal(notes.filter(({ text }) => /said more than it was asked for/.test(text)).length, unasked === 0 ? 0 : 1);
      t.same(failedRequests(account), { state: 'value', value: unasked });
    }
    await server.close();
  }
});

t.test('an answer that is no HTTP fails at once, and is said', async (t) => {
  const found = await recorded(t, [exchanges(get('/1'), get('/2'))]);
  for (const text of [
    '220 smtp ready\r\n',
    'x',
    '\x15\x03\x03\x00\x02\x02\x46',
    '\0'.repeat(100_000),
    'HTTP/2 200\r\n\r\n',
    get('/1'),
  ]) {
    const server = await recordingServer(() => text);
    const account = await replay(found, server.port);
    t.match(account, { sent: 2, answered: 0, unanswered: 2, unasked: 0, socketErrors: { 'answer is no HTTP': 2 } });
    await server.close();
  }
});

t.test('behind a last answer requests go over another connection, those that were under way once more', async (t) => {
  const last = 'HTTP/1.1 200 X\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx';
  const post = (target: string) => `POST ${target} HTTP/1.1\r\nHost: old\r\nContent-Length: 3\r\n\r\nabc`;
  const piped: Conversation = {
    says: [
      [0, get('/1') + post('/2') + get('/3')],
      [1, answer(200, 'x').repeat(3)],
      [0, get('/4')],
      [1, answer(200, 'x')],
    ],
  };
  const alone = exchanges(get('/1'), post('/2'), get('/3'), get('/4'));
  for (const [conversation, text] of [
    [alone, last],
    [alone, last.replace('HTTP/1.1', 'HTTP/1.0').replace('Connection: close\r\n', '')],
    [alone, 'HTTP/1.1 200 X\r\nConnection: close\r\n\r\nx'],
    [piped, last],
  ] as const) {
    const found = await recorded(t, [conversation]);
    const uris: string[] = [];
    const server = await recordingServer((_n, uri) => {
      uris.push(uri);
      return text;
    });
    for (const kind of ['topspeed', 'oneAtATime'] as const) {
      const account = await replay(found, server.port, { pace: { kind } });
      t.match(account, { sent: 4, answered: 4, unanswered: 0, reconnects: 3, socketErrors: {} });
      t.same(uris.splice(0), ['/1', '/2', '/3', '/4']);
    }
    for (const { bytes } of server.connections) t.match(bytes().toString(), /^(GET|POST) /);
    await server.close();
  }
});

t.test('a request waits for the answer before it, unless it was pipelined', async (t) => {
  const found = await recorded(t, [
    {
      says: [
        [0, get('/1') + get('/2')],
        [1, answer(200, '') + answer(200, '')],
        [0, get('/3')],
        [1, answer(200, '')],
      ],
    },
  ]);
  let server: Awaited<ReturnType<typeof recordingServer>>;
  const lengths: number[] = [];
  server = await recordingServer(() => {
    lengths.push(server.connections[0]!.bytes().length);
    return answer(200, '');
  });
  const account = await replay(found, server.port);
  await server.close();
  t.equal(account.answered, 3);
  t.ok(lengths[0]! >= get('/1').length);
  t.equal(lengths[1]!, (get('/1') + get('/2')).length, 'the third had not come when the second was answered');
});

t.test(
  'one at a time: across connections no request before the last answer; loops open connections anew',
  async (t) => {
    const found = await recorded(t, [exchanges(get('/1'), get('/2')), exchanges(get('/3'))]);
    let inFlight = 0;
    let most = 0;
    const order: string[] = [];
    const server = await recordingServer((_n, uri) => {
      order.push(uri);
      inFlight += 1;
      most = Math.max(most, inFlight);
      setImmediate(() => (inFlight -= 1));
      return answer(200, '');
    });
    const account = await replay(found, server.port, { pace: { kind: 'oneAtATime' }, loops: 2 });
    await server.close();
    t.match(account, { sent: 6, answered: 6, lateP99Us: null });
    t.equal(most, 1);
    t.same(order, ['/1', '/2', '/3', '/1', '/2', '/3']);
    t.equal(server.connections.length, 4);
  },
);

t.test('recorded times are kept: none is early, and the sender says how late', async (t) => {
  const found = await recorded(t, [exchanges(get('/1'), get('/2'), get('/3'))]);
  const times: number[] = [];
  const server = await recordingServer(() => {
    times.push(performance.now());
    return answer(200, '');
  });
  // A millisecond between any two requests, sixty times as slowly.
  const account = await replay(found, server.port, { pace: { kind: 'recorded', speed: 1 / 60 } });
  await server.close();
  t.ok(times[2]! - times[0]! > 2 * 60 - 30, `${times[2]! - times[0]!} ms`);
  t.ok(account.lateP99Us !== null && account.lateP99Us >= 0 && account.lateMaxUs! >= account.lateP50Us!);
});

t.test('rules reach the wire, and only where they apply', async (t) => {
  const body = 'Host: old\r\n\r\n';
  const post = `POST /2 HTTP/1.1\r\nHost: old\r\nContent-Length: ${body.length}\r\nAuthorization: recorded\r\n\r\n${body}`;
  const found = await recorded(t, [exchanges(get('/1', 'Cookie: s=1\r\n'), post)]);
  const server = await recordingServer();
  const account = await replay(found, server.port, {
    rules: { rewriteHeaders: ['host: new', 'Authorization: now', 'X-New: 1'], dropCookies: ['s', 'SESSION'] },
  });
  t.same(account.unusedRules, ['--rewrite-header x-new', '--drop-cookie SESSION']);
  const measure = { requests: account } as unknown as Parameters<typeof requestNotes>[0];
  t.match(
    requestNotes(measure).filter(({ severity }) => severity === 'warning'),
    [{ text: /no request had what --rewrite-header x-new, --drop-cookie SESSION names/ }],
  );
  await server.close();
  const sent = get('/1') + post.replace('recorded', 'now');
  t.equal(
    server.connections[0]!.bytes().toString(),
    sent.replace('Host: old', 'Host: new').replace('/2 HTTP/1.1\r\nHost: old', '/2 HTTP/1.1\r\nHost: new'),
  );
});
