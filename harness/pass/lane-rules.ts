/** How a pass goes in each lane. */
import type { Lane } from '../scenario/scenario.ts';

export interface LaneRules {
  /** For the target's Node.js. */
  readonly nodeArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Readings come when the target takes them, and not by the clock. */
  readonly readsInStep: boolean;
  /** The target ends once its input does: the last use of an instrument comes before that. */
  readonly endsWithInput: boolean;
  /** Frames sent and not yet taken that a slowed target may owe. */
  readonly framesAheadMax: number;
  /** The target serves a load: what it answers is counted. */
  readonly countsAnswers: boolean;
  /** Our agent runs in the files that are published, where the instrument and the run allow it. */
  readonly runsPublished: boolean;
  /** Before and after the traffic. */
  readonly phaseNames: readonly [before: string, after: string];
}

/**
 * Under these, what a program allocates repeats: it is compiled at the same places of its work, and not whenever another thread comes to
 * it. Refused in NODE_OPTIONS, so they are arguments.
 */
export const repeatableArguments: readonly string[] = [
  '--single-threaded',
  '--random-seed=1',
  '--hash-seed=1',
  // Otherwise V8 shrinks the young generation where little was allocated in a while, …
  '--predictable',
  // … collects once more where nothing happened, …
  '--no-memory-reducer',
  // … marks in steps of time, …
  '--no-incremental-marking',
  // … and lets the heap grow by how fast it is filled and collected: by a tenth of what is live to three times that.
  '--heap-growing-percent=50',
];

const exactLaneArguments = [
  ...repeatableArguments,
  // For the collections before the traffic: see `harness/preload/step.ts`.
  '--expose-gc',
];

export const laneRules: Readonly<Record<Lane, LaneRules>> = {
  tap: {
    nodeArguments: [],
    environment: {},
    readsInStep: false,
    endsWithInput: false,
    // 36 MB of full-sized frames; the ring of a slowed agent holds 64 MB.
    framesAheadMax: 24_000,
    countsAnswers: false,
    runsPublished: true,
    phaseNames: ['starting', 'settling'],
  },
  exact: {
    nodeArguments: exactLaneArguments,
    // Files that are read at the same time come in the order they were asked for.
    environment: { UV_THREADPOOL_SIZE: '1' },
    readsInStep: true,
    endsWithInput: true,
    // The pipe itself waits for its reader.
    framesAheadMax: Number.POSITIVE_INFINITY,
    countsAnswers: false,
    // What is allocated is compared between versions by its call sites, and those are in modules.
    runsPublished: false,
    phaseNames: ['starting', 'settling'],
  },
  load: {
    nodeArguments: [],
    environment: {},
    readsInStep: false,
    endsWithInput: false,
    framesAheadMax: Number.POSITIVE_INFINITY,
    countsAnswers: true,
    runsPublished: true,
    phaseNames: ['idle', 'recover'],
  },
};
