import type { FloodgateError } from '../errors.ts';

/** Calls its argument with each piece, in order. */
export type EachPiece = (take: (bytes: Uint8Array, start: number, end: number) => void) => void;

/** Where whole lines and records go, in order. Nothing here throws: see `failure`. */
export interface RecordOutput {
  write(text: string): void;
  /** As `write`, for `bytes[start, end)`, which are copied. */
  writeBytes(bytes: Uint8Array, start: number, end: number): void;
  /** As `writeBytes`, for one record that lies in pieces. */
  writePieces(each: EachPiece, length: number): void;
  flush(): void;
  close(): void;
  /** The reader is gone: the rest is dropped. */
  readonly closedByReader: boolean;
  /** What went wrong; nothing is written from then on. */
  readonly failure: FloodgateError | null;
}
