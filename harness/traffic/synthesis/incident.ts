/**
 * The article's incident: 40 connections, one segment of each never captured, then a gigabyte of large JSON responses
 * in 13 seconds. An observer that waits for the missing segments piles up everything behind them.
 */

import { createRandom } from '../../../agent/seeded-random.ts';
import type { Traffic } from '../traffic.ts';
import { ConversationsTraffic } from './conversations.ts';
import { countSegments, type Exchange, requestHead, responseHead, type SocketWrite, socketWrite } from './exchange.ts';
import { jsonBody } from './json-body.ts';
import { headerBytes, synHeaderBytes } from './tcp-frame.ts';

export interface IncidentOptions {
  readonly seed: number;
  /** @default incidentBytesDefault */
  readonly sizeBytes?: number | undefined;
}

/** About a gigabyte: 75 MB/s for 13 s. */
export const incidentBytesDefault = 1_000_000_000;
/** Exchanges at that size, one response of each connection losing a segment: 4,663 requests, 4,623 responses intact. */
const exchangesDefault = 4_663;
const connections = 40;
const bytesPerSecond = 75_000_000;

/** Distinct response bodies; each is used about a hundred times. */
const bodiesCount = 48;
const bodyBytesMin = 60_000;
const bodyBytesMax = 480_000;

export function openIncident(options: IncidentOptions): Traffic {
  const random = createRandom(options.seed, 'incident');
  const wanted = options.sizeBytes ?? incidentBytesDefault;
  const exchanges = Math.max(Math.round((exchangesDefault * wanted) / incidentBytesDefault), connections);
  const bodies = Array.from({ length: bodiesCount }, (_, index) =>
    jsonBody(random, bodyBytesMin * (bodyBytesMax / bodyBytesMin) ** ((index + random.fraction()) / bodiesCount)),
  );
  const choices = Uint8Array.from({ length: exchanges }, () => random.integer(0, bodiesCount - 1));
  const exchangeOf = (body: Uint8Array): Exchange => ({
    request: [
      socketWrite(requestHead(random, { method: 'GET', target: `/exports/${random.integer(1e6, 9_999_999)}` })),
    ],
    response: [socketWrite(head(body), body)],
  });
  const head = (body: Uint8Array) =>
    responseHead(random, {
      status: 200,
      reason: 'OK',
      fields: `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`,
    });
  const { frames, bytes } = expected(choices, bodies.map(exchangeOf));
  const durationUs = (bytes / bytesPerSecond) * 1e6;
  let next = 0;
  return new ConversationsTraffic({
    seed: options.seed,
    connections,
    serverPorts: [80],
    window: connections,
    burst: [4, 30],
    frameGapUs: durationUs / frames,
    framesExpected: frames,
    bytesExpected: bytes,
    durationUs,
    phases: [{ name: 'flood', startUs: 0 }],
    nextExchange: () => (next < exchanges ? exchangeOf(bodies[choices[next++]!]!) : undefined),
    isNeverCaptured,
  });
}

/** The second segment of a connection's first response. */
function isNeverCaptured(exchange: number, direction: number, segment: number): boolean {
  return exchange === 0 && direction === 1 && segment === 1;
}

/** Exact: heads are as long whatever the random choices, and every connection is used. */
function expected(choices: Uint8Array, samples: readonly Exchange[]): { frames: number; bytes: number } {
  const costs = samples.map(({ request, response }) => {
    const [out, back] = [countSegments(request), countSegments(response)];
    const frames = out.segments + out.acknowledgements + back.segments + back.acknowledgements;
    return { frames, bytes: frames * headerBytes + sum(request) + sum(response) };
  });
  let frames = connections * 6;
  let bytes = connections * (2 * synHeaderBytes + 4 * headerBytes);
  for (const choice of choices) {
    frames += costs[choice]!.frames;
    bytes += costs[choice]!.bytes;
  }
  // The segments never captured are full-sized: bodies are far larger than two of them.
  return { frames: frames - connections, bytes: bytes - connections * (headerBytes + 1_448) };
}

function sum(writes: readonly SocketWrite[]): number {
  return writes.reduce((total, write) => total + write.bytes, 0);
}
