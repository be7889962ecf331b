/** What happens next: a binary heap by time; of one time, what was added first. Bounded by what it is made for. */

export class EventQueue<T> {
  readonly #times: Float64Array;
  readonly #orders: Float64Array;
  readonly #items: (T | undefined)[];
  #count = 0;
  #added = 0;

  constructor(capacity: number) {
    this.#times = new Float64Array(capacity);
    this.#orders = new Float64Array(capacity);
    this.#items = new Array<T | undefined>(capacity);
  }

  get size(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.#times.length;
  }

  /** Of the first; only where there is one. */
  get firstTime(): number {
    return this.#times[0]!;
  }

  get first(): T {
    return this.#items[0]!;
  }

  add(time: number, item: T): void {
    let at = this.#count++;
    const order = this.#added++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#times[parent]! <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, order, item);
  }

  /** The first, at another time. */
  moveFirst(time: number): void {
    this.#sink(time, this.#added++, this.#items[0]!);
  }

  removeFirst(): void {
    const last = --this.#count;
    const item = this.#items[last]!;
    this.#items[last] = undefined;
    if (last > 0) this.#sink(this.#times[last]!, this.#orders[last]!, item);
  }

  #sink(time: number, order: number, item: T): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#count) break;
      if (child + 1 < this.#count && this.#isBefore(child + 1, this.#times[child]!, this.#orders[child]!)) child += 1;
      if (!this.#isBefore(child, time, order)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, time, order, item);
  }

  #isBefore(at: number, time: number, order: number): boolean {
    const own = this.#times[at]!;
    return own < time || (own === time && this.#orders[at]! < order);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#orders[from]!, this.#items[from]!);
  }

  #put(at: number, time: number, order: number, item: T): void {
    this.#times[at] = time;
    this.#orders[at] = order;
    this.#items[at] = item;
  }
}
