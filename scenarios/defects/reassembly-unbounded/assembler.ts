/**
 * The assembler of the article's agent (docs/story.md): everything behind a hole is kept, in pages of 1,900 bytes and without any
 * limit, until the missing segment comes or ten seconds have passed. What the receiver acknowledged is not looked at.
 */
import type { AssemblerOptions } from '../../../agent/tcp/assembler.ts';
import { countGap } from '../../../agent/tcp/counters.ts';
import { HalfState, type HalfStreams } from '../../../agent/tcp/half-streams.ts';
import type { TcpLimits } from '../../../agent/tcp/limits.ts';
import { GapReason, type Side } from '../../../agent/tcp/stream-handler.ts';

const pageBytes = 1_900;
const timeoutUs = 10_000_000;

interface Page {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly sequence: number;
  /** Bytes behind it that the snap length cut off. */
  readonly missing: number;
  readonly tsUs: number;
}

export class Assembler {
  pagesInUse = 0;
  readonly #halves: HalfStreams;
  readonly #options: AssemblerOptions;
  readonly #queues = new Map<number, Page[]>();

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#halves = options.halves;
  }

  static bytesFor(_limits: TcpLimits): number {
    return 0;
  }

  segment(
    half: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    missing: number,
    tsUs: number,
  ): void {
    this.#queuePages(half, sequence, bytes, start, end, missing, tsUs);
    this.#drain(half, tsUs);
  }

  finAhead(_half: number, _tsUs: number): void {}

  acknowledged(_half: number, _tsUs: number): void {}

  setShedding(_shedding: boolean, _tsUs: number): void {}

  waitingEnd(half: number): number {
    const last = this.#queues.get(half)?.at(-1);
    return last ? (last.sequence + last.length + last.missing) | 0 : this.#halves.next[half]!;
  }

  expire(nowUs: number): void {
    for (const [half, queue] of this.#queues) {
      if (queue.length > 0 && nowUs - queue[0]!.tsUs >= timeoutUs) this.giveUp(half, GapReason.timeout, nowUs);
    }
  }

  finish(half: number, tsUs: number): void {
    while ((this.#queues.get(half)?.length ?? 0) > 0) this.giveUp(half, GapReason.closed, tsUs);
    this.#queues.delete(half);
    const state = this.#halves.state[half]!;
    if ((state & HalfState.fin) === 0 || (state & HalfState.ended) !== 0) return;
    this.#gap(half, (this.#halves.last[half]! - this.#halves.next[half]!) | 0, GapReason.closed, tsUs);
    this.#options.advanced(half, tsUs);
  }

  #queuePages(
    half: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    missing: number,
    tsUs: number,
  ): void {
    let queue = this.#queues.get(half);
    if (!queue) this.#queues.set(half, (queue = []));
    let at = queue.length;
    while (at > 0 && ((queue[at - 1]!.sequence - sequence) | 0) > 0) at -= 1;
    for (let from = start; from < end; from += pageBytes) {
      const length = Math.min(pageBytes, end - from);
      const page = new Uint8Array(pageBytes);
      page.set(bytes.subarray(from, from + length));
      const isLast = from + length === end;
      queue.splice(at++, 0, {
        bytes: page,
        length,
        sequence: (sequence + from - start) | 0,
        missing: isLast ? missing : 0,
        tsUs,
      });
      this.#halves.waiting[half]! += 1;
      this.pagesInUse += 1;
    }
  }

  /** Delivers the pages that `next` has reached. */
  #drain(half: number, tsUs: number): void {
    const queue = this.#queues.get(half);
    if (!queue) return;
    const { next } = this.#halves;
    let taken = 0;
    for (; taken < queue.length && ((queue[taken]!.sequence - next[half]!) | 0) <= 0; taken++) {
      const page = queue[taken]!;
      const skip = Math.min(page.length, (next[half]! - page.sequence) | 0);
      if (skip < page.length) {
        next[half] = (next[half]! + page.length - skip) | 0;
        this.#options.counters.deliveredBytes += page.length - skip;
        this.#options.handler.data(half >> 1, (half & 1) as Side, page.bytes, skip, page.length, page.tsUs);
      }
      this.#gap(half, (page.sequence + page.length + page.missing - next[half]!) | 0, GapReason.truncated, tsUs);
    }
    if (taken === 0) return;
    queue.splice(0, taken);
    this.#halves.waiting[half]! -= taken;
    this.pagesInUse -= taken;
    this.#options.advanced(half, tsUs);
  }

  /** Stops waiting for the first hole. */
  giveUp(half: number, reason: GapReason, tsUs: number): void {
    const queue = this.#queues.get(half)!;
    this.#gap(half, (queue[0]!.sequence - this.#halves.next[half]!) | 0, reason, tsUs);
    this.#drain(half, tsUs);
  }

  #gap(half: number, length: number, reason: GapReason, tsUs: number): void {
    if (length <= 0) return;
    const { counters, handler } = this.#options;
    this.#halves.next[half] = (this.#halves.next[half]! + length) | 0;
    countGap(counters, reason, length);
    handler.gap(half >> 1, (half & 1) as Side, length, reason, tsUs);
  }
}
