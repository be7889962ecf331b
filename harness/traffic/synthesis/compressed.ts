/** Exports that compress well: some tens of kilobytes on the wire become megabytes when they are decoded. */
import { gzipSync } from 'node:zlib';
import { createRandom } from '../../../agent/seeded-random.ts';
import type { Traffic } from '../traffic.ts';
import { ConversationsTraffic } from './conversations.ts';
import { type Exchange, requestHead, responseHead, socketWrite } from './exchange.ts';
import { jsonBody } from './json-body.ts';

export interface CompressedOptions {
  readonly seed: number;
  /** @default compressedBytesDefault */
  readonly sizeBytes?: number | undefined;
}

export const compressedBytesDefault = 12_000_000;
const bytesPerSecond = 2_000_000;
const connections = 40;
/** Rows that come again within the window of gzip (32 KiB): what makes an export compress two hundredfold. */
const rowsBytes = 12_000;
const decodedBytesMin = 1_000_000;
const decodedBytesMax = 6_000_000;
const bodiesCount = 12;
/** Measured on these bodies: a frame with its share of acknowledgements. */
const frameBytesMean = 900;

export function openCompressed(options: CompressedOptions): Traffic {
  const random = createRandom(options.seed, 'compressed');
  const wanted = options.sizeBytes ?? compressedBytesDefault;
  const bodies = Array.from({ length: bodiesCount }, (_, index) => {
    const rows = Buffer.from(jsonBody(random, rowsBytes));
    const times = Math.round(
      (decodedBytesMin * (decodedBytesMax / decodedBytesMin) ** (index / bodiesCount)) / rows.length,
    );
    const parts = Array.from({ length: times }, (_each, at) => [Buffer.from(at === 0 ? '[' : ','), rows]).flat();
    return gzipSync(Buffer.concat([...parts, Buffer.from(']')]));
  });
  const nextExchange = (sent: number): Exchange | undefined => {
    if (sent >= wanted) return undefined;
    const body = bodies[random.integer(0, bodiesCount - 1)]!;
    const fields = `Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n`;
    const head = responseHead(random, { status: 200, reason: 'OK', fields });
    return {
      request: [
        socketWrite(requestHead(random, { method: 'GET', target: `/exports/${random.integer(1e6, 9_999_999)}` })),
      ],
      response: [socketWrite(head, body)],
    };
  };
  return new ConversationsTraffic({
    seed: options.seed,
    connections,
    serverPorts: [80],
    window: connections,
    burst: [1, 6],
    frameGapUs: (frameBytesMean / bytesPerSecond) * 1e6,
    framesExpected: undefined,
    bytesExpected: undefined,
    durationUs: (wanted / bytesPerSecond) * 1e6,
    phases: [{ name: 'exports', startUs: 0 }],
    nextExchange,
  });
}
