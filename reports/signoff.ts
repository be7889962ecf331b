/** A release judged: the summary of a sign-off as plain, versioned data. What it says rests on the files beside it in the bundle. */
import type { ComparedScenario } from './comparison.ts';
import type { BudgetResult, Environment, Fault, Lane, Note, ToolInfo, Verdict } from './model.ts';

/**
 * Raised whenever rules change by which a bundle is judged: each bundle is judged by those of its own version.
 * 2: links and programs of the candidate's source count as what they are.
 * 3: thresholds are those of the project in the bundle, both versions say how they were built, and what the summary shows is in its notes.
 * 4: every file that drove the release is listed, with its digest and where it came from, and so is every file of the working folder.
 */
export const SIGNOFF_SCHEMA_VERSION = 4;

export interface SignedVersion {
  /** As it was asked for: `v1.4.0`, `.`, `shop-1.4.0.tgz`. */
  readonly label: string;
  readonly commit: string | null;
  /** True where uncommitted changes are in it. */
  readonly dirty: boolean;
  /** Files of its source, as `candidate.sha256` lists them. */
  readonly files: number;
  /** Of the package it was unpacked from; null where it is none. */
  readonly package: { readonly name: string; readonly sha256: string } | null;
  /** What made it ready to run: commands of the configuration, or installer and scripts of its own. From schema version 3 on. */
  readonly build?: readonly string[] | undefined;
}

export interface PreviousVersion extends Pick<SignedVersion, 'label' | 'commit' | 'dirty'> {
  /** Its source has the very files of the candidate's. */
  readonly isCandidate?: boolean | undefined;
  /** From schema version 3 on. */
  readonly package?: SignedVersion['package'] | undefined;
  readonly build?: readonly string[] | undefined;
}

/** A scenario in one lane, judged by its budgets and by the ledger's baselines and waivers. */
export interface SignedRun {
  readonly lane: Lane;
  /** In the bundle; null where it could not be run. */
  readonly folder: string | null;
  /** Of the scenario as it was run (`floodgate.ledger.yaml`). */
  readonly definition: string;
  /** Shares by metric that a baseline is held against. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly budgets: readonly BudgetResult[];
  /** By budget: readings behind the figure. */
  readonly samples: Readonly<Record<string, number>>;
  /** What to type to run it again. */
  readonly command: string;
  readonly verdict: Verdict;
  /** What keeps it from passing whatever its limits are: the target died, the load was not there. */
  readonly fault?: Fault | undefined;
  /** It ended with this when it was asked to end, which may be meant; absent where it is a signal's, or none of a fault. */
  readonly exitCode?: number | undefined;
}

/** A scenario under the candidate and the release before it, in pairs. */
export interface SignedComparison {
  /** Of the pairs, in the bundle. */
  readonly folder: string;
  /** Of the order within pairs, and of what is drawn to find the smallest change that would have been seen. */
  readonly seed: number;
  readonly pairsMax: number;
  /** Versions were run so that repeats can agree. */
  readonly repeats: boolean;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly unfitPairs: number;
  readonly lastFault: string;
  /** The time limit ended the pairs before the rule did. */
  readonly isCutShort: boolean;
  /** The scenario says that the candidate is meant to answer something else. @default false */
  readonly mayAnswerOtherwise?: boolean;
  readonly result: ComparedScenario;
}

export interface SignedScenario {
  readonly name: string;
  readonly runs: readonly SignedRun[];
  readonly comparisons: readonly SignedComparison[];
}

/** A file of the working folder that drove the release, and its digest. */
export interface SignedInput {
  /** Relative to the project's folder, with `/` between. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Sent; named by a load, or by a program that it names; by the build; or what scenarios are written in. From schema version 4 on. */
  readonly role?: 'recording' | 'load' | 'build' | 'definition' | undefined;
  /** `candidate`: its source has the very file; else `commit HASH` of the working folder, `working folder`, `installed`, `elsewhere`. From schema version 4 on. */
  readonly from?: string | undefined;
}

/** The folder that loads, recordings and the configuration were read in: `working.sha256` lists its files. */
export interface SignedWorkingFolder {
  /** That was checked out in it; null outside of a repository. */
  readonly commit: string | null;
  /** Of the project in it: `services/shop`; empty where it is the top. */
  readonly folder: string;
  /** Why there is no list: its files were too many, or too large. */
  readonly unlisted?: 'files' | 'bytes' | undefined;
  readonly files: number;
  /** What no commit has as it was, by name: the first of them. */
  readonly changed: readonly {
    readonly name: string;
    readonly state: 'changed' | 'untracked' | 'deleted' | 'unreadable' | 'meanwhile';
  }[];
  readonly changedCount: number;
  /** As its commit has them, and not as the candidate’s commit does: the first of them. */
  readonly other: readonly string[];
  readonly otherCount: number;
}

export interface SignedWaiver {
  readonly scenario: string;
  readonly metric: string;
  readonly reason: string;
  readonly owner: string;
  /** Last day on which it counts. */
  readonly until: string;
}

/** What the runs ran on. */
export type MachineFacts = Pick<Environment, 'node' | 'platform' | 'arch' | 'kernel' | 'cpu' | 'cores' | 'memoryBytes'>;

export interface SignoffReport {
  readonly kind: 'signoff';
  readonly schemaVersion: 1 | 2 | 3 | typeof SIGNOFF_SCHEMA_VERSION;
  readonly tool: ToolInfo;
  readonly release: string;
  readonly candidate: SignedVersion;
  /** Null: the first release, compared with nothing. */
  readonly previous: PreviousVersion | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** When it was judged and sealed. */
  readonly signedAt: string;
  readonly command: string;
  readonly machine: MachineFacts;
  readonly scope: {
    /** Of scenarios; null where they were named one by one, or all were taken. */
    readonly set: string | null;
    /** Scenarios that were left out of it by name. */
    readonly leftOut: readonly string[];
    readonly lanes: readonly Lane[];
  };
  readonly inputs: readonly SignedInput[];
  /** From schema version 4 on. */
  readonly working?: SignedWorkingFolder | undefined;
  readonly scenarios: readonly SignedScenario[];
  /** All of the ledger, used or not. */
  readonly waivers: readonly SignedWaiver[];
  readonly verdict: Verdict;
  readonly notes: readonly Note[];
}

/** Such a comparison says nothing of the release. */
export function isComparedWithItself({ candidate, previous }: Pick<SignoffReport, 'candidate' | 'previous'>): boolean {
  if (previous === null) return false;
  const isSamePackage = candidate.package !== null && previous.package?.sha256 === candidate.package.sha256;
  const isSame = isOwnCommit({ candidate, previous }) && !previous.dirty && !candidate.dirty;
  return previous.isCandidate === true || isSamePackage || isSame;
}

/** Whether the release before it is the candidate's own commit, with changes or without. */
export function isOwnCommit({ candidate, previous }: Pick<SignoffReport, 'candidate' | 'previous'>): boolean {
  return previous !== null && previous.commit !== null && previous.commit === candidate.commit;
}

export type TestOutcome = 'passed' | 'warned' | 'failed' | 'undecided';

/** One limit of a sign-off: a budget of a run, or a threshold of a comparison. */
export interface SignoffTest {
  /** `cart/exact/rss.p99`, `cart/exact/allocated.perMessage/change`. */
  readonly name: string;
  readonly outcome: TestOutcome;
}

const outcomes = {
  pass: 'passed',
  waived: 'warned',
  over: 'failed',
  undecided: 'undecided',
  notMeasured: 'undecided',
  within: 'passed',
  worse: 'failed',
} as const;

/** Whether a scenario was run at all. A lane that it does not have runs nothing. */
export const wasRun = ({ runs }: Pick<SignedScenario, 'runs'>): boolean => runs.length > 0;

/** Whether a scenario that was run has no comparison, though there is a release before it. One that failed stands among the runs. */
export const lacksComparison = (
  { runs, comparisons }: Pick<SignedScenario, 'runs' | 'comparisons'>,
  previous: SignoffReport['previous'],
): boolean =>
  previous !== null && wasRun({ runs }) && comparisons.length === 0 && runs.every(({ folder }) => folder !== null);

/**
 * Every limit, in the order of the report. A scenario or a run that judged nothing is a test of its own, which is no pass, and so is a
 * comparison that is not there.
 */
export function testsOf({ scenarios, previous }: Pick<SignoffReport, 'scenarios' | 'previous'>): SignoffTest[] {
  return scenarios.flatMap((scenario) => [
    ...(wasRun(scenario) ? [] : [{ name: `${scenario.name}/run`, outcome: 'undecided' } as const]),
    ...(lacksComparison(scenario, previous)
      ? [{ name: `${scenario.name}/change`, outcome: 'undecided' } as const]
      : []),
    ...scenario.runs.flatMap((run) => testsOfRun(scenario.name, run)),
    ...scenario.comparisons.flatMap(({ result }) =>
      result.metrics.flatMap((metric): SignoffTest[] =>
        metric.decision === 'shown'
          ? []
          : [{ name: `${scenario.name}/${result.lane}/${metric.name}/change`, outcome: outcomes[metric.decision] }],
      ),
    ),
  ]);
}

function testsOfRun(scenario: string, { lane, budgets, verdict, fault }: SignedRun): SignoffTest[] {
  const place = `${scenario}/${lane}`;
  const rows = budgets.map((row) => ({ name: `${place}/${row.name}`, outcome: outcomes[row.state] }));
  const isSaid = rows.some(({ outcome }) => outcome === (verdict.exitCode === 1 ? 'failed' : 'undecided'));
  if (fault === undefined && (verdict.ok || isSaid)) return rows;
  // What no limit says: whoever allows a limit to be broken allows no dead target with it.
  const { exitCode } = fault ?? verdict;
  return [...rows, { name: `${place}/run`, outcome: exitCode === 1 ? 'failed' : 'undecided' }];
}
