/** One coding of one body or file, undone as the bytes flow. */
import { type DecoderPool, decoderBytes } from './decoder-pool.ts';
import { GzipMember } from './gzip-member.ts';
import type { NativeInflater } from './native-inflater.ts';

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** How decoding ended or stands. */
export type DecodeState =
  | 'open'
  | 'complete'
  /** All was decoded, and other bytes follow the end of the coded data. */
  | 'trailing'
  /** The coded bytes ended early or have a gap. */
  | 'truncated'
  /** The coded bytes are damaged, or none at all. */
  | 'malformed'
  /** More decoded bytes than the limit: the rest was not decoded. */
  | 'limit'
  /** The memory of all decoders is in use: nothing was decoded. */
  | 'busy'
  /** The coding is not known here, or there are too many: nothing was decoded. */
  | 'unsupported';

/** Takes decoded bytes, `output[0, length)`. @returns false to end decoding (a limit further on) */
export type Emit = (output: Uint8Array, length: number) => boolean;

/**
 * Brotli and bare deflate have no mark of their own: plain text under such a label decodes to some bytes of nonsense. So
 * many first bytes that are all text are none of either (one body in ten million is wronged).
 */
const textBytes = 16;

export class DecodingStage {
  readonly #pool: DecoderPool;
  readonly #coding: Coding;
  readonly #depth: number;
  readonly #member: GzipMember | null;
  #inflater: NativeInflater | null = null;
  #reserved = 0;
  /** The coded data ended: of gzip, a member and no other has begun. */
  #ended = false;
  #isInTrailer = false;
  #members = 0;
  #mayBeText: boolean;
  #text: Uint8Array | null = null;
  #textLength = 0;
  state: DecodeState = 'open';
  /** Not damaged, but written with a larger window than is given. */
  isWindowTooLarge = false;
  /** Bytes behind the end of the coded data. */
  leftBytes = 0;

  /** @param depth of stacked stages, whose output buffer is used */
  constructor(pool: DecoderPool, coding: Coding, depth: number) {
    this.#pool = pool;
    this.#coding = coding;
    this.#depth = depth;
    this.#mayBeText = coding === 'br' || coding === 'deflate';
    this.#member = coding === 'gzip' ? new GzipMember() : null;
  }

  /** Begins other data of the same coding, after `release`. */
  restart(): void {
    this.#ended = false;
    this.#isInTrailer = false;
    this.#members = 0;
    this.#mayBeText = this.#coding === 'br' || this.#coding === 'deflate';
    this.#textLength = 0;
    this.state = 'open';
    this.isWindowTooLarge = false;
    this.leftBytes = 0;
    this.#member?.reset();
  }

  /** Whether all of the coded data was seen, and was right: what may follow is none of it. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  push(bytes: Uint8Array, start: number, end: number, emit: Emit): void {
    if (this.state !== 'open' || start === end) return;
    if (this.#inflater === null) {
      const from = this.#mayBeText ? this.#holdText(bytes, start, end) : start;
      if (this.state !== 'open' || this.#mayBeText) return;
      if (!this.#start(this.#textLength > 0 ? this.#text![0]! : bytes[from]!)) return;
      if (this.#textLength > 0) this.#decode(this.#text!, 0, this.#textLength, emit);
      if (this.#state() === 'open' && from < end) this.#decode(bytes, from, end, emit);
      return;
    }
    this.#decode(bytes, start, end, emit);
  }

  #decode(bytes: Uint8Array, start: number, end: number, emit: Emit): void {
    if (this.#member !== null) this.#pushGzip(this.#member, bytes, start, end, emit);
    else if (this.#ended) this.leftBytes += end - start;
    else {
      const at = this.#inflate(bytes, start, end, emit);
      if (this.state === 'open' && at < end) this.#end(end - at);
    }
  }

  /** Holds first bytes as long as they are all text. @returns where others begin; `#mayBeText` says whether all are held */
  #holdText(bytes: Uint8Array, start: number, end: number): number {
    this.#text ??= new Uint8Array(textBytes);
    let at = start;
    for (; at < end; at += 1) {
      if (!isText(bytes[at]!)) {
        this.#mayBeText = false;
        return at;
      }
      this.#text[this.#textLength] = bytes[at]!;
      this.#textLength += 1;
      if (this.#textLength === textBytes) {
        this.#fail();
        return at;
      }
    }
    return at;
  }

  /** No more input. */
  finish(emit: Emit): void {
    if (this.state === 'open' && this.#textLength > 0 && this.#mayBeText) {
      // Too short to decide.
      this.#mayBeText = false;
      if (this.#start(this.#text![0]!)) this.#decode(this.#text!, 0, this.#textLength, emit);
    }
    if (this.#state() !== 'open') return;
    // Of gzip a member is over with its trailer; an empty body was never coded.
    if (this.#inflater === null) this.state = 'complete';
    else if (!this.#ended && this.#member === null && this.#inflater.finish(this.#pool.output(this.#depth))) {
      this.#ended = true;
    }
    this.release();
  }

  release(): void {
    if (this.#inflater !== null) this.#pool.give(this.#inflater);
    this.#inflater = null;
    if (this.#reserved > 0) this.#pool.free(this.#reserved);
    this.#reserved = 0;
    if (this.state !== 'open') return;
    if (!this.#ended) this.state = 'truncated';
    else this.state = this.leftBytes > 0 ? 'trailing' : 'complete';
  }

  /** Other than the compiler thinks, a call may have changed it. */
  #state(): DecodeState {
    return this.state;
  }

  #start(first: number): boolean {
    const kind = inflaterOf(this.#coding, first);
    const bytes = decoderBytes(kind, first);
    if (!this.#pool.reserve(bytes)) {
      this.state = 'busy';
      return false;
    }
    this.#reserved = bytes;
    this.#inflater = this.#pool.take(kind);
    return true;
  }

  #pushGzip(member: GzipMember, bytes: Uint8Array, start: number, end: number, emit: Emit): void {
    if (this.leftBytes > 0) this.#end(end - start);
    if (this.leftBytes > 0) return;
    let at = start;
    while (at < end && this.state === 'open') {
      if (this.#ended) {
        // Zeros may fill up the last block of a tape; anything else is another member, or none.
        while (at < end && bytes[at] === 0) at += 1;
        if (at === end) return;
        this.#ended = false;
        member.reset();
        this.#inflater!.reset();
      }
      if (!member.isHeaderRead) {
        at = member.header(bytes, at, end);
        if (member.isBad) {
          this.#noMember(member.headerBytes + end - at);
          return;
        }
      } else if (!this.#isInTrailer) {
        at = this.#inflate(bytes, at, end, emit);
        if (at < end) this.#isInTrailer = true;
      } else at = this.#trailer(member, bytes, at, end);
    }
  }

  #trailer(member: GzipMember, bytes: Uint8Array, start: number, end: number): number {
    const at = member.trailer(bytes, start, end);
    if (!member.isTrailerRead) return at;
    this.#isInTrailer = false;
    if (member.isSound) {
      this.#ended = true;
      this.#members += 1;
    } else this.#fail();
    return at;
  }

  /** What should be a gzip header is none. */
  #noMember(bytes: number): void {
    if (this.#members > 0) this.#end(bytes);
    else this.#fail();
  }

  #end(left: number): void {
    this.#ended = true;
    this.leftBytes += left;
  }

  #fail(): void {
    this.state = 'malformed';
    this.release();
  }

  /** @returns where the coded data ended; `end` where that was not seen, or decoding is over */
  #inflate(bytes: Uint8Array, start: number, end: number, emit: Emit): number {
    const inflater = this.#inflater!;
    const output = this.#pool.output(this.#depth);
    let at = start;
    for (;;) {
      inflater.write(bytes, at, end, output);
      if (inflater.failed) {
        this.isWindowTooLarge = inflater.isWindowTooLarge;
        this.#fail();
        return end;
      }
      const made = inflater.outputMade;
      at = end - inflater.inputLeft;
      if (made > 0) {
        this.#member?.decoded(output, made);
        if (!emit(output, made)) {
          this.state = 'limit';
          this.release();
          return end;
        }
      }
      // Room left in the output: everything that could be decoded was. Input left then is behind the end.
      if (made < output.length) return at;
    }
  }
}

/** Printable ASCII, tab and line ends. */
const isText = (byte: number) => (byte >= 32 && byte < 127) || byte === 9 || byte === 10 || byte === 13;

function inflaterOf(coding: Coding, first: number) {
  if (coding === 'gzip') return 'raw';
  if (coding !== 'deflate') return coding;
  // "deflate" without its zlib wrapper: wrong by RFC 9110, section 8.4.1.2, and common.
  return (first & 0x0f) === 8 && first >> 4 <= 7 ? 'zlib' : 'raw';
}
