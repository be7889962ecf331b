/**
 * `traffic`: floods as functions that compose. Each returns plain data, the same that a YAML file says, so a flood can be
 * printed, stored and sent. Nothing is made before it is run.
 */
import type {
  Arrivals,
  Body,
  ExchangeKind,
  Fault,
  FloodPart,
  FloodPlan,
  HalfOpenPart,
  HttpPart,
  TlsPart,
  WebSocketPart,
} from './plan-types.ts';

type Options<T, Given extends string> = Omit<T, Given>;
type Kind<T, Name extends string> = Options<Extract<T, { kind: Name }>, 'kind'>;
type Size = Body['bytes'];
type BodyOptions = Pick<Body, 'coding' | 'framing'>;
type JsonOptions = Options<Extract<Body, { type: 'json' }>, 'type' | 'bytes'>;

const body =
  <Type extends Exclude<Body['type'], 'json'>>(type: Type) =>
  (bytes: Size, options: BodyOptions = {}): Body => ({ type, bytes, ...options });

export const traffic = {
  /** Parts beside each other: a flood. */
  flood: (...parts: FloodPart[]): FloodPlan => parts,

  /** Clients that speak HTTP/1.1. */
  http: (options: Options<HttpPart, 'kind'>): HttpPart => ({ kind: 'http', ...options }),
  /** An upgrade, and messages behind it. */
  webSocket: (options: Options<WebSocketPart, 'kind'>): WebSocketPart => ({ kind: 'websocket', ...options }),
  /** TLS that nobody can read. */
  tls: (options: Options<TlsPart, 'kind'>): TlsPart => ({ kind: 'tls', ...options }),
  /** SYNs alone. */
  halfOpen: (options: Options<HalfOpenPart, 'kind'>): HalfOpenPart => ({ kind: 'half-open', ...options }),

  // Arrivals of connections.
  constant: (perSecond: number): Arrivals => ({ kind: 'constant', perSecond }),
  poisson: (perSecond: number): Arrivals => ({ kind: 'poisson', perSecond }),
  onOff: (options: Kind<Arrivals, 'on-off'>): Arrivals => ({ kind: 'on-off', ...options }),
  flashCrowd: (options: Kind<Arrivals, 'flash-crowd'>): Arrivals => ({ kind: 'flash-crowd', ...options }),
  diurnal: (options: Kind<Arrivals, 'diurnal'>): Arrivals => ({ kind: 'diurnal', ...options }),
  atOnce: (connections: number): Arrivals => ({ kind: 'at-once', connections }),

  /** A request and its answer. */
  exchange: (options: ExchangeKind = {}): ExchangeKind => options,
  /** Drawn so many times as often as one without a weight. */
  weighted: (weight: number, exchange: ExchangeKind): ExchangeKind => ({ ...exchange, weight }),
  /** A request with a body that is large, announced with `Expect: 100-continue`. */
  upload: (request: Body, options: Options<ExchangeKind, 'request'> = {}): ExchangeKind => ({
    method: 'PUT',
    target: '/files/{hex}',
    status: 201,
    expect: true,
    ...options,
    request,
  }),
  /** A request that gets no answer. */
  unanswered: (options: Options<ExchangeKind, 'answered'> = {}): ExchangeKind => ({ ...options, answered: false }),

  // Bodies, by what they say.
  json: (bytes: Size, options: JsonOptions = {}): Body => ({ type: 'json', bytes, ...options }),
  form: body('form'),
  multipart: body('multipart'),
  text: body('text'),
  binary: body('binary'),
  repeated: body('repeated'),
  /** A few kilobytes that become `bytes` when they are decoded; with several codings, a bomb in a bomb. */
  bomb: (bytes: Size, coding: NonNullable<Body['coding']> = ['gzip']): Body => ({ type: 'repeated', bytes, coding }),

  // What goes wrong.
  farAhead: (bytes: Size): Fault => ({ kind: 'far-ahead', bytes }),
  lostSegment: (segment: number): Fault => ({ kind: 'lost-segment', segment }),
  queuedAtClose: (): Fault => ({ kind: 'queued-at-close' }),
  lateSegment: (segment: number, by: string): Fault => ({ kind: 'late-segment', segment, by }),

  /** One short connection for each exchange. */
  churn: (perSecond: number, duration: string, options: Partial<Options<HttpPart, 'kind'>> = {}): HttpPart => ({
    kind: 'http',
    arrivals: { kind: 'poisson', perSecond },
    duration,
    keepAlive: 1,
    exchanges: [{ response: { type: 'json', bytes: '200B..2kB' } }],
    ...options,
  }),
  /** Each frame captured again and again. */
  duplicateStorm: (times: number, options: Options<HttpPart, 'kind' | 'duplicates'>): HttpPart => ({
    kind: 'http',
    ...options,
    duplicates: times,
  }),
  /** A few bytes at a time. */
  slowDrip: (options: Options<HttpPart, 'kind'>): HttpPart => ({
    kind: 'http',
    segmentBytes: 4,
    segmentGap: '5ms..20ms',
    ...options,
  }),
} as const;
