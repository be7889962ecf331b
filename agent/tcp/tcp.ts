/**
 * The entry to the TCP layer: frames of all interfaces in, stream events out (`StreamHandler`). Decodes, puts fragments
 * together, runs the timers on the packets' own clock.
 */
import assert from 'node:assert';
import { ArraysInMemory, alignmentBytes } from '../bounded/arrays.ts';
import type { PageCredit } from '../bounded/page-credit.ts';
import { type PlacePages, placeForever } from '../bounded/page-memory.ts';
import { PagePool, pageBytes } from '../bounded/page-pool.ts';
import type { CaptureInterface, FrameSink, RecordTaker } from '../capture/frame-source.ts';
import { isTcpChecksumRight } from '../wire/checksum.ts';
import { decodeFrame, decodeReassembled, decodeRest } from '../wire/decode.ts';
import { FragmentTable } from '../wire/fragments.ts';
import { Decoded, decodedNames, Packet } from '../wire/packet.ts';
import { Connections } from './connections.ts';
import { TcpCounters } from './counters.ts';
import { NetworkPolicy, OverlapPolicy, type Pressure, type TcpLimits, UrgentPolicy } from './limits.ts';
import { clockStepUs, TABLES_AT, tickUs } from './segment-layout.ts';
import { type PacketClock, SegmentTaker, segmentMemory } from './segment-taker.ts';
import type { StreamHandler } from './stream-handler.ts';
import { type StreamDescription, StreamList } from './stream-table.ts';

export { emptyStreamDescription, type StreamDescription } from './stream-table.ts';

export interface TcpLayerOptions {
  readonly limits: TcpLimits;
  /** What is done with pages that are no longer used. @default they stay resident */
  readonly placePages?: PlacePages;
  /** The page budget shared with the layers of other threads, each with memory for all of it. @default none: its own */
  readonly pageCredit?: PageCredit | null;
  readonly handler: StreamHandler;
  /** The frame source, for its interfaces: looked up when the first frame of one arrives. */
  readonly source: { readonly interfaces: readonly CaptureInterface[] };
  /** Two 32-bit numbers, random in production: they key the flow hash against crafted collisions. */
  readonly hashSeed: readonly [number, number];
  /** @default OverlapPolicy.firstWins */
  readonly overlap?: OverlapPolicy;
  /** Drop segments with a wrong TCP checksum. Offload makes captured checksums wrong. @default false */
  readonly verifyChecksums?: boolean;
  /** Whether the same addresses in two networks are two connections. @default NetworkPolicy.auto */
  readonly networks?: NetworkPolicy;
  /** What becomes of urgent bytes. @default UrgentPolicy.outOfBand */
  readonly urgent?: UrgentPolicy;
}

/** How often idle pages are given back, see `PagePool.trim`. */
const trimUs = 1_000_000;
/** More arrays than the tables have. */
const arraysMax = 64;

/** Datagrams one frame may complete, one inside the other: as many as tunnels are followed. */
const reassembliesMax = 3;

export class TcpLayer implements FrameSink {
  readonly counters = new TcpCounters();
  /** Frames by what they turned out to be (`Decoded`), those from inside reassembled datagrams included. */
  readonly decoded = new Float64Array(decodedNames.length);

  readonly #packet = new Packet();
  readonly #source: { readonly interfaces: readonly CaptureInterface[] };
  /** Link types by interface index, as far as frames of it have come. */
  readonly #linkTypes: number[] = [];
  readonly #pool: PagePool;
  readonly #fragments: FragmentTable;
  readonly #connections: Connections;
  /** Takes records of a capture by itself where it can; null where every frame is to be looked at. */
  readonly records: RecordTaker | null;
  /** Whose bytes `records.bytes` are: payload lies there, most of it. */
  readonly memory: WebAssembly.Memory;
  readonly #verifyChecksums: boolean;
  readonly #clock: PacketClock = {
    nowUs: Number.NEGATIVE_INFINITY,
    nextTickUs: Number.NEGATIVE_INFINITY,
    nextTrimUs: Number.NEGATIVE_INFINITY,
  };

  constructor(options: TcpLayerOptions) {
    const { limits, handler, hashSeed } = options;
    this.#source = options.source;
    this.#verifyChecksums = options.verifyChecksums ?? false;
    this.#fragments = new FragmentTable(limits, this.counters, hashSeed);
    const tableBytes = Connections.bytesFor(limits) + PagePool.bytesFor(limits.pagesMax) + arraysMax * alignmentBytes;
    const { memory, pagesAt } = segmentMemory(tableBytes, limits.pagesMax * pageBytes);
    this.memory = memory;
    const arrays = new ArraysInMemory(memory.buffer as ArrayBuffer, TABLES_AT);
    const bytes = new Uint8Array(memory.buffer);
    const pageMemory = (options.placePages ?? placeForever)(bytes, pagesAt, limits.pagesMax * pageBytes);
    this.#pool = new PagePool(pageMemory, limits.pagesMax, { credit: options.pageCredit ?? null, arrays });
    this.#connections = new Connections({
      limits,
      pool: this.#pool,
      overlap: options.overlap ?? OverlapPolicy.firstWins,
      handler,
      counters: this.counters,
      hashSeed,
      networks: options.networks ?? NetworkPolicy.auto,
      urgent: options.urgent ?? UrgentPolicy.outOfBand,
      arrays,
    });
    this.records = this.#verifyChecksums
      ? null
      : new SegmentTaker({
          ...{ memory, bytes, limits, handler, hashSeed },
          ...{
            connections: this.#connections,
            fragments: this.#fragments,
            counters: this.counters,
            decoded: this.decoded,
          },
          ...{ clock: this.#clock, advance: (tsUs) => this.advance(tsUs) },
        });
  }

  /** Worst-case bytes for these limits, term by term: tables, pages, fragments. */
  static bytesFor(limits: TcpLimits): { tables: number; pages: number; fragments: number } {
    return {
      tables: SegmentTaker.bytes + Connections.bytesFor(limits) + PagePool.bytesFor(limits.pagesMax),
      pages: limits.pagesMax * pageBytes,
      fragments: FragmentTable.bytesFor(limits),
    };
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const counters = this.counters;
    counters.frames += 1;
    counters.frameBytes += end - start;
    if (tsUs > this.#clock.nowUs || tsUs < this.#clock.nowUs - clockStepUs) this.advance(tsUs);
    // The same number, where it is: V8 makes a new object of each that is read from a field and handed on.
    const nowUs = tsUs === this.#clock.nowUs ? tsUs : this.#clock.nowUs;
    const linkType = this.#linkTypes[interfaceIndex] ?? this.#learnLinkType(interfaceIndex);
    this.#handOn(decodeFrame(this.#packet, bytes, start, end, wireLength, linkType), bytes, nowUs, interfaceIndex);
    // Bounded by the frame: each takes 14 bytes of it at least.
    while (this.#packet.rest !== 0) this.#handOn(decodeRest(this.#packet, bytes), bytes, nowUs, interfaceIndex);
  }

  #handOn(decoded: number, bytes: Uint8Array, nowUs: number, interfaceIndex: number): void {
    this.decoded[decoded]! += 1;
    if (decoded === Decoded.tcp) this.#segment(bytes, nowUs, interfaceIndex);
    else if (decoded === Decoded.fragment) this.#fragment(bytes, nowUs, interfaceIndex);
  }

  #learnLinkType(interfaceIndex: number): number {
    const known = this.#source.interfaces;
    assert(interfaceIndex < known.length, 'a frame of an interface the source does not list');
    for (let index = this.#linkTypes.length; index <= interfaceIndex; index += 1) {
      this.#linkTypes.push(known[index]!.linkType);
    }
    return this.#linkTypes[interfaceIndex]!;
  }

  #segment(bytes: Uint8Array, nowUs: number, interfaceIndex: number): void {
    this.counters.segments += 1;
    if (this.#verifyChecksums && !isTcpChecksumRight(this.#packet, bytes)) {
      this.counters.checksumErrors += 1;
      return;
    }
    this.#connections.segment(this.#packet, bytes, nowUs, interfaceIndex);
  }

  #fragment(bytes: Uint8Array, nowUs: number, interfaceIndex: number): void {
    const datagram = this.#fragments.datagram;
    // Frames behind this one in the same frame lie in its bytes; those inside of a datagram are not looked for.
    const { rest } = this.#packet;
    this.#putTogether(bytes, datagram, nowUs, interfaceIndex);
    this.#packet.rest = rest;
  }

  #putTogether(bytes: Uint8Array, datagram: Uint8Array, nowUs: number, interfaceIndex: number): void {
    // A tunnel's packet may be a fragment in a datagram made of fragments: it waits in the same table, within its bounds.
    for (let from = bytes, depth = 0; depth < reassembliesMax; from = datagram, depth += 1) {
      const length = this.#fragments.add(this.#packet, from, nowUs);
      if (length < 0) return;
      const decoded = decodeReassembled(this.#packet, datagram, 0, length);
      this.decoded[decoded]! += 1;
      if (decoded === Decoded.tcp) this.#segment(datagram, nowUs, interfaceIndex);
      if (decoded !== Decoded.fragment) return;
    }
    this.decoded[Decoded.tooDeep]! += 1;
  }

  /** Runs the timers up to `tsUs` on the packets' clock; `frame` does it by itself, a quiet live capture needs this. */
  advance(tsUs: number): void {
    if (tsUs < this.#clock.nowUs) {
      if (tsUs >= this.#clock.nowUs - clockStepUs) return;
      this.counters.clockSteps += 1;
      this.#clock.nextTickUs = tsUs;
      this.#clock.nextTrimUs = tsUs;
    }
    this.#clock.nowUs = tsUs;
    if (tsUs < this.#clock.nextTickUs) return;
    this.#clock.nextTickUs = tsUs + tickUs;
    this.#connections.expire(tsUs);
    this.#fragments.expire(tsUs);
    if (tsUs < this.#clock.nextTrimUs) return;
    this.#clock.nextTrimUs = tsUs + trimUs;
    this.#pool.trim();
  }

  /** Flushes and closes every stream (`CloseReason.endOfInput`). */
  finish(): void {
    this.#connections.finish(this.#clock.nowUs);
  }

  /** What to shed from now on; the governor's. */
  setPressure(level: Pressure): void {
    this.#connections.setPressure(level, this.#clock.nowUs);
  }

  /** Unique number of an open stream, counting from 1. */
  streamId(stream: number): number {
    return this.#connections.table.id(stream);
  }

  /** Fills `out` for an open stream (valid from `open` to the end of `close`). */
  describe(stream: number, out: StreamDescription): StreamDescription {
    return this.#connections.table.describe(stream, out);
  }

  /** Pages of out-of-order bytes in use now. */
  get pagesInUse(): number {
    return this.#connections.pagesInUse;
  }

  /** Streams open now. */
  get streamsOpen(): number {
    return this.#connections.table.size - this.#connections.table.count(StreamList.closed);
  }

  /** What goes up and down, by name. */
  gauges(): Record<string, number> {
    const table = this.#connections.table;
    return {
      'tcp.pagesInUse': this.#connections.pagesInUse,
      'tcp.pagesInUsePeak': this.#pool.inUsePeak,
      'tcp.pagesResident': this.#pool.resident,
      'tcp.streamsOpen': this.streamsOpen,
      'tcp.streamsEmbryonic': table.count(StreamList.embryonic),
      'tcp.streamsClosedHeld': table.count(StreamList.closed),
      'tcp.datagramsWaiting': this.#fragments.waiting,
      'tcp.fragmentPagesInUse': this.#fragments.pagesInUse,
    };
  }

  /** Every counter and gauge by its full name: `tcp.gapsAcknowledged`, `wire.notIp`, … */
  snapshot(): Record<string, number> {
    const out: Record<string, number> = {};
    for (const [name, value] of Object.entries(this.counters)) out[`tcp.${name}`] = value;
    out['tcp.pagesReleased'] = this.#pool.released;
    out['tcp.pagesRefused'] = this.#pool.refused;
    for (const [index, name] of decodedNames.entries()) out[`wire.${name}`] = this.decoded[index]!;
    return Object.assign(out, this.gauges());
  }
}
