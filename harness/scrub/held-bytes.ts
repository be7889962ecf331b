/** Bytes that wait for those behind them, one after the other in an array that grows. */
export class HeldBytes {
  /** Those that are held are the first `length`. */
  bytes = Buffer.alloc(0);
  length = 0;

  add(bytes: Uint8Array, start: number, end: number): void {
    const wanted = this.length + end - start;
    if (wanted > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, wanted));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(bytes.subarray(start, end), this.length);
    this.length = wanted;
  }

  /** The first so many are held no longer. */
  drop(length: number): void {
    this.bytes.copyWithin(0, length, this.length);
    this.length -= length;
  }

  /** Nothing is held, and its memory is free. */
  clear(): void {
    this.bytes = Buffer.alloc(0);
    this.length = 0;
  }
}
