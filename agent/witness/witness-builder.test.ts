import t from 'tap';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { BodyBuffers } from '../body/json-document.ts';
import { DecoderPool } from '../coding/decoder-pool.ts';
import type { HeaderFields, HttpMessage } from '../http/message-handler.ts';
import type { ValueTyper } from './body-builder.ts';
import { type Data, DataKind, type Fields, Location, stringData, type Witness } from './ir.ts';
import { WitnessBuilder, type WitnessContext } from './witness-builder.ts';
import { defaultWitnessLimits } from './witness-limits.ts';

const typer: ValueTyper = { string: stringData, text: stringData, number: (data) => data };

/** The value as plain data, for comparing. */
function plain(data: Data | null): unknown {
  if (data === null) return null;
  if (data.kind === DataKind.STRUCT) {
    const fields = data.value as Fields;
    return Object.fromEntries(fields.keys.map((key, i) => [key, plain(fields.values[i]!)]));
  }
  if (data.kind === DataKind.LIST) return (data.value as Data[]).map(plain);
  if (data.kind === DataKind.OPTIONAL) return plain(data.value as Data | null);
  return data.kind === DataKind.NONE ? '…' : data.value;
}

const locations = Object.fromEntries(Object.entries(Location).map(([name, number]) => [number, name.toLowerCase()]));
const describe = (values: Fields) =>
  values.values.map((data) => {
    const { meta } = data;
    return [`${locations[meta!.location]} ${meta!.key}`.trim(), plain(data), meta!.responseCode];
  });

function fields(list: [string, string][]): HeaderFields {
  return {
    count: list.length,
    name: (i) => list[i]![0],
    value: (i) => list[i]![1],
    get: (name) => list.find(([key]) => key.toLowerCase() === name)?.[1],
    all: (name) => list.flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : [])).join() || undefined,
  };
}

function message(
  kind: 'request' | 'response',
  exchange: number,
  headers: [string, string][],
  more: Partial<HttpMessage> = {},
): HttpMessage {
  return {
    kind,
    stream: 3,
    connection: 7,
    side: kind === 'request' ? 0 : 1,
    exchange,
    pairing: 'certain',
    tsUs: 1000,
    lastTsUs: 2000,
    method: 'POST',
    uri: '/a/b?q=1&q=2&r=%C3%A4',
    status: kind === 'request' ? 0 : 200,
    reason: '',
    minorVersion: 1,
    headers: fields(headers),
    headersBytes: 100,
    bodyBytes: 0,
    missingBytes: 0,
    complete: true,
    flags: 0,
    ...more,
  };
}

function setUp(limits: Partial<typeof defaultWitnessLimits> = {}) {
  const given: { witness: Witness; context: WitnessContext }[] = [];
  const builder = new WitnessBuilder(
    { ...defaultWitnessLimits, ...limits, body: defaultBodyLimits },
    { decoders: new DecoderPool(1 << 20), buffers: new BodyBuffers(1 << 20) },
    typer,
    { witness: (witness, context) => void given.push({ witness, context }) },
  );
  const send = (it: HttpMessage, ...body: string[]) => {
    builder.begin(it);
    for (const piece of body) builder.body(it, Buffer.from(piece), 0, piece.length);
    builder.end(it);
  };
  return { builder, given, send };
}

t.test('an exchange becomes one witness with every value in its place', async (t) => {
  const { builder, given, send } = setUp();
  send(
    message('request', 0, [
      ['host', 'api.example'],
      ['x-REQUEST-id', 'r1'],
      ['Cookie', 'sid=abc; theme=dark'],
      ['Authorization', 'Bearer t0ken'],
      ['Accept', 'a'],
      ['Accept', 'b'],
      ['Content-Type', 'application/json'],
    ]),
    '{"name":"x",',
    '"tags":["p","q"],"n":null}',
  );
  t.equal(given.length, 0, 'waits for the response');
  const interim = message('response', 0, [], { status: 100, tsUs: 2500 });
  send(interim);
  send(
    message(
      'response',
      0,
      [
        ['Set-Cookie', 'sid=def; Path=/'],
        ['Content-Type', 'text/plain'],
      ],
      { tsUs: 5000 },
    ),
    'done',
  );
  t.equal(given.length, 1);
  const { witness, context } = given[0]!;
  const { method } = witness;
  t.match(method!.meta, { method: 'POST', pathTemplate: '/a/b', host: 'api.example', processingLatencyMs: 3 });
  t.same(describe(method!.args), [
    ['query q', '1', 0],
    ['query q', '2', 0],
    ['query r', 'ä', 0],
    ['header X-Request-Id', 'r1', 0],
    ['cookie sid', 'abc', 0],
    ['cookie theme', 'dark', 0],
    ['auth', 't0ken', 0],
    ['header Accept', 'a', 0],
    ['header Accept', 'b', 0],
    ['body', { name: 'x', tags: ['p', 'q'], n: null }, 0],
  ]);
  t.same(describe(method!.responses), [
    ['cookie sid', 'def', 200],
    ['body', 'done', 200],
  ]);
  t.match(context, { stream: 3, exchange: 0, hasRequest: true, hasResponse: true, complete: true });
  t.equal(builder.values.bytes, 0, 'the budget is given back');
  t.equal(builder.pending, 0);
});

t.test('forms and parts are structs; a repeated name is a list', async (t) => {
  const { given, send } = setUp();
  send(message('request', 0, [['Content-Type', 'application/x-www-form-urlencoded']], { uri: '/' }), 'a=1&b=2&a=3&a=4');
  const parts =
    '--B\r\nContent-Disposition: form-data; name="f"; filename="x.json"\r\nContent-Type: application/json\r\n\r\n{"k":[1]}\r\n' +
    '--B\r\nContent-Disposition: form-data; name=g\r\n\r\nplain\r\n--B--';
  send(message('response', 0, [['Content-Type', 'multipart/form-data; boundary=B']]), parts);
  const { method } = given[0]!.witness;
  t.same(describe(method!.args), [['body', { a: ['1', '3', '4'], b: '2' }, 0]]);
  t.same(describe(method!.responses), [['multipart form-data', { f: { k: [1] }, g: 'plain' }, 200]]);
});

t.test('pipelined, overtaken, orphaned and abandoned halves', async (t) => {
  const { builder, given, send } = setUp();
  send(message('request', 0, []));
  send(message('request', 1, []));
  send(message('response', 0, []));
  send(message('response', 1, []));
  t.same(
    given.map(({ context }) => [context.exchange, context.complete]),
    [
      [0, true],
      [1, true],
    ],
  );
  send(message('response', 2, []));
  t.equal(given.length, 2, 'a response that overtook its request waits for it');
  send(message('request', 2, []));
  t.match(given[2]!.context, { exchange: 2, hasRequest: true, hasResponse: true });
  send(message('response', -1, []));
  t.match(given[3]!.context, { hasRequest: false, hasResponse: true, complete: false });
  send(message('request', 0, []));
  send(message('request', 0, []));
  t.match(given[4]!.context, { hasRequest: true, hasResponse: false, complete: false }, 'it came twice');
  builder.begin(message('response', 0, []));
  builder.finish();
  t.match(given[5]!.context, { hasRequest: true, hasResponse: true, complete: false });
  t.equal(builder.pending, 0);
  t.equal(builder.values.bytes, 0);
  t.match(builder.counters, { witnesses: 6, requestsAlone: 1, responsesAlone: 1 });
});

t.test('an unanswered request is not answered by the next connection in its slot', (t) => {
  const { builder, given, send } = setUp();
  send(message('request', 0, [['host', 'theirs']], { connection: 1 }));
  // Captured before its own request: it has that one's number.
  send(message('response', 0, [], { connection: 2, method: '' }));
  t.equal(given.length, 0, 'it waits for its own');
  send(message('request', 0, [['host', 'ours']], { connection: 2 }));
  t.match(given[0]!.witness.method!.meta, { host: 'ours' });
  t.match(given[0]!.context, { hasRequest: true, hasResponse: true, stream: 3, exchange: 0, complete: true });
  send(message('response', -1, [], { connection: 2 }));
  t.match(given[1]!.context, { hasRequest: false, exchange: -1 });
  builder.finish();
  t.match(given[2]!.witness.method!.meta, { host: 'theirs' });
  t.match(given[2]!.context, { hasRequest: true, hasResponse: false });
  t.end();
});

t.test('what waits is bounded in number and in time', async (t) => {
  const { builder, given, send } = setUp({ pendingMax: 2, pendingTimeoutUs: 1_000_000 });
  for (let exchange = 0; exchange < 5; exchange += 1) send(message('request', exchange, [], { tsUs: exchange * 100 }));
  t.equal(builder.pending, 2);
  t.same(
    given.map(({ context }) => context.exchange),
    [0, 1, 2],
  );
  builder.advance(999_000);
  t.equal(builder.pending, 2);
  builder.advance(1_000_350);
  t.equal(builder.pending, 1);
  t.match(builder.counters, { pendingEvicted: 3, pendingExpired: 1 });
});

t.test('values are paid for: a message that is too rich is cut, and says so', async (t) => {
  const { builder, given, send } = setUp({ messageBytesMax: 20_000 });
  send(message('request', 0, [], { uri: '/' }), `[${'{"a":[1,{"b":"x"}]},'.repeat(500)}0]`);
  send(message('response', 0, []));
  const body = plain(given[0]!.witness.method!.args.values[0]!) as unknown[];
  t.ok(body.length > 10 && body.length < 100, `${body.length} elements kept`);
  t.same(body[0], { a: [1, { b: 'x' }] });
  t.notOk(given[0]!.context.complete);
  t.ok(builder.values.shed > 0);
  t.equal(builder.values.bytes, 0);
  t.equal(builder.counters.bodiesOverLimit, 1);
});

t.test('under pressure bodies are shed and counted, heads stay', async (t) => {
  const { builder, given, send } = setUp();
  builder.shedBodies = true;
  send(message('request', 0, [['A', 'b']], { uri: '/' }), '{"a":1}', '{"b":1}');
  send(message('response', 0, []), 'x');
  t.same(describe(given[0]!.witness.method!.args), [['header A', 'b', 0]]);
  t.equal(builder.counters.bodiesShed, 2);
});
