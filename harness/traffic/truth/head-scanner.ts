/**
 * Counts what may be heads of messages in bytes that could not be framed: every head of HTTP/1 holds `HTTP/1.`. It is an upper
 * bound of what an observer can find there.
 */

const mark = Buffer.from('HTTP/1.');

export class HeadScanner {
  /** The last bytes scanned, with room for the next ones. */
  readonly #seam = Buffer.alloc(2 * (mark.length - 1));
  #seamBytes = 0;

  /** @returns how many begin in `bytes[start, end)`, or in what was scanned before and end here */
  count(bytes: Uint8Array, start: number, end: number): number {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    let count = 0;
    for (let at = view.indexOf(mark); at >= 0; at = view.indexOf(mark, at + mark.length)) count += 1;
    return count + this.#acrossSeam(view);
  }

  /** What follows does not go on where the last bytes ended. */
  cut(): void {
    this.#seamBytes = 0;
  }

  #acrossSeam(view: Buffer): number {
    const most = mark.length - 1;
    const before = this.#seamBytes;
    const length = before + view.copy(this.#seam, before, 0, Math.min(most, view.length));
    const isAcross = before > 0 && this.#seam.subarray(0, length).includes(mark);
    if (view.length >= most) this.#seamBytes = view.copy(this.#seam, 0, view.length - most);
    else {
      const kept = Math.min(length, most);
      this.#seam.copyWithin(0, length - kept, length);
      this.#seamBytes = kept;
    }
    return isAcross ? 1 : 0;
  }
}
