/** The memory under a page pool, injected so that the pool itself stays free of system calls. */
export interface PageMemory {
  /** Of `bytes`, which may be made when they are first asked for. */
  readonly byteLength: number;
  /** Zeroed at first. A part costs resident memory only once it has been written to (where the system allows it). */
  readonly bytes: Uint8Array;
  /**
   * Gives `bytes[offset, offset + length)` back to the system; what it held is lost and reads as unspecified. Only the
   * whole system pages inside the range are given back, so pass ranges as large as possible: each call costs
   * microseconds.
   */
  release(offset: number, length: number): void;
  /** Unmaps. `bytes` must not be used afterwards; safe to call twice. */
  close(): void;
}
