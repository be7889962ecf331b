/**
 * Pages of fixed size in one memory: the only place where payload bytes wait. Free pages are handed out lowest block
 * first, so that what is in use stays together and whole blocks become idle, which go back to the system.
 */
import assert from 'node:assert';
import { creditLotPages, type PageCredit } from './page-credit.ts';
import type { PageMemory } from './page-memory.ts';

/** Bytes of a page: one full Ethernet segment (1,460 bytes) and some of the next; two fill a page of the system. */
export const pageBytes = 2048;
/** Pages of a block, the unit given back: 128 KiB, so that one system call returns 32 of the system's pages. */
const blockPages = 64;
const blockShift = 6;
const none = -1;

export class PagePool {
  readonly pagesMax: number;
  /** Pages in use now. */
  inUse = 0;
  /** Most pages ever in use at once. */
  inUsePeak = 0;
  /** Pages that are resident as far as the pool knows: touched and not given back since. */
  resident = 0;
  /** Pages given back to the system so far. */
  released = 0;
  /** Pages asked for when all were in use. */
  refused = 0;

  readonly #memory: PageMemory;
  readonly #next: Int32Array;
  readonly #blockFree: Int32Array;
  readonly #blockInUse: Uint8Array;
  /** Pages of the block handed out at least once since it was last given back: they are the lowest of the block. */
  readonly #blockTouched: Uint8Array;
  /** Trims since the block was last in use; saturates at 2. */
  readonly #blockIdle: Uint8Array;
  readonly #blockCount: number;
  /** Bit b of word w: block 32 w + b has a free page. */
  readonly #freeBlocks: Int32Array;
  /** No block in a word below this one has a free page. */
  #firstFreeWord = 0;
  readonly #keepBlocks: number;
  readonly #credit: PageCredit | null;
  /** Pages paid for out of the credit; those not resident yet are a part of the last lot. */
  #drawn = 0;

  /**
   * @param memory at least `pagesMax × pageBytes` bytes; the pool uses it alone, the caller closes it.
   * @param options.keepPages idle pages not given back, so that a small steady use costs no system calls. @default 512 (1 MiB)
   * @param options.credit the budget shared with other threads' pools, which then counts beside `pagesMax`. @default none
   */
  constructor(memory: PageMemory, pagesMax: number, options: { keepPages?: number; credit?: PageCredit | null } = {}) {
    assert(pagesMax > 0 && memory.byteLength >= pagesMax * pageBytes, 'memory too small for the pages');
    this.#memory = memory;
    this.pagesMax = pagesMax;
    this.#blockCount = Math.ceil(pagesMax / blockPages);
    this.#next = new Int32Array(pagesMax);
    this.#blockFree = new Int32Array(this.#blockCount).fill(none);
    this.#blockInUse = new Uint8Array(this.#blockCount);
    this.#blockTouched = new Uint8Array(this.#blockCount);
    this.#blockIdle = new Uint8Array(this.#blockCount);
    this.#freeBlocks = new Int32Array(Math.ceil(this.#blockCount / 32));
    this.#credit = options.credit ?? null;
    this.#keepBlocks = Math.ceil((options.keepPages ?? 512) / blockPages);
    for (let block = 0; block < this.#blockCount; block += 1) this.#freeBlocks[block >> 5]! |= 1 << (block & 31);
  }

  /** The pages' bytes: page `p` is `[p × pageBytes, (p + 1) × pageBytes)`. */
  get bytes(): Uint8Array {
    return this.#memory.bytes;
  }

  /** Bytes of the pool's own arrays, for the sum of bounds. */
  static bytesFor(pagesMax: number): number {
    return pagesMax * 4 + Math.ceil(pagesMax / blockPages) * 8;
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
    let word = this.#firstFreeWord;
    while (word < words.length && words[word] === 0) word += 1;
    this.#firstFreeWord = word;
    if (word === words.length) {
      this.refused += 1;
      return none;
    }
    const bits = words[word]!;
    const block = (word << 5) + (31 - Math.clz32(bits & -bits));
    let page = this.#blockFree[block]!;
    if (page === none && this.#credit !== null && !this.#draw(1, this.#credit)) return this.#reuse();
    if (page === none) {
      page = (block << blockShift) + this.#blockTouched[block]!;
      this.#blockTouched[block]! += 1;
      this.resident += 1;
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
    this.inUse += 1;
    if (this.inUse > this.inUsePeak) this.inUsePeak = this.inUse;
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
    this.refused += 1;
    return none;
  }

  /** Takes a page back. */
  free(page: number): void {
    const block = page >> blockShift;
    this.#next[page] = this.#blockFree[block]!;
    this.#blockFree[block] = page;
    this.#blockInUse[block]! -= 1;
    this.inUse -= 1;
    const word = block >> 5;
    this.#freeBlocks[word]! |= 1 << (block & 31);
    if (word < this.#firstFreeWord) this.#firstFreeWord = word;
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
    this.resident -= this.#blockTouched[block]!;
    this.#blockTouched[block] = 0;
    this.#blockFree[block] = none;
    this.#blockIdle[block] = 0;
  }

  /** Pages of a block: the last one may be short. */
  #pagesOf(block: number): number {
    return Math.min(blockPages, this.pagesMax - block * blockPages);
  }
}

/** Page memory on the JavaScript heap's side: touched lazily by most systems, but never given back. */
export function heapPageMemory(length: number): PageMemory {
  return { byteLength: length, bytes: new Uint8Array(length), release() {}, close() {} };
}
