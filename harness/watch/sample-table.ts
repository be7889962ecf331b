/** Samples kept as columns, bounded: at capacity every second sample goes and from then on every second one is kept. */

export interface SampleColumn {
  readonly name: string;
  readonly unit: 'bytes' | 'count' | 'ms' | 'seconds' | 'share';
  readonly kind: 'gauge' | 'counter';
}

/** 50 ms apart, this is 3.6 hours at full resolution; eight columns of it are 17 MB. */
export const capacityDefault = 262_144;

export class SampleTable {
  readonly columns: readonly SampleColumn[];
  readonly #capacity: number;
  #tMs: Float64Array;
  #values: Float64Array[];
  #count = 0;
  #keepEvery = 1;
  #skipped = 0;

  constructor(columns: readonly SampleColumn[], capacity = capacityDefault) {
    this.columns = columns;
    this.#capacity = capacity;
    const first = Math.min(capacity, 1024);
    this.#tMs = new Float64Array(first);
    this.#values = columns.map(() => new Float64Array(first));
  }

  get count(): number {
    return this.#count;
  }

  /** Adds one sample; `values` in the order of the columns, NaN where it was not taken. */
  add(tMs: number, values: ArrayLike<number>): void {
    if (++this.#skipped < this.#keepEvery) {
      this.#raiseLast(values);
      return;
    }
    this.#skipped = 0;
    if (this.#count === this.#tMs.length) this.#makeRoom();
    this.#tMs[this.#count] = tMs;
    for (let i = 0; i < this.#values.length; i++) this.#values[i]![this.#count] = values[i] ?? Number.NaN;
    this.#count += 1;
  }

  tMs(): number[] {
    return Array.from(this.#tMs.subarray(0, this.#count));
  }

  /** One column; NaN became null. */
  column(name: string): (number | null)[] {
    const index = this.columns.findIndex((column) => column.name === name);
    if (index < 0) return [];
    return Array.from(this.#values[index]!.subarray(0, this.#count), (value) => (Number.isNaN(value) ? null : value));
  }

  // A sample that is left out must not hide a peak.
  #raiseLast(values: ArrayLike<number>): void {
    const last = this.#count - 1;
    if (last < 0) return;
    for (let i = 0; i < this.#values.length; i++) {
      const column = this.#values[i]!;
      const value = values[i] ?? Number.NaN;
      if (!Number.isNaN(value) && !(column[last]! >= value)) column[last] = value;
    }
  }

  #makeRoom(): void {
    if (this.#tMs.length < this.#capacity) {
      const length = Math.min(this.#capacity, this.#tMs.length * 2);
      this.#tMs = grown(this.#tMs, length);
      this.#values = this.#values.map((column) => grown(column, length));
      return;
    }
    const half = this.#count >> 1;
    for (let i = 0; i < half; i++) this.#tMs[i] = this.#tMs[2 * i]!;
    for (const column of this.#values)
      for (let i = 0; i < half; i++) column[i] = larger(column[2 * i]!, column[2 * i + 1]!);
    this.#count = half;
    this.#keepEvery *= 2;
  }
}

function grown(column: Float64Array, length: number): Float64Array {
  const next = new Float64Array(length);
  next.set(column);
  return next;
}

function larger(a: number, b: number): number {
  return a >= b || Number.isNaN(b) ? a : b;
}
