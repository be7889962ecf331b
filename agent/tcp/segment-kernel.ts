/**
 * The segments that nearly all traffic consists of, from records of a capture file or a ring to the payload in order (hot
 * path), in the language of `kernel-compiler.ts`: plain Ethernet, IPv4 and TCP (as `decodePlain`), of streams that open and close as
 * they should; segments ahead of the next byte wait in pages, and holes that were acknowledged are given up. It works on
 * the tables of `StreamTable`, `HalfStreams`, `Assembler` and `PagePool` themselves and leaves behind what
 * `Connections.segment` would; at the first record that is anything else (resets, reused addresses, segments outside the
 * window, FINs ahead of a hole, budgets spent, …) it stops before it, and that record goes the way of all frames.
 *
 * In JavaScript the same costs five times as much on the first 200 MB, most of it in compiling.
 */
import { Count } from '../bounded/lru-map.ts';
import { PacketChoice } from '../capture/frame-source.ts';
import { Tpacket3 } from '../capture/tpacket3.ts';
import { TcpFlag } from '../wire/packet.ts';
import { HalfState } from './half-streams.ts';
import { Pressure } from './limits.ts';
import { PAST_WAYS, PAST_WORDS } from './past-conversations.ts';
import { ASSEMBLER } from './segment-kernel-assembler.ts';
import { KEY_BYTES, NO_LIST, TABLES } from './segment-kernel-tables.ts';
import {
  clockStepUs,
  EVENT_BYTES,
  EVENTS_AT,
  Event,
  NEXT_TICK_AT,
  NOW_AT,
  TAKEN_AT,
  Taken,
  TICK_AT,
  tickUs,
} from './segment-layout.ts';
import { CloseReason } from './stream-handler.ts';
import { StreamList } from './stream-table.ts';

/** What is looked at of a header's flags. */
const FLAGS = TcpFlag.fin | TcpFlag.syn | TcpFlag.rst | TcpFlag.ack | TcpFlag.urg;
/** Longer frames go the way of all: beyond the largest IPv4 datagram in Ethernet. */
const FRAME_BYTES_MAX = 65_549;
/** Ethernet, IPv4 and TCP, each without options. */
const PLAIN_BYTES = 54;
const RECORD_BYTES = 16;
const NO_VLAN = 65_535;

/** Addresses of the arrays, and what does not change. Set once. */
const GLOBALS = `
global seed0; global seed1; global mask; global capacity;
global keys; global keyLengths; global hashes; global slots; global mapFree; global mapCounts;
global listNext; global listPrevious; global listOf; global listLengths;
global lastUs; global clientFirst; global midStream;
global ids; global lastId; global openedUs; global vlans; global interfaces; global hasApart;
global states; global nexts; global firsts; global lasts; global ackeds; global strays; global tags; global waiting;
global pastWords; global pastMask;
global resettingNext; global resettingOf; global overUs; global pressure;
global windowMax;
global ackSlackUs f64; global gapTimeoutUs f64; global closedHoldUs f64; global embryonicTimeoutUs f64; global idleTimeoutUs f64;

; Of the assembler: 0 where it takes what is late itself.
global takesLate;
global head; global runs; global holeSinceUs; global ackSinceUs; global ackHeld; global ackPackets;
global holesNext; global holesPrevious; global holesListOf; global holesLengths;
global acksNext; global acksPrevious; global acksListOf; global acksLengths;
global pageSequence; global pageAck; global pageLength; global pageMissing; global pageNext; global pageTsUs;
global runLast; global runNext;
global poolCounts; global poolNext; global blockFree; global blockInUse; global blockTouched; global blockIdle; global freeBlocks;
global freeWords; global pagesAt; global pagesMax; global pagesPerConnectionMax; global holesMax; global ackSlackPackets;

; The slot of the last frame, also across calls.
global lastSlot;

; Of one call, the last two lines by Taken.
global interfaceIndex;
global nowUs f64; global nextTickUs f64; global hostTickUs f64; global tickUs f64; global tick;
global eventEnd; global freed;
global frames; global frameBytes;
global deliveredBytes; global inOrder; global afterClose; global withoutStream; global outOfOrder; global duplicate;
global overlapping; global duplicateBytes; global overwrittenBytes; global shedBytes; global opened; global closedFin;

; Of one frame.
global low; global high; global ports;
global findHash;
`;

const STREAMS = `
; As HalfStreams.reset, but for what is still known.
fn reset(half, state) {
  store8(states + half, state);
  store8(strays + half, 0);
}

; As PastConversations.note; both directions are known.
fn notePast(slot) {
  let firstHalf = (slot << 1) + (load8(clientFirst + slot) == 0);
  let hash = word(hashes, slot);
  let at = pastWords + (hash & pastMask) * ${PAST_WAYS * PAST_WORDS * 4};
  copy(at + ${PAST_WORDS * 4}, at, ${(PAST_WAYS - 1) * PAST_WORDS * 4});
  store32(at, hash);
  store32(at + 4, word(nexts, firstHalf));
  store32(at + 8, word(nexts, firstHalf ^ 1));
  store32(at + 12, (low(bits(nowUs / 1000000.0 + 4503599627370496.0)) << 2) | 3);
}

; The SYN of a direction of which nothing is known.
fn synchronize(half, sequence) {
  store8(states + half, ${HalfState.known | HalfState.syn | HalfState.acked});
  setWord(firsts, half, sequence + 1);
  setWord(nexts, half, sequence + 1);
  setWord(ackeds, half, sequence + 1);
}

; Payload, none at a FIN alone, that is next in its direction.
inline fn deliver(half, next, payload, length, ack) {
  inOrder += 1;
  setWord(nexts, half, next + length);
  deliveredBytes += length;
  if (length > 0) { emitData(half, payload, payload + length, nowUs, next, ack); }
}

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
  reset(half, 0);
  reset(half + 1, 0);
  setWord(tags, half, 0);
  setWord(tags, half + 1, 0);
  synchronize(half, sequence);
  opened += 1;
  emit(${Event.open}, half, 0, 0, nowUs);
}

; The FIN at next. The second one closes the stream.
fn finish(slot, half, state) {
  let last = word(nexts, half);
  setWord(lasts, half, last);
  setWord(nexts, half, last + 1);
  store8(states + half, state | ${HalfState.fin | HalfState.last | HalfState.ended});
  emit(${Event.end}, half, 0, 0, nowUs);
  let peer = half ^ 1;
  if ((load8(states + peer) & ${HalfState.ended}) == 0) { return; }
  storeDouble(overUs + (slot << 3), nowUs);
  ackRemove(half);
  ackRemove(peer);
  holeRemove(half);
  holeRemove(peer);
  if (load8(listOf + slot) == ${StreamList.established}) { notePast(slot); }
  reset(half, ${HalfState.known | HalfState.ended});
  reset(peer, ${HalfState.known | HalfState.ended});
  closedFin += 1;
  emit(${Event.close}, half, ${CloseReason.fin}, 0, nowUs);
  storeDouble(lastUs + (slot << 3), nowUs);
  moveTo(${StreamList.closed}, slot);
}

; Whether the stream of a slot, open or closed, is left to Connections.
fn isWatched(slot) i32 {
  return ((load8(states + (slot << 1)) | load8(states + (slot << 1) + 1)) & ${HalfState.watched}) != 0;
}

; Whether the first node of a list has waited for so long, or for an unknown time.
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
    if (isWatched(half >> 1)) { return 0; }
    if ((load8(states + half) & ${HalfState.last}) != 0 || !hasEventRoom(word(waiting, half))) { return 0; }
    giveUpAcknowledged(half, 1);
  }
  if (isDue(holesNext, halves, 0, holeSinceUs, gapTimeoutUs, tsUs)) { return 0; }
  if (isDue(resettingNext, capacity, 0, overUs, ackSlackUs, tsUs)) { return 0; }
  if (isDue(listNext, capacity, ${StreamList.embryonic}, lastUs, embryonicTimeoutUs, tsUs)) { return 0; }
  if (isDue(listNext, capacity, ${StreamList.established}, lastUs, idleTimeoutUs, tsUs)) { return 0; }
  while (isDue(listNext, capacity, ${StreamList.closed}, lastUs, closedHoldUs, tsUs)) {
    let slot = word(listNext, capacity + ${StreamList.closed});
    if (loadDouble(lastUs + (slot << 3)) > tsUs || isWatched(slot)) { return 0; }
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
    ; A slot that is forgotten may be another stream's at once: what was emitted of it is handed on first, and then this record is looked at again.
    if (eventEnd != ${EVENTS_AT} && isDue(listNext, capacity, ${StreamList.closed}, lastUs, closedHoldUs, tsUs)) { return 0; }
    if (!runTimers(tsUs)) {
      tick = 1;
      tickUs = tsUs;
      return 0;
    }
  }
  if (tsUs < nowUs - ${clockStepUs}.0) { return 0; }

  let flags = load8(tcp + 13) & ${FLAGS};
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
    if (isNext && (load8(states + half) & ${HalfState.known | HalfState.acked | HalfState.last | HalfState.zeroWindow | HalfState.watched}) == ${HalfState.known | HalfState.acked} &&
      (peerState & ${HalfState.known | HalfState.acked | HalfState.zeroWindow | HalfState.watched}) == ${HalfState.known | HalfState.acked} && load16(tcp + 14) != 0 &&
      ack - peerNext <= 0 && acked - peerNext <= 0 && word(ackeds, half) - next <= 0 && hasEventRoom(0)) {
      count(captured, tsUs);
      touch(slot);
      if (ack - acked > 0) { setWord(ackeds, peer, ack); }
      if (length > 0) {
        if (load8(listOf + slot) == ${StreamList.embryonic}) { moveTo(${StreamList.established}, slot); }
        store8(strays + half, 0);
        deliver(half, next, payload, length, ack);
      }
      return 1;
    }
  }
  return takeOther(tcp, payload, end, captured, slot, fromFirst, tsUs);
}

; The same, of any other kind.
fn takeOther(tcp, payload, end, captured, slot, fromFirst, tsUs f64) i32 {
  let flags = load8(tcp + 13) & ${FLAGS};
  let length = end - payload;
  let sequence = be32(tcp + 4);
  if (slot < 0) {
    ; It may be kept under its network's key.
    if (load8(hasApart)) { return 0; }
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
    ; Payload may be of another conversation.
    if ((flags & ${TcpFlag.syn}) != 0 || length > 0 || isWatched(slot)) { return 0; }
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
  if ((flags & ${TcpFlag.rst | TcpFlag.ack | TcpFlag.urg}) != ${TcpFlag.ack} || load16(tcp + 14) == 0) { return 0; }

  let half = slot * 2 + (fromFirst != load8(clientFirst + slot));
  let peer = half ^ 1;
  let state = load8(states + half);
  let peerState = load8(states + peer);
  if ((peerState & ${HalfState.known}) == 0 || (state & ${HalfState.zeroWindow}) != 0) { return 0; }
  if (((state | peerState) & ${HalfState.watched}) != 0) { return 0; }
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
        ; Before the stream's start, or with an older acknowledgement: perhaps of another conversation.
        if (sequence - word(firsts, half) < 0 || ack - acked < 0) { return 0; }
      } else if (ahead == 0) {
        if (word(pageSequence, word(head, half)) - next < length) { return 0; }
      } else if (ack - word(firsts, peer) < 0 || freed || !hasRoom(half, length)) {
        ; With an acknowledgement of bytes before the first one it is perhaps of another conversation. Pages that were
        ; freed are not written to before what lies in them was handed on.
        return 0;
      }
    }
    if (isLate || isBehind || isPeerBehind) { pages = word(waiting, half) + word(waiting, peer); }
  }
  if (!hasEventRoom(pages)) { return 0; }

  ; Nothing was changed up to here.
  count(captured, tsUs);
  if ((flags & ${TcpFlag.syn}) != 0) { synchronize(half, sequence); }
  touch(slot);
  if (moves) {
    setWord(ackeds, peer, ack);
    store8(states + peer, peerState | ${HalfState.acked});
  }
  if (length > 0 || isFin) {
    if (length > 0 && list == ${StreamList.embryonic}) { moveTo(${StreamList.established}, slot); }
    store8(strays + half, 0);
    if (!isLate) {
      deliver(half, next, payload, length, ack);
      if (isFin) { finish(slot, half, state); }
    } else { takeLate(half, sequence, payload, end, ack); }
  }
  if (takesLate) {
    if (isBeyond(peer)) { acknowledged(peer); }
    if (isBeyond(half)) { acknowledged(half); }
  }
  return 1;
}

fn takeLate(half, sequence, payload, end, ack) {
  let length = end - payload;
  let ahead = sequence - word(nexts, half);
  if (ahead < 0) {
    duplicateBytes += length;
    duplicate += 1;
  } else if (ahead == 0) {
    deliver(half, sequence, payload, length, ack);
    drain(half);
  } else { insertBytes(half, sequence, payload, end, ack); }
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

export const SEGMENT_PROGRAM = GLOBALS + TABLES + ASSEMBLER + STREAMS + RECORDS;
