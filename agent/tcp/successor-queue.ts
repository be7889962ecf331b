/**
 * The conversations that wait for a port's stream: room for them, their order, and when they are given up. One that nothing
 * corroborates is dropped, or taken as one where that one side shows enough, after those that began before it.
 */
import { Packet, TcpFlag } from '../wire/packet.ts';
import type { TcpCounters } from './counters.ts';
import type { HalfStreams } from './half-streams.ts';
import type { TcpLimits } from './limits.ts';
import { firstByte } from './sequence-fit.ts';
import { StreamList, type StreamTable } from './stream-table.ts';
import type { SuccessorEvidence } from './successor-evidence.ts';
import { SuccessorKind, type Successors } from './successors.ts';
import type { Takeover } from './takeover.ts';

export interface SuccessorQueueOptions {
  readonly limits: TcpLimits;
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly counters: TcpCounters;
  readonly successors: Successors;
  readonly evidence: SuccessorEvidence;
  readonly takeover: Takeover;
}

/** A conversation that nothing comes for is forgotten: longer than a client waits to send its request again twice. */
const forgottenUs = 10_000_000;
/** So many conversations of a port may have begun in one direction before the other one shows the first: 100 ms of short ones. */
const queuedMax = 16;

export class SuccessorQueue {
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #counters: TcpCounters;
  readonly #successors: Successors;
  readonly #evidence: SuccessorEvidence;
  readonly #takeover: Takeover;
  readonly #ackSlackUs: number;
  /** Stands for a segment where none is at hand. */
  readonly #packet = new Packet();
  /** Before then no conversation is given up because its other side does not come. */
  #dueUs = Number.POSITIVE_INFINITY;

  constructor(options: SuccessorQueueOptions) {
    this.#table = options.table;
    this.#halves = options.halves;
    this.#counters = options.counters;
    this.#successors = options.successors;
    this.#evidence = options.evidence;
    this.#takeover = options.takeover;
    this.#ackSlackUs = options.limits.ackSlackUs;
  }

  /** A conversation may begin with a segment. */
  begin(slot: number, kind: SuccessorKind, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    this.#makeRoom(slot, kind, tsUs);
    // Only now: one that took the stream's place may have another client.
    const half = this.#table.halfOf(slot);
    const entry = this.#successors.begin(slot, kind, tsUs);
    this.#dueUs = Math.min(this.#dueUs, tsUs + this.#ackSlackUs);
    const sequence = firstByte(packet);
    this.#successors.note(entry, half & 1, packet, sequence, tsUs);
    this.hold(entry, half, packet, sequence, bytes, tsUs);
    this.#halves.watch(half);
  }

  /** What is to be there when another entry begins: conversations whose SYN was seen, and no more than a few of them. */
  #makeRoom(slot: number, kind: SuccessorKind, tsUs: number): void {
    const successors = this.#successors;
    const first = successors.of(slot);
    if (first >= 0) {
      if (kind !== SuccessorKind.conversation || !successors.isQueued(first)) this.drop(slot);
      else if (!successors.ranges.hasSyn(successors.last(slot))) this.#dropEntry(successors.last(slot));
      // That so many began behind it shows that it was one.
      else if (successors.count(slot) >= queuedMax) this.#giveUp(slot, first, tsUs, true);
    }
    const victim = successors.victim();
    if (victim < 0) return;
    const other = successors.slotOf(victim);
    this.#giveUpTo(other, victim, tsUs);
  }

  /** A segment waits. @returns false where there was no room, and its conversation is likely one: it is not to wait */
  hold(entry: number, half: number, packet: Packet, sequence: number, bytes: Uint8Array, tsUs: number): boolean {
    const successors = this.#successors;
    const length = packet.payloadWireBytes;
    if (length === 0 && (packet.flags & TcpFlag.fin) === 0) return true;
    if (successors.held.holds(entry, half & 1, packet, sequence, bytes)) {
      this.#counters.segmentsDuplicate += 1;
      this.#counters.duplicateBytes += length;
      return true;
    }
    if (successors.held.hold(entry, half & 1, packet, sequence, bytes, tsUs)) return true;
    if (successors.kind[entry] === SuccessorKind.conversation && this.#evidence.isLikely(half, entry)) return false;
    this.#counters.heldBytesShed += length;
    return true;
  }

  /** An entry of a slot is the next: those that began before it come first. @returns false where it was dropped with them */
  advanceTo(slot: number, entry: number, tsUs: number): boolean {
    const isQueued = this.#successors.isQueued(entry);
    for (let first = this.#successors.of(slot); first !== entry; first = this.#successors.of(slot)) {
      if (first < 0) return false;
      if (isQueued) this.#giveUp(slot, first, tsUs);
      else this.#dropEntry(first);
    }
    return true;
  }

  /**
   * A slot's stream is closed: only conversations whose SYN was seen may still follow it.
   * @returns whether there is one
   */
  closed(slot: number): boolean {
    const successors = this.#successors;
    for (let entry = successors.of(slot); entry >= 0; ) {
      const after = successors.after(entry);
      if (!successors.isQueued(entry)) this.#dropEntry(entry);
      entry = after;
    }
    return successors.of(slot) >= 0;
  }

  /** Forgets what may follow a slot's stream. */
  drop(slot: number): void {
    for (let entry = this.#successors.of(slot); entry >= 0; entry = this.#successors.of(slot)) this.#dropEntry(entry);
  }

  #dropEntry(entry: number): void {
    this.#successors.detach(entry);
    this.#counters.heldBytesShed += this.#successors.release(entry, null);
  }

  /** Nothing corroborates the conversations of a slot up to this one. */
  #giveUpTo(slot: number, last: number, tsUs: number): void {
    for (let entry = this.#successors.of(slot); entry >= 0; entry = this.#successors.of(slot)) {
      this.#giveUp(slot, entry, tsUs);
      if (entry === last) return;
    }
  }

  /**
   * What one side shows of a conversation is all that there is: it is taken as one where nothing contradicts it.
   * @param isShown something else shows that it began
   */
  #giveUp(slot: number, entry: number, tsUs: number, isShown = false): void {
    const half = this.#speakerOf(slot, entry);
    if (!this.#isEnough(half, entry, isShown)) {
      this.#dropEntry(entry);
      return;
    }
    const table = this.#table;
    const { fromFirst } = table;
    table.fromFirst = (table.clientFirst[slot] === 1) === ((half & 1) === 0);
    this.#packet.tag = this.#halves.tag[half]!;
    this.#packet.vlan = table.vlanOf(slot);
    this.#takeover.replace(slot, entry, this.#packet, tsUs);
    table.fromFirst = fromFirst;
  }

  /** The direction of a slot whose SYN was seen of an entry. */
  #speakerOf(slot: number, entry: number): number {
    return slot * 2 + (this.#successors.ranges.syn[entry * 2] === 1 ? 0 : 1);
  }

  /** Whether a conversation whose SYN was seen in one direction, and whose other one does not come, is taken as one. */
  #isEnough(half: number, entry: number, isShown = false): boolean {
    if (!this.#successors.isQueued(entry) || !this.#successors.held.has(entry)) return false;
    return isShown || this.#evidence.isLikely(half, entry) || this.#table.listOf(half >> 1) === StreamList.closed;
  }

  /** Forgets what nothing came for in long, and waits no more for a direction that does not come. */
  expire(nowUs: number): void {
    const successors = this.#successors;
    for (let entry = successors.oldest; entry >= 0; entry = successors.oldest) {
      if (successors.overdue(nowUs, forgottenUs) < 0) break;
      this.#giveUpTo(successors.slotOf(entry), entry, nowUs);
    }
    if (nowUs < this.#dueUs) return;
    this.#dueUs = Number.POSITIVE_INFINITY;
    for (let entry = successors.oldest; entry >= 0; ) {
      const dueUs = this.#dueOf(entry);
      if (nowUs >= dueUs) this.#giveUpTo(successors.slotOf(entry), entry, nowUs);
      else this.#dueUs = Math.min(this.#dueUs, dueUs);
      entry = nowUs >= dueUs ? successors.oldest : successors.younger(entry);
    }
  }

  /** When what one side shows of a conversation is all that is waited for. */
  #dueOf(entry: number): number {
    const slot = this.#successors.slotOf(entry);
    if (!this.#isEnough(this.#speakerOf(slot, entry), entry)) return Number.POSITIVE_INFINITY;
    return Math.max(this.#table.lastUs[slot]!, this.#successors.sinceUs[entry]!) + this.#ackSlackUs;
  }

  /** Nothing more comes. */
  finish(tsUs: number): void {
    const successors = this.#successors;
    for (let entry = successors.oldest; entry >= 0; entry = successors.oldest) {
      this.#giveUpTo(successors.slotOf(entry), entry, tsUs);
    }
  }
}
