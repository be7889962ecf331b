/** Which bytes of a stream have been seen: sorted, disjoint ranges. */
export class IntervalSet {
  #starts: number[] = [];
  #ends: number[] = [];

  get size(): number {
    return this.#starts.length;
  }

  /** Adds `[start, end)`. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const last = this.#ends.length - 1;
    // Of most streams there is one range at a time: an empty list that grows would take room for sixteen.
    if (last < 0) {
      this.#starts = [start];
      this.#ends = [end];
      return;
    }
    // In order, as nearly all of it comes.
    if (this.#ends[last] === start) {
      this.#ends[last] = end;
      return;
    }
    // Ranges that touch or overlap the new one become one with it.
    const first = this.#firstEndingAtOrAfter(start);
    let after = first;
    let [from, to] = [start, end];
    while (after < this.#starts.length && this.#starts[after]! <= end) {
      from = Math.min(from, this.#starts[after]!);
      to = Math.max(to, this.#ends[after]!);
      after += 1;
    }
    this.#starts.splice(first, after - first, from);
    this.#ends.splice(first, after - first, to);
  }

  /** Whether every byte of `[start, end)` was added. */
  covers(start: number, end: number): boolean {
    if (end <= start) return true;
    const at = this.#firstEndingAtOrAfter(end);
    return at < this.#starts.length && this.#starts[at]! <= start;
  }

  /** Whether any byte of `[start, end)` was added. */
  overlaps(start: number, end: number): boolean {
    const at = this.#firstEndingAtOrAfter(start + 1);
    return at < this.#starts.length && this.#starts[at]! < end;
  }

  /** Where the bytes that go on from `position` end; `position` itself where its byte was not added. */
  endOf(position: number): number {
    const at = this.#firstEndingAtOrAfter(position + 1);
    return at < this.#starts.length && this.#starts[at]! <= position ? this.#ends[at]! : position;
  }

  /** Ranges that begin behind `position`. */
  countAfter(position: number): number {
    return this.#starts.length - this.#firstStartingAfter(position);
  }

  /** Where the first of them begins; `position` where there is none. */
  startAfter(position: number): number {
    return this.#starts[this.#firstStartingAfter(position)] ?? position;
  }

  /** Where the last range ends; 0 where there is none. */
  get last(): number {
    return this.#ends.at(-1) ?? 0;
  }

  /** Forgets ranges that end at or before `position`: they are not asked for again. */
  forgetBelow(position: number): void {
    const count = this.#firstEndingAtOrAfter(position + 1);
    if (count === 0) return;
    this.#starts.splice(0, count);
    this.#ends.splice(0, count);
  }

  clear(): void {
    this.#starts.length = 0;
    this.#ends.length = 0;
  }

  #firstStartingAfter(position: number): number {
    const at = this.#firstEndingAtOrAfter(position + 1);
    return at < this.#starts.length && this.#starts[at]! <= position ? at + 1 : at;
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
