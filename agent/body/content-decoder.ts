/**
 * Content codings (RFC 9110, section 8.4) undone as the bytes flow: gzip, deflate (zlib or raw), br, zstd, stacked.
 *
 * A decompressor that meets damaged data does not say what it made of the bytes before. So the beginning of the coded bytes
 * is kept, as long as it is short and memory is free: it is then decoded again, byte by byte where the damage is, and what is
 * handed on does not depend on how the bytes were cut. Of longer bodies what the last piece gave is lost.
 */

import type { DecoderPool } from '../coding/decoder-pool.ts';
import { type Coding, type DecodeState, DecodingStage, type Emit } from '../coding/decoding-stage.ts';

export interface DecodedSink {
  /** Decoded bytes; valid only during the call. */
  decoded(bytes: Uint8Array, start: number, end: number): void;
}

/** Coded bytes of one body kept at most, a power of two: more than the whole of most bodies. */
const keptBytesMax = 32 << 10;
const keptBytesMin = 512;
/** Bytes that stages further in are given one by one at most, when a body is decoded again: each costs a call. */
const singleBytesMax = 64 << 10;

const nothing = new Uint8Array(0);
/** Without a view of its own for every piece. */
const copyBytes = Buffer.prototype.copy;

/** The stages of one body, the last coding applied first. */
class Chain {
  readonly stages: DecodingStage[] = [];
  readonly #emits: Emit[] = [];
  /** Bytes still handed from stage to stage one by one. */
  #singles: number;

  /** @param betweenBytesMax decoded bytes between two stages at most */
  constructor(pool: DecoderPool, codings: readonly Coding[], betweenBytesMax: number, emit: Emit, singles = 0) {
    this.#singles = singles;
    // Plain loops: nearly every chain has one stage, and there is one for each coded body.
    for (let depth = 0; depth < codings.length; depth += 1) {
      this.stages.push(new DecodingStage(pool, codings[codings.length - 1 - depth]!, depth));
    }
    for (let depth = 1; depth < codings.length; depth += 1) this.#emits.push(this.#between(depth, betweenBytesMax));
    this.#emits.push(emit);
  }

  /** Hands what a stage makes on to the one at `depth`. */
  #between(depth: number, bytesMax: number): Emit {
    const next = this.stages[depth]!;
    let between = 0;
    return (output, length) => {
      between += length;
      if (between > bytesMax) return false;
      this.#handOn(next, output, length, this.#emits[depth]!);
      return next.state === 'open';
    };
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.stages[0]?.push(bytes, start, end, this.#emits[0]!);
  }

  #handOn(stage: DecodingStage, bytes: Uint8Array, length: number, emit: Emit): void {
    let at = 0;
    for (; at < length && this.#singles > 0; at += 1, this.#singles -= 1) stage.push(bytes, at, at + 1, emit);
    stage.push(bytes, at, length, emit);
  }

  /** Begins other data: a chain of one stage has nothing else that it knows. */
  restart(): void {
    this.stages[0]!.restart();
  }

  get hasEnded(): boolean {
    for (let i = 0; i < this.stages.length; i += 1) if (!this.stages[i]!.hasEnded) return false;
    return true;
  }

  finish(): void {
    for (let depth = 0; depth < this.stages.length; depth += 1) this.stages[depth]!.finish(this.#emits[depth]!);
  }

  release(): void {
    for (let i = 0; i < this.stages.length; i += 1) this.stages[i]!.release();
  }

  /** `open` while every stage can take more; else the trouble furthest in. */
  get state(): DecodeState {
    let isOpen = false;
    let state: DecodeState = 'complete';
    for (let depth = this.stages.length - 1; depth >= 0; depth -= 1) {
      const one = this.stages[depth]!.state;
      if (one === 'open') isOpen = true;
      // Where a stage has failed those behind it end early: that is no trouble of their own.
      else if (one === 'truncated' || one === 'trailing') state = state === 'truncated' ? state : one;
      else if (one !== 'complete') return one;
    }
    return isOpen ? 'open' : state;
  }
}

/** Undoes all codings of one body. Ends by `finish` or `abandon`, exactly one of them. */
export class ContentDecoder {
  readonly #pool: DecoderPool;
  #codings: readonly Coding[];
  readonly #decodedBytesMax: number;
  readonly #sink: DecodedSink;
  #chain: Chain;
  /** Decoded bytes that were handed on before, when a body is decoded again. */
  #known = 0;
  /** The coded bytes so far, or null where they are no longer kept. */
  #kept: Uint8Array | null = nothing;
  #keptLength = 0;
  /** Decoded bytes before those that are kept: not 0 behind the end of a gzip member. */
  #keptFrom = 0;
  #isRestarted = false;
  /** Found damaged, whatever became of the second attempt. */
  #isMalformed = false;
  decodedBytes = 0;
  /** The coded bytes so far, where decoding is over and not one byte came of it: the caller may read them as they are. */
  undecoded: Uint8Array | null = null;

  /**
   * @param codings as applied by the sender, from `parseCodings`
   * @param decodedBytesMax decoded bytes handed on at most; also the bound between stages
   */
  constructor(pool: DecoderPool, codings: readonly Coding[], decodedBytesMax: number, sink: DecodedSink) {
    this.#pool = pool;
    this.#codings = codings;
    this.#decodedBytesMax = decodedBytesMax;
    this.#sink = sink;
    this.#chain = this.#createChain(0);
  }

  /** Begins another body, after `finish` or `abandon`. */
  restart(codings: readonly Coding[]): void {
    this.#known = 0;
    this.#kept = nothing;
    this.#keptFrom = 0;
    this.#isRestarted = false;
    this.decodedBytes = 0;
    this.undecoded = null;
    const isSame = this.#codings === codings && !this.#isMalformed;
    this.#isMalformed = false;
    this.#codings = codings;
    // Nearly all bodies are coded once, and as the one before.
    if (isSame && codings.length === 1) this.#chain.restart();
    else this.#chain = this.#createChain(0);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'open') return;
    this.#chain.push(bytes, start, end);
    const { state } = this.#chain;
    // Most bodies that one segment holds have ended with it: nothing can be damaged any more.
    if (state === 'open' && this.#chain.hasEnded) {
      this.#keepFromHere();
      return;
    }
    const before = this.#keptLength;
    this.#keep(bytes, start, end);
    if (state === 'open') return;
    if (state === 'malformed') {
      this.#isMalformed = true;
      if (this.#kept !== null) this.#decodeAgain(this.#kept, before);
    }
    this.#chain.release();
    this.#letGo();
  }

  /** The whole body was pushed. @returns how decoding went, the innermost trouble first. */
  finish(): DecodeState {
    this.#chain.finish();
    this.#letGo();
    return this.state;
  }

  /** Nothing more will come that can be decoded (a gap, a cut). Hands on nothing. */
  abandon(): DecodeState {
    this.#chain.release();
    this.#letGo();
    return this.state;
  }

  /** `open` while more can be decoded. */
  get state(): DecodeState {
    return this.#isMalformed ? 'malformed' : this.#chain.state;
  }

  /** Bytes behind the end of the coded data. */
  get leftBytes(): number {
    return this.#chain.stages.reduce((sum, stage) => sum + stage.leftBytes, 0);
  }

  /** Not damaged, but written with a larger window than is given (RFC 9659 gives 8 MB). */
  get isWindowTooLarge(): boolean {
    return this.#chain.stages.some((stage) => stage.isWindowTooLarge);
  }

  #createChain(singles: number): Chain {
    const emit: Emit = (output, length) => {
      const known = Math.min(this.#known, length);
      this.#known -= known;
      const taken = Math.min(length - known, this.#decodedBytesMax - this.decodedBytes);
      this.decodedBytes += taken;
      if (taken > 0) this.#sink.decoded(output, known, known + taken);
      return known + taken === length;
    };
    return new Chain(this.#pool, this.#codings, this.#decodedBytesMax, emit, singles);
  }

  /** Hands on what the bytes from `from` on gave before the damage among them. */
  #decodeAgain(kept: Uint8Array, from: number): void {
    this.#chain.release();
    this.#known = this.decodedBytes - this.#keptFrom;
    const chain = this.#createChain(singleBytesMax);
    this.#chain = chain;
    chain.push(kept, 0, from);
    for (let at = from; at < this.#keptLength && chain.state === 'open'; at += 1) chain.push(kept, at, at + 1);
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#kept === null) return;
    const length = this.#keptLength + end - start;
    if (length > this.#kept.length && !this.#grow(this.#kept, length)) {
      this.#forget();
      return;
    }
    copyBytes.call(bytes, this.#kept, this.#keptLength, start, end);
    this.#keptLength = length;
  }

  #grow(kept: Uint8Array, length: number): boolean {
    if (length > keptBytesMax) return false;
    const size = Math.max(keptBytesMin, 2 ** (32 - Math.clz32(length - 1)));
    const larger = this.#pool.takeSpare(size);
    if (larger === null) return false;
    copyBytes.call(kept, larger, 0, 0, this.#keptLength);
    if (kept !== nothing) this.#pool.giveSpare(kept, true);
    this.#kept = larger;
    return true;
  }

  /** What follows is decoded as if nothing had been before it. */
  #keepFromHere(): void {
    this.#forget();
    this.#kept = nothing;
    this.#keptFrom = this.decodedBytes;
    this.#isRestarted = true;
  }

  #forget(): void {
    const kept = this.#kept;
    if (kept !== null && kept !== nothing) this.#pool.giveSpare(kept, this.undecoded === null);
    this.#kept = null;
    this.#keptLength = 0;
  }

  /** Decoding is over. */
  #letGo(): void {
    if (this.#kept === null) return;
    const isLost = !this.#isRestarted && this.decodedBytes === 0 && this.state !== 'complete';
    if (isLost) this.undecoded = this.#kept.subarray(0, this.#keptLength);
    this.#forget();
  }
}
