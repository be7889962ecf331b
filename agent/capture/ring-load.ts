/**
 * What waits in a TPACKET_V3 ring, and the frames of connections that the kernel is asked to leave out: a second socket
 * counts them, for a filter refuses without a count.
 */
import { acceptAll, type BpfProgram } from './bpf-program.ts';
import { flowProgram } from './flow-filter.ts';
import type { SourceLoad } from './frame-source.ts';
import type { PacketSocket } from './sys/packet-socket.ts';
import { Tpacket3 } from './tpacket3.ts';

export interface RingLoadOptions {
  readonly words: Uint32Array;
  readonly blockWords: number;
  readonly blocks: number;
  /** The block that is read, or is to be read next. */
  readonly current: () => number;
  /** So far. */
  readonly framesPassed: () => number;
  readonly socket: PacketSocket;
  /** What is wanted of all frames. */
  readonly filter: BpfProgram;
  /** Null: the kernel cannot be asked to leave connections out, or nobody would count them. Bound when first needed; owned. */
  readonly counting: PacketSocket | null;
}

export class RingLoad implements SourceLoad {
  readonly #options: RingLoadOptions;
  #framesShed = 0;
  #isCounting = false;
  #isOver = false;

  constructor(options: RingLoadOptions) {
    this.#options = options;
  }

  get canShedFlows(): boolean {
    return this.#options.counting !== null;
  }

  ringFill(): number {
    if (this.#isOver) return 0;
    const { words, blockWords, blocks, current } = this.#options;
    const first = current();
    let waiting = 0;
    for (let block = first; waiting < blocks; waiting += 1) {
      if ((Atomics.load(words, block * blockWords + Tpacket3.blockStatus) & Tpacket3.statusUser) === 0) break;
      block = block + 1 === blocks ? 0 : block + 1;
    }
    // One is being read.
    return waiting <= 1 ? 0 : (waiting - 1) / (blocks - 1);
  }

  lagMs(nowMs: number): number {
    if (this.#isOver) return 0;
    const { words, blockWords, current } = this.#options;
    const block = current() * blockWords;
    if ((Atomics.load(words, block + Tpacket3.blockStatus) & Tpacket3.statusUser) === 0) return 0;
    const frame = block + words[block + Tpacket3.blockFirst]! / 4;
    const tsMs = words[frame + Tpacket3.seconds]! * 1e3 + words[frame + Tpacket3.nanoseconds]! / 1e6;
    // The clock may have been set meanwhile.
    return Math.max(0, nowMs - tsMs);
  }

  /** Filters change one after the other: a frame that comes between is taken and counted as left out, and none is lost uncounted. */
  keepFlows(share: number, key: readonly [number, number]): void {
    const { socket, filter, counting } = this.#options;
    if (counting === null || this.#isOver) return;
    if (share >= 1) {
      socket.attachFilter(filter);
      this.#count();
      counting.attachFilter(acceptAll(0));
      return;
    }
    counting.attachFilter(flowProgram(share, key, filter, true));
    if (!this.#isCounting) counting.bind();
    this.#isCounting = true;
    socket.attachFilter(flowProgram(share, key, filter));
    this.#count();
  }

  flowFrames(): { readonly passed: number; readonly shed: number } {
    return { passed: this.#options.framesPassed(), shed: this.framesShed };
  }

  /** Frames left out so far. */
  get framesShed(): number {
    this.#count();
    return this.#framesShed;
  }

  /** Nothing is taken in any more: nothing is left out either. */
  stop(): void {
    this.#count();
    this.#isOver = true;
    this.#options.counting?.close();
  }

  #count(): void {
    if (this.#isCounting && !this.#isOver) this.#framesShed += this.#options.counting!.takeStatistics().passed;
  }
}
