/** Pages, as `PagePool` keeps them without a shared credit. */
import { byteAt } from '../bytes.ts';
import { Call } from './call.ts';
import {
  BLOCK_PAGES,
  BLOCK_SHIFT,
  POOL_FIRST_FREE_WORD,
  POOL_IN_USE,
  POOL_IN_USE_PEAK,
  POOL_REFUSED,
  POOL_RESIDENT,
} from './layout.generated.ts';
import {
  blockFree,
  blockIdle,
  blockInUse,
  blockTouched,
  freeBlocks,
  freeWords,
  pagesMax,
  poolCounts,
  poolNext,
} from './places.ts';
import { add8, add32, setWord, word } from './words.ts';

function pagesOf(block: i32): i32 {
  const left = pagesMax - (block << BLOCK_SHIFT);
  return min(left, BLOCK_PAGES);
}

export function allocate(): i32 {
  let index = load<i32>(poolCounts + POOL_FIRST_FREE_WORD * 4);
  while (index < freeWords && word(freeBlocks, index) === 0) {
    index += 1;
  }
  store<i32>(poolCounts + POOL_FIRST_FREE_WORD * 4, index);
  if (index === freeWords) {
    add32(poolCounts + POOL_REFUSED * 4, 1);
    return -1;
  }
  const block = (index << 5) + ctz(word(freeBlocks, index));
  let page = word(blockFree, block);
  if (page < 0) {
    page = (block << BLOCK_SHIFT) + byteAt(blockTouched + block);
    add8(blockTouched + block, 1);
    add32(poolCounts + POOL_RESIDENT * 4, 1);
  } else {
    setWord(blockFree, block, word(poolNext, page));
  }
  add8(blockInUse + block, 1);
  store<u8>(blockIdle + block, 0);
  if (byteAt(blockInUse + block) === pagesOf(block)) {
    setWord(freeBlocks, index, word(freeBlocks, index) & ((1 << (block & 31)) ^ -1));
  }
  const inUse = load<i32>(poolCounts + POOL_IN_USE * 4) + 1;
  store<i32>(poolCounts + POOL_IN_USE * 4, inUse);
  if (inUse > load<i32>(poolCounts + POOL_IN_USE_PEAK * 4)) {
    store<i32>(poolCounts + POOL_IN_USE_PEAK * 4, inUse);
  }
  return page;
}

export function free(page: i32): void {
  const block = page >> BLOCK_SHIFT;
  setWord(poolNext, page, word(blockFree, block));
  setWord(blockFree, block, page);
  add8(blockInUse + block, -1);
  add32(poolCounts + POOL_IN_USE * 4, -1);
  const index = block >> 5;
  setWord(freeBlocks, index, word(freeBlocks, index) | (1 << (block & 31)));
  if (index < load<i32>(poolCounts + POOL_FIRST_FREE_WORD * 4)) {
    store<i32>(poolCounts + POOL_FIRST_FREE_WORD * 4, index);
  }
  Call.freed = 1;
}
