/** The beginning of a body, kept in one buffer that doubles: pieces of a byte each must not cost an object each. */
import type { BodyBuffers } from './json-document.ts';

const bytesMin = 256;
const nothing = new Uint8Array(0);

export class KeptBytes {
  length = 0;
  #bytes: Uint8Array = nothing;
  readonly #bytesMax: number;
  readonly #buffers: BodyBuffers;

  /** @param buffers whose budget pays for it; give it back with `release` */
  constructor(bytesMax: number, buffers: BodyBuffers) {
    this.#bytesMax = bytesMax;
    this.#buffers = buffers;
  }

  /** @returns whether all of `bytes[start, end)` is kept: not when it is too long, or the budget is spent. */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    const wanted = Math.min(end - start, this.#bytesMax - this.length);
    if (wanted > 0 && !this.#grow(this.length + wanted)) return false;
    this.#bytes.set(bytes.subarray(start, start + wanted), this.length);
    this.length += wanted;
    return wanted === end - start;
  }

  /** What is kept; a view that is valid until `release`. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Keeps nothing any more. */
  release(): void {
    this.#buffers.letGo(this.#bytes.length);
    this.#bytes = nothing;
    this.length = 0;
  }

  #grow(length: number): boolean {
    if (length <= this.#bytes.length) return true;
    const size = Math.min(this.#bytesMax, Math.max(length, this.#bytes.length * 2, bytesMin));
    if (!this.#buffers.hold(size - this.#bytes.length)) return false;
    const grown = new Uint8Array(size);
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    return true;
  }
}
