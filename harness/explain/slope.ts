/**
 * The slope of a noisy line, with its 99 % interval: Theil–Sen with Sen's confidence interval (P. K. Sen, "Estimates of the
 * Regression Coefficient Based on Kendall's Tau", 1968). Medians of pairs: a spike does not tilt the line. Pure.
 */
import { medianSorted } from 'simple-statistics';

/** In the unit of y for each unit of x; the interval is two-sided. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 99 %. */
const Z_99 = 2.576;
/** Of six points the slopes between them are all on one side of the true one by chance in 2 of 720 orders: 99.7 %. */
export const slopePointsMin = 6;

/** Undefined where there are too few points, or they have no width. @param x ascending */
export function theilSen(x: readonly number[], y: readonly number[]): Slope | undefined {
  const count = x.length;
  if (count < slopePointsMin) return undefined;
  const slopes: number[] = [];
  for (let i = 0; i < count; i += 1) {
    for (let j = i + 1; j < count; j += 1) if (x[j]! > x[i]!) slopes.push((y[j]! - y[i]!) / (x[j]! - x[i]!));
  }
  if (slopes.length === 0) return undefined;
  slopes.sort((a, b) => a - b);
  const spread = Z_99 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  return {
    slope: medianSorted(slopes),
    low: slopes[Math.max(0, Math.floor((slopes.length - spread) / 2))]!,
    high: slopes[Math.min(slopes.length - 1, Math.ceil((slopes.length + spread) / 2))]!,
  };
}
