/**
 * A flood of small exchanges of many endpoints: 50 hosts, 100 paths each, the k-th of them all as often as 1/k. Everything is
 * made beforehand but the frames, for the sender has 3 µs for each.
 */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { createRandom, type Random } from '../../../agent/seeded-random.ts';
import type { ImpairmentRecord, Traffic, Truth } from '../traffic.ts';
import { copyWrite, responseHead, type SocketWrite, socketWrite } from './exchange.ts';
import { jsonBody } from './json-body.ts';
import { type Conversation, type Direction, TcpFlag, TcpFrameBuilder } from './tcp-frame.ts';

export interface ManyEndpointsOptions {
  readonly seed: number;
  /** @default manyEndpointsBytesDefault */
  readonly sizeBytes?: number | undefined;
}

export const endpointsCount = 5_000;
const framesPerSecond = 300_000;
/** Measured. */
const frameBytesMean = 241;
/** A minute of it. */
export const manyEndpointsBytesDefault = 60 * framesPerSecond * frameBytesMean;
/** Request and response, and an acknowledgement of each. */
const framesPerExchange = 4;
/** Three that open it, three that close it. */
const framesPerConnection = 6;
const connectionsMax = 4_000;
/** A fixed day, so that the same seed makes the same bytes. */
const firstFrameTsUs = 1_709_632_800_000_000;
const responsesCount = 512;
/** Draws are looked up: of so many places the rarest endpoint has one or two. */
const places = 1 << 16;

const resources = [
  'orders',
  'baskets',
  'prices',
  'labels',
  'routes',
  'photos',
  'refunds',
  'parcels',
  'coupons',
  'tickets',
];
const views = ['list', 'latest', 'search', 'summary', 'history', 'export', 'status', 'totals', 'filters', 'changes'];

export function openManyEndpoints(options: ManyEndpointsOptions): Traffic {
  return new ManyEndpointsTraffic(options);
}

/** A connection, and how far its exchange is. */
interface Active extends Conversation {
  stage: number;
  request: SocketWrite;
  response: SocketWrite;
}

/** What a connection sends next. */
const Stage = {
  syn: 0,
  synAck: 1,
  opened: 2,
  request: 3,
  requestAck: 4,
  response: 5,
  responseAck: 6,
  fins: 7,
} as const;
const closed = Stage.fins + 3;
const { ack, push, syn, fin } = TcpFlag;
/** By stage. */
const directions: readonly Direction[] = [0, 1, 0, 0, 1, 1, 0, 0, 1, 0];
const stageFlags = [syn, syn | ack, ack, ack | push, ack, ack | push, ack, fin | ack, fin | ack, ack];

class ManyEndpointsTraffic implements Traffic {
  readonly linkType = 1;
  readonly framesExpected: number;
  readonly bytesExpected = undefined;
  readonly durationUs: number;
  readonly phases = [{ name: 'flood', startUs: 0 }];
  readonly impairments: ImpairmentRecord[] = [];
  readonly #random: Random;
  readonly #exchanges: number;
  readonly #requests: readonly SocketWrite[];
  readonly #responses: readonly SocketWrite[];
  readonly #choice = choices();
  readonly #counts = new Uint32Array(endpointsCount);
  readonly #connections: Active[];
  readonly #builder = new TcpFrameBuilder();
  #made = 0;
  #frames = 0;
  /** Connections that have said all. */
  #closing = 0;

  constructor({ seed, sizeBytes = manyEndpointsBytesDefault }: ManyEndpointsOptions) {
    const random = createRandom(seed, 'many endpoints');
    this.#random = random;
    this.#requests = Array.from({ length: endpointsCount }, (_, at) => requestOf(nameOf(at)));
    this.#responses = Array.from({ length: responsesCount }, () => responseOf(random));
    const frames = sizeBytes / frameBytesMean;
    const connections = Math.max(1, Math.min(connectionsMax, Math.floor(frames / framesPerConnection / 2)));
    this.#exchanges = Math.max(1, Math.round((frames - connections * framesPerConnection) / framesPerExchange));
    this.#connections = Array.from({ length: connections }, (_, at) => this.#connection(at));
    this.framesExpected = this.#exchanges * framesPerExchange + connections * framesPerConnection;
    this.durationUs = (this.framesExpected / framesPerSecond) * 1e6;
  }

  read(sink: FrameSink, framesMax: number): number {
    const connections = this.#connections;
    let delivered = 0;
    while (delivered < framesMax && this.#closing < connections.length) {
      const at = this.#closing + this.#random.below(connections.length - this.#closing);
      const connection = connections[at]!;
      this.#build(connection);
      this.#builder.deliver(sink, firstFrameTsUs + Math.floor((this.#frames * 1e6) / framesPerSecond));
      this.#frames += 1;
      delivered += 1;
      connection.stage += 1;
      if (connection.stage === Stage.request || connection.stage === Stage.fins) this.#next(connection);
      if (connection.stage !== closed) continue;
      connections[at] = connections[this.#closing]!;
      connections[this.#closing] = connection;
      this.#closing += 1;
    }
    return delivered > 0 ? delivered : -1;
  }

  truth(): Truth {
    const count = this.#made;
    const endpoints: Record<string, number> = {};
    for (const [at, times] of this.#counts.entries()) {
      const { host, path } = nameOf(at);
      endpoints[`GET ${host}${path}`] = times;
    }
    return {
      requests: count,
      responses: count,
      requestsIntact: count,
      responsesIntact: count,
      exchangesIntact: count,
      endpoints,
    };
  }

  close(): void {}

  #build(connection: Active): void {
    const { stage, request, response } = connection;
    const direction = directions[stage]!;
    const flags = stageFlags[stage]!;
    const tick = 1_000 + (this.#frames >> 8);
    if (stage !== Stage.request && stage !== Stage.response) {
      this.#builder.build(connection, direction, flags, 0, tick);
      return;
    }
    const write = stage === Stage.request ? request : response;
    copyWrite(write, 0, write.bytes, this.#builder.payload, this.#builder.payloadStart);
    this.#builder.build(connection, direction, flags, write.bytes, tick);
  }

  /** The connection's next exchange; none is left: it closes. */
  #next(connection: Active): void {
    if (this.#made === this.#exchanges) {
      connection.stage = Stage.fins;
      return;
    }
    const random = this.#random;
    // Every endpoint once, then by chance.
    const at = this.#made < endpointsCount ? this.#made : this.#choice[random.u32() & (places - 1)]!;
    this.#made += 1;
    this.#counts[at]! += 1;
    connection.request = this.#requests[at]!;
    connection.response = this.#responses[random.u32() & (responsesCount - 1)]!;
    connection.stage = Stage.request;
  }

  #connection(at: number): Active {
    return {
      clientAddress: 0x0a01_0000 + 256 + at,
      serverAddress: 0x0a02_0001 + (at % 16),
      clientPort: 32_768 + ((at * 11) % 28_000),
      serverPort: at % 2 === 0 ? 80 : 8080,
      sequence: [this.#random.u32(), this.#random.u32()],
      stage: Stage.syn,
      request: this.#requests[0]!,
      response: this.#responses[0]!,
    };
  }
}

function nameOf(at: number): { host: string; path: string } {
  const host = `${resources[at % 10]}-${views[Math.floor(at / 10) % 5]}.example.com`;
  const place = Math.floor(at / 50);
  return { host, path: `/v1/${resources[place % 10]}/${views[Math.floor(place / 10)]}` };
}

function requestOf({ host, path }: { host: string; path: string }): SocketWrite {
  const fields = `Host: ${host}\r\nUser-Agent: storefront/3.4\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n`;
  return socketWrite(Buffer.from(`GET ${path}?limit=50 HTTP/1.1\r\n${fields}\r\n`, 'latin1'));
}

function responseOf(random: Random): SocketWrite {
  const body = jsonBody(random, random.integer(150, 500));
  const fields = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return socketWrite(responseHead(random, { status: 200, reason: 'OK', fields }), body);
}

/** The endpoint of each place, the k-th in so many of them as 1/k has it. */
function choices(): Uint16Array {
  const of = new Uint16Array(places);
  let harmonic = 0;
  for (let k = 1; k <= endpointsCount; k += 1) harmonic += 1 / k;
  let sum = 0;
  let at = 0;
  for (let k = 1; k <= endpointsCount; k += 1) {
    sum += 1 / k / harmonic;
    for (const end = Math.round(sum * places); at < end; at += 1) of[at] = k - 1;
  }
  return of;
}
