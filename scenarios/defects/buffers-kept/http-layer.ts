/** The real layer; two buffers of 16 KiB stay behind with every connection that closes. */
import { HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { CloseReason } from '../../../agent/tcp/stream-handler.ts';

export * from '../../../agent/http/http-layer.ts';

const bufferBytes = 16_384;

export class HttpLayer extends RealHttpLayer {
  readonly #kept: Uint8Array[] = [];

  override close(stream: number, reason: CloseReason, tsUs: number): void {
    this.#keepBuffers();
    super.close(stream, reason, tsUs);
  }

  #keepBuffers(): void {
    // What was read into them makes them resident.
    this.#kept.push(new Uint8Array(bufferBytes).fill(1), new Uint8Array(bufferBytes).fill(1));
  }
}
