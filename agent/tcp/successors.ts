/**
 * Conversations that may have begun on the addresses and ports of a stream: where each side of one would be, and its
 * payload, held until it is known whether it is one (`succession.ts`). Several of one stream stand in the order they began, as
 * where a direction is captured later than the port is used again. Fixed numbers of conversations and pages; the one
 * that nothing came for longest goes.
 */
import { LinkedLists } from '../bounded/linked-lists.ts';
import { heapPageMemory } from '../bounded/page-memory.ts';
import { PagePool, pageBytes } from '../bounded/page-pool.ts';
import { Packet, TcpFlag } from '../wire/packet.ts';
import type { TcpLimits } from './limits.ts';
import { firstByte } from './sequence-fit.ts';
import type { Side } from './stream-handler.ts';

/** What is held, and why. */
export const SuccessorKind = {
  /** Another conversation, whose SYN may have been missed. */
  conversation: 0,
  /** The same, among the numbers of the stream: only when that has been quiet for long. */
  repetition: 1,
  /** A second answer to the stream's SYN. */
  answer: 2,
  /** What the stream's side sent after its own RST. */
  survival: 3,
  /** The slot's own stream, of which no SYN was seen (`beginnings.ts`), … */
  unopened: 4,
  /** … or its client's alone. */
  unanswered: 5,
} as const;
export type SuccessorKind = (typeof SuccessorKind)[keyof typeof SuccessorKind];

/** Pages one may hold: what arrives within a round trip after an initial window. */
const pagesEachMax = 32;
/** How far from what was seen of it a number of the same conversation may lie, for what was lost: a window without scaling. */
const spanBytes = 65_536;
/** Without its SYN, segments shown out of order may come from before the first one seen. */
const earlierBytesMax = 65_536;
const none = -1;

export class Successors {
  readonly kind: Uint8Array;
  readonly sinceUs: Float64Array;
  /** By entry × 2 + side: where the direction starts and how far it was seen. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** 1: `start` and `end` hold. */
  readonly known: Uint8Array;
  /** By entry: the client's side, in the numbering of the stream before. */
  readonly client: Uint8Array;
  /** Packets seen from the side; saturates. */
  readonly seen: Uint8Array;
  /** 1: the side's SYN was seen. */
  readonly syn: Uint8Array;

  /** By slot: its entry that began first. By entry: the one of its slot that began after it. */
  readonly #entryOf: Int16Array;
  readonly #after: Int16Array;
  readonly #slot: Int32Array;
  readonly #lastUs: Float64Array;
  readonly #entries: LinkedLists;
  readonly #free: number[];
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #pages: Uint8Array;
  readonly #pool: PagePool;
  readonly #packet = new Packet();
  readonly #pageSide: Uint8Array;
  readonly #pageFlags: Uint8Array;
  readonly #pageNext: Int32Array;
  readonly #pageSequence: Int32Array;
  readonly #pageAck: Int32Array;
  readonly #pageWindow: Uint16Array;
  readonly #pageUrgent: Uint16Array;
  readonly #pageLength: Int32Array;
  readonly #pageWire: Int32Array;
  readonly #pageUs: Float64Array;

  constructor(limits: TcpLimits) {
    const { streamsMax, successorsMax: count, successorPagesMax: pages } = limits;
    this.kind = new Uint8Array(count);
    this.sinceUs = new Float64Array(count);
    this.start = new Int32Array(count * 2);
    this.end = new Int32Array(count * 2);
    this.known = new Uint8Array(count * 2);
    this.client = new Uint8Array(count);
    this.seen = new Uint8Array(count * 2);
    this.syn = new Uint8Array(count * 2);
    this.#entryOf = new Int16Array(streamsMax).fill(none);
    this.#after = new Int16Array(count);
    this.#slot = new Int32Array(count);
    this.#lastUs = new Float64Array(count);
    this.#entries = new LinkedLists(count, 1);
    this.#free = Array.from({ length: count }, (_, index) => count - 1 - index);
    this.#head = new Int32Array(count);
    this.#tail = new Int32Array(count);
    this.#pages = new Uint8Array(count);
    this.#pool = new PagePool(heapPageMemory(pages * pageBytes), pages, { keepPages: pages });
    this.#pageSide = new Uint8Array(pages);
    this.#pageFlags = new Uint8Array(pages);
    this.#pageNext = new Int32Array(pages);
    this.#pageSequence = new Int32Array(pages);
    this.#pageAck = new Int32Array(pages);
    this.#pageWindow = new Uint16Array(pages);
    this.#pageUrgent = new Uint16Array(pages);
    this.#pageLength = new Int32Array(pages);
    this.#pageWire = new Int32Array(pages);
    this.#pageUs = new Float64Array(pages);
  }

  /** Bytes of arrays and pages, for the sum of bounds. */
  static bytesFor(limits: TcpLimits): number {
    const { streamsMax, successorsMax, successorPagesMax } = limits;
    const entryBytes = 2 + 8 + 2 + 2 * (4 + 4 + 1 + 1 + 1) + 4 + 8 + 9 + 8 + 4 + 4 + 1;
    const pageTableBytes = 2 + 4 * 4 + 2 * 2 + 4 + 8;
    return streamsMax * 2 + successorsMax * entryBytes + successorPagesMax * (pageBytes + pageTableBytes);
  }

  /** @returns the entry of a slot that began first; −1 without. */
  of(slot: number): number {
    return this.#entryOf[slot]!;
  }

  /** The entry of the same slot that began after this one; −1 without. */
  after(entry: number): number {
    return this.#after[entry]!;
  }

  /** The entry of a slot that began last, which has one. */
  last(slot: number): number {
    let entry = this.#entryOf[slot]!;
    while (this.#after[entry] !== none) entry = this.#after[entry]!;
    return entry;
  }

  /** How many entries a slot has. */
  count(slot: number): number {
    let count = 0;
    for (let entry = this.#entryOf[slot]!; entry !== none; entry = this.#after[entry]!) count += 1;
    return count;
  }

  /** Whether payload or a FIN of an entry is held. */
  holds(entry: number): boolean {
    return this.#head[entry] !== none;
  }

  slotOf(entry: number): number {
    return this.#slot[entry]!;
  }

  /** The entry for which nothing came for longest; −1 without. */
  get oldest(): number {
    return this.#entries.first(0);
  }

  /** The entry that was touched next after this one; −1 without. */
  younger(entry: number): number {
    return this.#entries.after(entry);
  }

  /** The entry to be dropped before another begins; −1 while there is room. */
  victim(): number {
    return this.#free.length > 0 ? none : this.oldest;
  }

  /** The entry for which nothing came in so long; −1 without. */
  overdue(nowUs: number, timeoutUs: number): number {
    const entry = this.oldest;
    if (entry < 0) return none;
    const ageUs = nowUs - this.#lastUs[entry]!;
    return ageUs >= timeoutUs || ageUs < 0 ? entry : none;
  }

  /** Begins an entry of a slot, behind those it has; there must be room. */
  begin(slot: number, kind: SuccessorKind, tsUs: number): number {
    const entry = this.#free.pop()!;
    if (this.#entryOf[slot] === none) this.#entryOf[slot] = entry;
    else this.#after[this.last(slot)] = entry;
    this.#after[entry] = none;
    this.#slot[entry] = slot;
    this.kind[entry] = kind;
    this.client[entry] = 0;
    this.sinceUs[entry] = tsUs;
    this.#head[entry] = none;
    this.#tail[entry] = none;
    this.#pages[entry] = 0;
    for (let half = entry * 2; half <= entry * 2 + 1; half += 1) {
      this.known[half] = 0;
      this.seen[half] = 0;
      this.syn[half] = 0;
    }
    this.#touch(entry, tsUs);
    return entry;
  }

  /** Whether both numbers of a segment can be of this conversation. */
  fits(entry: number, side: number, packet: Packet, sequence: number): boolean {
    const own = entry * 2 + side;
    const peer = own ^ 1;
    if ((packet.flags & TcpFlag.syn) !== 0 && !this.#isSyn(own, packet, sequence)) return false;
    if (this.known[own] === 1) {
      const ahead = (sequence - this.end[own]!) | 0;
      if (ahead > spanBytes || ahead + packet.payloadWireBytes < -spanBytes) return false;
      if (((sequence - this.start[own]!) | 0) < (this.syn[own] === 1 ? -1 : -earlierBytesMax)) return false;
    }
    if ((packet.flags & TcpFlag.ack) === 0) return this.known[own] === 1;
    if (this.known[peer] === 0) return true;
    const ack = packet.acknowledgement;
    if (Math.abs((ack - this.end[peer]!) | 0) > spanBytes) return false;
    return ((ack - this.start[peer]!) | 0) >= (this.syn[peer] === 1 ? 0 : -earlierBytesMax);
  }

  /** Whether a SYN can be the one of a direction: where that starts is known once its SYN came, or the answer to it. */
  #isSyn(own: number, packet: Packet, sequence: number): boolean {
    const peer = own ^ 1;
    const isPlaced = (this.syn[own]! | this.syn[peer]!) !== 0 && this.known[own] === 1;
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
  note(entry: number, side: number, packet: Packet, sequence: number, tsUs: number): void {
    const own = entry * 2 + side;
    this.noteNumbers(entry, side, packet, sequence);
    if ((packet.flags & TcpFlag.syn) !== 0) this.noteSyn(entry, side, packet);
    if (this.seen[own]! < 255) this.seen[own]! += 1;
    this.#touch(entry, tsUs);
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

  #touch(entry: number, tsUs: number): void {
    this.#lastUs[entry] = tsUs;
    this.#entries.append(0, entry);
  }

  /**
   * Keeps a segment's payload and FIN.
   * @returns false when there was no room for all of it
   */
  hold(entry: number, side: number, packet: Packet, sequence: number, bytes: Uint8Array, tsUs: number): boolean {
    const { payloadStart, payloadEnd } = packet;
    const length = payloadEnd - payloadStart;
    for (let at = 0; at === 0 || at < length; at += pageBytes) {
      const page = this.#pages[entry]! < pagesEachMax ? this.#pool.allocate() : none;
      if (page === none) return false;
      const part = Math.min(pageBytes, length - at);
      const isLast = at + part === length;
      this.#pool.bytes.set(bytes.subarray(payloadStart + at, payloadStart + at + part), this.#pool.at(page));
      this.#pageSide[page] = side;
      this.#pageFlags[page] = packet.flags & (TcpFlag.ack | TcpFlag.urg | (isLast ? TcpFlag.fin : 0));
      this.#pageSequence[page] = (sequence + at) | 0;
      this.#pageAck[page] = packet.acknowledgement;
      this.#pageWindow[page] = packet.window;
      // Of a segment's later pages the byte it names is nearer.
      this.#pageUrgent[page] = Math.max(0, packet.urgent - at);
      this.#pageLength[page] = part;
      this.#pageWire[page] = isLast ? packet.payloadWireBytes - at : part;
      this.#pageUs[page] = tsUs;
      this.#pageNext[page] = none;
      if (this.#tail[entry] === none) this.#head[entry] = page;
      else this.#pageNext[this.#tail[entry]!] = page;
      this.#tail[entry] = page;
      this.#pages[entry]! += 1;
    }
    return true;
  }

  /** The entry is its slot's no more; what was held stays until `release`. */
  detach(entry: number): void {
    const slot = this.#slot[entry]!;
    if (this.#entryOf[slot] === entry) this.#entryOf[slot] = this.#after[entry]!;
    else {
      let before = this.#entryOf[slot]!;
      while (this.#after[before] !== entry) before = this.#after[before]!;
      this.#after[before] = this.#after[entry]!;
    }
    this.#entries.remove(entry);
  }

  /** The sides of a slot change their numbers: its stream's client is another. */
  turn(slot: number): void {
    for (let entry = this.#entryOf[slot]!; entry !== none; entry = this.#after[entry]!) {
      for (const sides of [this.start, this.end, this.known, this.seen, this.syn]) {
        const first = sides[entry * 2]!;
        sides[entry * 2] = sides[entry * 2 + 1]!;
        sides[entry * 2 + 1] = first;
      }
      this.client[entry]! ^= 1;
      for (let page = this.#head[entry]!; page !== none; page = this.#pageNext[page]!) this.#pageSide[page]! ^= 1;
    }
  }

  /**
   * Ends an entry that was detached.
   * @param take gets what was held, in the order it came: a packet that is valid during the call. Null: it is dropped.
   * @returns bytes that were held
   */
  release(entry: number, take: ((side: Side, packet: Packet, bytes: Uint8Array, tsUs: number) => void) | null): number {
    const packet = this.#packet;
    let held = 0;
    for (let page = this.#head[entry]!; page !== none; ) {
      const next = this.#pageNext[page]!;
      held += this.#pageWire[page]!;
      if (take !== null) {
        packet.flags = this.#pageFlags[page]!;
        packet.sequence = this.#pageSequence[page]!;
        packet.acknowledgement = this.#pageAck[page]!;
        packet.window = this.#pageWindow[page]!;
        packet.urgent = this.#pageUrgent[page]!;
        packet.payloadStart = this.#pool.at(page);
        packet.payloadEnd = packet.payloadStart + this.#pageLength[page]!;
        packet.payloadWireBytes = this.#pageWire[page]!;
        take(this.#pageSide[page] as Side, packet, this.#pool.bytes, this.#pageUs[page]!);
      }
      this.#pool.free(page);
      page = next;
    }
    this.#free.push(entry);
    return held;
  }
}
