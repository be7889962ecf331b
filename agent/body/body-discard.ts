/** `--until bodies`: codings are undone, what comes out is counted and dropped. */
import type { DecoderPool } from '../coding/decoder-pool.ts';
import type { DecodeState } from '../coding/decoding-stage.ts';
import type { HttpMessage, MessageHandler } from '../http/message-handler.ts';
import { codingsOf } from './codings.ts';
import { ContentDecoder } from './content-decoder.ts';

/** Coded bodies by how their decoding ended, and bytes. */
export class DiscardCounters {
  decodedBytes = 0;
  bodiesCoded = 0;
  bodiesTrailing = 0;
  bodiesTruncated = 0;
  bodiesMalformed = 0;
  bodiesOverLimit = 0;
  bodiesDecoderBusy = 0;
  bodiesUnsupportedCoding = 0;
}

const counterOf: Readonly<Partial<Record<DecodeState, keyof DiscardCounters>>> = {
  trailing: 'bodiesTrailing',
  truncated: 'bodiesTruncated',
  malformed: 'bodiesMalformed',
  limit: 'bodiesOverLimit',
  busy: 'bodiesDecoderBusy',
};

export class BodyDiscard implements MessageHandler {
  readonly readsHeadLater = false;
  readonly counters = new DiscardCounters();
  readonly #decoders: DecoderPool;
  readonly #decodedBytesMax: number;
  /** By stream and side; none for a body without a coding. */
  readonly #open = new Map<number, ContentDecoder>();

  constructor(decoders: DecoderPool, decodedBytesMax: number) {
    this.#decoders = decoders;
    this.#decodedBytesMax = decodedBytesMax;
  }

  begin(message: HttpMessage): void {
    const { codings, refused } = codingsOf(message);
    if (refused !== '') this.counters.bodiesUnsupportedCoding += 1;
    if (codings.length === 0) return;
    const decoder = new ContentDecoder(this.#decoders, codings, this.#decodedBytesMax, this);
    this.#open.set(message.stream * 2 + message.side, decoder);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    const decoder = this.#open.get(message.stream * 2 + message.side);
    if (decoder === undefined) this.counters.decodedBytes += end - start;
    else decoder.push(bytes, start, end);
  }

  bodyGap(message: HttpMessage): void {
    this.#close(message, false);
  }

  end(message: HttpMessage): void {
    this.#close(message, true);
  }

  decoded(_bytes: Uint8Array, start: number, end: number): void {
    this.counters.decodedBytes += end - start;
  }

  /** What comes behind a gap is counted as it comes. */
  #close(message: HttpMessage, isWhole: boolean): void {
    const key = message.stream * 2 + message.side;
    const decoder = this.#open.get(key);
    if (decoder === undefined) return;
    this.#open.delete(key);
    const counter = counterOf[isWhole ? decoder.finish() : decoder.abandon()];
    if (message.bodyBytes > 0) this.counters.bodiesCoded += 1;
    if (counter !== undefined) this.counters[counter] += 1;
  }
}
