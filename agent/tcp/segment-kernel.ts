/**
 * The segments that nearly all traffic consists of, from records of a capture file or a ring to the payload in order (hot path), in the
 * language of `kernel-compiler.ts`: plain Ethernet, IPv4 and TCP (as `decodePlain`) of an open stream, exactly at the next
 * byte or a bare acknowledgement, with nothing waiting and nothing acknowledged that was not seen; and stragglers of a
 * closed one. It works on the tables of `StreamTable` and `HalfStreams` themselves and leaves behind what
 * `Connections.segment` would; at the first record that is anything else it stops before it, and that record goes the way
 * of all frames.
 *
 * In JavaScript the same costs five times as much on the first 200 MB, most of it in compiling.
 */
import { PacketChoice } from '../capture/frame-source.ts';
import { Tpacket3 } from '../capture/tpacket3.ts';
import { TcpFlag } from '../wire/packet.ts';
import { HalfState } from './half-streams.ts';
import { clockStepUs, EVENT_BYTES, EVENTS_AT, EVENTS_MAX, TAKEN_AT } from './segment-layout.ts';
import { keyWordsIpv4, keyWordsIpv6, StreamList, touchUs } from './stream-table.ts';

/** Longer frames go the way of all: beyond the largest IPv4 datagram in Ethernet. */
const FRAME_BYTES_MAX = 65_549;
/** Ethernet, IPv4 and TCP, each without options. */
const PLAIN_BYTES = 54;
const RECORD_BYTES = 16;
const KEY_BYTES = keyWordsIpv6 * 4;

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
global seed0; global seed1;
global keys; global keyLengths; global hashes; global table; global mask;
global listNext; global listPrevious; global listOf; global listLengths; global listHeads;
global lastUs; global clientFirst;
global states; global nexts; global ackeds; global strays; global waiting;
global windowMax;
global lastSlot;
global nowUs f64; global nextTickUs f64;
global frames; global afterClose; global frameBytes; global deliveredBytes; global eventEnd;
`;

const FUNCTIONS = `
fn be16(at) i32 { let x = load16(at); return (x >>> 8) | ((x & 255) << 8); }
fn be32(at) i32 {
  let x = load32(at);
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
}

; As StreamTable keeps IPv4.
fn hasKey(slot, ports, low, high) i32 {
  let key = keys + slot * ${KEY_BYTES};
  return load32(key + 16) == high && load32(key + 8) == ports && load32(key + 12) == low &&
    load8(keyLengths + slot) == ${keyWordsIpv4} && load32(key) == 4 && load32(key + 4) == 0;
}

; As LruMap.find.
fn find(ports, low, high) i32 {
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
  let at = hash & mask;
  while (1) {
    let slot = load32(table + (at << 2)) - 1;
    if (slot < 0) { return -1; }
    if (load32(hashes + (slot << 2)) == hash && hasKey(slot, ports, low, high)) { return slot; }
    at = (at + 1) & mask;
  }
}

; As LinkedLists.append, of a slot that is in a list.
fn append(list, slot) {
  let at = slot << 2;
  let head = listHeads + list;
  let was = load8(listOf + slot);
  let next = load32(listNext + at);
  if (was == list && next == head) { return; }
  let previous = load32(listPrevious + at);
  store32(listNext + (previous << 2), next);
  store32(listPrevious + (next << 2), previous);
  if (was != list) {
    store32(listLengths + (was << 2), load32(listLengths + (was << 2)) - 1);
    store32(listLengths + (list << 2), load32(listLengths + (list << 2)) + 1);
    store8(listOf + slot, list);
  }
  let last = load32(listPrevious + (head << 2));
  store32(listNext + (last << 2), slot);
  store32(listPrevious + at, last);
  store32(listNext + at, head);
  store32(listPrevious + (head << 2), slot);
}

; A frame was taken.
fn count(captured, tsUs f64) {
  if (tsUs > nowUs) { nowUs = tsUs; }
  frames += 1;
  frameBytes += captured;
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
  if ((load8(tcp + 13) & ${TcpFlag.fin | TcpFlag.syn | TcpFlag.rst | TcpFlag.ack}) != ${TcpFlag.ack}) { return 0; }
  if (tsUs >= nextTickUs || tsUs < nowUs - ${clockStepUs}.0) { return 0; }

  let source = be32(frame + 26);
  let destination = be32(frame + 30);
  let sourcePort = be16(tcp);
  let destinationPort = be16(tcp + 2);
  let fromFirst = source < destination || (source == destination && sourcePort <= destinationPort);
  let ports = (sourcePort << 16) | destinationPort;
  let low = source;
  let high = destination;
  if (!fromFirst) {
    ports = (destinationPort << 16) | sourcePort;
    low = destination;
    high = source;
  }
  let slot = lastSlot;
  if (slot < 0 || !hasKey(slot, ports, low, high)) {
    slot = find(ports, low, high);
    if (slot < 0) { return 0; }
    lastSlot = slot;
  }
  let list = load8(listOf + slot);
  if (list == ${StreamList.closed}) {
    afterClose += 1;
    count(captured, tsUs);
    return 1;
  }
  if (list >u ${StreamList.established}) {
    ; Free by now: its key may be another slot's.
    lastSlot = -1;
    return 0;
  }
  if (load16(tcp + 14) == 0) { return 0; }

  let half = slot * 2 + (fromFirst != load8(clientFirst + slot));
  let peer = half ^ 1;
  let state = load8(states + half);
  let peerState = load8(states + peer);
  if ((state & ${HalfState.known | HalfState.last | HalfState.zeroWindow}) != ${HalfState.known}) { return 0; }
  if ((peerState & ${HalfState.known}) == 0) { return 0; }
  let ack = be32(tcp + 8);
  let acked = load32(ackeds + (peer << 2));
  let peerNext = load32(nexts + (peer << 2));
  let moves = (peerState & ${HalfState.acked}) == 0 || ack - acked > 0;
  if (ack - peerNext > windowMax) { return 0; }
  if (moves) { acked = ack; }
  if ((peerState & ${HalfState.ended}) == 0 && acked - peerNext > 0) { return 0; }

  let length = end - payload;
  let sequence = be32(tcp + 4);
  let next = load32(nexts + (half << 2));
  if (length == 0) {
    if (sequence - next == -1) { return 0; }
  } else {
    if (sequence != next || load32(waiting + (half << 2)) != 0) { return 0; }
    if (length == 1 && (peerState & ${HalfState.zeroWindow}) != 0) { return 0; }
    next += length;
  }
  if ((state & ${HalfState.acked | HalfState.ended}) == ${HalfState.acked} &&
    load32(ackeds + (half << 2)) - next > 0) { return 0; }

  ; Nothing was changed up to here.
  count(captured, tsUs);
  let last f64 = loadDouble(lastUs + (slot << 3));
  if (nowUs - last >= ${touchUs}.0 || nowUs < last) {
    storeDouble(lastUs + (slot << 3), nowUs);
    append(list, slot);
  }
  if (moves) {
    store32(ackeds + (peer << 2), ack);
    store8(states + peer, peerState | ${HalfState.acked});
  }
  if (length > 0) {
    if (list == ${StreamList.embryonic}) { append(${StreamList.established}, slot); }
    store8(strays + half, 0);
    store32(nexts + (half << 2), next);
    deliveredBytes += length;
    store32(eventEnd, half);
    store32(eventEnd + 4, payload);
    store32(eventEnd + 8, end);
    storeDouble(eventEnd + 16, nowUs);
    eventEnd += ${EVENT_BYTES};
  }
  return 1;
}

fn begin(now f64, nextTick f64) {
  frames = 0;
  afterClose = 0;
  frameBytes = 0;
  deliveredBytes = 0;
  eventEnd = ${EVENTS_AT};
  nowUs = now;
  nextTickUs = nextTick;
}

fn finish() {
  let taken = ${TAKEN_AT};
  store32(taken, frames);
  store32(taken + 4, frameBytes);
  store32(taken + 8, deliveredBytes);
  store32(taken + 12, (eventEnd - ${EVENTS_AT}) / ${EVENT_BYTES});
  storeDouble(taken + 16, nowUs);
  store32(taken + 24, afterClose);
}

; Records of a pcap file, little-endian: where the first one begins that was not taken.
export fn takePcap(start, end, isNanoseconds, now f64, nextTick f64) i32 {
  let at = start;
  begin(now, nextTick);
  while (end - at > ${RECORD_BYTES} && eventEnd < ${EVENTS_AT + EVENTS_MAX * EVENT_BYTES}) {
    let captured = load32(at + 8);
    if (captured >u end - at - ${RECORD_BYTES}) { break; }
    let fraction f64 = double(wide(load32(at + 4)));
    if (isNanoseconds) { fraction = fraction / 1000.0; }
    if (!take(at + ${RECORD_BYTES}, captured, double(wide(load32(at))) * 1000000.0 + fraction)) { break; }
    at += captured + ${RECORD_BYTES};
  }
  finish();
  return at;
}

; Frames of a TPACKET_V3 block: where the header of the first one lies that was not taken.
export fn takeRing(start, end, frameCount, interfaceNumber, packets, now f64, nextTick f64) i32 {
  let at = start;
  let left = frameCount;
  begin(now, nextTick);
  while (left > 0 && eventEnd < ${EVENTS_AT + EVENTS_MAX * EVENT_BYTES}) {
    if (end - at < ${Tpacket3.headerBytes}) { break; }
    if (load32(at + ${Tpacket3.interfaceNumber * 4}) != interfaceNumber) { break; }
    if ((load32(at + ${Tpacket3.status * 4}) & ${Tpacket3.vlanValid}) != 0) { break; }
    let isOutgoing = load8(at + ${Tpacket3.types * 4 + 2}) == ${Tpacket3.outgoing};
    if (packets == ${PacketChoice.all} || isOutgoing == (packets == ${PacketChoice.outgoing})) {
      let captured = load32(at + ${Tpacket3.captured * 4});
      let frame = at + load16(at + ${Tpacket3.offsets * 4});
      if (captured >u end - frame) { break; }
      let fraction f64 = double(wide(load32(at + ${Tpacket3.nanoseconds * 4}))) / 1000.0;
      if (!take(frame, captured, double(wide(load32(at + ${Tpacket3.seconds * 4}))) * 1000000.0 + fraction)) { break; }
    }
    at += load32(at + ${Tpacket3.next * 4});
    left -= 1;
  }
  finish();
  store32(${TAKEN_AT + 28}, frameCount - left);
  return at;
}
`;

export const SEGMENT_PROGRAM = GLOBALS + FUNCTIONS;
