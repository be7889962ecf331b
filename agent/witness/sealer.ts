/** Who finishes values early, as the builders see it. */
import type { HeadPlace } from '../http/message-handler.ts';
import type { Data, DataMeta } from './ir.ts';
import type { PackedFields, TextSlab } from './sealed.ts';

/** The meta of a field's values by its name and the message's status (0: a request); null for a field that is read by other means. */
export type MetaOfField = (name: string, status: number) => DataMeta | null;

/** Values of one head at a time, together and ready for their witness. */
export interface HeadSealer {
  /** Begins a head. */
  open(place: HeadPlace, status: number, metaOf: MetaOfField): void;
  /** Adds the values of fields from a number on. @returns the first one without a meta, `count` where there is none */
  fields(from: number): number;
  /** Characters of all values added by `fields`. */
  readonly characters: number;
  /** Adds another value. */
  text(value: string, meta: DataMeta): void;
  /** What was added; null: nothing. */
  close(): PackedFields | null;
  /** @param isOver whether nobody has it any more: else its memory alone is used again */
  release(packed: PackedFields, isOver: boolean): void;
}

/** A JSON text longer than is sealed at once: what was read of it is encoded, and its bytes are not needed any more. */
export interface JsonParts {
  /** Of the value so far, and of what is kept beside it. */
  readonly bytes: number;
  /** Bytes of the text so far that could not be read yet. */
  readonly unreadBytes: number;
  /** Everything up to now was plain JSON, and its root is over. */
  readonly isWhole: boolean;
  /**
   * The next `length` bytes, in pages that are full but for the last.
   * @returns false where they are no plain JSON: what came before stands
   */
  push(pages: readonly Uint8Array[], length: number): boolean;
  /** Ends all containers that are open. @returns the value; null where nothing can be shown */
  finish(): Data | null;
  /** In place of `finish`: there will be no value. */
  release(): void;
}

/** Makes sealed values. What it declines (null) goes the way of all values: as a tree, obfuscated and digested later. */
export interface Sealer {
  /** The longest text that `json` takes; 0 where it takes none. */
  readonly jsonBytesMax: number;
  /**
   * A JSON text of `length` bytes as the value of a body. It lies whole in pages that are full but for the last.
   * @returns null for whatever is not plain JSON (repeated names, numbers beyond 53 bits, faults …), or has no room.
   */
  json(pages: readonly Uint8Array[], length: number, meta: DataMeta | null): Data | null;
  /** A JSON text that comes in parts; null where none is taken. */
  openParts(meta: DataMeta | null): JsonParts | null;
  /** A text without a type of its own (header fields, parameters). */
  text(value: string, meta: DataMeta, slab: TextSlab | null): Data | null;
  /** Where the texts of one message lie together, until it is given back. */
  openSlab(): TextSlab | null;
  closeSlab(slab: TextSlab): void;
  /** Null where values have to be seen together. */
  readonly heads: HeadSealer | null;
  /** Takes the memory of a value back that `json` gave. @param isOver as `HeadSealer.release` has it */
  release(data: Data, isOver: boolean): void;
}
