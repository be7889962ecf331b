/** What a flood is made of, as types. They are published as they stand here; `plan.ts` checks values for the same. */

/** `'2kB'`, a range `'200B..20kB'`, or a number of bytes. */
export type Bytes = string | number;
/** `3`, or a range `'1..20'`. */
export type Count = string | number;
/** `'20ms'`, or a range `'1s..5s'`. */
export type Time = string;

/** When connections are opened. */
export type Arrivals =
  /** At equal distances. */
  | { kind: 'constant'; perSecond: number }
  /** Independent of each other. */
  | { kind: 'poisson'; perSecond: number }
  /** Poisson while on, none while off; both last as long as an exponential draw of this mean. */
  | { kind: 'on-off'; perSecond: number; on: Time; off: Time }
  /** Poisson; from `at` on it rises to `times` as much, holds, and falls. */
  | {
      kind: 'flash-crowd';
      perSecond: number;
      times: number;
      at: Time;
      rise?: Time | undefined;
      hold: Time;
      fall?: Time | undefined;
    }
  /** Poisson about a mean, over days that may be short: quietest at the start, `swing` of the mean up and down. */
  | { kind: 'diurnal'; perSecond: number; day: Time; swing?: number | undefined }
  /** So many in the first instant. */
  | { kind: 'at-once'; connections: number };

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';
/**
 * `orders`: as an API returns them. `deep`: nested to the bottom. `wide`: one object of many members. `strings`: long texts. `colliding`:
 * members whose names have one hash under h·31 + c, and names that are numbers.
 */
export type JsonShape = 'orders' | 'deep' | 'wide' | 'strings' | 'colliding';

interface AnyBody {
  /** Before any coding. */
  bytes: Bytes;
  /** Applied in this order; several are a bomb in a bomb. @default none */
  coding?: Coding[] | undefined;
  /** `close`: ends with the connection, responses only. @default length */
  framing?: 'length' | 'chunked' | 'close' | undefined;
}

interface JsonBody extends AnyBody {
  type: 'json';
  /** @default orders */
  shape?: JsonShape | undefined;
}

interface FormBody extends AnyBody {
  type: 'form';
}

interface MultipartBody extends AnyBody {
  type: 'multipart';
}

interface TextBody extends AnyBody {
  type: 'text';
}

/** Random bytes. */
interface BinaryBody extends AnyBody {
  type: 'binary';
}

/** One line again and again: a megabyte of it is a kilobyte in gzip. */
interface RepeatedBody extends AnyBody {
  type: 'repeated';
}

export type Body = JsonBody | FormBody | MultipartBody | TextBody | BinaryBody | RepeatedBody;

/** A request and its answer. */
export interface ExchangeKind {
  /** How often it is drawn, beside the others. @default 1 */
  weight?: number | undefined;
  /** @default GET, or POST with a request body */
  method?: string | undefined;
  /** `{id}` is a number, `{hex}` 32 hexadecimal digits. @default /items/{id} */
  target?: string | undefined;
  /** Further header fields of the request, each of a name of its own. @default none */
  fields?: { count: Count; bytes: Bytes } | undefined;
  request?: Body | undefined;
  response?: Body | undefined;
  /** @default 200 */
  status?: number | undefined;
  /** The client asks with `Expect: 100-continue`, and the server lets it go on. @default false */
  expect?: boolean | undefined;
  /** False: the request is never answered; its connection closes after `patience`. @default true */
  answered?: boolean | undefined;
}

/** What goes wrong between the hosts and the observer, or what a hostile client does. */
export type Fault =
  /** The client sends one byte so far ahead of its stream, which never gets there. */
  | { kind: 'far-ahead'; bytes: Bytes }
  /** This segment of the first response of each connection is never captured, though it was sent and acknowledged. */
  | { kind: 'lost-segment'; segment: number }
  /** The second segment of the last response is never captured, nor any acknowledgement: it closes with the rest waiting. */
  | { kind: 'queued-at-close' }
  /** This segment of each message that has so many is lost on its way, and sent again after a time; what follows it comes first. */
  | { kind: 'late-segment'; segment: number; by: Time };

interface Population {
  arrivals: Arrivals;
  /** How long connections are opened; those open then go on to their end. */
  duration: Time;
  /** After the start of the flood. @default 0 */
  start?: Time | undefined;
  /** Where it is captured, if frames are spread by interface. @default its place among the parts */
  interface?: number | undefined;
  /** Of the servers. @default 80, or 443 for TLS */
  port?: number | undefined;
}

/** How the segments of a connection follow each other. */
interface Paced {
  /** @default 1ms */
  roundTrip?: Time | undefined;
  /** Payload of a segment, at most. @default 1448 */
  segmentBytes?: number | undefined;
  /** Between two segments of a message. @default 20us */
  segmentGap?: Time | undefined;
  /** Each frame is captured so many times more. @default 0 */
  duplicates?: number | undefined;
}

/** Clients that speak HTTP/1.1. */
export interface HttpPart extends Population, Paced {
  kind: 'http';
  /** One is drawn for each exchange. */
  exchanges: ExchangeKind[];
  /** Exchanges of a connection. @default 1 */
  keepAlive?: Count | undefined;
  /** Requests sent before an answer is waited for. @default 1 */
  pipelining?: number | undefined;
  /** Between an answer and the next request. @default 0 */
  think?: Time | undefined;
  fault?: Fault | undefined;
  /** How a connection ends: by FIN, by RST, or not at all. @default fin */
  end?: 'fin' | 'reset' | 'open' | undefined;
  /** How long a request that is never answered is waited for. @default 500ms */
  patience?: Time | undefined;
}

/** A WebSocket: its upgrade, then messages both ways, which are no HTTP. */
export interface WebSocketPart extends Population, Paced {
  kind: 'websocket';
  messages?: Count | undefined;
  messageBytes?: Bytes | undefined;
  think?: Time | undefined;
}

/** TLS 1.3: a hello with a server name, then records that say nothing. */
export interface TlsPart extends Population, Paced {
  kind: 'tls';
  /** `{hex}`: 32 hexadecimal digits. @default api.example.com */
  serverName?: string | undefined;
  records?: Count | undefined;
  recordBytes?: Bytes | undefined;
}

/** A SYN, and nothing more, from an address of its own. */
export interface HalfOpenPart extends Population {
  kind: 'half-open';
}

export type FloodPart = HttpPart | WebSocketPart | TlsPart | HalfOpenPart;
/** The parts of a flood, beside each other. */
export type FloodPlan = FloodPart[];
