/**
 * Takes the bytes that TCP's urgent pointer names out of the stream, as Linux delivers it without SO_OOBINLINE (RFC 6093,
 * 3.1; tcp_check_urg in net/ipv4/tcp_input.c): one byte for each announcement, the latest one counts, one that was delivered
 * before it was announced stays. It stands for a receiver that reads at once.
 */
import type { TcpCounters } from './counters.ts';
import type { CloseReason, GapReason, Side, StreamHandler } from './stream-handler.ts';

/** Directions in which an urgent byte is awaited at one time: it comes with its announcement, or right behind it. */
const urgentMax = 1024;
/** A map's entry of two small numbers. */
const entryBytes = 64;

export class UrgentData implements StreamHandler {
  readonly #handler: StreamHandler;
  readonly #counters: TcpCounters;
  /** Sequence number of the urgent byte by half-stream. */
  readonly #awaited = new Map<number, number>();

  constructor(handler: StreamHandler, counters: TcpCounters) {
    this.#handler = handler;
    this.#counters = counters;
  }

  /** For the sum of bounds. */
  static readonly bytes = urgentMax * entryBytes;

  isAwaited(half: number): boolean {
    return this.#awaited.size > 0 && this.#awaited.has(half);
  }

  /** A segment announced the byte at `sequence`, which was not delivered yet. */
  announce(half: number, sequence: number): void {
    const before = this.#awaited.get(half);
    if (before !== undefined && ((sequence - before) | 0) <= 0) return;
    if (before === undefined && this.#awaited.size >= urgentMax) {
      this.#counters.urgentShed += 1;
      return;
    }
    this.#awaited.set(half, sequence);
  }

  open(stream: number, tsUs: number, midStream?: boolean): void {
    this.#handler.open(stream, tsUs, midStream);
  }

  data(
    stream: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
    sequence?: number,
    acknowledgement?: number,
  ): void {
    const half = stream * 2 + side;
    if (!this.isAwaited(half) || sequence === undefined) {
      this.#handler.data(stream, side, bytes, start, end, tsUs, sequence, acknowledgement);
      return;
    }
    const ahead = (this.#awaited.get(half)! - sequence) | 0;
    const isInside = ahead >= 0 && ahead < end - start;
    if (ahead < end - start) this.#awaited.delete(half);
    const from = isInside ? start + ahead : end;
    if (from > start) this.#handler.data(stream, side, bytes, start, from, tsUs, sequence, acknowledgement);
    if (!isInside) return;
    this.#counters.urgentBytes += 1;
    if (from + 1 < end) {
      const after = (sequence + ahead + 1) | 0;
      this.#handler.data(stream, side, bytes, from + 1, end, tsUs, after, acknowledgement);
    }
  }

  gap(stream: number, side: Side, length: number, reason: GapReason, tsUs: number): void {
    this.#handler.gap(stream, side, length, reason, tsUs);
  }

  end(stream: number, side: Side, tsUs: number): void {
    this.#handler.end(stream, side, tsUs);
  }

  close(stream: number, reason: CloseReason, tsUs: number): void {
    if (this.#awaited.size > 0) {
      this.#awaited.delete(stream * 2);
      this.#awaited.delete(stream * 2 + 1);
    }
    this.#handler.close(stream, reason, tsUs);
  }
}
