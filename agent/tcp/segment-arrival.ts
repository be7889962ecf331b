/**
 * What a segment means to its open stream (RFC 9293, 3.10.7, seen from outside): SYN, acknowledgement, RST, window; payload and
 * FIN are `payload-arrival.ts`'s. Hot path.
 */
import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { Assembler } from './assembler.ts';
import type { TcpCounters } from './counters.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import { lateSynBytesMax, type TcpLimits } from './limits.ts';
import type { PayloadArrival } from './payload-arrival.ts';
import type { Resets } from './resets.ts';
import type { SequenceFit } from './sequence-fit.ts';
import type { StreamTable } from './stream-table.ts';
import type { Succession } from './succession.ts';

export interface SegmentArrivalOptions {
  readonly limits: TcpLimits;
  readonly counters: TcpCounters;
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly assembler: Assembler;
  readonly fit: SequenceFit;
  readonly resets: Resets;
  readonly succession: Succession;
  readonly payload: PayloadArrival;
}

export class SegmentArrival {
  readonly #windowBytesMax: number;
  readonly #slackUs: number;
  readonly #counters: TcpCounters;
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #assembler: Assembler;
  readonly #fit: SequenceFit;
  readonly #resets: Resets;
  readonly #succession: Succession;
  readonly #payload: PayloadArrival;

  constructor(options: SegmentArrivalOptions) {
    this.#windowBytesMax = options.limits.windowBytesMax;
    this.#slackUs = options.limits.ackSlackUs;
    this.#counters = options.counters;
    this.#table = options.table;
    this.#halves = options.halves;
    this.#assembler = options.assembler;
    this.#fit = options.fit;
    this.#resets = options.resets;
    this.#succession = options.succession;
    this.#payload = options.payload;
  }

  /** A segment of a stream, its SYN aside. */
  take(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const flags = packet.flags;
    const peer = half ^ 1;
    const state = this.#halves.state;
    if ((state[half]! & HalfState.known) === 0 && this.#isOfForerunner(slot, half, packet, tsUs)) {
      this.#counters.segmentsAfterClose += 1;
      if (packet.payloadWireBytes > 0) this.#counters.retransmissionsAfterClose += 1;
      return;
    }
    if ((flags & (TcpFlag.ack | TcpFlag.rst)) === TcpFlag.ack && !this.#isStaleAck(half, packet)) {
      this.#takeAck(peer, packet.acknowledgement);
    }
    if ((flags & TcpFlag.rst) !== 0) {
      this.#resets.take(slot, half, packet, tsUs);
      return;
    }
    this.#takeWindow(half, packet.window);
    this.#payload.take(slot, half, packet, bytes, tsUs);
    // Both directions' holes age by the packets of the stream, whichever way they go.
    if ((state[peer]! & HalfState.acked) !== 0 && this.#isAckedBeyond(peer)) this.#assembler.acknowledged(peer, tsUs);
    if ((state[half]! & HalfState.acked) !== 0 && this.#isAckedBeyond(half)) this.#assembler.acknowledged(half, tsUs);
  }

  /** Takes the SYN of a segment for its stream. @returns whether it is the stream's; `take` may follow then */
  takeSyn(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const halves = this.#halves;
    const counters = this.#counters;
    const first = (packet.sequence + 1) | 0;
    const state = halves.state[half]!;
    const peer = half ^ 1;
    const isAnswer = (packet.flags & TcpFlag.ack) !== 0;
    if ((state & HalfState.known) !== 0) {
      const ahead = (halves.first[half]! - first) | 0;
      if (ahead === 0 && (state & HalfState.syn) !== 0 && !this.#isLongOver(half, tsUs)) {
        counters.synRetransmissions += 1;
        return true;
      }
      if (ahead >= 0 && ahead <= lateSynBytesMax && (state & HalfState.syn) === 0) {
        // What lies between is late, and no other conversation's.
        halves.first[half] = first;
        halves.state[half]! |= HalfState.syn;
        return true;
      }
      if (isAnswer) counters.synAcksIgnored += 1;
      this.#succession.beginSyn(slot, half, packet, bytes, tsUs);
      return false;
    }
    if (isAnswer && (halves.state[peer]! & HalfState.known) !== 0) {
      const answered = (packet.acknowledgement - halves.first[peer]!) | 0;
      if (answered < 0 || answered > this.#windowBytesMax) {
        counters.synAcksIgnored += 1;
        this.#succession.beginSyn(slot, half, packet, bytes, tsUs);
        return false;
      }
    }
    // An acknowledgement of this SYN seen before means that it only came late.
    if (!isAnswer && (state & HalfState.acked) === 0 && (halves.state[peer]! & HalfState.syn) !== 0) {
      counters.simultaneousOpens += 1;
    }
    if (packet.payloadWireBytes > 0) counters.fastOpens += 1;
    halves.state[half]! |= HalfState.known | HalfState.syn;
    halves.first[half] = first;
    halves.next[half] = first;
    if ((halves.state[half]! & HalfState.acked) === 0 || ((halves.acked[half]! - first) | 0) < 0) {
      halves.acked[half] = first;
      halves.state[half]! |= HalfState.acked;
    }
    return true;
  }

  /** Whether a direction that came alone has ended so long ago that its SYN is another conversation's, with the same number. */
  #isLongOver(half: number, tsUs: number): boolean {
    const { state } = this.#halves;
    if ((state[half]! & HalfState.ended) === 0 || (state[half ^ 1]! & HalfState.known) !== 0) return false;
    return tsUs - this.#table.lastUs[half >> 1]! >= this.#slackUs;
  }

  #takeAck(half: number, acknowledgement: number): void {
    const halves = this.#halves;
    const state = halves.state[half]!;
    if ((state & HalfState.known) === 0) {
      // The lowest one shows where the direction starts, should its SYN have been missed.
      if ((state & HalfState.acked) === 0 || ((acknowledgement - halves.acked[half]!) | 0) < 0) {
        halves.acked[half] = acknowledgement;
        halves.state[half] = state | HalfState.acked;
      }
      return;
    }
    if (((acknowledgement - halves.next[half]!) | 0) > this.#windowBytesMax) {
      this.#counters.farAheadAcks += 1;
    } else if ((state & HalfState.acked) === 0 || ((acknowledgement - halves.acked[half]!) | 0) > 0) {
      halves.acked[half] = acknowledgement;
      halves.state[half] = state | HalfState.acked;
    }
  }

  /**
   * Before anything else came from its sender, a bare acknowledgement of more than the SYN belongs to an older connection
   * (RFC 9293, 3.10.7.3: unacceptable in SYN-SENT); so does that of payload from before the stream's start.
   */
  #isStaleAck(half: number, packet: Packet): boolean {
    const halves = this.#halves;
    const peer = half ^ 1;
    if ((halves.state[half]! & HalfState.known) !== 0) {
      const ahead = (packet.sequence - halves.next[half]!) | 0;
      return ahead < 0 && packet.payloadWireBytes > 0 && this.#fit.isStray(half, packet, packet.sequence, ahead);
    }
    return (
      (halves.state[peer]! & HalfState.syn) !== 0 &&
      packet.payloadWireBytes === 0 &&
      halves.next[peer] === halves.first[peer] &&
      packet.acknowledgement !== halves.first[peer]
    );
  }

  /**
   * Whether payload or a FIN of a direction of which nothing was seen yet is a copy of what a conversation before it sent: it
   * acknowledges nothing that the other direction sent since its SYN.
   */
  #isOfForerunner(slot: number, half: number, packet: Packet, tsUs: number): boolean {
    const length = packet.payloadWireBytes;
    const isBare = length === 0 && (packet.flags & TcpFlag.fin) === 0;
    if (isBare || (packet.flags & (TcpFlag.syn | TcpFlag.rst | TcpFlag.ack)) !== TcpFlag.ack) return false;
    const isPeerBegun = (this.#halves.state[half ^ 1]! & HalfState.syn) !== 0;
    if (!isPeerBegun || this.#fit.isSent(half ^ 1, packet.acknowledgement)) return false;
    return this.#succession.isCopy(slot, packet, (packet.sequence + length) | 0, tsUs);
  }

  #isAckedBeyond(half: number): boolean {
    const halves = this.#halves;
    return (
      ((halves.acked[half]! - halves.next[half]!) | 0) > 0 &&
      (halves.state[half]! & (HalfState.known | HalfState.ended)) === HalfState.known
    );
  }

  #takeWindow(half: number, window: number): void {
    const state = this.#halves.state;
    if (window === 0) {
      this.#counters.zeroWindows += 1;
      state[half]! |= HalfState.zeroWindow;
    } else if ((state[half]! & HalfState.zeroWindow) !== 0) {
      state[half]! &= ~HalfState.zeroWindow;
    }
  }
}
