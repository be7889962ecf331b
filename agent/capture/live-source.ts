/** What live sources share: they can be asked without blocking, and waited for with a timer that adapts. */
import type { FrameSource } from './frame-source.ts';

/** How devices are captured from; every option has a default. */
export interface LiveOptions {
  /** Kernel ring of each interface, rounded up to whole blocks. @default 16 MiB */
  readonly ringBytes?: number;
  /** Bytes the kernel fills before it hands them over: a multiple of the system page. @default 256 KiB */
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
  /** Told once when an interface goes away while others go on. */
  readonly onNotice?: (message: string) => void;
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
