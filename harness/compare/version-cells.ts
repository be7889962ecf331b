/** How two versions of a project run a scenario: always from the same path, each run a process of its own. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { Lane, RunReport } from '../../reports/model.ts';
import type { ScenarioConfig } from '../project/define.ts';
import { withRequestsExpected } from '../project/expected-requests.ts';
import type { Project } from '../project/find-config.ts';
import { keptIn } from '../project/kept-texts.ts';
import { isOwnAgent, runArguments, targetOf } from '../project/run-arguments.ts';
import { measurementName } from '../report/measurement.ts';
import { sitesFileName, stacksFileName } from '../report/sites-file.ts';
import { targetWords } from '../report/target-words.ts';
import { wordsOf } from '../target/last-words.ts';
import { freshCommands } from './build-version.ts';
import { runCell } from './cell-run.ts';
import { isMovedByNeighbours } from './fitness.ts';
import { missingFilesHint, missingSubmodulesHint } from './missing-files.ts';
import { refuseOutside } from './outside-checkout.ts';
import type { Side } from './pairs.ts';
import { environmentOf, refuseOtherRuntime, runtimeVariable } from './pinned-runtime.ts';
import { comparedThresholds } from './thresholds.ts';
import type { Version } from './version-label.ts';
import type { VersionStore } from './version-store.ts';

/** Long enough for a service that listens to have started, and for a last reading of each thread; a scenario may say otherwise. */
const restOfAllocation = { idle: '200ms', recover: '300ms' } as const;

/** Which versions are run, and of what. */
export interface CellsOrder {
  readonly project: Project;
  readonly scenario: ScenarioConfig;
  readonly versions: Readonly<Record<Side, Version>>;
  readonly store: VersionStore;
  /** The comparison's report. */
  readonly folder: string;
  readonly environment: string | undefined;
  /** As typed: `allocated.perRequest=5%`. */
  readonly thresholds: readonly string[];
  /** These are judged and no others. @default all with a threshold */
  readonly metrics?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

export interface Cells {
  readonly lane: Lane;
  readonly thresholds: ReadonlyMap<string, number>;
  readonly repeats: boolean;
  /** Of a run so far; 0 before the first. */
  readonly meanMs: number;
  readonly folderOf: (name: string) => string;
  readonly run: (side: Side, name: string, words: readonly string[]) => Promise<RunReport>;
}

/** Our agent is compared where numbers repeat, unless the scenario says otherwise. */
export function laneOf(project: Project, scenario: ScenarioConfig): Lane {
  return scenario.lane ?? (isOwnAgent(targetOf(project, scenario)) ? 'exact' : 'load');
}

/** What is judged of a scenario, each with its threshold. @throws FloodgateError `option-invalid` */
export function thresholdsIn({ project, scenario, environment, thresholds, metrics }: CellsOrder): Map<string, number> {
  return comparedThresholds(project, scenario, laneOf(project, scenario), environment, thresholds, metrics);
}

/**
 * How a version is run: always from the same path.
 * @param thresholds what these runs are to judge. @throws FloodgateError for a target that runs already
 */
export function cellsOf(order: CellsOrder, thresholds: ReadonlyMap<string, number> = thresholdsIn(order)): Cells {
  const { project, scenario, versions, store, folder, environment, signal } = order;
  const target = targetOf(project, scenario);
  const lane = laneOf(project, scenario);
  if (target !== undefined && ('pid' in target || 'url' in target)) {
    throw new FloodgateError('option-invalid', `scenario "${scenario.name}" watches a program that runs already`, {
      hint: 'Two versions need a target that floodgate starts: { command }.',
    });
  }
  const runtimes = { base: store.runtimeOf(versions.base), head: store.runtimeOf(versions.head) };
  if (target !== undefined && 'command' in target) {
    refuseOutside(target.command, project.folder, store);
    refuseOtherRuntime(runtimes, target.command);
  }
  // Time and resident memory are judged as they are in production; what is allocated, as it repeats.
  const isRepeatable = lane === 'load' && ![...thresholds.keys()].some(isMovedByNeighbours);
  // Rest before and after a load is for resident memory: seven seconds a run that decide nothing here.
  const rest = [...thresholds.keys()].every((name) => /^(allocated|requests)\./.test(name)) ? restOfAllocation : {};
  const ordered = lane === 'load' ? { ...rest, ...scenario } : { ...scenario, lane };
  const words = runArguments(project, ordered, { environment, keep: keptIn(path.join(folder, scenario.name)) });
  if (isRepeatable) words.push('--repeatable');
  const place = isOwnAgent(target) ? ['--agent', store.projectFolder] : ['--target-dir', store.projectFolder];
  const folderOf = (name: string) => path.join(folder, scenario.name, name);
  let measuredMs = 0;
  let runs = 0;
  return {
    lane,
    thresholds,
    repeats: lane === 'exact' || isRepeatable,
    get meanMs() {
      return runs > 0 ? measuredMs / runs : 0;
    },
    folderOf,
    run: async (side, name, more) => {
      store.activate(versions[side]);
      const out = folderOf(name);
      mkdirSync(out, { recursive: true, mode: 0o700 });
      const report = await withMissing(order, async () => {
        const made = await runCell({
          ...{ arguments: [...words, ...place, ...more], folder: project.folder, out, signal },
          env: { ...(environmentOf(runtimes[side]) ?? process.env), [runtimeVariable]: '1' },
          who: whoIs(side, versions[side]),
        });
        keepReport(out);
        // A load that decides nothing is no such fault: failed requests are compared.
        if (made.partial || made.fault?.exitCode === 1) throw died(side, versions[side], made);
        return made;
      });
      measuredMs += report.durationMs;
      runs += 1;
      return withRequestsExpected(scenario, report);
    },
  };
}

const whoIs = (side: Side, { label }: Version): string => `${side} (${label})`;

/** What a start failed for may be that a file is not in the checkout. */
async function withMissing<T>({ project, scenario, store }: CellsOrder, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const target = targetOf(project, scenario);
    if (!(error instanceof FloodgateError) || error.code !== 'run-failed' || !target || !('command' in target))
      throw error;
    const { folder } = project;
    const { projectFolder, checkout } = store;
    const build = [project.config.build ?? freshCommands(projectFolder, checkout)].flat();
    const submodules = missingSubmodulesHint(checkout, build);
    const files = missingFilesHint({ command: target.command, folder, projectFolder, build });
    const hint = [submodules, files].filter((each) => each !== '').join('\n');
    if (hint === '') throw error;
    const { code, message, exitCode } = error;
    throw new FloodgateError(code, message, { hint: `${hint}\n${error.hint}`, exitCode, cause: error });
  }
}

/** A head that dies has failed; a base that dies leaves nothing to compare with. */
function died(side: Side, version: Version, report: RunReport): FloodgateError {
  const said = targetWords(report);
  return new FloodgateError('run-failed', `${whoIs(side, version)}: ${report.verdict.headline}`, {
    hint: `${said.length > 0 ? `${wordsOf(said)}\n` : ''}Run it by hand: ${report.command}`,
    exitCode: side === 'head' ? 1 : 2,
  });
}

/** Of a run the comparison rests on its data alone: forty runs in every format would fill a disk. */
function keepReport(folder: string): void {
  const kept = new Set(['report.json', 'load.log', sitesFileName, stacksFileName, measurementName]);
  for (const name of readdirSync(folder)) {
    if (!kept.has(name)) rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
