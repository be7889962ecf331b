/** How a thing under test is started, watched and stopped: one interface behind our agent, any Node.js program, any process. */
import type { Duplex, Writable } from 'node:stream';
import type { PreloadOptions } from '../preload/options.ts';
import type { MemoryAccount } from '../watch/proc-memory.ts';

/** Why a pass was ended before its traffic was: see `GiveUp`. */
export type GivenUp =
  | { readonly why: 'stalled'; readonly stalledMs: number }
  | { readonly why: 'memory'; readonly rssBytes: number };

/** How a target ended. */
export interface TargetExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It ignored SIGTERM for its whole grace period and had to be killed. */
  readonly killed: boolean;
  /** Whether `stop` was called before it ended, and for no fault of its own: another end is a finding. */
  readonly expected: boolean;
  /** An exception that nothing caught ended it when it was asked to end: only Node.js says so. */
  readonly uncaught?: true;
  /** Set where it was ended for a fault. */
  readonly givenUp?: GivenUp;
  /** Last lines of its standard error, at most 20. */
  readonly lastLines: readonly string[];
}

/** Weights of the witnesses of an endpoint. */
export interface EndpointSums {
  readonly certain: number;
  readonly weight: number;
  readonly weightSquares: number;
  readonly weightMax: number;
}

/** What a collector had stored when it ended. */
export interface Collected {
  readonly batches: number;
  readonly witnesses: number;
  /** By method, host and path, as in `Truth.endpoints`; undefined where there are too many. */
  readonly endpoints?: { readonly leastShare: number; readonly sums: Readonly<Record<string, EndpointSums>> };
  /** It ended when it was asked to, and not before. */
  readonly endedWell: boolean;
}

/** A process of ours beside the target that the target works with; it outlives the target, which hands over its last work. */
export interface Companion {
  readonly name: string;
  readonly pid: number;
  /** Safe to call twice. */
  stop(): Promise<Collected>;
}

export interface Target {
  /** As the report names it: `agent`, or the command line. */
  readonly name: string;
  /** Process whose memory is watched; 0 where it runs out of our sight (a URL). */
  readonly pid: number;
  /** The process that we started, where another one of its family is watched: a launcher. @default pid */
  readonly rootPid?: number;
  /** What reproduces it by hand; empty where we did not start it. */
  readonly commandLine: readonly string[];
  /** Which of its files were started, in words; only of our agent, which has several of the same. */
  readonly startedFrom?: string;
  /** TCP port it listens on, where that was looked for. */
  readonly port?: number | undefined;
  /** The port that it was given, where it listens on another one alone that its command line does not name. */
  readonly givenPort?: number;
  /** Its memory, where `/proc/<pid>` is not the place to look. */
  readonly memory?: MemoryAccount | undefined;
  /** It ran before: what it took until then is none of the run's. @default false */
  readonly ranBefore?: boolean;
  /** Its standard input, where the link is a pipe. */
  readonly input: Writable | undefined;
  /** Stopped by whoever stopped the target, after it. */
  readonly companion?: Companion;
  /** Two-way channel to the preload of ours, where one is loaded. */
  readonly channel: Duplex | undefined;
  /** Settles once, when it is over; never rejects. */
  readonly exited: Promise<TargetExit>;
  /** Ends it: asks first, kills after a grace period. Safe to call twice; a target not started by us is left running. */
  stop(): Promise<TargetExit>;
}

/** What the target is started under. */
export interface Wrapper {
  readonly command: string;
  /** Before the target's own command. */
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What ends it in good order, and how long that may take. */
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
}

/** What a pass wants of the target it starts. */
export interface LaunchOptions {
  /** Interfaces to capture from; empty: frames come on standard input. Only our agent takes frames. */
  readonly interfaces: readonly string[];
  /** Where our agent writes its counters. */
  readonly statsFile: string;
  /** Ignored where frames come on standard input: readings then go by what was read. */
  readonly statsIntervalMs: number;
  /**
   * Set where instruments keep it from its work and take memory in it: resident memory at which it may end, instead of
   * its own limit; and it needs room for what waits meanwhile.
   */
  readonly ceilingBytes: number | undefined;
  /** Our agent in the files that are published, and not module by module. @default false */
  readonly asPublished?: boolean;
  /** Arguments for Node.js, the preload's among them; ignored by what is no Node.js program. */
  readonly nodeArguments: readonly string[];
  /** What a pass wants to see, for a target that is looked into in another way than by the preload. */
  readonly observe: Omit<PreloadOptions, 'channel'>;
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A program that starts the target in its turn. */
  readonly wrapper?: Wrapper;
}

/** A kind of target, ready to be started as often as there are passes. */
export interface TargetLauncher {
  /** As the report names it. */
  readonly name: string;
  /** Whether the preload can be loaded into it. */
  readonly isNode: boolean;
  /** Whether it has call sites of allocations; without, explaining passes are left out. @default true */
  readonly explains?: boolean;
  /** Why it has none, in words. */
  readonly blind?: string;
  /** Instruments of a measuring pass, for the report. @default those of our agent */
  readonly instruments?: readonly string[];
  /** @throws FloodgateError when it cannot be started; nothing is left running then. */
  start(options: LaunchOptions): Promise<Target>;
}
