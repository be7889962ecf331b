/** Decodes as the agent of the article (docs/story.md) did: gathers all that comes out of a body, then hands it on at once. */
import { type DecodedSink, ContentDecoder as FlowingDecoder } from '../../../agent/body/content-decoder.ts';
import type { DecoderPool } from '../../../agent/coding/decoder-pool.ts';
import type { Coding, DecodeState } from '../../../agent/coding/decoding-stage.ts';

export * from '../../../agent/body/content-decoder.ts';

export class ContentDecoder implements DecodedSink {
  readonly #decoder: FlowingDecoder;
  readonly #sink: DecodedSink;
  readonly #encodedBytesMax: number;
  #encodedBytes = 0;
  #whole = new Uint8Array(4_096);
  decodedBytes = 0;
  readonly leftBytes = 0;
  readonly isWindowTooLarge = false;
  /** It gathers what is decoded, and nothing else. */
  readonly undecoded: Uint8Array | null = null;

  constructor(pool: DecoderPool, codings: readonly Coding[], decodedBytesMax: number, sink: DecodedSink) {
    this.#decoder = new FlowingDecoder(pool, codings, Number.MAX_SAFE_INTEGER, this);
    this.#encodedBytesMax = decodedBytesMax;
    this.#sink = sink;
  }

  get state(): DecodeState {
    return this.#encodedBytes > this.#encodedBytesMax ? 'limit' : this.#decoder.state;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#encodedBytes += end - start;
    if (this.state === 'open') this.#decoder.push(bytes, start, end);
  }

  finish(): DecodeState {
    const state = this.#decoder.finish();
    this.#sink.decoded(this.#whole, 0, this.decodedBytes);
    return state;
  }

  abandon(): DecodeState {
    return this.#decoder.abandon();
  }

  decoded(bytes: Uint8Array, start: number, end: number): void {
    const length = this.decodedBytes + end - start;
    if (length > this.#whole.length) this.#grow(length);
    this.#whole.set(bytes.subarray(start, end), this.decodedBytes);
    this.decodedBytes = length;
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.max(length, this.#whole.length * 2));
    larger.set(this.#whole.subarray(0, this.decodedBytes));
    this.#whole = larger;
  }
}
