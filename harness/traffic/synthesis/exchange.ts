/** HTTP/1.1 exchanges as the segments they travel in. */
import type { Random } from '../../../agent/seeded-random.ts';
import { hexText } from './json-body.ts';
import { segmentBytesMax } from './tcp-frame.ts';

/** What one side hands to its socket at once: parts that are sent without a gap, cut into segments together. */
export interface SocketWrite {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

export interface Exchange {
  readonly request: readonly SocketWrite[];
  readonly response: readonly SocketWrite[];
}

export function socketWrite(...parts: Uint8Array[]): SocketWrite {
  return { parts, bytes: parts.reduce((sum, part) => sum + part.length, 0) };
}

/** Copies `length` bytes of a write, from `offset`, into `target` at `at`. */
export function copyWrite(write: SocketWrite, offset: number, length: number, target: Uint8Array, at: number): void {
  let skip = offset;
  let left = length;
  let to = at;
  for (const part of write.parts) {
    if (skip >= part.length) {
      skip -= part.length;
      continue;
    }
    const count = Math.min(part.length - skip, left);
    target.set(skip === 0 && count === part.length ? part : part.subarray(skip, skip + count), to);
    to += count;
    left -= count;
    skip = 0;
    if (left === 0) return;
  }
}

/** Frames and their bytes that one direction's writes take: its segments, and one acknowledgement for two of them. */
export function countSegments(writes: readonly SocketWrite[]): { segments: number; acknowledgements: number } {
  let segments = 0;
  for (const write of writes) segments += Math.ceil(write.bytes / segmentBytesMax);
  return { segments, acknowledgements: Math.ceil(segments / 2) };
}

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Undefined: no body. */
  readonly bodyBytes?: number;
}

/** A request's head; the same target and body length make the same number of bytes, whatever the random choices. */
export function requestHead(random: Random, head: RequestHead): Uint8Array {
  const body =
    head.bodyBytes === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${head.bodyBytes}\r\n`;
  return latin1(
    `${head.method} ${head.target} HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: storefront/3.${random.integer(0, 9)}\r\n` +
      `Accept: application/json\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer ${hexText(random, 48)}\r\n` +
      `Traceparent: 00-${hexText(random, 32)}-${hexText(random, 16)}-01\r\n${body}\r\n`,
  );
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Whole lines, each with its end. */
  readonly fields: string;
}

export function responseHead(random: Random, head: ResponseHead): Uint8Array {
  return latin1(
    `HTTP/1.1 ${head.status} ${head.reason}\r\nServer: example\r\nDate: Tue, 05 Mar 2024 10:00:00 GMT\r\n${head.fields}` +
      `X-Request-Id: ${hexText(random, 32)}\r\n\r\n`,
  );
}

const lineEnd = latin1('\r\n');
const lastChunk = latin1('0\r\n\r\n');

/** A body in chunks of 512 to 4,096 bytes, each framed (RFC 9112, section 7.1); its parts refer to `body`. */
export function chunked(random: Random, body: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const length = Math.min(body.length - at, random.integer(512, 4_096));
    parts.push(latin1(`${length.toString(16)}\r\n`), body.subarray(at, at + length), lineEnd);
    at += length;
  }
  parts.push(lastChunk);
  return parts;
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
