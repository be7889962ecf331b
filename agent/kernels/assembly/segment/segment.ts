/**
 * The segments that nearly all traffic consists of, from records of a capture file or a ring to the payload in order (hot path):
 * plain Ethernet, IPv4 and TCP (as `decodePlain`), of streams that open and close as they should; segments ahead of the next byte
 * wait in pages, and holes that were acknowledged are given up. It works on the tables of `StreamTable`, `HalfStreams`, `Assembler`
 * and `PagePool` themselves and leaves behind what `Connections.segment` would; at the first record that is anything else (resets,
 * reused addresses, segments outside the window, FINs ahead of a hole, budgets spent, …) it stops before it, and that record goes
 * the way of all frames.
 *
 * In JavaScript the same costs five times as much on the first 200 MB, most of it in compiling.
 */
import { byteAt } from '../bytes.ts';
import { acknowledged, hasKnown, hasRoom, isBeyond } from './assembler.ts';
import { beginCounts, Call, storeCounts } from './call.ts';
import { count, hasEventRoom } from './events.ts';
import {
  CLOCK_STEP_US,
  COUNT_USED,
  EVENT_BYTES,
  EVENTS_AT,
  HALF_STATE_ACKED,
  HALF_STATE_ENDED,
  HALF_STATE_KNOWN,
  HALF_STATE_LAST,
  HALF_STATE_WATCHED,
  HALF_STATE_ZERO_WINDOW,
  KEY_BYTES,
  NEXT_TICK_AT,
  NO_LIST,
  NOW_AT,
  PACKET_CHOICE_ALL,
  PACKET_CHOICE_OUTGOING,
  PRESSURE_REFUSE_STREAMS,
  PRESSURE_SHED_OUT_OF_ORDER,
  STREAM_LIST_CLOSED,
  STREAM_LIST_EMBRYONIC,
  STREAM_LIST_ESTABLISHED,
  TAKEN_AT,
  TAKEN_EVENTS,
  TAKEN_PASSED,
  TCP_FLAG_ACK,
  TCP_FLAG_FIN,
  TCP_FLAG_RST,
  TCP_FLAG_SYN,
  TCP_FLAG_URG,
  TICK_AT,
  TPACKET_CAPTURED,
  TPACKET_HEADER_BYTES,
  TPACKET_INTERFACE_NUMBER,
  TPACKET_NANOSECONDS,
  TPACKET_NEXT,
  TPACKET_OFFSETS,
  TPACKET_OUTGOING,
  TPACKET_SECONDS,
  TPACKET_STATUS,
  TPACKET_TYPES,
  TPACKET_VLAN_VALID,
} from './layout.generated.ts';
import { moveTo } from './lists.ts';
import {
  ackeds,
  capacity,
  clientFirst,
  closedHoldUs,
  firsts,
  hasApart,
  head,
  keys,
  lastUs,
  listNext,
  listOf,
  mapCounts,
  nexts,
  pageSequence,
  pressure,
  resettingOf,
  states,
  strays,
  takesLate,
  waiting,
  windowMax,
} from './places.ts';
import { deliver, finish, isDue, isWatched, open, runTimers, synchronize, takeLate } from './streams.ts';
import { find, isKey, touch } from './table.ts';
import { be16, be32, setWord, word } from './words.ts';

/** What is looked at of a header's flags. */
const FLAGS: i32 = TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_ACK | TCP_FLAG_URG;
/** Longer frames go the way of all: beyond the largest IPv4 datagram in Ethernet. */
const FRAME_BYTES_MAX: u32 = 65_549;
/** Ethernet, IPv4 and TCP, each without options. */
const PLAIN_BYTES: u32 = 54;
const RECORD_BYTES: i32 = 16;

/** A frame at [frame, frame + captured) at a time. 1 when it was taken, 0 when nothing was done. */
export function take(frame: i32, captured: i32, tsUs: f64): i32 {
  if (<u32>captured < PLAIN_BYTES || <u32>captured > FRAME_BYTES_MAX) {
    return 0;
  }
  if (<i32>load<u16>(frame + 12) !== 0x0008 || byteAt(frame + 14) !== 0x45) {
    return 0;
  }
  if ((<i32>load<u16>(frame + 20) & 0xff3f) !== 0 || byteAt(frame + 23) !== 6) {
    return 0;
  }
  const tcp = frame + 34;
  const total = be16(frame + 16);
  const payload = tcp + ((byteAt(tcp + 12) >>> 4) << 2);
  const end = frame + 14 + total;
  if (payload < tcp + 20 || payload > end || end > frame + captured) {
    return 0;
  }
  if (tsUs >= Call.nextTickUs) {
    // A slot that is forgotten may be another stream's at once: what was emitted of it is handed on first, and then this record is looked at again.
    if (Call.eventEnd !== EVENTS_AT && isDue(listNext, capacity, STREAM_LIST_CLOSED, lastUs, closedHoldUs, tsUs)) {
      return 0;
    }
    if (!runTimers(tsUs)) {
      Call.tick = 1;
      Call.tickUs = tsUs;
      return 0;
    }
  }
  if (tsUs < Call.nowUs - <f64>CLOCK_STEP_US) return 0;

  const flags = byteAt(tcp + 13) & FLAGS;
  const length = end - payload;
  const sequence = be32(tcp + 4);
  const source = be32(frame + 26);
  const destination = be32(frame + 30);
  const sourcePort = be16(tcp);
  const destinationPort = be16(tcp + 2);
  const fromFirst = source < destination || (source === destination && sourcePort <= destinationPort);
  if (fromFirst) {
    Call.ports = (sourcePort << 16) | destinationPort;
    Call.low = source;
    Call.high = destination;
  } else {
    Call.ports = (destinationPort << 16) | sourcePort;
    Call.low = destination;
    Call.high = source;
  }
  let slot = Call.lastSlot;
  const key = keys + slot * KEY_BYTES;
  if (slot < 0 || !isKey(key, slot)) {
    slot = find();
    if (slot >= 0) {
      Call.lastSlot = slot;
    }
  }
  if (
    slot >= 0 &&
    flags === TCP_FLAG_ACK &&
    <u32>(byteAt(listOf + slot) - STREAM_LIST_EMBRYONIC) <= <u32>(STREAM_LIST_ESTABLISHED - STREAM_LIST_EMBRYONIC)
  ) {
    // What nearly all segments are: in order, nothing waits, nothing was acknowledged that was not seen.
    const half = slot * 2 + (fromFirst !== byteAt(clientFirst + slot));
    const peer = half ^ 1;
    const peerState = byteAt(states + peer);
    const next = word(nexts, half);
    const ack = be32(tcp + 8);
    const acked = word(ackeds, peer);
    const peerNext = word(nexts, peer);
    const isNext = length > 0 ? sequence === next && word(waiting, half) === 0 : sequence - next !== -1;
    if (
      isNext &&
      (byteAt(states + half) &
        (HALF_STATE_KNOWN | HALF_STATE_ACKED | HALF_STATE_LAST | HALF_STATE_ZERO_WINDOW | HALF_STATE_WATCHED)) ===
        (HALF_STATE_KNOWN | HALF_STATE_ACKED) &&
      (peerState & (HALF_STATE_KNOWN | HALF_STATE_ACKED | HALF_STATE_ZERO_WINDOW | HALF_STATE_WATCHED)) ===
        (HALF_STATE_KNOWN | HALF_STATE_ACKED) &&
      <i32>load<u16>(tcp + 14) !== 0 &&
      ack - peerNext <= 0 &&
      acked - peerNext <= 0 &&
      word(ackeds, half) - next <= 0 &&
      hasEventRoom(0)
    ) {
      count(captured, tsUs);
      touch(slot);
      if (ack - acked > 0) {
        setWord(ackeds, peer, ack);
      }
      if (length > 0) {
        if (byteAt(listOf + slot) === STREAM_LIST_EMBRYONIC) {
          moveTo(STREAM_LIST_ESTABLISHED, slot);
        }
        store<u8>(strays + half, 0);
        deliver(half, next, payload, length, ack);
      }
      return 1;
    }
  }
  return takeOther(tcp, payload, end, captured, slot, fromFirst, tsUs);
}

/** The same, of any other kind. */
export function takeOther(tcp: i32, payload: i32, end: i32, captured: i32, slot: i32, fromFirst: i32, tsUs: f64): i32 {
  const flags = byteAt(tcp + 13) & FLAGS;
  const length = end - payload;
  const sequence = be32(tcp + 4);
  if (slot < 0) {
    // It may be kept under its network's key.
    if (byteAt(hasApart)) {
      return 0;
    }
    if ((flags & TCP_FLAG_SYN) === 0) {
      // A FIN may come before what it ends.
      if (length > 0 || (flags & TCP_FLAG_FIN) !== 0) {
        return 0;
      }
      Call.withoutStream += 1;
      count(captured, tsUs);
      return 1;
    }
    if (flags !== TCP_FLAG_SYN || length > 0 || <i32>load<u16>(tcp + 14) === 0) {
      return 0;
    }
    if (load<i32>(mapCounts + COUNT_USED * 4) === capacity || byteAt(pressure) >= PRESSURE_REFUSE_STREAMS) {
      return 0;
    }
    count(captured, tsUs);
    open(sequence, fromFirst);
    return 1;
  }
  const list = byteAt(listOf + slot);
  if (list === STREAM_LIST_CLOSED) {
    // Payload may be of another conversation.
    if ((flags & TCP_FLAG_SYN) !== 0 || length > 0 || isWatched(slot)) {
      return 0;
    }
    Call.afterClose += 1;
    count(captured, tsUs);
    return 1;
  }
  if (<u32>list > <u32>STREAM_LIST_ESTABLISHED) {
    // Free by now: its key may be another slot's.
    Call.lastSlot = -1;
    return 0;
  }
  // As to resets and packets without an acknowledgement, and windows of nothing, see SegmentArrival.
  if ((flags & (TCP_FLAG_RST | TCP_FLAG_ACK | TCP_FLAG_URG)) !== TCP_FLAG_ACK || <i32>load<u16>(tcp + 14) === 0) {
    return 0;
  }

  const half = slot * 2 + (fromFirst !== byteAt(clientFirst + slot));
  const peer = half ^ 1;
  const state = byteAt(states + half);
  const peerState = byteAt(states + peer);
  if ((peerState & HALF_STATE_KNOWN) === 0 || (state & HALF_STATE_ZERO_WINDOW) !== 0) {
    return 0;
  }
  if (((state | peerState) & HALF_STATE_WATCHED) !== 0) {
    return 0;
  }
  const ack = be32(tcp + 8);
  let acked = word(ackeds, peer);
  const peerNext = word(nexts, peer);
  const moves = (peerState & HALF_STATE_ACKED) === 0 || ack - acked > 0;
  if (ack - peerNext > windowMax) {
    return 0;
  }
  if (moves) {
    acked = ack;
  }
  const isPeerBehind = (peerState & HALF_STATE_ENDED) === 0 && acked - peerNext > 0;
  if (isPeerBehind && (!takesLate || (peerState & HALF_STATE_LAST) !== 0)) {
    return 0;
  }

  const isFin = flags & TCP_FLAG_FIN;
  const next = word(nexts, half);
  let isLate = 0;
  let pages = 0;
  if ((flags & TCP_FLAG_SYN) !== 0) {
    // The answer to a SYN.
    if (state !== 0 || isFin || length > 0 || isPeerBehind) {
      return 0;
    }
    const answered = ack - word(firsts, peer);
    if (answered < 0 || answered > windowMax) {
      return 0;
    }
  } else {
    if ((state & HALF_STATE_KNOWN) === 0) {
      return 0;
    }
    const ahead = sequence - next;
    if (length > 0 || isFin) {
      if ((state & HALF_STATE_LAST) !== 0) {
        return 0;
      }
      isLate = ahead !== 0 || word(waiting, half) !== 0;
      if (length === 1 && (peerState & HALF_STATE_ZERO_WINDOW) !== 0) {
        return 0;
      }
      if (isFin) {
        if (isLate || !takesLate || byteAt(resettingOf + slot) !== NO_LIST || word(waiting, peer) !== 0) {
          return 0;
        }
      }
    } else if (ahead === -1) {
      return 0;
    }
    const isBehind =
      (state & (HALF_STATE_ACKED | HALF_STATE_ENDED)) === HALF_STATE_ACKED && word(ackeds, half) - next > 0;
    if (isBehind) {
      if (!takesLate || (state & HALF_STATE_LAST) !== 0) {
        return 0;
      }
    }
    if (isLate) {
      if (!takesLate || byteAt(pressure) >= PRESSURE_SHED_OUT_OF_ORDER) {
        return 0;
      }
      if (ahead > windowMax || ahead + length < -windowMax) {
        return 0;
      }
      if (ahead < 0) {
        // Known bytes only: a repetition.
        if (ahead + length > 0 || length === 1) {
          return 0;
        }
        // Before the stream's start, or with an older acknowledgement: perhaps of another conversation.
        if (sequence - word(firsts, half) < 0 || ack - acked < 0) {
          return 0;
        }
      } else if (ahead === 0) {
        if (word(pageSequence, word(head, half)) - next < length) {
          return 0;
        }
      } else if (
        ack - word(firsts, peer) < 0 ||
        Call.freed ||
        !hasRoom(half, length) ||
        hasKnown(half, sequence, length)
      ) {
        // With an acknowledgement of bytes before the first one it is perhaps of another conversation. Pages that
        // were freed are not written to before what lies in them was handed on.
        return 0;
      }
    }
    if (isLate || isBehind || isPeerBehind) {
      pages = word(waiting, half) + word(waiting, peer);
    }
  }
  if (!hasEventRoom(pages)) {
    return 0;
  }

  // Nothing was changed up to here.
  count(captured, tsUs);
  if ((flags & TCP_FLAG_SYN) !== 0) {
    synchronize(half, sequence);
  }
  touch(slot);
  if (moves) {
    setWord(ackeds, peer, ack);
    store<u8>(states + peer, peerState | HALF_STATE_ACKED);
  }
  if (length > 0 || isFin) {
    if (length > 0 && list === STREAM_LIST_EMBRYONIC) {
      moveTo(STREAM_LIST_ESTABLISHED, slot);
    }
    store<u8>(strays + half, 0);
    if (!isLate) {
      deliver(half, next, payload, length, ack);
      if (isFin) {
        finish(slot, half, state);
      }
    } else {
      takeLate(half, sequence, payload, end, ack);
    }
  }
  if (takesLate) {
    if (isBeyond(peer)) {
      acknowledged(peer);
    }
    if (isBeyond(half)) {
      acknowledged(half);
    }
  }
  return 1;
}

function beginCall(now: f64, nextTick: f64, hostTick: f64): void {
  beginCounts();
  Call.freed = 0;
  Call.eventEnd = EVENTS_AT;
  Call.nowUs = now;
  Call.nextTickUs = nextTick;
  Call.hostTickUs = hostTick;
}

function endCall(passed: i32): void {
  storeCounts();
  store<i32>(TAKEN_AT + TAKEN_EVENTS * 4, (Call.eventEnd - EVENTS_AT) / EVENT_BYTES);
  store<i32>(TAKEN_AT + TAKEN_PASSED * 4, passed);
  store<f64>(NOW_AT, Call.nowUs);
  store<f64>(NEXT_TICK_AT, Call.nextTickUs);
  store<f64>(TICK_AT, Call.tickUs);
}

/** Records of a pcap file, little-endian: where the first one begins that was not taken. */
export function takePcap(start: i32, limit: i32, isNanoseconds: i32, now: f64, nextTick: f64, hostTick: f64): i32 {
  let at = start;
  beginCall(now, nextTick, hostTick);
  Call.interfaceIndex = 0;
  while (limit - at > RECORD_BYTES) {
    const captured = load<i32>(at + 8);
    if (<u32>captured > <u32>(limit - at - RECORD_BYTES)) {
      break;
    }
    let fraction: f64 = <f64>load<u32>(at + 4);
    if (isNanoseconds) {
      fraction = fraction / 1000.0;
    }
    if (!take(at + RECORD_BYTES, captured, <f64>load<u32>(at) * 1000000.0 + fraction)) {
      break;
    }
    at += captured + RECORD_BYTES;
  }
  endCall(0);
  return at;
}

/** Frames of a TPACKET_V3 block: where the header of the first one lies that was not taken. */
export function takeRing(
  start: i32,
  limit: i32,
  frameCount: i32,
  interfaceNumber: i32,
  index: i32,
  packets: i32,
  now: f64,
  nextTick: f64,
  hostTick: f64,
): i32 {
  let at = start;
  let left = frameCount;
  beginCall(now, nextTick, hostTick);
  Call.interfaceIndex = index;
  while (left > 0) {
    if (limit - at < TPACKET_HEADER_BYTES) {
      break;
    }
    if (load<i32>(at + TPACKET_INTERFACE_NUMBER * 4) !== interfaceNumber) {
      break;
    }
    if ((load<i32>(at + TPACKET_STATUS * 4) & TPACKET_VLAN_VALID) !== 0) {
      break;
    }
    const isOutgoing = byteAt(at + (TPACKET_TYPES * 4 + 2)) === TPACKET_OUTGOING;
    if (packets === PACKET_CHOICE_ALL || isOutgoing === (packets === PACKET_CHOICE_OUTGOING)) {
      const captured = load<i32>(at + TPACKET_CAPTURED * 4);
      const frame = at + <i32>load<u16>(at + TPACKET_OFFSETS * 4);
      if (<u32>captured > <u32>(limit - frame)) {
        break;
      }
      const fraction: f64 = <f64>load<u32>(at + TPACKET_NANOSECONDS * 4) / 1000.0;
      if (!take(frame, captured, <f64>load<u32>(at + TPACKET_SECONDS * 4) * 1000000.0 + fraction)) {
        break;
      }
    }
    at += load<i32>(at + TPACKET_NEXT * 4);
    left -= 1;
  }
  endCall(frameCount - left);
  return at;
}
