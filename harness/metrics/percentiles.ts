/**
 * Percentiles over time: how much of the time was spent at or below a level, whatever the pace of the readings. A
 * percentile has readings behind it: those above it must be ten, or it is only known to lie between two figures. Pure.
 */
import { quantileSorted } from 'simple-statistics';
import { between, notMeasured, type Reading, value } from './reading.ts';

/** Readings that must lie above a percentile: fewer, and one more or less of them moves it. */
const readingsAboveMin = 10;
/** A stall of the reader longer than this many usual steps is not taken for a level that held. */
const stepsMax = 10;

/** Readings of a level in order of size, each with the share of the time it stands for. */
export interface Distribution {
  readonly count: number;
  readonly spanMs: number;
  readonly mean: number;
  readonly max: number;
  /** The level that the share `q` of the time was spent at or below. */
  at(q: number): number;
}

/**
 * Each reading counts for the time until the next one, at most ten times the median step. Undefined without readings.
 * @param tMs ascending
 */
export function distributionOf(tMs: readonly number[], levels: readonly number[]): Distribution | undefined {
  const count = levels.length;
  if (count === 0) return undefined;
  const steps = tMs.slice(1).map((ms, i) => ms - tMs[i]!);
  const usualMs = steps.length > 0 ? quantileSorted(steps.toSorted(ascending), 0.5) : 1;
  const stepMax = Math.max(usualMs * stepsMax, Number.MIN_VALUE);
  const weights = levels.map((_, i) => Math.min(steps[i] ?? usualMs, stepMax));
  const order = levels.map((_, i) => i).sort((a, b) => levels[a]! - levels[b]!);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const weighted = levels.reduce((all, level, i) => all + level * weights[i]!, 0);
  return {
    count,
    spanMs: tMs.at(-1)! - tMs[0]!,
    mean: sum > 0 ? weighted / sum : levels[0]!,
    max: levels[order.at(-1)!]!,
    at: (q) => {
      let reached = 0;
      for (const i of order) {
        reached += weights[i]!;
        if (reached >= q * sum) return levels[i]!;
      }
      return levels[order.at(-1)!]!;
    },
  };
}

export const unseen = 'its resident memory could not be read';

const grouped = (count: number) => count.toLocaleString('en-US');
const ascending = (a: number, b: number) => a - b;

/** How many readings a percentile takes: 20 for the median, 1,000 for p99, 10,000 for p99.9. */
export function readingsFor(q: number): number {
  return Math.ceil(readingsAboveMin / (1 - q) - 1e-6);
}

/**
 * A percentile of a level. With too few readings it lies between the highest percentile that has ten above it and the
 * highest level there was.
 * @param highest known from elsewhere (the kernel's own peak); undefined: between two readings it may have been higher
 */
export function percentile(levels: Distribution | undefined, q: number, highest: number | undefined): Reading {
  if (!levels) return notMeasured(unseen);
  const wanted = readingsFor(q);
  if (levels.count >= wanted) return value(levels.at(q));
  const low = levels.count > readingsAboveMin ? levels.at(1 - readingsAboveMin / levels.count) : levels.at(0);
  const top = Math.max(highest ?? Number.POSITIVE_INFINITY, levels.max);
  return between(
    low,
    top,
    `takes ${grouped(wanted)} readings, and there were ${grouped(levels.count)} in ${(levels.spanMs / 1000).toFixed(1)} s`,
  );
}
