/**
 * One page budget for the pools of several threads: a number in shared memory that each draws lots from. What is counted is
 * resident pages, so that all pools together never hold more memory than the budget, whatever moved from one to another.
 */

/** Pages drawn at a time: one atomic operation for so many, and all that a thread may hold beyond its need. */
export const creditLotPages = 32;

// Places in the shared memory.
const LEFT = 0;
const LEAST = 1;

export class PageCredit {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** The budget, for the thread that hands `shared` to the others. */
  static of(pages: number): PageCredit {
    const shared = new SharedArrayBuffer(8);
    new Int32Array(shared).fill(pages);
    return new PageCredit(shared);
  }

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** Pages that no thread has drawn now. */
  get left(): number {
    return Atomics.load(this.#words, LEFT);
  }

  /** The fewest there ever were. */
  get least(): number {
    return Atomics.load(this.#words, LEAST);
  }

  /** @returns pages drawn: `count`, or the fewer that were left. */
  draw(count: number): number {
    const words = this.#words;
    for (;;) {
      const left = Atomics.load(words, LEFT);
      const drawn = Math.min(count, left);
      if (drawn <= 0) return 0;
      if (Atomics.compareExchange(words, LEFT, left, left - drawn) !== left) continue;
      for (;;) {
        const least = Atomics.load(words, LEAST);
        if (left - drawn >= least) return drawn;
        if (Atomics.compareExchange(words, LEAST, least, left - drawn) === least) return drawn;
      }
    }
  }

  giveBack(count: number): void {
    if (count > 0) Atomics.add(this.#words, LEFT, count);
  }
}
