/**
 * Pages of fixed size in one memory: the only place where payload bytes wait. Free pages are handed out lowest block
 * first, so that what is in use stays together and whole blocks become idle, which go back to the system.
 */
import assert from 'node:assert';
import { type Arrays, ownArrays } from './arrays.ts';
import { creditLotPages, type PageCredit } from './page-credit.ts';
import type { PageMemory } from './page-memory.ts';

/** Bytes of a page: one full Ethernet segment (1,460 bytes) and some of the next; two fill a page of the system. */
export const pageBytes = 2048;
/** Pages of a block, the unit given back: 128 KiB, so that one system call returns 32 of the system's pages. */
export const blockPages = 64;
export const blockShift = 6;
const none = -1;

/** What a pool counts, by its names below; and the word of the free blocks' bits below which no block has a free page. */
export const PoolCount = { inUse: 0, inUsePeak: 1, resident: 2, refused: 3, firstFreeWord: 4 } as const;

export interface PagePoolOptions {
  /** Idle pages not given back, so that a small steady use costs no system calls. @default 512 (1 MiB) */
  readonly keepPages?: number;
  /** The budget shared with other threads' pools, which then counts beside `pagesMax`. @default none */
  readonly credit?: PageCredit | null;
  /** Where the pool's own arrays lie. @default arrays of their own */
  readonly arrays?: Arrays;
}

export interface PoolArrays {
  readonly counts: Int32Array;
  readonly next: Int32Array;
  readonly blockFree: Int32Array;
  readonly blockInUse: Uint8Array;
  readonly blockTouched: Uint8Array;
  readonly blockIdle: Uint8Array;
  readonly freeBlocks: Int32Array;
}

export class PagePool {
  readonly pagesMax: number;
  /** Pages given back to the system so far. */
  released = 0;

  readonly #memory: PageMemory;
  /** By `PoolCount`. */
  readonly #counts: Int32Array;
  /** Of a free page that was used before: the next one of its block. */
  readonly #next: Int32Array;
  /** The first of those; −1 for none. */
  readonly #blockFree: Int32Array;
  readonly #blockInUse: Uint8Array;
  /** Pages of the block handed out at least once since it was last given back: they are the lowest of the block. */
  readonly #blockTouched: Uint8Array;
  /** Trims since the block was last in use; saturates at 2. */
  readonly #blockIdle: Uint8Array;
  readonly #blockCount: number;
  /** Bit b of word w: block 32 w + b has a free page. */
  readonly #freeBlocks: Int32Array;
  readonly #keepBlocks: number;
  readonly #credit: PageCredit | null;
  /** Pages paid for out of the credit; those not resident yet are a part of the last lot. */
  #drawn = 0;

  /**
   * @param memory at least `pagesMax × pageBytes` bytes; the pool uses it alone
   */
  constructor(memory: PageMemory, pagesMax: number, options: PagePoolOptions = {}) {
    assert(pagesMax > 0 && memory.byteLength >= pagesMax * pageBytes, 'memory too small for the pages');
    this.#memory = memory;
    this.pagesMax = pagesMax;
    this.#blockCount = Math.ceil(pagesMax / blockPages);
    const arrays = options.arrays ?? ownArrays;
    this.#counts = arrays.int32(Object.keys(PoolCount).length);
    this.#next = arrays.int32(pagesMax);
    this.#blockFree = arrays.int32(this.#blockCount).fill(none);
    this.#blockInUse = arrays.uint8(this.#blockCount);
    this.#blockTouched = arrays.uint8(this.#blockCount);
    this.#blockIdle = arrays.uint8(this.#blockCount);
    this.#freeBlocks = arrays.int32(Math.ceil(this.#blockCount / 32));
    this.#credit = options.credit ?? null;
    this.#keepBlocks = Math.ceil((options.keepPages ?? 512) / blockPages);
    for (let block = 0; block < this.#blockCount; block += 1) this.#freeBlocks[block >> 5]! |= 1 << (block & 31);
  }

  /** Pages in use now. */
  get inUse(): number {
    return this.#counts[PoolCount.inUse]!;
  }

  /** Most pages ever in use at once. */
  get inUsePeak(): number {
    return this.#counts[PoolCount.inUsePeak]!;
  }

  /** Pages that are resident as far as the pool knows: touched and not given back since. */
  get resident(): number {
    return this.#counts[PoolCount.resident]!;
  }

  /** Pages asked for when all were in use. */
  get refused(): number {
    return this.#counts[PoolCount.refused]!;
  }

  /** The memory that the pages are in. */
  get bytes(): Uint8Array {
    return this.#memory.bytes;
  }

  /** Where a page begins in `bytes`. */
  at(page: number): number {
    return this.#memory.start + page * pageBytes;
  }

  /** The arrays as they are, for a kernel that works as `canAllocate`, `allocate` and `free` do; null where a credit is shared. */
  get arrays(): PoolArrays | null {
    if (this.#credit !== null) return null;
    const [next, blockFree, blockInUse] = [this.#next, this.#blockFree, this.#blockInUse];
    const [blockTouched, blockIdle, freeBlocks] = [this.#blockTouched, this.#blockIdle, this.#freeBlocks];
    return { counts: this.#counts, next, blockFree, blockInUse, blockTouched, blockIdle, freeBlocks };
  }

  /** Bytes of the pool's own arrays, for the sum of bounds. */
  static bytesFor(pagesMax: number): number {
    return pagesMax * 4 + Math.ceil(pagesMax / blockPages) * 8 + Object.keys(PoolCount).length * 4;
  }

  /** Whether `pages` more can be had now. */
  canAllocate(pages: number): boolean {
    if (this.inUse + pages > this.pagesMax) return false;
    return this.#credit === null || this.#draw(pages - (this.resident - this.inUse), this.#credit);
  }

  /** Draws until so many pages more than are resident are paid for. */
  #draw(pages: number, credit: PageCredit): boolean {
    const wanted = pages - (this.#drawn - this.resident);
    if (wanted <= 0) return true;
    this.#drawn += credit.draw(Math.max(wanted, creditLotPages));
    return this.#drawn - this.resident >= pages;
  }

  /** @returns a page number, its bytes undefined; −1 when every page is in use (counted in `refused`). */
  allocate(): number {
    const words = this.#freeBlocks;
    const counts = this.#counts;
    let word = counts[PoolCount.firstFreeWord]!;
    while (word < words.length && words[word] === 0) word += 1;
    counts[PoolCount.firstFreeWord] = word;
    if (word === words.length) {
      counts[PoolCount.refused]! += 1;
      return none;
    }
    const bits = words[word]!;
    const block = (word << 5) + (31 - Math.clz32(bits & -bits));
    let page = this.#blockFree[block]!;
    if (page === none && this.#credit !== null && !this.#draw(1, this.#credit)) return this.#reuse();
    if (page === none) {
      page = (block << blockShift) + this.#blockTouched[block]!;
      this.#blockTouched[block]! += 1;
      counts[PoolCount.resident]! += 1;
    } else {
      this.#blockFree[block] = this.#next[page]!;
    }
    this.#use(block);
    return page;
  }

  #use(block: number): void {
    this.#blockInUse[block]! += 1;
    this.#blockIdle[block] = 0;
    if (this.#blockInUse[block] === this.#pagesOf(block)) this.#freeBlocks[block >> 5]! &= ~(1 << (block & 31));
    const counts = this.#counts;
    counts[PoolCount.inUse]! += 1;
    if (counts[PoolCount.inUse]! > counts[PoolCount.inUsePeak]!) counts[PoolCount.inUsePeak] = counts[PoolCount.inUse]!;
  }

  /** The credit is spent: a free page that is resident already, wherever it lies. */
  #reuse(): number {
    if (this.resident > this.inUse) {
      for (let block = 0; block < this.#blockCount; block += 1) {
        const page = this.#blockFree[block]!;
        if (page === none) continue;
        this.#blockFree[block] = this.#next[page]!;
        this.#use(block);
        return page;
      }
    }
    this.#counts[PoolCount.refused]! += 1;
    return none;
  }

  /** Takes a page back. */
  free(page: number): void {
    const block = page >> blockShift;
    this.#next[page] = this.#blockFree[block]!;
    this.#blockFree[block] = page;
    this.#blockInUse[block]! -= 1;
    const counts = this.#counts;
    counts[PoolCount.inUse]! -= 1;
    const word = block >> 5;
    this.#freeBlocks[word]! |= 1 << (block & 31);
    if (word < counts[PoolCount.firstFreeWord]!) counts[PoolCount.firstFreeWord] = word;
  }

  /**
   * Gives blocks back that were idle since the last call but one. To be called at a steady interval of about a second:
   * a block used now and again stays resident (hysteresis). The work is one look at each block.
   * @returns the pages given back.
   */
  trim(): number {
    const before = this.released;
    let kept = 0;
    for (let block = 0; block < this.#blockCount; block += 1) {
      if (this.#blockTouched[block] === 0) continue;
      if (this.#blockInUse[block] !== 0) {
        kept += 1;
      } else if (kept < this.#keepBlocks) {
        kept += 1;
      } else if (this.#blockIdle[block]! < 1) {
        this.#blockIdle[block]! += 1;
      } else {
        this.#release(block);
      }
    }
    if (this.#credit !== null) {
      this.#credit.giveBack(this.#drawn - this.resident);
      this.#drawn = this.resident;
    }
    return this.released - before;
  }

  #release(block: number): void {
    this.#memory.release(block * blockPages * pageBytes, this.#pagesOf(block) * pageBytes);
    this.released += this.#blockTouched[block]!;
    this.#counts[PoolCount.resident]! -= this.#blockTouched[block]!;
    this.#blockTouched[block] = 0;
    this.#blockFree[block] = none;
    this.#blockIdle[block] = 0;
  }

  /** Pages of a block: the last one may be short. */
  #pagesOf(block: number): number {
    return Math.min(blockPages, this.pagesMax - block * blockPages);
  }
}
