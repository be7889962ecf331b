/** Streams that open and close as they should, as `StreamLife` keeps them. */
import { byteAt } from '../bytes.ts';
import { drain, giveUpAcknowledged, insertBytes } from './assembler.ts';
import { Call } from './call.ts';
import { emit, emitData, hasEventRoom } from './events.ts';
import {
  CLOSE_REASON_FIN,
  EVENT_CLOSE,
  EVENT_END,
  EVENT_OPEN,
  HALF_STATE_ACKED,
  HALF_STATE_ENDED,
  HALF_STATE_FIN,
  HALF_STATE_KNOWN,
  HALF_STATE_LAST,
  HALF_STATE_SYN,
  HALF_STATE_WATCHED,
  PAST_WAYS,
  PAST_WORDS,
  STREAM_LIST_CLOSED,
  STREAM_LIST_EMBRYONIC,
  STREAM_LIST_ESTABLISHED,
  TICK_US,
} from './layout.generated.ts';
import { ackRemove, holeRemove, moveTo } from './lists.ts';
import {
  ackeds,
  ackSinceUs,
  ackSlackUs,
  acksNext,
  capacity,
  clientFirst,
  closedHoldUs,
  embryonicTimeoutUs,
  firsts,
  gapTimeoutUs,
  hashes,
  holeSinceUs,
  holesNext,
  idleTimeoutUs,
  ids,
  interfaces,
  lastId,
  lasts,
  lastUs,
  listNext,
  listOf,
  midStream,
  nexts,
  openedUs,
  overUs,
  pastMask,
  pastWords,
  resettingNext,
  states,
  strays,
  tags,
  takesLate,
  vlans,
  waiting,
} from './places.ts';
import { forget, insert } from './table.ts';
import { setWord, word } from './words.ts';

const NO_VLAN: i32 = 65_535;

/** As HalfStreams.reset, but for what is still known. */
function reset(half: i32, state: i32): void {
  store<u8>(states + half, state);
  store<u8>(strays + half, 0);
}

/** As PastConversations.note; both directions are known. */
function notePast(slot: i32): void {
  const firstHalf = (slot << 1) + (byteAt(clientFirst + slot) === 0);
  const hash = word(hashes, slot);
  const at = pastWords + (hash & pastMask) * (PAST_WAYS * PAST_WORDS * 4);
  memory.copy(at + PAST_WORDS * 4, at, (PAST_WAYS - 1) * PAST_WORDS * 4);
  store<i32>(at, hash);
  store<i32>(at + 4, word(nexts, firstHalf));
  store<i32>(at + 8, word(nexts, firstHalf ^ 1));
  store<i32>(at + 12, ((<i32>reinterpret<i64>(Call.nowUs / 1000000.0 + 4503599627370496.0)) << 2) | 3);
}

/** The SYN of a direction of which nothing is known. */
export function synchronize(half: i32, sequence: i32): void {
  store<u8>(states + half, HALF_STATE_KNOWN | HALF_STATE_SYN | HALF_STATE_ACKED);
  setWord(firsts, half, sequence + 1);
  setWord(nexts, half, sequence + 1);
  setWord(ackeds, half, sequence + 1);
}

/** Payload, none at a FIN alone, that is next in its direction. */
export function deliver(half: i32, next: i32, payload: i32, length: i32, ack: i32): void {
  Call.inOrder += 1;
  setWord(nexts, half, next + length);
  Call.deliveredBytes += length;
  if (length > 0) {
    emitData(half, payload, payload + length, Call.nowUs, next, ack);
  }
}

/** A SYN to addresses that have no stream. */
export function open(sequence: i32, fromFirst: i32): void {
  const slot = insert();
  Call.lastSlot = slot;
  const id: f64 = load<f64>(lastId) + 1.0;
  store<f64>(lastId, id);
  store<f64>(ids + (slot << 3), id);
  store<f64>(openedUs + (slot << 3), Call.nowUs);
  store<u16>(vlans + (slot << 1), NO_VLAN);
  store<u16>(interfaces + (slot << 1), Call.interfaceIndex);
  store<u8>(clientFirst + slot, fromFirst);
  store<u8>(midStream + slot, 0);
  store<f64>(lastUs + (slot << 3), Call.nowUs);
  moveTo(STREAM_LIST_EMBRYONIC, slot);
  const half = slot << 1;
  reset(half, 0);
  reset(half + 1, 0);
  setWord(tags, half, 0);
  setWord(tags, half + 1, 0);
  synchronize(half, sequence);
  Call.opened += 1;
  emit(EVENT_OPEN, half, 0, 0, Call.nowUs);
}

/** The FIN at next. The second one closes the stream. */
export function finish(slot: i32, half: i32, state: i32): void {
  const last = word(nexts, half);
  setWord(lasts, half, last);
  setWord(nexts, half, last + 1);
  store<u8>(states + half, state | (HALF_STATE_FIN | HALF_STATE_LAST | HALF_STATE_ENDED));
  emit(EVENT_END, half, 0, 0, Call.nowUs);
  const peer = half ^ 1;
  if ((byteAt(states + peer) & HALF_STATE_ENDED) === 0) {
    return;
  }
  store<f64>(overUs + (slot << 3), Call.nowUs);
  ackRemove(half);
  ackRemove(peer);
  holeRemove(half);
  holeRemove(peer);
  if (byteAt(listOf + slot) === STREAM_LIST_ESTABLISHED) {
    notePast(slot);
  }
  reset(half, HALF_STATE_KNOWN | HALF_STATE_ENDED);
  reset(peer, HALF_STATE_KNOWN | HALF_STATE_ENDED);
  Call.closedFin += 1;
  emit(EVENT_CLOSE, half, CLOSE_REASON_FIN, 0, Call.nowUs);
  store<f64>(lastUs + (slot << 3), Call.nowUs);
  moveTo(STREAM_LIST_CLOSED, slot);
}

/** Whether the stream of a slot, open or closed, is left to Connections. */
export function isWatched(slot: i32): i32 {
  return ((byteAt(states + (slot << 1)) | byteAt(states + (slot << 1) + 1)) & HALF_STATE_WATCHED) !== 0;
}

/** Whether the first node of a list has waited for so long, or for an unknown time. */
export function isDue(next: i32, nodes: i32, list: i32, since: i32, timeoutUs: f64, tsUs: f64): i32 {
  const node = word(next, nodes + list);
  if (node >= nodes) {
    return 0;
  }
  const ageUs: f64 = tsUs - load<f64>(since + (node << 3));
  return ageUs >= timeoutUs || ageUs < 0.0;
}

/** As StreamLife.expire where nothing is due but holes that were acknowledged and keys of closed streams: 0 where it is not so. */
export function runTimers(tsUs: f64): i32 {
  if (!takesLate || tsUs >= Call.hostTickUs) {
    return 0;
  }
  if (tsUs > Call.nowUs) {
    Call.nowUs = tsUs;
  }
  const halves = capacity << 1;
  while (isDue(acksNext, halves, 0, ackSinceUs, ackSlackUs, tsUs)) {
    const half = word(acksNext, halves);
    if (isWatched(half >> 1)) {
      return 0;
    }
    if ((byteAt(states + half) & HALF_STATE_LAST) !== 0 || !hasEventRoom(word(waiting, half))) {
      return 0;
    }
    giveUpAcknowledged(half, 1);
  }
  if (isDue(holesNext, halves, 0, holeSinceUs, gapTimeoutUs, tsUs)) {
    return 0;
  }
  if (isDue(resettingNext, capacity, 0, overUs, ackSlackUs, tsUs)) {
    return 0;
  }
  if (isDue(listNext, capacity, STREAM_LIST_EMBRYONIC, lastUs, embryonicTimeoutUs, tsUs)) {
    return 0;
  }
  if (isDue(listNext, capacity, STREAM_LIST_ESTABLISHED, lastUs, idleTimeoutUs, tsUs)) {
    return 0;
  }
  while (isDue(listNext, capacity, STREAM_LIST_CLOSED, lastUs, closedHoldUs, tsUs)) {
    const slot = word(listNext, capacity + STREAM_LIST_CLOSED);
    if (load<f64>(lastUs + (slot << 3)) > tsUs || isWatched(slot)) {
      return 0;
    }
    forget(slot);
  }
  Call.nextTickUs = tsUs + <f64>TICK_US;
  return 1;
}

export function takeLate(half: i32, sequence: i32, payload: i32, end: i32, ack: i32): void {
  const length = end - payload;
  const ahead = sequence - word(nexts, half);
  if (ahead < 0) {
    Call.duplicateBytes += length;
    Call.duplicate += 1;
  } else if (ahead === 0) {
    deliver(half, sequence, payload, length, ack);
    drain(half);
  } else {
    insertBytes(half, sequence, payload, end, ack);
  }
}
