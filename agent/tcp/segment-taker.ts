/** Takes whole records of a capture through the kernel for segments in order, and hands on what that found. Hot path. */
import type { PacketChoice, RecordTaker } from '../capture/frame-source.ts';
import { Decoded } from '../wire/packet.ts';
import type { Connections } from './connections.ts';
import type { TcpCounters } from './counters.ts';
import { SEGMENT_KERNEL } from './segment-kernel.generated.ts';
import { EVENT_BYTES, EVENTS_AT, INPUT_AT, TABLES_AT, TAKEN_AT } from './segment-layout.ts';
import type { Side, StreamHandler } from './stream-handler.ts';

const wasmPageBytes = 65_536;

/** The packets' clock, in µs, of who has it: a call of the kernel moves it on, up to the next look at the timers. */
export interface PacketClock {
  nowUs: number;
  readonly nextTickUs: number;
}

export interface SegmentTakerOptions {
  readonly memory: WebAssembly.Memory;
  /** Its tables lie in the memory. */
  readonly connections: Connections;
  readonly handler: StreamHandler;
  readonly counters: TcpCounters;
  /** Frames by `Decoded`. */
  readonly decoded: Float64Array;
  readonly clock: PacketClock;
  readonly hashSeed: readonly [number, number];
  readonly windowBytesMax: number;
}

interface SegmentProgram {
  takePcap(start: number, end: number, isNanoseconds: number, nowUs: number, nextTickUs: number): number;
  takeRing(
    start: number,
    end: number,
    frames: number,
    interfaceNumber: number,
    packets: PacketChoice,
    nowUs: number,
    nextTickUs: number,
  ): number;
}

/** A memory for tables of so many bytes and what the kernel needs besides. */
export function segmentMemory(tableBytes: number): WebAssembly.Memory {
  const pages = Math.ceil((TABLES_AT + tableBytes) / wasmPageBytes);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

export class SegmentTaker implements RecordTaker {
  readonly bytes: Uint8Array;
  readonly inputStart = INPUT_AT;
  taken = 0;
  passed = 0;

  readonly #options: SegmentTakerOptions;
  readonly #handler: StreamHandler;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** Null until the first record: not every source has them. */
  #program: SegmentProgram | null = null;

  constructor(options: SegmentTakerOptions) {
    const { buffer } = options.memory;
    this.#options = options;
    this.#handler = options.handler;
    this.bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Bytes besides the tables' and the input's, for the sum of bounds. */
  static readonly bytes = INPUT_AT;

  takePcap(start: number, end: number, isNanoseconds: boolean): number {
    const { clock } = this.#options;
    this.#program ??= startProgram(this.#options);
    const at = this.#program.takePcap(start, end, isNanoseconds ? 1 : 0, clock.nowUs, clock.nextTickUs);
    this.taken = this.#words[TAKEN_AT >> 2]!;
    if (this.taken > 0) this.#handOn();
    return at;
  }

  takeRing(start: number, end: number, frames: number, interfaceNumber: number, packets: PacketChoice): number {
    const { clock } = this.#options;
    this.#program ??= startProgram(this.#options);
    const { nowUs, nextTickUs } = clock;
    const at = this.#program.takeRing(start, end, frames, interfaceNumber, packets, nowUs, nextTickUs);
    this.taken = this.#words[TAKEN_AT >> 2]!;
    this.passed = this.#words[(TAKEN_AT >> 2) + 7]!;
    if (this.taken > 0) this.#handOn();
    return at;
  }

  #handOn(): void {
    const { counters, decoded, clock } = this.#options;
    const words = this.#words;
    const events = words[(TAKEN_AT >> 2) + 3]!;
    counters.frames += this.taken;
    counters.segments += this.taken;
    decoded[Decoded.tcp]! += this.taken;
    counters.frameBytes += words[(TAKEN_AT >> 2) + 1]!;
    counters.deliveredBytes += words[(TAKEN_AT >> 2) + 2]!;
    counters.segmentsInOrder += events;
    counters.segmentsAfterClose += words[(TAKEN_AT >> 2) + 6]!;
    clock.nowUs = this.#doubles[(TAKEN_AT + 16) >> 3]!;
    for (let event = 0; event < events; event += 1) this.#handOnEvent((EVENTS_AT + event * EVENT_BYTES) >> 2);
  }

  #handOnEvent(at: number): void {
    const words = this.#words;
    const half = words[at]!;
    const tsUs = this.#doubles[(at + 4) >> 1]!;
    this.#handler.data(half >> 1, (half & 1) as Side, this.bytes, words[at + 1]!, words[at + 2]!, tsUs);
  }
}

/** The kernel with the addresses of all it works on. */
function startProgram(options: SegmentTakerOptions): SegmentProgram {
  const module = new WebAssembly.Module(Buffer.from(SEGMENT_KERNEL, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: options.memory } });
  const { table, halves } = options.connections;
  const { keys, keyLengths, hashes, table: slots } = table.map.arrays;
  const { next, previous, listOf, lengths } = table.map.lists.arrays;
  const arrays = {
    keys,
    keyLengths,
    hashes,
    table: slots,
    listNext: next,
    listPrevious: previous,
    listOf,
    listLengths: lengths,
    lastUs: table.lastUs,
    clientFirst: table.clientFirst,
    states: halves.state,
    nexts: halves.next,
    ackeds: halves.acked,
    strays: halves.strays,
    waiting: halves.waiting,
  };
  const values: Record<string, number> = {
    seed0: options.hashSeed[0],
    seed1: options.hashSeed[1],
    mask: slots.length - 1,
    listHeads: table.capacity,
    windowMax: options.windowBytesMax,
    lastSlot: -1,
  };
  for (const [name, array] of Object.entries(arrays)) values[name] = array.byteOffset;
  for (const [name, value] of Object.entries(values)) (exports[name] as WebAssembly.Global).value = value | 0;
  return exports as unknown as SegmentProgram;
}
