/**
 * Which stream a segment is of: one in the table, one that it opens, one that is kept apart from it, or none; or it waits until that
 * is known. Here the parts are put together that do the rest, each with what it needs of the others. Hot path.
 */
import { type Arrays, ownArrays } from '../bounded/arrays.ts';
import { LinkedLists } from '../bounded/linked-lists.ts';
import type { PagePool } from '../bounded/page-pool.ts';
import { type Packet, TcpFlag } from '../wire/packet.ts';
import { Assembler, type AssemblerArrays } from './assembler.ts';
import { Beginnings } from './beginnings.ts';
import type { TcpCounters } from './counters.ts';
import { FormerStarts } from './former-starts.ts';
import { HalfState, HalfStreams } from './half-streams.ts';
import { NetworkPolicy, type OverlapPolicy, Pressure, type TcpLimits, UrgentPolicy } from './limits.ts';
import { PastConversations } from './past-conversations.ts';
import { PayloadArrival } from './payload-arrival.ts';
import { Resets } from './resets.ts';
import { SegmentArrival } from './segment-arrival.ts';
import { SequenceFit } from './sequence-fit.ts';
import type { StreamHandler } from './stream-handler.ts';
import { StreamLife } from './stream-life.ts';
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
  readonly #slackUs: number;
  readonly #counters: TcpCounters;
  /** Streams that were reset and linger for what a mirror port shows late. */
  readonly #resetting: LinkedLists;
  /** When a stream was reset, or closed for another reason. */
  readonly #overUs: Float64Array;
  /** What is shed now (`Pressure`), the only element. */
  readonly #pressure: Uint8Array;
  readonly #past: PastConversations;
  readonly #former: FormerStarts;
  readonly #fit: SequenceFit;
  readonly #succession: Succession;
  readonly #beginnings: Beginnings;
  readonly #networks: NetworkPolicy;
  /** Null where urgent bytes stay. */
  readonly #urgent: UrgentData | null;
  readonly #life: StreamLife;
  readonly #arrival: SegmentArrival;

  constructor(options: ConnectionsOptions) {
    const { limits, counters, networks } = options;
    const { streamsMax, windowBytesMax } = limits;
    this.#slackUs = limits.ackSlackUs;
    this.#networks = networks;
    this.#urgent = options.urgent === UrgentPolicy.inline ? null : new UrgentData(options.handler, counters);
    const handler = this.#urgent ?? options.handler;
    this.#counters = counters;
    const arrays = options.arrays ?? ownArrays;
    const table = new StreamTable(streamsMax, networks, options.hashSeed, arrays);
    const halves = new HalfStreams(streamsMax, arrays);
    this.table = table;
    this.halves = halves;
    this.#resetting = new LinkedLists(streamsMax, 1, arrays);
    this.#overUs = arrays.float64(streamsMax);
    this.#pressure = arrays.uint8(1);
    const assembler = new Assembler({
      ...{ halves, pool: options.pool, limits, overlap: options.overlap, handler, counters, arrays },
      advanced: (half, tsUs) => this.#life.checkEnd(half, tsUs),
    });
    this.#assembler = assembler;
    const past = new PastConversations(streamsMax, windowBytesMax, arrays);
    this.#past = past;
    const former = new FormerStarts(limits.ackSlackUs);
    this.#former = former;
    const fit = new SequenceFit(halves, windowBytesMax);
    this.#fit = fit;
    const over = { overUs: this.#overUs, lingering: this.#resetting };
    const resets = new Resets({ limits, halves, fit, assembler, counters, ...over, arrays });
    const succession = new Succession({
      ...{ limits, table, halves, past, fit, resets, counters },
      reopen: (...how) => this.#life.reopen(...how),
      reopenWaiting: (...how) => this.#life.reopenWaiting(...how),
      mayWait: () => this.#life.mayWait,
      adopt: (...what) => this.#beginnings.adopt(...what),
      take: (...what) => this.#takeHeld(...what),
      restart: (half) => this.#life.restartHalf(half),
    });
    this.#succession = succession;
    const beginnings = new Beginnings({
      ...{ limits, table, halves, counters },
      announce: (...how) => this.#life.announce(...how),
      take: (...what) => this.#takeWaiting(...what),
    });
    this.#beginnings = beginnings;
    const parts = { limits, handler, counters, table, halves, assembler, fit, resets, succession, beginnings };
    const { queue } = succession;
    const life = new StreamLife({
      ...parts,
      queue,
      networks,
      past,
      former,
      overUs: this.#overUs,
      pressure: this.#pressure,
    });
    this.#life = life;
    const { urgent: urgentPolicy } = options;
    const payload = new PayloadArrival({ ...parts, life, windowBytesMax, urgentPolicy, urgent: this.#urgent });
    this.#arrival = new SegmentArrival({ ...parts, payload });
  }

  /** Bytes of all tables for these limits, pages not counted. */
  static bytesFor(limits: TcpLimits): number {
    const { streamsMax } = limits;
    const tables = StreamTable.bytesFor(streamsMax) + HalfStreams.bytesFor(streamsMax) + Assembler.bytesFor(limits);
    const past =
      PastConversations.bytesFor(streamsMax) + Succession.bytesFor(limits) + UrgentData.bytes + FormerStarts.bytes;
    const ends = StreamLife.bytesFor(streamsMax) + Resets.bytesFor(streamsMax) + streamsMax * (9 + 8);
    return tables + past + Beginnings.bytesFor(limits) + ends;
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
    let half = this.table.halfOf(slot);
    const { state, tag } = this.halves;
    const isOpen = slot >= 0 && table.listOf(slot) !== StreamList.closed;
    if (!isOpen || packet.tag !== tag[half] || (state[half]! & HalfState.watched) !== 0) {
      slot = this.#settle(slot, packet, bytes, tsUs, interfaceIndex);
      if (slot < 0) return;
      half = this.table.halfOf(slot);
    } else if (this.#isFormerSyn(slot, packet, tsUs)) return;
    if ((packet.flags & TcpFlag.syn) !== 0 && !this.#arrival.takeSyn(slot, half, packet, bytes, tsUs)) return;
    this.#succession.idleUs = tsUs - table.lastUs[slot]!;
    table.touch(slot, tsUs);
    this.#arrival.take(slot, half, packet, bytes, tsUs);
  }

  /** The slot of a segment that needs a closer look, opened if need be; −1 where it is no stream's to take. */
  #settle(found: number, packet: Packet, bytes: Uint8Array, tsUs: number, interfaceIndex: number): number {
    let slot = found;
    if (slot >= 0 && packet.tag !== this.halves.tag[this.table.halfOf(slot)]) slot = this.#amongNetworks(slot, packet);
    if (slot >= 0 && this.#isFormerSyn(slot, packet, tsUs)) return -1;
    if (slot < 0 || this.table.listOf(slot) === StreamList.closed) {
      return this.#admit(slot, packet, bytes, tsUs, interfaceIndex);
    }
    const isWatched = (this.halves.state[this.table.halfOf(slot)]! & HalfState.watched) !== 0;
    return isWatched && this.#lookAt(slot, packet, bytes, tsUs) ? -1 : slot;
  }

  /** A segment of a watched stream. @returns whether it was not the stream's to take */
  #lookAt(slot: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const half = this.table.halfOf(slot);
    const isBeginning = this.#beginnings.concerns(slot);
    if (isBeginning) this.table.touch(slot, tsUs);
    if (isBeginning || this.#succession.concerns(slot)) {
      if ((isBeginning ? this.#beginnings : this.#succession).look(slot, half, packet, bytes, tsUs)) return true;
      // What follows the stream may wait for its beginning, and the segment with it.
      if (!isBeginning && this.#beginnings.concerns(slot)) return this.#lookAt(slot, packet, bytes, tsUs);
      if (this.table.listOf(slot) > StreamList.closed) return false;
      // What was held has brought the stream to its end, or was of none.
      if (this.table.listOf(slot) < 0) this.#counters.segmentsWithoutStream += 1;
      else this.#counters.segmentsAfterClose += 1;
      return true;
    }
    if (this.#life.isTagged(slot) || this.#urgent?.isAwaited(slot * 2) || this.#urgent?.isAwaited(slot * 2 + 1))
      return false;
    this.halves.unwatch(half);
    return false;
  }

  /** The slot for a packet of another network than those before it of its direction; −1 where it has none yet. */
  #amongNetworks(slot: number, packet: Packet): number {
    const half = this.table.halfOf(slot);
    if (this.#networks !== NetworkPolicy.auto || this.#isOf(slot, half, packet)) {
      this.halves.tag[half] = packet.tag;
      if (this.#networks === NetworkPolicy.auto) this.halves.watch(half);
      return slot;
    }
    const apart = this.table.findApart(packet);
    if (apart < 0) this.#counters.conversationsApart += 1;
    return apart;
  }

  /** Whether a segment of another network can be of a slot's stream, open or closed. */
  #isOf(slot: number, half: number, packet: Packet): boolean {
    return this.table.listOf(slot) === StreamList.closed
      ? this.#fit.isPast(half, packet)
      : this.#fit.fits(half, packet);
  }

  /** Opens a stream for a packet that has none, if it is worth one. `closed` is the slot of its closed forerunner, or −1. */
  #admit(closed: number, packet: Packet, bytes: Uint8Array, tsUs: number, interfaceIndex: number): number {
    const counters = this.#counters;
    const syn = (packet.flags & TcpFlag.syn) !== 0;
    if (closed >= 0) {
      // Stragglers of the old one: everything but a SYN with another initial sequence number, or one that comes too late
      // for that (a client repeats its SYN after it has reset what a server still held: RFC 9293, 3.5.1).
      const half = this.table.halfOf(closed);
      if (!syn || (packet.flags & TcpFlag.ack) !== 0 || this.#succession.awaits(closed, half, packet)) {
        if (this.#succession.lookClosed(closed, half, packet, bytes, tsUs)) {
          return this.#beginnings.concerns(closed) && this.#lookAt(closed, packet, bytes, tsUs) ? -1 : closed;
        }
        counters.segmentsAfterClose += 1;
        return -1;
      }
      const isOld = ((packet.sequence + 1) | 0) === this.halves.first[half];
      const isLate = isOld && tsUs - this.#overUs[closed]! < this.#slackUs;
      if (isLate) {
        counters.segmentsAfterClose += 1;
        return -1;
      }
    } else if (!syn && packet.payloadWireBytes === 0 && !(this.#life.mayWait && (packet.flags & TcpFlag.fin) !== 0)) {
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
    if (!this.#life.mayOpen) {
      counters.streamsRefused += 1;
      return -1;
    }
    if (syn || !this.#life.mayWait) return this.#life.open(closed, packet, tsUs, interfaceIndex);
    const slot = this.#life.openWaiting(packet, tsUs, interfaceIndex);
    this.#beginnings.begin(slot, slot * 2, packet, bytes, false, tsUs);
    return -1;
  }

  /** Whether it is a client's SYN of a conversation before the slot's: what comes of that is late, or there twice. */
  #isFormerSyn(slot: number, packet: Packet, tsUs: number): boolean {
    if ((packet.flags & (TcpFlag.syn | TcpFlag.ack)) !== TcpFlag.syn) return false;
    const start = (packet.sequence + 1) | 0;
    const half = this.table.halfOf(slot);
    const isOwn = (this.halves.state[half]! & HalfState.known) !== 0 && this.halves.first[half] === start;
    if (isOwn || !this.#former.has(this.table.hashOf(slot), start, tsUs)) return false;
    this.#counters.segmentsAfterClose += 1;
    return true;
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

  /** A segment that waited for the beginning of a slot's stream, which may have ended meanwhile. */
  #takeWaiting(slot: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const { table } = this;
    const succession = this.#succession;
    let half = this.table.halfOf(slot);
    if (table.listOf(slot) === StreamList.closed) succession.lookClosed(slot, half, packet, bytes, tsUs);
    else if (succession.concerns(slot) && succession.look(slot, half, packet, bytes, tsUs)) return;
    // Another stream may be open in the slot now, with its sides the other way round.
    half = this.table.halfOf(slot);
    if (table.listOf(slot) === StreamList.closed) this.#counters.segmentsAfterClose += 1;
    else if ((packet.flags & TcpFlag.syn) === 0 || this.#arrival.takeSyn(slot, half, packet, bytes, tsUs))
      this.#arrival.take(slot, half, packet, bytes, tsUs);
  }

  /** Payload that was held, as the stream's. */
  #takeHeld(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    if (this.table.listOf(slot) === StreamList.closed) this.#counters.segmentsAfterClose += 1;
    else this.#arrival.take(slot, half, packet, bytes, tsUs);
  }

  /** Runs the timers. */
  expire(nowUs: number): void {
    this.#life.expire(nowUs);
  }

  /** Closes every stream. */
  finish(tsUs: number): void {
    this.#life.finish(tsUs);
  }

  setPressure(level: Pressure, tsUs: number): void {
    this.#pressure[0] = level;
    if (level >= Pressure.shedOutOfOrder) this.#beginnings.finish(tsUs);
    this.#assembler.setShedding(level >= Pressure.shedOutOfOrder, tsUs);
  }
}
