/** A chance for each frame, which may depend on what became of the one before. */
import type { Random } from '../../../agent/seeded-random.ts';
import { numberOf, type Parameter, percent, type Values } from './parameters.ts';

/** As in tc-netem(8): how much a frame's fate depends on that of the frame before it. */
export const correlation: Parameter = { name: 'correlation', unit: 'share', default: 0, max: 1 };
export const probability: Parameter = { name: 'probability', unit: 'share' };

/** The chance that a row's `probability` and `correlation` give. */
export function chanceOf(values: Values, random: Random): () => boolean {
  return correlatedChance(random, numberOf(values, 'probability'), numberOf(values, 'correlation'));
}

/** ", correlation 25 %", as the end of a description; empty without one. */
export function correlationWords({ correlation }: Values): string {
  return correlation === 0 ? '' : `, correlation ${percent(correlation!)}`;
}

/**
 * True with chance `fraction`. With a `correlation` ρ it is a chain of two states whose share stays `fraction` and whose
 * neighbours correlate by exactly ρ: runs of `true` are 1 / ((1 − fraction)(1 − ρ)) long. (The formula of netem itself
 * changes the share.)
 */
export function correlatedChance(random: Random, fraction: number, correlation: number): () => boolean {
  if (correlation === 0) return () => random.chance(fraction);
  const afterTrue = fraction + correlation * (1 - fraction);
  const afterFalse = fraction * (1 - correlation);
  let last: boolean | undefined;
  return () => (last = random.chance(last === undefined ? fraction : last ? afterTrue : afterFalse));
}
