/** What a body turns into: the events that its reader, whatever the kind, hands on. */
import type { BodyKind, ContentType } from './content-type.ts';
import type { FormHandler } from './form-reader.ts';
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
