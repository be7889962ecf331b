/**
 * How far a delay lies from its mean: made from uniform numbers with sums and square roots alone, which every engine rounds
 * alike, so that a seed gives the same delays everywhere.
 */
import type { Random } from '../../../agent/seeded-random.ts';

export const distributions = ['uniform', 'normal', 'pareto'] as const;
export type Distribution = (typeof distributions)[number];

/** @returns a number with mean 0: uniform within ±1, or of standard deviation 1. */
export function drawFrom(distribution: Distribution, random: Random): number {
  switch (distribution) {
    case 'uniform':
      return random.fraction() * 2 - 1;
    case 'normal':
      return normal(random);
    case 'pareto':
      return pareto(random);
  }
}

/** The sum of twelve uniform numbers less 6 (Irwin, Hall 1927): within ±6. */
function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) sum += random.fraction();
  return sum;
}

/** Of shape 4: mean 4/3, variance 2/9. One in ten thousand lies 18 deviations out. */
const paretoMean = 4 / 3;
const paretoDeviation = Math.sqrt(2) / 3;

function pareto(random: Random): number {
  return (1 / Math.sqrt(Math.sqrt(1 - random.fraction())) - paretoMean) / paretoDeviation;
}
