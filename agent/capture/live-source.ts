/** What live sources share: they can be asked without blocking, and waited for with a timer that adapts. */
import { FloodgateError } from '../errors.ts';
import { frameBytesMax } from '../pcap/block.ts';
import type { FrameSource } from './frame-source.ts';

/** How devices are captured from; every option has a default. */
export interface LiveOptions {
  /** Kernel ring of each interface, rounded up to whole blocks. @default 16 MiB: 0.2 s of a flood of 75 MB/s; resident as long as the agent runs */
  readonly ringBytes?: number;
  /** Bytes the kernel fills before it hands them over: a power of two, from the system page up. @default 256 KiB */
  readonly blockBytes?: number;
  /** A block is handed over after this long even if it is not full. @default 20 */
  readonly blockTimeoutMs?: number;
  /** Bytes kept of each frame. @default 262144, all of any frame */
  readonly snapLength?: number;
  /** See frames addressed to other hosts. @default true */
  readonly promiscuous?: boolean;
  /** Only frames received by the host, only frames it sent, or both. @default 'both' */
  readonly direction?: 'in' | 'out' | 'both';
  /** Share the traffic of each interface, by flow, among all rings of the machine that name the same group (0–65535). */
  readonly fanout?: { readonly group: number; readonly mode: 'hash' } | null;
  /** In the language of pcap-filter(7). */
  readonly filter?: string | null;
  /** Called once when an interface goes away while others go on. */
  readonly onNotice?: (message: string) => void;
}

export const ringBytesDefault = 16 << 20;
export const blockBytesDefault = 256 << 10;

/** The geometry asked for; the kernel maps two blocks at least, since it fills one while the other is read. */
export function ringGeometry(options: LiveOptions): { readonly blockBytes: number; readonly blocks: number } {
  const blockBytes = options.blockBytes ?? blockBytesDefault;
  return { blockBytes, blocks: Math.max(2, Math.ceil((options.ringBytes ?? ringBytesDefault) / blockBytes)) };
}

/** What capturing from `interfaces` devices maps, all of it resident from the start: a term of the agent's memory. */
export function ringBytesTotal(options: LiveOptions, interfaces: number): number {
  const { blockBytes, blocks } = ringGeometry(options);
  return blockBytes * blocks * interfaces;
}

/** The largest ring: kernel memory that is never swapped. */
const ringBytesMax = 2 ** 30;
/** What the smallest block must hold, so that a full frame with its header fits the least of them. */
const blockBytesMin = 4_096;
const blockBytesMax = 2 ** 22;

/** @throws FloodgateError `option-invalid` naming the option, its value and its range. */
export function checkLiveOptions(options: LiveOptions): void {
  within('ring bytes', options.ringBytes, blockBytesMin * 2, ringBytesMax);
  within('block bytes', options.blockBytes, blockBytesMin, blockBytesMax);
  within('block timeout in ms', options.blockTimeoutMs, 1, 10_000);
  within('snap length', options.snapLength, 1, frameBytesMax);
  within('fanout group', options.fanout?.group, 0, 65_535);
  const { blockBytes } = options;
  if (blockBytes !== undefined && (blockBytes & (blockBytes - 1)) !== 0) {
    throw invalidOption(`block bytes must be a power of two, not ${blockBytes}`);
  }
}

function within(what: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw invalidOption(`${what} must be from ${min} to ${max}, not ${value}`);
}

function invalidOption(message: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint: 'leave it out for the default' });
}

export interface LiveSource extends FrameSource {
  /** Whether `read` has frames, or an end or error, to deliver now. */
  isReady(): boolean;
}

/** The shortest pause a timer can make. */
const pauseMsMin = 1;
/** The longest while idle: at 1 GB/s, the most a device here was driven at, half of the default ring fills meanwhile. */
const pauseMsMax = 8;

/**
 * Waits for a ring without a thread: its state lies in shared memory and costs nothing to look at. Pauses double while
 * nothing comes. Polling on a thread of the pool instead would hold one of four threads per interface.
 */
export class AdaptivePause {
  #pauseMs = pauseMsMin;

  /** Resolves when `isReady`, looked at with growing pauses, or after `timeoutMs`. */
  async until(isReady: () => boolean, timeoutMs: number): Promise<void> {
    for (let leftMs = timeoutMs; !isReady() && leftMs > 0; ) {
      const pauseMs = Math.min(this.#pauseMs, leftMs);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      leftMs -= pauseMs;
      this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
    }
    if (isReady()) this.#pauseMs = pauseMsMin;
  }
}
