/** What is known of the batches in a folder, oldest first: 16 bytes each, for as many as there may be. */
export interface SpooledBatch {
  readonly number: number;
  /** Of its file. */
  readonly bytes: number;
  readonly witnesses: number;
}

/** A ring of fixed capacity: overflow is a value. */
export class SpoolIndex {
  readonly #numbers: Float64Array;
  readonly #bytes: Uint32Array;
  readonly #witnesses: Uint32Array;
  #first = 0;
  length = 0;
  bytes = 0;
  witnesses = 0;

  constructor(batchesMax: number) {
    this.#numbers = new Float64Array(batchesMax);
    this.#bytes = new Uint32Array(batchesMax);
    this.#witnesses = new Uint32Array(batchesMax);
  }

  get isFull(): boolean {
    return this.length === this.#numbers.length;
  }

  /** The newest. @returns false where there is no room. */
  push(batch: SpooledBatch): boolean {
    if (this.isFull) return false;
    this.#set((this.#first + this.length) % this.#numbers.length, batch);
    return true;
  }

  /** The oldest comes back. @returns false where there is no room. */
  unshift(batch: SpooledBatch): boolean {
    if (this.isFull) return false;
    this.#first = (this.#first + this.#numbers.length - 1) % this.#numbers.length;
    this.#set(this.#first, batch);
    return true;
  }

  /** The oldest, taken out. */
  shift(): SpooledBatch | undefined {
    if (this.length === 0) return undefined;
    const at = this.#first;
    const batch = { number: this.#numbers[at]!, bytes: this.#bytes[at]!, witnesses: this.#witnesses[at]! };
    this.#first = (at + 1) % this.#numbers.length;
    this.length -= 1;
    this.bytes -= batch.bytes;
    this.witnesses -= batch.witnesses;
    return batch;
  }

  #set(at: number, { number, bytes, witnesses }: SpooledBatch): void {
    this.#numbers[at] = number;
    this.#bytes[at] = bytes;
    this.#witnesses[at] = witnesses;
    this.length += 1;
    this.bytes += bytes;
    this.witnesses += witnesses;
  }
}
