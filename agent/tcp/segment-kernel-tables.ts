/** Part of the kernel in `segment-kernel.ts`: the table of streams, the lists in it, and what a call emits. */
import { Count } from '../bounded/lru-map.ts';
import { EVENT_BYTES, EVENTS_AT, EVENTS_MAX, Event } from './segment-layout.ts';
import { keyWordsIpv4, keyWordsIpv6, touchUs } from './stream-table.ts';

export const KEY_BYTES = keyWordsIpv6 * 4;
/** In no list. */
export const NO_LIST = 255;
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

export const TABLES = `
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

; Takes a node out of the ring of its list.
inline fn unlink(next, previous, node) {
  setWord(next, word(previous, node), word(next, node));
  setWord(previous, word(next, node), word(previous, node));
}

; As LinkedLists.append.
fn append(next, previous, of, lengths, nodes, list, node) {
  let headNode = nodes + list;
  let was = load8(of + node);
  if (was != ${NO_LIST}) {
    if (was == list && word(next, node) == headNode) { return; }
    unlink(next, previous, node);
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

; As LinkedLists.remove.
fn remove(next, previous, of, lengths, node) {
  let list = load8(of + node);
  if (list == ${NO_LIST}) { return; }
  unlink(next, previous, node);
  store8(of + node, ${NO_LIST});
  add32(lengths + (list << 2), -1);
}

; As LruMap.remove.
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
  remove(listNext, listPrevious, listOf, listLengths, slot);
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

; Whether there is room to emit what so many pages hold, and what a frame brings besides.
inline fn hasEventRoom(pages) i32 {
  return eventEnd + (pages * ${PAGE_EVENTS} + ${RECORD_EVENTS}) * ${EVENT_BYTES} <= ${EVENTS_AT + EVENTS_MAX * EVENT_BYTES};
}

fn emit(kind, half, first, second, tsUs f64) {
  store32(eventEnd, kind);
  store32(eventEnd + 4, half);
  store32(eventEnd + 8, first);
  store32(eventEnd + 12, second);
  storeDouble(eventEnd + 16, tsUs);
  eventEnd += ${EVENT_BYTES};
}

fn emitData(half, start, end, tsUs f64, sequence, ack) {
  store32(eventEnd + 24, sequence);
  store32(eventEnd + 28, ack);
  emit(${Event.data}, half, start, end, tsUs);
}

; A frame was taken.
inline fn count(captured, tsUs) {
  if (tsUs > nowUs) { nowUs = tsUs; }
  frames += 1;
  frameBytes += captured;
}
`;
