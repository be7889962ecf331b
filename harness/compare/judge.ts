/** From the figures of the pairs to decisions: which method holds, what it says, and with what error. Pure. */
import { median } from 'simple-statistics';
import { type ComparedMetric, type ComparedScenario, logRatioMax } from '../../reports/comparison.ts';
import { formatShare } from '../../reports/format.ts';
import type { Unit } from '../../reports/model.ts';
import { failuresName, judgeFailures } from './failures.ts';
import { type Decision, decide, detectableEffect, type Look, overall } from './stopping-rule.ts';

/** Repeats agree where their range is within 0.2 %: the exact lane's own. */
const agreementRange = 0.002;
/** A neutral refactoring moves allocation by up to 0.2 %, in plain runs of a load by more: less than these is never called worse. */
const floors = { repeatable: 0.005, plain: 0.02 } as const;
/** Of a count a threshold is what it says: in a logarithm too small to be one more, so that none more is below it. */
const nothingMore = 1e-9;

export interface MetricFigures {
  readonly name: string;
  readonly unit: Unit;
  readonly bound: 'max' | 'min';
  readonly base: readonly (number | null)[];
  readonly head: readonly (number | null)[];
  /** Why a side lacks it, where its reports say so. */
  readonly why?: Readonly<Record<'base' | 'head', string>>;
  /** Share of the base by which the head may be worse; undefined: shown, not judged. */
  readonly threshold: number | undefined;
}

export interface Judgement {
  readonly method: ComparedScenario['method'];
  readonly decision: Decision;
  readonly metrics: readonly ComparedMetric[];
  /** Why limits that hold say nothing, whatever the pairs. @default they do */
  readonly fault?: string;
  /** More pairs may decide it: false once it is decided, where a figure is missing, or where the change lies between threshold and floor. */
  readonly mayChange: boolean;
}

/**
 * By what a metric is judged. `fixed`: by its own threshold, whatever the repeats do. `raised`: as floodgate 0.1.0 did, for bundles of
 * its time: by 0.5 % at least where repeats agree, by 2 % where they do not.
 */
export type LimitRule = 'fixed' | 'raised';

/**
 * Judges so many pairs. Where each side's repeats of a metric agree (exact lane), numbers are compared; where they do not, or lie too near
 * a threshold for what the repeats range over, the interval of the paired log-ratios at this look decides, by the same limit.
 * @param repeats whether the versions were run so that repeats could agree
 * @param random uniform in [0, 1), seeded by the caller; for the detectable effect
 */
export function judgePairs(
  figures: readonly MetricFigures[],
  repeats: boolean,
  look: Look,
  random: () => number,
  rule: LimitRule = 'fixed',
): Judgement {
  const judged = figures.filter(({ threshold }) => threshold !== undefined);
  const missing = judged.filter((each) => !isComplete(each));
  const whole = judged.filter(isComplete);
  const repeat = repeats && whole.length > 0 && whole.every((each) => agree(each.base) && agree(each.head));
  const limits = (each: MetricFigures) => limitsOf(each, { isSteady: rule === 'fixed' ? repeats : repeat, rule });
  const numbers = repeat ? whole.map((each) => compareNumbers(each, limits(each))) : [];
  const lies = (each: ComparedMetric, at: number) =>
    each.decision === 'undecided' && isBetween(each, limits(whole[at]!));
  const byNumbers =
    overall(numbers) !== 'undecided' ||
    (numbers.length > 0 && numbers.every((each, at) => each.decision !== 'undecided' || lies(each, at)));
  const decided = new Map<string, ComparedMetric>();
  for (const each of missing) decided.set(each.name, notMeasured(each));
  const compared = byNumbers ? numbers : comparePairs(whole, { look, limits, random });
  for (const each of compared) decided.set(each.name, each);
  const metrics = figures.map((each) => decided.get(each.name) ?? failures(each) ?? shown(each));
  const decision = overall(metrics.filter((each) => each.decision !== 'shown'));
  const settled = new Set(compared.filter(lies).map(({ name }) => name));
  return {
    method: byNumbers ? 'numbers' : 'pairs',
    decision,
    metrics,
    mayChange:
      missing.length === 0 &&
      decision === 'undecided' &&
      (settled.size === 0 || metrics.some((each) => each.decision === 'undecided' && !settled.has(each.name))),
  };
}

/** Takes decisions back, for a reason that more pairs do not change. */
export function takenBack(judgement: Judgement, note: string, isTaken: (metric: ComparedMetric) => boolean): Judgement {
  const metrics = judgement.metrics.map((metric) =>
    isTaken(metric) ? { ...metric, decision: 'undecided' as const, note } : metric,
  );
  const isWorse = metrics.some(({ decision }) => decision === 'worse');
  return { ...judgement, metrics, decision: isWorse ? 'worse' : 'undecided', mayChange: false, fault: note };
}

/**
 * Whether repeats of one version are the same within the lane's own range. Of five and more, the highest fifth and the lowest do not
 * count: a busy machine disturbs single runs (one of 14 that were measured), and medians are compared.
 */
export function agree(values: readonly (number | null)[]): boolean {
  return rangeOf(values) <= agreementRange;
}

/** Of what counts, as a share of the highest; infinite where fewer than two do. */
function rangeOf(values: readonly (number | null)[]): number {
  const sorted = knownOf(values).sort((a, b) => a - b);
  const left = leftOut(sorted.length);
  const known = sorted.slice(left, sorted.length - left);
  const [low, high] = [known[0]!, known.at(-1)!];
  if (known.length < 2) return Number.POSITIVE_INFINITY;
  return low === high ? 0 : (high - low) / Math.abs(high);
}

/** Of so many repeats, how many do not count at either end. */
const leftOut = (repeats: number) => Math.floor(repeats / 5);

/** Whether every run of both sides has it. */
export function isComplete({ base, head }: MetricFigures): boolean {
  return base.length > 0 && base.every((value) => value !== null) && head.every((value) => value !== null);
}

/**
 * By the medians, give or take what both sides' repeats range over, twice that where the highest and the lowest do not count. Versions that
 * differ by the threshold to the last byte are called worse, or within, in 0.8 % of three repeats and 0.5 % of five (normal noise, simulated).
 */
function compareNumbers(figures: MetricFigures, { threshold, worseFrom, marginFactor }: Limits): ComparedMetric {
  const common = plain(figures);
  const change = Math.expm1(logRatio(common.baseMedian!, common.headMedian!, figures.bound));
  const ranges = rangeOf(figures.base) + rangeOf(figures.head);
  const margin = leftOut(figures.base.length) > 0 ? marginFactor * ranges : ranges;
  const [changeLow, changeHigh] = [change - margin, change + margin];
  const decision = changeLow > worseFrom ? 'worse' : changeHigh <= threshold ? 'within' : 'undecided';
  const note = decision === 'undecided' ? tooNear(threshold, change, worseFrom) : '';
  return { ...common, change, changeLow, changeHigh, threshold, detectable: worseFrom + margin, decision, note };
}

/** As shares of the base: known before the first pair, and the same at each look. */
interface Limits {
  /** What is not shown to be below it is not within. */
  readonly threshold: number;
  /** What is not shown to be above it is not worse. */
  readonly worseFrom: number;
  /** What is left of many repeats ranges over less than they do. */
  readonly marginFactor: number;
}

/** More than the threshold, and less than what is called worse: neither, however often it is measured. */
function isBetween({ changeLow, changeHigh }: ComparedMetric, { threshold, worseFrom }: Limits): boolean {
  return changeLow !== null && changeHigh !== null && changeLow > threshold && changeHigh <= worseFrom;
}

/** The floor is that of what a program allocates or takes: a count is what it is. */
function limitsOf(
  { threshold, unit }: Pick<MetricFigures, 'threshold' | 'unit'>,
  { isSteady, rule }: { readonly isSteady: boolean; readonly rule: LimitRule },
): Limits {
  const given = threshold!;
  const worseFrom = unit === 'count' ? given : Math.max(given, isSteady ? floors.repeatable : floors.plain);
  return rule === 'fixed'
    ? { threshold: given, worseFrom, marginFactor: 2 }
    : { threshold: worseFrom, worseFrom, marginFactor: 1 };
}

/**
 * The floor of a metric whose threshold is below it: what is more than the threshold and less than the floor is neither worse nor within.
 * @param repeats as of `judgePairs` @returns undefined where the threshold is no less
 */
export function floorAbove(
  { threshold, unit }: Pick<ComparedMetric, 'threshold' | 'unit'>,
  repeats: boolean,
): number | undefined {
  if (threshold === null) return undefined;
  const { worseFrom } = limitsOf({ threshold, unit }, { isSteady: repeats, rule: 'fixed' });
  // A threshold of pairs is the exponential of its logarithm.
  return worseFrom > threshold + nothingMore ? worseFrom : undefined;
}

interface PairsRule {
  readonly look: Look;
  readonly limits: (figures: MetricFigures) => Limits;
  readonly random: () => number;
}

function comparePairs(figures: readonly MetricFigures[], { look, limits, random }: PairsRule): ComparedMetric[] {
  if (figures.length === 0) return [];
  const all = figures.map(limits);
  const series = figures.map(({ name, base, head, bound }, at) => ({
    name,
    logRatios: base.map((value, at) => logRatio(value!, head[at]!, bound)),
    threshold: inLogarithm(all[at]!.threshold),
    worseFrom: inLogarithm(all[at]!.worseFrom),
  }));
  const decisions = decide(series, look);
  const verdict = overall(decisions);
  return decisions.map(({ decision, estimate, low, high, pairsNeeded }, at) => {
    const { threshold, worseFrom } = all[at]!;
    const detectable = detectableEffect(series[at]!, series.length, look.level, random);
    return {
      ...plain(figures[at]!),
      change: Math.expm1(estimate),
      changeLow: Number.isFinite(low) ? Math.expm1(low) : null,
      changeHigh: finite(Math.expm1(high)),
      // To the last bit as bundles of before have it.
      threshold: Math.expm1(Math.log1p(threshold)),
      detectable: finite(Math.expm1(detectable)),
      decision,
      note:
        decision === 'undecided' && verdict !== 'worse'
          ? tooNear(threshold, Math.expm1(estimate), worseFrom) || needs(pairsNeeded)
          : '',
    };
  });
}

const inLogarithm = (share: number) => Math.max(Math.log1p(share), nothingMore);

/** Empty where the change is not between the threshold and the floor. */
function tooNear(threshold: number, change: number, worseFrom: number): string {
  if (!(change > threshold && change <= worseFrom)) return '';
  return `more than its threshold, and nothing up to +${formatShare(worseFrom)} is called worse: a change of nothing moves it as much`;
}

function needs(pairs: number | undefined): string {
  return pairs === undefined
    ? 'too near its threshold for any number of pairs up to the limit'
    : `would take about ${pairs} pairs`;
}

/** Its change is that of the medians beside it: nothing is judged by it. */
function shown(figures: MetricFigures): ComparedMetric {
  const common = plain(figures);
  const { bound, baseMedian, headMedian } = common;
  const isKnown = baseMedian !== null && headMedian !== null && (baseMedian !== 0 || headMedian === 0);
  return {
    ...common,
    change: isKnown ? Math.expm1(logRatio(baseMedian, headMedian, bound)) : null,
    changeLow: null,
    changeHigh: null,
    threshold: null,
    detectable: null,
    decision: 'shown',
    note: '',
  };
}

function failures(figures: MetricFigures): ComparedMetric | undefined {
  const judged = figures.name === failuresName ? judgeFailures(figures) : undefined;
  // Of none at first no share can be given.
  return judged && { ...shown(figures), change: null, ...judged };
}

function notMeasured(figures: MetricFigures): ComparedMetric {
  const side = figures.base.every((value) => value !== null) ? 'head' : 'base';
  const why = figures.why?.[side] ?? '';
  return {
    ...shown(figures),
    threshold: figures.threshold!,
    decision: 'notMeasured',
    note: `not measured in every run of ${side}${why === '' ? '' : `: ${why}`}`,
  };
}

function plain({ name, unit, bound, base, head }: MetricFigures) {
  const middle = (values: readonly (number | null)[]) => {
    const known = knownOf(values);
    return known.length > 0 ? median(known) : null;
  };
  return { name, unit, bound, base, head, baseMedian: middle(base), headMedian: middle(head) };
}

/** Above 0 is worse, whichever way the metric is bounded. Two zeros are equal. */
function logRatio(base: number, head: number, bound: 'max' | 'min'): number {
  if (base === head) return 0;
  const ratio = Math.log(Math.max(0, head) / Math.max(0, base));
  const signed = bound === 'max' ? ratio : -ratio;
  return Math.max(-logRatioMax, Math.min(logRatioMax, signed));
}

function knownOf(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);
