/** Traffic: frames made or read on demand, what is known of them, and how fast they are sent. Types only. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { RateProfile } from './rate-profile.ts';

/** What decides the traffic, and nothing else does: the same options give the same frames, timestamps included. */
export interface TrafficOptions {
  /** 32-bit unsigned. Every random choice (synthesis, impairments, timing) is derived from it. */
  readonly seed: number;
  /** Wanted sum of frame lengths in bytes; undefined: the scenario's own size. A recording ignores it. */
  readonly sizeBytes: number | undefined;
}

/** Ground truth of one pass over the traffic: what a perfect observer of the delivered frames could know. */
export interface Truth {
  /** Requests and responses the two hosts really sent. */
  readonly requests: number;
  readonly responses: number;
  /** Those every byte of which is in the delivered frames: an observer must find them. */
  readonly requestsIntact: number;
  readonly responsesIntact: number;
  /** Beyond those intact, messages that an observer may find or not: damaged, or framed by guesses. @default 0 */
  readonly requestsPossible?: number;
  readonly responsesPossible?: number;
  /** Interim answers (1xx) delivered whole: an observer may find them, beside its responses. @default 0 */
  readonly interims?: number;
  /** What could not be known of the traffic, and why. @default nothing */
  readonly doubts?: readonly TruthDoubt[];
  /** Requests that were delivered whole together with their response. @default what the counts above leave no choice about */
  readonly exchangesIntact?: number;
  /** Of these, those in connections of which other bytes were not delivered, or too late: there a pair may be unknowable. @default 0 */
  readonly exchangesTouched?: number;
  /** Exchanges by method, host and path, where the traffic says so: `GET api.example/orders`. */
  readonly endpoints?: Readonly<Record<string, number>>;
}

export interface TruthDoubt {
  readonly count: number;
  /** "streams without their start (no SYN)". */
  readonly what: string;
}

/** What one transform of the stack did to the frames, for the report. */
export interface ImpairmentRecord {
  /** `reorder`, `duplicate`, `loss`, … */
  readonly kind: string;
  /** Its parameters in words: "2 % of frames by up to 50 places". */
  readonly description: string;
  /** Frames it has touched so far. */
  readonly frames: number;
  /** What came behind these frames is missing, and nobody knows how much: what is judged on the rest is no pass. @default not so */
  readonly isIncomplete?: boolean;
}

/** A named stretch of the traffic, on the packets' own clock. */
export interface Phase {
  readonly name: string;
  /** Microseconds after the first frame; phases are in order and the first starts at 0. */
  readonly startUs: number;
}

/** One pass over a scenario's frames, made or read as they are needed: never held as a whole. */
export interface Traffic {
  /** LINKTYPE_ value of the frames: 1 (Ethernet) for all that is sent into a TAP device. */
  readonly linkType: number;
  /** Frames and sum of frame lengths to come, where known beforehand: for progress and for profile windows. */
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  /** Recorded length in microseconds, where known beforehand. */
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly impairments: readonly ImpairmentRecord[];
  /**
   * Delivers about `framesMax` frames, in sending order, timestamps never decreasing (but where a
   * `clock-step` says so); the bytes are valid only during
   * the call. @returns the number delivered, −1 at the end. @throws FloodgateError when the recording is malformed.
   */
  read(sink: FrameSink, framesMax: number): number;
  /** Complete once `read` has returned −1; undefined for a recording whose messages are not counted. */
  truth(): Truth | undefined;
  /** Frees descriptors; safe to call twice. */
  close(): void;
}

/** When a frame is due. `recorded`: its own timestamp, `speed` times as fast. `profile`: at a rate that changes with time. */
export type Pace =
  | { readonly kind: 'recorded'; readonly speed: number }
  | { readonly kind: 'frames'; readonly framesPerSecond: number }
  | { readonly kind: 'bits'; readonly megabitsPerSecond: number }
  | ({ readonly kind: 'profile' } & RateProfile)
  | { readonly kind: 'topspeed' };
