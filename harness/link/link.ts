/** Where frames are sent: one interface behind a TAP device (through the kernel) and a pipe (the exact lane). */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { Lane } from '../scenario/scenario.ts';

/** What a link says it took, counted on its far side wherever there is one: the other half of the ledger. */
export interface LinkCounters {
  readonly frames: number;
  readonly bytes: number;
  /** Frames it took notice of and threw away. */
  readonly dropped: number;
}

/** Each `frame` is sent until the next `flush`, or refused and counted; nothing throws on this path. */
export interface LinkDevice extends FrameSink {
  /** The network interface's name, or what the pipe leads to. */
  readonly name: string;
  readonly lane: Lane;
  /** Frames the link would not take: too long or too short for it, or gone. */
  readonly framesRefused: number;
  /** Sends what a link keeps to send it together: frames are valid during `frame` alone all the same. */
  flush(): void;
  /** What was taken since the link was opened, by its own account. */
  counters(): LinkCounters;
  /** Resolves when everything sent has left this process. At once for a device. */
  drain(): Promise<void>;
  /** Frees descriptors; the device is gone afterwards. Safe to call twice. */
  close(): void;
}
