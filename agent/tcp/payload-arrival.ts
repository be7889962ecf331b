/**
 * Payload and FIN of a segment: in order, they go from the frame to the handler here; what is late, ahead or repeated goes to the
 * assembler; what lies outside the window is shed, or the stream goes on from there. Hot path.
 */
import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { Assembler } from './assembler.ts';
import type { Beginnings } from './beginnings.ts';
import { countGap, type TcpCounters } from './counters.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import { straysMax, UrgentPolicy } from './limits.ts';
import type { Resets } from './resets.ts';
import type { SequenceFit } from './sequence-fit.ts';
import { CloseReason, GapReason, type Side, type StreamHandler } from './stream-handler.ts';
import type { StreamLife } from './stream-life.ts';
import { StreamList, type StreamTable } from './stream-table.ts';
import type { Succession } from './succession.ts';
import type { UrgentData } from './urgent-data.ts';

export interface PayloadArrivalOptions {
  readonly windowBytesMax: number;
  readonly urgentPolicy: UrgentPolicy;
  /** Null where urgent bytes stay. */
  readonly urgent: UrgentData | null;
  readonly handler: StreamHandler;
  readonly counters: TcpCounters;
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly assembler: Assembler;
  readonly fit: SequenceFit;
  readonly resets: Resets;
  readonly succession: Succession;
  readonly beginnings: Beginnings;
  readonly life: StreamLife;
}

export class PayloadArrival {
  readonly #windowBytesMax: number;
  readonly #urgentPolicy: UrgentPolicy;
  readonly #urgent: UrgentData | null;
  readonly #handler: StreamHandler;
  readonly #counters: TcpCounters;
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #assembler: Assembler;
  readonly #fit: SequenceFit;
  readonly #resets: Resets;
  readonly #succession: Succession;
  readonly #beginnings: Beginnings;
  readonly #life: StreamLife;

  constructor(options: PayloadArrivalOptions) {
    this.#windowBytesMax = options.windowBytesMax;
    this.#urgentPolicy = options.urgentPolicy;
    this.#urgent = options.urgent;
    this.#handler = options.handler;
    this.#counters = options.counters;
    this.#table = options.table;
    this.#halves = options.halves;
    this.#assembler = options.assembler;
    this.#fit = options.fit;
    this.#resets = options.resets;
    this.#succession = options.succession;
    this.#beginnings = options.beginnings;
    this.#life = options.life;
  }

  /** Takes what a segment of an open stream carries. */
  take(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const halves = this.#halves;
    const length = packet.payloadWireBytes;
    const fin = (packet.flags & TcpFlag.fin) !== 0;
    const sequence = (packet.flags & TcpFlag.syn) === 0 ? packet.sequence : (packet.sequence + 1) | 0;
    const isKnown = (halves.state[half]! & HalfState.known) !== 0;
    if (!isKnown && (length > 0 || fin)) {
      if (this.#life.mayWait && this.#beginnings.isUnanswered(half) && !this.#succession.concerns(slot)) {
        this.#beginnings.begin(slot, half, packet, bytes, true, tsUs);
        return;
      }
      this.#pickUp(half, sequence);
    }
    if ((packet.flags & TcpFlag.urg) !== 0) this.#announceUrgent(half, packet);
    if (length === 0 && !fin) {
      if (isKnown && ((sequence - halves.next[half]!) | 0) === -1) {
        this.#counters.keepAlives += 1;
      }
      return;
    }
    if (length > 0 && this.#table.listOf(slot) === StreamList.embryonic) {
      this.#table.moveTo(StreamList.established, slot);
    }
    const state = halves.state[half]!;
    if (sequence === halves.next[half] && halves.waiting[half] === 0 && (state & HalfState.last) === 0) {
      this.#deliver(slot, half, packet, bytes, length, fin, tsUs);
      return;
    }
    this.#takeOther(slot, half, sequence, packet, bytes, tsUs);
  }

  /** The byte that a segment names as urgent leaves the stream when it is reached. */
  #announceUrgent(half: number, packet: Packet): void {
    const halves = this.#halves;
    const isKnown = (halves.state[half]! & HalfState.known) !== 0;
    if (this.#urgent === null || !isKnown || (packet.flags & TcpFlag.syn) !== 0) return;
    if (Math.abs((packet.sequence - halves.next[half]!) | 0) > this.#windowBytesMax) return;
    const isBefore = this.#urgentPolicy === UrgentPolicy.outOfBand && packet.urgent > 0;
    const sequence = (packet.sequence + packet.urgent - (isBefore ? 1 : 0)) | 0;
    if (((sequence - halves.next[half]!) | 0) < 0) return;
    this.#urgent.announce(half, sequence);
    halves.watch(half);
  }

  /** In order and nothing waits: the payload is handed on where it lies. */
  #deliver(
    slot: number,
    half: number,
    packet: Packet,
    bytes: Uint8Array,
    length: number,
    fin: boolean,
    tsUs: number,
  ): void {
    const halves = this.#halves;
    const counters = this.#counters;
    const start = packet.payloadStart;
    const end = packet.payloadEnd;
    const captured = end - start;
    halves.strays[half] = 0;
    if (length === 1 && (halves.state[half ^ 1]! & HalfState.zeroWindow) !== 0) counters.zeroWindowProbes += 1;
    counters.segmentsInOrder += 1;
    counters.deliveredBytes += captured;
    const sequence = halves.next[half]!;
    halves.next[half] = (sequence + length) | 0;
    if (captured > 0) {
      const ack = this.#ackOf(half, packet);
      this.#handler.data(slot, (half & 1) as Side, bytes, start, end, tsUs, sequence, ack);
    }
    if (captured < length) {
      countGap(counters, GapReason.truncated, length - captured);
      this.#handler.gap(slot, (half & 1) as Side, length - captured, GapReason.truncated, tsUs);
    }
    if (fin) {
      halves.last[half] = halves.next[half]!;
      halves.state[half]! |= HalfState.fin | HalfState.last;
      this.#life.checkEnd(half, tsUs);
    }
  }

  /** The acknowledgement that came with a segment; the latest of its sender where it has none, as only forged ones do. */
  #ackOf(half: number, packet: Packet): number {
    return (packet.flags & TcpFlag.ack) !== 0 ? packet.acknowledgement : this.#halves.acked[half ^ 1]!;
  }

  /** Decides where a direction starts whose SYN was not seen. */
  #pickUp(half: number, sequence: number): void {
    const halves = this.#halves;
    let first = sequence;
    if ((halves.state[half]! & HalfState.acked) !== 0) {
      // What the other side had acknowledged before is where we came in; what lies between was missed.
      const ahead = (sequence - halves.acked[half]!) | 0;
      if (ahead > 0 && ahead <= this.#windowBytesMax) first = halves.acked[half]!;
      else if (ahead > 0) halves.acked[half] = first;
    } else {
      halves.acked[half] = first;
    }
    halves.first[half] = first;
    halves.next[half] = first;
    halves.state[half]! |= HalfState.known | HalfState.acked;
  }

  /** Payload or FIN that is not simply next: old, ahead, or while others wait. */
  #takeOther(slot: number, half: number, sequence: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const halves = this.#halves;
    const counters = this.#counters;
    let length = packet.payloadWireBytes;
    const ahead = (sequence - halves.next[half]!) | 0;
    if (this.#fit.isStray(half, packet, sequence, ahead)) {
      if (this.#succession.isCopy(slot, packet, (sequence + length) | 0, tsUs)) {
        counters.segmentsAfterClose += 1;
        if (length > 0) counters.retransmissionsAfterClose += 1;
        return;
      }
      this.#succession.beginStray(slot, half, packet, bytes, ahead, tsUs);
      if (!this.#takeStray(slot, half, packet, ahead, bytes, tsUs)) return;
    } else {
      halves.strays[half] = 0;
      if (this.#fit.isBehindFin(half, packet, sequence)) {
        this.#succession.beginStray(slot, half, packet, bytes, ahead, tsUs);
      }
    }
    if ((packet.flags & TcpFlag.fin) !== 0) this.#takeFin(half, (sequence + length) | 0, tsUs);
    const state = halves.state[half]!;
    let start = packet.payloadStart;
    let end = packet.payloadEnd;
    if ((state & HalfState.last) !== 0) {
      const room = Math.max(0, (halves.last[half]! - sequence) | 0);
      if (length > room) {
        if (!this.#resets.lingers(slot)) counters.bytesAfterEnd += length - room;
        length = room;
        end = Math.min(end, start + room);
      }
    }
    if (length > 0 && (state & HalfState.ended) === 0) {
      let at = sequence;
      const behind = (halves.next[half]! - at) | 0;
      if (behind >= length) {
        this.#succession.beginRepetition(slot, half, packet, bytes, tsUs);
        counters.duplicateBytes += length;
        if (length === 1 && behind === 1) counters.keepAlives += 1;
        else counters.segmentsDuplicate += 1;
        length = 0;
      } else if (behind > 0) {
        counters.duplicateBytes += behind;
        counters.segmentsOverlapping += 1;
        start = Math.min(start + behind, end);
        length -= behind;
        at = (at + behind) | 0;
      }
      if (length > 0) {
        const ack = this.#ackOf(half, packet);
        this.#assembler.segment(half, at, bytes, start, end, length - (end - start), tsUs, ack);
      }
    } else if (length > 0) {
      counters.segmentsDuplicate += 1;
      counters.duplicateBytes += length;
    }
    this.#life.checkEnd(half, tsUs);
  }

  /**
   * A segment outside the window is shed; so many in a row mean that we lost touch. Ahead, the stream goes on behind a gap;
   * behind, it is another connection whose SYN was not seen.
   * @returns whether the segment lies at `next` now.
   */
  #takeStray(slot: number, half: number, packet: Packet, ahead: number, bytes: Uint8Array, tsUs: number): boolean {
    const halves = this.#halves;
    const counters = this.#counters;
    if (ahead > 0) {
      counters.farAheadSegments += 1;
      counters.farAheadBytes += packet.payloadWireBytes;
    } else {
      counters.farBehindSegments += 1;
    }
    halves.strays[half]! += 1;
    if (halves.strays[half]! < straysMax || (halves.state[half]! & HalfState.last) !== 0) {
      if (halves.strays[half] === 255) halves.strays[half] = straysMax;
      return false;
    }
    halves.strays[half] = 0;
    if (ahead > 0) {
      this.#assembler.finish(half, tsUs);
      const length = (packet.sequence - halves.next[half]!) | 0;
      if (length <= 0) return false;
      halves.next[half] = packet.sequence;
      counters.gapsFarAhead += 1;
      countGap(counters, GapReason.timeout, length);
      this.#handler.gap(slot, (half & 1) as Side, length, GapReason.timeout, tsUs);
      return true;
    }
    const interfaceIndex = this.#table.interfaceOf(slot);
    this.#life.close(slot, CloseReason.reused, tsUs);
    this.#life.open(slot, packet, tsUs, interfaceIndex);
    this.take(slot, slot * 2, packet, bytes, tsUs);
    return false;
  }

  #takeFin(half: number, last: number, tsUs: number): void {
    const halves = this.#halves;
    if ((halves.state[half]! & HalfState.last) !== 0) return;
    const ahead = (last - halves.next[half]!) | 0;
    if (ahead < 0 || ((this.#assembler.waitingEnd(half) - last) | 0) > 0) {
      this.#counters.finsIgnored += 1;
      return;
    }
    halves.last[half] = last;
    halves.state[half]! |= HalfState.fin | HalfState.last;
    if (ahead > 0) this.#assembler.finAhead(half, tsUs);
  }
}
