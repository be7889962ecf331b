/**
 * Node.js's own decompressors, driven synchronously.
 *
 * Node.js offers decompression as asynchronous streams or of whole buffers. Here bytes must be consumed before the memory
 * they lie in is used again, and nothing may be held whole. So the native handle below those streams is driven directly:
 * `writeSync` fills our buffer with what fits and says what is left. The runtime is pinned; a test holds the handle's shape.
 */

/** Loaded when something is coded: most captures read without it. */
export const zlib = () => (loaded ??= process.getBuiltinModule('node:zlib'));
let loaded: typeof import('node:zlib') | null = null;

interface NativeHandle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
  reset(): void;
}

export interface HandleOwner {
  readonly _handle: NativeHandle;
  readonly _writeState: Uint32Array;
  close(): void;
}

/** `raw` is deflate without a wrapper (RFC 1951), `zlib` with one (RFC 1950). */
export type InflaterKind = 'raw' | 'zlib' | 'br' | 'zstd';

/** RFC 9659: a zstd content coding may use a window of 8 MB at most; `zstd -19` writes files of that window. */
export const zstdWindowLogMax = 23;

const empty = new Uint8Array(0);

/** One native decompressor. */
export class NativeInflater {
  readonly kind: InflaterKind;
  /** Owns the handle: must outlive it. */
  readonly #owner: HandleOwner;
  /** Set by a write that found damaged data: what that write decoded before the damage is not known. */
  failed = false;
  /** The failure was that the data ask for a larger window than is given. */
  isWindowTooLarge = false;
  /** After `write`: input bytes not consumed, output bytes made. */
  inputLeft = 0;
  outputMade = 0;

  constructor(kind: InflaterKind) {
    this.kind = kind;
    this.#owner = createOwner(kind) as unknown as HandleOwner;
    this.#owner._handle.onerror = (_message, _errno, code) => {
      this.failed = true;
      this.isWindowTooLarge = code === 'ZSTD_error_frameParameter_windowTooLarge';
    };
  }

  /** Decodes `input[start, end)` into `output` as far as either goes. */
  write(input: Uint8Array, start: number, end: number, output: Uint8Array): void {
    this.#write(0, input, start, end, output);
  }

  /** @returns whether the data ended where it has to; what was decoded was handed over before. */
  finish(output: Uint8Array): boolean {
    // Finishing turns "needs more input" into an error: that is how truncated data shows.
    const { constants } = zlib();
    const flush = this.kind === 'br' ? constants.BROTLI_OPERATION_FINISH : constants.Z_FINISH;
    this.#write(this.kind === 'zstd' ? constants.ZSTD_e_end : flush, empty, 0, 0, output);
    return !this.failed;
  }

  #write(flush: number, input: Uint8Array, start: number, end: number, output: Uint8Array): void {
    const { _handle: handle, _writeState: state } = this.#owner;
    // A failed write leaves the state as it was: preset to "nothing happened".
    state[0] = output.length;
    state[1] = end - start;
    handle.writeSync(flush, input, start, end - start, output, 0, output.length);
    this.inputLeft = state[1]!;
    this.outputMade = output.length - state[0]!;
  }

  reset(): void {
    this.failed = false;
    this.#owner._handle.reset();
  }

  close(): void {
    this.#owner.close();
  }
}

function createOwner(kind: InflaterKind): unknown {
  const { BrotliDecompress, constants, Inflate, InflateRaw, ZstdDecompress } = zlib();
  // The stream object around a handle allocates an output buffer of its own that is never used: the smallest allowed.
  const lean = { chunkSize: constants.Z_MIN_CHUNK };
  if (kind === 'raw') return new InflateRaw(lean);
  if (kind === 'zlib') return new Inflate(lean);
  if (kind === 'br') return new BrotliDecompress(lean);
  return new ZstdDecompress({ ...lean, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } });
}
