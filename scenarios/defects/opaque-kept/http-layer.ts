/** The real layer; segments that begin with no text are kept besides. */
import { HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { Side } from '../../../agent/tcp/stream-handler.ts';

export * from '../../../agent/http/http-layer.ts';

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
    this.#kept.push(bytes.slice(start, end));
  }
}
