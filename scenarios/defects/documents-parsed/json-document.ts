/** The real reader of JSON bodies; each is parsed besides when it is whole. */
import { JsonDocument as RealJsonDocument } from '../../../agent/body/json-document.ts';

export * from '../../../agent/body/json-document.ts';

export class JsonDocument extends RealJsonDocument {
  #pieces: Buffer[] = [];

  override push(bytes: Uint8Array, start: number, end: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
    super.push(bytes, start, end);
  }

  override finish(): boolean {
    const pieces = this.#pieces;
    this.#pieces = [];
    return isDocument(pieces) && super.finish();
  }
}

function isDocument(pieces: readonly Buffer[]): boolean {
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) !== undefined;
  } catch {
    // What was cut is for the real reader to judge.
    return true;
  }
}
