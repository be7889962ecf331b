/** Takes whole records of a capture through the kernel for segments, and hands on what that found. Hot path. */
import type { PacketChoice, RecordTaker } from '../capture/frame-source.ts';
import { SEGMENT_KERNEL } from '../kernels/segment.generated.ts';
import { Decoded } from '../wire/packet.ts';
import type { Connections } from './connections.ts';
import { countGap, type TcpCounters } from './counters.ts';
import type { TcpLimits } from './limits.ts';
import {
  EVENT_BYTES,
  EVENTS_AT,
  Event,
  INPUT_AT,
  LEAD_BYTES,
  NEXT_TICK_AT,
  NOW_AT,
  TABLES_AT,
  TAKEN_AT,
  Taken,
  TICK_AT,
} from './segment-layout.ts';
import type { CloseReason, GapReason, Side, StreamHandler } from './stream-handler.ts';

const wasmPageBytes = 65_536;
const eventWords = EVENT_BYTES / 4;

/** The packets' clock, in µs, and when timers and idle pages are looked at next. A call of the kernel moves the first two on. */
export interface PacketClock {
  nowUs: number;
  nextTickUs: number;
  nextTrimUs: number;
}

export interface SegmentTakerOptions {
  readonly memory: WebAssembly.Memory;
  /** All of it. */
  readonly bytes: Uint8Array;
  readonly limits: TcpLimits;
  /** Its tables lie in the memory. */
  readonly connections: Connections;
  /** Their timer is not the kernel's. */
  readonly fragments: { readonly waiting: number };
  readonly handler: StreamHandler;
  readonly counters: TcpCounters;
  /** Frames by `Decoded`. */
  readonly decoded: Float64Array;
  readonly clock: PacketClock;
  /** Looks at the timers: the next record's time has come. */
  readonly advance: (tsUs: number) => void;
  readonly hashSeed: readonly [number, number];
}

/** From `hostTickUs` on the kernel leaves all timers to `SegmentTakerOptions.advance`. */
type Times = [nowUs: number, nextTickUs: number, hostTickUs: number];

interface SegmentProgram {
  takePcap(start: number, end: number, isNanoseconds: number, ...times: Times): number;
  takeRing(...place: [...Parameters<RecordTaker['takeRing']>, ...Times]): number;
}

/** A memory for tables and pages of so many bytes and what the kernel needs besides. */
export function segmentMemory(tableBytes: number, pagesBytes: number): { memory: WebAssembly.Memory; pagesAt: number } {
  const tablePages = Math.ceil((TABLES_AT + tableBytes) / wasmPageBytes);
  const pages = tablePages + Math.ceil(pagesBytes / wasmPageBytes);
  return { memory: new WebAssembly.Memory({ initial: pages, maximum: pages }), pagesAt: tablePages * wasmPageBytes };
}

export class SegmentTaker implements RecordTaker {
  readonly bytes: Uint8Array;
  readonly inputStart = INPUT_AT;
  readonly leadBytes = LEAD_BYTES;
  taken = 0;
  passed = 0;

  readonly #options: SegmentTakerOptions;
  readonly #handler: StreamHandler;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** Null until the first record: not every source has them. */
  #program: SegmentProgram | null = null;

  constructor(options: SegmentTakerOptions) {
    this.#options = options;
    this.#handler = options.handler;
    this.bytes = options.bytes;
    this.#words = new Int32Array(options.memory.buffer);
    this.#doubles = new Float64Array(options.memory.buffer);
  }

  /** Bytes besides the tables', the pages' and the input's, for the sum of bounds. */
  static readonly bytes = INPUT_AT;

  takePcap(start: number, end: number, isNanoseconds: boolean): number {
    const program = (this.#program ??= startProgram(this.#options));
    this.taken = 0;
    let at = start;
    do at = program.takePcap(at, end, isNanoseconds ? 1 : 0, ...this.#times());
    while (this.#handOn());
    return at;
  }

  takeRing(
    start: number,
    end: number,
    frames: number,
    interfaceNumber: number,
    interfaceIndex: number,
    packets: PacketChoice,
  ): number {
    const program = (this.#program ??= startProgram(this.#options));
    this.taken = 0;
    this.passed = 0;
    let at = start;
    do {
      const left = frames - this.passed;
      at = program.takeRing(at, end, left, interfaceNumber, interfaceIndex, packets, ...this.#times());
      this.passed += this.#words[(TAKEN_AT >> 2) + Taken.passed]!;
    } while (this.#handOn());
    return at;
  }

  #times(): Times {
    const { clock, fragments, connections } = this.#options;
    const hostTickUs = fragments.waiting > 0 || connections.isWaiting ? Number.NEGATIVE_INFINITY : clock.nextTrimUs;
    return [clock.nowUs, clock.nextTickUs, hostTickUs];
  }

  /** Hands on what one call found, and runs the timers where they are due. @returns whether they were: then there may be more to take */
  #handOn(): boolean {
    const words = this.#words;
    const taken = TAKEN_AT >> 2;
    const { clock } = this.#options;
    clock.nowUs = this.#doubles[NOW_AT >> 3]!;
    clock.nextTickUs = this.#doubles[NEXT_TICK_AT >> 3]!;
    const events = words[taken + Taken.events]!;
    if (events > 0 || words[taken + Taken.frames]! > 0) {
      this.#count();
      const end = (EVENTS_AT >> 2) + events * eventWords;
      for (let at = EVENTS_AT >> 2; at < end; at += eventWords) this.#handOnEvent(at);
    }
    if (words[taken + Taken.tick] === 0) return false;
    this.#options.advance(this.#doubles[TICK_AT >> 3]!);
    return true;
  }

  #count(): void {
    const { counters, decoded } = this.#options;
    const words = this.#words;
    const at = TAKEN_AT >> 2;
    const frames = words[at + Taken.frames]!;
    this.taken += frames;
    counters.frames += frames;
    counters.segments += frames;
    decoded[Decoded.tcp]! += frames;
    counters.frameBytes += words[at + Taken.frameBytes]!;
    counters.deliveredBytes += words[at + Taken.deliveredBytes]!;
    counters.segmentsInOrder += words[at + Taken.segmentsInOrder]!;
    counters.segmentsAfterClose += words[at + Taken.segmentsAfterClose]!;
    counters.segmentsWithoutStream += words[at + Taken.segmentsWithoutStream]!;
    counters.segmentsOutOfOrder += words[at + Taken.segmentsOutOfOrder]!;
    counters.segmentsDuplicate += words[at + Taken.segmentsDuplicate]!;
    counters.segmentsOverlapping += words[at + Taken.segmentsOverlapping]!;
    counters.duplicateBytes += words[at + Taken.duplicateBytes]!;
    counters.overwrittenBytes += words[at + Taken.overwrittenBytes]!;
    counters.shedBytes += words[at + Taken.shedBytes]!;
    counters.streamsOpened += words[at + Taken.streamsOpened]!;
    counters.streamsClosedFin += words[at + Taken.streamsClosedFin]!;
  }

  #handOnEvent(at: number): void {
    const words = this.#words;
    const kind = words[at]!;
    const half = words[at + 1]!;
    const stream = half >> 1;
    const side = (half & 1) as Side;
    const tsUs = this.#doubles[(at + 4) >> 1]!;
    if (kind === Event.data) {
      const start = words[at + 2]!;
      const end = words[at + 3]!;
      this.#handler.data(stream, side, this.bytes, start, end, tsUs, words[at + 6]!, words[at + 7]!);
    } else if (kind === Event.open) {
      this.#handler.open(stream, tsUs, false);
    } else if (kind === Event.end) {
      this.#handler.end(stream, side, tsUs);
    } else if (kind === Event.close) {
      this.#handler.close(stream, words[at + 2] as CloseReason, tsUs);
    } else {
      const length = words[at + 2]!;
      const reason = words[at + 3] as GapReason;
      countGap(this.#options.counters, reason, length);
      this.#handler.gap(stream, side, length, reason, tsUs);
    }
  }
}

/** The kernel with the addresses of all it works on. */
function startProgram(options: SegmentTakerOptions): SegmentProgram {
  const module = new WebAssembly.Module(Buffer.from(SEGMENT_KERNEL, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: options.memory } });
  const { limits } = options;
  const timeouts: Record<string, number> = {
    ...{
      ackSlackUs: limits.ackSlackUs,
      ackSlackLeastUs: limits.ackSlackLeastUs,
      gapTimeoutUs: limits.gapTimeoutUs,
      closedHoldUs: limits.closedHoldUs,
    },
    ...{ embryonicTimeoutUs: limits.embryonicTimeoutUs, idleTimeoutUs: limits.idleTimeoutUs },
  };
  const set = (name: string, value: number) => {
    (exports[name] as WebAssembly.Global).value = value;
  };
  for (const [name, value] of Object.entries(globalsOf(options))) set(name, value | 0);
  for (const [name, value] of Object.entries(timeouts)) set(name, value);
  return exports as unknown as SegmentProgram;
}

/** Values of the kernel's globals by name: for arrays, their addresses. */
function globalsOf(options: SegmentTakerOptions): Record<string, number> {
  const { limits, hashSeed } = options;
  const { table, halves, resetting, overUs, pressure, past, assembler } = options.connections.arrays;
  const { lists, arrays: map } = table.map;
  const arrays: Record<string, { readonly byteOffset: number }> = {
    ...{ keys: map.keys, keyLengths: map.keyLengths, hashes: map.hashes, slots: map.table },
    ...{ mapFree: map.free, mapCounts: map.counts },
    ...{ listNext: lists.arrays.next, listPrevious: lists.arrays.previous },
    ...{ listOf: lists.arrays.listOf, listLengths: lists.arrays.lengths },
    ...{ lastUs: table.lastUs, clientFirst: table.clientFirst, midStream: table.midStream, ...table.arrays },
    ...{ states: halves.state, nexts: halves.next, firsts: halves.first, lasts: halves.last },
    ...{
      ackeds: halves.acked,
      strays: halves.strays,
      tags: halves.tag,
      waiting: halves.waiting,
      pastWords: past.words,
    },
    ...{ resettingNext: resetting.next, resettingOf: resetting.listOf, overUs, pressure },
  };
  if (assembler !== null) {
    const { pool, holes, acks, pagesAt, ...own } = assembler;
    Object.assign(arrays, own, {
      ...{ holesNext: holes.next, holesPrevious: holes.previous },
      ...{ holesListOf: holes.listOf, holesLengths: holes.lengths },
      ...{ acksNext: acks.next, acksPrevious: acks.previous, acksListOf: acks.listOf, acksLengths: acks.lengths },
      ...{ poolCounts: pool.counts, poolNext: pool.next, blockFree: pool.blockFree, blockInUse: pool.blockInUse },
      ...{ blockTouched: pool.blockTouched, blockIdle: pool.blockIdle, freeBlocks: pool.freeBlocks },
    });
  }
  const values: Record<string, number> = {
    ...{ seed0: hashSeed[0], seed1: hashSeed[1], mask: map.table.length - 1, capacity: table.capacity },
    ...{
      pastMask: past.setMask,
      windowMax: limits.windowBytesMax,
      takesLate: assembler === null ? 0 : 1,
      pagesAt: assembler?.pagesAt ?? 0,
    },
    ...{ pagesMax: limits.pagesMax, freeWords: assembler?.pool.freeBlocks.length ?? 0 },
    ...{ pagesPerConnectionMax: limits.pagesPerConnectionMax, holesMax: limits.holesPerConnectionMax },
    ...{ ackSlackPackets: limits.ackSlackPackets },
  };
  for (const [name, array] of Object.entries(arrays)) values[name] = array.byteOffset;
  return values;
}
