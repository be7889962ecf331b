/** Whether any number of pairs would come to no verdict: seen at the first pair, so that a load that is too short is not run ten times. Pure. */
import type { RunReport } from '../../reports/model.ts';
import { failuresName, judgeFailures } from './failures.ts';
import { isComplete, type MetricFigures } from './judge.ts';

type Runs = Readonly<Record<'base' | 'head', readonly Pick<RunReport, 'figures' | 'fault'>[]>>;

/**
 * True where no metric with a threshold was measured in each run, or the load was served by neither version. One run without a figure is
 * enough, whatever the others bring. Failed requests of the head alone may still be called worse.
 */
export function comesToNoVerdict(figures: readonly MetricFigures[], { base, head }: Runs): boolean {
  const judged = figures.filter(({ threshold }) => threshold !== undefined);
  const isUnserved = [base, head].every((side) => side.some(({ fault }) => fault?.exitCode === 4));
  if (!isUnserved && judged.some(isComplete)) return false;
  const failed = figures.find(({ name }) => name === failuresName);
  const decision = failed && judgeFailures(failed)?.decision;
  return decision === undefined || decision === 'within';
}

/** What a run says of the first metric with a threshold that it did not measure; undefined where it measured all. */
export function lackOf(
  { figures }: Pick<RunReport, 'figures'>,
  thresholds: ReadonlyMap<string, number>,
): string | undefined {
  const lacking = figures.find(({ name, value }) => value === null && thresholds.has(name));
  return lacking && `${lacking.name} is not measured by this load: ${lacking.note}`;
}
