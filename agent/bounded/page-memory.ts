/** Where the pages of a pool lie, injected so that the pool itself stays free of system calls. */
export interface PageMemory {
  /** The memory of which the pages are a part: `bytes[start, start + byteLength)`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly byteLength: number;
  /**
   * Gives the pages' bytes `[offset, offset + length)`, counted from `start`, back to the system; what they held is lost
   * and they read as unspecified. Only the whole system pages inside the range are given back, so pass ranges as large as
   * possible: each call costs microseconds.
   */
  release(offset: number, length: number): void;
}

/** Makes a part of a memory, zeroed and not touched yet, one for pages. */
export type PlacePages = (bytes: Uint8Array, start: number, byteLength: number) => PageMemory;

/** Pages that stay with the process once they were touched. */
export const placeForever: PlacePages = (bytes, start, byteLength) => ({ bytes, start, byteLength, release() {} });

/** Page memory of its own that is never given back. */
export function heapPageMemory(byteLength: number): PageMemory {
  return placeForever(new Uint8Array(byteLength), 0, byteLength);
}
