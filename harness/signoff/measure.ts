/** The runs behind a sign-off: each scenario of the candidate by its budgets, in each lane, and in pairs with the release before it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparedScenario } from '../../reports/comparison.ts';
import type { Lane, RunReport } from '../../reports/model.ts';
import { runCell } from '../compare/cell-run.ts';
import { compareScenario, type PairsFacts, type ScenarioOrder } from '../compare/compare-scenario.ts';
import { thresholdsOf } from '../compare/thresholds.ts';
import type { Version } from '../compare/version-label.ts';
import type { VersionStore } from '../compare/version-store.ts';
import { definitionOf } from '../ledger/definition.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { keptIn } from '../project/kept-texts.ts';
import { isOwnAgent, runArguments, targetOf } from '../project/run-arguments.ts';
import { lanesOf } from './scenario-lanes.ts';

export interface MeasureOrder {
  readonly project: Project;
  readonly scenarios: readonly ScenarioConfig[];
  readonly store: VersionStore;
  readonly candidate: Version;
  readonly previous: Version | undefined;
  readonly environment: string | undefined;
  /** Heap snapshots of runs that are over stay beside their reports. */
  readonly keepsSnapshots: boolean;
  /** Of our own agent; a service has one lane. */
  readonly lanes: readonly ('tap' | 'exact')[];
  /** In which versions are compared. */
  readonly comparedLanes: readonly ('tap' | 'exact')[];
  /** Empty, on this machine; holds what is measured. */
  readonly workFolder: string;
  readonly pairs: Pick<ScenarioOrder, 'pairsMax' | 'deadlineMs' | 'nowMs' | 'readMachine' | 'pause' | 'seed'>;
  readonly signal: AbortSignal;
  readonly onStep: (text: string) => void;
  /** Says every few seconds what it waits for; undefined: it waits no longer. */
  readonly onWait: (text: string | undefined) => void;
}

export interface MeasuredRun {
  readonly lane: Lane;
  readonly thresholds: ReadonlyMap<string, number>;
  /** Folder with report and measurement, or why there is none. */
  readonly outcome:
    | { readonly report: RunReport; readonly folder: string; readonly definition: string }
    | { readonly failure: FloodgateError };
}

export interface MeasuredComparison {
  readonly lane: Lane;
  readonly outcome:
    | { readonly result: ComparedScenario; readonly facts: PairsFacts; readonly folder: string }
    | { readonly failure: FloodgateError };
}

export interface MeasuredScenario {
  readonly scenario: ScenarioConfig;
  readonly runs: readonly MeasuredRun[];
  readonly comparisons: readonly MeasuredComparison[];
}

/** @throws FloodgateError `interrupted`, or where a scenario names a program that floodgate does not start */
export async function measure(order: MeasureOrder): Promise<MeasuredScenario[]> {
  const measured: MeasuredScenario[] = [];
  const beganMs = order.pairs.nowMs();
  for (const [at, scenario] of order.scenarios.entries()) {
    refuseRunning(order.project, scenario);
    const leftMs = ((order.pairs.nowMs() - beganMs) / Math.max(1, at)) * (order.scenarios.length - at);
    const left = at === 0 ? '' : `, about ${Math.ceil(leftMs / 60_000)} min left`;
    const place = `${scenario.name} (${at + 1} of ${order.scenarios.length}${left})`;
    const runs: MeasuredRun[] = [];
    const comparisons: MeasuredComparison[] = [];
    const lanes = await lanesOf(order, scenario);
    for (const lane of lanes.all) {
      order.onStep(`${place}: ${lane} lane, by its budgets`);
      runs.push(await measureRun(order, scenario, lane, lanes.usual));
    }
    for (const lane of lanes.compared) {
      if (!order.previous) break;
      order.onStep(`${place}: ${lane} lane, against ${order.previous.label}`);
      comparisons.push(await measurePairs(order, scenario, lane, order.previous));
    }
    measured.push({ scenario, runs, comparisons });
  }
  return measured;
}

/** @throws FloodgateError `option-invalid` */
function refuseRunning(project: Project, scenario: ScenarioConfig): void {
  const target = targetOf(project, scenario);
  if (target === undefined || !('pid' in target || 'url' in target)) return;
  throw new FloodgateError('option-invalid', `scenario "${scenario.name}" watches a program that runs already`, {
    hint: 'A candidate needs a target that floodgate starts: { command }.',
  });
}

async function measureRun(
  order: MeasureOrder,
  scenario: ScenarioConfig,
  lane: Lane,
  usual: Lane,
): Promise<MeasuredRun> {
  const { project, store, candidate, environment, workFolder, signal } = order;
  const out = path.join(workFolder, 'runs', scenario.name, lane);
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const asked = lane === 'load' || lane === usual ? scenario : { ...scenario, lane };
  const thresholds = thresholdsOf(project, scenario, lane, environment, []);
  const isAgent = isOwnAgent(targetOf(project, scenario));
  const words = [
    ...runArguments(project, asked, { environment, keep: keptIn(out) }),
    ...(isAgent ? ['--agent', store.projectFolder] : ['--target-dir', store.projectFolder]),
    '--keep-measurement',
    ...(order.keepsSnapshots ? ['--keep-snapshots'] : []),
  ];
  try {
    store.activate(candidate);
    const run = await runCell({ arguments: words, folder: project.folder, out, signal });
    const report = withoutCheckout(run, path.relative(project.folder, store.projectFolder));
    return { lane, thresholds, outcome: { report, folder: out, definition: definitionOf(report, project.folder) } };
  } catch (error) {
    return { lane, thresholds, outcome: { failure: failureOf(error) } };
  }
}

/** Call sites by their place in the source, and not in the folder where the candidate was run; its command stays. */
function withoutCheckout(report: RunReport, checkout: string): RunReport {
  const prefix = JSON.stringify(path.join(checkout, path.sep)).slice(1, -1);
  return { ...JSON.parse(JSON.stringify(report).replaceAll(prefix, '')), command: report.command };
}

async function measurePairs(
  order: MeasureOrder,
  scenario: ScenarioConfig,
  lane: Lane,
  previous: Version,
): Promise<MeasuredComparison> {
  const { project, store, candidate, environment, workFolder, signal, onStep, onWait, pairs } = order;
  const folder = path.join(workFolder, 'pairs', lane);
  let facts: PairsFacts | undefined;
  try {
    const { compared: result } = await compareScenario({
      ...pairs,
      ...{ project, store, folder, environment, signal, onStep, onWait },
      scenario: lane === 'load' ? scenario : { ...scenario, lane },
      versions: { base: previous, head: candidate },
      thresholds: [],
      sites: 'worse',
      keepsMeasurement: true,
      onJudged: (judged) => {
        facts = judged;
      },
    });
    return { lane, outcome: { result, facts: facts!, folder: path.join(folder, scenario.name) } };
  } catch (error) {
    return { lane, outcome: { failure: failureOf(error) } };
  }
}

/** What keeps one scenario from being judged keeps no other from it. @throws what ends all */
function failureOf(error: unknown): FloodgateError {
  if (error instanceof FloodgateError && error.code !== 'interrupted') return error;
  throw error;
}
