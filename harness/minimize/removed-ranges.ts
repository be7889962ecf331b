/** Bytes taken out of one direction of a stream: what is left closes up, as if they had never been sent. Pure. */

export class RemovedRanges {
  /** Offsets from the first sequence number of the direction, ascending, apart from each other. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** Bytes removed before each range. */
  #before: number[] | undefined;

  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }

  /** Adds `[start, end)`. Ranges usually come in ascending order; one that does not is put in its place. */
  add(start: number, end: number): void {
    if (end <= start) return;
    this.#before = undefined;
    const last = this.#ends.length - 1;
    if (last < 0 || start > this.#ends[last]!) {
      this.#starts.push(start);
      this.#ends.push(end);
      return;
    }
    const from = this.#firstEndingAtOrAfter(start);
    let to = from;
    while (to < this.#starts.length && this.#starts[to]! <= end) to += 1;
    const joined = [
      Math.min(start, from < to ? this.#starts[from]! : start),
      Math.max(end, from < to ? this.#ends[to - 1]! : end),
    ] as const;
    this.#starts.splice(from, to - from, joined[0]);
    this.#ends.splice(from, to - from, joined[1]);
  }

  /** Bytes removed before this offset; of an offset within a range, up to it. */
  removedBefore(offset: number): number {
    const before = (this.#before ??= this.#sums());
    const at = this.#firstEndingAtOrAfter(offset);
    const sum = before[at] ?? 0;
    return at < this.#starts.length && offset > this.#starts[at]! ? sum + offset - this.#starts[at]! : sum;
  }

  /** Calls `keep` for each part of `[start, end)` that stays, in order. */
  keptWithin(start: number, end: number, keep: (from: number, to: number) => void): void {
    let at = start;
    for (let i = this.#firstEndingAtOrAfter(start); i < this.#starts.length && this.#starts[i]! < end; i += 1) {
      if (this.#starts[i]! > at) keep(at, this.#starts[i]!);
      at = Math.max(at, this.#ends[i]!);
    }
    if (at < end) keep(at, end);
  }

  #sums(): number[] {
    const sums = [0];
    for (let i = 0; i < this.#starts.length; i += 1) sums.push(sums[i]! + this.#ends[i]! - this.#starts[i]!);
    return sums;
  }

  /** Number of the first range whose end is not before `offset`. */
  #firstEndingAtOrAfter(offset: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
