/**
 * How many exchanges there were, by the weights of the witnesses that were made of some of them: the estimate, and an interval
 * that holds the true number 99 times of 100. Pure.
 *
 * The estimate is Horvitz and Thompson's sum of weights. The interval is Fay and Feuer's for weighted sums of counts
 * ("Confidence intervals for directly standardized rates: a method based on the gamma distribution", 1997), which keeps what it
 * promises where there are few witnesses, or none. Witnesses of weight 1 were certain and add nothing to its width.
 */

export interface WeightSums {
  /** Witnesses of weight 1. */
  readonly certain: number;
  /** Of all weights. */
  readonly weight: number;
  /** Of the squares of weights above 1. */
  readonly weightSquares: number;
  /** The largest weight; 1 where none is above 1. */
  readonly weightMax: number;
}

export interface Estimate {
  readonly count: number;
  readonly least: number;
  readonly most: number;
}

/** Of the standard normal distribution, two-sided, for 99 of 100. */
const normal99 = 2.575_829;

/**
 * @param usualWeight the most that was usual while it was counted: what came at that time only may be in no witness; 1 where
 *   nothing was left out
 */
export function estimateCount(sums: WeightSums, usualWeight: number): Estimate {
  const chosen = sums.weight - sums.certain;
  const largest = Math.max(sums.weightMax, usualWeight);
  if (largest <= 1) return { count: sums.weight, least: sums.weight, most: sums.weight };
  const least = chosen <= 0 ? 0 : gammaQuantile((chosen * chosen) / sums.weightSquares, -normal99);
  const scale = chosen <= 0 ? 0 : sums.weightSquares / chosen;
  const upper = chosen + largest;
  const upperSquares = sums.weightSquares + largest * largest;
  const most = (upperSquares / upper) * gammaQuantile((upper * upper) / upperSquares, normal99);
  // Each witness is at least itself.
  return {
    count: sums.weight,
    least: sums.certain + Math.max(chosen > 0 ? 1 : 0, Math.floor(least * scale)),
    most: sums.certain + Math.ceil(most),
  };
}

/** Of a gamma distribution with this shape and scale 1, by Wilson and Hilferty's cube root ("The distribution of chi-square", 1931). */
function gammaQuantile(shape: number, normal: number): number {
  const ninth = 1 / (9 * shape);
  return shape * Math.max(0, 1 - ninth + normal * Math.sqrt(ninth)) ** 3;
}
