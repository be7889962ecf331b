/** Which bytes of a stream have been seen: sorted, disjoint ranges. */
export class IntervalSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** Adds `[start, end)`. */
  add(start: number, end: number): void {
    if (end <= start) return;
    // Ranges that touch or overlap the new one become one with it.
    const first = this.#firstEndingAtOrAfter(start);
    let last = first;
    let [from, to] = [start, end];
    while (last < this.#starts.length && this.#starts[last]! <= end) {
      from = Math.min(from, this.#starts[last]!);
      to = Math.max(to, this.#ends[last]!);
      last += 1;
    }
    this.#starts.splice(first, last - first, from);
    this.#ends.splice(first, last - first, to);
  }

  /** Whether every byte of `[start, end)` was added. */
  covers(start: number, end: number): boolean {
    if (end <= start) return true;
    const at = this.#firstEndingAtOrAfter(end);
    return at < this.#starts.length && this.#starts[at]! <= start;
  }

  #firstEndingAtOrAfter(position: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
