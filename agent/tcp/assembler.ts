/**
 * Out-of-order payload: keeps it (`waiting-runs.ts`) until the hole before it is filled, and decides when to stop waiting.
 *
 * A hole is given up when the receiver acknowledged past it and the slack has passed, when it outlived the timeout, when
 * a page budget is spent, or when the stream closes. In order, nothing passes through here.
 *
 * Surface (a module that takes this one's place, as the harness's defects do, has exactly this): the class `Assembler`
 * with its constructor, `pagesInUse`, `segment`, `finAhead`, `acknowledged`, `waitingEnd`, `expire`, `finish`, `setShedding`
 * and `static bytesFor`. It reads `HalfStreams`, counts `waiting` there, moves `next` as `PayloadArrival` does,
 * and calls the handler's `data` and `gap`; after moving `next` it calls `advanced`. `arrays` may be missing: then the kernel
 * for segments leaves everything to it that concerns it.
 */
import type { Arrays } from '../bounded/arrays.ts';
import { LinkedLists } from '../bounded/linked-lists.ts';
import { type PagePool, type PoolArrays, pageBytes } from '../bounded/page-pool.ts';
import { countGap, type TcpCounters } from './counters.ts';
import type { HalfStreams } from './half-streams.ts';
import { HalfState } from './half-streams.ts';
import { OverlapPolicy, type TcpLimits } from './limits.ts';
import { GapReason, type Side, type StreamHandler } from './stream-handler.ts';
import { none, WaitingRuns, type WaitingRunsArrays } from './waiting-runs.ts';

export interface AssemblerOptions {
  readonly halves: HalfStreams;
  readonly pool: PagePool;
  readonly limits: TcpLimits;
  readonly overlap: OverlapPolicy;
  readonly handler: StreamHandler;
  readonly counters: TcpCounters;
  /** Where its arrays lie. */
  readonly arrays: Arrays;
  /** Called after `next` of a half-stream was moved: a FIN may have been reached. May close the stream. */
  readonly advanced: (half: number, tsUs: number) => void;
}

type ListArrays = LinkedLists['arrays'];

/** Everything the assembler knows, by the names of its members. */
export interface AssemblerArrays extends WaitingRunsArrays {
  readonly pool: PoolArrays;
  readonly holes: ListArrays;
  readonly holeSinceUs: Float64Array;
  readonly acks: ListArrays;
  readonly ackSinceUs: Float64Array;
  readonly ackHeld: Int32Array;
  readonly ackPackets: Int32Array;
  /** Address of the first page. */
  readonly pagesAt: number;
}

const holeList = 0;
const ackList = 0;

export class Assembler {
  readonly #halves: HalfStreams;
  readonly #next: Int32Array;
  readonly #waiting: Int32Array;
  readonly #pool: PagePool;
  readonly #limits: TcpLimits;
  readonly #lastWins: boolean;
  readonly #handler: StreamHandler;
  readonly #counters: TcpCounters;
  readonly #advanced: (half: number, tsUs: number) => void;
  #shedding = false;

  readonly #runs: WaitingRuns;
  /** Half-streams that wait behind a hole, the oldest first. */
  readonly #holes: LinkedLists;
  readonly #holeSinceUs: Float64Array;
  /** Half-streams of which more was acknowledged than seen, the oldest first. */
  readonly #acks: LinkedLists;
  readonly #ackSinceUs: Float64Array;
  readonly #ackHeld: Int32Array;
  readonly #ackPackets: Int32Array;

  constructor(options: AssemblerOptions) {
    const halves = options.limits.streamsMax * 2;
    this.#halves = options.halves;
    this.#next = options.halves.next;
    this.#waiting = options.halves.waiting;
    this.#pool = options.pool;
    this.#limits = options.limits;
    this.#lastWins = options.overlap === OverlapPolicy.lastWins;
    this.#handler = options.handler;
    this.#counters = options.counters;
    this.#advanced = options.advanced;
    const { arrays } = options;
    this.#runs = new WaitingRuns({
      ...{ limits: options.limits, pool: options.pool, counters: options.counters, arrays },
      ...{ lastWins: this.#lastWins, waiting: this.#waiting },
    });
    this.#holes = new LinkedLists(halves, 1, arrays);
    this.#holeSinceUs = arrays.float64(halves);
    this.#acks = new LinkedLists(halves, 1, arrays);
    this.#ackSinceUs = arrays.float64(halves);
    this.#ackHeld = arrays.int32(halves);
    this.#ackPackets = arrays.int32(halves);
  }

  /** For a kernel that does here what nearly all late segments need; null where overlap is not as it knows it. */
  get arrays(): AssemblerArrays | null {
    const pool = this.#pool.arrays;
    if (pool === null || this.#lastWins) return null;
    return {
      ...this.#runs.arrays,
      ...{ pool, holes: this.#holes.arrays, holeSinceUs: this.#holeSinceUs },
      ...{ acks: this.#acks.arrays, ackSinceUs: this.#ackSinceUs },
      ...{ ackHeld: this.#ackHeld, ackPackets: this.#ackPackets },
      ...{ pagesAt: this.#pool.at(0) },
    };
  }

  /** Bytes of the arrays above, the pages themselves not counted: for the sum of bounds. */
  static bytesFor(limits: TcpLimits): number {
    return WaitingRuns.bytesFor(limits) + limits.streamsMax * 2 * (9 + 8 + 9 + 8 + 4 + 4);
  }

  /** Pages in use, all half-streams together. */
  get pagesInUse(): number {
    return this.#pool.inUse;
  }

  /**
   * Takes a segment that could not be delivered as it came: it lies ahead of `next`, or others wait.
   * @param sequence at or after `next` and within the window
   * @param missing bytes behind `end` that the snap length cut off
   * @param ack the acknowledgement that came with it
   */
  segment(
    half: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    missing: number,
    tsUs: number,
    ack: number,
  ): void {
    if (sequence === this.#next[half]) {
      this.#deliverNow(half, bytes, start, end, missing, tsUs, ack);
      return;
    }
    // Nothing captured of it: its bytes are a hole like any other.
    if (start === end) return;
    this.#makeRoom(half, sequence, end - start, tsUs);
    // Making room may have delivered what came before the segment, bytes that the segment has too, or ended the stream.
    const state = this.#halves.state[half]!;
    if ((state & HalfState.known) === 0 || (state & HalfState.ended) !== 0) return;
    const behind = (this.#next[half]! - sequence) | 0;
    if (behind < 0) {
      const known = this.#runs.insert(half, sequence, bytes, start, end, missing, tsUs, ack);
      this.#countInsert(known, end - start);
      this.#waitFrom(half, tsUs);
      return;
    }
    const known = Math.min(behind, end - start);
    this.#counters.duplicateBytes += known;
    this.#deliverNow(half, bytes, start + known, end, missing - (behind - known), tsUs, ack);
  }

  /** Notes that a FIN was seen ahead of `next`: the hole before it is waited for like one before data. */
  finAhead(half: number, tsUs: number): void {
    this.#waitFrom(half, tsUs);
  }

  /**
   * Counts a packet of the stream while the other side has acknowledged bytes beyond `next`: to be called once for each
   * packet, after its own bytes were taken.
   */
  acknowledged(half: number, tsUs: number): void {
    const acks = this.#acks;
    if (acks.listOf(half) !== ackList || ((this.#ackHeld[half]! - this.#next[half]!) | 0) <= 0) {
      this.#ackHeld[half] = this.#halves.acked[half]!;
      this.#ackPackets[half] = 0;
      this.#ackSinceUs[half] = tsUs;
      acks.append(ackList, half);
      return;
    }
    // Packets count while a hole holds bytes back. A direction of which nothing came may be captured later than the other,
    // and waiting for it takes no memory: only time ends that.
    const isHole = this.#runs.first(half) !== none || this.#isFinAhead(half);
    this.#ackPackets[half] = isHole ? this.#ackPackets[half]! + 1 : 0;
    if (this.#ackPackets[half]! < this.#limits.ackSlackPackets) return;
    if (isOlder(tsUs, this.#ackSinceUs[half]!, this.#limits.ackSlackLeastUs)) {
      this.#giveUpAcknowledged(half, false, tsUs);
    }
  }

  /** Sequence number behind the last byte that waits; `next` when none does. */
  waitingEnd(half: number): number {
    return this.#runs.end(half) ?? this.#next[half]!;
  }

  /** Gives up what has waited too long. */
  expire(nowUs: number): void {
    for (;;) {
      const half = this.#acks.first(ackList);
      if (half < 0 || !isOlder(nowUs, this.#ackSinceUs[half]!, this.#limits.ackSlackUs)) break;
      this.#giveUpAcknowledged(half, true, nowUs);
    }
    for (;;) {
      const half = this.#holes.first(holeList);
      if (half < 0 || !isOlder(nowUs, this.#holeSinceUs[half]!, this.#limits.gapTimeoutUs)) break;
      // A later hole of the same half-stream is appended with its own time, which may be as old: it goes at once.
      do this.#giveUp(half, GapReason.timeout, nowUs);
      while (
        this.#holes.listOf(half) === holeList &&
        isOlder(nowUs, this.#holeSinceUs[half]!, this.#limits.gapTimeoutUs)
      );
    }
  }

  /** Delivers everything that waits, gaps named `closed`, and forgets the half-stream: it closes. */
  finish(half: number, tsUs: number): void {
    while (this.#runs.first(half) !== none) this.#giveUp(half, GapReason.closed, tsUs);
    this.#acks.remove(half);
    this.#holes.remove(half);
    const halves = this.#halves;
    const state = halves.state[half]!;
    if ((state & HalfState.known) === 0 || (state & HalfState.ended) !== 0) return;
    const next = this.#next[half]!;
    if ((state & HalfState.fin) !== 0) {
      this.#gap(half, (halves.last[half]! - next) | 0, GapReason.closed, tsUs);
      this.#advanced(half, tsUs);
      return;
    }
    // One byte more acknowledged than seen is most likely a FIN that was not captured.
    const unseen = (state & HalfState.acked) === 0 ? 0 : (halves.acked[half]! - next) | 0;
    if (unseen > 1) this.#gap(half, unseen, GapReason.closed, tsUs);
  }

  /** While shedding nothing waits: every gap is given up as soon as it is seen. */
  setShedding(shedding: boolean, tsUs: number): void {
    this.#shedding = shedding;
    if (!shedding) return;
    for (let half = this.#holes.first(holeList); half >= 0; half = this.#holes.first(holeList)) {
      this.#counters.gapsPressure += 1;
      this.#giveUp(half, GapReason.pages, tsUs);
    }
  }

  /** Gives holes up until a segment at `sequence` fits every budget; if it never can, the hole before it too. */
  #makeRoom(half: number, sequence: number, length: number, tsUs: number): void {
    const limits = this.#limits;
    const counters = this.#counters;
    const needed = Math.ceil(length / pageBytes) + 1;
    while (this.#runs.first(half) !== none && this.#waiting[half]! + needed > limits.pagesPerConnectionMax) {
      counters.gapsConnectionBudget += 1;
      this.#giveUp(half, GapReason.pages, tsUs);
    }
    if (this.#runs.count(half) >= limits.holesPerConnectionMax) {
      counters.gapsHoleLimit += 1;
      this.#giveUp(half, GapReason.pages, tsUs);
    }
    while (!this.#pool.canAllocate(needed)) {
      const oldest = this.#holes.first(holeList);
      if (oldest < 0) break;
      counters.gapsTotalBudget += 1;
      this.#giveUp(oldest, GapReason.pages, tsUs);
    }
    const ahead = (sequence - this.#next[half]!) | 0;
    if (ahead <= 0) return;
    const fits = needed <= limits.pagesPerConnectionMax && this.#pool.canAllocate(needed);
    if (fits && !this.#shedding) return;
    if (this.#shedding) counters.gapsPressure += 1;
    else counters.gapsConnectionBudget += 1;
    for (let head = this.#runs.first(half); head !== none; head = this.#runs.first(half)) {
      if (((this.#runs.sequence[head]! - sequence) | 0) > 0) break;
      this.#giveUp(half, GapReason.pages, tsUs);
    }
    this.#gap(half, (sequence - this.#next[half]!) | 0, GapReason.pages, tsUs);
  }

  /** Delivers a segment at `next`, in place, up to where bytes wait; then those; then what the segment has beyond. */
  #deliverNow(
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    missing: number,
    tsUs: number,
    ack: number,
  ): void {
    const counters = this.#counters;
    let from = start;
    let uncovered = missing;
    this.#runs.meetNext(half, this.#next[half]!, bytes, start, end);
    while (from < end) {
      const head = this.#runs.first(half);
      let length = end - from;
      if (head !== none && !this.#lastWins) {
        length = Math.min(length, (this.#runs.sequence[head]! - this.#next[half]!) | 0);
      }
      if (length > 0) {
        const sequence = this.#next[half]!;
        this.#next[half] = (sequence + length) | 0;
        counters.deliveredBytes += length;
        this.#handler.data(half >> 1, (half & 1) as Side, bytes, from, from + length, tsUs, sequence, ack);
        from += length;
      }
      if (from === end) break;
      const before = this.#next[half]!;
      this.#drainRun(half);
      const drained = (this.#next[half]! - before) | 0;
      const known = Math.min(drained, end - from);
      counters.duplicateBytes += known;
      from += known;
      // What waited may reach beyond the segment, over the rest that was cut off.
      uncovered -= drained - known;
    }
    counters.segmentsInOrder += 1;
    if (uncovered > 0) this.#deliverMissing(half, uncovered, tsUs);
    this.#drain(half, tsUs);
  }

  /** Bytes at `next` that the snap length cut off, as far as none of them wait. */
  #deliverMissing(half: number, missing: number, tsUs: number): void {
    const head = this.#runs.first(half);
    const length = head === none ? missing : Math.min(missing, (this.#runs.sequence[head]! - this.#next[half]!) | 0);
    this.#gap(half, length, GapReason.truncated, tsUs);
  }

  #countInsert(known: number, length: number): void {
    const counters = this.#counters;
    counters.duplicateBytes += known;
    if (known === length) {
      counters.segmentsDuplicate += 1;
      return;
    }
    counters.segmentsOutOfOrder += 1;
    if (known > 0) counters.segmentsOverlapping += 1;
  }

  /** Gives up the first hole of a half-stream and delivers what waited behind it. */
  #giveUp(half: number, reason: GapReason, tsUs: number): void {
    const halves = this.#halves;
    const head = this.#runs.first(half);
    if (head !== none) {
      this.#gap(half, (this.#runs.sequence[head]! - this.#next[half]!) | 0, reason, tsUs);
    } else if ((halves.state[half]! & HalfState.fin) !== 0) {
      this.#gap(half, (halves.last[half]! - this.#next[half]!) | 0, reason, tsUs);
    }
    this.#drain(half, tsUs);
  }

  /** Gives up what had been acknowledged when the slack began: all of it, or only the holes before bytes that wait. */
  #giveUpAcknowledged(half: number, isAll: boolean, tsUs: number): void {
    const halves = this.#halves;
    const limit = this.#ackHeld[half]!;
    this.#acks.remove(half);
    for (;;) {
      const state = halves.state[half]!;
      const acked = (limit - this.#next[half]!) | 0;
      if (acked <= 0 || (state & HalfState.known) === 0 || (state & HalfState.ended) !== 0) return;
      const head = this.#runs.first(half);
      if (head === none && (state & HalfState.fin) === 0) {
        // Nothing known behind: one byte is more likely a FIN that was not captured, or a probe, than data.
        if (acked > 1 && isAll) this.#gap(half, acked, GapReason.acknowledged, tsUs);
        return;
      }
      const target = head === none ? halves.last[half]! : this.#runs.sequence[head]!;
      const hole = (target - this.#next[half]!) | 0;
      this.#gap(half, Math.min(hole, acked), GapReason.acknowledged, tsUs);
      if (acked < hole) return;
      this.#drain(half, tsUs);
    }
  }

  /** Delivers the runs that `next` has reached, and notes how long the next hole has been waited for. */
  #drain(half: number, tsUs: number): void {
    let head = this.#runs.first(half);
    while (head !== none && ((this.#runs.sequence[head]! - this.#next[half]!) | 0) <= 0) {
      this.#drainRun(half);
      head = this.#runs.first(half);
    }
    if (head !== none) {
      this.#holeSinceUs[half] = this.#runs.tsUs[head]!;
      this.#holes.append(holeList, half);
    } else if (!this.#isFinAhead(half)) {
      this.#holes.remove(half);
    }
    this.#advanced(half, tsUs);
  }

  /** Delivers the first run from `next` on; its start is at `next` or before. */
  #drainRun(half: number): void {
    const runs = this.#runs;
    const run = runs.shift(half);
    const last = runs.lastOf(run);
    for (let page = run; ; ) {
      const following = runs.next[page]!;
      const length = runs.length[page]!;
      const skip = Math.min(length, (this.#next[half]! - runs.sequence[page]!) | 0);
      const tsUs = runs.tsUs[page]!;
      if (skip < length) {
        const offset = this.#pool.at(page);
        const sequence = (runs.sequence[page]! + skip) | 0;
        const ack = runs.ack[page]!;
        this.#next[half] = (this.#next[half]! + length - skip) | 0;
        this.#counters.deliveredBytes += length - skip;
        const side = (half & 1) as Side;
        this.#handler.data(half >> 1, side, this.#pool.bytes, offset + skip, offset + length, tsUs, sequence, ack);
      }
      if (skip > 0) this.#counters.overwrittenBytes += skip;
      const end = (runs.sequence[page]! + length + runs.missing[page]!) | 0;
      this.#gap(half, (end - this.#next[half]!) | 0, GapReason.truncated, tsUs);
      runs.free(half, page);
      if (page === last) return;
      page = following;
    }
  }

  #gap(half: number, length: number, reason: GapReason, tsUs: number): void {
    if (length <= 0) return;
    this.#next[half] = (this.#next[half]! + length) | 0;
    countGap(this.#counters, reason, length);
    this.#handler.gap(half >> 1, (half & 1) as Side, length, reason, tsUs);
  }

  #waitFrom(half: number, tsUs: number): void {
    if (this.#holes.listOf(half) === holeList) return;
    this.#holeSinceUs[half] = tsUs;
    this.#holes.append(holeList, half);
  }

  #isFinAhead(half: number): boolean {
    return (
      (this.#halves.state[half]! & HalfState.fin) !== 0 && ((this.#halves.last[half]! - this.#next[half]!) | 0) > 0
    );
  }
}

function isOlder(nowUs: number, sinceUs: number, limitUs: number): boolean {
  const ageUs = nowUs - sinceUs;
  // Negative after a step back of the packets' clock: no one knows the age then, and waiting on would be for ever.
  return ageUs >= limitUs || ageUs < 0;
}
