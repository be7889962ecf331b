/**
 * The segments that nearly all traffic consists of, from records of a capture file or a ring to the payload in order (hot path), in the
 * language of `kernel-compiler.ts`: plain Ethernet, IPv4 and TCP (as `decodePlain`), of streams that open and close as
 * they should; segments ahead of the next byte wait in pages, and holes that were acknowledged are given up. It works on
 * the tables of `StreamTable`, `HalfStreams`, `Assembler` and `PagePool` themselves and leaves behind what
 * `Connections.segment` would; at the first record that is anything else (resets, reused addresses, segments outside the window, FINs ahead
 * of a hole, budgets spent, …) it stops before it, and that record goes the way of all frames.
 *
 * In JavaScript the same costs five times as much on the first 200 MB, most of it in compiling.
 */

import { Count } from '../bounded/lru-map.ts';
import { blockPages, blockShift, PoolCount, pageBytes } from '../bounded/page-pool.ts';
import { PacketChoice } from '../capture/frame-source.ts';
import { Tpacket3 } from '../capture/tpacket3.ts';
import { TcpFlag } from '../wire/packet.ts';
import { HalfState } from './half-streams.ts';
import { Pressure } from './limits.ts';
import {
  clockStepUs,
  EVENT_BYTES,
  EVENTS_AT,
  EVENTS_MAX,
  Event,
  NEXT_TICK_AT,
  NOW_AT,
  TAKEN_AT,
  Taken,
  TICK_AT,
  tickUs,
} from './segment-layout.ts';
import { CloseReason, GapReason } from './stream-handler.ts';
import { keyWordsIpv4, keyWordsIpv6, StreamList, touchUs } from './stream-table.ts';

/** Longer frames go the way of all: beyond the largest IPv4 datagram in Ethernet. */
const FRAME_BYTES_MAX = 65_549;
/** Ethernet, IPv4 and TCP, each without options. */
const PLAIN_BYTES = 54;
const RECORD_BYTES = 16;
const KEY_BYTES = keyWordsIpv6 * 4;
/** In no list. */
const NO_LIST = 255;
const NO_VLAN = 65_535;
/** Besides those of pages: payload, end and close, or a gap for each direction. */
const RECORD_EVENTS = 8;
/** A page may have a gap behind it. */
const PAGE_EVENTS = 2;

const rotate = (name: string, bits: number) => `((${name} << ${bits}) | (${name} >>> ${32 - bits}))`;
/** HalfSipHash's round, as in agent/bounded/keyed-hash.ts. */
const ROUND = `
  v0 = v0 + v1; v1 = ${rotate('v1', 5)} ^ v0; v0 = ${rotate('v0', 16)};
  v2 = v2 + v3; v3 = ${rotate('v3', 8)} ^ v2;
  v0 = v0 + v3; v3 = ${rotate('v3', 7)} ^ v0;
  v2 = v2 + v1; v1 = ${rotate('v1', 13)} ^ v2; v2 = ${rotate('v2', 16)};`;
const word = (name: string) => `v3 = v3 ^ ${name}; ${ROUND} v0 = v0 ^ ${name};`;
const LENGTH = keyWordsIpv4 << 26;

/** Addresses of the arrays, and what does not change. Set once. */
const GLOBALS = `
global seed0; global seed1; global mask; global capacity;
global keys; global keyLengths; global hashes; global slots; global mapFree; global mapCounts;
global listNext; global listPrevious; global listOf; global listLengths;
global lastUs; global clientFirst; global midStream;
global ids; global lastId; global openedUs; global vlans; global interfaces;
global states; global nexts; global firsts; global lasts; global ackeds; global strays; global waiting;
global resettingNext; global resettingOf; global overUs; global pressure;
global windowMax;
global ackSlackUs f64; global gapTimeoutUs f64; global closedHoldUs f64; global embryonicTimeoutUs f64; global idleTimeoutUs f64;

; Of the assembler: 0 where it takes what is late itself.
global takesLate;
global head; global runs; global holeSinceUs; global ackSinceUs; global ackHeld; global ackPackets;
global holesNext; global holesPrevious; global holesListOf; global holesLengths;
global acksNext; global acksPrevious; global acksListOf; global acksLengths;
global pageSequence; global pageLength; global pageMissing; global pageNext; global pageTsUs;
global runLast; global runNext;
global poolCounts; global poolNext; global blockFree; global blockInUse; global blockTouched; global blockIdle; global freeBlocks;
global freeWords; global pagesAt; global pagesMax; global pagesPerConnectionMax; global holesMax; global ackSlackPackets;

; Of one call, by Taken.
global lastSlot; global interfaceIndex;
global nowUs f64; global nextTickUs f64; global hostTickUs f64; global tickUs f64; global tick;
global eventEnd; global freed;
global frames; global frameBytes;
global deliveredBytes; global inOrder; global afterClose; global withoutStream; global outOfOrder; global duplicate;
global overlapping; global duplicateBytes; global overwrittenBytes; global shedBytes; global opened; global closedFin;

; Of one frame.
global low; global high; global ports;
global findHash;
`;

const TABLES = `
inline fn be16(at) i32 { return (load8(at) << 8) | load8(at + 1); }
inline fn be32(at) i32 { return (load8(at) << 24) | (load8(at + 1) << 16) | (load8(at + 2) << 8) | load8(at + 3); }
inline fn add32(at, count) { store32(at, load32(at) + count); }
inline fn add8(at, count) { store8(at, load8(at) + count); }
inline fn word(array, index) i32 { return load32(array + (index << 2)); }
inline fn setWord(array, index, value) { store32(array + (index << 2), value); }

; As StreamTable keeps IPv4.
inline fn isKey(key, slot) i32 {
  return load32(key + 16) == high && load32(key + 8) == ports && load32(key + 12) == low &&
    load8(keyLengths + slot) == ${keyWordsIpv4} && load32(key) == 4 && load32(key + 4) == 0;
}

; As LruMap.find.
fn find() i32 {
  let v0 = seed0;
  let v1 = seed1;
  let v2 = 0x6c796765 ^ seed0;
  let v3 = 0x74656462 ^ seed1;
  let four = 4;
  let zero = 0;
  ${word('four')} ${word('zero')} ${word('ports')} ${word('low')} ${word('high')}
  v3 = v3 ^ ${LENGTH}; ${ROUND} v0 = v0 ^ ${LENGTH}; v2 = v2 ^ 0xff;
  ${ROUND} ${ROUND} ${ROUND}
  let hash = v1 ^ v3;
  findHash = hash;
  let at = hash & mask;
  while (1) {
    let slot = word(slots, at) - 1;
    if (slot < 0) { return -1; }
    if (word(hashes, slot) == hash) {
      let key = keys + slot * ${KEY_BYTES};
      if (isKey(key, slot)) { return slot; }
    }
    at = (at + 1) & mask;
  }
}

; As LruMap.insert, right after find has found nothing and while there is room.
fn insert() i32 {
  let free = load32(mapCounts + ${Count.free * 4});
  let slot = load32(mapCounts + ${Count.touched * 4});
  if (free > 0) {
    store32(mapCounts + ${Count.free * 4}, free - 1);
    slot = word(mapFree, free - 1);
  } else { store32(mapCounts + ${Count.touched * 4}, slot + 1); }
  let key = keys + slot * ${KEY_BYTES};
  store32(key, 4);
  store32(key + 4, 0);
  store32(key + 8, ports);
  store32(key + 12, low);
  store32(key + 16, high);
  store8(keyLengths + slot, ${keyWordsIpv4});
  setWord(hashes, slot, findHash);
  let at = findHash & mask;
  while (word(slots, at) != 0) { at = (at + 1) & mask; }
  setWord(slots, at, slot + 1);
  add32(mapCounts + ${Count.used * 4}, 1);
  return slot;
}

; As LinkedLists.append.
fn append(next, previous, of, lengths, nodes, list, node) {
  let headNode = nodes + list;
  let was = load8(of + node);
  if (was != ${NO_LIST}) {
    let after = word(next, node);
    if (was == list && after == headNode) { return; }
    let before = word(previous, node);
    setWord(next, before, after);
    setWord(previous, after, before);
  }
  if (was != list) {
    if (was != ${NO_LIST}) { add32(lengths + (was << 2), -1); }
    add32(lengths + (list << 2), 1);
    store8(of + node, list);
  }
  let last = word(previous, headNode);
  setWord(next, last, node);
  setWord(previous, node, last);
  setWord(next, node, headNode);
  setWord(previous, headNode, node);
}

; As LinkedLists.remove, of the only list.
fn remove(next, previous, of, lengths, node) {
  if (load8(of + node) == ${NO_LIST}) { return; }
  let after = word(next, node);
  let before = word(previous, node);
  setWord(next, before, after);
  setWord(previous, after, before);
  store8(of + node, ${NO_LIST});
  add32(lengths, -1);
}

; As LruMap.remove, of a slot in the list of closed streams.
fn forget(slot) {
  let hole = word(hashes, slot) & mask;
  while (word(slots, hole) != slot + 1) { hole = (hole + 1) & mask; }
  let at = (hole + 1) & mask;
  while (word(slots, at) != 0) {
    let home = word(hashes, word(slots, at) - 1) & mask;
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      setWord(slots, hole, word(slots, at));
      hole = at;
    }
    at = (at + 1) & mask;
  }
  setWord(slots, hole, 0);
  let after = word(listNext, slot);
  let before = word(listPrevious, slot);
  setWord(listNext, before, after);
  setWord(listPrevious, after, before);
  store8(listOf + slot, ${NO_LIST});
  add32(listLengths + ${StreamList.closed * 4}, -1);
  let free = load32(mapCounts + ${Count.free * 4});
  setWord(mapFree, free, slot);
  store32(mapCounts + ${Count.free * 4}, free + 1);
  add32(mapCounts + ${Count.used * 4}, -1);
}

fn moveTo(list, slot) { append(listNext, listPrevious, listOf, listLengths, capacity, list, slot); }
fn holeAppend(half) { append(holesNext, holesPrevious, holesListOf, holesLengths, capacity << 1, 0, half); }
fn holeRemove(half) { remove(holesNext, holesPrevious, holesListOf, holesLengths, half); }
fn ackAppend(half) { append(acksNext, acksPrevious, acksListOf, acksLengths, capacity << 1, 0, half); }
fn ackRemove(half) { remove(acksNext, acksPrevious, acksListOf, acksLengths, half); }

; As StreamTable.touch.
inline fn touch(slot) {
  let last f64 = loadDouble(lastUs + (slot << 3));
  if (nowUs - last >= ${touchUs}.0 || nowUs < last) { refresh(slot); }
}

fn refresh(slot) {
  storeDouble(lastUs + (slot << 3), nowUs);
  moveTo(load8(listOf + slot), slot);
}

; Whether what so many pages hold can be told, and what a frame brings besides.
inline fn hasEventRoom(pages) i32 {
  return eventEnd + (pages * ${PAGE_EVENTS} + ${RECORD_EVENTS}) * ${EVENT_BYTES} <= ${EVENTS_AT + EVENTS_MAX * EVENT_BYTES};
}

fn tell(kind, half, first, second, tsUs f64) {
  store32(eventEnd, kind);
  store32(eventEnd + 4, half);
  store32(eventEnd + 8, first);
  store32(eventEnd + 12, second);
  storeDouble(eventEnd + 16, tsUs);
  eventEnd += ${EVENT_BYTES};
}

; A frame was taken.
inline fn count(captured, tsUs) {
  if (tsUs > nowUs) { nowUs = tsUs; }
  frames += 1;
  frameBytes += captured;
}
`;

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
const ASSEMBLER = `
fn runEnd(run) i32 {
  let page = word(runLast, run);
  return word(pageSequence, page) + word(pageLength, page) + word(pageMissing, page);
}

fn gap(half, length, reason, tsUs f64) {
  if (length <= 0) { return; }
  setWord(nexts, half, word(nexts, half) + length);
  tell(${Event.gap}, half, length, reason, tsUs);
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
      tell(${Event.data}, half, at + skip, at + length, tsUs);
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
fn addBytes(half, previous, following, sequence, start, length) i32 {
  let run = -1;
  let stored = 0;
  if (previous >= 0 && runEnd(previous) == sequence) {
    run = previous;
    let page = word(runLast, run);
    if (word(pageMissing, page) == 0) {
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

fn insertBytes(half, sequence, start, end) {
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
      known += length;
    } else {
      if (run >= 0 && length > word(pageSequence, run) - at) { length = word(pageSequence, run) - at; }
      let added = addBytes(half, previous, run, at, from, length);
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
fn giveUpAcknowledged(half) {
  let limit = word(ackHeld, half);
  ackRemove(half);
  while (1) {
    let behind = limit - word(nexts, half);
    if (behind <= 0) { return; }
    let run = word(head, half);
    if (run < 0) {
      if (behind > 1) { gap(half, behind, ${GapReason.acknowledged}, nowUs); }
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
  add32(ackPackets + (half << 2), 1);
  if (word(ackPackets, half) >=u ackSlackPackets) { giveUpAcknowledged(half); }
}
`;

const STREAMS = `
; A SYN to addresses that have no stream.
fn open(sequence, fromFirst) {
  let slot = insert();
  lastSlot = slot;
  let id f64 = loadDouble(lastId) + 1.0;
  storeDouble(lastId, id);
  storeDouble(ids + (slot << 3), id);
  storeDouble(openedUs + (slot << 3), nowUs);
  store16(vlans + (slot << 1), ${NO_VLAN});
  store16(interfaces + (slot << 1), interfaceIndex);
  store8(clientFirst + slot, fromFirst);
  store8(midStream + slot, 0);
  storeDouble(lastUs + (slot << 3), nowUs);
  moveTo(${StreamList.embryonic}, slot);
  let half = slot << 1;
  store8(states + half, ${HalfState.known | HalfState.syn | HalfState.acked});
  store8(strays + half, 0);
  setWord(firsts, half, sequence + 1);
  setWord(nexts, half, sequence + 1);
  setWord(ackeds, half, sequence + 1);
  store8(states + half + 1, 0);
  store8(strays + half + 1, 0);
  opened += 1;
  tell(${Event.open}, half, 0, 0, nowUs);
}

; The FIN at next. The second one closes the stream.
fn finish(slot, half, state) {
  let last = word(nexts, half);
  setWord(lasts, half, last);
  setWord(nexts, half, last + 1);
  store8(states + half, state | ${HalfState.fin | HalfState.last | HalfState.ended});
  tell(${Event.end}, half, 0, 0, nowUs);
  let peer = half ^ 1;
  if ((load8(states + peer) & ${HalfState.ended}) == 0) { return; }
  storeDouble(overUs + (slot << 3), nowUs);
  ackRemove(half);
  ackRemove(peer);
  holeRemove(half);
  holeRemove(peer);
  store8(states + half, 0);
  store8(strays + half, 0);
  store8(states + peer, 0);
  store8(strays + peer, 0);
  closedFin += 1;
  tell(${Event.close}, half, ${CloseReason.fin}, 0, nowUs);
  storeDouble(lastUs + (slot << 3), nowUs);
  moveTo(${StreamList.closed}, slot);
}

; Whether the first node of a list has waited for so long, or nobody knows how long.
fn isDue(next, nodes, list, since, timeoutUs f64, tsUs f64) i32 {
  let node = word(next, nodes + list);
  if (node >= nodes) { return 0; }
  let ageUs f64 = tsUs - loadDouble(since + (node << 3));
  return ageUs >= timeoutUs || ageUs < 0.0;
}

; As Connections.expire where nothing is due but holes that were acknowledged and keys of closed streams: 0 where it is not so.
fn runTimers(tsUs f64) i32 {
  if (!takesLate || tsUs >= hostTickUs) { return 0; }
  if (tsUs > nowUs) { nowUs = tsUs; }
  let halves = capacity << 1;
  while (isDue(acksNext, halves, 0, ackSinceUs, ackSlackUs, tsUs)) {
    let half = word(acksNext, halves);
    if ((load8(states + half) & ${HalfState.last}) != 0 || !hasEventRoom(word(waiting, half))) { return 0; }
    giveUpAcknowledged(half);
  }
  if (isDue(holesNext, halves, 0, holeSinceUs, gapTimeoutUs, tsUs)) { return 0; }
  if (isDue(resettingNext, capacity, 0, overUs, ackSlackUs, tsUs)) { return 0; }
  if (isDue(listNext, capacity, ${StreamList.embryonic}, lastUs, embryonicTimeoutUs, tsUs)) { return 0; }
  if (isDue(listNext, capacity, ${StreamList.established}, lastUs, idleTimeoutUs, tsUs)) { return 0; }
  while (isDue(listNext, capacity, ${StreamList.closed}, lastUs, closedHoldUs, tsUs)) {
    let slot = word(listNext, capacity + ${StreamList.closed});
    if (loadDouble(lastUs + (slot << 3)) > tsUs) { return 0; }
    forget(slot);
  }
  nextTickUs = tsUs + ${tickUs}.0;
  return 1;
}

; A frame at [frame, frame + captured) at a time. 1 when it was taken, 0 when nothing was done.
fn take(frame, captured, tsUs f64) i32 {
  if (captured <u ${PLAIN_BYTES} || captured >u ${FRAME_BYTES_MAX}) { return 0; }
  if (load16(frame + 12) != 0x0008 || load8(frame + 14) != 0x45) { return 0; }
  if ((load16(frame + 20) & 0xff3f) != 0 || load8(frame + 23) != 6) { return 0; }
  let tcp = frame + 34;
  let total = be16(frame + 16);
  let payload = tcp + ((load8(tcp + 12) >>> 4) << 2);
  let end = frame + 14 + total;
  if (payload < tcp + 20 || payload > end || end > frame + captured) { return 0; }
  if (tsUs >= nextTickUs) {
    if (!runTimers(tsUs)) {
      tick = 1;
      tickUs = tsUs;
      return 0;
    }
  }
  if (tsUs < nowUs - ${clockStepUs}.0) { return 0; }

  let flags = load8(tcp + 13) & ${TcpFlag.fin | TcpFlag.syn | TcpFlag.rst | TcpFlag.ack};
  let length = end - payload;
  let sequence = be32(tcp + 4);
  let source = be32(frame + 26);
  let destination = be32(frame + 30);
  let sourcePort = be16(tcp);
  let destinationPort = be16(tcp + 2);
  let fromFirst = source < destination || (source == destination && sourcePort <= destinationPort);
  if (fromFirst) {
    ports = (sourcePort << 16) | destinationPort;
    low = source;
    high = destination;
  } else {
    ports = (destinationPort << 16) | sourcePort;
    low = destination;
    high = source;
  }
  let slot = lastSlot;
  let key = keys + slot * ${KEY_BYTES};
  if (slot < 0 || !isKey(key, slot)) {
    slot = find();
    if (slot >= 0) { lastSlot = slot; }
  }
  if (slot >= 0 && flags == ${TcpFlag.ack} && load8(listOf + slot) - ${StreamList.embryonic} <=u ${StreamList.established - StreamList.embryonic}) {
    ; What nearly all segments are: in order, nothing waits, nothing was acknowledged that was not seen.
    let half = slot * 2 + (fromFirst != load8(clientFirst + slot));
    let peer = half ^ 1;
    let peerState = load8(states + peer);
    let next = word(nexts, half);
    let ack = be32(tcp + 8);
    let acked = word(ackeds, peer);
    let peerNext = word(nexts, peer);
    let isNext = length > 0 ? sequence == next && word(waiting, half) == 0 : sequence - next != -1;
    if (isNext && (load8(states + half) & ${HalfState.known | HalfState.acked | HalfState.last | HalfState.zeroWindow}) == ${HalfState.known | HalfState.acked} &&
      (peerState & ${HalfState.known | HalfState.acked | HalfState.zeroWindow}) == ${HalfState.known | HalfState.acked} && load16(tcp + 14) != 0 &&
      ack - peerNext <= 0 && acked - peerNext <= 0 && word(ackeds, half) - next <= 0 && hasEventRoom(0)) {
      count(captured, tsUs);
      touch(slot);
      if (ack - acked > 0) { setWord(ackeds, peer, ack); }
      if (length > 0) {
        if (load8(listOf + slot) == ${StreamList.embryonic}) { moveTo(${StreamList.established}, slot); }
        store8(strays + half, 0);
        setWord(nexts, half, next + length);
        inOrder += 1;
        deliveredBytes += length;
        tell(${Event.data}, half, payload, end, nowUs);
      }
      return 1;
    }
  }
  return takeOther(tcp, payload, end, captured, slot, fromFirst, tsUs);
}

; The same, of any other kind.
fn takeOther(tcp, payload, end, captured, slot, fromFirst, tsUs f64) i32 {
  let flags = load8(tcp + 13) & ${TcpFlag.fin | TcpFlag.syn | TcpFlag.rst | TcpFlag.ack};
  let length = end - payload;
  let sequence = be32(tcp + 4);
  if (slot < 0) {
    if ((flags & ${TcpFlag.syn}) == 0) {
      if (length > 0) { return 0; }
      withoutStream += 1;
      count(captured, tsUs);
      return 1;
    }
    if (flags != ${TcpFlag.syn} || length > 0 || load16(tcp + 14) == 0) { return 0; }
    if (load32(mapCounts + ${Count.used * 4}) == capacity || load8(pressure) >= ${Pressure.refuseStreams}) { return 0; }
    count(captured, tsUs);
    open(sequence, fromFirst);
    return 1;
  }
  let list = load8(listOf + slot);
  if (list == ${StreamList.closed}) {
    if ((flags & ${TcpFlag.syn}) != 0) { return 0; }
    afterClose += 1;
    count(captured, tsUs);
    return 1;
  }
  if (list >u ${StreamList.established}) {
    ; Free by now: its key may be another slot's.
    lastSlot = -1;
    return 0;
  }
  ; As to resets and packets without an acknowledgement, and windows of nothing, see Connections.
  if ((flags & ${TcpFlag.rst | TcpFlag.ack}) != ${TcpFlag.ack} || load16(tcp + 14) == 0) { return 0; }

  let half = slot * 2 + (fromFirst != load8(clientFirst + slot));
  let peer = half ^ 1;
  let state = load8(states + half);
  let peerState = load8(states + peer);
  if ((peerState & ${HalfState.known}) == 0 || (state & ${HalfState.zeroWindow}) != 0) { return 0; }
  let ack = be32(tcp + 8);
  let acked = word(ackeds, peer);
  let peerNext = word(nexts, peer);
  let moves = (peerState & ${HalfState.acked}) == 0 || ack - acked > 0;
  if (ack - peerNext > windowMax) { return 0; }
  if (moves) { acked = ack; }
  let isPeerBehind = (peerState & ${HalfState.ended}) == 0 && acked - peerNext > 0;
  if (isPeerBehind && (!takesLate || (peerState & ${HalfState.last}) != 0)) { return 0; }

  let isFin = flags & ${TcpFlag.fin};
  let next = word(nexts, half);
  let isLate = 0;
  let pages = 0;
  if ((flags & ${TcpFlag.syn}) != 0) {
    ; The answer to a SYN.
    if (state != 0 || isFin || length > 0 || isPeerBehind) { return 0; }
    let answered = ack - word(firsts, peer);
    if (answered < 0 || answered > windowMax) { return 0; }
  } else {
    if ((state & ${HalfState.known}) == 0) { return 0; }
    let ahead = sequence - next;
    if (length > 0 || isFin) {
      if ((state & ${HalfState.last}) != 0) { return 0; }
      isLate = ahead != 0 || word(waiting, half) != 0;
      if (length == 1 && (peerState & ${HalfState.zeroWindow}) != 0) { return 0; }
      if (isFin) {
        if (isLate || !takesLate || load8(resettingOf + slot) != ${NO_LIST} || word(waiting, peer) != 0) { return 0; }
      }
    } else if (ahead == -1) { return 0; }
    let isBehind = (state & ${HalfState.acked | HalfState.ended}) == ${HalfState.acked} && word(ackeds, half) - next > 0;
    if (isBehind) {
      if (!takesLate || (state & ${HalfState.last}) != 0) { return 0; }
    }
    if (isLate) {
      if (!takesLate || load8(pressure) >= ${Pressure.shedOutOfOrder}) { return 0; }
      if (ahead > windowMax || ahead + length < -windowMax) { return 0; }
      if (ahead < 0) {
        ; Known bytes only: a repetition.
        if (ahead + length > 0 || length == 1) { return 0; }
      } else if (ahead == 0) {
        if (word(pageSequence, word(head, half)) - next < length) { return 0; }
      } else if (freed || !hasRoom(half, length)) {
        ; Pages that were freed are not written to before what lies in them was handed on.
        return 0;
      }
    }
    if (isLate || isBehind || isPeerBehind) { pages = word(waiting, half) + word(waiting, peer); }
  }
  if (!hasEventRoom(pages)) { return 0; }

  ; Nothing was changed up to here.
  count(captured, tsUs);
  if ((flags & ${TcpFlag.syn}) != 0) {
    state = ${HalfState.known | HalfState.syn | HalfState.acked};
    store8(states + half, state);
    setWord(firsts, half, sequence + 1);
    setWord(nexts, half, sequence + 1);
    setWord(ackeds, half, sequence + 1);
  }
  touch(slot);
  if (moves) {
    setWord(ackeds, peer, ack);
    store8(states + peer, peerState | ${HalfState.acked});
  }
  if (length > 0 || isFin) {
    if (length > 0 && list == ${StreamList.embryonic}) { moveTo(${StreamList.established}, slot); }
    store8(strays + half, 0);
    if (!isLate) {
      inOrder += 1;
      setWord(nexts, half, next + length);
      deliveredBytes += length;
      if (length > 0) { tell(${Event.data}, half, payload, end, nowUs); }
      if (isFin) { finish(slot, half, state); }
    } else { takeLate(half, sequence, payload, end); }
  }
  if (takesLate) {
    if (isBeyond(peer)) { acknowledged(peer); }
    if (isBeyond(half)) { acknowledged(half); }
  }
  return 1;
}

fn takeLate(half, sequence, payload, end) {
  let length = end - payload;
  let ahead = sequence - word(nexts, half);
  if (ahead < 0) {
    duplicateBytes += length;
    duplicate += 1;
  } else if (ahead == 0) {
    setWord(nexts, half, sequence + length);
    deliveredBytes += length;
    tell(${Event.data}, half, payload, end, nowUs);
    inOrder += 1;
    drain(half);
  } else { insertBytes(half, sequence, payload, end); }
}

; More was acknowledged than seen.
fn isBeyond(half) i32 {
  return (load8(states + half) & ${HalfState.acked | HalfState.known | HalfState.ended}) == ${HalfState.acked | HalfState.known} &&
    word(ackeds, half) - word(nexts, half) > 0;
}
`;

const zeroed = Object.entries({
  deliveredBytes: 'deliveredBytes',
  segmentsInOrder: 'inOrder',
  segmentsAfterClose: 'afterClose',
  segmentsWithoutStream: 'withoutStream',
  segmentsOutOfOrder: 'outOfOrder',
  segmentsDuplicate: 'duplicate',
  segmentsOverlapping: 'overlapping',
  duplicateBytes: 'duplicateBytes',
  overwrittenBytes: 'overwrittenBytes',
  shedBytes: 'shedBytes',
  streamsOpened: 'opened',
  streamsClosedFin: 'closedFin',
  frames: 'frames',
  frameBytes: 'frameBytes',
  tick: 'tick',
} satisfies Partial<Record<keyof typeof Taken, string>>) as [keyof typeof Taken, string][];

const RECORDS = `
fn begin(now f64, nextTick f64, hostTick f64) {
  ${zeroed.map(([, name]) => `${name} = 0;`).join(' ')}
  freed = 0;
  eventEnd = ${EVENTS_AT};
  nowUs = now;
  nextTickUs = nextTick;
  hostTickUs = hostTick;
}

fn end(passed) {
  let taken = ${TAKEN_AT};
  ${zeroed.map(([what, name]) => `store32(taken + ${Taken[what] * 4}, ${name});`).join(' ')}
  store32(taken + ${Taken.events * 4}, (eventEnd - ${EVENTS_AT}) / ${EVENT_BYTES});
  store32(taken + ${Taken.passed * 4}, passed);
  storeDouble(${NOW_AT}, nowUs);
  storeDouble(${NEXT_TICK_AT}, nextTickUs);
  storeDouble(${TICK_AT}, tickUs);
}

; Records of a pcap file, little-endian: where the first one begins that was not taken.
export fn takePcap(start, limit, isNanoseconds, now f64, nextTick f64, hostTick f64) i32 {
  let at = start;
  begin(now, nextTick, hostTick);
  interfaceIndex = 0;
  while (limit - at > ${RECORD_BYTES}) {
    let captured = load32(at + 8);
    if (captured >u limit - at - ${RECORD_BYTES}) { break; }
    let fraction f64 = double(wide(load32(at + 4)));
    if (isNanoseconds) { fraction = fraction / 1000.0; }
    if (!take(at + ${RECORD_BYTES}, captured, double(wide(load32(at))) * 1000000.0 + fraction)) { break; }
    at += captured + ${RECORD_BYTES};
  }
  end(0);
  return at;
}

; Frames of a TPACKET_V3 block: where the header of the first one lies that was not taken.
export fn takeRing(start, limit, frameCount, interfaceNumber, index, packets, now f64, nextTick f64, hostTick f64) i32 {
  let at = start;
  let left = frameCount;
  begin(now, nextTick, hostTick);
  interfaceIndex = index;
  while (left > 0) {
    if (limit - at < ${Tpacket3.headerBytes}) { break; }
    if (load32(at + ${Tpacket3.interfaceNumber * 4}) != interfaceNumber) { break; }
    if ((load32(at + ${Tpacket3.status * 4}) & ${Tpacket3.vlanValid}) != 0) { break; }
    let isOutgoing = load8(at + ${Tpacket3.types * 4 + 2}) == ${Tpacket3.outgoing};
    if (packets == ${PacketChoice.all} || isOutgoing == (packets == ${PacketChoice.outgoing})) {
      let captured = load32(at + ${Tpacket3.captured * 4});
      let frame = at + load16(at + ${Tpacket3.offsets * 4});
      if (captured >u limit - frame) { break; }
      let fraction f64 = double(wide(load32(at + ${Tpacket3.nanoseconds * 4}))) / 1000.0;
      if (!take(frame, captured, double(wide(load32(at + ${Tpacket3.seconds * 4}))) * 1000000.0 + fraction)) { break; }
    }
    at += load32(at + ${Tpacket3.next * 4});
    left -= 1;
  }
  end(frameCount - left);
  return at;
}
`;

export const SEGMENT_PROGRAM = GLOBALS + TABLES + POOL + ASSEMBLER + STREAMS + RECORDS;
