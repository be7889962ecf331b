/** How much of witnesses in the making is held. */
import type { BodyLimits } from '../body/body-limits.ts';

export interface WitnessLimits {
  readonly body: BodyLimits;
  /** Halves waiting for the other one, and messages in flight. */
  readonly pendingMax: number;
  /** Packet time a half waits. */
  readonly pendingTimeoutUs: number;
  /** Estimated weight of one message's values, and of all together. */
  readonly messageBytesMax: number;
  readonly totalBytesMax: number;
}

/** Exchanges that are over and kept for the next ones: as many as end before others begin. */
export const idleExchangesMax = 64;
/** Of one with its readers, at most. */
export const idleExchangeBytes = 7000;

export const defaultWitnessLimits: Omit<WitnessLimits, 'body'> = {
  // An exchange in flight on every second stream of the default table.
  pendingMax: 8192,
  // Longer than gateways wait for their upstreams (nginx, AWS, GCP: 60 s).
  pendingTimeoutUs: 90_000_000,
  // Some 40 thousand values: more than any API answers in earnest.
  messageBytesMax: 4 << 20,
  totalBytesMax: 32 << 20,
};
