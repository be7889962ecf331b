/**
 * The paired test behind every statistical verdict: Wilcoxon's signed ranks, exact, without an assumption on the shape of
 * the noise beyond the one that pairing gives: with no effect, a pair is as likely to differ by +d as by −d.
 *
 * Source: Hollander, Wolfe, Chicken, "Nonparametric Statistical Methods", 3rd edition, 3.1 (test), 3.2 (estimate), 3.3 (interval).
 */
import { medianSorted } from 'simple-statistics';

/** Bounded, since the exact distribution and the Walsh averages grow with the square. */
export const pairsMax = 64;

export interface PairedInterval {
  /** Hodges–Lehmann estimate: the median of the Walsh averages. */
  readonly estimate: number;
  /** −Infinity where so few pairs give no bound at this level. */
  readonly low: number;
  /** +Infinity where so few pairs give no bound at this level. */
  readonly high: number;
}

/**
 * The chance of differences at least as large as these if the true shift were `shift` or less (one-sided).
 * Differences equal to the shift count against the claim: they get their rank on the negative side.
 * @param differences one a pair, head minus base; 1 to `pairsMax`
 */
export function chanceOfAtLeast(differences: readonly number[], shift: number): number {
  const centred = differences.map((difference) => difference - shift);
  const order = centred.map((_, at) => at).sort((a, b) => Math.abs(centred[a]!) - Math.abs(centred[b]!));
  // Ties get the rank that is worse for the claim: positive ones the lowest of their group, which keeps the test conservative.
  let positive = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && Math.abs(centred[order[to]!]!) === Math.abs(centred[order[from]!]!)) to += 1;
    const above = order.slice(from, to).filter((at) => centred[at]! > 0).length;
    for (let each = 0; each < above; each += 1) positive += from + 1 + each;
    from = to;
  }
  const n = differences.length;
  return lowerTail(n, (n * (n + 1)) / 2 - positive);
}

/**
 * Estimate and interval of the true shift.
 * @param levelLow one-sided error of the lower bound
 * @param levelHigh one-sided error of the upper bound
 */
export function pairedInterval(differences: readonly number[], levelLow: number, levelHigh: number): PairedInterval {
  const walsh = walshAverages(differences);
  const below = largestBelow(differences.length, levelLow);
  const above = largestBelow(differences.length, levelHigh);
  return {
    estimate: medianSorted(walsh as unknown as number[]),
    low: below < 0 ? Number.NEGATIVE_INFINITY : walsh[below]!,
    high: above < 0 ? Number.POSITIVE_INFINITY : walsh[walsh.length - 1 - above]!,
  };
}

/** Fewest pairs that can decide anything at this one-sided level: all on one side has a chance of 2⁻ⁿ. */
export function fewestPairs(level: number): number {
  return Math.ceil(-Math.log2(level));
}

function walshAverages(differences: readonly number[]): Float64Array {
  const n = differences.length;
  const averages = new Float64Array((n * (n + 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i += 1)
    for (let j = i; j < n; j += 1) averages[at++] = (differences[i]! + differences[j]!) / 2;
  return averages.sort();
}

/** The largest statistic whose lower tail is within the level; −1: none is. */
function largestBelow(n: number, level: number): number {
  const tails = tailsOf(n);
  let largest = -1;
  while (largest + 1 < tails.length && tails[largest + 1]! <= level) largest += 1;
  return largest;
}

function lowerTail(n: number, statistic: number): number {
  return tailsOf(n)[statistic]!;
}

/** By number of pairs; never more than `pairsMax` entries. */
const knownTails = new Map<number, readonly number[]>();

/** P(W ≤ w) for w = 0 … n(n+1)/2 under random signs: each rank is in the sum or not. */
function tailsOf(n: number): readonly number[] {
  if (!Number.isInteger(n) || n < 1 || n > pairsMax) throw new RangeError(`pairs: 1 to ${pairsMax}, not ${n}`);
  const known = knownTails.get(n);
  if (known) return known;
  const sum = (n * (n + 1)) / 2;
  const chances = new Array<number>(sum + 1).fill(0);
  chances[0] = 1;
  for (let rank = 1; rank <= n; rank += 1)
    for (let w = sum; w >= 0; w -= 1) chances[w] = (chances[w]! + (w >= rank ? chances[w - rank]! : 0)) / 2;
  let total = 0;
  const tails = chances.map((chance) => (total += chance));
  knownTails.set(n, tails);
  return tails;
}
