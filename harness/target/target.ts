/** How a thing under test is started, watched and stopped: one interface behind our agent, any Node.js program, any process. */
import type { Duplex, Writable } from 'node:stream';

/** How a target ended. */
export interface TargetExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It ignored SIGTERM for its whole grace period and had to be killed. */
  readonly killed: boolean;
  /** Whether `stop` was called before it ended: an end nobody asked for is a finding. */
  readonly expected: boolean;
  /** Last lines of its standard error, at most 20. */
  readonly lastLines: readonly string[];
}

export interface Target {
  /** As the report names it: `agent`, or the command line. */
  readonly name: string;
  /** Process whose memory is watched; 0 where it runs out of our sight (a URL). */
  readonly pid: number;
  /** What reproduces it by hand; empty where we did not start it. */
  readonly commandLine: readonly string[];
  /** Its standard input, where the link is a pipe. */
  readonly input: Writable | undefined;
  /** Two-way channel to the preload of ours, where one is loaded. */
  readonly channel: Duplex | undefined;
  /** Settles once, when it is over; never rejects. */
  readonly exited: Promise<TargetExit>;
  /** Ends it: asks first, kills after a grace period. Safe to call twice; a target not started by us is left running. */
  stop(): Promise<TargetExit>;
}
