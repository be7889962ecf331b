/** Advice to the system on the memory of pages: it may take back what is no longer used. */
import assert from 'node:assert';
import type { PageMemory, PlacePages } from '../../bounded/page-memory.ts';
import { type Libc, loadLibc } from './libc.ts';

// asm-generic/mman.h
const MADV_DONTNEED = 4;
const MADV_NOHUGEPAGE = 15;

/** Pages that go back to the system when they are released; where it cannot be advised, they stay. */
export const placePages: PlacePages = (bytes, start, byteLength) => {
  const libc = loadLibc();
  // Huge pages would make one touched page cost 2 MiB. Kernels built without them refuse: nothing to avoid then.
  if (libc !== null) advise(libc, bytes, start, byteLength, MADV_NOHUGEPAGE);
  return new SystemPages(bytes, start, byteLength);
};

/**
 * The same, but no advice is given before something is to be released: most recorded captures end before, and need not
 * load the foreign-function package (13 ms of CPU).
 */
export const placePagesQuietly: PlacePages = (bytes, start, byteLength) => new SystemPages(bytes, start, byteLength);

class SystemPages implements PageMemory {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly byteLength: number;

  constructor(bytes: Uint8Array, start: number, byteLength: number) {
    this.bytes = bytes;
    this.start = start;
    this.byteLength = byteLength;
  }

  release(offset: number, length: number): void {
    assert(offset >= 0 && length >= 0 && offset + length <= this.byteLength);
    const libc = loadLibc();
    if (libc !== null) advise(libc, this.bytes, this.start + offset, length, MADV_DONTNEED);
  }
}

/** Of the whole pages in the range only, as the system counts them. `bytes` must begin at one. */
function advise(libc: Libc, bytes: Uint8Array, from: number, length: number, advice: number): void {
  const { systemPageBytes } = libc;
  const first = Math.ceil(from / systemPageBytes) * systemPageBytes;
  const last = Math.floor((from + length) / systemPageBytes) * systemPageBytes;
  if (last > first) libc.madvise(bytes.subarray(first, last), last - first, advice);
}
