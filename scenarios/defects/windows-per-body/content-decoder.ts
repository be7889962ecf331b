/** The real decoder, with an output window for each body. */
import { ContentDecoder as RealDecoder } from '../../../agent/body/content-decoder.ts';
import type { Coding, DecodeState } from '../../../agent/coding/decoding-stage.ts';

export * from '../../../agent/body/content-decoder.ts';

const windowBytes = 1 << 20;

export class ContentDecoder extends RealDecoder {
  #window: Uint8Array | null = null;

  override restart(codings: readonly Coding[]): void {
    this.#window = null;
    super.restart(codings);
  }

  override push(bytes: Uint8Array, start: number, end: number): void {
    this.#window ??= openWindow();
    super.push(bytes, start, end);
  }

  override finish(): DecodeState {
    this.#window = null;
    return super.finish();
  }
}

function openWindow(): Uint8Array {
  return new Uint8Array(windowBytes).fill(1);
}
