/**
 * Conversations that may have begun on the addresses and ports of a stream: what of each was seen (`sequence-ranges.ts`), and its
 * payload (`held-segments.ts`), until it is known whether it is one (`succession.ts`). Several of one stream stand in the order
 * they began, as where a direction is captured later than the port is used again. A fixed number of conversations, in the order
 * in which something last came for them.
 */
import { LinkedLists } from '../bounded/linked-lists.ts';
import type { Packet } from '../wire/packet.ts';
import { HeldSegments, type HeldTaker } from './held-segments.ts';
import type { TcpLimits } from './limits.ts';
import { SequenceRanges } from './sequence-ranges.ts';

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

/** How much of a conversation may come until it is known. */
export interface ConversationExtent {
  /** Pages it may hold. */
  readonly pagesEachMax: number;
  /** How far from what was seen of it a number of the same conversation may lie. */
  readonly spanBytes: number;
}

/** A window without scaling, in segments of an Ethernet's size: what is sent before the other direction is seen, where that comes later. */
const initialWindow: ConversationExtent = { pagesEachMax: 64, spanBytes: 65_536 };

const none = -1;

export class Successors {
  readonly kind: Uint8Array;
  readonly sinceUs: Float64Array;
  /** What was seen of each. */
  readonly ranges: SequenceRanges;
  /** Its payload. */
  readonly held: HeldSegments;

  /** By slot: its entry that began first. By entry: the one of its slot that began after it. */
  readonly #entryOf: Int16Array;
  readonly #after: Int16Array;
  readonly #slot: Int32Array;
  readonly #lastUs: Float64Array;
  readonly #entries: LinkedLists;
  readonly #free: number[];

  constructor(limits: TcpLimits, extent: ConversationExtent = initialWindow) {
    const { streamsMax, successorsMax: count, successorPagesMax: pages } = limits;
    this.kind = new Uint8Array(count);
    this.sinceUs = new Float64Array(count);
    this.ranges = new SequenceRanges(count, extent.spanBytes);
    this.held = new HeldSegments(count, pages, extent.pagesEachMax);
    this.#entryOf = new Int16Array(streamsMax).fill(none);
    this.#after = new Int16Array(count);
    this.#slot = new Int32Array(count);
    this.#lastUs = new Float64Array(count);
    this.#entries = new LinkedLists(count, 1);
    this.#free = Array.from({ length: count }, (_, index) => count - 1 - index);
  }

  /** Bytes of arrays and pages, for the sum of bounds. */
  static bytesFor(limits: TcpLimits): number {
    const { streamsMax, successorsMax, successorPagesMax } = limits;
    const entryBytes = 1 + 8 + 2 + 4 + 8 + 9 + 8 + SequenceRanges.entryBytes;
    const heldBytes = HeldSegments.bytesFor(successorsMax, successorPagesMax);
    return streamsMax * 2 + successorsMax * entryBytes + heldBytes;
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

  /** Whether an entry is a conversation whose SYN was seen: others may follow it before its answer comes. */
  isQueued(entry: number): boolean {
    return this.kind[entry] === SuccessorKind.conversation && this.ranges.hasSyn(entry);
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
    this.sinceUs[entry] = tsUs;
    this.ranges.reset(entry);
    this.held.reset(entry);
    this.#touch(entry, tsUs);
    return entry;
  }

  /** Takes a segment for one of an entry's conversation. */
  note(entry: number, side: number, packet: Packet, sequence: number, tsUs: number): void {
    this.ranges.note(entry, side, packet, sequence);
    this.#touch(entry, tsUs);
  }

  #touch(entry: number, tsUs: number): void {
    this.#lastUs[entry] = tsUs;
    this.#entries.append(0, entry);
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
      this.ranges.turn(entry);
      this.held.turn(entry);
    }
  }

  /**
   * Ends an entry that was detached.
   * @param take gets what was held, in the order it came: a packet that is valid during the call. Null: it is dropped.
   * @returns bytes that were held
   */
  release(entry: number, take: HeldTaker | null): number {
    const heldBytes = this.held.release(entry, take);
    this.#free.push(entry);
    return heldBytes;
  }
}
