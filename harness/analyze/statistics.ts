/** Comparing a base with a head over repeats: what can be told apart, and whether it was. Pure. */
import { mean, medianSorted, sampleStandardDeviation } from 'simple-statistics';

/** 1 % false alarms (two-sided) and 90 % power: 2 · (2.576 + 1.282)² = 29.8, less the usual rounding to the CV's own error. */
const REPEATS_FACTOR = 26;

/** Relative spread of repeats; 0 for fewer than two or a mean of 0. */
export function coefficientOfVariation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const average = mean([...values]);
  return average === 0 ? 0 : sampleStandardDeviation([...values]) / Math.abs(average);
}

/** Repeats per side needed to see a relative change: n ≈ 26 · (CV / change)², at least 1. */
export function repeatsNeeded(cv: number, changeShare: number): number {
  return Math.max(1, Math.ceil(REPEATS_FACTOR * (cv / changeShare) ** 2));
}

/** The smallest relative change that so many repeats a side can show. */
export function minimumDetectableEffect(cv: number, repeats: number): number {
  return cv * Math.sqrt(REPEATS_FACTOR / Math.max(1, repeats));
}

export interface Comparison {
  readonly baseMedian: number;
  readonly headMedian: number;
  /** Of the base's median. */
  readonly changeShare: number;
  /** 99 % interval of the change, by a seeded bootstrap of the medians. */
  readonly changeLow: number;
  readonly changeHigh: number;
  readonly minimumDetectableShare: number;
  /** `same` also when the change is real but under the threshold. */
  readonly verdict: 'worse' | 'better' | 'same' | 'too-noisy';
}

/** Resamples: the 0.5 % and 99.5 % points rest on ten values each. */
const RESAMPLES = 2_000;

/**
 * Judges a head against a base. `too-noisy`: the repeats could not have shown a change of `thresholdShare` and did not.
 * Larger is worse. Both lists must not be empty.
 * @param random 0 ≤ x < 1, seeded by the caller
 */
export function compareRepeats(
  base: readonly number[],
  head: readonly number[],
  thresholdShare: number,
  random: () => number,
): Comparison {
  const baseMedian = median(base);
  const headMedian = median(head);
  const relative = (from: number, to: number) =>
    from === 0 ? (to === 0 ? 0 : Number.POSITIVE_INFINITY) : to / from - 1;
  const changes: number[] = [];
  for (let i = 0; i < RESAMPLES; i += 1)
    changes.push(relative(median(resample(base, random)), median(resample(head, random))));
  changes.sort((a, b) => a - b);
  const changeLow = changes[Math.floor(RESAMPLES * 0.005)]!;
  const changeHigh = changes[Math.ceil(RESAMPLES * 0.995) - 1]!;
  const cv = Math.max(coefficientOfVariation(base), coefficientOfVariation(head));
  const minimumDetectableShare = minimumDetectableEffect(cv, Math.min(base.length, head.length));
  const changeShare = relative(baseMedian, headMedian);
  return {
    baseMedian,
    headMedian,
    changeShare,
    changeLow,
    changeHigh,
    minimumDetectableShare,
    verdict: judge(changeShare, changeLow, changeHigh, minimumDetectableShare, thresholdShare),
  };
}

function judge(
  change: number,
  low: number,
  high: number,
  detectable: number,
  threshold: number,
): Comparison['verdict'] {
  if (low > 0 && change > threshold) return 'worse';
  if (high < 0 && change < -threshold) return 'better';
  return detectable > threshold ? 'too-noisy' : 'same';
}

function median(values: readonly number[]): number {
  return medianSorted([...values].sort((a, b) => a - b));
}

function resample(values: readonly number[], random: () => number): number[] {
  return values.map(() => values[Math.floor(random() * values.length)]!);
}
