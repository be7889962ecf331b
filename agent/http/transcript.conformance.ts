/**
 * Test support: stream events in, the HTTP layer's messages out, as lines of text. Every play is played a second time with its
 * bytes in the memory of the kernel for plain heads (`agent/kernels/assembly/head/head.ts`): both have to come to the same.
 */
import assert from 'node:assert/strict';
import { INPUT_AT } from '../tcp/segment-layout.ts';
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
  /** Of these and of the missing ones, as many as were reported. */
  deliveredBytes: number;
  missingBytes: number;
  complete: boolean;
  flags: string;
  tsUs: number;
  lastTsUs: number;
}

/** Records the calls of a MessageHandler, and checks the order of the calls. */
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

export interface PlayOptions {
  limits?: Partial<HttpLimits>;
  /** Cuts every piece into pieces of that length, each in an array or place of its own, overwritten after the call. */
  chunkBytes?: number;
  midStream?: boolean;
  /** By step, what its sender had received: TCP's numbers come with the bytes then, counted from 0 on each side. */
  acks?: readonly number[];
  close?: 0 | 1 | 5;
}

/** Plays steps on stream 0 and closes it. */
export function play(steps: readonly Step[], options: PlayOptions = {}): Played {
  const played = playOnce(steps, options, null);
  const inPlace = playOnce(steps, options, kernelBytes);
  assert.deepEqual(inPlace.messages, played.messages, 'the same messages where they are read in place');
  assert.deepEqual(inPlace.counters, played.counters, 'the same counters where they are read in place');
  return played;
}

function playOnce(steps: readonly Step[], options: PlayOptions, memory: Uint8Array | null): Played {
  const recorder = new Recorder();
  const counters = createHttpCounters();
  const layer = new HttpLayer({
    limits: { ...defaultHttpLimits, streamsMax: 4, ...options.limits },
    handler: recorder,
    counters,
  });
  if (memory !== null) layer.readInPlace(kernelMemory, memory);
  layer.open(0, 0, options.midStream ?? false);
  let now = 0;
  const sent = [0, 0];
  for (const [index, [side, what, tsUs]] of steps.entries()) {
    now = tsUs ?? now + 1;
    if (typeof what === 'number') {
      layer.gap(0, side, what, 0 as GapReason, now);
      sent[side]! += what;
    } else if (what === 'end') layer.end(0, side, now);
    else {
      const bytes = Buffer.from(what as string, 'latin1');
      const place = options.acks && ([sent[side]!, options.acks[index]!] as const);
      feed(layer, 0, side, bytes, options.chunkBytes ?? Number.POSITIVE_INFINITY, now, memory, place);
      sent[side]! += bytes.length;
    }
  }
  layer.close(0, options.close ?? 0, now);
  return { messages: recorder.messages, lines: recorder.messages.map(line), counters, layer };
}

/** The memory of a kernel, with room for the longest piece of any test. */
export const kernelMemory = new WebAssembly.Memory({ initial: 256 });
export const kernelBytes = new Uint8Array(kernelMemory.buffer);

/**
 * Gives bytes to a layer in pieces that lie at odd places of a larger array, which is wiped after each call.
 * @param memory where the pieces lie instead, one after the other in the same place
 * @param place of the first byte, and what came with all
 */
export function feed(
  layer: HttpLayer,
  stream: number,
  side: Side,
  bytes: Buffer,
  chunkBytes: number,
  tsUs: number,
  memory: Uint8Array | null = null,
  place?: readonly [sequence: number, acknowledgement: number],
): void {
  const start = memory === null ? 15 : INPUT_AT + 15;
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const length = Math.min(chunkBytes, bytes.length - at);
    const array = memory ?? new Uint8Array(length + 30);
    array.fill(10, start - 15, start + length + 15);
    array.set(bytes.subarray(at, at + length), start);
    const sequence = place && (place[0] + at) | 0;
    layer.data(stream, side, array, start, start + length, tsUs, sequence, place?.[1]);
    array.fill(0x58, start - 15, start + length + 15);
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
