/** The exact lane's sender: as fast as the reader takes frames, in small batches between the harness's other work. */

import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FrameList } from '../../agent/pcap/frame-list.ts';
import { PipeLink } from '../link/pipe-link.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { ImpairmentRecord, Traffic, Truth } from '../traffic/traffic.ts';
import { balance } from './ledger.ts';
import { describeTraffic, type Sender, type SendOrder, type SendProgress, type SendResult } from './sender.ts';

/** Frames made between two looks at anything else: under a millisecond. */
const framesPerBatch = 64;

/**
 * Opens the traffic; nothing is sent before `start`. The stream stays open: end it when `done` has settled.
 * @throws FloodgateError as `Sender.done`.
 */
export async function openPipeSender(stream: Writable, order: SendOrder): Promise<Sender> {
  return new PipeSender(stream, await openTraffic(order.traffic));
}

class PipeSender implements Sender, FrameSink {
  readonly description;
  readonly done: Promise<SendResult>;
  readonly #link: PipeLink;
  readonly #started = Promise.withResolvers<void>();
  #startedMs = 0;
  #pausedMs = 0;
  #frames = 0;
  #bytes = 0;
  #trafficUs = 0;
  #firstTsUs = -1;
  #pauseAt = Number.POSITIVE_INFINITY;
  /** Where it holds; negative while it does not. */
  #heldAt = -1;
  #resumed = Promise.withResolvers<void>();
  #held: ((progress: SendProgress) => void)[] = [];
  /** Frames of the batch in hand that come after the place to pause at. */
  #later = new FrameList();
  #stopped = false;
  #over = false;

  constructor(stream: Writable, traffic: Traffic) {
    this.#link = new PipeLink(stream, 'pipe');
    this.description = describeTraffic(traffic);
    this.done = this.#run(traffic).finally(() => {
      this.#over = true;
      this.#reportHeld();
    });
    this.done.catch(() => {});
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#started.resolve();
  }

  progress(): SendProgress {
    const elapsedUs = this.#startedMs === 0 ? 0 : (performance.now() - this.#startedMs - this.#pausedMs) * 1_000;
    return { frames: this.#frames, bytes: this.#bytes, elapsedUs, behindUs: 0, trafficUs: this.#trafficUs };
  }

  pauseAt(frames: number): Promise<SendProgress> {
    if (this.#over) return Promise.resolve(this.progress());
    this.#pauseAt = frames;
    return new Promise((resolve) => this.#held.push(resolve));
  }

  /** A place given to `pauseAt` during a hold stays ahead. */
  resume(): void {
    if (this.#pauseAt === this.#heldAt || this.#heldAt < 0) this.#pauseAt = Number.POSITIVE_INFINITY;
    this.#resumed.resolve();
  }

  stop(): void {
    this.#stopped = true;
    this.#link.abandon();
    this.#started.resolve();
    this.resume();
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.#isHeld) {
      this.#later.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      return;
    }
    if (this.#firstTsUs < 0) this.#firstTsUs = tsUs;
    this.#trafficUs = tsUs - this.#firstTsUs;
    this.#link.frame(bytes, start, end, wireLength, tsUs);
    this.#frames += 1;
    this.#bytes += end - start;
  }

  get #isHeld(): boolean {
    return this.#frames >= this.#pauseAt;
  }

  async #run(traffic: Traffic): Promise<SendResult> {
    await this.#started.promise;
    const before = this.#link.counters();
    let truth: Truth | undefined;
    let impairments: readonly ImpairmentRecord[];
    try {
      await this.#send(traffic);
      truth = this.#isCutShort ? undefined : traffic.truth();
      impairments = traffic.impairments;
    } finally {
      traffic.close();
    }
    await this.#link.drain();
    const { framesRefused } = this.#link;
    const sent = { framesSent: this.#frames, bytesSent: this.#bytes, framesRefused, bytesRefused: 0 };
    const ledger = balance(sent, before, this.#link.counters());
    return { ledger, progress: this.progress(), pacing: undefined, truth, impairments, cutShort: this.#isCutShort };
  }

  get #isCutShort(): boolean {
    return this.#stopped || this.#link.isBroken;
  }

  async #send(traffic: Traffic): Promise<void> {
    while (!this.#isCutShort) {
      if (this.#isHeld) await this.#hold();
      if (this.#isCutShort) return;
      const later = this.#later.frames;
      this.#later = new FrameList();
      for (const { bytes, wireLength, tsUs } of later) this.frame(bytes, 0, bytes.length, wireLength, tsUs, 0);
      if (this.#isHeld) continue;
      if (traffic.read(this, framesPerBatch) < 0) return;
      if (this.#link.isFull) await this.#link.ready();
      else await setImmediate();
    }
  }

  /** Orders may come while the reader takes what is on its way: they are orders of this hold. */
  async #hold(): Promise<void> {
    this.#resumed = Promise.withResolvers();
    this.#heldAt = this.#pauseAt;
    await this.#link.drain();
    const sinceMs = performance.now();
    this.#reportHeld();
    await this.#resumed.promise;
    this.#heldAt = -1;
    this.#pausedMs += performance.now() - sinceMs;
  }

  #reportHeld(): void {
    const held = this.#held;
    this.#held = [];
    const progress = this.progress();
    for (const resolve of held) resolve(progress);
  }
}
