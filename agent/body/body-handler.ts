/** What a reader of bodies reports, and what it needs for that. */

import type { DecoderPool } from '../coding/decoder-pool.ts';
import type { DecodeState } from '../coding/decoding-stage.ts';
import type { BodyKind, ContentType } from './content-type.ts';
import type { FormHandler } from './form-reader.ts';
import type { BodyBuffers } from './json-document.ts';
import type { JsonHandler } from './json-reader.ts';

/** Takes the events of one body. A multipart body's parts nest: the events between begin and end are the part's. */
export interface BodyHandler extends JsonHandler, FormHandler {
  /** What the body turned out to be; before its other events. */
  kind(kind: BodyKind, type: ContentType): void;
  /** A body of text: all of it, or its beginning when `cut`. */
  text(value: string, cut: boolean): void;
  /** A body of anything else: its beginning. `bytes` is a copy, the handler's to keep. */
  sample(bytes: Uint8Array, cut: boolean): void;
  beginPart(headers: ReadonlyMap<string, string>): void;
  endPart(complete: boolean): void;
}

export interface BodyOutcome {
  readonly kind: BodyKind;
  readonly encodedBytes: number;
  readonly decodedBytes: number;
  readonly decoding: DecodeState;
  /** Read to its end without a fault: no gap, no limit, well formed. */
  readonly whole: boolean;
}

/** What all bodies of one agent share, each bounded by its own budget. */
export interface BodyMeans {
  readonly decoders: DecoderPool;
  readonly buffers: BodyBuffers;
}

/** What a reader of one kind of body looks like. */
export interface KindReader {
  push(bytes: Uint8Array, start: number, end: number): void;
  /** @param isCut bytes are missing at its end @returns whether the body was well formed to its end. */
  finish(isCut: boolean): boolean;
}
