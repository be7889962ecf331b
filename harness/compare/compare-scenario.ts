/** One scenario of a project under two versions: how each is run, and what is said of both. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { createRandom } from '../../agent/seeded-random.ts';
import type { ComparedFlame, ComparedScenario, ComparedSite } from '../../reports/comparison.ts';
import { formatSiteChange } from '../../reports/comparison-sentence.ts';
import { formatDuration } from '../../reports/format.ts';
import type { FlameTree, Lane, RunReport } from '../../reports/model.ts';
import { metrics } from '../metrics/table.ts';
import { projectRoot } from '../profile/files.ts';
import { readPprof } from '../profile/pprof.ts';
import type { Project } from '../project/find-config.ts';
import { keptIn } from '../project/kept-texts.ts';
import { isOwnAgent, runArguments, targetOf } from '../project/run-arguments.ts';
import type { ScenarioConfig } from '../project/scenario-schema.ts';
import { measurementName } from '../report/measurement.ts';
import { type SitesFile, sitesFileName, stacksFileName } from '../report/sites-file.ts';
import { Sources } from '../report/sources.ts';
import type { MachineReading } from '../watch/machine.ts';
import { runCell } from './cell-run.ts';
import { FitMachine } from './fit-machine.ts';
import { isMovedByNeighbours } from './fitness.ts';
import { runPairs, type Side } from './pairs.ts';
import { compareSites, inProject } from './sites.ts';
import { flameByRequest, type StacksByRequest, stacksInProject } from './stacks.ts';
import { thresholdsOf } from './thresholds.ts';
import type { Version } from './version-label.ts';
import type { VersionStore } from './version-store.ts';

/** A change of 1 % in 2,000 requests is found at it. */
const sitesEvery = '4KiB';

/** Sites whose lines are in the report: a person reads the first. */
const sourcesShown = 3;

/** Long enough for a service that listens to have started; a scenario may say otherwise. */
const restOfAllocation = { idle: '200ms', recover: '200ms' } as const;

/** For a fit machine, a scenario; a neighbour that stays longer stays for all of it. */
const waitMaxMs = 120_000;

export interface ScenarioOrder {
  readonly project: Project;
  readonly scenario: ScenarioConfig;
  readonly versions: Readonly<Record<Side, Version>>;
  readonly store: VersionStore;
  /** The comparison's report. */
  readonly folder: string;
  readonly environment: string | undefined;
  /** As typed: `allocated.perRequest=5%`. */
  readonly thresholds: readonly string[];
  /** When call sites are looked at. */
  readonly sites: 'worse' | 'always' | 'never';
  readonly signal: AbortSignal;
  readonly pairsMax: number;
  /** No new pair begins after it, on the clock of `nowMs`. */
  readonly deadlineMs: number;
  readonly nowMs: () => number;
  readonly readMachine: () => MachineReading;
  readonly pause: (ms: number) => Promise<void>;
  readonly seed: number;
  readonly onStep: (text: string) => void;
  /** Each run leaves all that its figures are read from. @default false */
  readonly keepsMeasurement?: boolean;
  /** What the pairs were judged by, for whoever judges them again. */
  readonly onJudged?: (facts: PairsFacts) => void;
}

export interface PairsFacts {
  readonly repeats: boolean;
  readonly thresholds: ReadonlyMap<string, number>;
  readonly unfitPairs: number;
  readonly lastFault: string;
  /** The time limit ended the pairs before the rule did. */
  readonly isCutShort: boolean;
}

export interface ScenarioResult {
  readonly compared: ComparedScenario;
  /** Undefined where call sites were not looked at. */
  readonly flame: ComparedFlame | undefined;
}

/** @throws FloodgateError where a version cannot be run, or dies under the traffic */
export async function compareScenario(order: ScenarioOrder): Promise<ScenarioResult> {
  const { project, scenario, environment } = order;
  // Our agent is compared where numbers repeat, unless the scenario says otherwise.
  const lane = scenario.lane ?? (isOwnAgent(targetOf(project, scenario)) ? 'exact' : 'load');
  const thresholds = thresholdsOf(project, scenario, lane, environment, order.thresholds);
  const cells = cellsOf(order, lane, thresholds);
  const machine = new FitMachine({
    read: order.readMachine,
    pause: order.pause,
    waitMaxMs,
    onWait: (faults) => order.onStep(`${scenario.name}: waiting for the machine: ${faults.join(', ')}`),
  });
  const more = ['--no-explain', ...(order.keepsMeasurement ? ['--keep-measurement'] : [])];
  let isCutShort = false;
  const compared = await runPairs({
    scenario: scenario.name,
    lane,
    repeats: cells.repeats,
    thresholds,
    minimums: minimumMetrics(),
    pairsMax: order.pairsMax,
    deadlineMs: order.deadlineMs,
    nowMs: order.nowMs,
    random: createRandom(order.seed, scenario.name).fraction,
    run: (side, name) => cells.run(side, name, more),
    machine,
    onPair: (done, next, judgement) => {
      const left = cells.meanMs > 0 ? `, ${formatDuration(cells.meanMs * 2 * (next - done))} to the next look` : '';
      const soFar = judgement ? ` (${judgement.decision} so far)` : '';
      order.onStep(`${scenario.name}: pair ${done + 1} of ${next}${soFar}${left}`);
    },
    onCutShort: () => {
      isCutShort = true;
    },
  });
  const { unfitPairs, lastFault } = machine;
  order.onJudged?.({ repeats: cells.repeats, thresholds, unfitPairs, lastFault, isCutShort });
  const isWorse = compared.metrics.some(({ decision }) => decision === 'worse');
  if (order.sites === 'never' || (order.sites === 'worse' && !isWorse)) return { compared, flame: undefined };
  order.onStep(`${scenario.name}: looking for the call sites`);
  const { sites, flame } = await sitesOf(order, cells);
  return { compared: { ...compared, sites }, flame: flame && { scenario: scenario.name, ...flame } };
}

/** Metrics of which less is worse. */
export function minimumMetrics(): ReadonlySet<string> {
  return new Set(metrics.filter(({ bound }) => bound === 'min').map(({ name }) => name));
}

/** Each version once more, sampled. */
async function sitesOf({ project, store }: ScenarioOrder, cells: Cells): Promise<LookedAt> {
  const files: SitesFile[] = [];
  const stacks: StacksByRequest[] = [];
  const roots = [projectRoot, project.folder];
  for (const side of ['base', 'head'] as const) {
    const name = `sites-${side}`;
    await cells.run(side, name, ['--no-explain', '--sites', sitesEvery]);
    const file = path.join(cells.folderOf(name), sitesFileName);
    // A program that is no Node.js one and has no pprof names no sites.
    if (!existsSync(file)) return { sites: [], flame: undefined };
    const read: SitesFile = inProject(JSON.parse(readFileSync(file, 'utf8')), roots, store);
    files.push(read);
    const profile = path.join(cells.folderOf(name), stacksFileName);
    if (!read.requests || !existsSync(profile)) continue;
    const named = stacksInProject(readPprof(readFileSync(profile)), roots, store);
    stacks.push({ profile: named, requests: read.requests });
  }
  const [base, head] = stacks;
  return {
    sites: withSources(compareSites(files[0]!, files[1]!), store.projectFolder),
    flame: base && head && flameByRequest(base, head),
  };
}

interface LookedAt {
  readonly sites: readonly ComparedSite[];
  readonly flame: FlameTree | undefined;
}

/** Lines around the few that grew most, from the checkout of the head, which ran last. */
function withSources(sites: readonly ComparedSite[], checkout: string): ComparedSite[] {
  const sources = new Sources();
  let shown = 0;
  return sites.map((site) => {
    const { file, line, headBytes, baseBytes } = site;
    if ((headBytes ?? 0) <= (baseBytes ?? 0) || file === '' || shown === sourcesShown) return site;
    const place = { file: path.resolve(checkout, file), line, of: 'suspect' as const, note: formatSiteChange(site) };
    const source = sources.excerpt(place);
    if (source) shown += 1;
    return { ...site, source: source ? { ...source, file } : null };
  });
}

interface Cells {
  readonly repeats: boolean;
  /** Of a run so far; 0 before the first. */
  readonly meanMs: number;
  readonly folderOf: (name: string) => string;
  readonly run: (side: Side, name: string, words: readonly string[]) => Promise<RunReport>;
}

/** How a version is run: always from the same path. */
function cellsOf(order: ScenarioOrder, lane: Lane, thresholds: ReadonlyMap<string, number>): Cells {
  const { project, scenario, versions, store, folder, environment, signal } = order;
  const target = targetOf(project, scenario);
  if (target !== undefined && ('pid' in target || 'url' in target)) {
    throw new FloodgateError('option-invalid', `scenario "${scenario.name}" watches a program that runs already`, {
      hint: 'Two versions need a target that floodgate starts: { command }.',
    });
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
    repeats: lane === 'exact' || isRepeatable,
    get meanMs() {
      return runs > 0 ? measuredMs / runs : 0;
    },
    folderOf,
    run: async (side, name, more) => {
      store.activate(versions[side]);
      const out = folderOf(name);
      mkdirSync(out, { recursive: true, mode: 0o700 });
      const report = await runCell({ arguments: [...words, ...place, ...more], folder: project.folder, out, signal });
      keepReport(out);
      if (report.partial) throw died(side, versions[side], report);
      measuredMs += report.durationMs;
      runs += 1;
      return report;
    },
  };
}

/** A head that dies has failed; a base that dies leaves nothing to compare with. */
function died(side: Side, version: Version, report: RunReport): FloodgateError {
  return new FloodgateError('run-failed', `${side} (${version.label}): ${report.verdict.headline}`, {
    hint: `Run it by hand: ${report.command}`,
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
