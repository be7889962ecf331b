/** Percentiles over time: how much of the run was spent at or below a level, whatever the pace of the samples. Pure. */
import { quantileSorted } from 'simple-statistics';

export interface LevelSummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
  readonly samples: number;
}

/**
 * Percentiles of a sampled level, each sample weighted by the time until the next one (at most ten times the median
 * step, so that one stall of the sampler is not taken for a level that held). Undefined without samples.
 */
export function summarizeLevel(tMs: readonly number[], values: readonly (number | null)[]): LevelSummary | undefined {
  const kept: { value: number; at: number }[] = [];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (value !== null && value !== undefined) kept.push({ value, at: tMs[i]! });
  }
  if (kept.length === 0) return undefined;
  const steps = kept.slice(1).map((each, i) => each.at - kept[i]!.at);
  const median =
    steps.length > 0
      ? quantileSorted(
          [...steps].sort((a, b) => a - b),
          0.5,
        )
      : 1;
  const stepMax = Math.max(median * 10, Number.MIN_VALUE);
  const weighted = kept.map(({ value }, i) => ({ value, weight: Math.min(steps[i] ?? median, stepMax) }));
  weighted.sort((a, b) => a.value - b.value);
  const weightSum = weighted.reduce((sum, each) => sum + each.weight, 0);
  const mean =
    weightSum > 0 ? weighted.reduce((sum, each) => sum + each.value * each.weight, 0) / weightSum : kept[0]!.value;
  const at = (share: number) => {
    let sum = 0;
    for (const each of weighted) {
      sum += each.weight;
      if (sum >= share * weightSum) return each.value;
    }
    return weighted.at(-1)!.value;
  };
  return {
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    p999: at(0.999),
    max: weighted.at(-1)!.value,
    mean,
    samples: kept.length,
  };
}
