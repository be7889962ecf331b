/** What a scenario is: traffic made on demand from a seed, how it is sent, and the budget it is judged against. Types, one identity function, and the limits that most have. */
import type { Pace, Traffic, TrafficOptions } from '../traffic/traffic.ts';
import type { AgentStage } from './agent-stage.ts';

/**
 * `tap`: through the kernel, as in production. `exact`: recorded frames over a pipe on the packets' own clock.
 * `load`: no frames; a load of another program, or none, at a target that is not our agent.
 */
export type Lane = 'tap' | 'exact' | 'load';

/** Limits by the name of their metric, each in its unit: docs/metrics.md, and `harness/metrics/table.ts`, which it is made from. */
export type Budget = Readonly<Record<string, number>>;

export interface Scenario {
  /** Kebab-case; also the folder's name. */
  readonly name: string;
  /** One line for `floodgate list`. */
  readonly summary: string;
  /** The real thing it stands for: a paragraph. */
  readonly about?: string;
  /** What it is listed under. */
  readonly group?: string;
  /** Names that `floodgate gate --set` takes. */
  readonly sets?: readonly string[];
  /** A defect (`scenarios/defects/`) that breaks its budget. */
  readonly brokenBy?: string;
  /** Used unless `--seed` is given. */
  readonly seed: number;
  /** How fast it is sent in the TAP lane unless an option says otherwise. The exact lane is paced by the reader. */
  readonly pace: Pace;
  /** Pace within `floodgate gate`, where it has to be quicker than the recording. @default pace */
  readonly gatePace?: Pace;
  /** Lanes it makes sense in; the first is the default. */
  readonly lanes: readonly Lane[];
  /** The stage the agent ends after, where the scenario is about a part of it. @default all stages in the TAP lane */
  readonly until?: AgentStage;
  /** Arguments for the agent beyond those that the harness gives, e.g. `['--memory', '96MB']`. */
  readonly agentArguments?: readonly string[];
  readonly budget: Budget;
  /** Limits of `floodgate gate` in place of the same ones of `budget`: it judges our own agent alone. */
  readonly gateBudget?: Budget;
  /** Seconds watched after the last frame, to see the memory come back. @default 2 */
  readonly settleSeconds?: number;
  /** Starts one pass. @throws FloodgateError when its recording cannot be read. */
  open(options: TrafficOptions): Traffic;
}

/** Checks a scenario's shape at compile time and hands it back: `export const scenario = defineScenario({ … })`. */
export function defineScenario(scenario: Scenario): Scenario {
  return scenario;
}

/** Decimal, as the article counts. */
export const megabyte = 1_000_000;

/** The figures that the article's team reached after 25 days, for their agent. */
export const articleMemory: Budget = { 'rss.p99': 200 * megabyte, 'rss.p999': 280 * megabyte };

/** What our own agent is held to by its release gate (docs/benchmarks.md). The first run after an installation takes 20 MB more than the next. */
export const gateMemory: Budget = { 'rss.p99': 120 * megabyte, 'rss.p999': 130 * megabyte };

/** Everything that was delivered is found, and nothing is left of what was found that no policy says why. */
export const allAccounted: Budget = {
  'dropped.frames': 0,
  'missed.messages': 0,
  'witnesses.missing': 0,
  'bodies.cut': 0,
};

/** Everything that was delivered is found, and everything found is in a witness with the whole of its bodies. */
export const nothingLost: Budget = { ...allAccounted, 'exchanges.shed': 0, 'bodies.shed': 0 };
