/**
 * The life of a stream: its slot and what it begins with, the end of each direction, its closing for whatever reason, how long
 * its key stays, and the timers that end what no segment does. Which segments do so is decided elsewhere.
 */
import type { Packet } from '../wire/packet.ts';
import { TcpFlag } from '../wire/packet.ts';
import type { Assembler } from './assembler.ts';
import type { Beginnings } from './beginnings.ts';
import { countClose, type TcpCounters } from './counters.ts';
import type { FormerStarts } from './former-starts.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import { NetworkPolicy, Pressure, type TcpLimits } from './limits.ts';
import type { PastConversations } from './past-conversations.ts';
import type { Resets } from './resets.ts';
import { CloseReason, type Side, type StreamHandler } from './stream-handler.ts';
import { StreamList, type StreamTable } from './stream-table.ts';
import type { SuccessorQueue } from './successor-queue.ts';

export interface StreamLifeOptions {
  readonly limits: TcpLimits;
  readonly networks: NetworkPolicy;
  readonly handler: StreamHandler;
  readonly counters: TcpCounters;
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly assembler: Assembler;
  readonly past: PastConversations;
  readonly former: FormerStarts;
  readonly resets: Resets;
  readonly queue: SuccessorQueue;
  readonly beginnings: Beginnings;
  /** When a stream was reset, or closed for another reason. */
  readonly overUs: Float64Array;
  /** What is shed now (`Pressure`), the only element. */
  readonly pressure: Uint8Array;
}

export class StreamLife {
  readonly #limits: TcpLimits;
  readonly #networks: NetworkPolicy;
  readonly #handler: StreamHandler;
  readonly #counters: TcpCounters;
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #assembler: Assembler;
  readonly #past: PastConversations;
  readonly #former: FormerStarts;
  readonly #resets: Resets;
  /** What waits to follow the streams. */
  readonly #queue: SuccessorQueue;
  readonly #beginnings: Beginnings;
  readonly #overUs: Float64Array;
  readonly #pressure: Uint8Array;
  /** Streams whose closing is under way. */
  readonly #closing: Uint8Array;

  constructor(options: StreamLifeOptions) {
    this.#limits = options.limits;
    this.#networks = options.networks;
    this.#handler = options.handler;
    this.#counters = options.counters;
    this.#table = options.table;
    this.#halves = options.halves;
    this.#assembler = options.assembler;
    this.#past = options.past;
    this.#former = options.former;
    this.#resets = options.resets;
    this.#queue = options.queue;
    this.#beginnings = options.beginnings;
    this.#overUs = options.overUs;
    this.#pressure = options.pressure;
    this.#closing = new Uint8Array(options.limits.streamsMax);
  }

  /** Bytes for so many streams, for the sum of bounds; what `options` gives is not its own. */
  static bytesFor(streamsMax: number): number {
    return streamsMax;
  }

  /** Whether a stream may be opened, as far as pressure says. */
  get mayOpen(): boolean {
    return this.#pressure[0]! < Pressure.refuseStreams;
  }

  /** Whether a stream may wait for its beginning. */
  get mayWait(): boolean {
    return this.#beginnings.hasRoom && this.#pressure[0]! < Pressure.shedOutOfOrder;
  }

  /** Opens a stream for the packet looked up last, which it is the first of. @param reused its slot where that has a key, or −1 */
  open(reused: number, packet: Packet, tsUs: number, interfaceIndex: number): number {
    const table = this.#table;
    const syn = (packet.flags & TcpFlag.syn) !== 0;
    // A SYN-ACK is the server's; without a SYN the first to send is taken for the client.
    const fromClient = !syn || (packet.flags & TcpFlag.ack) === 0;
    let slot = reused;
    if (slot >= 0) {
      this.#queue.drop(slot);
      this.#noteStart(slot, tsUs);
      table.restart(slot, packet, fromClient, !syn, tsUs, interfaceIndex);
    } else slot = this.#slotFor(packet, fromClient, tsUs, interfaceIndex);
    this.#begin(slot, packet, !syn, tsUs);
    return slot;
  }

  /** Ends a slot's stream, if it is open, and opens another. */
  reopen(slot: number, packet: Packet, fromClient: boolean, midStream: boolean, tsUs: number): boolean {
    if (!this.reopenWaiting(slot, packet, fromClient, midStream, tsUs)) return false;
    this.announce(slot, midStream, tsUs);
    return true;
  }

  /** The same, for one that waits for its beginning: those above do not know of it yet. */
  reopenWaiting(slot: number, packet: Packet, fromClient: boolean, midStream: boolean, tsUs: number): boolean {
    if (this.#table.listOf(slot) !== StreamList.closed) this.close(slot, CloseReason.reused, tsUs);
    if (!this.mayOpen) {
      this.#counters.streamsRefused += 1;
      return false;
    }
    const otherTag = this.#otherTag(slot);
    this.#noteStart(slot, tsUs);
    this.#table.restart(slot, packet, fromClient, midStream, tsUs, this.#table.interfaceOf(slot));
    this.#resetHalves(slot, packet);
    this.#keepTag(slot, otherTag);
    return true;
  }

  /** The network of the direction that the packet looked up last is not of. */
  #otherTag(slot: number): number {
    return this.#halves.tag[this.#table.halfOf(slot) ^ 1]!;
  }

  /** The directions of a slot have their networks for as long as its key stays: another conversation goes the same ways. */
  #keepTag(slot: number, tag: number): void {
    const half = this.#table.halfOf(slot) ^ 1;
    this.#halves.tag[half] = tag;
    if (this.isTagged(slot)) this.#halves.watch(half);
  }

  /** A slot for a stream that waits for its beginning: those above do not know of it yet. */
  openWaiting(packet: Packet, tsUs: number, interfaceIndex: number): number {
    const slot = this.#slotFor(packet, true, tsUs, interfaceIndex);
    this.#resetHalves(slot, packet);
    return slot;
  }

  /** A slot for the packet looked up last, which has none. */
  #slotFor(packet: Packet, fromClient: boolean, tsUs: number, interfaceIndex: number): number {
    const table = this.#table;
    const midStream = (packet.flags & TcpFlag.syn) === 0;
    const victim = table.victim();
    if (victim >= 0) this.#evict(victim, tsUs);
    return table.open(packet, fromClient, midStream, tsUs, interfaceIndex);
  }

  #begin(slot: number, packet: Packet, midStream: boolean, tsUs: number): void {
    this.#resetHalves(slot, packet);
    this.announce(slot, midStream, tsUs);
  }

  #resetHalves(slot: number, { tag }: Packet): void {
    this.#beginHalf(slot * 2, tag);
    this.#beginHalf(slot * 2 + 1, tag);
  }

  #beginHalf(half: number, tag: number): void {
    const halves = this.#halves;
    halves.reset(half);
    halves.tag[half] = tag;
    if (tag !== 0 && this.#networks === NetworkPolicy.auto) halves.state[half] = HalfState.watched;
  }

  /** A stream begins for those above. */
  announce(slot: number, midStream: boolean, tsUs: number): void {
    this.#counters.streamsOpened += 1;
    if (midStream) this.#counters.streamsOpenedMidStream += 1;
    this.#handler.open(slot, tsUs, midStream);
  }

  /** Forgets what was acknowledged of a direction that has delivered nothing. */
  restartHalf(half: number): void {
    this.#halves.acked[half] = this.#halves.next[half]!;
    this.#halves.state[half]! &= ~(HalfState.last | HalfState.fin);
    this.#assembler.finish(half, this.#table.lastUs[half >> 1]!);
  }

  /** Whether packets of the stream are to be compared with its networks. */
  isTagged(slot: number): boolean {
    const { tag } = this.#halves;
    return this.#networks === NetworkPolicy.auto && (tag[slot * 2]! | tag[slot * 2 + 1]!) !== 0;
  }

  /** A FIN that `next` has reached ends its direction; the second one closes the stream. */
  checkEnd(half: number, tsUs: number): void {
    const halves = this.#halves;
    const state = halves.state[half]!;
    if ((state & (HalfState.fin | HalfState.ended)) !== HalfState.fin || halves.next[half] !== halves.last[half])
      return;
    halves.state[half] = state | HalfState.ended;
    halves.next[half] = (halves.last[half]! + 1) | 0;
    const slot = half >> 1;
    this.#handler.end(slot, (half & 1) as Side, tsUs);
    if ((halves.state[half ^ 1]! & HalfState.ended) !== 0 && this.#closing[slot] === 0) {
      this.close(slot, CloseReason.fin, tsUs);
    }
  }

  /** Flushes and closes a stream; its key stays in the table among the closed ones. */
  close(slot: number, reason: CloseReason, tsUs: number): void {
    this.#closing[slot] = 1;
    if (reason !== CloseReason.reset) this.#overUs[slot] = tsUs;
    this.#resets.forget(slot);
    this.#assembler.finish(slot * 2, tsUs);
    this.#assembler.finish(slot * 2 + 1, tsUs);
    const isFollowed = this.#queue.closed(slot);
    this.#notePast(slot, tsUs);
    const watched = this.isTagged(slot) || isFollowed ? HalfState.watched : 0;
    this.#endHalf(slot * 2, watched);
    this.#endHalf(slot * 2 + 1, watched);
    countClose(this.#counters, reason);
    this.#handler.close(slot, reason, tsUs);
    this.#closing[slot] = 0;
    this.#table.lastUs[slot] = tsUs;
    this.#table.moveTo(StreamList.closed, slot);
  }

  /** Of a closed stream nothing is kept but whether its end is known. */
  #endHalf(half: number, watched: number): void {
    const isKnown = (this.#halves.state[half]! & HalfState.known) !== 0;
    this.#halves.reset(half);
    this.#halves.state[half] = (isKnown ? HalfState.known | HalfState.ended : 0) | watched;
  }

  /** Remembers where a conversation that carried payload has ended. */
  #notePast(slot: number, tsUs: number): void {
    const table = this.#table;
    const halves = this.#halves;
    if (table.listOf(slot) !== StreamList.established) return;
    const first = slot * 2 + (table.clientFirst[slot] === 1 ? 0 : 1);
    const second = first ^ 1;
    const known = (halves.state[first]! & HalfState.known) | ((halves.state[second]! & HalfState.known) << 1);
    this.#past.note(table.hashOf(slot), halves.next[first]!, halves.next[second]!, known, tsUs);
  }

  /** Remembers where the conversation began that another one follows now, if its SYN was seen or its bytes from there on. */
  #noteStart(slot: number, tsUs: number): void {
    const half = slot * 2;
    if ((this.#halves.state[half]! & HalfState.known) === 0) return;
    this.#former.note(this.#table.hashOf(slot), this.#halves.first[half]!, tsUs);
  }

  #evict(slot: number, tsUs: number): void {
    this.#beginnings.settle(slot, tsUs);
    if (this.#table.listOf(slot) < 0) return;
    if (this.#table.listOf(slot) === StreamList.closed) this.#counters.closedKeysEvicted += 1;
    else this.close(slot, CloseReason.evicted, tsUs);
    this.#forget(slot);
  }

  #forget(slot: number): void {
    this.#queue.drop(slot);
    this.#table.remove(slot);
  }

  /** Runs the timers. */
  expire(nowUs: number): void {
    const limits = this.#limits;
    // What waits for a beginning may be what the first segment held acknowledges: both wait for as long.
    this.#beginnings.expire(nowUs);
    this.#assembler.expire(nowUs);
    this.#queue.expire(nowUs);
    for (let slot = this.#resets.overdue(nowUs); slot >= 0; slot = this.#resets.overdue(nowUs)) {
      this.close(slot, CloseReason.reset, this.#resets.dueUs(slot, nowUs));
    }
    this.#expireList(StreamList.closed, limits.closedHoldUs, nowUs);
    this.#expireList(StreamList.embryonic, limits.embryonicTimeoutUs, nowUs);
    this.#expireList(StreamList.established, limits.idleTimeoutUs, nowUs);
  }

  #expireList(list: number, timeoutUs: number, nowUs: number): void {
    const table = this.#table;
    for (let slot = table.oldest(list); slot >= 0; slot = table.oldest(list)) {
      const ageUs = nowUs - table.lastUs[slot]!;
      if (ageUs < 0) {
        // The packets' clock stepped back: the age counts from now.
        table.lastUs[slot] = nowUs;
        table.moveTo(list, slot);
        continue;
      }
      if (ageUs < timeoutUs) return;
      this.#beginnings.settle(slot, nowUs);
      if (table.listOf(slot) !== list) continue;
      if (list !== StreamList.closed) this.close(slot, CloseReason.idle, nowUs);
      this.#forget(slot);
    }
  }

  /** Closes every stream. */
  finish(tsUs: number): void {
    const table = this.#table;
    this.#beginnings.finish(tsUs);
    this.#queue.finish(tsUs);
    for (const list of [StreamList.established, StreamList.embryonic, StreamList.closed]) {
      for (let slot = table.oldest(list); slot >= 0; slot = table.oldest(list)) {
        if (list !== StreamList.closed) this.close(slot, CloseReason.endOfInput, tsUs);
        this.#forget(slot);
      }
    }
  }
}
