/**
 * Content codings (RFC 9110, section 8.4) undone as the bytes flow: gzip, deflate (zlib or raw), br, zstd, stacked.
 *
 * Node.js offers decompression as asynchronous streams or of whole buffers. A passive observer needs neither: bytes
 * must be consumed before the packet's memory is reused, and a body must never be held whole. So the native handle
 * below those streams is driven directly: `writeSync` fills our buffer with what fits and says what is left. The
 * runtime is pinned; a test holds the handle's shape.
 */
import { strict as assert } from 'node:assert';
import zlib from 'node:zlib';

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** How decoding ended or stands. Each but `open` and `complete` has a counter with the caller. */
export type DecodeState =
  | 'open'
  | 'complete'
  /** The encoded bytes ended early or have a gap. */
  | 'truncated'
  | 'malformed'
  /** More decoded bytes than `decodedBytesMax`: the rest was not decoded. */
  | 'limit'
  /** Every decoder is in use: nothing was decoded. */
  | 'busy'
  | 'unsupported';

export interface DecodedSink {
  /** Decoded bytes; valid only during the call. */
  decoded(bytes: Uint8Array, start: number, end: number): void;
}

interface NativeHandle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array | null,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
  reset(): void;
  close(): void;
}

/** Codings on one message: more is an attack, RFC 9110 knows no use for it. */
export const codingsMax = 3;
/** Output is handed on in pieces of this size, so that a bomb never has more than this many bytes in flight. */
const outputBytes = 64 << 10;
/** Window (32 KiB) and state of one inflater, rounded up. */
const inflaterBytes = 48 << 10;
/** RFC 9659: a zstd content coding may use a window of 8 MB at most. */
const zstdWindowLogMax = 23;
/** The stream object around a handle allocates an output buffer of its own that is never used: the smallest allowed. */
const leanStream = { chunkSize: zlib.constants.Z_MIN_CHUNK };
/** Idle inflaters kept for reuse: making one costs more than inflating a small body. */
const idleInflatersMax = 64;

/** Native handles and output buffers, shared by all bodies of one agent; bounded by `bytesMax`. */
export class DecoderPool {
  readonly bytesMax: number;
  bytesInUse = 0;
  /** Most that was ever in use, for the gauges. */
  bytesPeak = 0;
  readonly #idle = { gzip: [] as Inflater[], deflate: [] as Inflater[] };
  readonly #outputs: Uint8Array[] = [];

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

  free(bytes: number): void {
    this.bytesInUse -= bytes;
    assert(this.bytesInUse >= 0);
  }

  /** An inflater for gzip or zlib data, reused where one is idle. */
  takeInflater(kind: 'gzip' | 'deflate'): Inflater {
    return (
      this.#idle[kind].pop() ??
      new Inflater(kind === 'gzip' ? new zlib.Gunzip(leanStream) : new zlib.Inflate(leanStream))
    );
  }

  giveInflater(kind: 'gzip' | 'deflate', inflater: Inflater): void {
    const idle = this.#idle[kind];
    if (inflater.failed || idle.length >= idleInflatersMax) {
      inflater.close();
      return;
    }
    inflater.reset();
    idle.push(inflater);
  }

  close(): void {
    for (const idle of [this.#idle.gzip, this.#idle.deflate]) {
      for (const inflater of idle.splice(0)) inflater.close();
    }
  }
}

/** One native decompressor, driven synchronously. */
class Inflater {
  readonly #handle: NativeHandle;
  /** Owns the handle: must outlive it. */
  readonly #owner: { _handle: unknown; _writeState: Uint32Array; close(): void };
  failed = false;
  /** After `write`: input bytes not consumed, output bytes made. */
  inputLeft = 0;
  outputMade = 0;

  constructor(owner: unknown) {
    this.#owner = owner as { _handle: unknown; _writeState: Uint32Array; close(): void };
    this.#handle = this.#owner._handle as NativeHandle;
    this.#handle.onerror = () => {
      this.failed = true;
    };
  }

  write(flush: number, input: Uint8Array, start: number, end: number, output: Uint8Array): void {
    // A failed write leaves the state as it was: preset to "nothing happened".
    this.#owner._writeState[0] = output.length;
    this.#owner._writeState[1] = end - start;
    this.#handle.writeSync(flush, input, start, end - start, output, 0, output.length);
    this.inputLeft = this.#owner._writeState[1]!;
    this.outputMade = output.length - this.#owner._writeState[0]!;
  }

  reset(): void {
    this.failed = false;
    this.#handle.reset();
  }

  close(): void {
    this.#owner.close();
  }
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

const maxWindowBytes: Record<Coding, number> = {
  gzip: inflaterBytes,
  deflate: inflaterBytes,
  br: 1 << 24,
  zstd: (1 << zstdWindowLogMax) + (256 << 10),
};

/** What decoding this body may cost in native memory, from its first byte. */
function windowBytes(coding: Coding, first: number): number {
  // Ring buffer plus tables; zstd's frame header is not parsed: its window is capped instead.
  return coding === 'br' ? brotliWindowBytes(first) + (128 << 10) : maxWindowBytes[coding];
}

/** Undoes one coding of one body. */
class Stage {
  readonly #pool: DecoderPool;
  readonly #coding: Coding;
  readonly #depth: number;
  #inflater: Inflater | null = null;
  #kind: 'gzip' | 'deflate' | null = null;
  #reserved = 0;
  state: DecodeState = 'open';

  constructor(pool: DecoderPool, coding: Coding, depth: number) {
    this.#pool = pool;
    this.#coding = coding;
    this.#depth = depth;
  }

  #start(first: number): boolean {
    const bytes = windowBytes(this.#coding, first);
    if (!this.#pool.reserve(bytes)) {
      this.state = 'busy';
      return false;
    }
    this.#reserved = bytes;
    if (this.#coding === 'gzip') this.#inflater = this.#pool.takeInflater((this.#kind = 'gzip'));
    else if (this.#coding === 'br') this.#inflater = new Inflater(new zlib.BrotliDecompress(leanStream));
    else if (this.#coding === 'zstd') {
      const params = { [zlib.constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
      this.#inflater = new Inflater(new zlib.ZstdDecompress({ ...leanStream, params }));
    } else if ((first & 0x0f) === 8 && first >> 4 <= 7)
      this.#inflater = this.#pool.takeInflater((this.#kind = 'deflate'));
    // "deflate" without its zlib wrapper: wrong by RFC 9110, section 8.4.1.2, and common.
    else this.#inflater = new Inflater(new zlib.InflateRaw(leanStream));
    return true;
  }

  /** `emit` returns false to stop decoding (a limit further on). */
  push(bytes: Uint8Array, start: number, end: number, emit: (output: Uint8Array, length: number) => boolean): void {
    if (this.state !== 'open' || start === end) return;
    if (this.#inflater === null && !this.#start(bytes[start]!)) return;
    this.#run(zlib.constants.Z_NO_FLUSH, bytes, start, end, emit);
  }

  #run(
    flush: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    emit: (output: Uint8Array, length: number) => boolean,
  ): void {
    const inflater = this.#inflater!;
    const output = this.#pool.output(this.#depth);
    let at = start;
    for (;;) {
      inflater.write(flush, bytes, at, end, output);
      const made = inflater.outputMade;
      if (made > 0 && !emit(output, made)) {
        this.state = 'limit';
        this.release();
        return;
      }
      if (inflater.failed) {
        this.state = 'malformed';
        this.release();
        return;
      }
      at = end - inflater.inputLeft;
      // Room left in the output: everything that could be decoded was. Input left then is after the end: ignored.
      if (made < output.length) return;
    }
  }

  /** No more input. */
  finish(emit: (output: Uint8Array, length: number) => boolean): void {
    if (this.state !== 'open') return;
    if (this.#inflater === null) this.state = 'complete';
    else {
      // Z_FINISH turns "needs more input" into an error: that is how a truncated stream shows.
      const finish = this.#coding === 'br' ? zlib.constants.BROTLI_OPERATION_FINISH : zlib.constants.Z_FINISH;
      this.#run(this.#coding === 'zstd' ? zlib.constants.ZSTD_e_end : finish, empty, 0, 0, emit);
      if (this.state === 'open') this.state = 'complete';
      else if (this.state === 'malformed') this.state = 'truncated';
    }
    this.release();
  }

  release(): void {
    if (this.#inflater !== null) {
      if (this.#kind === null) this.#inflater.close();
      else this.#pool.giveInflater(this.#kind, this.#inflater);
      this.#inflater = null;
    }
    if (this.#reserved > 0) this.#pool.free(this.#reserved);
    this.#reserved = 0;
    if (this.state === 'open') this.state = 'truncated';
  }
}

const empty = new Uint8Array(0);
/** What nearly every message says. */
const noCodings: readonly Coding[] = [];
const justGzip: readonly Coding[] = ['gzip'];

/**
 * Parses Content-Encoding (or the codings before `chunked` of Transfer-Encoding): first applied first.
 * @returns null when a coding is unknown or there are too many; an empty list for identity.
 */
export function parseCodings(value: string): readonly Coding[] | null {
  if (value === '') return noCodings;
  if (value === 'gzip') return justGzip;
  const codings: Coding[] = [];
  for (const item of value.split(',', codingsMax + 2)) {
    const name = item.trim().toLowerCase();
    if (name === '' || name === 'identity' || name === 'chunked') continue;
    if (name === 'gzip' || name === 'x-gzip') codings.push('gzip');
    else if (name === 'deflate' || name === 'br' || name === 'zstd') codings.push(name);
    else return null;
  }
  return codings.length > codingsMax ? null : codings;
}

/** Undoes all codings of one body. Ends by `finish` or `abandon`, exactly one of them. */
export class ContentDecoder {
  readonly #stages: Stage[];
  readonly #emits: ((output: Uint8Array, length: number) => boolean)[];
  readonly #decodedBytesMax: number;
  decodedBytes = 0;

  /**
   * @param codings as applied by the sender, from `parseCodings`
   * @param decodedBytesMax decoded bytes handed on at most; also the bound between stages
   */
  constructor(pool: DecoderPool, codings: readonly Coding[], decodedBytesMax: number, sink: DecodedSink) {
    this.#decodedBytesMax = decodedBytesMax;
    // The last coding applied is the first undone.
    this.#stages = codings.toReversed().map((coding, depth) => new Stage(pool, coding, depth));
    this.#emits = this.#stages.map((_stage, depth) => {
      const next = this.#stages[depth + 1];
      if (next === undefined) {
        return (output, length) => {
          const room = this.#decodedBytesMax - this.decodedBytes;
          const taken = Math.min(length, room);
          this.decodedBytes += taken;
          if (taken > 0) sink.decoded(output, 0, taken);
          return taken === length;
        };
      }
      let between = 0;
      return (output, length) => {
        between += length;
        if (between > this.#decodedBytesMax) return false;
        next.push(output, 0, length, this.#emits[depth + 1]!);
        return next.state === 'open';
      };
    });
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#stages[0]?.push(bytes, start, end, this.#emits[0]!);
  }

  /** The whole body was pushed. @returns how decoding went, the innermost trouble first. */
  finish(): DecodeState {
    for (const [depth, stage] of this.#stages.entries()) stage.finish(this.#emits[depth]!);
    const worst = this.state;
    for (const stage of this.#stages) stage.release();
    return worst;
  }

  /** Nothing more will come that can be decoded (a gap, a cut). Hands on nothing. */
  abandon(): DecodeState {
    for (const stage of this.#stages) stage.release();
    return this.state;
  }

  /** `open` while every stage can take more. */
  get state(): DecodeState {
    let isComplete = true;
    let isTruncated = false;
    for (let depth = this.#stages.length - 1; depth >= 0; depth -= 1) {
      const { state } = this.#stages[depth]!;
      // Where a stage has failed those behind it end early: that is no trouble of their own.
      if (state === 'truncated') isTruncated = true;
      else if (state !== 'open' && state !== 'complete') return state;
      if (state !== 'complete') isComplete = false;
    }
    return isTruncated ? 'truncated' : isComplete ? 'complete' : 'open';
  }
}
