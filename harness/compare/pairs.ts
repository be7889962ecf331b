/**
 * Runs base and head in pairs, the order drawn within each pair, until the stopping rule decides or the pairs run out. A drift of
 * the machine then meets both versions alike: in the order AAAABBBB it looks like a change.
 */
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparedMetric, ComparedScenario } from '../../reports/comparison.ts';
import { formatLimit } from '../../reports/comparison-sentence.ts';
import { counted } from '../../reports/counted.ts';
import { formatShare } from '../../reports/format.ts';
import type { Lane, RunReport, Unit } from '../../reports/model.ts';
import { type AllocationKind, commonMarks, type RequestMark, requestWindow } from '../metrics/request-window.ts';
import { answersDiffer, withoutDifferent } from './answers.ts';
import { childrenNote, type WithFamily, withChildren } from './child-processes.ts';
import type { FitMachine } from './fit-machine.ts';
import { isMovedByNeighbours } from './fitness.ts';
import { floorAbove, type Judgement, judgePairs, type LimitRule, type MetricFigures } from './judge.ts';
import { comesToNoVerdict, lackOf } from './no-verdict.ts';
import { withoutOffHeapGrowth } from './off-heap-growth.ts';
import { type Look, looksFor } from './stopping-rule.ts';
import { unfinished } from './unfinished.ts';
import { withoutUnjudged } from './unjudged-load.ts';

/** Runs a side before numbers are compared: the exact lane repeats, and two could agree by chance. */
export const exactPairs = 3;

export type Side = 'base' | 'head';

/** What of a run is compared. */
export type PairedRun = Pick<RunReport, 'figures' | 'budgets' | 'series' | 'fault'> &
  Partial<Pick<RunReport, 'counters'>> &
  WithFamily;

export interface PairsOrder {
  readonly scenario: string;
  readonly lane: Lane;
  /** Versions are run so that repeats can agree: numbers are compared then. */
  readonly repeats: boolean;
  /** Threshold of each metric that is judged, as a share. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Of the error of one verdict, where other pairs judge other metrics. @default 1 */
  readonly errorShare?: number;
  /** What has a threshold is judged, and nothing beside it. @default false */
  readonly isTheseAlone?: boolean;
  /** The head is meant to answer something else. @default false */
  readonly mayAnswerOtherwise?: boolean;
  /** @default `fixed`; others for what older versions judged */
  readonly limitRule?: LimitRule;
  /** How the metrics are bounded; a name that is missing is a `max`. */
  readonly minimums: ReadonlySet<string>;
  readonly pairsMax: number;
  /** No new pair begins after it; milliseconds on the caller's clock. */
  readonly deadlineMs: number;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** Runs one side once; `name` is unique within the scenario. */
  readonly run: (side: Side, name: string) => Promise<PairedRun>;
  /** Asked only where a threshold is on a figure that a busy machine moves. */
  readonly machine: Pick<FitMachine, 'settle' | 'during' | 'endPair' | 'unfitPairs' | 'lastFault'>;
  readonly onPair: (done: number, next: number, judgement: Judgement | undefined) => void;
  /** The time limit ended the pairs before the rule did. */
  readonly onCutShort?: () => void;
  /** Ctrl-C: what was measured until then, in whole pairs, not judged. */
  readonly onInterrupted?: (compared: ComparedScenario) => void;
  /** A run beforehand did not measure what is to be judged: said before any pair is run. */
  readonly onLack?: (text: string) => void;
}

/** @throws FloodgateError what `run` throws */
export async function runPairs(order: PairsOrder): Promise<ComparedScenario> {
  const pairs = new Pairs(order);
  try {
    return await runUntilDecided(order, pairs);
  } catch (error) {
    if (error instanceof FloodgateError && error.code === 'interrupted' && pairs.count > 0)
      order.onInterrupted?.(pairs.asUnfinished());
    throw error;
  }
}

async function runUntilDecided(order: PairsOrder, pairs: Pairs): Promise<ComparedScenario> {
  await pairs.warmUp();
  if (order.repeats || pairs.isInTime) {
    await pairs.runOne(order.repeats ? exactPairs : pairs.looks[0]!.pairs, undefined);
    pairs.lookAtFirst();
    if (pairs.comesToNoVerdict) return pairs.asScenario(pairs.judge(pairs.looks[0]!));
  }
  if (order.repeats) {
    while (pairs.count < exactPairs) await pairs.runOne(exactPairs, undefined);
    const judgement = pairs.judge(pairs.looks[0]!);
    if (judgement.method === 'numbers') return pairs.asScenario(judgement);
  }
  let judgement: Judgement | undefined;
  for (const look of pairs.looks) {
    while (pairs.count < look.pairs && pairs.isInTime) await pairs.runOne(look.pairs, judgement);
    if (pairs.count < look.pairs) break;
    judgement = pairs.judge(look);
    if (!judgement.mayChange) return pairs.asScenario(judgement);
  }
  const isLate = !pairs.isInTime;
  if (isLate) order.onCutShort?.();
  // A look that was not planned spends no error: what it shows is not judged further than undecided.
  if (judgement === undefined || pairs.count === 0) judgement = undecided(pairs.judge(pairs.looks[0]!));
  return pairs.asScenario(judgement, isLate ? [timeIsUp(pairs.count)] : []);
}

type Reports = Record<Side, PairedRun[]>;

/** Those of one scenario, and how so many of them are judged. */
class Pairs {
  readonly #order: PairsOrder;
  readonly #reports: Reports = { base: [], head: [] };
  readonly #needsFit: boolean;
  #thresholds: ReadonlyMap<string, number>;

  constructor(order: PairsOrder) {
    this.#order = order;
    this.#thresholds = order.thresholds;
    this.#needsFit = [...order.thresholds.keys()].some(isMovedByNeighbours);
  }

  /** Whole ones: one may be under way. */
  get count(): number {
    return Math.min(this.#reports.base.length, this.#reports.head.length);
  }

  get isInTime(): boolean {
    return this.#order.nowMs() < this.#order.deadlineMs;
  }

  get looks() {
    return looksFor(this.#thresholds.size, this.#order.pairsMax, this.#order.errorShare);
  }

  /** Once each beforehand, uncounted: caches of files and of compiled code are cold in the first run of a checkout. */
  async warmUp(): Promise<void> {
    const { run, thresholds, onLack } = this.#order;
    let said: string | undefined;
    for (const side of ['base', 'head'] as const) {
      const lack = lackOf(await run(side, `warm-up-${side}`), thresholds);
      if (lack !== undefined && lack !== said) onLack?.(lack);
      said = lack;
    }
  }

  /** @param next how many pairs the next look takes */
  async runOne(next: number, judgement: Judgement | undefined): Promise<void> {
    const { onPair, random, run, machine } = this.#order;
    onPair(this.count, next, judgement);
    const pair = this.count + 1;
    const sides: readonly Side[] = random() < 0.5 ? ['base', 'head'] : ['head', 'base'];
    for (const side of sides) {
      if (!this.#needsFit) this.#reports[side].push(await run(side, `${pair}-${side}`));
      else {
        await machine.settle();
        this.#reports[side].push(await machine.during(() => run(side, `${pair}-${side}`)));
      }
    }
    machine.endPair();
  }

  /** By the first pair it is known whether the target has child processes. */
  lookAtFirst(): void {
    const { isTheseAlone = false, thresholds } = this.#order;
    if (!isTheseAlone) this.#thresholds = withChildren(thresholds, [...this.#reports.base, ...this.#reports.head]);
  }

  get comesToNoVerdict(): boolean {
    return comesToNoVerdict(this.#figures(), this.#reports);
  }

  /** @param look the next one; so many pairs as there are are judged by it */
  judge(look: Look): Judgement {
    const { repeats, random, limitRule, mayAnswerOtherwise = false } = this.#order;
    const judged = judgePairs(this.#figures(), repeats, { ...look, pairs: this.count }, random, limitRule);
    const judgement = withoutOffHeapGrowth(withoutUnjudged(judged, this.#reports));
    return mayAnswerOtherwise ? judgement : withoutDifferent(judgement, answersDiffer(this.#reports));
  }

  #figures(): MetricFigures[] {
    return figuresOf(this.#reports, { minimums: this.#order.minimums, thresholds: this.#thresholds });
  }

  /** A pair of which one side was run is left out. */
  asUnfinished(): ComparedScenario {
    const { count } = this;
    for (const side of ['base', 'head'] as const) this.#reports[side].length = count;
    return unfinished(this.asScenario(this.judge(this.looks[0]!)));
  }

  asScenario({ method, metrics, fault }: Judgement, notes: ComparedScenario['notes'] = []): ComparedScenario {
    const { machine, scenario, lane, thresholds, repeats, limitRule = 'fixed' } = this.#order;
    const { unfitPairs, lastFault } = machine;
    const unfit = `the machine was not fit to judge in ${unfitPairs} of ${this.count} pairs: ${lastFault}`;
    const isDoubtful = ({ name, decision }: ComparedScenario['metrics'][number]) =>
      unfitPairs > 0 && (decision === 'worse' || decision === 'within') && isMovedByNeighbours(name);
    const more = [
      ...(this.#thresholds === thresholds ? [] : [childrenNote]),
      ...(limitRule === 'fixed' ? metrics.flatMap((metric) => floorNote(metric, repeats)) : []),
      ...(unfitPairs > 0 ? [{ severity: 'warning' as const, text: unfit }] : []),
    ];
    return {
      name: scenario,
      lane,
      method,
      pairs: this.count,
      metrics: metrics.map((metric) =>
        isDoubtful(metric) ? { ...metric, decision: 'undecided', note: unfit } : metric,
      ),
      sites: [],
      ...(fault !== undefined && { fault }),
      notes: [...notes, ...more],
    };
  }
}

function floorNote(metric: ComparedMetric, repeats: boolean): ComparedScenario['notes'] {
  const floor = floorAbove(metric, repeats);
  if (floor === undefined) return [];
  const moves = `a change of nothing moves it by up to ${formatShare(floor)}${repeats ? '' : ' in runs without --repeatable'}`;
  const text = `${metric.name}: within is judged by ${formatLimit(metric)}, worse from +${formatShare(floor)} on, since ${moves}`;
  return [{ severity: 'info', text }];
}

function timeIsUp(pairs: number): ComparedScenario['notes'][number] {
  return { severity: 'warning', text: `the time limit came after ${counted(pairs, 'pair')}: raise it with --max-time` };
}

/** Takes back decisions of a look that the stopping rule does not have. */
function undecided(judgement: Judgement): Judgement {
  const metrics = judgement.metrics.map((metric) =>
    metric.decision === 'worse' || metric.decision === 'within'
      ? { ...metric, decision: 'undecided' as const, note: 'too few pairs to decide' }
      : metric,
  );
  return { ...judgement, metrics, decision: 'undecided', mayChange: true };
}

/** Every figure that any run has, and every one with a threshold, measured or not. */
function figuresOf(
  reports: Record<Side, readonly PairedRun[]>,
  order: Pick<PairsOrder, 'thresholds' | 'minimums'>,
): MetricFigures[] {
  const units = new Map<string, Unit>();
  for (const report of [...reports.base, ...reports.head])
    for (const { name, unit } of [...report.figures, ...report.budgets]) units.set(name, unit);
  for (const name of order.thresholds.keys()) if (!units.has(name)) units.set(name, 'count');
  const windows = new Map<string, Record<Side, number[]> | undefined>(
    perRequest.map(([name, which]) => [name, inCommonWindows(reports, which)]),
  );
  const valuesOf = (side: Side, name: string) =>
    windows.get(name)?.[side].map((value, at) => (isUnknown(reports[side][at]!, name) ? null : value)) ??
    reports[side].map((report) => figureOf(report, name));
  return [...units].map(([name, unit]) => ({
    name,
    unit,
    bound: order.minimums.has(name) ? ('min' as const) : ('max' as const),
    base: valuesOf('base', name),
    head: valuesOf('head', name),
    threshold: order.thresholds.get(name),
    why: { base: whyMissing(reports.base, name), head: whyMissing(reports.head, name) },
  }));
}

/** Of the first run that lacks it. */
function whyMissing(reports: readonly PairedRun[], name: string): string {
  for (const { figures } of reports) {
    const figure = figures.find((each) => each.name === name);
    if (figure && figure.value === null) return figure.note ?? '';
  }
  return '';
}

const perRequest = [
  ['allocated.perRequest', 'allocated'],
  ['allocated.youngPerRequest', 'allocatedYoung'],
  ['allocated.offHeapPerRequest', 'offHeap'],
] as const;

/** Its own report takes it back: others than the main thread have allocated too. */
function isUnknown({ figures }: PairedRun, name: string): boolean {
  return figures.some((each) => each.name === name && each.value === null);
}

/** Over the requests that every run has come to: a load by time drives the quicker version further. */
function inCommonWindows(
  reports: Record<Side, readonly PairedRun[]>,
  which: AllocationKind,
): Record<Side, number[]> | undefined {
  const marks = commonMarks([...reports.base, ...reports.head].map(requestMarks));
  const all = marks.map((each) => requestWindow(each, which));
  if (!all.every((value) => value !== undefined)) return undefined;
  return { base: all.slice(0, reports.base.length), head: all.slice(reports.base.length) };
}

function requestMarks({ series }: PairedRun): RequestMark[] {
  const columns = series.find(({ group, columns }) => group === 'other' && columns[0]?.name === 'requests')?.columns;
  const [requests, allocated, young, offHeap] = columns ?? [];
  return (requests?.values ?? []).flatMap((count, at) => {
    const bytes = allocated?.values[at];
    // Reports of before have no column of young objects alone.
    const youngBytes = young?.values[at] ?? bytes;
    if (typeof count !== 'number' || typeof bytes !== 'number' || typeof youngBytes !== 'number') return [];
    return [
      { requests: count, allocated: bytes, allocatedYoung: youngBytes, offHeap: offHeap?.values[at] ?? undefined },
    ];
  });
}

function figureOf(report: PairedRun, name: string): number | null {
  const figure = report.figures.find((each) => each.name === name)?.value;
  return figure ?? report.budgets.find((each) => each.name === name)?.actual ?? null;
}
