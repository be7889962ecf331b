/**
 * When enough pairs were run, and what they say. Pairs are looked at a few times only, and the error allowed is spent over
 * the looks (a union bound), so that looking again does not make a false alarm likelier than stated.
 *
 * - *worse* is a claim about any one metric: Holm's correction over the metrics with a threshold (Holm, 1979).
 * - *within* is a claim about all of them: each must show it by itself, so no correction is needed (an intersection–union
 *   test; Berger, 1982).
 */
import { chanceOfAtLeast, fewestPairs, pairedInterval, pairsMax } from './signed-rank.ts';

/** Of one direction: a same version called worse, or a version at its threshold called within. */
export const errorRate = 0.05;
/** Under five pairs a resampled or a rank interval says little; at five, five on one side has a chance of 3.1 %. */
const firstLook = 5;
/** Of the error, for the first look: what five pairs need for one metric (1/32 of 5 %). */
const firstShare = 0.63;
const growth = 1.4;
/** Beyond it a difference so near its threshold is a matter for the threshold. */
const lastLookMax = 40;

export interface Look {
  /** Pairs at which to look. */
  readonly pairs: number;
  /** One-sided error spent here. */
  readonly level: number;
  /** Pairs of the first look: fewer decide nothing. @default as `looksFor` has it */
  readonly fewest?: number;
}

export type Decision = 'worse' | 'within' | 'undecided';

export interface MetricSeries {
  readonly name: string;
  /** Log-ratio of head to base, one a pair: positive is worse. */
  readonly logRatios: readonly number[];
  /** Largest log-ratio that is accepted. */
  readonly threshold: number;
  /** Nothing below it is called worse; never less than the threshold. @default the threshold */
  readonly worseFrom?: number;
}

export interface MetricDecision {
  readonly name: string;
  readonly decision: Decision;
  readonly estimate: number;
  /** Bounds at this look's level: the lower one with Holm's correction. */
  readonly low: number;
  readonly high: number;
  /** Pairs in all that would probably decide; undefined where decided, or where no number of pairs up to the limit would. */
  readonly pairsNeeded: number | undefined;
}

/**
 * The looks for so many metrics: the first at the fewest pairs that can decide, then 1.4 times as many each, up to the
 * limit. The levels add up to `errorShare` of `errorRate`.
 */
export function looksFor(metrics: number, limit = lastLookMax, errorShare = 1): readonly Look[] {
  const rate = errorRate * errorShare;
  const most = Math.min(limit, pairsMax);
  const first = Math.max(firstLook, fewestPairs((rate * firstShare) / Math.max(1, metrics)));
  const pairs = [first];
  for (let next = Math.ceil(first * growth); next <= most; next = Math.ceil(next * growth)) pairs.push(next);
  if (first > most) return [{ pairs: most, level: rate, fewest: first }];
  if (pairs.length > 1 && pairs.at(-1)! < most) pairs.push(most);
  const rest = (rate * (1 - firstShare)) / Math.max(1, pairs.length - 1);
  return pairs.map((count, at) => ({
    pairs: count,
    level: pairs.length === 1 ? rate : at === 0 ? rate * firstShare : rest,
    fewest: first,
  }));
}

/** What the pairs say at this look; every series has as many pairs as the look. */
export function decide(metrics: readonly MetricSeries[], look: Look, limit = lastLookMax): MetricDecision[] {
  const chances = metrics.map(({ logRatios, threshold, worseFrom = threshold }) =>
    chanceOfAtLeast(logRatios, worseFrom),
  );
  const order = chances.map((_, at) => at).sort((a, b) => chances[a]! - chances[b]!);
  const worse = new Set<number>();
  const levels = new Array<number>(metrics.length).fill(look.level / Math.max(1, metrics.length));
  for (const [done, at] of order.entries()) {
    levels[at] = look.level / (metrics.length - done);
    if (chances[at]! > levels[at]!) break;
    worse.add(at);
  }
  const fewest = look.fewest ?? looksFor(metrics.length, limit)[0]!.pairs;
  return metrics.map((metric, at) => {
    const { estimate, low, high } = pairedInterval(metric.logRatios, levels[at]!, look.level);
    const decision: Decision = worse.has(at) ? 'worse' : high < metric.threshold ? 'within' : 'undecided';
    const pairsNeeded = decision === 'undecided' ? estimatePairs(metric, estimate, { fewest, limit }) : undefined;
    return { name: metric.name, decision, estimate, low, high, pairsNeeded };
  });
}

/** Worse if any metric is; within if all are, and there is one; else undecided. */
export function overall(decisions: readonly { readonly decision: string }[]): Decision {
  if (decisions.some(({ decision }) => decision === 'worse')) return 'worse';
  const isWithin = decisions.length > 0 && decisions.every(({ decision }) => decision === 'within');
  return isWithin ? 'within' : 'undecided';
}

/** Standard normal quantiles of the level of a later look and of 90 % power. */
const quantileOfLevel = 2.7;
const quantileOfPower = 1.28;
/** Signed ranks need 3/π⁻¹ ≈ 1.05 times the pairs of the mean where the noise is normal. */
const rankEfficiency = 0.955;

function estimatePairs(
  { logRatios, threshold, worseFrom = threshold }: MetricSeries,
  estimate: number,
  { fewest, limit }: { readonly fewest: number; readonly limit: number },
): number | undefined {
  // In between it is neither, however many there are.
  const distance = Math.max(threshold - estimate, estimate - worseFrom, 0);
  const pairs = Math.ceil(
    ((quantileOfLevel + quantileOfPower) * spreadOf(logRatios, estimate)) ** 2 / distance ** 2 / rankEfficiency,
  );
  if (!(pairs <= limit)) return undefined;
  return Math.max(pairs, logRatios.length + 1, fewest);
}

/** Robust standard deviation around the estimate: median absolute deviation, scaled for the normal. */
function spreadOf(values: readonly number[], centre: number): number {
  const deviations = values.map((value) => Math.abs(value - centre)).sort((a, b) => a - b);
  return 1.4826 * deviations[deviations.length >> 1]!;
}

/**
 * The smallest true change that these pairs would have called worse nine times of ten: the noise of the pairs themselves with
 * labels swapped (each residual with a random sign) around a shift, found by halving.
 * @param random uniform in [0, 1), seeded by the caller
 * @returns a log-ratio
 */
export function detectableEffect(metric: MetricSeries, metrics: number, level: number, random: () => number): number {
  const { logRatios, threshold, worseFrom = threshold } = metric;
  const { estimate } = pairedInterval(logRatios, 0.5, 0.5);
  const residuals = logRatios.map((value) => value - estimate);
  const spread = Math.max(...residuals.map(Math.abs), Number.MIN_VALUE);
  const draws = Array.from({ length: simulations }, () =>
    logRatios.map(() => residuals[Math.floor(random() * residuals.length)]! * (random() < 0.5 ? -1 : 1)),
  );
  const power = (shift: number) =>
    draws.filter(
      (draw) =>
        chanceOfAtLeast(
          draw.map((value) => value + shift),
          worseFrom,
        ) <=
        level / metrics,
    ).length / draws.length;
  let low = worseFrom;
  // Twice the largest residual above the limit puts every draw on one side, if so few pairs decide at all.
  let high = worseFrom + 2 * spread;
  if (power(high) < wantedPower) return Number.POSITIVE_INFINITY;
  for (let step = 0; step < halvings; step += 1) {
    const middle = (low + high) / 2;
    if (power(middle) >= wantedPower) high = middle;
    else low = middle;
  }
  return high;
}

/** 400 draws put the power's standard error at 1.5 %. */
const simulations = 400;
const wantedPower = 0.9;
const halvings = 12;
