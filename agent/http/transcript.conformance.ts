/** Test support: stream events in, the HTTP layer's messages out, as lines of text. */
import type { GapReason, Side } from '../tcp/stream-handler.ts';
import { createHttpCounters, type HttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { messageFlagNames } from './message-flag.ts';
import type { HttpMessage, MessageHandler } from './message-handler.ts';

/** A message as it was at its end, with its body. */
export interface Recorded {
  kind: 'request' | 'response';
  stream: number;
  side: Side;
  exchange: number;
  method: string;
  uri: string;
  status: number;
  reason: string;
  minorVersion: number;
  headers: [string, string][];
  headersBytes: number;
  body: Buffer;
  bodyBytes: number;
  /** Of these and of the missing ones, as many as were told. */
  deliveredBytes: number;
  missingBytes: number;
  complete: boolean;
  flags: string;
  tsUs: number;
  lastTsUs: number;
}

/** Records what a MessageHandler is told, and checks the order of the calls. */
export class Recorder implements MessageHandler {
  readonly messages: Recorded[] = [];
  readonly #open = new Map<HttpMessage, Buffer[]>();
  readonly #delivered = new Map<HttpMessage, number>();

  /** Messages begun and not ended. */
  get open(): number {
    return this.#open.size;
  }

  begin(message: HttpMessage): void {
    if (this.#open.has(message)) throw new Error('begin twice');
    this.#open.set(message, []);
    this.#delivered.set(message, 0);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    if (start >= end) throw new Error('empty body call');
    this.#pieces(message).push(Buffer.from(bytes.slice(start, end)));
    this.#delivered.set(message, this.#delivered.get(message)! + end - start);
  }

  bodyGap(message: HttpMessage, length: number): void {
    this.#pieces(message).push(Buffer.from(`<gap ${length}>`));
    this.#delivered.set(message, this.#delivered.get(message)! + length);
  }

  end(message: HttpMessage): void {
    const body = Buffer.concat(this.#pieces(message));
    this.#open.delete(message);
    const { kind, stream, side, exchange, method, uri, status, reason, minorVersion } = message;
    const { headersBytes, bodyBytes, missingBytes, complete, tsUs, lastTsUs } = message;
    const headers: [string, string][] = [];
    for (let i = 0; i < message.headers.count; i++) headers.push([message.headers.name(i), message.headers.value(i)]);
    const flags = messageFlagNames(message.flags).join(' ');
    const deliveredBytes = this.#delivered.get(message)!;
    this.messages.push({
      ...{ kind, stream, side, exchange, method, uri, status, reason, minorVersion, headers, headersBytes, body },
      ...{ bodyBytes, deliveredBytes, missingBytes, complete, flags, tsUs, lastTsUs },
    });
  }

  #pieces(message: HttpMessage): Buffer[] {
    const pieces = this.#open.get(message);
    if (pieces === undefined) throw new Error('no begin');
    return pieces;
  }
}

/** One stream driven by hand: a step is bytes, a gap's length, or an event. */
export type Step = [side: Side, what: string | Buffer | number | 'end', tsUs?: number];

export interface Played {
  messages: Recorded[];
  lines: string[];
  counters: HttpCounters;
  layer: HttpLayer;
}

/**
 * Plays steps on stream 0 and closes it.
 * @param options.chunkBytes Cuts every piece into pieces of that length, each in an array of its own, overwritten after the call.
 */
export function play(
  steps: readonly Step[],
  options: { limits?: Partial<HttpLimits>; chunkBytes?: number; midStream?: boolean; close?: 0 | 1 | 5 } = {},
): Played {
  const recorder = new Recorder();
  const counters = createHttpCounters();
  const layer = new HttpLayer({
    limits: { ...defaultHttpLimits, streamsMax: 4, ...options.limits },
    handler: recorder,
    counters,
  });
  layer.open(0, 0, options.midStream ?? false);
  let now = 0;
  for (const [side, what, tsUs] of steps) {
    now = tsUs ?? now + 1;
    if (typeof what === 'number') layer.gap(0, side, what, 0 as GapReason, now);
    else if (what === 'end') layer.end(0, side, now);
    else
      feed(layer, 0, side, Buffer.from(what as string, 'latin1'), options.chunkBytes ?? Number.POSITIVE_INFINITY, now);
  }
  layer.close(0, options.close ?? 0, now);
  return { messages: recorder.messages, lines: recorder.messages.map(line), counters, layer };
}

/** Gives bytes to a layer in pieces that lie at odd places of a larger array, which is wiped after each call. */
export function feed(
  layer: HttpLayer,
  stream: number,
  side: Side,
  bytes: Buffer,
  chunkBytes: number,
  tsUs: number,
): void {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const length = Math.min(chunkBytes, bytes.length - at);
    const array = new Uint8Array(length + 30).fill(10);
    array.set(bytes.subarray(at, at + length), 15);
    layer.data(stream, side, array, 15, 15 + length, tsUs);
    array.fill(0x58);
  }
}

/** `0 GET /a 1.1 (host: b) body=3 "abc" [flags]`, with `!` where the message is not complete. */
export function line(message: Recorded): string {
  const start =
    message.kind === 'request'
      ? `${message.method} ${message.uri}`
      : `${message.status} ${message.reason} for ${message.method || '?'}`;
  const headers = message.headers.map(([name, value]) => `${name}: ${value}`).join(', ');
  const body = message.body.length > 0 ? ` ${JSON.stringify(message.body.toString('latin1'))}` : '';
  const flags = message.flags === '' ? '' : ` [${message.flags}]`;
  return `${message.complete ? '' : '!'}${message.exchange} ${start} 1.${message.minorVersion} (${headers})${body}${flags}`;
}
