/**
 * Whether the numbers of a segment can be those of a stream: near what was seen of both directions, and not from before their
 * start (RFC 9293, 3.4 and 3.10.7.4; leniently, for what was not captured). Looks, and changes nothing.
 */
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import { lateSynBytesMax } from './limits.ts';

export class SequenceFit {
  readonly #halves: HalfStreams;
  readonly #windowBytesMax: number;

  constructor(halves: HalfStreams, windowBytesMax: number) {
    this.#halves = halves;
    this.#windowBytesMax = windowBytesMax;
  }

  /** Whether anything shows where a direction is. */
  isKnown(half: number): boolean {
    return (this.#halves.state[half]! & HalfState.known) !== 0;
  }

  /** Whether both numbers of a segment can be the stream's. */
  fits(half: number, packet: Packet): boolean {
    const halves = this.#halves;
    const state = halves.state[half]!;
    const hasAck = (packet.flags & TcpFlag.ack) !== 0;
    if (hasAck && !this.isNear(half ^ 1, packet.acknowledgement, 0)) return false;
    if ((packet.flags & TcpFlag.syn) === 0) return this.isNear(half, packet.sequence, packet.payloadWireBytes);
    if ((state & HalfState.known) === 0) return true;
    const ahead = (halves.first[half]! - firstByte(packet)) | 0;
    return (state & HalfState.syn) === 0 ? ahead >= 0 && ahead <= lateSynBytesMax : ahead === 0;
  }

  /** Whether payload of so many bytes, or an acknowledgement where there are none, lies in the window of a direction. */
  isNear(half: number, number: number, length: number): boolean {
    const halves = this.#halves;
    const state = halves.state[half]!;
    const window = this.#windowBytesMax;
    if ((state & HalfState.known) === 0) {
      return (state & HalfState.acked) === 0 || Math.abs((number - halves.acked[half]!) | 0) <= window;
    }
    const ahead = (number - halves.next[half]!) | 0;
    return ahead <= window && ahead + length >= -window && !this.#isBeforeStart(half, number);
  }

  /** Whether an acknowledgement can be of what was seen of a direction, where its start was seen; where it was not, of what is near. */
  isSent(half: number, acknowledgement: number): boolean {
    const halves = this.#halves;
    if ((halves.state[half]! & HalfState.syn) === 0) return this.isNear(half, acknowledgement, 0);
    const answered = (acknowledgement - halves.first[half]!) | 0;
    return answered >= 0 && ((acknowledgement - halves.next[half]!) | 0) <= 0;
  }

  /** Whether a segment lies outside of the window, or has a number from before the stream's start, in either direction. */
  isStray(half: number, packet: Packet, sequence: number, ahead: number): boolean {
    const window = this.#windowBytesMax;
    if (ahead > window || ahead + packet.payloadWireBytes < -window) return true;
    if (ahead < 0) return this.#isBeforeStart(half, sequence);
    return ahead > 0 && (packet.flags & TcpFlag.ack) !== 0 && this.#isBeforeStart(half ^ 1, packet.acknowledgement);
  }

  /** Whether a number lies before the first byte of its direction, as far as that is in the window. */
  #isBeforeStart(half: number, number: number): boolean {
    const halves = this.#halves;
    const first = halves.first[half]!;
    const seen = (halves.next[half]! - first) | 0;
    if (seen < 0 || seen > this.#windowBytesMax || !this.isKnown(half)) return false;
    const earlier = (halves.state[half]! & HalfState.syn) === 0 ? lateSynBytesMax : 1;
    return ((number - first) | 0) < -earlier;
  }

  /** Whether a segment lies where its sender sends nothing more: behind its FIN, which it may acknowledge from, or RST. */
  isBehindLast(half: number, packet: Packet, sequence: number): boolean {
    if ((this.#halves.state[half]! & HalfState.last) === 0) return false;
    const behind = (sequence - this.#halves.last[half]!) | 0;
    return behind > 1 || (behind >= 0 && packet.payloadWireBytes > 0);
  }

  /** Whether payload lies behind the FIN of its direction, which was reached: nothing of the stream does. */
  isBehindFin(half: number, packet: Packet, sequence: number): boolean {
    const isOver = (this.#halves.state[half]! & HalfState.ended) !== 0 && packet.payloadWireBytes > 0;
    return isOver && ((sequence - this.#halves.last[half]!) | 0) > 1;
  }

  /** A segment that is next in its direction, with an acknowledgement of what the other side has sent. */
  goesOn(half: number, packet: Packet, sequence: number): boolean {
    const halves = this.#halves;
    const peer = half ^ 1;
    if (this.isKnown(half) && sequence !== halves.next[half]) return false;
    if ((packet.flags & TcpFlag.ack) === 0 || !this.isKnown(peer)) return true;
    const ack = packet.acknowledgement;
    return ((ack - halves.next[peer]!) | 0) <= 0 && ((ack - halves.acked[peer]!) | 0) >= 0;
  }

  /** Whether all that a segment says was known when the stream was closed. */
  isPast(half: number, packet: Packet): boolean {
    const isSyn = (packet.flags & TcpFlag.syn) !== 0;
    // Without an acknowledgement, or where the other direction never came, the number of a SYN alone says whose it is.
    const isAlone = (packet.flags & TcpFlag.ack) === 0 || !this.isKnown(half ^ 1);
    if (isSyn && this.isKnown(half) && isAlone) return firstByte(packet) === this.#halves.first[half];
    const end = (packet.sequence + packet.payloadWireBytes) | 0;
    const hasAck = (packet.flags & TcpFlag.ack) !== 0;
    return this.#isBehind(half, end) && (!hasAck || this.#isBehind(half ^ 1, packet.acknowledgement));
  }

  #isBehind(half: number, number: number): boolean {
    if (!this.isKnown(half)) return true;
    const behind = (this.#halves.next[half]! - number) | 0;
    return behind >= 0 && behind <= this.#windowBytesMax;
  }

  /** Whether a segment brings nothing new, with an acknowledgement lower than its sender's last. */
  isRepetition(half: number, packet: Packet): boolean {
    const halves = this.#halves;
    const peer = half ^ 1;
    return (
      (packet.flags & TcpFlag.ack) !== 0 &&
      (halves.state[peer]! & HalfState.acked) !== 0 &&
      ((packet.acknowledgement - halves.acked[peer]!) | 0) < 0 &&
      !this.advances(half, packet)
    );
  }

  /** Whether a segment has bytes behind those seen of its direction. */
  advances(half: number, packet: Packet): boolean {
    return ((packet.sequence + packet.payloadWireBytes - this.#halves.next[half]!) | 0) > 0;
  }
}

/** Sequence number of a segment's first byte of payload: a SYN counts as one before it (RFC 9293, 3.4). */
export function firstByte(packet: Packet): number {
  return (packet.flags & TcpFlag.syn) === 0 ? packet.sequence : (packet.sequence + 1) | 0;
}
