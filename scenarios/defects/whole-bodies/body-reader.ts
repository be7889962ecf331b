/** The body reader as the article's agent had it: decoded chunks are gathered, and made one buffer, before the body is let go. */
import { type BodyOutcome, BodyReader as StreamingReader } from '../../../agent/body/body-reader.ts';

export * from '../../../agent/body/body-reader.ts';

export class BodyReader extends StreamingReader {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  override decoded(bytes: Uint8Array, start: number, end: number): void {
    this.#keepChunk(bytes, start, end);
    super.decoded(bytes, start, end);
  }

  override finish(complete: boolean): BodyOutcome {
    this.#joinChunks();
    return super.finish(complete);
  }

  #keepChunk(bytes: Uint8Array, start: number, end: number): void {
    const chunk = new Uint8Array(end - start);
    chunk.set(bytes.subarray(start, end));
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** A buffer that doubles until everything fits, as a growing slice does. */
  #joinChunks(): Uint8Array {
    let whole = new Uint8Array(512);
    while (whole.length < this.#bytes) whole = new Uint8Array(whole.length * 2);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}
