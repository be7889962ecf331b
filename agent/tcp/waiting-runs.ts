/**
 * Bytes that wait behind holes. Those of a half-stream are runs without holes, in order of sequence number, each a chain of pages; a
 * run is known by its first page. Runs are bounded in number, so the work for a segment is bounded too, however many pages wait
 * and however often the same bytes come again. What is waited for, and how long, is the assembler's to say.
 */
import type { Arrays } from '../bounded/arrays.ts';
import { type PagePool, pageBytes } from '../bounded/page-pool.ts';
import type { TcpCounters } from './counters.ts';
import type { TcpLimits } from './limits.ts';

/** Everything the runs are, by the names that a kernel has for it. */
export interface WaitingRunsArrays {
  readonly head: Int32Array;
  readonly runs: Uint16Array;
  readonly pageSequence: Int32Array;
  readonly pageAck: Int32Array;
  readonly pageLength: Int32Array;
  readonly pageMissing: Int32Array;
  readonly pageNext: Int32Array;
  readonly pageProbe: Uint8Array;
  readonly pageTsUs: Float64Array;
  readonly runLast: Int32Array;
  readonly runNext: Int32Array;
}

export interface WaitingRunsOptions {
  readonly limits: TcpLimits;
  readonly pool: PagePool;
  /** Whether bytes that come again replace those that wait. */
  readonly lastWins: boolean;
  /** Pages by half-stream, counted here. */
  readonly waiting: Int32Array;
  readonly counters: TcpCounters;
  readonly arrays: Arrays;
}

/** No run, or no page. */
export const none = -1;

/**
 * A segment of one byte may be a keep-alive probe, whose octet is of any value and no data (RFC 9293, 3.8.4; RFC 1122, 4.2.3.6): a
 * longer one says what the byte is. So it waits in a page of its own.
 */
const probeBytes = 1;

const { copy: copyBytes, compare: compareBytes } = Buffer.prototype;

export class WaitingRuns {
  /** Of a page: where it begins, … */
  readonly sequence: Int32Array;
  /** … the lowest acknowledgement that came with a copy of all of it, … */
  readonly ack: Int32Array;
  readonly length: Int32Array;
  /** … bytes behind it that the snap length cut off, … */
  readonly missing: Int32Array;
  /** … 1: it may be a probe's, … */
  readonly probe: Uint8Array;
  /** … the next one of its run, and when it came. */
  readonly next: Int32Array;
  readonly tsUs: Float64Array;
  readonly #pool: PagePool;
  readonly #lastWins: boolean;
  readonly #waiting: Int32Array;
  readonly #counters: TcpCounters;
  /** By half-stream: the first run, and how many there are. */
  readonly #head: Int32Array;
  readonly #runs: Uint16Array;
  /** Of a run's first page: its last page, and the next run. */
  readonly #runLast: Int32Array;
  readonly #runNext: Int32Array;

  constructor({ limits, pool, lastWins, waiting, counters, arrays }: WaitingRunsOptions) {
    const halves = limits.streamsMax * 2;
    const pages = pool.pagesMax;
    this.#pool = pool;
    this.#lastWins = lastWins;
    this.#waiting = waiting;
    this.#counters = counters;
    this.#head = arrays.int32(halves).fill(none);
    this.#runs = arrays.uint16(halves);
    this.sequence = arrays.int32(pages);
    this.ack = arrays.int32(pages);
    this.length = arrays.int32(pages);
    this.missing = arrays.int32(pages);
    this.next = arrays.int32(pages);
    this.probe = arrays.uint8(pages);
    this.tsUs = arrays.float64(pages);
    this.#runLast = arrays.int32(pages);
    this.#runNext = arrays.int32(pages);
  }

  /** Bytes for these limits, the pages themselves not counted: for the sum of bounds. */
  static bytesFor(limits: TcpLimits): number {
    return limits.streamsMax * 2 * (4 + 2) + limits.pagesMax * (7 * 4 + 8 + 1);
  }

  get arrays(): WaitingRunsArrays {
    return {
      ...{ head: this.#head, runs: this.#runs, runLast: this.#runLast, runNext: this.#runNext },
      ...{ pageSequence: this.sequence, pageAck: this.ack, pageLength: this.length, pageMissing: this.missing },
      ...{ pageNext: this.next, pageTsUs: this.tsUs, pageProbe: this.probe },
    };
  }

  /** The first run of a half-stream; −1 where nothing waits. */
  first(half: number): number {
    return this.#head[half]!;
  }

  /** Runs of a half-stream. */
  count(half: number): number {
    return this.#runs[half]!;
  }

  /** The last page of a run. */
  lastOf(run: number): number {
    return this.#runLast[run]!;
  }

  /** Sequence number behind a run, with what the snap length cut off of it. */
  endOf(run: number): number {
    const page = this.#runLast[run]!;
    return (this.sequence[page]! + this.length[page]! + this.missing[page]!) | 0;
  }

  /** Sequence number behind the last run; null where nothing waits. */
  end(half: number): number | null {
    let run = this.#head[half]!;
    if (run === none) return null;
    while (this.#runNext[run] !== none) run = this.#runNext[run]!;
    return this.endOf(run);
  }

  /** Takes the first run out; its pages are to be freed. */
  shift(half: number): number {
    const run = this.#head[half]!;
    this.#head[half] = this.#runNext[run]!;
    this.#runs[half]! -= 1;
    return run;
  }

  /** Frees a page of a run that was taken out. */
  free(half: number, page: number): void {
    this.#waiting[half]! -= 1;
    this.#pool.free(page);
  }

  /**
   * Puts a segment ahead of `next` among the runs; bytes that are there already stay or are replaced, by policy.
   * @param missing bytes behind `end` that the snap length cut off
   * @returns how many of the bytes were there
   */
  insert(
    half: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    missing: number,
    tsUs: number,
    ack: number,
  ): number {
    let previous = none;
    let run = this.#head[half]!;
    let at = sequence;
    let from = start;
    let known = 0;
    const isProbe = end - start + missing === probeBytes;
    while (from < end) {
      while (run !== none && ((this.endOf(run) - at) | 0) <= 0) {
        previous = run;
        run = this.#runNext[run]!;
      }
      let length = end - from;
      if (run !== none && ((this.sequence[run]! - at) | 0) <= 0) {
        length = Math.min(length, (this.endOf(run) - at) | 0);
        this.#meet(run, at, bytes, from, length, isProbe);
        this.#lowerAck(run, at, length, ack);
        known += length;
      } else {
        if (run !== none) length = Math.min(length, (this.sequence[run]! - at) | 0);
        const added = this.#add(half, previous, run, at, bytes, from, length, tsUs, ack, isProbe);
        if (added !== none) run = added;
      }
      from += length;
      at = (at + length) | 0;
    }
    if (missing > 0 && run !== none && this.endOf(run) === at) this.#addMissing(half, run, missing);
    return known;
  }

  /**
   * Stores bytes in the hole between two runs, as part of those they touch.
   * @returns the run they are in; −1 when there was no page for the first of them.
   */
  #add(
    half: number,
    previous: number,
    following: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    tsUs: number,
    ack: number,
    isProbe: boolean,
  ): number {
    let run = previous !== none && this.endOf(previous) === sequence ? previous : none;
    let stored = 0;
    if (run !== none) {
      const page = this.#runLast[run]!;
      // A page has one acknowledgement: that of an earlier segment would be too low for what follows it.
      const isApart = isProbe || this.probe[page] === 1;
      if (this.missing[page] === 0 && this.ack[page] === ack && !isApart) {
        stored = Math.min(length, pageBytes - this.length[page]!);
        this.#copy(page, this.length[page]!, bytes, start, stored);
        this.length[page]! += stored;
      }
    }
    while (stored < length) {
      const page = this.#pool.allocate();
      if (page === none) {
        this.#counters.shedBytes += length - stored;
        break;
      }
      const part = Math.min(length - stored, pageBytes);
      this.#waiting[half]! += 1;
      this.sequence[page] = (sequence + stored) | 0;
      this.ack[page] = ack;
      this.length[page] = part;
      this.missing[page] = 0;
      this.probe[page] = isProbe ? 1 : 0;
      this.next[page] = none;
      this.tsUs[page] = tsUs;
      this.#copy(page, 0, bytes, start + stored, part);
      if (run === none) {
        run = page;
        this.#runNext[run] = following;
        if (previous === none) this.#head[half] = run;
        else this.#runNext[previous] = run;
        this.#runs[half]! += 1;
      } else {
        this.next[this.#runLast[run]!] = page;
      }
      this.#runLast[run] = page;
      stored += part;
    }
    if (run !== none) this.#joinNext(half, run);
    return run;
  }

  #addMissing(half: number, run: number, missing: number): void {
    const page = this.#runLast[run]!;
    const following = this.#runNext[run]!;
    const room = following === none ? missing : (this.sequence[following]! - this.endOf(run)) | 0;
    this.missing[page]! += Math.min(missing, room);
    this.#joinNext(half, run);
  }

  /** Makes one of a run and the next if nothing is between them. */
  #joinNext(half: number, run: number): void {
    const following = this.#runNext[run]!;
    if (following === none || this.endOf(run) !== this.sequence[following]) return;
    this.next[this.#runLast[run]!] = following;
    this.#runLast[run] = this.#runLast[following]!;
    this.#runNext[run] = this.#runNext[following]!;
    this.#runs[half]! -= 1;
  }

  /** Where to look for a sequence number among a run's pages from: at the last one if it is there, as of what comes again it mostly is. */
  #pageBefore(run: number, sequence: number): number {
    const last = this.#runLast[run]!;
    return ((sequence - this.sequence[last]!) | 0) >= 0 ? last : run;
  }

  #copy(page: number, offset: number, bytes: Uint8Array, start: number, length: number): void {
    // The native copy of Buffer takes offsets, where `set` would need a view made for each segment.
    copyBytes.call(bytes, this.#pool.bytes, this.#pool.at(page) + offset, start, start + length);
  }

  /** Another copy of bytes that wait: pages that it covers keep the lower acknowledgement. */
  #lowerAck(run: number, sequence: number, length: number, ack: number): void {
    const end = (sequence + length) | 0;
    for (let page = this.#pageBefore(run, sequence); page !== none; page = this.next[page]!) {
      const pageStart = this.sequence[page]!;
      if (((pageStart - end) | 0) >= 0) return;
      const isCovered = ((pageStart - sequence) | 0) >= 0 && ((pageStart + this.length[page]! - end) | 0) <= 0;
      if (isCovered && ((ack - this.ack[page]!) | 0) < 0) this.ack[page] = ack;
    }
  }

  /** A segment at the half-stream's next byte, to be delivered before what waits: as to the bytes of it that wait. */
  meetNext(half: number, sequence: number, bytes: Uint8Array, start: number, end: number): void {
    const stop = (sequence + end - start) | 0;
    for (let run = this.#head[half]!; run !== none; run = this.#runNext[run]!) {
      if (((this.sequence[run]! - stop) | 0) >= 0) return;
      this.#meet(run, sequence, bytes, start, end - start, false);
    }
  }

  /**
   * Bytes of a run came again: they are replaced where the later ones win, or where they are a probe's. Others that differ are counted.
   * @param isProbe they may be a probe's
   */
  #meet(run: number, sequence: number, bytes: Uint8Array, start: number, length: number, isProbe: boolean): void {
    const end = (sequence + length) | 0;
    for (let page = this.#pageBefore(run, sequence); page !== none; page = this.next[page]!) {
      const pageStart = this.sequence[page]!;
      if (((pageStart - end) | 0) >= 0) return;
      const skip = Math.max(0, (sequence - pageStart) | 0);
      const ahead = Math.max(0, (pageStart - sequence) | 0);
      const part = Math.min(this.length[page]! - skip, length - ahead);
      if (part <= 0) continue;
      const isKnownProbe = this.probe[page] === 1;
      if (isProbe && !isKnownProbe) continue;
      const yields = isKnownProbe && !isProbe;
      if (!yields) this.#countConflicts(page, skip, bytes, start + ahead, part);
      if (yields || this.#lastWins) this.#copy(page, skip, bytes, start + ahead, part);
      if (yields) this.probe[page] = 0;
      if (this.#lastWins) this.#counters.overwrittenBytes += part;
    }
  }

  #countConflicts(page: number, offset: number, bytes: Uint8Array, start: number, length: number): void {
    const pages = this.#pool.bytes;
    const at = this.#pool.at(page) + offset;
    if (compareBytes.call(bytes, pages, at, at + length, start, start + length) === 0) return;
    for (let index = 0; index < length; index += 1) {
      if (pages[at + index] !== bytes[start + index]) this.#counters.conflictingBytes += 1;
    }
  }
}
