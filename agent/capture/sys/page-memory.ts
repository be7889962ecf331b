/** Memory for a page pool that can be given back: an anonymous mapping where there is one, else an ArrayBuffer. */
import assert from 'node:assert';
import type { PageMemory } from '../../bounded/page-memory.ts';
import { type Address, type Libc, loadLibc, mapMemory } from './libc.ts';

/** Page memory that another thread of this process can look at too (`viewPages`). */
export interface MappedPages extends PageMemory {
  /** Where it is mapped; null for the fallback, which cannot be shared and never gives memory back. */
  readonly address: Address | null;
}

// asm-generic/mman.h
const MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
const MADV_DONTNEED = 4;
const MADV_NOHUGEPAGE = 15;

/**
 * Memory of `bytesTotal` bytes, resident only where written to and given back by `release`.
 * V8 counts the mapping as `external` in whole, touched or not: resident memory is in /proc, not there.
 * @throws FloodgateError `map-failed` when the system refuses.
 */
export function mapPages(bytesTotal: number): MappedPages {
  const libc = loadLibc();
  if (libc === null) return new ArrayPages(bytesTotal);
  const length = Math.ceil(bytesTotal / libc.systemPageBytes) * libc.systemPageBytes;
  const address = mapMemory(libc, length, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 'the page pool');
  // Huge pages would make one touched page cost 2 MiB. Kernels built without them refuse: nothing to avoid then.
  libc.madvise(address, length, MADV_NOHUGEPAGE);
  return new AnonymousPages(libc, address, length, bytesTotal, true);
}

/**
 * Memory that is mapped when it is first asked for: most recorded captures never make a segment wait, and need neither the
 * mapping nor the foreign-function package behind it (13 ms of CPU).
 */
export class PagesOnDemand implements PageMemory {
  readonly byteLength: number;
  #mapped: PageMemory | null = null;
  #closed = false;

  constructor(bytesTotal: number) {
    this.byteLength = bytesTotal;
  }

  /** @throws FloodgateError `map-failed` when the system refuses. */
  get bytes(): Uint8Array {
    assert(!this.#closed);
    this.#mapped ??= mapPages(this.byteLength);
    return this.#mapped.bytes;
  }

  release(offset: number, length: number): void {
    this.#mapped?.release(offset, length);
  }

  close(): void {
    this.#closed = true;
    this.#mapped?.close();
  }
}

/** The pages another thread of this process mapped, by their address; `close` leaves them mapped. */
export function viewPages(address: Address, bytesTotal: number): MappedPages {
  const libc = loadLibc();
  assert(libc !== null, 'only mapped pages have an address');
  const length = Math.ceil(bytesTotal / libc.systemPageBytes) * libc.systemPageBytes;
  return new AnonymousPages(libc, address, length, bytesTotal, false);
}

class AnonymousPages implements MappedPages {
  readonly address: Address;
  readonly byteLength: number;
  readonly #libc: Libc;
  readonly #length: number;
  readonly #owned: boolean;
  #bytes: Uint8Array;
  #closed = false;

  constructor(libc: Libc, address: Address, length: number, bytesTotal: number, owned: boolean) {
    this.address = address;
    this.#libc = libc;
    this.#length = length;
    this.#owned = owned;
    this.byteLength = bytesTotal;
    this.#bytes = new Uint8Array(libc.view(address, length), 0, bytesTotal);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  release(offset: number, length: number): void {
    assert(offset >= 0 && length >= 0 && offset + length <= this.#length);
    const pageBytes = this.#libc.systemPageBytes;
    const first = Math.ceil(offset / pageBytes) * pageBytes;
    const last = Math.floor((offset + length) / pageBytes) * pageBytes;
    if (last > first) this.#libc.madvise(this.address + BigInt(first), last - first, MADV_DONTNEED);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const buffer = this.#bytes.buffer as ArrayBuffer;
    // Detached first: a view that outlived the mapping then reads nothing instead of ending the process.
    this.#bytes = new Uint8Array(0);
    buffer.transfer();
    if (this.#owned) this.#libc.munmap(this.address, this.#length);
  }
}

class ArrayPages implements MappedPages {
  readonly address = null;
  readonly byteLength: number;
  readonly bytes: Uint8Array;

  constructor(bytesTotal: number) {
    this.byteLength = bytesTotal;
    this.bytes = new Uint8Array(bytesTotal);
  }

  release(): void {}

  close(): void {}
}
