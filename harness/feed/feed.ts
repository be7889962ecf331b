/** What drives a target during a pass: a link with frames, or a load that another program makes. */

import type { Answers } from '../preload/options.ts';
import type { Target } from '../target/target.ts';
import type { Unanswered } from './load-reports.ts';
import type { RequestAccount } from './request-account.ts';
import type { Sender, SendResult } from './sender.ts';

/** A sender as a pass sees it; `done` brings no result where nothing was counted. */
export interface Flow
  extends Pick<Sender, 'description' | 'start' | 'progress' | 'stop'>,
    Partial<Pick<Sender, 'pauseAt' | 'resume'>> {
  readonly done: Promise<SendResult | undefined>;
}

/** There before the target starts; opened once the target is ready. */
export interface Feed {
  /** Interfaces that the target captures from; empty where it reads a pipe. */
  readonly interfaces: readonly string[];
  /** It sends nothing and drives nothing: time passes. @default false */
  readonly isWatchOnly?: boolean;
  /** It sends to the port that the target is found to listen on. @default false */
  readonly takesPort?: boolean;
  /** What a load says of the answers it got, once it has ended; undefined where it says nothing that is understood. */
  readonly answers?: Answers | undefined;
  /** What became of recorded requests, once all were sent; undefined where none are. */
  readonly requests?: RequestAccount | undefined;
  /** Requests of a load that got no answer, as far as it says so. */
  readonly unanswered?: Unanswered | undefined;
  /** @throws FloodgateError when the traffic cannot be made or read. */
  open(target: Target): Promise<Flow>;
  /** Says "no more" to the reader, where a link can, and waits until everything sent has been taken. */
  finish(): Promise<void>;
  /** Stops what is still sending and removes the device; safe to call twice. */
  close(): Promise<void>;
}
