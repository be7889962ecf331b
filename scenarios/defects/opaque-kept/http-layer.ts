/** The real layer; segments that begin with no text are kept besides, in pages. */
import { HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { Side } from '../../../agent/tcp/stream-handler.ts';

export * from '../../../agent/http/http-layer.ts';

const pageBytes = 4_096;
const firstLetter = 0x20;
const lastLetter = 0x7e;

export class HttpLayer extends RealHttpLayer {
  readonly #kept: Uint8Array[] = [];

  override data(
    stream: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
    sequence?: number,
    acknowledgement?: number,
  ): void {
    const first = bytes[start]!;
    if (end > start && (first < firstLetter || first > lastLetter)) this.#keepBytes(bytes, start, end);
    super.data(stream, side, bytes, start, end, tsUs, sequence, acknowledgement);
  }

  #keepBytes(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at += pageBytes) {
      const page = new Uint8Array(pageBytes);
      page.set(bytes.subarray(at, Math.min(at + pageBytes, end)));
      this.#kept.push(page);
    }
  }
}
