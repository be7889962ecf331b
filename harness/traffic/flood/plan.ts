/**
 * What a flood is made of, as plain data: a YAML file, a configuration and the builders of `traffic` say the same. Each
 * part is a population of clients; the parts run beside each other. Every name here is in docs/floods.md, and as a type in
 * `plan-types.ts`.
 */
import * as v from 'valibot';
import { bytesPattern, bytesRange, countPattern, countRange, type Range, timePattern, timeRange } from './amounts.ts';

/** A body is made whole; a count is drawn from. */
const bytesMax = 128 << 20;
const countMax = 1_000_000;
const timeUsMax = 3_600_000_000;
// What does not match has been said already.
const rangeIn = <T extends string | number>(text: T, pattern: RegExp, read: (text: T) => Range): Range =>
  pattern.test(`${text}`) ? read(text) : [0, 0];
const isWithin = (range: Range, most: number) => Math.max(...range) <= most;
const isOrdered = ([low, high]: Range) => low <= high;
const reversedWords = 'the range is reversed: the smaller end comes first';

const timeOf = (time: string) => rangeIn(time, timePattern, timeRange);
const time = v.pipe(
  v.string(),
  v.regex(timePattern, 'a time such as "20ms", or a range "1s..5s", is expected'),
  v.check((time) => isWithin(timeOf(time), timeUsMax), 'at most an hour is expected'),
  v.check((time) => isOrdered(timeOf(time)), reversedWords),
);
const bytes = amount(bytesPattern, bytesRange, {
  ...{ most: bytesMax, tooMuch: 'at most 128 MiB are expected' },
  wanted: 'a size such as "2kB", or a range "200B..20kB", is expected',
});
const count = amount(countPattern, countRange, {
  ...{ most: countMax, tooMuch: 'at most 1,000,000 are expected' },
  wanted: 'a count such as 3, or a range "1..20", is expected',
});
const perSecond = v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000_000));

/** A number, or a text that says one or a range. */
function amount(
  pattern: RegExp,
  read: (amount: string | number) => Range,
  { most, wanted, tooMuch }: { readonly most: number; readonly wanted: string; readonly tooMuch: string },
) {
  const rangeOf = (amount: string | number) => rangeIn(amount, pattern, read);
  // Behind the union, whose own words would hide them.
  return v.pipe(
    v.union(
      [v.pipe(v.string(), v.regex(pattern, wanted)), v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most))],
      wanted,
    ),
    v.check((amount) => isWithin(rangeOf(amount), most), tooMuch),
    v.check((amount) => isOrdered(rangeOf(amount)), reversedWords),
  );
}

/** When connections are opened. */
const arrivalsSchema = v.variant('kind', [
  /** At equal distances. */
  v.strictObject({ kind: v.literal('constant'), perSecond }),
  /** Independent of each other. */
  v.strictObject({ kind: v.literal('poisson'), perSecond }),
  /** Poisson while on, none while off; both last as long as an exponential draw of this mean. */
  v.strictObject({ kind: v.literal('on-off'), perSecond, on: time, off: time }),
  /** Poisson; from `at` on it rises to `times` as much, holds, and falls. */
  v.strictObject({
    kind: v.literal('flash-crowd'),
    perSecond,
    times: v.pipe(v.number(), v.gtValue(1), v.maxValue(10_000)),
    at: time,
    rise: v.optional(time),
    hold: time,
    fall: v.optional(time),
  }),
  /** Poisson about a mean, over days that may be short: quietest at the start, `swing` of the mean up and down. */
  v.strictObject({
    kind: v.literal('diurnal'),
    perSecond,
    day: time,
    swing: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  }),
  /** So many in the first instant. */
  v.strictObject({
    kind: v.literal('at-once'),
    connections: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_536)),
  }),
]);

export const codings = ['gzip', 'deflate', 'br', 'zstd'] as const;
export const jsonShapes = ['orders', 'deep', 'wide', 'strings', 'colliding'] as const;

const wire = {
  /** Applied in this order; several are a bomb in a bomb. @default none */
  coding: v.optional(v.pipe(v.array(v.picklist(codings)), v.maxLength(4))),
  /** `close`: ends with the connection, responses only. @default length */
  framing: v.optional(v.picklist(['length', 'chunked', 'close'])),
};

/** A body, of so many bytes before any coding. */
const bodySchema = v.variant('type', [
  v.strictObject({ type: v.literal('json'), bytes, shape: v.optional(v.picklist(jsonShapes)), ...wire }),
  v.strictObject({ type: v.literal('form'), bytes, ...wire }),
  v.strictObject({ type: v.literal('multipart'), bytes, ...wire }),
  v.strictObject({ type: v.literal('text'), bytes, ...wire }),
  /** Random bytes. */
  v.strictObject({ type: v.literal('binary'), bytes, ...wire }),
  /** One line again and again: a megabyte of it is a kilobyte in gzip. */
  v.strictObject({ type: v.literal('repeated'), bytes, ...wire }),
]);

const exchangeSchema = v.strictObject({
  /** How often it is drawn, beside the others. @default 1 */
  weight: v.optional(v.pipe(v.number(), v.gtValue(0))),
  /** @default GET, or POST with a request body */
  method: v.optional(v.pipe(v.string(), v.regex(/^[A-Z][A-Z-]{0,19}$/, 'a method such as GET is expected'))),
  /** `{id}` is a number, `{hex}` 32 hexadecimal digits. @default /items/{id} */
  target: v.optional(
    v.pipe(v.string(), v.regex(/^[/*][\x21-\x7e]*$/, 'a target such as /items/{id} is expected'), v.maxLength(60_000)),
  ),
  /** Further header fields of the request, each of a name of its own. @default none */
  fields: v.optional(v.strictObject({ count, bytes })),
  request: v.optional(bodySchema),
  response: v.optional(bodySchema),
  /** @default 200 */
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599))),
  /** The client asks with `Expect: 100-continue`, and the server lets it go on. @default false */
  expect: v.optional(v.boolean()),
  /** False: the request is never answered; its connection closes after `patience`. @default true */
  answered: v.optional(v.boolean()),
});

/** What goes wrong between the hosts and the observer, or what a hostile client does. */
const faultSchema = v.variant('kind', [
  /** The client sends one byte so far ahead of its stream, which never gets there. */
  v.strictObject({ kind: v.literal('far-ahead'), bytes }),
  /** This segment of the first response of each connection is never captured, though it was sent and acknowledged. */
  v.strictObject({
    kind: v.literal('lost-segment'),
    segment: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
  }),
  /** The second segment of the last response is never captured, nor any acknowledgement: it closes with the rest waiting. */
  v.strictObject({ kind: v.literal('queued-at-close') }),
  /** This segment of each message that has so many is lost on its way, and sent again after a time; what follows it comes first. */
  v.strictObject({
    kind: v.literal('late-segment'),
    segment: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
    by: time,
  }),
]);

const population = {
  arrivals: arrivalsSchema,
  /** How long connections are opened; those open then go on to their end. */
  duration: time,
  /** After the start of the flood. @default 0 */
  start: v.optional(time),
  /** Where it is captured, if frames are spread by interface. @default its place among the parts */
  interface: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(63))),
  /** Of the servers. @default 80, or 443 for TLS */
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
};

/** How the segments of a connection follow each other. */
const pacing = {
  /** @default 1ms */
  roundTrip: v.optional(time),
  /** Payload of a segment, at most. @default 1448 */
  segmentBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_448))),
  /** Between two segments of a message. @default 20us */
  segmentGap: v.optional(time),
  /** Each frame is captured so many times more. @default 0 */
  duplicates: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000))),
};

const httpSchema = v.strictObject({
  kind: v.literal('http'),
  ...population,
  /** One is drawn for each exchange. */
  exchanges: v.pipe(v.array(exchangeSchema), v.minLength(1), v.maxLength(64)),
  /** Exchanges of a connection. @default 1 */
  keepAlive: v.optional(count),
  /** Requests sent before an answer is waited for. @default 1 */
  pipelining: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256))),
  /** Between an answer and the next request. @default 0 */
  think: v.optional(time),
  ...pacing,
  fault: v.optional(faultSchema),
  /** How a connection ends: by FIN, by RST, or not at all. @default fin */
  end: v.optional(v.picklist(['fin', 'reset', 'open'])),
  /** How long a request that is never answered is waited for. @default 500ms */
  patience: v.optional(time),
});

/** A WebSocket: its upgrade, then messages both ways, which are no HTTP. */
const webSocketSchema = v.strictObject({
  kind: v.literal('websocket'),
  ...population,
  messages: v.optional(count),
  messageBytes: v.optional(bytes),
  think: v.optional(time),
  ...pacing,
});

/** TLS 1.3: a hello with a server name, then records that say nothing. */
const tlsSchema = v.strictObject({
  kind: v.literal('tls'),
  ...population,
  /** `{hex}`: 32 hexadecimal digits. @default api.example.com */
  serverName: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9.{}-]{1,200}$/, 'a host name is expected'))),
  records: v.optional(count),
  recordBytes: v.optional(bytes),
  ...pacing,
});

/** A SYN, and nothing more, from an address of its own. */
const halfOpenSchema = v.strictObject({ kind: v.literal('half-open'), ...population });

const partSchema = v.variant('kind', [httpSchema, webSocketSchema, tlsSchema, halfOpenSchema]);
export const floodSchema = v.pipe(v.array(partSchema), v.minLength(1), v.maxLength(16));
