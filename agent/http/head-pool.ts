/** Smallest head buffer: most heads fit (measured means: 350 bytes a request, 300 a response). */
const SMALLEST_BYTES = 1024;

/** Buffers for heads that are split over segments or outlive theirs: powers of two, one budget for all, reused. Long request
 * targets of messages that flow are paid for out of the same budget. */
export class HeadPool {
  readonly #bytesMax: number;
  readonly #free: Uint8Array[][] = [];
  /** Bytes held by users and free lists. */
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A buffer of at least `length` bytes, or null when the budget is spent. Give it back with `release`. */
  acquire(length: number): Uint8Array | null {
    const index = classOf(length);
    const kept = this.#free[index]?.pop();
    if (kept !== undefined) return kept;
    const size = SMALLEST_BYTES << index;
    if (this.#bytes + size > this.#bytesMax) this.#dropFree(size);
    if (this.#bytes + size > this.#bytesMax) return null;
    this.#bytes += size;
    return new Uint8Array(size);
  }

  release(buffer: Uint8Array): void {
    const index = classOf(buffer.length);
    if (buffer.length !== SMALLEST_BYTES << index)
      throw new RangeError(`a buffer of ${buffer.length} bytes is not the pool's`);
    let list = this.#free[index];
    if (list === undefined) {
      while (this.#free.length <= index) this.#free.push([]);
      list = this.#free[index] as Uint8Array[];
    }
    list.push(buffer);
  }

  /** Counts `bytes` that a user holds elsewhere; false when the budget is spent. Take them off again with `letGo`. */
  hold(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) this.#dropFree(bytes);
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  letGo(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Lets go of free buffers of other sizes until `size` more bytes fit. */
  #dropFree(size: number): void {
    for (const list of this.#free) {
      while (list.length > 0 && this.#bytes + size > this.#bytesMax) {
        this.#bytes -= (list.pop() as Uint8Array).length;
      }
    }
  }
}

function classOf(length: number): number {
  return length <= SMALLEST_BYTES ? 0 : 22 - Math.clz32(length - 1);
}
