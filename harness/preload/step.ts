/**
 * Readings in step with a target that goes by what it reads and not by the clock (`agent/commands/lockstep.ts`): it says
 * when, and what a reading allocates is no traffic. Two runs over the same bytes then collect garbage at the same places.
 */
import { subscribe } from 'node:diagnostics_channel';
import v8 from 'node:v8';
import type { HeapWatch } from './heap-watch.ts';

/** One was not enough (allocation within 0.16 % then), three were. */
const settlingCollections = 3;
/** What a reading takes up is made a multiple of this: most need less than half of it. */
const readingBytes = 64 << 10;
/** What an array takes that has room for nothing, and how much more it takes for each element. */
const arrayBytes = 48;
const elementBytes = 8;
/** A piece that does not fit a page of V8's leaves the end of it empty: small ones leave little. */
const pieceBytes = 1 << 10;

export class StepReadings {
  /** The last piece; a field, so that no compiler leaves it out. */
  filler: unknown[] = [];
  readonly #heap: HeapWatch;
  #isSettled = false;
  /** When the last reading had ended. */
  #allocatedBytes = 0;
  /** When this one began. */
  #usedBytes = 0;

  constructor(heap: HeapWatch) {
    this.#heap = heap;
    subscribe('tracing:floodgate:reading:start', () => this.#begin());
    subscribe('tracing:floodgate:reading:end', () => this.#end());
  }

  #begin(): void {
    const heap = this.#heap;
    this.#usedBytes = usedBytes();
    const allocated = heap.takeCollections();
    const before = heap.allocatedByTraffic;
    heap.allocatedByTraffic = before === undefined ? 0 : before + allocated - this.#allocatedBytes;
    if (this.#isSettled) return;
    this.#settle();
    this.#usedBytes = usedBytes();
  }

  #end(): void {
    this.#heap.report();
    // Records of collections differ in length; behind them there are none, and the last look takes the same each time.
    this.#heap.takeCollections();
    this.#fillUp();
    this.#allocatedBytes = this.#heap.takeCollections() + this.#heap.takingBytes;
  }

  /**
   * What the start left behind differs by some kilobytes, and where in V8's pages it lies, which would move every later
   * collection. The last resort also moves what is left together, most of it the second time. The start's own peak, which is
   * higher than that of little traffic, differs by 1.2 % and is left out: the peak is the traffic's, as what is allocated.
   */
  #settle(): void {
    this.#isSettled = true;
    for (let i = 0; i < settlingCollections; i += 1) {
      globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    }
    this.#heap.takeCollections(true);
    this.#heap.forgetPeak();
  }

  /**
   * Figures have more digits or fewer, and their text takes more room or less: all readings are to take the same. A collection in the middle
   * takes away what was filled, so that the end lies beyond all that fits between two of them: it ends the filling.
   */
  #fillUp(): void {
    const taken = usedBytes() - this.#usedBytes;
    const endBytes = this.#usedBytes + Math.ceil(taken / readingBytes) * readingBytes;
    for (let before = Number.POSITIVE_INFINITY; ; ) {
      // Asking takes some room as well.
      const rest = endBytes - usedBytes();
      if (rest < arrayBytes || rest >= before) return;
      before = rest;
      this.filler = new Array((Math.min(rest, pieceBytes) - arrayBytes) / elementBytes);
      if (rest <= pieceBytes) return;
    }
  }
}

function usedBytes(): number {
  return v8.getHeapStatistics().used_heap_size;
}
