/** Sends a scenario's traffic into a link while the caller does other things: the TAP lane from a thread of its own, the exact lane between other work. */

import type { LatenessFigures } from '../traffic/lateness.ts';
import type { ImpairmentRecord, Pace, Phase, Traffic, Truth } from '../traffic/traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import type { SendLedger } from './ledger.ts';

export interface SendOrder {
  readonly traffic: TrafficOrder;
  /** Ignored in the exact lane, which the reader paces. */
  readonly pace: Pace;
}

export interface SendProgress {
  readonly frames: number;
  readonly bytes: number;
  /** Since `start`, without pauses. */
  readonly elapsedUs: number;
  /** How late the last frame was. */
  readonly behindUs: number;
  /** The last frame's own time, after the first frame's. */
  readonly trafficUs: number;
}

/** Known before the first frame; see `Traffic`. */
export interface TrafficDescription {
  readonly linkType: number;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
}

export function describeTraffic(traffic: Traffic): TrafficDescription {
  const { linkType, framesExpected, bytesExpected, durationUs, phases } = traffic;
  return { linkType, framesExpected, bytesExpected, durationUs, phases };
}

/** How the sending kept to its schedule. */
export interface Pacing extends LatenessFigures {
  /** When the last frame was due, and when it was sent, after the first. */
  readonly dueUs: number;
  readonly sentUs: number;
  /** What was sent until each part of a profile ended, and when its last frame was sent. */
  readonly parts: readonly SentPart[];
}

export interface SentPart {
  readonly frames: number;
  readonly bytes: number;
  readonly sentUs: number;
}

export interface SendResult {
  readonly ledger: SendLedger;
  readonly progress: SendProgress;
  /** Undefined where frames were not paced: at top speed, and in the exact lane. */
  readonly pacing: Pacing | undefined;
  /** Undefined where it is not counted, or when the sending was cut short. */
  readonly truth: Truth | undefined;
  readonly impairments: readonly ImpairmentRecord[];
  /** `stop` was called before the last frame. */
  readonly cutShort: boolean;
}

export interface Sender {
  readonly description: TrafficDescription;
  /** Starts the clock and the first frame. */
  start(): void;
  /** Costs next to nothing: call it as often as you like. */
  progress(): SendProgress;
  /**
   * Holds the traffic once `frames` frames have been sent (0: now) and everything sent has left this process; the
   * schedule's clock stands still. Resolves with where it stands; also when the traffic ended before.
   */
  pauseAt(frames: number): Promise<SendProgress>;
  resume(): void;
  /** Cuts it short; `done` still settles. */
  stop(): void;
  /** @throws FloodgateError when the traffic could not be made or read. */
  readonly done: Promise<SendResult>;
}
