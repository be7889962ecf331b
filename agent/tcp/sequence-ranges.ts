/**
 * Where both directions of conversations are of which only parts were seen: the range of each direction's sequence numbers, and
 * whether a segment's numbers can be of them. Leniently, as much is missing or out of order; of a stream that is open
 * `sequence-fit.ts` says the same by its state.
 */
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { firstByte } from './sequence-fit.ts';

/** By entry of `successors.ts`; what is of a direction, by entry × 2 + side. */
export class SequenceRanges {
  /** Where the direction starts and how far it was seen. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** 1: `start` and `end` hold. */
  readonly known: Uint8Array;
  /** Packets seen from the side; saturates. */
  readonly seen: Uint8Array;
  /** 1: the side's SYN was seen. */
  readonly syn: Uint8Array;
  /** By entry: the client's side, in the numbering of the stream before. */
  readonly client: Uint8Array;

  readonly #spanBytes: number;

  /** @param spanBytes how far from what was seen of it a number of the same conversation may lie: lost, or shown out of order */
  constructor(count: number, spanBytes: number) {
    this.#spanBytes = spanBytes;
    this.start = new Int32Array(count * 2);
    this.end = new Int32Array(count * 2);
    this.known = new Uint8Array(count * 2);
    this.seen = new Uint8Array(count * 2);
    this.syn = new Uint8Array(count * 2);
    this.client = new Uint8Array(count);
  }

  /** Bytes an entry, for the sum of bounds. */
  static readonly entryBytes = 2 * (4 + 4 + 1 + 1 + 1) + 1;

  /** Nothing is known of an entry. */
  reset(entry: number): void {
    this.client[entry] = 0;
    for (let half = entry * 2; half <= entry * 2 + 1; half += 1) {
      this.known[half] = 0;
      this.seen[half] = 0;
      this.syn[half] = 0;
    }
  }

  /** Whether both numbers of a segment can be of this conversation. */
  fits(entry: number, side: number, packet: Packet, sequence: number): boolean {
    const own = entry * 2 + side;
    const peer = own ^ 1;
    const spanBytes = this.#spanBytes;
    if ((packet.flags & TcpFlag.syn) !== 0 && !this.#isSyn(own, packet, sequence)) return false;
    if (this.known[own] === 1) {
      const ahead = (sequence - this.end[own]!) | 0;
      if (ahead > spanBytes || ahead + packet.payloadWireBytes < -spanBytes) return false;
      if (((sequence - this.start[own]!) | 0) < (this.syn[own] === 1 ? -1 : -spanBytes)) return false;
    }
    if ((packet.flags & TcpFlag.ack) === 0) return this.known[own] === 1;
    if (this.known[peer] === 0) return true;
    const ack = packet.acknowledgement;
    if (Math.abs((ack - this.end[peer]!) | 0) > spanBytes) return false;
    return ((ack - this.start[peer]!) | 0) >= (this.syn[peer] === 1 ? 0 : -spanBytes);
  }

  /**
   * Whether a SYN can be the one of a direction: where that starts is known once its SYN came, or the answer to it. A client's SYN
   * alone places nothing of its server: payload that overtook the answer lies behind it.
   */
  #isSyn(own: number, packet: Packet, sequence: number): boolean {
    const peer = own ^ 1;
    const isAnswered = this.syn[peer] === 1 && this.client[own >> 1] === (own & 1);
    const isPlaced = (this.syn[own] === 1 || isAnswered) && this.known[own] === 1;
    if (isPlaced && this.start[own] !== sequence) return false;
    const isAnswer = (packet.flags & TcpFlag.ack) !== 0 && this.syn[own] === 1 && this.syn[peer] === 0;
    return !isAnswer || this.known[peer] === 0 || this.start[peer] === packet.acknowledgement;
  }

  /**
   * Whether both numbers of a segment lie within what was seen of this conversation, or right behind it.
   * @param isAlone the other side's segments do not come: nothing says how far it may acknowledge
   */
  goesOn(entry: number, side: number, packet: Packet, sequence: number, isAlone: boolean): boolean {
    const own = entry * 2 + side;
    if (this.known[own] === 1 && !this.#isSeen(own, sequence)) return false;
    if (isAlone) return true;
    if ((packet.flags & TcpFlag.ack) === 0 || this.known[own ^ 1] === 0) return true;
    return this.#isSeen(own ^ 1, packet.acknowledgement);
  }

  #isSeen(half: number, number: number): boolean {
    return ((number - this.start[half]!) | 0) >= 0 && ((number - this.end[half]!) | 0) <= 0;
  }

  /** Takes a segment for one of this conversation. */
  note(entry: number, side: number, packet: Packet, sequence: number): void {
    const own = entry * 2 + side;
    this.noteNumbers(entry, side, packet, sequence);
    if ((packet.flags & TcpFlag.syn) !== 0) this.noteSyn(entry, side, packet);
    if (this.seen[own]! < 255) this.seen[own]! += 1;
  }

  /** Takes the numbers of a segment for this conversation's. */
  noteNumbers(entry: number, side: number, packet: Packet, sequence: number): void {
    const own = entry * 2 + side;
    const length = packet.payloadWireBytes + ((packet.flags & TcpFlag.fin) === 0 ? 0 : 1);
    this.#widen(own, sequence, (sequence + length) | 0);
    if ((packet.flags & TcpFlag.ack) !== 0) this.#widen(own ^ 1, packet.acknowledgement, packet.acknowledgement);
  }

  /** Takes a SYN for that of this conversation. */
  noteSyn(entry: number, side: number, packet: Packet): void {
    const own = entry * 2 + side;
    this.syn[own] = 1;
    this.start[own] = firstByte(packet);
    // The one that answers is the server.
    this.client[entry] = (packet.flags & TcpFlag.ack) === 0 ? side : side ^ 1;
  }

  /** Whether a SYN of either side was seen. */
  hasSyn(entry: number): boolean {
    return (this.syn[entry * 2]! | this.syn[entry * 2 + 1]!) !== 0;
  }

  #widen(half: number, from: number, to: number): void {
    if (this.known[half] === 0) {
      this.known[half] = 1;
      this.start[half] = from;
      this.end[half] = to;
      return;
    }
    if (((from - this.start[half]!) | 0) < 0 && this.syn[half] === 0) this.start[half] = from;
    if (((to - this.end[half]!) | 0) > 0) this.end[half] = to;
  }

  /** Takes what is known of an entry elsewhere. @param turn 1: its sides have each other's numbers here */
  take(entry: number, other: SequenceRanges, otherEntry: number, turn: number): void {
    for (let side = 0; side <= 1; side += 1) {
      const [to, from] = [entry * 2 + side, otherEntry * 2 + (side ^ turn)];
      this.start[to] = other.start[from]!;
      this.end[to] = other.end[from]!;
      this.known[to] = other.known[from]!;
      this.seen[to] = other.seen[from]!;
      this.syn[to] = other.syn[from]!;
    }
    this.client[entry] = other.client[otherEntry]! ^ turn;
  }

  /** Whether a client's SYN may be that of an entry of which none was seen: what its server sent acknowledges it, or more. */
  mayBegin(entry: number, side: number, sequence: number): boolean {
    const own = entry * 2 + side;
    const behind = (this.start[own]! - sequence) | 0;
    return this.known[own] === 1 && !this.hasSyn(entry) && behind >= 0 && behind <= this.#spanBytes;
  }

  /** The sides of an entry change their numbers. */
  turn(entry: number): void {
    for (const sides of [this.start, this.end, this.known, this.seen, this.syn]) {
      const first = sides[entry * 2]!;
      sides[entry * 2] = sides[entry * 2 + 1]!;
      sides[entry * 2 + 1] = first;
    }
    this.client[entry]! ^= 1;
  }
}
