/**
 * Streams that were reset (RFC 5961: not each RST ends its connection). One lingers for the slack of mirrored traffic, so that
 * what was sent before the RST and is shown after it still counts, and goes on where both sides show that they do.
 */
import type { Arrays } from '../bounded/arrays.ts';
import type { LinkedLists } from '../bounded/linked-lists.ts';
import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { Assembler } from './assembler.ts';
import type { TcpCounters } from './counters.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import type { TcpLimits } from './limits.ts';
import { firstByte, type SequenceFit } from './sequence-fit.ts';

export interface ResetsOptions {
  readonly limits: TcpLimits;
  readonly halves: HalfStreams;
  readonly fit: SequenceFit;
  readonly assembler: Assembler;
  readonly counters: TcpCounters;
  /** Streams that linger, the longest first. */
  readonly lingering: LinkedLists;
  /** When a stream was reset. */
  readonly overUs: Float64Array;
  readonly arrays: Arrays;
}

/** Bit of `#side`: nothing was known of the direction then. */
const unknown = 2;

export class Resets {
  readonly #halves: HalfStreams;
  readonly #fit: SequenceFit;
  readonly #assembler: Assembler;
  readonly #counters: TcpCounters;
  readonly #windowBytesMax: number;
  readonly #slackUs: number;
  readonly #lingering: LinkedLists;
  readonly #overUs: Float64Array;
  /** Which side's RST it was, where it lay, and how far the other side had been seen. */
  readonly #side: Uint8Array;
  readonly #at: Int32Array;
  readonly #peerNext: Int32Array;

  constructor(options: ResetsOptions) {
    const { limits, arrays } = options;
    this.#halves = options.halves;
    this.#fit = options.fit;
    this.#assembler = options.assembler;
    this.#counters = options.counters;
    this.#windowBytesMax = limits.windowBytesMax;
    this.#slackUs = limits.ackSlackUs;
    this.#lingering = options.lingering;
    this.#overUs = options.overUs;
    this.#side = arrays.uint8(limits.streamsMax);
    this.#at = arrays.int32(limits.streamsMax);
    this.#peerNext = arrays.int32(limits.streamsMax);
  }

  /** Bytes for so many streams, for the sum of bounds; `lingering` and `overUs` are not its own. */
  static bytesFor(streamsMax: number): number {
    return streamsMax * (1 + 4 + 4);
  }

  /** Whether a slot's stream was reset, and may go on. */
  lingers(slot: number): boolean {
    return this.#lingering.listOf(slot) >= 0;
  }

  /** A RST in the window ends the stream (RFC 5961, 3, leniently: what was missed may lie before it), once it has lingered. */
  take(slot: number, half: number, packet: Packet, tsUs: number): void {
    const halves = this.#halves;
    const state = halves.state[half]!;
    const peer = half ^ 1;
    let valid = true;
    if ((state & HalfState.known) !== 0) {
      const ahead = (packet.sequence - halves.next[half]!) | 0;
      valid = ahead >= -1 && ahead <= this.#windowBytesMax;
      if (valid && (state & HalfState.last) === 0 && ((this.#assembler.waitingEnd(half) - packet.sequence) | 0) <= 0) {
        halves.last[half] = ahead > 0 ? packet.sequence : halves.next[half]!;
        halves.state[half] = state | HalfState.last;
      }
    } else if ((packet.flags & TcpFlag.ack) !== 0 && (halves.state[peer]! & HalfState.known) !== 0) {
      const distance = (packet.acknowledgement - halves.next[peer]!) | 0;
      valid = Math.abs(distance) <= this.#windowBytesMax;
    }
    if (!valid) {
      this.#counters.resetsIgnored += 1;
      return;
    }
    if (this.lingers(slot)) return;
    this.#note(slot, half, packet);
    this.prolong(slot, tsUs);
  }

  #note(slot: number, half: number, packet: Packet): void {
    const isKnown = this.#fit.isKnown(half);
    this.#side[slot] = (half & 1) | (isKnown ? 0 : unknown);
    this.#at[slot] = packet.sequence;
    this.#peerNext[slot] = this.#halves.next[half ^ 1]!;
    this.#halves.watch(half);
  }

  /** Whether a segment was sent by the side whose RST it was. */
  isSender(slot: number, half: number): boolean {
    return (half & 1) === (this.#side[slot]! & 1);
  }

  /**
   * Whether a segment of a stream that lingers shows that the connection goes on: the other side has acknowledged bytes behind
   * the RST, or the RST's sender bytes that came after it, or it repeats its SYN.
   */
  isSurvived(slot: number, half: number, packet: Packet): boolean {
    return this.isSender(slot, half) ? this.#speaksOn(slot, half, packet) : this.#isHeard(slot, half ^ 1, packet);
  }

  /** A stream lingers from now on: perhaps it is not over. */
  prolong(slot: number, tsUs: number): void {
    this.#overUs[slot] = tsUs;
    this.#lingering.append(0, slot);
  }

  /** A slot's stream lingers no more. */
  forget(slot: number): void {
    this.#lingering.remove(slot);
  }

  /** The stream that has lingered for long enough; −1 without. */
  overdue(nowUs: number): number {
    const slot = this.#lingering.first(0);
    if (slot < 0) return slot;
    const ageUs = nowUs - this.#overUs[slot]!;
    return ageUs >= 0 && ageUs < this.#slackUs ? -1 : slot;
  }

  /** When an overdue stream was to close: after a pause of the whole capture its key is to be gone in time, too. */
  dueUs(slot: number, nowUs: number): number {
    const overUs = this.#overUs[slot]!;
    return nowUs < overUs ? nowUs : overUs + this.#slackUs;
  }

  #speaksOn(slot: number, half: number, packet: Packet): boolean {
    const halves = this.#halves;
    if ((packet.flags & TcpFlag.syn) !== 0) {
      const isSame = this.#fit.isKnown(half) && firstByte(packet) === halves.first[half];
      return isSame && halves.next[half] === halves.first[half] && (packet.flags & TcpFlag.ack) === 0;
    }
    if ((packet.flags & TcpFlag.ack) === 0 || !this.#fit.isKnown(half ^ 1)) return false;
    const beyond = (packet.acknowledgement - this.#peerNext[slot]!) | 0;
    return beyond > 0 && beyond <= this.#windowBytesMax;
  }

  #isHeard(slot: number, sender: number, packet: Packet): boolean {
    if ((packet.flags & TcpFlag.ack) === 0 || !this.#fit.isKnown(sender)) return false;
    if ((this.#side[slot]! & unknown) !== 0) {
      const answered = (packet.acknowledgement - this.#halves.first[sender]!) | 0;
      return answered >= 0 && answered <= this.#windowBytesMax;
    }
    const beyond = (packet.acknowledgement - this.#at[slot]!) | 0;
    return beyond > 0 && beyond <= this.#windowBytesMax;
  }
}
