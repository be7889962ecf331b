/** Native decompressors and output buffers, shared by all that decode in one agent; bounded by `bytesMax`. */
import assert from 'node:assert/strict';
import { type InflaterKind, NativeInflater, zstdWindowLogMax } from './native-inflater.ts';

/** Output is handed on in pieces of this size, so that a bomb never has more than this many bytes in flight. */
const outputBytes = 64 << 10;
/** Window (32 KiB) and state of one inflater, rounded up. */
const inflaterBytes = 48 << 10;
/** Idle inflaters kept for reuse: making one costs more than inflating a small body. */
const idleInflatersMax = 64;
/** What may be kept beside decoders, to decode it again, takes this part of the budget at most. */
const spareShare = 1 / 8;
/** Idle buffers kept of each size (0.5 MB in all), for what decoding can do without: making one costs more than filling it. */
const idleSparesMax = 8;

/** Window and tables of the largest zstd decoder that is made. */
export const zstdDecoderBytes = (1 << zstdWindowLogMax) + (256 << 10);

export class DecoderPool {
  readonly bytesMax: number;
  bytesInUse = 0;
  /** Most that was ever in use, for the gauges. */
  bytesPeak = 0;
  /** Of the bytes in use, those that decoding can do without. */
  #spareBytes = 0;
  readonly #idle = { raw: [] as NativeInflater[], zlib: [] as NativeInflater[] };
  readonly #outputs: Uint8Array[] = [];
  /** Idle buffers by the logarithm of their size. */
  readonly #spares: Uint8Array[][] = [];

  /** @param bytesMax native memory of all decoders at work together, by their declared windows. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** One output buffer for each stage: bodies take turns, stages do not. */
  output(stage: number): Uint8Array {
    return (this.#outputs[stage] ??= new Uint8Array(outputBytes));
  }

  reserve(bytes: number): boolean {
    if (this.bytesInUse + bytes > this.bytesMax) return false;
    this.bytesInUse += bytes;
    if (this.bytesInUse > this.bytesPeak) this.bytesPeak = this.bytesInUse;
    return true;
  }

  /**
   * A buffer for what decoding can do without, out of a small part of the budget: null where that is in use.
   * @param size a power of two
   */
  takeSpare(size: number): Uint8Array | null {
    if (this.#spareBytes + size > this.bytesMax * spareShare || !this.reserve(size)) return null;
    this.#spareBytes += size;
    return this.#spares[31 - Math.clz32(size)]?.pop() ?? new Uint8Array(size);
  }

  /** @param isOver whether the buffer is no longer read */
  giveSpare(buffer: Uint8Array, isOver: boolean): void {
    this.#spareBytes -= buffer.length;
    this.free(buffer.length);
    if (!isOver) return;
    const idle = (this.#spares[31 - Math.clz32(buffer.length)] ??= []);
    if (idle.length < idleSparesMax) idle.push(buffer);
  }

  free(bytes: number): void {
    this.bytesInUse -= bytes;
    // Not `assert(…)`: that makes a list of its arguments for each body.
    if (this.bytesInUse < 0) assert.fail('more was freed than was reserved');
  }

  /** A decompressor, reused where one is idle. */
  take(kind: InflaterKind): NativeInflater {
    const idle = kind === 'raw' || kind === 'zlib' ? this.#idle[kind].pop() : undefined;
    return idle ?? new NativeInflater(kind);
  }

  give(inflater: NativeInflater): void {
    const { kind } = inflater;
    const idle = kind === 'raw' || kind === 'zlib' ? this.#idle[kind] : null;
    if (idle === null || inflater.failed || idle.length >= idleInflatersMax) {
      inflater.close();
      return;
    }
    inflater.reset();
    idle.push(inflater);
  }

  close(): void {
    for (const idle of [this.#idle.raw, this.#idle.zlib]) for (const inflater of idle.splice(0)) inflater.close();
  }
}

/** What a decoder may cost in native memory, from the first byte of its input. */
export function decoderBytes(kind: InflaterKind, first: number): number {
  // Ring buffer plus tables; zstd's frame header is not parsed: its window is capped instead.
  if (kind === 'br') return brotliWindowBytes(first) + (128 << 10);
  return kind === 'zstd' ? zstdDecoderBytes : inflaterBytes;
}

/** Window of a brotli stream from its first byte (RFC 7932, section 9.1). */
function brotliWindowBytes(first: number): number {
  let bits = 16;
  if ((first & 1) !== 0) {
    const n = (first >> 1) & 7;
    if (n !== 0) bits = 17 + n;
    else {
      const m = (first >> 4) & 7;
      // 0: 17 bits; 1 is reserved (large window): the decoder refuses it.
      bits = m === 0 ? 17 : 8 + m;
    }
  }
  return 1 << bits;
}
