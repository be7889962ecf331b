/** A plain minute: 2,000 keep-alive connections, JSON of 200 B to 20 KB, a third of it gzip, a third chunked. */
import { gzipSync } from 'node:zlib';
import { createRandom, type Random } from '../../../agent/seeded-random.ts';
import type { Traffic } from '../traffic.ts';
import { ConversationsTraffic } from './conversations.ts';
import { chunked, type Exchange, requestHead, responseHead, type SocketWrite, socketWrite } from './exchange.ts';
import { hexText, jsonBody, pick } from './json-body.ts';

export interface SteadyOptions {
  readonly seed: number;
  /** @default steadyBytesDefault */
  readonly sizeBytes?: number | undefined;
  /** @default 2000, or fewer where opening them would take more than half of the size */
  readonly connections?: number;
}

export const steadyBytesDefault = 200_000_000;
const durationUs = 60_000_000;
/** Measured: bytes of frames for a byte of payload, and the mean length of a frame, opening and closing left out. */
const frameBytesPerPayloadByte = 1.115;
const frameBytesMean = 639;
/** Opening and closing a connection. */
const framesPerConnection = 6;
const bytesPerConnection = framesPerConnection * 70;
const bodiesCount = 1_200;

const methods = ['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE'];
const resources = ['orders', 'customers', 'products', 'baskets', 'sessions', 'invoices', 'deliveries'];

export function openSteady(options: SteadyOptions): Traffic {
  const random = createRandom(options.seed, 'steady');
  const wanted = options.sizeBytes ?? steadyBytesDefault;
  const connections = options.connections ?? Math.min(2_000, Math.ceil(wanted / 2 / bytesPerConnection));
  const exchangesBytes = Math.max(wanted - connections * bytesPerConnection, 0);
  const payloadBytes = exchangesBytes / frameBytesPerPayloadByte;
  const frames = exchangesBytes / frameBytesMean + connections * framesPerConnection;
  const bodies = Array.from({ length: bodiesCount }, () => new Body(jsonBody(random, logUniform(random, 200, 20_000))));
  const requestBodies = Array.from({ length: 300 }, () => jsonBody(random, logUniform(random, 200, 4_000)));
  return new ConversationsTraffic({
    seed: options.seed,
    connections,
    serverPorts: [80, 8080, 3000],
    window: 8,
    burst: [1, 8],
    frameGapUs: durationUs / frames,
    framesExpected: undefined,
    bytesExpected: undefined,
    durationUs,
    phases: [{ name: 'steady', startUs: 0 }],
    nextExchange: (sent) => (sent < payloadBytes ? exchange(random, bodies, requestBodies) : undefined),
  });
}

/** Compressed when first wanted so. */
class Body {
  readonly plain: Uint8Array;
  #gzip: Uint8Array | undefined;

  constructor(plain: Uint8Array) {
    this.plain = plain;
  }

  get gzip(): Uint8Array {
    this.#gzip ??= gzipSync(this.plain);
    return this.#gzip;
  }
}

function exchange(random: Random, bodies: readonly Body[], requestBodies: readonly Uint8Array[]): Exchange {
  const method = pick(random, methods);
  const sendsBody = method === 'POST' || method === 'PUT';
  const resource = `/api/v2/${pick(random, resources)}`;
  const target =
    method !== 'GET' || random.chance(0.6)
      ? `${resource}/${random.integer(1, 999_999)}`
      : `${resource}?limit=${random.integer(1, 100)}&after=${hexText(random, 12)}`;
  const body = sendsBody ? pick(random, requestBodies) : undefined;
  const head = requestHead(
    random,
    body === undefined ? { method, target } : { method, target, bodyBytes: body.length },
  );
  return {
    request: [body === undefined ? socketWrite(head) : socketWrite(head, body)],
    response: response(random, method, bodies),
  };
}

function response(random: Random, method: string, bodies: readonly Body[]): SocketWrite[] {
  if (method === 'DELETE') {
    return [socketWrite(responseHead(random, { status: 204, reason: 'No Content', fields: '' }))];
  }
  if (method === 'GET' && random.chance(0.05)) {
    const fields = `ETag: "${hexText(random, 16)}"\r\n`;
    return [socketWrite(responseHead(random, { status: 304, reason: 'Not Modified', fields }))];
  }
  const body = pick(random, bodies);
  const isGzip = random.chance(1 / 3);
  const bytes = isGzip ? body.gzip : body.plain;
  const fields = `Content-Type: application/json\r\n${isGzip ? 'Content-Encoding: gzip\r\n' : ''}`;
  const status = method === 'POST' ? { status: 201, reason: 'Created' } : { status: 200, reason: 'OK' };
  if (!random.chance(1 / 3)) {
    const head = responseHead(random, { ...status, fields: `${fields}Content-Length: ${bytes.length}\r\n` });
    return [socketWrite(head, bytes)];
  }
  const head = responseHead(random, { ...status, fields: `${fields}Transfer-Encoding: chunked\r\n` });
  const parts = chunked(random, bytes);
  // A server that flushes its head first, and one that does not.
  return random.chance(0.5) ? [socketWrite(head), socketWrite(...parts)] : [socketWrite(head, ...parts)];
}

function logUniform(random: Random, low: number, high: number): number {
  return low * (high / low) ** random.fraction();
}
