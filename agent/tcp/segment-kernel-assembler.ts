/** Part of the kernel in `segment-kernel.ts`: late segments, in pages, as `Assembler` and `PagePool` keep them. */
import { blockPages, blockShift, PoolCount, pageBytes } from '../bounded/page-pool.ts';
import { NO_LIST } from './segment-kernel-tables.ts';
import { Event } from './segment-layout.ts';
import { GapReason } from './stream-handler.ts';

const pool = (what: keyof typeof PoolCount) => `poolCounts + ${PoolCount[what] * 4}`;

/** As PagePool, without a shared credit. */
const POOL = `
fn pagesOf(block) i32 {
  let left = pagesMax - (block << ${blockShift});
  return left < ${blockPages} ? left : ${blockPages};
}

fn allocate() i32 {
  let index = load32(${pool('firstFreeWord')});
  while (index < freeWords && word(freeBlocks, index) == 0) { index += 1; }
  store32(${pool('firstFreeWord')}, index);
  if (index == freeWords) {
    add32(${pool('refused')}, 1);
    return -1;
  }
  let block = (index << 5) + ctz64(wide(word(freeBlocks, index)));
  let page = word(blockFree, block);
  if (page < 0) {
    page = (block << ${blockShift}) + load8(blockTouched + block);
    add8(blockTouched + block, 1);
    add32(${pool('resident')}, 1);
  } else { setWord(blockFree, block, word(poolNext, page)); }
  add8(blockInUse + block, 1);
  store8(blockIdle + block, 0);
  if (load8(blockInUse + block) == pagesOf(block)) {
    setWord(freeBlocks, index, word(freeBlocks, index) & ((1 << (block & 31)) ^ -1));
  }
  let inUse = load32(${pool('inUse')}) + 1;
  store32(${pool('inUse')}, inUse);
  if (inUse > load32(${pool('inUsePeak')})) { store32(${pool('inUsePeak')}, inUse); }
  return page;
}

fn free(page) {
  let block = page >> ${blockShift};
  setWord(poolNext, page, word(blockFree, block));
  setWord(blockFree, block, page);
  add8(blockInUse + block, -1);
  add32(${pool('inUse')}, -1);
  let index = block >> 5;
  setWord(freeBlocks, index, word(freeBlocks, index) | (1 << (block & 31)));
  if (index < load32(${pool('firstFreeWord')})) { store32(${pool('firstFreeWord')}, index); }
  freed = 1;
}
`;

/** As Assembler, where the first bytes to come win. */
export const ASSEMBLER = `${POOL}
fn runEnd(run) i32 {
  let page = word(runLast, run);
  return word(pageSequence, page) + word(pageLength, page) + word(pageMissing, page);
}

fn gap(half, length, reason, tsUs f64) {
  if (length <= 0) { return; }
  setWord(nexts, half, word(nexts, half) + length);
  emit(${Event.gap}, half, length, reason, tsUs);
}

fn drainRun(half) {
  let page = word(head, half);
  let last = word(runLast, page);
  setWord(head, half, word(runNext, page));
  store16(runs + (half << 1), load16(runs + (half << 1)) - 1);
  while (1) {
    let following = word(pageNext, page);
    let length = word(pageLength, page);
    let skip = word(nexts, half) - word(pageSequence, page);
    if (skip > length) { skip = length; }
    let tsUs f64 = loadDouble(pageTsUs + (page << 3));
    if (skip < length) {
      let at = pagesAt + page * ${pageBytes};
      setWord(nexts, half, word(nexts, half) + length - skip);
      deliveredBytes += length - skip;
      emitData(half, at + skip, at + length, tsUs, word(pageSequence, page) + skip, word(pageAck, page));
    }
    if (skip > 0) { overwrittenBytes += skip; }
    gap(half, word(pageSequence, page) + length + word(pageMissing, page) - word(nexts, half), ${GapReason.truncated}, tsUs);
    add32(waiting + (half << 2), -1);
    free(page);
    if (page == last) { return; }
    page = following;
  }
}

; No FIN waits ahead.
fn drain(half) {
  let run = word(head, half);
  while (run >= 0 && word(pageSequence, run) - word(nexts, half) <= 0) {
    drainRun(half);
    run = word(head, half);
  }
  if (run >= 0) {
    storeDouble(holeSinceUs + (half << 3), loadDouble(pageTsUs + (run << 3)));
    holeAppend(half);
  } else { holeRemove(half); }
}

fn joinNext(half, run) {
  let following = word(runNext, run);
  if (following < 0 || runEnd(run) != word(pageSequence, following)) { return; }
  setWord(pageNext, word(runLast, run), following);
  setWord(runLast, run, word(runLast, following));
  setWord(runNext, run, word(runNext, following));
  store16(runs + (half << 1), load16(runs + (half << 1)) - 1);
}

; Stores bytes in the hole between two runs: which run they are in, -1 for none.
fn addBytes(half, previous, following, sequence, start, length, ack) i32 {
  let run = -1;
  let stored = 0;
  if (previous >= 0 && runEnd(previous) == sequence) {
    run = previous;
    let page = word(runLast, run);
    if (word(pageMissing, page) == 0 && word(pageAck, page) == ack) {
      let filled = word(pageLength, page);
      stored = ${pageBytes} - filled;
      if (stored > length) { stored = length; }
      copy(pagesAt + page * ${pageBytes} + filled, start, stored);
      setWord(pageLength, page, filled + stored);
    }
  }
  while (stored < length) {
    let page = allocate();
    if (page < 0) {
      shedBytes += length - stored;
      break;
    }
    let part = length - stored;
    if (part > ${pageBytes}) { part = ${pageBytes}; }
    add32(waiting + (half << 2), 1);
    setWord(pageSequence, page, sequence + stored);
    setWord(pageAck, page, ack);
    setWord(pageLength, page, part);
    setWord(pageMissing, page, 0);
    setWord(pageNext, page, -1);
    storeDouble(pageTsUs + (page << 3), nowUs);
    copy(pagesAt + page * ${pageBytes}, start + stored, part);
    if (run < 0) {
      run = page;
      setWord(runNext, run, following);
      if (previous < 0) { setWord(head, half, run); } else { setWord(runNext, previous, run); }
      store16(runs + (half << 1), load16(runs + (half << 1)) + 1);
    } else { setWord(pageNext, word(runLast, run), page); }
    setWord(runLast, run, page);
    stored += part;
  }
  if (run >= 0) { joinNext(half, run); }
  return run;
}

; Whether a segment of this length finds room at once.
fn hasRoom(half, length) i32 {
  let needed = (length + ${pageBytes - 1}) / ${pageBytes} + 1;
  return word(waiting, half) + needed <= pagesPerConnectionMax && load16(runs + (half << 1)) < holesMax &&
    load32(${pool('inUse')}) + needed <= pagesMax;
}

; As Assembler.#lowerAck.
fn lowerAck(run, sequence, length, ack) {
  let page = run;
  let end = sequence + length;
  while (page >= 0) {
    let pageStart = word(pageSequence, page);
    if (pageStart - end >= 0) { return; }
    if (pageStart - sequence >= 0 && pageStart + word(pageLength, page) - end <= 0 && ack - word(pageAck, page) < 0) {
      setWord(pageAck, page, ack);
    }
    page = word(pageNext, page);
  }
}

fn insertBytes(half, sequence, start, end, ack) {
  let previous = -1;
  let run = word(head, half);
  let at = sequence;
  let from = start;
  let known = 0;
  while (from < end) {
    while (run >= 0 && runEnd(run) - at <= 0) {
      previous = run;
      run = word(runNext, run);
    }
    let length = end - from;
    if (run >= 0 && word(pageSequence, run) - at <= 0) {
      if (length > runEnd(run) - at) { length = runEnd(run) - at; }
      lowerAck(run, at, length, ack);
      known += length;
    } else {
      if (run >= 0 && length > word(pageSequence, run) - at) { length = word(pageSequence, run) - at; }
      let added = addBytes(half, previous, run, at, from, length, ack);
      if (added >= 0) { run = added; }
    }
    from += length;
    at += length;
  }
  duplicateBytes += known;
  if (known == end - start) { duplicate += 1; } else {
    outOfOrder += 1;
    if (known > 0) { overlapping += 1; }
  }
  if (load8(holesListOf + half) == ${NO_LIST}) {
    storeDouble(holeSinceUs + (half << 3), nowUs);
    holeAppend(half);
  }
}

; No FIN waits ahead.
fn giveUpAcknowledged(half, isAll) {
  let limit = word(ackHeld, half);
  ackRemove(half);
  while (1) {
    let behind = limit - word(nexts, half);
    if (behind <= 0) { return; }
    let run = word(head, half);
    if (run < 0) {
      if (behind > 1 && isAll) { gap(half, behind, ${GapReason.acknowledged}, nowUs); }
      return;
    }
    let hole = word(pageSequence, run) - word(nexts, half);
    gap(half, hole < behind ? hole : behind, ${GapReason.acknowledged}, nowUs);
    if (behind < hole) { return; }
    drain(half);
  }
}

fn acknowledged(half) {
  if (load8(acksListOf + half) == ${NO_LIST} || word(ackHeld, half) - word(nexts, half) <= 0) {
    setWord(ackHeld, half, word(ackeds, half));
    setWord(ackPackets, half, 0);
    storeDouble(ackSinceUs + (half << 3), nowUs);
    ackAppend(half);
    return;
  }
  if (word(head, half) < 0) { setWord(ackPackets, half, 0); } else { add32(ackPackets + (half << 2), 1); }
  if (word(ackPackets, half) >=u ackSlackPackets) { giveUpAcknowledged(half, 0); }
}
`;
