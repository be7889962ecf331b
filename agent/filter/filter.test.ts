import t from 'tap';
import type { HttpMessage, MessageHandler } from '../http/message-handler.ts';
import { ExchangeFilter, type FilterRules } from './exchange-filter.ts';
import { Expressions } from './expressions.ts';
import { OwnTraffic } from './own-traffic.ts';
import { RateWindows } from './rate-windows.ts';

const all: FilterRules = {
  allowHosts: null,
  excludeHosts: null,
  allowPaths: null,
  excludePaths: null,
  sampleShare: 1,
  rate: null,
  isOwn: null,
  random: () => 0,
};

function message(kind: 'request' | 'response', exchange: number, fields: Partial<HttpMessage> = {}): HttpMessage {
  const headers = { count: 1, name: () => 'Host', value: () => '', get: () => 'User@API.Example:8080' };
  const side = kind === 'request' ? 0 : 1;
  const status = kind === 'request' ? 0 : 200;
  const uri = kind === 'request' ? '/' : '';
  const place = { stream: 3, connection: 7, side };
  return { kind, exchange, ...place, status, uri, method: 'GET', tsUs: 1, headers, ...fields } as HttpMessage;
}

/** What comes out of the filter, as a transcript. */
function found(rules: Partial<FilterRules>): { filter: ExchangeFilter; lines: string[]; send(one: HttpMessage): void } {
  const lines: string[] = [];
  const inner: MessageHandler = {
    begin: (one) => void lines.push(`${one.kind} ${one.exchange}`),
    body: (one) => void lines.push(`body ${one.exchange}`),
    bodyGap: (one) => void lines.push(`gap ${one.exchange}`),
    end: (one) => void lines.push(`end ${one.exchange}`),
  };
  const filter = new ExchangeFilter({ ...all, ...rules }, inner, { streamsMax: 16, verdictsMax: 8192 });
  const send = (one: HttpMessage) => {
    filter.begin(one);
    filter.body(one, new Uint8Array(1), 0, 1);
    filter.bodyGap(one, 1);
    filter.end(one);
  };
  return { filter, lines, send };
}

t.test('by path and host, requests and their responses', (t) => {
  const cases: [Partial<FilterRules>, Partial<HttpMessage>, boolean][] = [
    [{ allowPaths: new Expressions(['^/v1/']) }, { uri: '/v1/a?x=/v2/' }, true],
    [{ allowPaths: new Expressions(['^/v1/']) }, { uri: '/v2/a?x=/v1/' }, false],
    [{ allowPaths: new Expressions(['^/v1/']) }, { uri: 'http://h.example/v1/a' }, true],
    [{ excludePaths: new Expressions(['^/health$']) }, { uri: '/health?deep' }, false],
    [{ excludePaths: new Expressions(['^/health$']) }, { uri: '/healthy' }, true],
    [{ allowPaths: new Expressions(['^/v1']), excludePaths: new Expressions(['admin']) }, { uri: '/v1/admin' }, false],
    [{ allowHosts: new Expressions(['^api\\.example$'], { ignoreCase: true }) }, {}, true],
    [
      { allowHosts: new Expressions(['^API\\.example$'], { ignoreCase: true }) },
      { uri: 'http://u@other.example:1/' },
      false,
    ],
    [{ excludeHosts: new Expressions(['example']) }, {}, false],
    [{ isOwn: (stream) => stream === 3 }, {}, false],
    [{ isOwn: (stream) => stream === 4 }, {}, true],
  ];
  for (const [rules, fields, isPassed] of cases) {
    const { lines, send, filter } = found(rules);
    send(message('request', 0, fields));
    send(message('response', 0, { status: 100 }));
    send(message('response', 0));
    const whole = ['request 0', 'response 0', 'response 0'].flatMap((line) => [line, 'body 0', 'gap 0', 'end 0']);
    t.strictSame(lines, isPassed ? whole : [], JSON.stringify(fields));
    const { exchangesPassed, excludedHost, excludedOwn, excludedPath } = filter.counters;
    t.equal(exchangesPassed, isPassed ? 1 : 0);
    t.equal(excludedHost + excludedOwn + excludedPath, isPassed ? 0 : 1, 'counted once');
  }
  t.end();
});

t.test('responses whose request is not known', (t) => {
  const chosen = found({ excludePaths: new Expressions(['^/a']) });
  chosen.send(message('response', -1));
  t.strictSame(chosen.lines, []);
  t.equal(chosen.filter.counters.responsesUnknown, 1);
  const sampled = found({ sampleShare: 0.5, random: () => 0.7 });
  sampled.send(message('response', 4));
  sampled.send(message('request', 4));
  t.strictSame(sampled.lines, [], 'an early response and its request go together');
  t.equal(sampled.filter.counters.sampledOut, 1);
  t.end();
});

t.test('interleaved exchanges of one stream keep their verdicts; the table is bounded', (t) => {
  const { lines, send, filter } = found({ excludePaths: new Expressions(['x']) });
  for (const [exchange, uri] of ['/a', '/x', '/b'].entries()) send(message('request', exchange, { uri }));
  for (const exchange of [0, 1, 2]) send(message('response', exchange));
  t.strictSame(
    lines.filter((line) => /re/.test(line)),
    ['request 0', 'request 2', 'response 0', 'response 2'],
  );
  for (let exchange = 0; exchange < 10_000; exchange += 1) send(message('request', exchange));
  t.equal(filter.counters.verdictsEvicted, 10_000 - 8192);
  t.end();
});

t.test('sampling takes its share', (t) => {
  let next = 0;
  const random = () => (next = (next + 0.618034) % 1);
  const { send, filter } = found({ sampleShare: 0.25, random });
  for (let exchange = 0; exchange < 10_000; exchange += 1) send(message('request', exchange));
  t.ok(Math.abs(filter.counters.exchangesPassed - 2500) < 20, `${filter.counters.exchangesPassed}`);
  t.equal(filter.counters.exchangesPassed + filter.counters.sampledOut, 10_000);
  t.end();
});

const minuteUs = 60e6;

/** Exchanges at even intervals over minutes; of each minute, the seconds at which some were taken. */
function windows(perMinute: number, ratePerSecond: number, minutes: number, random: () => number) {
  const rate = new RateWindows(perMinute, random);
  const seconds: Set<number>[] = [];
  const counts: number[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    seconds.push(new Set());
    counts.push(0);
    for (let i = 0; i < 60 * ratePerSecond; i += 1) {
      if (!rate.take(1e15 + minute * minuteUs + (i * 1e6) / ratePerSecond)) continue;
      counts[minute]! += 1;
      seconds[minute]!.add(Math.floor(i / ratePerSecond));
    }
  }
  return { seconds, counts };
}

t.test('the limit holds, its window moves, little traffic is not touched', (t) => {
  let next = 0.1;
  const random = () => (next = (next + 0.618034) % 1);
  const { seconds, counts } = windows(100, 50, 40, random);
  t.ok(counts.every((count) => count <= 100));
  t.ok(
    counts.slice(20).every((count) => count === 100),
    `windows fill: ${counts}`,
  );
  const starts = new Set(seconds.map((each) => [...each][0]));
  t.ok(starts.size > 10, `${starts.size} different beginnings`);
  t.ok(
    [...starts].some((second) => second! > 30),
    'late ones among them',
  );
  t.strictSame(windows(100, 1, 10, random).counts, Array(10).fill(60), 'below the limit everything passes');
  const jumps = new RateWindows(2, () => 0);
  t.strictSame(
    [1e15, 1e15, 1e15, 1e15 + 600e6, 5e14].map((tsUs) => jumps.take(tsUs)),
    [true, true, false, true, true],
  );
  t.end();
});

t.test('own connections by both ends, the last 64', (t) => {
  const own = new OwnTraffic();
  const ends = { localAddress: '::ffff:10.0.0.1', localPort: 40_000, remoteAddress: '10.0.0.2', remotePort: 80 };
  t.ok(own.isEmpty);
  own.add(ends);
  const stream = { clientAddress: '10.0.0.1', clientPort: 40_000, serverAddress: '10.0.0.2', serverPort: 80 };
  t.ok(own.has(stream));
  t.ok(own.has({ clientAddress: '10.0.0.2', clientPort: 80, serverAddress: '10.0.0.1', serverPort: 40_000 }));
  t.notOk(own.has({ ...stream, clientPort: 40_001 }));
  for (let localPort = 1; localPort <= 64; localPort += 1) own.add({ ...ends, localPort });
  t.notOk(own.has(stream), 'bounded');
  own.add({});
  own.addListener('::1', 9464);
  t.ok(own.has({ ...stream, serverAddress: '::1', serverPort: 9464 }));
  t.ok(own.has({ ...stream, clientAddress: '::1', clientPort: 9464 }));
  t.end();
});

t.test('a verdict on one connection is none on the next in its slot', (t) => {
  const { lines, send } = found({ excludePaths: new Expressions(['^/health']) });
  // It came before its request, which never came.
  send(message('response', 0, { connection: 1 }));
  t.strictSame(lines, [], 'it is unknown whose it is');
  send(message('request', 0, { connection: 2, uri: '/items' }));
  t.equal(lines[0], 'request 0', 'another connection is judged by itself');
  t.end();
});
