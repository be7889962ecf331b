/** Bodies that are read in one go: forms, and the beginnings of all that has no structure. */
import type { BodyHandler, KindReader } from './body-handler.ts';
import type { BodyLimits } from './body-limits.ts';
import { FormReader } from './form-reader.ts';
import type { BodyBuffers } from './json-document.ts';
import { KeptBytes } from './kept-bytes.ts';

export class FormContent implements KindReader {
  readonly #reader: FormReader;
  readonly #buffers: BodyBuffers;
  readonly #heldBytes: number;

  /** @param buffers hold `limits.sampleBytesMax` for it already */
  constructor(limits: BodyLimits, buffers: BodyBuffers, handler: BodyHandler) {
    this.#buffers = buffers;
    this.#heldBytes = limits.sampleBytesMax;
    this.#reader = new FormReader({ pairBytesMax: limits.sampleBytesMax, pairsMax: limits.pairsMax }, handler);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.push(bytes, start, end);
  }

  finish(): boolean {
    this.#reader.finish();
    this.#buffers.letGo(this.#heldBytes);
    return true;
  }
}

/** The beginning of a body, and no more of it. */
export class SampleContent implements KindReader {
  readonly #kept: KeptBytes;
  readonly #handler: BodyHandler;
  readonly #isText: boolean;
  #cut = false;

  constructor(bytesMax: number, buffers: BodyBuffers, handler: BodyHandler, isText: boolean) {
    this.#kept = new KeptBytes(bytesMax, buffers);
    this.#handler = handler;
    this.#isText = isText;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#cut && !this.#kept.append(bytes, start, end)) this.#cut = true;
  }

  finish(): boolean {
    // Its own copy: the value outlives the buffer.
    if (!this.#isText) this.#handler.sample(Uint8Array.from(this.#kept.view()), this.#cut);
    else this.#handler.text(decodeText(this.#kept.view(), this.#cut), this.#cut);
    this.#kept.release();
    return true;
  }
}

/** A byte order mark stays: the sender's text has it. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const windows1252 = new TextDecoder('windows-1252');

/** UTF-8, or what browsers take for unlabelled text that is not UTF-8. */
function decodeText(bytes: Uint8Array, cut: boolean): string {
  try {
    // With `stream` a character cut in two at the end is left out instead of being a fault.
    const text = strictUtf8.decode(bytes, { stream: cut });
    if (cut) {
      try {
        strictUtf8.decode();
      } catch {
        // The half character is forgotten.
      }
    }
    return text;
  } catch {
    return windows1252.decode(bytes);
  }
}
