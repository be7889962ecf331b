/**
 * A capture inside gzip or zstd, decompressed as its bytes come: memory does not grow with the file. Pure. Like
 * `RecordReader` it keeps what was read: an end that is missing, damage and bytes behind the end are errors that come after
 * every frame before them.
 */

import type { CaptureInterface, FrameSink } from '../capture/frame-source.ts';
import { DecoderPool, zstdDecoderBytes } from '../coding/decoder-pool.ts';
import { type Coding, DecodingStage } from '../coding/decoding-stage.ts';
import { FloodgateError } from '../errors.ts';
import type { CaptureReader } from './record-reader.ts';

/** Native memory of the decompressor, its output buffer beside it. */
export const decompressorBytes = zstdDecoderBytes + (64 << 10);
/**
 * What a decompressor made of a piece that turns out to be damaged is lost with it: frames of so many compressed bytes at
 * most. Smaller pieces cost a call each, of 0.5 µs.
 */
const pieceBytes = 2048;

export class CompressedReader implements CaptureReader {
  readonly #what: string;
  readonly #coding: Coding;
  readonly #inner: CaptureReader;
  readonly #stage: DecodingStage;
  #sink: FrameSink | null = null;
  /** The compressed bytes lie where records could be taken: what comes out must not lie there as well. */
  #isTaken = false;
  #failure: FloodgateError | null = null;
  readonly #emit = (output: Uint8Array, length: number): boolean => {
    this.#handOn(output, length, this.#sink!);
    return true;
  };

  /**
   * @param what names the input in errors
   * @param inner reads what comes out
   */
  constructor(what: string, coding: 'gzip' | 'zstd', inner: CaptureReader) {
    this.#what = what;
    this.#coding = coding;
    this.#inner = inner;
    this.#stage = new DecodingStage(new DecoderPool(decompressorBytes), coding, 0);
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#inner.interfaces;
  }

  get framesRead(): number {
    return this.#inner.framesRead;
  }

  framesOf(interfaceIndex: number): number {
    return this.#inner.framesOf(interfaceIndex);
  }

  droppedOf(interfaceIndex: number): number | null {
    return this.#inner.droppedOf(interfaceIndex);
  }

  push(bytes: Uint8Array, start: number, end: number, sink: FrameSink): void {
    if (this.#failure !== null) throw this.#failure;
    this.#sink = sink;
    this.#isTaken = bytes === sink.records?.bytes;
    for (let at = start; at < end; at += pieceBytes) {
      this.#stage.push(bytes, at, Math.min(end, at + pieceBytes), this.#emit);
      if (this.#stage.leftBytes > 0) throw this.#fail('capture-trailing-bytes', 'other bytes follow its end');
      if (this.#stage.isWindowTooLarge) throw this.#fail('capture-window', 'they need a window of more than 8 MB');
      if (this.#stage.state !== 'open') throw this.#fail('capture-malformed', 'they are damaged');
    }
  }

  finish(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#stage.finish(this.#emit);
    if (this.#stage.state !== 'complete') throw this.#fail('capture-truncated', 'they end early');
    this.#inner.finish();
  }

  /** By way of the memory in which records can be taken as they lie, where the sink has one. */
  #handOn(output: Uint8Array, length: number, sink: FrameSink): void {
    const { records } = sink;
    if (!records || this.#isTaken) {
      this.#inner.push(output, 0, length, sink);
      return;
    }
    records.bytes.set(output.subarray(0, length), records.inputStart);
    this.#inner.push(records.bytes, records.inputStart, records.inputStart + length, sink);
  }

  #fail(code: string, what: string): FloodgateError {
    const frames = `${this.framesRead} whole frame${this.framesRead === 1 ? '' : 's'}`;
    const hint =
      code === 'capture-window'
        ? 'decompress it on the way in: zstd -dc --long=31 FILE | floodgate-agent --read -'
        : 'every whole frame before it was used; compress or copy the capture again for the rest';
    this.#failure = new FloodgateError(
      code,
      `the ${this.#coding} data of ${this.#what} cannot be read on after ${frames}: ${what}`,
      { hint },
    );
    return this.#failure;
  }
}
