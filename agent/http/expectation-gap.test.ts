/**
 * `Expect: 100-continue` where bytes are missing: what came may be the body, or the next requests of a client that was refused.
 * No request is made up of a body's middle, and no pair is certain that may be another's.
 */
import t from 'tap';
import type { GapReason, Side } from '../tcp/stream-handler.ts';
import { createHttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import { defaultHttpLimits } from './http-limits.ts';
import type { HttpMessage } from './message-handler.ts';
import { play } from './pairing.fuzz.ts';
import { converse } from './pairing-traffic-fixture.ts';

const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
const post = (name: string, length: number) => `POST /${name} HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n`;
const put = (length: number) => post('up', length).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n');
const ok = (name: string) => `HTTP/1.1 200 OK\r\nX-Id: /${name}\r\nContent-Length: 20\r\n\r\n${'r'.repeat(20)}`;
const refuses = 'HTTP/1.1 413 No\r\nX-Id: /up\r\nContent-Length: 0\r\n\r\n';
const goesOn = 'HTTP/1.1 100 Continue\r\n\r\n';

/**
 * A step: who sends what. In lower case it is seen, in upper case it is missing; of a `copy` the acknowledgement is as late as
 * can be. The client's bytes come before the server's where `late`, as after a hole that was waited for.
 */
type Step = [who: 'c' | 's' | 'C' | 'S' | 'copy', bytes: string];

/** Steps of a client that takes turns, behind an exchange that both sides saw. @returns requests, and pairs */
function pairsOf(steps: readonly Step[], late: Side | null = null) {
  const halves = new Map<number, { request: string; response: string; verdict: string }>();
  const requests: string[] = [];
  const begin = (message: HttpMessage) => {
    const { kind, exchange, status, pairing } = message;
    if (kind === 'request') requests.push(`${message.method} ${message.uri}`);
    if (exchange < 0 || (status >= 100 && status < 200)) return;
    const both = halves.get(exchange) ?? { request: '', response: '', verdict: '' };
    both[kind] = kind === 'request' ? message.uri : message.headers.get('x-id')!;
    halves.set(exchange, { ...both, verdict: pairing });
  };
  const end = ({ exchange, pairing }: HttpMessage) => {
    const both = halves.get(exchange);
    if (both?.verdict === 'probable') both.verdict = pairing;
  };
  const handler = { begin, body() {}, bodyGap() {}, end };
  const limits = { ...defaultHttpLimits, streamsMax: 1 };
  const layer = new HttpLayer({ limits, handler, counters: createHttpCounters() });
  layer.open(0, 0, false);
  const sent = [1000, 50_000];
  const early: (() => void)[] = [];
  const behind: (() => void)[] = [];
  const all: Step[] = [['c', get('first')], ['s', ok('first')], ...steps];
  for (const [at, [who, text]] of all.entries()) {
    const side: Side = who.toLowerCase() === 's' ? 1 : 0;
    const bytes = Buffer.from(text);
    const sequence = sent[side]!;
    sent[side]! += bytes.length;
    let acknowledgement = sent[1 - side]!;
    if (who === 'copy') acknowledgement += all[at + 1]![1].length;
    const isSeen = who === 'copy' || who === who.toLowerCase();
    const now = at * 1000;
    (side === late && at > 1 ? behind : early).push(() => {
      if (isSeen) layer.data(0, side, bytes, 0, bytes.length, now, sequence, acknowledgement);
      else layer.gap(0, side, bytes.length, 0 as GapReason, now);
    });
  }
  for (const run of [...early, ...behind]) run();
  layer.close(0, 0, 1_000_000);
  t.equal(layer.waitingRequests, 0);
  const pairs = [...halves.values()].filter(({ request, response }) => request !== '' && response !== '');
  for (const { request, response, verdict } of pairs) t.equal(response, request, verdict);
  return { requests, pairs: pairs.map(({ request, verdict }) => `${request.slice(1)} ${verdict}`) };
}

/** Exchanges that all are seen. */
const more = (...names: string[]) =>
  names.flatMap((name): Step[] => [
    ['c', get(name)],
    ['s', ok(name)],
  ]);

t.test('refused, and the next request missing: the ones behind it are requests', (t) => {
  for (const late of [null, 0, 1] as const) {
    const { requests, pairs } = pairsOf(
      [['c', put(400)], ['S', refuses], ['C', get('two')], ['S', ok('two')], ...more('three', 'four')],
      late,
    );
    t.same(requests, ['GET /first', 'POST /up', 'GET /three', 'GET /four']);
    t.ok(
      pairs.some((pair) => pair.startsWith('four ')),
      pairs.join(),
    );
  }
  t.end();
});

t.test('refused, and the head of the next request missing: what is taken for the body ends anywhere', (t) => {
  const upload = `${post('two', 150)}${'q'.repeat(150)}`;
  const cut = upload.indexOf('q') + 20;
  const swallowed = 130 + get('three').length;
  // It ends in the middle of a method, of a target, of a version.
  for (let length = swallowed + cut + 1; length < swallowed + cut + get('four').length; length += 3) {
    for (const late of [null, 0, 1] as const) {
      const { requests, pairs } = pairsOf(
        [
          ['c', put(length)],
          ['S', refuses],
          ['C', upload.slice(0, cut)],
          ['c', upload.slice(cut)],
          ['S', ok('two')],
          ...more('three', 'four', 'five', 'six'),
        ],
        late,
      );
      t.same(requests, ['GET /first', 'POST /up', 'GET /five', 'GET /six'], `a body of ${length}`);
      t.ok(pairs.includes('six certain') || pairs.includes('six probable'), pairs.join());
    }
  }
  t.end();
});

t.test('a copy that acknowledges the refusal: what follows it is no body for sure', (t) => {
  for (let cut = 1; cut < get('three').length; cut += 1) {
    for (const late of [null, 0, 1] as const) {
      const { requests } = pairsOf(
        [
          ['c', get('zero')],
          ['S', ok('zero')],
          ['copy', put(get('two').length + cut)],
          ['S', refuses],
          ['c', get('two') + get('three')],
          ['S', ok('two') + ok('three')],
          ...more('four', 'five', 'six'),
        ],
        late,
      );
      t.same(requests, ['GET /first', 'GET /zero', 'POST /up', 'GET /four', 'GET /five', 'GET /six']);
    }
  }
  t.end();
});

t.test('a body that was sent, with a part missing: the requests behind it are found', (t) => {
  for (const seen of ['s', 'S'] as const) {
    for (const late of [null, 0, 1] as const) {
      const { requests, pairs } = pairsOf(
        [
          ['c', put(3000)],
          [seen, goesOn],
          ['C', 'q'.repeat(1400)],
          ['c', 'q'.repeat(1600)],
          ['s', ok('up')],
          ...more('two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'),
        ],
        late,
      );
      t.equal(requests.length, 10);
      t.ok(pairs.includes('nine certain'), pairs.join());
    }
  }
  t.end();
});

t.test(
  'captured out of order, in a stream whose start was missed: 100 before its request, the answer before the body',
  (t) => {
    const body = 'q'.repeat(3000);
    const [first, head, up] = [ok('first'), put(body.length), ok('up')];
    const asked = 1000 + get('first').length;
    const continued = 50_000 + first.length;
    const answered = continued + goesOn.length;
    const sent = asked + head.length;
    for (const swaps of [false, true]) {
      const found: string[] = [];
      const note = ({ kind, method, uri, status, exchange, pairing, bodyBytes, complete }: HttpMessage) =>
        found.push(
          [exchange, kind === 'request' ? `${method} ${uri}` : status, pairing, bodyBytes, complete].join(' '),
        );
      const handler = { begin() {}, body() {}, bodyGap() {}, end: note };
      const limits = { ...defaultHttpLimits, streamsMax: 1 };
      const layer = new HttpLayer({ limits, handler, counters: createHttpCounters() });
      layer.open(0, 0, true);
      const segments: [Side, string, number, number][] = [
        [0, get('first'), 1000, 50_000],
        [1, first, 50_000, asked],
        [0, head, asked, continued],
        [1, goesOn, continued, sent],
        [0, body, sent, answered],
        [1, up, answered, sent + body.length],
      ];
      for (const at of swaps ? [0, 1, 3, 2, 5, 4] : [0, 1, 2, 3, 4, 5]) {
        const [side, text, sequence, ack] = segments[at]!;
        layer.data(0, side, Buffer.from(text), 0, text.length, at * 1000, sequence, ack);
      }
      layer.close(0, 0, 1_000_000);
      t.match(
        found.find((line) => line.includes('/up')),
        /^1 POST \/up \w+ 3000 true$/,
      );
      t.match(found.at(swaps ? -2 : -1), /^1 200 \w+ 20 true$/, `the same exchange, ${swaps}`);
    }
    t.end();
  },
);

t.test('an announced body that is missing with what follows it makes no complete request', (t) => {
  const body = 'q'.repeat(400);
  for (const lost of [500, 300]) {
    const found: string[] = [];
    const handler = {
      begin() {},
      body() {},
      bodyGap() {},
      end: ({ kind, bodyBytes, complete }: HttpMessage) => {
        if (kind === 'request') found.push(`${bodyBytes} ${complete}`);
      },
    };
    const limits = { ...defaultHttpLimits, streamsMax: 1 };
    const layer = new HttpLayer({ limits, handler, counters: createHttpCounters() });
    layer.open(0, 0, false);
    const head = put(body.length);
    layer.data(0, 0, Buffer.from(head), 0, head.length, 0, 1000, 50_000);
    layer.data(0, 1, Buffer.from(ok('up')), 0, ok('up').length, 1, 50_000, 1000 + head.length + body.length);
    layer.gap(0, 0, lost, 0 as GapReason, 2);
    layer.close(0, 0, 1_000_000);
    t.same(found, ['0 false'], `${lost} of ${body.length} bytes, and what follows`);
  }
  t.end();
});

t.test('conversations that a million exchanges came upon', (t) => {
  const of = (seed: number, clientPort: number, skewUs: number, loss: number, exchanges: number, startUs: number) =>
    converse({ seed, client: 'serial', clientPort, skewUs, loss, exchanges, startUs: 17e14 + startUs });
  for (const talk of [
    of(1_883_895_009, 20_002, 0, 0.05, 133, 276_760),
    of(2_175_181_449, 20_001, 300_661, 0.05, 96, 475_005),
    of(216_330_192, 20_008, 235_705, 0.01, 120, 351_468),
  ]) {
    for (const byKernel of [true, false]) {
      const pairs = [...play(talk.frames, byKernel).exchanges.values()];
      const both = pairs.filter(({ request, response }) => request !== null && response !== null);
      t.ok(both.length > talk.headsSeen.filter(Boolean).length * 0.85);
      for (const { request, response } of both) if (request !== response) t.fail(`${request} has ${response}`);
    }
  }
  t.end();
});

t.test('archives in bodies, one direction late: no certain pair is wrong', (t) => {
  const of = (seed: number, clientPort: number, skewUs: number, loss: number, exchanges: number, startUs: number) =>
    converse({
      ...{ seed, client: 'mixed', clientPort, skewUs, loss, exchanges, startUs: 17e14 + startUs },
      ...{ archives: 0.3, isMotley: true },
    });
  let count = 0;
  for (const talk of [
    of(1_938_903_149, 20_017, -309_135, 0.01, 116, 26_537),
    of(1_676_118_553, 20_010, -965_125, 0.0005, 27, 496_910),
    of(2_952_983_336, 20_007, 969_988, 0.05, 20, 3033),
    of(603_517_516, 20_001, 287_762, 0.0005, 141, 488_207),
  ]) {
    for (const byKernel of [true, false]) {
      const certain = [...play(talk.frames, byKernel).exchanges.values()].filter(
        ({ verdict }) => verdict === 'certain',
      );
      count += certain.length;
      for (const { request, response } of certain) if (request !== response) t.fail(`${request} has ${response}`);
    }
  }
  t.ok(count >= 10, `${count} certain pairs`);
  t.end();
});

t.test('100 with fields is as long as an answer: what came behind the head was the body all the same', (t) => {
  const archive = 'GET /archived HTTP/1.1\r\nHost: a\r\n\r\n';
  const long100 = 'HTTP/1.1 100 Continue\r\nDate: Mon, 30 Nov 2026 17:50:00 GMT\r\n\r\n';
  for (const body of [archive, `${archive}${'q'.repeat(100)}`]) {
    const next = [1000, 50_000] as [number, number];
    const segments: [Side, string, number, number][] = [];
    const send = (side: Side, text: string) => {
      segments.push([side, text, next[side], next[side ^ 1]!]);
      next[side] += text.length;
    };
    send(0, `POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`);
    send(1, long100);
    send(0, body);
    send(1, ok('/up'));
    for (const target of ['/1', '/2', '/3']) {
      send(0, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      send(1, ok(target));
    }
    const wrong: string[] = [];
    const handler = {
      begin() {},
      body() {},
      bodyGap() {},
      end: ({ kind, status, uri, headers, pairing }: HttpMessage) => {
        if (kind !== 'response' || status === 100 || pairing !== 'certain') return;
        const id = headers.get('x-id');
        if (id !== uri) wrong.push(`${uri} has ${id}`);
      },
    };
    const layer = new HttpLayer({
      ...{ limits: { ...defaultHttpLimits, streamsMax: 1 }, handler, counters: createHttpCounters() },
    });
    layer.open(0, 0, false);
    let us = 0;
    for (const late of [0, 1]) {
      for (const [side, text, sequence, ack] of segments.filter(([from]) => from === late)) {
        us += 1000;
        layer.data(0, side, Buffer.from(text), 0, text.length, us, sequence, ack);
      }
    }
    layer.close(0, 0, 1_000_000);
    t.same(wrong, [], `${body.length} bytes`);
  }
  t.end();
});
