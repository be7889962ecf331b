/** Two versions compared: the report as plain, versioned data. What it says of a metric rests on the values that are in it. */
import type { FlameTree, Lane, Note, SourceExcerpt, ToolInfo, Unit, Verdict } from './model.ts';

/** Raised whenever a reader of an older version could misread a newer report. */
export const COMPARISON_SCHEMA_VERSION = 1;

/** Logarithm of the largest ratio of two figures: beyond e¹⁰ one is infinite for every purpose, as from nothing. */
export const logRatioMax = 10;

export interface ComparedVersion {
  /** As it was asked for: `main`, `.`. */
  readonly label: string;
  readonly commit: string | null;
  /** True where uncommitted changes are in it. */
  readonly dirty: boolean;
  /** `shop@1.2.0`, or the name of a package's file; null for what is no package. */
  readonly package: string | null;
  /** Of the copy that was built, by which a later comparison finds it as long as it is kept. */
  readonly key: string;
}

/**
 * `worse` and `within` are beyond doubt at the stated error; `undecided` is neither, and no pass; `shown` has no threshold and
 * is not judged; `notMeasured` has a threshold and no value.
 */
export type ComparedDecision = 'worse' | 'within' | 'undecided' | 'shown' | 'notMeasured';

export interface ComparedMetric {
  readonly name: string;
  readonly unit: Unit;
  /** `max`: more is worse; `min`: less is worse. */
  readonly bound: 'max' | 'min';
  /** One a pair, in the order in which they ran; null where a run did not measure it. */
  readonly base: readonly (number | null)[];
  readonly head: readonly (number | null)[];
  readonly baseMedian: number | null;
  readonly headMedian: number | null;
  /** Change as a share of the base, worse above 0, with its interval; null where it is not known. */
  readonly change: number | null;
  readonly changeLow: number | null;
  readonly changeHigh: number | null;
  readonly threshold: number | null;
  /** Smallest change that these runs would have called worse nine times of ten. */
  readonly detectable: number | null;
  readonly decision: ComparedDecision;
  /** Why it could not be decided or measured, and what it would take. */
  readonly note: string;
}

export interface ComparedScenario {
  readonly name: string;
  readonly lane: Lane;
  /** `numbers`: repeats agree, so numbers are compared; `pairs`: an interval over interleaved pairs. */
  readonly method: 'numbers' | 'pairs';
  readonly pairs: number;
  readonly metrics: readonly ComparedMetric[];
  /** What changed most, from a pass of its own for each version; empty where none was run, or nothing stood out. */
  readonly sites: readonly ComparedSite[];
  /** Why limits that hold say nothing: the load was not served, or answered otherwise. Absent where they do. */
  readonly fault?: string;
  /** Where it is defined, the file relative to the project; absent in reports of before. */
  readonly definedIn?: { readonly file: string; readonly line: number };
  readonly notes: readonly Note[];
}

/** Resident memory of one pair of a scenario. */
export interface ComparedTimeline {
  readonly scenario: string;
  /** Which pair, from 1 on: the one whose ratio of peaks is the middle one. */
  readonly pair: number;
  /** Milliseconds since the traffic began, ascending; below 0 before it. */
  readonly tMs: readonly number[];
  /** Bytes; null where a run had not begun, or was over. */
  readonly base: readonly (number | null)[];
  readonly head: readonly (number | null)[];
}

/** What a scenario's versions allocate, in bytes a request or message: `before` is the base, `after` the head. */
export interface ComparedFlame extends FlameTree {
  readonly scenario: string;
}

/** A function that allocates more or less in the head: bytes a request, or a message. */
export interface ComparedSite {
  /** Relative to the project; what lies beside it in its repository begins with `../`. */
  readonly file: string;
  /** The costliest line of the function in the head; 1-based, 0 where unknown. */
  readonly line: number;
  readonly functionName: string;
  readonly isOffHeap: boolean;
  /** Null: the function allocates nothing there, or is not there. */
  readonly baseBytes: number | null;
  readonly headBytes: number | null;
  /** Standard error of the difference. */
  readonly errorBytes: number;
  /** Lines of the function that are new or other than in the base, 1-based; absent where it is not known. */
  readonly changed?: readonly number[];
  /** Lines of the head around what grew most; null for the others, and where there is no source to read. */
  readonly source: SourceExcerpt | null;
  /** What it was in the base, where that has another name, place or extent; null where it is the same function, new, or gone. */
  readonly origin: SiteOrigin | null;
}

/** A function of the base that became another one. */
export interface SiteOrigin {
  /**
   * `renamed`: it, or its file; `replaced`: another one does its work; `split`: taken out of one that is still there; `joined`: one that is
   * gone, whose work is in this one.
   */
  readonly how: 'renamed' | 'replaced' | 'split' | 'joined';
  readonly file: string;
  readonly functionName: string;
}

export interface ComparisonReport {
  readonly kind: 'comparison';
  readonly schemaVersion: typeof COMPARISON_SCHEMA_VERSION;
  readonly tool: ToolInfo;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly command: string;
  /** The project's folder in its repository, with slashes; empty at the top. Files of sites are relative to the project. */
  readonly folder: string;
  readonly base: ComparedVersion;
  readonly head: ComparedVersion;
  /** Error of one verdict: identical versions called worse, or a version at its threshold called within. */
  readonly errorRate: number;
  readonly scenarios: readonly ComparedScenario[];
  /** Of the scenarios whose memory was sampled. */
  readonly timelines: readonly ComparedTimeline[];
  /** Of the scenarios whose call sites were looked at. */
  readonly flames: readonly ComparedFlame[];
  /** What could not be run, or died, with what it said; absent where all came to a verdict. */
  readonly failures?: readonly ComparedFailure[];
  /** The configuration, relative to the project; absent in reports of before. */
  readonly config?: string;
  readonly verdict: Verdict;
}

export interface ComparedFailure {
  readonly message: string;
  /** What to do, and what a program wrote last; without secrets, and bounded. */
  readonly details: string;
}

/** Whether something could not be run, or died: no metric says so. */
export function isIncomplete({ scenarios, verdict: { exitCode } }: Pick<ComparisonReport, 'scenarios' | 'verdict'>) {
  const isWorse = scenarios.some(({ metrics }) => metrics.some(({ decision }) => decision === 'worse'));
  return exitCode === 2 || exitCode === 3 || (exitCode === 1 && !isWorse);
}

/** Figures that are not judged, of those that either version has. */
export function shownMetrics({ metrics }: ComparedScenario): readonly ComparedMetric[] {
  return metrics.filter(
    ({ decision, baseMedian, headMedian }) => decision === 'shown' && (baseMedian !== null || headMedian !== null),
  );
}

/** Metrics that decide a verdict, worst first. */
export function judgedMetrics(scenario: ComparedScenario): readonly ComparedMetric[] {
  const order = ['worse', 'undecided', 'notMeasured', 'within'];
  return scenario.metrics
    .filter(({ decision }) => decision !== 'shown')
    .sort((a, b) => order.indexOf(a.decision) - order.indexOf(b.decision));
}
