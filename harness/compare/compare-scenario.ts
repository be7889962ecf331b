/** One scenario of a project under two versions: pairs until it is decided, and then who it was. */
import { FloodgateError } from '../../agent/errors.ts';
import { createRandom } from '../../agent/seeded-random.ts';
import type { ComparedFlame, ComparedScenario, ComparedSite } from '../../reports/comparison.ts';
import { formatDuration } from '../../reports/format.ts';
import type { Note } from '../../reports/model.ts';
import { metrics } from '../metrics/table.ts';
import type { ScenarioConfig } from '../project/define.ts';
import { isAtOtherPort } from '../report/port-notes.ts';
import type { MachineReading } from '../watch/machine.ts';
import { refuseInterrupted } from './cell-run.ts';
import { failuresName } from './failures.ts';
import { FitMachine } from './fit-machine.ts';
import { runPairs, type Side } from './pairs.ts';
import { type ComparedPass, type ComparedPasses, onePass, passesOf, passesTogether } from './passes.ts';
import { type SampledVersions, sampleVersions, withSources } from './sampled-sites.ts';
import { compareSites, noneNamed } from './sites.ts';
import { unfinished } from './unfinished.ts';
import { type CellsOrder, cellsOf, laneOf, thresholdsIn } from './version-cells.ts';

/** For a fit machine, a scenario; a neighbour that stays longer stays for all of it. */
const waitMaxMs = 120_000;

export interface ScenarioOrder extends CellsOrder {
  /** When call sites are looked at. */
  readonly sites: 'worse' | 'always' | 'never';
  readonly pairsMax: number;
  /** No new pair begins after it, on the clock of `nowMs`. */
  readonly deadlineMs: number;
  readonly nowMs: () => number;
  readonly readMachine: () => MachineReading;
  /** Ends at once when `signal` is given. */
  readonly pause: (ms: number) => Promise<void>;
  readonly seed: number;
  readonly onStep: (text: string) => void;
  /** Says every few seconds what it waits for, the last of which says all; undefined: it waits no longer. */
  readonly onWait: (text: string | undefined) => void;
  /** Each run leaves all that its figures are read from. @default false */
  readonly keepsMeasurement?: boolean;
  /** Ctrl-C: what was measured until then, in the pairs, or judged, while call sites were looked for. */
  readonly onInterrupted?: (result: ScenarioResult, during: InterruptedIn) => void;
  /** What the pairs were judged by, for whoever judges them again. */
  readonly onJudged?: (facts: PairsFacts) => void;
}

export type InterruptedIn = 'pairs' | 'callSites';

export interface PairsFacts {
  readonly repeats: boolean;
  readonly thresholds: ReadonlyMap<string, number>;
  readonly unfitPairs: number;
  readonly lastFault: string;
  /** The time limit ended the pairs before the rule did. */
  readonly isCutShort: boolean;
  readonly mayAnswerOtherwise: boolean;
}

export interface ScenarioResult {
  readonly scenario: ScenarioConfig;
  readonly compared: ComparedScenario;
  /** Undefined where call sites were not looked at. */
  readonly flame: ComparedFlame | undefined;
}

/** @throws FloodgateError where a version cannot be run, or dies under the traffic */
export async function compareScenario(order: ScenarioOrder): Promise<ScenarioResult> {
  const { scenario, project } = order;
  const thresholds = thresholdsIn(order);
  // What is judged again later is judged as one series.
  const [first, second]: ComparedPasses = order.keepsMeasurement
    ? [onePass(thresholds)]
    : passesOf(thresholds, laneOf(project, scenario));
  const interrupted = (compared: ComparedScenario, during: InterruptedIn) =>
    order.onInterrupted?.({ scenario, compared, flame: undefined }, during);
  const onInterrupted = (compared: ComparedScenario) => interrupted(compared, 'pairs');
  const { compared: inFirst, cells } = await comparePass(order, first, onInterrupted);
  const paired = second ? await withSecond(order, inFirst, second, onInterrupted) : inFirst;
  const compared = withUncountedFailures(paired, scenario);
  const isWorse = compared.metrics.some(({ decision }) => decision === 'worse');
  if (order.sites === 'never' || (order.sites === 'worse' && !isWorse)) return { scenario, compared, flame: undefined };
  order.onStep(`${scenario.name}: looking for the call sites`);
  const sampled = await sampleVersions(order, cells).catch((error: unknown) => {
    // The pairs are judged: only who it was is not known.
    if (isInterruption(error)) interrupted(compared, 'callSites');
    throw error;
  });
  if (!sampled) return { scenario, compared, flame: undefined };
  const { flame } = sampled;
  const sites = withSources(compareSites(sampled.base, sampled.head, sampled.evidence), order.store.projectFolder);
  return {
    scenario,
    compared: { ...compared, sites, notes: [...compared.notes, ...siteNotes(sampled, sites, compared.fault)] },
    flame: flame && { scenario: scenario.name, ...flame },
  };
}

const isInterruption = (error: unknown) => error instanceof FloodgateError && error.code === 'interrupted';

type OnInterrupted = (compared: ComparedScenario) => void;

/** The other metrics behind allocation; interrupted, neither is judged. */
async function withSecond(
  order: ScenarioOrder,
  inFirst: ComparedScenario,
  second: ComparedPass,
  onInterrupted: OnInterrupted,
): Promise<ComparedScenario> {
  let inSecond: ComparedScenario | undefined;
  try {
    const { compared } = await comparePass(order, second, (until) => {
      inSecond = until;
    });
    return passesTogether(inFirst, compared);
  } catch (error) {
    if (isInterruption(error)) onInterrupted(unfinished(inSecond ? passesTogether(inFirst, inSecond) : inFirst));
    throw error;
  }
}

/** Pairs of both versions until what this pass judges is decided. */
async function comparePass(
  order: ScenarioOrder,
  { thresholds, prefix, errorShare }: ComparedPass,
  onInterrupted: OnInterrupted,
) {
  const { scenario } = order;
  const cells = cellsOf(order, thresholds);
  const { lane } = cells;
  const said = `${scenario.name}: ${prefix === '' ? '' : 'allocation: '}`;
  const machine = new FitMachine({
    read: order.readMachine,
    pause: async (ms) => {
      await order.pause(ms);
      refuseInterrupted(order.signal);
    },
    waitMaxMs,
    onWait: (faults) => order.onWait(`${said}waiting for the machine: ${faults.join(', ')}`),
    onWaited: () => order.onWait(undefined),
  });
  const more = ['--no-explain', ...(order.keepsMeasurement ? ['--keep-measurement'] : [])];
  const { changedAnswers: mayAnswerOtherwise = false } = scenario;
  let isCutShort = false;
  const atOtherPort = new Set<Side>();
  const ranOn = new Map<Side, string>();
  // A bundle's pairs are judged again without what their reports remark.
  const withRemarks = (until: ComparedScenario): ComparedScenario =>
    order.keepsMeasurement
      ? until
      : { ...until, notes: [...until.notes, ...[...atOtherPort].sort().map(otherPortNote), ...runtimeNotes(ranOn)] };
  const compared = await runPairs({
    scenario: scenario.name,
    lane,
    repeats: cells.repeats,
    thresholds,
    errorShare,
    isTheseAlone: (order.metrics ?? []).length > 0,
    mayAnswerOtherwise,
    minimums: minimumMetrics(),
    pairsMax: order.pairsMax,
    deadlineMs: order.deadlineMs,
    nowMs: order.nowMs,
    random: createRandom(order.seed, `${prefix}${scenario.name}`).fraction,
    run: async (side, name) => {
      const report = await cells.run(side, `${prefix}${name}`, more);
      if (isAtOtherPort(report.notes)) atOtherPort.add(side);
      if (lane === 'load' && report.target.runtime !== '') ranOn.set(side, report.target.runtime);
      return report;
    },
    machine,
    onPair: (done, next, judgement) => {
      const left = cells.meanMs > 0 ? `, ${formatDuration(cells.meanMs * 2 * (next - done))} to the next look` : '';
      const soFar = judgement ? ` (${judgement.decision} so far)` : '';
      order.onStep(`${said}pair ${done + 1} of ${next}${soFar}${left}`);
    },
    onCutShort: () => {
      isCutShort = true;
    },
    onInterrupted: (until) => onInterrupted(withRemarks(until)),
    onLack: (text) => order.onStep(`${said}${text}`),
  });
  const { unfitPairs, lastFault } = machine;
  order.onJudged?.({ repeats: cells.repeats, thresholds, unfitPairs, lastFault, isCutShort, mayAnswerOtherwise });
  return { compared: withRemarks(compared), cells };
}

function otherPortNote(side: Side): Note {
  const text = `${side}: the load was sent to another port than PORT, on which the target does not listen; if that is not the service, say when it is ready (ready of the target)`;
  return { severity: 'warning', text };
}

/** Which runtime the figures are of: nothing else says whether it is the team's. */
function runtimeNotes(ranOn: ReadonlyMap<Side, string>): Note[] {
  const [base, head] = [ranOn.get('base'), ranOn.get('head')];
  if (base === undefined || head === undefined) return [];
  return base === head
    ? [{ severity: 'info', text: `both versions ran on ${base}` }]
    : [
        {
          severity: 'warning',
          text: `base ran on ${base}, head on ${head}: what a runtime allocates is in the change`,
        },
      ];
}

const loadsThatReport = /\b(?:autocannon|wrk|ab|hey|oha|vegeta|k6)\b/;

/** What was not counted is said, since nothing else would. */
function withUncountedFailures(
  compared: ComparedScenario,
  { load, unanswered }: Pick<ScenarioConfig, 'load' | 'unanswered'>,
): ComparedScenario {
  const failed = compared.metrics.find(({ name }) => name === failuresName);
  // Those say it where there are any, and nothing where there are none.
  if (load === undefined || unanswered || loadsThatReport.test(load)) return compared;
  if (failed && failed.baseMedian !== null && failed.headMedian !== null) return compared;
  const text =
    'failed requests are not counted, and a version that answers errors allocates less: use a load that reports them (autocannon, wrk, ab, hey, oha, vegeta, k6)';
  return { ...compared, notes: [...compared.notes, { severity: 'warning', text }] };
}

/** Why no call site is named, or why those that are may be called less. */
function siteNotes({ base, head }: SampledVersions, sites: readonly ComparedSite[], fault: string | undefined): Note[] {
  if (sites.length > 0) {
    const text = `call sites are compared by the request, whatever was answered: ${fault}`;
    return fault === undefined ? [] : [{ severity: 'info', text }];
  }
  const isKnown = base.requests && head.requests;
  const unknown = 'call sites are not compared: the requests of this program are not counted';
  return [{ severity: 'info', text: isKnown ? noneNamed(base, head) : unknown }];
}

/** Metrics of which less is worse. */
export function minimumMetrics(): ReadonlySet<string> {
  return new Set(metrics.filter(({ bound }) => bound === 'min').map(({ name }) => name));
}
