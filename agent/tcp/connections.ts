/**
 * What a segment means to its stream (RFC 9293, 3.10, seen from outside): opening, sides, acknowledgements, payload in
 * order, FIN and RST, closing. In-order payload goes from the frame to the handler here; the rest goes to the assembler.
 * Hot path.
 */
import { type Arrays, ownArrays } from '../bounded/arrays.ts';
import { LinkedLists } from '../bounded/linked-lists.ts';
import type { PagePool } from '../bounded/page-pool.ts';
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { Assembler, type AssemblerArrays } from './assembler.ts';
import { Beginnings } from './beginnings.ts';
import type { TcpCounters } from './counters.ts';
import { HalfState, HalfStreams } from './half-streams.ts';
import {
  lateSynBytesMax,
  NetworkPolicy,
  type OverlapPolicy,
  Pressure,
  straysMax,
  type TcpLimits,
  UrgentPolicy,
} from './limits.ts';
import { PastConversations } from './past-conversations.ts';
import { CloseReason, GapReason, type Side, type StreamHandler } from './stream-handler.ts';
import { StreamList, StreamTable } from './stream-table.ts';
import { Succession } from './succession.ts';
import { UrgentData } from './urgent-data.ts';

export interface ConnectionsOptions {
  readonly limits: TcpLimits;
  readonly pool: PagePool;
  readonly overlap: OverlapPolicy;
  readonly handler: StreamHandler;
  readonly counters: TcpCounters;
  readonly hashSeed: readonly [number, number];
  readonly networks: NetworkPolicy;
  readonly urgent: UrgentPolicy;
  /** Where the tables lie that a kernel works on as well. @default arrays of their own */
  readonly arrays?: Arrays;
}

export interface ConnectionsArrays {
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly overUs: Float64Array;
  readonly resetting: LinkedLists['arrays'];
  readonly pressure: Uint8Array;
  readonly past: PastConversations;
  readonly assembler: AssemblerArrays | null;
}

export class Connections {
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly #assembler: Assembler;
  readonly #limits: TcpLimits;
  readonly #handler: StreamHandler;
  readonly #counters: TcpCounters;
  readonly #windowBytesMax: number;
  /** Streams that were reset and linger for what a mirror port shows late. */
  readonly #resetting: LinkedLists;
  /** When a stream was reset, or closed for another reason. */
  readonly #overUs: Float64Array;
  /** What is shed now (`Pressure`), the only element. */
  readonly #pressure: Uint8Array;
  /** Streams whose closing is under way. */
  readonly #closing: Uint8Array;
  readonly #past: PastConversations;
  readonly #succession: Succession;
  readonly #beginnings: Beginnings;
  readonly #networks: NetworkPolicy;
  readonly #urgentPolicy: UrgentPolicy;
  /** Null where urgent bytes stay. */
  readonly #urgent: UrgentData | null;

  constructor(options: ConnectionsOptions) {
    const { limits, counters } = options;
    this.#limits = limits;
    this.#networks = options.networks;
    this.#urgentPolicy = options.urgent;
    this.#urgent = options.urgent === UrgentPolicy.inline ? null : new UrgentData(options.handler, counters);
    const handler = this.#urgent ?? options.handler;
    this.#handler = handler;
    this.#counters = counters;
    this.#windowBytesMax = limits.windowBytesMax;
    const arrays = options.arrays ?? ownArrays;
    this.table = new StreamTable(limits.streamsMax, options.networks, options.hashSeed, arrays);
    this.halves = new HalfStreams(limits.streamsMax, arrays);
    this.#resetting = new LinkedLists(limits.streamsMax, 1, arrays);
    this.#overUs = arrays.float64(limits.streamsMax);
    this.#pressure = arrays.uint8(1);
    this.#closing = new Uint8Array(limits.streamsMax);
    this.#assembler = new Assembler({
      halves: this.halves,
      pool: options.pool,
      limits,
      overlap: options.overlap,
      handler,
      counters,
      arrays,
      advanced: (half, tsUs) => this.#checkEnd(half, tsUs),
    });
    this.#past = new PastConversations(limits.streamsMax, limits.windowBytesMax, arrays);
    this.#succession = new Succession({
      ...{ limits, table: this.table, halves: this.halves, past: this.#past, counters, arrays },
      ...{ resetting: this.#resetting, overUs: this.#overUs },
      reopen: (...how) => this.#reopen(...how),
      take: (...what) => this.#takeHeld(...what),
      restart: (half) => this.#restart(half),
    });
    this.#beginnings = new Beginnings({
      ...{ limits, table: this.table, halves: this.halves, counters },
      announce: (...how) => this.#announce(...how),
      take: (...what) => this.#takeWaiting(...what),
    });
  }

  /** Bytes of all tables for these limits, pages not counted. */
  static bytesFor(limits: TcpLimits): number {
    const { streamsMax } = limits;
    const tables = StreamTable.bytesFor(streamsMax) + HalfStreams.bytesFor(streamsMax) + Assembler.bytesFor(limits);
    const past = PastConversations.bytesFor(streamsMax) + Succession.bytesFor(limits) + UrgentData.bytes;
    return tables + past + Beginnings.bytesFor(limits) + streamsMax * (9 + 8 + 1);
  }

  /** For a kernel that takes segments; `assembler` is null where those that are late, and ends of streams, are not its to take. */
  get arrays(): ConnectionsArrays {
    const [resetting, assembler] = [this.#resetting.arrays, this.#assembler.arrays ?? null];
    const { table, halves } = this;
    return { table, halves, overUs: this.#overUs, resetting, pressure: this.#pressure, past: this.#past, assembler };
  }

  get pagesInUse(): number {
    return this.#assembler.pagesInUse;
  }

  /** Whether a stream waits that only the clock may end the waiting of. */
  get isWaiting(): boolean {
    return this.#beginnings.isWaiting;
  }

  /** Takes one decoded segment, whose offsets refer to `bytes`. */
  segment(packet: Packet, bytes: Uint8Array, tsUs: number, interfaceIndex: number): void {
    const table = this.table;
    let slot = table.find(packet);
    let half = this.#halfOf(slot);
    const { state, tag } = this.halves;
    const isOpen = slot >= 0 && table.listOf(slot) !== StreamList.closed;
    if (!isOpen || packet.tag !== tag[half] || (state[half]! & HalfState.watched) !== 0) {
      slot = this.#settle(slot, packet, bytes, tsUs, interfaceIndex);
      if (slot < 0) return;
      half = this.#halfOf(slot);
    }
    if ((packet.flags & TcpFlag.syn) !== 0 && !this.#takeSyn(slot, half, packet, bytes, tsUs)) return;
    this.#succession.idleUs = tsUs - table.lastUs[slot]!;
    table.touch(slot, tsUs);
    this.#take(slot, half, packet, bytes, tsUs);
  }

  /** The slot of a segment that needs a closer look, opened if need be; −1 where it is no stream's to take. */
  #settle(found: number, packet: Packet, bytes: Uint8Array, tsUs: number, interfaceIndex: number): number {
    let slot = found;
    if (slot >= 0 && packet.tag !== this.halves.tag[this.#halfOf(slot)]) slot = this.#amongNetworks(slot, packet);
    if (slot < 0 || this.table.listOf(slot) === StreamList.closed) {
      return this.#admit(slot, packet, bytes, tsUs, interfaceIndex);
    }
    const isWatched = (this.halves.state[this.#halfOf(slot)]! & HalfState.watched) !== 0;
    return isWatched && this.#lookAt(slot, packet, bytes, tsUs) ? -1 : slot;
  }

  /** The half-stream that the packet looked up last is of. */
  #halfOf(slot: number): number {
    return slot * 2 + (this.table.fromFirst === (this.table.clientFirst[slot] === 1) ? 0 : 1);
  }

  /** A segment of a stream, its SYN aside. */
  #take(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const flags = packet.flags;
    const peer = half ^ 1;
    const state = this.halves.state;
    if ((flags & (TcpFlag.ack | TcpFlag.rst)) === TcpFlag.ack && !this.#isStaleAck(half, packet)) {
      this.#takeAck(peer, packet.acknowledgement);
    }
    if ((flags & TcpFlag.rst) !== 0) {
      this.#takeReset(slot, half, packet, tsUs);
      return;
    }
    this.#takeWindow(half, packet.window);
    this.#takePayload(slot, half, packet, bytes, tsUs);
    // Both directions' holes age by the packets of the stream, whichever way they go.
    if ((state[peer]! & HalfState.acked) !== 0 && this.#isAckedBeyond(peer)) this.#assembler.acknowledged(peer, tsUs);
    if ((state[half]! & HalfState.acked) !== 0 && this.#isAckedBeyond(half)) this.#assembler.acknowledged(half, tsUs);
  }

  /** A segment of a watched stream. @returns whether it was not the stream's to take */
  #lookAt(slot: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const half = this.#halfOf(slot);
    const isBeginning = this.#beginnings.concerns(slot);
    if (isBeginning) this.table.touch(slot, tsUs);
    if (isBeginning || this.#succession.concerns(slot)) {
      if ((isBeginning ? this.#beginnings : this.#succession).look(slot, half, packet, bytes, tsUs)) return true;
      if (this.table.listOf(slot) > StreamList.closed) return false;
      // What was held has brought the stream to its end, or was of none.
      if (this.table.listOf(slot) < 0) this.#counters.segmentsWithoutStream += 1;
      else this.#counters.segmentsAfterClose += 1;
      return true;
    }
    if (this.#isTagged(slot) || this.#urgent?.isAwaited(slot * 2) || this.#urgent?.isAwaited(slot * 2 + 1))
      return false;
    this.halves.unwatch(half);
    return false;
  }

  /** Whether packets of the stream are to be compared with its networks. */
  #isTagged(slot: number): boolean {
    const { tag } = this.halves;
    return this.#networks === NetworkPolicy.auto && (tag[slot * 2]! | tag[slot * 2 + 1]!) !== 0;
  }

  /** The slot for a packet of another network than those before it of its direction; −1 where it has none yet. */
  #amongNetworks(slot: number, packet: Packet): number {
    const half = this.#halfOf(slot);
    if (this.#networks !== NetworkPolicy.auto || this.#succession.isOf(slot, half, packet)) {
      this.halves.tag[half] = packet.tag;
      if (this.#networks === NetworkPolicy.auto) this.halves.watch(half);
      return slot;
    }
    const apart = this.table.findApart(packet);
    if (apart < 0) this.#counters.conversationsApart += 1;
    return apart;
  }

  /** A segment that waited for the beginning of a slot's stream, which may have ended meanwhile. */
  #takeWaiting(slot: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const { table } = this;
    const succession = this.#succession;
    let half = this.#halfOf(slot);
    if (table.listOf(slot) === StreamList.closed) succession.lookClosed(slot, half, packet, bytes, tsUs);
    else if (succession.concerns(slot) && succession.look(slot, half, packet, bytes, tsUs)) return;
    // Another stream may be open in the slot now, with its sides the other way round.
    half = this.#halfOf(slot);
    if (table.listOf(slot) === StreamList.closed) this.#counters.segmentsAfterClose += 1;
    else if ((packet.flags & TcpFlag.syn) === 0 || this.#takeSyn(slot, half, packet, bytes, tsUs))
      this.#take(slot, half, packet, bytes, tsUs);
  }

  /** Payload that was held, as the stream's. */
  #takeHeld(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    if (this.table.listOf(slot) === StreamList.closed) this.#counters.segmentsAfterClose += 1;
    else this.#take(slot, half, packet, bytes, tsUs);
  }

  /** Ends a slot's stream, if it is open, and opens another. */
  #reopen(slot: number, packet: Packet, fromClient: boolean, midStream: boolean, tsUs: number): boolean {
    if (this.table.listOf(slot) !== StreamList.closed) this.#close(slot, CloseReason.reused, tsUs);
    if (this.#pressure[0]! >= Pressure.refuseStreams) {
      this.#counters.streamsRefused += 1;
      return false;
    }
    this.table.restart(slot, packet, fromClient, midStream, tsUs, this.table.interfaceOf(slot));
    this.#begin(slot, packet, midStream, tsUs);
    return true;
  }

  /** Forgets what was acknowledged of a direction that has delivered nothing. */
  #restart(half: number): void {
    this.halves.acked[half] = this.halves.next[half]!;
    this.halves.state[half]! &= ~(HalfState.last | HalfState.fin);
    this.#assembler.finish(half, this.table.lastUs[half >> 1]!);
  }

  /**
   * Before anything else came from its sender, a bare acknowledgement of more than the SYN belongs to an older connection
   * (RFC 9293, 3.10.7.3: unacceptable in SYN-SENT); so does that of payload from before the stream's start.
   */
  #isStaleAck(half: number, packet: Packet): boolean {
    const halves = this.halves;
    const peer = half ^ 1;
    if ((halves.state[half]! & HalfState.known) !== 0) {
      const ahead = (packet.sequence - halves.next[half]!) | 0;
      return ahead < 0 && packet.payloadWireBytes > 0 && this.#succession.isStray(half, packet, packet.sequence, ahead);
    }
    return (
      (halves.state[peer]! & HalfState.syn) !== 0 &&
      packet.payloadWireBytes === 0 &&
      halves.next[peer] === halves.first[peer] &&
      packet.acknowledgement !== halves.first[peer]
    );
  }

  #isAckedBeyond(half: number): boolean {
    const halves = this.halves;
    return (
      ((halves.acked[half]! - halves.next[half]!) | 0) > 0 &&
      (halves.state[half]! & (HalfState.known | HalfState.ended)) === HalfState.known
    );
  }

  /** Opens a stream for a packet that has none, if it is worth one. `closed` is the slot of its closed forerunner, or −1. */
  #admit(closed: number, packet: Packet, bytes: Uint8Array, tsUs: number, interfaceIndex: number): number {
    const counters = this.#counters;
    const syn = (packet.flags & TcpFlag.syn) !== 0;
    if (closed >= 0) {
      // Stragglers of the old one: everything but a SYN with another initial sequence number, or one that comes too late
      // for that (a client repeats its SYN after it has reset what a server still held: RFC 9293, 3.5.1).
      const half = this.#halfOf(closed);
      if (!syn || (packet.flags & TcpFlag.ack) !== 0) {
        if (this.#succession.lookClosed(closed, half, packet, bytes, tsUs)) return closed;
        counters.segmentsAfterClose += 1;
        return -1;
      }
      const isOld = ((packet.sequence + 1) | 0) === this.halves.first[half];
      const isLate = isOld && tsUs - this.#overUs[closed]! < this.#limits.ackSlackUs;
      if (isLate) {
        counters.segmentsAfterClose += 1;
        return -1;
      }
    } else if (!syn && packet.payloadWireBytes === 0 && !(this.#mayWait && (packet.flags & TcpFlag.fin) !== 0)) {
      counters.segmentsWithoutStream += 1;
      return -1;
    } else if (!syn && this.#isSentAgain(packet, tsUs)) {
      counters.segmentsAfterClose += 1;
      counters.retransmissionsAfterClose += 1;
      return -1;
    }
    if ((packet.flags & TcpFlag.rst) !== 0) {
      counters.segmentsWithoutStream += 1;
      return -1;
    }
    if (this.#pressure[0]! >= Pressure.refuseStreams) {
      counters.streamsRefused += 1;
      return -1;
    }
    if (syn || !this.#mayWait) return this.#open(closed, packet, tsUs, interfaceIndex);
    const slot = this.#slotFor(packet, true, tsUs, interfaceIndex);
    this.#resetHalves(slot, packet);
    this.#beginnings.begin(slot, slot * 2, packet, bytes, false, tsUs);
    return -1;
  }

  /** Whether a stream may wait for its beginning. */
  get #mayWait(): boolean {
    return this.#beginnings.hasRoom && this.#pressure[0]! < Pressure.shedOutOfOrder;
  }

  /** Whether all that a segment says was known when a stream with its addresses was closed, however long ago. */
  #isSentAgain(packet: Packet, tsUs: number): boolean {
    const { table } = this;
    const own = table.fromFirst ? 0 : 1;
    const end = (packet.sequence + packet.payloadWireBytes) | 0;
    const ack = (packet.flags & TcpFlag.ack) === 0 ? null : packet.acknowledgement;
    if (this.#past.covers(table.lastHash, tsUs, own, end, ack)) return true;
    return table.hasApart && this.#past.covers(table.apartHash, tsUs, own, end, ack);
  }

  #open(reused: number, packet: Packet, tsUs: number, interfaceIndex: number): number {
    const table = this.table;
    const syn = (packet.flags & TcpFlag.syn) !== 0;
    // A SYN-ACK is the server's; without a SYN the first to send is taken for the client.
    const fromClient = !syn || (packet.flags & TcpFlag.ack) === 0;
    let slot = reused;
    if (slot >= 0) {
      this.#succession.drop(slot);
      table.restart(slot, packet, fromClient, !syn, tsUs, interfaceIndex);
    } else slot = this.#slotFor(packet, fromClient, tsUs, interfaceIndex);
    this.#begin(slot, packet, !syn, tsUs);
    return slot;
  }

  /** A slot for the packet looked up last, which has none. */
  #slotFor(packet: Packet, fromClient: boolean, tsUs: number, interfaceIndex: number): number {
    const { table } = this;
    const midStream = (packet.flags & TcpFlag.syn) === 0;
    const victim = table.victim();
    if (victim >= 0) this.#evict(victim, tsUs);
    return table.open(packet, fromClient, midStream, tsUs, interfaceIndex);
  }

  #begin(slot: number, packet: Packet, midStream: boolean, tsUs: number): void {
    this.#resetHalves(slot, packet);
    this.#announce(slot, midStream, tsUs);
  }

  #resetHalves(slot: number, { tag }: Packet): void {
    this.#beginHalf(slot * 2, tag);
    this.#beginHalf(slot * 2 + 1, tag);
  }

  #announce(slot: number, midStream: boolean, tsUs: number): void {
    this.#counters.streamsOpened += 1;
    if (midStream) this.#counters.streamsOpenedMidStream += 1;
    this.#handler.open(slot, tsUs, midStream);
  }

  #beginHalf(half: number, tag: number): void {
    const halves = this.halves;
    halves.reset(half);
    halves.tag[half] = tag;
    if (tag !== 0 && this.#networks === NetworkPolicy.auto) halves.state[half] = HalfState.watched;
  }

  #evict(slot: number, tsUs: number): void {
    this.#beginnings.settle(slot, tsUs);
    if (this.table.listOf(slot) < 0) return;
    if (this.table.listOf(slot) === StreamList.closed) this.#counters.closedKeysEvicted += 1;
    else this.#close(slot, CloseReason.evicted, tsUs);
    this.#forget(slot);
  }

  #forget(slot: number): void {
    this.#succession.drop(slot);
    this.table.remove(slot);
  }

  /** @returns whether the SYN is the stream's */
  #takeSyn(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const halves = this.halves;
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
    const { state } = this.halves;
    if ((state[half]! & HalfState.ended) === 0 || (state[half ^ 1]! & HalfState.known) !== 0) return false;
    return tsUs - this.table.lastUs[half >> 1]! >= this.#limits.ackSlackUs;
  }

  #takeAck(half: number, acknowledgement: number): void {
    const halves = this.halves;
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

  #takeWindow(half: number, window: number): void {
    const state = this.halves.state;
    if (window === 0) {
      this.#counters.zeroWindows += 1;
      state[half]! |= HalfState.zeroWindow;
    } else if ((state[half]! & HalfState.zeroWindow) !== 0) {
      state[half]! &= ~HalfState.zeroWindow;
    }
  }

  #takePayload(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const halves = this.halves;
    const length = packet.payloadWireBytes;
    const fin = (packet.flags & TcpFlag.fin) !== 0;
    const sequence = (packet.flags & TcpFlag.syn) === 0 ? packet.sequence : (packet.sequence + 1) | 0;
    const isKnown = (halves.state[half]! & HalfState.known) !== 0;
    if (!isKnown && (length > 0 || fin)) {
      if (this.#mayWait && this.#beginnings.isUnanswered(half) && !this.#succession.concerns(slot)) {
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
    if (length > 0 && this.table.listOf(slot) === StreamList.embryonic) {
      this.table.moveTo(StreamList.established, slot);
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
    const halves = this.halves;
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
    const halves = this.halves;
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
      counters.gapsTruncated += 1;
      counters.gapBytesTruncated += length - captured;
      this.#handler.gap(slot, (half & 1) as Side, length - captured, GapReason.truncated, tsUs);
    }
    if (fin) {
      halves.last[half] = halves.next[half]!;
      halves.state[half]! |= HalfState.fin | HalfState.last;
      this.#checkEnd(half, tsUs);
    }
  }

  /** The acknowledgement that came with a segment; the latest of its sender where it has none, as only forged ones do. */
  #ackOf(half: number, packet: Packet): number {
    return (packet.flags & TcpFlag.ack) !== 0 ? packet.acknowledgement : this.halves.acked[half ^ 1]!;
  }

  /** Decides where a direction starts whose SYN was not seen. */
  #pickUp(half: number, sequence: number): void {
    const halves = this.halves;
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
    const halves = this.halves;
    const counters = this.#counters;
    let length = packet.payloadWireBytes;
    const ahead = (sequence - halves.next[half]!) | 0;
    if (this.#succession.isStray(half, packet, sequence, ahead)) {
      this.#succession.beginStray(slot, half, packet, bytes, ahead, tsUs);
      if (!this.#takeStray(slot, half, packet, ahead, bytes, tsUs)) return;
    } else {
      halves.strays[half] = 0;
    }
    if ((packet.flags & TcpFlag.fin) !== 0) this.#takeFin(half, (sequence + length) | 0, tsUs);
    const state = halves.state[half]!;
    let start = packet.payloadStart;
    let end = packet.payloadEnd;
    if ((state & HalfState.last) !== 0) {
      const room = Math.max(0, (halves.last[half]! - sequence) | 0);
      if (length > room) {
        if (this.#resetting.listOf(slot) < 0) counters.bytesAfterEnd += length - room;
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
    this.#checkEnd(half, tsUs);
  }

  /**
   * A segment outside the window is shed; so many in a row mean that we lost touch. Ahead, the stream goes on behind a gap;
   * behind, it is another connection whose SYN was not seen.
   * @returns whether the segment lies at `next` now.
   */
  #takeStray(slot: number, half: number, packet: Packet, ahead: number, bytes: Uint8Array, tsUs: number): boolean {
    const halves = this.halves;
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
      counters.gapsTimeout += 1;
      counters.gapBytesTimeout += length;
      this.#handler.gap(slot, (half & 1) as Side, length, GapReason.timeout, tsUs);
      return true;
    }
    const interfaceIndex = this.table.interfaceOf(slot);
    this.#close(slot, CloseReason.reused, tsUs);
    this.#open(slot, packet, tsUs, interfaceIndex);
    this.#takePayload(slot, slot * 2, packet, bytes, tsUs);
    return false;
  }

  #takeFin(half: number, last: number, tsUs: number): void {
    const halves = this.halves;
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

  /** A FIN that `next` has reached ends its direction; the second one closes the stream. */
  #checkEnd(half: number, tsUs: number): void {
    const halves = this.halves;
    const state = halves.state[half]!;
    if ((state & (HalfState.fin | HalfState.ended)) !== HalfState.fin || halves.next[half] !== halves.last[half])
      return;
    halves.state[half] = state | HalfState.ended;
    halves.next[half] = (halves.last[half]! + 1) | 0;
    const slot = half >> 1;
    this.#handler.end(slot, (half & 1) as Side, tsUs);
    if ((halves.state[half ^ 1]! & HalfState.ended) !== 0 && this.#closing[slot] === 0) {
      this.#close(slot, CloseReason.fin, tsUs);
    }
  }

  /**
   * A RST in the window ends the stream (RFC 5961, 3, leniently: what was missed may lie before it). It lingers for the
   * slack of mirrored traffic, so that what was sent before the RST and is shown after it still counts.
   */
  #takeReset(slot: number, half: number, packet: Packet, tsUs: number): void {
    const halves = this.halves;
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
    if (this.#resetting.listOf(slot) >= 0) return;
    this.#succession.reset(slot, half, packet);
    this.#overUs[slot] = tsUs;
    this.#resetting.append(0, slot);
  }

  /** Flushes and closes a stream; its key stays in the table among the closed ones. */
  #close(slot: number, reason: CloseReason, tsUs: number): void {
    this.#closing[slot] = 1;
    if (reason !== CloseReason.reset) this.#overUs[slot] = tsUs;
    this.#resetting.remove(slot);
    this.#assembler.finish(slot * 2, tsUs);
    this.#assembler.finish(slot * 2 + 1, tsUs);
    this.#succession.closed(slot);
    this.#notePast(slot, tsUs);
    const watched = this.#isTagged(slot) ? HalfState.watched : 0;
    this.#endHalf(slot * 2, watched);
    this.#endHalf(slot * 2 + 1, watched);
    countClose(this.#counters, reason);
    this.#handler.close(slot, reason, tsUs);
    this.#closing[slot] = 0;
    this.table.lastUs[slot] = tsUs;
    this.table.moveTo(StreamList.closed, slot);
  }

  /** Of a closed stream nothing is kept but whether its end is known. */
  #endHalf(half: number, watched: number): void {
    const isKnown = (this.halves.state[half]! & HalfState.known) !== 0;
    this.halves.reset(half);
    this.halves.state[half] = (isKnown ? HalfState.known | HalfState.ended : 0) | watched;
  }

  /** Remembers where a conversation that carried payload has ended. */
  #notePast(slot: number, tsUs: number): void {
    const { table, halves } = this;
    if (table.listOf(slot) !== StreamList.established) return;
    const first = slot * 2 + (table.clientFirst[slot] === 1 ? 0 : 1);
    const second = first ^ 1;
    const known = (halves.state[first]! & HalfState.known) | ((halves.state[second]! & HalfState.known) << 1);
    this.#past.note(table.hashOf(slot), halves.next[first]!, halves.next[second]!, known, tsUs);
  }

  /** Runs the timers. */
  expire(nowUs: number): void {
    const limits = this.#limits;
    this.#assembler.expire(nowUs);
    this.#succession.expire(nowUs);
    this.#beginnings.expire(nowUs);
    for (let slot = this.#resetting.first(0); slot >= 0; slot = this.#resetting.first(0)) {
      const ageUs = nowUs - this.#overUs[slot]!;
      if (ageUs >= 0 && ageUs < limits.ackSlackUs) break;
      // As of when it was due: after a pause of the whole capture its key is to be gone in time, too.
      this.#close(slot, CloseReason.reset, ageUs < 0 ? nowUs : this.#overUs[slot]! + limits.ackSlackUs);
    }
    this.#expireList(StreamList.closed, limits.closedHoldUs, nowUs);
    this.#expireList(StreamList.embryonic, limits.embryonicTimeoutUs, nowUs);
    this.#expireList(StreamList.established, limits.idleTimeoutUs, nowUs);
  }

  #expireList(list: number, timeoutUs: number, nowUs: number): void {
    const table = this.table;
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
      if (list !== StreamList.closed) this.#close(slot, CloseReason.idle, nowUs);
      this.#forget(slot);
    }
  }

  /** Closes every stream. */
  finish(tsUs: number): void {
    const table = this.table;
    this.#beginnings.finish(tsUs);
    for (const list of [StreamList.established, StreamList.embryonic, StreamList.closed]) {
      for (let slot = table.oldest(list); slot >= 0; slot = table.oldest(list)) {
        if (list !== StreamList.closed) this.#close(slot, CloseReason.endOfInput, tsUs);
        this.#forget(slot);
      }
    }
  }

  setPressure(level: Pressure, tsUs: number): void {
    this.#pressure[0] = level;
    if (level >= Pressure.shedOutOfOrder) this.#beginnings.finish(tsUs);
    this.#assembler.setShedding(level >= Pressure.shedOutOfOrder, tsUs);
  }
}

function countClose(counters: TcpCounters, reason: CloseReason): void {
  switch (reason) {
    case CloseReason.fin:
      counters.streamsClosedFin += 1;
      break;
    case CloseReason.reset:
      counters.streamsClosedReset += 1;
      break;
    case CloseReason.idle:
      counters.streamsClosedIdle += 1;
      break;
    case CloseReason.evicted:
      counters.streamsClosedEvicted += 1;
      break;
    case CloseReason.reused:
      counters.streamsClosedReused += 1;
      break;
    case CloseReason.endOfInput:
      counters.streamsClosedEndOfInput += 1;
      break;
  }
}
