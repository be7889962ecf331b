/**
 * Streams whose beginning may be shown out of order: payload or a FIN before any SYN, or the server's before its answer to the
 * SYN, as where directions are captured apart, or frames come late. Where a direction starts is unknown then, and so is what
 * answers what. All that comes of such a stream waits, until the answer to the SYN says where both directions start, for as long
 * as an acknowledgement waits for its bytes (`ackSlackUs`), and up to what a server sends in the first round trips.
 */
import { pageBytes } from '../bounded/page-pool.ts';
import type { Packet } from '../wire/packet.ts';
import { TcpFlag } from '../wire/packet.ts';
import type { TcpCounters } from './counters.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import type { TcpLimits } from './limits.ts';
import { firstByte } from './sequence-fit.ts';
import type { SequenceRanges } from './sequence-ranges.ts';
import type { StreamTable } from './stream-table.ts';
import { SuccessorKind, Successors } from './successors.ts';

/** Pages one stream may hold: segments that overtake their SYN in a jitter of several round trips, the first four of a large answer. */
const pagesEachMax = 128;
/** How far from each other the numbers of those segments may lie. */
const spanBytes = pagesEachMax * pageBytes;

export interface BeginningsOptions {
  readonly limits: TcpLimits;
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly counters: TcpCounters;
  /** A slot's stream begins for those above. */
  readonly announce: (slot: number, midStream: boolean, tsUs: number) => void;
  /** Takes a segment of a slot's stream, as if it had come now; `table.fromFirst` says whose it is. */
  readonly take: (slot: number, packet: Packet, bytes: Uint8Array, tsUs: number) => void;
}

export class Beginnings {
  readonly #options: BeginningsOptions;
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #waiting: Successors;
  readonly #ranges: SequenceRanges;
  /** By entry: segments that came, and whether one had payload. */
  readonly #segments: Uint16Array;
  readonly #hasPayload: Uint8Array;
  #isSettling = false;

  constructor(options: BeginningsOptions) {
    this.#options = options;
    this.#table = options.table;
    this.#halves = options.halves;
    this.#waiting = new Successors(waitingLimits(options.limits), { pagesEachMax, spanBytes });
    this.#ranges = this.#waiting.ranges;
    this.#segments = new Uint16Array(options.limits.beginningsMax);
    this.#hasPayload = new Uint8Array(options.limits.beginningsMax);
  }

  /** Bytes for these limits, for the sum of bounds. */
  static bytesFor(limits: TcpLimits): number {
    return Successors.bytesFor(waitingLimits(limits)) + limits.beginningsMax * 3;
  }

  /** Whether a slot's stream waits for its beginning. */
  concerns(slot: number): boolean {
    return this.#waiting.of(slot) >= 0;
  }

  /** Whether any stream waits: the clock is to be looked at with each of its ticks. */
  get isWaiting(): boolean {
    return this.#waiting.oldest >= 0;
  }

  /** Whether a stream may wait; while what waited is taken, none does. */
  get hasRoom(): boolean {
    return !this.#isSettling && this.#options.limits.beginningsMax > 0;
  }

  /** Whether the first segment seen of a direction may not be the first sent: a server's, of which no SYN was seen. */
  isUnanswered(half: number): boolean {
    // Where the client starts, the server's SYN says, too.
    return (half & 1) === 1 && (this.#halves.state[half ^ 1]! & HalfState.syn) !== 0;
  }

  /** A stream waits from its first segment on. @param isOpen its client's SYN was seen: those above know of it */
  begin(slot: number, half: number, packet: Packet, bytes: Uint8Array, isOpen: boolean, tsUs: number): void {
    const waiting = this.#waiting;
    const victim = waiting.victim();
    if (victim >= 0) this.settle(waiting.slotOf(victim), tsUs);
    const entry = waiting.begin(slot, isOpen ? SuccessorKind.unanswered : SuccessorKind.unopened, tsUs);
    this.#segments[entry] = 0;
    this.#hasPayload[entry] = 0;
    this.#halves.watch(half);
    // Without room for it, it is taken as it comes.
    if (this.#hold(entry, half, packet, bytes, tsUs)) return;
    this.settle(slot, tsUs, () => this.#options.take(slot, packet, bytes, tsUs));
  }

  /**
   * A conversation on ports that were used before waits from now on, with what was held of it elsewhere (`succession.ts`).
   * @param isOpen its client's SYN was seen: those above know of it
   */
  adopt(slot: number, from: Successors, held: number, isOpen: boolean, tsUs: number): void {
    const waiting = this.#waiting;
    const turn = isOpen ? from.ranges.client[held]! : 0;
    const victim = waiting.victim();
    if (victim >= 0) this.settle(waiting.slotOf(victim), tsUs);
    const entry = waiting.begin(slot, isOpen ? SuccessorKind.unanswered : SuccessorKind.unopened, tsUs);
    this.#ranges.take(entry, from.ranges, held, turn);
    this.#segments[entry] = 0;
    this.#hasPayload[entry] = 0;
    this.#halves.watch(slot * 2);
    from.release(held, (side, piece, bytes, pieceUs) => {
      // Twice as much finds room here as was held there, if it is free.
      const half = slot * 2 + (side ^ turn);
      if (!this.#hold(entry, half, piece, bytes, pieceUs))
        this.#options.counters.heldBytesShed += piece.payloadWireBytes;
    });
  }

  /** Looks at a segment of a slot that `concerns` it. @returns whether it waits, or was taken; otherwise nothing waits any more */
  look(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const kind = packet.flags & (TcpFlag.syn | TcpFlag.ack | TcpFlag.rst);
    const entry = this.#waiting.of(slot);
    // Of another conversation, a segment finds this one's begun as far as it came.
    const isOther = !this.#ranges.fits(entry, half & 1, packet, firstByte(packet));
    const isOver = (kind & TcpFlag.rst) !== 0 || (kind === TcpFlag.syn && !this.#noteSyn(entry, half, packet));
    if (!isOther && !isOver) {
      if (kind === (TcpFlag.syn | TcpFlag.ack)) {
        this.#ranges.noteSyn(entry, half & 1, packet);
        this.settle(slot, tsUs, () => this.#options.take(slot, packet, bytes, tsUs));
        return true;
      }
      if (kind === TcpFlag.syn && packet.payloadWireBytes === 0) return true;
      if (this.#hold(entry, half, packet, bytes, tsUs)) return true;
    }
    this.settle(slot, tsUs);
    return false;
  }

  /** @returns whether a client's SYN is that of the stream, as far as one is known */
  #noteSyn(entry: number, half: number, packet: Packet): boolean {
    const ranges = this.#ranges;
    const first = firstByte(packet);
    const own = entry * 2 + (half & 1);
    const isSame = ranges.syn[own] === 0 || ranges.start[own] === first;
    const isOfStream = (this.#halves.state[half]! & HalfState.known) === 0 || this.#halves.first[half] === first;
    if (isSame && isOfStream) ranges.noteSyn(entry, half & 1, packet);
    return isSame && isOfStream;
  }

  #hold(entry: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const sequence = firstByte(packet);
    this.#segments[entry]! += 1;
    this.#ranges.noteNumbers(entry, half & 1, packet, sequence);
    if (packet.payloadWireBytes > 0) this.#hasPayload[entry] = 1;
    return this.#waiting.held.hold(entry, half & 1, packet, sequence, bytes, tsUs);
  }

  /**
   * What waits of a slot's stream is taken, its SYNs first. The stream may be over, or of none, afterwards.
   * @param before takes what is to come before: the answer to the SYN
   */
  settle(slot: number, tsUs: number, before?: () => void): void {
    const waiting = this.#waiting;
    const ranges = this.#ranges;
    const entry = waiting.of(slot);
    if (entry < 0) return;
    const isOpen = waiting.kind[entry] === SuccessorKind.unanswered;
    const hasSyn = ranges.hasSyn(entry);
    const client = isOpen || !hasSyn ? 0 : ranges.client[entry]!;
    waiting.detach(entry);
    if (!isOpen && !hasSyn && this.#hasPayload[entry] === 0) {
      // A FIN of a conversation that nothing more was seen of.
      this.#options.counters.segmentsWithoutStream += this.#segments[entry]!;
      waiting.release(entry, null);
      this.#table.remove(slot);
      return;
    }
    if (!isOpen) this.#open(slot, client, !hasSyn, tsUs);
    const wasSettling = this.#isSettling;
    this.#isSettling = true;
    const { fromFirst } = this.#table;
    const clientFirst = this.#table.clientFirst[slot] === 1;
    for (const at of [entry * 2, entry * 2 + 1]) {
      const isAnswer = before !== undefined && (at & 1) !== ranges.client[entry];
      if (ranges.syn[at] === 1 && !isAnswer) this.#place(slot * 2 + ((at & 1) ^ client), ranges.start[at]!);
    }
    before?.();
    waiting.release(entry, (side, piece, bytes, pieceUs) => {
      this.#table.fromFirst = clientFirst === (side === client);
      this.#options.take(slot, piece, bytes, pieceUs);
    });
    this.#table.fromFirst = fromFirst;
    this.#isSettling = wasSettling;
  }

  #open(slot: number, client: number, midStream: boolean, tsUs: number): void {
    const table = this.#table;
    const { tag } = this.#halves;
    if (client === 1) {
      table.clientFirst[slot] = 1 - table.clientFirst[slot]!;
      [tag[slot * 2], tag[slot * 2 + 1]] = [tag[slot * 2 + 1]!, tag[slot * 2]!];
    }
    table.midStream[slot] = midStream ? 1 : 0;
    this.#options.announce(slot, midStream, tsUs);
  }

  #place(half: number, first: number): void {
    if ((this.#halves.state[half]! & HalfState.known) === 0) this.#halves.place(half, first, HalfState.syn);
  }

  /** What has waited too long is taken as it came. */
  expire(nowUs: number): void {
    const { ackSlackUs } = this.#options.limits;
    for (;;) {
      const entry = this.#waiting.overdue(nowUs, ackSlackUs);
      if (entry < 0) return;
      this.settle(this.#waiting.slotOf(entry), nowUs);
    }
  }

  /** Nothing more comes. */
  finish(tsUs: number): void {
    for (let entry = this.#waiting.oldest; entry >= 0; entry = this.#waiting.oldest) {
      this.settle(this.#waiting.slotOf(entry), tsUs);
    }
  }
}

function waitingLimits(limits: TcpLimits): TcpLimits {
  const { beginningsMax, beginningPagesMax } = limits;
  return { ...limits, successorsMax: beginningsMax, successorPagesMax: beginningPagesMax };
}
