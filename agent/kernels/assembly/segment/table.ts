/** The table of streams, as `StreamTable` and `LruMap` keep it. */
import { byteAt } from '../bytes.ts';
import { Call } from './call.ts';
import {
  COUNT_FREE,
  COUNT_TOUCHED,
  COUNT_USED,
  hashOfKey,
  KEY_BYTES,
  KEY_WORDS_IPV4,
  TOUCH_US,
} from './layout.generated.ts';
import { moveTo, remove } from './lists.ts';
import {
  hashes,
  keyLengths,
  keys,
  lastUs,
  listLengths,
  listNext,
  listOf,
  listPrevious,
  mapCounts,
  mapFree,
  mask,
  seed0,
  seed1,
  slots,
} from './places.ts';
import { add32, setWord, word } from './words.ts';

/** As StreamTable keeps IPv4. */
export function isKey(key: i32, slot: i32): i32 {
  return (
    load<i32>(key + 16) === Call.high &&
    load<i32>(key + 8) === Call.ports &&
    load<i32>(key + 12) === Call.low &&
    byteAt(keyLengths + slot) === KEY_WORDS_IPV4 &&
    load<i32>(key) === 4 &&
    load<i32>(key + 4) === 0
  );
}

/** As LruMap.find. */
export function find(): i32 {
  const hash = hashOfKey(seed0, seed1, Call.ports, Call.low, Call.high);
  Call.findHash = hash;
  let at = hash & mask;
  while (true) {
    const slot = word(slots, at) - 1;
    if (slot < 0) {
      return -1;
    }
    if (word(hashes, slot) === hash) {
      const key = keys + slot * KEY_BYTES;
      if (isKey(key, slot)) {
        return slot;
      }
    }
    at = (at + 1) & mask;
  }
}

/** As LruMap.insert, right after find has found nothing and while there is room. */
export function insert(): i32 {
  const free = load<i32>(mapCounts + COUNT_FREE * 4);
  let slot = load<i32>(mapCounts + COUNT_TOUCHED * 4);
  if (free > 0) {
    store<i32>(mapCounts + COUNT_FREE * 4, free - 1);
    slot = word(mapFree, free - 1);
  } else {
    store<i32>(mapCounts + COUNT_TOUCHED * 4, slot + 1);
  }
  const key = keys + slot * KEY_BYTES;
  store<i32>(key, 4);
  store<i32>(key + 4, 0);
  store<i32>(key + 8, Call.ports);
  store<i32>(key + 12, Call.low);
  store<i32>(key + 16, Call.high);
  store<u8>(keyLengths + slot, KEY_WORDS_IPV4);
  setWord(hashes, slot, Call.findHash);
  let at = Call.findHash & mask;
  while (word(slots, at) !== 0) {
    at = (at + 1) & mask;
  }
  setWord(slots, at, slot + 1);
  add32(mapCounts + COUNT_USED * 4, 1);
  return slot;
}

/** As LruMap.remove. */
export function forget(slot: i32): void {
  let hole = word(hashes, slot) & mask;
  while (word(slots, hole) !== slot + 1) {
    hole = (hole + 1) & mask;
  }
  let at = (hole + 1) & mask;
  while (word(slots, at) !== 0) {
    const home = word(hashes, word(slots, at) - 1) & mask;
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      setWord(slots, hole, word(slots, at));
      hole = at;
    }
    at = (at + 1) & mask;
  }
  setWord(slots, hole, 0);
  remove(listNext, listPrevious, listOf, listLengths, slot);
  const free = load<i32>(mapCounts + COUNT_FREE * 4);
  setWord(mapFree, free, slot);
  store<i32>(mapCounts + COUNT_FREE * 4, free + 1);
  add32(mapCounts + COUNT_USED * 4, -1);
}

/** As StreamTable.touch. */
export function touch(slot: i32): void {
  const last: f64 = load<f64>(lastUs + (slot << 3));
  if (Call.nowUs - last >= <f64>TOUCH_US || Call.nowUs < last) refresh(slot);
}

function refresh(slot: i32): void {
  store<f64>(lastUs + (slot << 3), Call.nowUs);
  moveTo(byteAt(listOf + slot), slot);
}
