/** Who finishes values early, as the builders see it. */
import type { Data, DataMeta } from './ir.ts';
import type { TextSlab } from './sealed.ts';

/** Makes sealed values. What it declines (null) goes the way of all values: as a tree, obfuscated and digested later. */
export interface Sealer {
  /** The longest text that `json` takes; 0 where it takes none. */
  readonly jsonBytesMax: number;
  /**
   * A JSON text of `length` bytes as the value of a body. It lies whole in pages that are full but for the last.
   * @returns null for whatever is not plain JSON (repeated names, numbers beyond 53 bits, faults …), or has no room.
   */
  json(pages: readonly Uint8Array[], length: number, meta: DataMeta | null): Data | null;
  /** A text without a type of its own (header fields, parameters). */
  text(value: string, meta: DataMeta, slab: TextSlab | null): Data | null;
  /** Where the texts of one message lie together, until it is given back. */
  openSlab(): TextSlab | null;
  closeSlab(slab: TextSlab): void;
  /** Takes the memory of a value back that `json` gave. */
  release(data: Data): void;
}
