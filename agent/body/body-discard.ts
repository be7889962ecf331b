/** `--until bodies`: content codings are undone, what comes out is counted and dropped. */
import type { HttpMessage, MessageHandler } from '../http/message-handler.ts';
import { ContentDecoder, type DecoderPool, parseCodings } from './content-decoder.ts';

export class BodyDiscard implements MessageHandler {
  readonly readsHeadLater = false;
  decodedBytes = 0;
  readonly #decoders: DecoderPool;
  readonly #decodedBytesMax: number;
  /** By stream and side; null for a body without a coding. */
  readonly #open = new Map<number, ContentDecoder>();

  constructor(decoders: DecoderPool, decodedBytesMax: number) {
    this.#decoders = decoders;
    this.#decodedBytesMax = decodedBytesMax;
  }

  begin(message: HttpMessage): void {
    const codings = parseCodings(message.headers.get('content-encoding') ?? '');
    if (codings === null || codings.length === 0) return;
    const decoder = new ContentDecoder(this.#decoders, codings, this.#decodedBytesMax, this);
    this.#open.set(message.stream * 2 + message.side, decoder);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    const decoder = this.#open.get(message.stream * 2 + message.side);
    if (decoder === undefined) this.decodedBytes += end - start;
    else decoder.push(bytes, start, end);
  }

  bodyGap(message: HttpMessage): void {
    this.#open.get(message.stream * 2 + message.side)?.abandon();
  }

  end(message: HttpMessage): void {
    const key = message.stream * 2 + message.side;
    this.#open.get(key)?.finish();
    this.#open.delete(key);
  }

  decoded(_bytes: Uint8Array, start: number, end: number): void {
    this.decodedBytes += end - start;
  }
}
