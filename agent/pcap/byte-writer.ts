/** A reused output buffer that hands its bytes on when full. Little-endian. */
import assert from 'node:assert';

/** Takes `bytes[start, end)`: valid only during the call, so write it out or copy it. */
export type BytesOut = (bytes: Uint8Array, start: number, end: number) => void;

/** @internal The writers' buffer: `reserve`, then put, in that order. */
export class ByteWriter {
  readonly #out: BytesOut;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(out: BytesOut, bufferBytes: number) {
    assert(bufferBytes >= 1_024);
    this.#out = out;
    this.#bytes = new Uint8Array(bufferBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Makes room for `length` bytes of small fields; at most 1,024. */
  reserve(length: number): void {
    assert(length <= 1_024);
    if (this.#at + length > this.#bytes.length) this.flush();
  }

  u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  /** Copies `bytes[start, end)`; what does not fit the buffer goes out in place, without a copy. */
  copy(bytes: Uint8Array, start: number, end: number): void {
    if (this.#at + end - start > this.#bytes.length) this.flush();
    if (end - start > this.#bytes.length) {
      this.#out(bytes, start, end);
      return;
    }
    if (end > start)
      this.#bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#at);
    this.#at += end - start;
  }

  flush(): void {
    if (this.#at === 0) return;
    const length = this.#at;
    this.#at = 0;
    this.#out(this.#bytes, 0, length);
  }
}
