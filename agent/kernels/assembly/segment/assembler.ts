/** Late segments in pages, as `Assembler` keeps them where the first bytes to come win. */
import { byteAt } from '../bytes.ts';
import { Call } from './call.ts';
import { emit, emitData } from './events.ts';
import {
  EVENT_GAP,
  GAP_REASON_ACKNOWLEDGED,
  GAP_REASON_TRUNCATED,
  HALF_STATE_ACKED,
  HALF_STATE_ENDED,
  HALF_STATE_KNOWN,
  NO_LIST,
  PAGE_BYTES,
  POOL_IN_USE,
} from './layout.generated.ts';
import { ackAppend, ackRemove, holeAppend, holeRemove } from './lists.ts';
import {
  ackeds,
  ackHeld,
  ackPackets,
  ackSinceUs,
  ackSlackLeastUs,
  ackSlackPackets,
  acksListOf,
  head,
  holeSinceUs,
  holesListOf,
  holesMax,
  nexts,
  pageAck,
  pageLength,
  pageMissing,
  pageNext,
  pageProbe,
  pageSequence,
  pagesAt,
  pagesMax,
  pagesPerConnectionMax,
  pageTsUs,
  poolCounts,
  runLast,
  runNext,
  runs,
  states,
  waiting,
} from './places.ts';
import { allocate, free } from './pool.ts';
import { add16, add32, setWord, word } from './words.ts';

function runEnd(run: i32): i32 {
  const page = word(runLast, run);
  return word(pageSequence, page) + word(pageLength, page) + word(pageMissing, page);
}

function gap(half: i32, length: i32, reason: i32, tsUs: f64): void {
  if (length <= 0) {
    return;
  }
  setWord(nexts, half, word(nexts, half) + length);
  emit(EVENT_GAP, half, length, reason, tsUs);
}

function drainRun(half: i32): void {
  let page = word(head, half);
  const last = word(runLast, page);
  setWord(head, half, word(runNext, page));
  add16(runs + (half << 1), -1);
  while (true) {
    const following = word(pageNext, page);
    const length = word(pageLength, page);
    let skip = word(nexts, half) - word(pageSequence, page);
    if (skip > length) {
      skip = length;
    }
    const tsUs: f64 = load<f64>(pageTsUs + (page << 3));
    if (skip < length) {
      const at = pagesAt + page * PAGE_BYTES;
      setWord(nexts, half, word(nexts, half) + length - skip);
      Call.deliveredBytes += length - skip;
      emitData(half, at + skip, at + length, tsUs, word(pageSequence, page) + skip, word(pageAck, page));
    }
    if (skip > 0) {
      Call.overwrittenBytes += skip;
    }
    gap(
      half,
      word(pageSequence, page) + length + word(pageMissing, page) - word(nexts, half),
      GAP_REASON_TRUNCATED,
      tsUs,
    );
    add32(waiting + (half << 2), -1);
    free(page);
    if (page === last) {
      return;
    }
    page = following;
  }
}

/** No FIN waits ahead. */
export function drain(half: i32): void {
  let run = word(head, half);
  while (run >= 0 && word(pageSequence, run) - word(nexts, half) <= 0) {
    drainRun(half);
    run = word(head, half);
  }
  if (run >= 0) {
    store<f64>(holeSinceUs + (half << 3), load<f64>(pageTsUs + (run << 3)));
    holeAppend(half);
  } else {
    holeRemove(half);
  }
}

function joinNext(half: i32, run: i32): void {
  const following = word(runNext, run);
  if (following < 0 || runEnd(run) !== word(pageSequence, following)) {
    return;
  }
  setWord(pageNext, word(runLast, run), following);
  setWord(runLast, run, word(runLast, following));
  setWord(runNext, run, word(runNext, following));
  add16(runs + (half << 1), -1);
}

/** Stores bytes in the hole between two runs: which run they are in, -1 for none. */
function addBytes(half: i32, previous: i32, following: i32, sequence: i32, start: i32, length: i32, ack: i32): i32 {
  let run = -1;
  let stored = 0;
  if (previous >= 0 && runEnd(previous) === sequence) {
    run = previous;
    const page = word(runLast, run);
    // One byte may be a probe's: see WaitingRuns.
    if (word(pageMissing, page) === 0 && word(pageAck, page) === ack && !byteAt(pageProbe + page) && length > 1) {
      const filled = word(pageLength, page);
      stored = PAGE_BYTES - filled;
      if (stored > length) {
        stored = length;
      }
      memory.copy(pagesAt + page * PAGE_BYTES + filled, start, stored);
      setWord(pageLength, page, filled + stored);
    }
  }
  while (stored < length) {
    const page = allocate();
    if (page < 0) {
      Call.shedBytes += length - stored;
      break;
    }
    let part = length - stored;
    if (part > PAGE_BYTES) {
      part = PAGE_BYTES;
    }
    add32(waiting + (half << 2), 1);
    setWord(pageSequence, page, sequence + stored);
    setWord(pageAck, page, ack);
    setWord(pageLength, page, part);
    setWord(pageMissing, page, 0);
    store<u8>(pageProbe + page, length === 1);
    setWord(pageNext, page, -1);
    store<f64>(pageTsUs + (page << 3), Call.nowUs);
    memory.copy(pagesAt + page * PAGE_BYTES, start + stored, part);
    if (run < 0) {
      run = page;
      setWord(runNext, run, following);
      if (previous < 0) {
        setWord(head, half, run);
      } else {
        setWord(runNext, previous, run);
      }
      add16(runs + (half << 1), 1);
    } else {
      setWord(pageNext, word(runLast, run), page);
    }
    setWord(runLast, run, page);
    stored += part;
  }
  if (run >= 0) {
    joinNext(half, run);
  }
  return run;
}

/** Whether a segment of this length finds room at once. */
export function hasRoom(half: i32, length: i32): i32 {
  const needed = (length + (PAGE_BYTES - 1)) / PAGE_BYTES + 1;
  return (
    word(waiting, half) + needed <= pagesPerConnectionMax &&
    <i32>load<u16>(runs + (half << 1)) < holesMax &&
    load<i32>(poolCounts + POOL_IN_USE * 4) + needed <= pagesMax
  );
}

/** Whether bytes of a segment wait already: another content, or a probe's, is the host's to judge (WaitingRuns). */
export function hasKnown(half: i32, sequence: i32, length: i32): i32 {
  let run = word(head, half);
  while (run >= 0 && runEnd(run) - sequence <= 0) {
    run = word(runNext, run);
  }
  return run >= 0 && word(pageSequence, run) - sequence < length;
}

/** None of the bytes waits. */
export function insertBytes(half: i32, sequence: i32, start: i32, end: i32, ack: i32): void {
  let previous = -1;
  let run = word(head, half);
  while (run >= 0 && runEnd(run) - sequence <= 0) {
    previous = run;
    run = word(runNext, run);
  }
  addBytes(half, previous, run, sequence, start, end - start, ack);
  Call.outOfOrder += 1;
  if (byteAt(holesListOf + half) === NO_LIST) {
    store<f64>(holeSinceUs + (half << 3), Call.nowUs);
    holeAppend(half);
  }
}

/** No FIN waits ahead. */
export function giveUpAcknowledged(half: i32, isAll: i32): void {
  const limit = word(ackHeld, half);
  ackRemove(half);
  while (true) {
    const behind = limit - word(nexts, half);
    if (behind <= 0) {
      return;
    }
    const run = word(head, half);
    if (run < 0) {
      if (behind > 1 && isAll) {
        gap(half, behind, GAP_REASON_ACKNOWLEDGED, Call.nowUs);
      }
      return;
    }
    const hole = word(pageSequence, run) - word(nexts, half);
    gap(half, min(hole, behind), GAP_REASON_ACKNOWLEDGED, Call.nowUs);
    if (behind < hole) {
      return;
    }
    drain(half);
  }
}

export function acknowledged(half: i32): void {
  if (byteAt(acksListOf + half) === NO_LIST || word(ackHeld, half) - word(nexts, half) <= 0) {
    setWord(ackHeld, half, word(ackeds, half));
    setWord(ackPackets, half, 0);
    store<f64>(ackSinceUs + (half << 3), Call.nowUs);
    ackAppend(half);
    return;
  }
  if (word(head, half) < 0) {
    setWord(ackPackets, half, 0);
  } else {
    add32(ackPackets + (half << 2), 1);
  }
  if (<u32>word(ackPackets, half) < <u32>ackSlackPackets) {
    return;
  }
  const ageUs: f64 = Call.nowUs - load<f64>(ackSinceUs + (half << 3));
  if (ageUs >= ackSlackLeastUs || ageUs < 0.0) {
    giveUpAcknowledged(half, 0);
  }
}

/** More was acknowledged than seen. */
export function isBeyond(half: i32): i32 {
  return (
    (byteAt(states + half) & (HALF_STATE_ACKED | HALF_STATE_KNOWN | HALF_STATE_ENDED)) ===
      (HALF_STATE_ACKED | HALF_STATE_KNOWN) && word(ackeds, half) - word(nexts, half) > 0
  );
}
