/** Memory for sealed values in a few sizes, used again: bodies come as fast as memory can be asked for. */
import { SEALED_PAGE_BYTES } from '../witness/sealed.ts';

/** Powers of two from 512 bytes to a page. */
const SMALLEST_BITS = 9;
const SIZES = Math.log2(SEALED_PAGE_BYTES) - SMALLEST_BITS + 1;

export class SealShelf {
  readonly #idle: Uint8Array[][] = Array.from({ length: SIZES }, () => []);
  readonly #idleBytesMax: number;
  #idleBytes = 0;

  /** @param idleBytesMax bytes kept for later; what is in use is the caller's to limit */
  constructor(idleBytesMax: number) {
    this.#idleBytesMax = idleBytesMax;
  }

  /** At least so many bytes, a page at most, with whatever is in them. */
  take(length: number): Uint8Array {
    const size = sizeOf(length);
    const idle = this.#idle[size]!.pop();
    if (idle === undefined) return Buffer.allocUnsafeSlow(1 << (SMALLEST_BITS + size));
    this.#idleBytes -= idle.length;
    return idle;
  }

  give(bytes: Uint8Array): void {
    if (this.#idleBytes + bytes.length > this.#idleBytesMax) return;
    this.#idleBytes += bytes.length;
    this.#idle[sizeOf(bytes.length)]!.push(bytes);
  }
}

const sizeOf = (length: number): number => Math.max(0, 32 - Math.clz32(length - 1) - SMALLEST_BITS);
