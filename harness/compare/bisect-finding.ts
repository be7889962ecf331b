/** What a comparison with the good version says of a commit. Pure. */
import type { ComparedMetric, ComparedScenario } from '../../reports/comparison.ts';
import { formatRatio } from '../../reports/comparison-sentence.ts';
import type { BisectEntry } from './bisect-log.ts';
import { failuresName } from './failures.ts';

/**
 * Bad from half of the whole change on, good below it, and neither where the interval of the comparison holds that half: whatever the
 * comparison called it by the threshold that it was given, which has a floor.
 * @param compared undefined where the scenario is not in the report
 * @param half as a share, worse above 0
 */
export function findingOf(compared: ComparedScenario | undefined, name: string, half: number): BisectEntry {
  const metric = metricOf(compared, name);
  const change = metric?.change ?? null;
  const undecided = (why: string): BisectEntry => ({ finding: 'undecided', change, why });
  const failures = name === failuresName ? undefined : metricOf(compared, failuresName);
  // Errors cost less than answers: such a version measures something else.
  if (failures?.decision === 'worse') return { finding: 'skipped', change, why: failures.note };
  if (failures?.decision === 'undecided') return undecided(failures.note);
  if (!metric || change === null) return undecided(metric?.note || 'it was not measured');
  if (metric.decision !== 'worse' && metric.decision !== 'within')
    return undecided(metric.note || 'it could not be decided');
  const { changeLow: low, changeHigh: high } = metric;
  if (low !== null && low > half) return { finding: 'bad', change, why: '' };
  if (high !== null && high < half) return { finding: 'good', change, why: '' };
  return undecided(`${formatRatio(change)} is too near to half of the whole change (${formatRatio(half)})`);
}

/** Why a commit is not worse than the one before it beyond doubt; undefined where it is. */
export function whyUnconfirmed(compared: ComparedScenario | undefined, name: string): string | undefined {
  const metric = metricOf(compared, name);
  if (!metric || metric.change === null) return metric?.note || 'it was not measured';
  if (metric.decision === 'notMeasured') return metric.note;
  if (metric.changeLow !== null && metric.changeLow > 0) return undefined;
  return `${formatRatio(metric.change)}, between ${formatRatio(metric.changeLow)} and ${formatRatio(metric.changeHigh)}`;
}

export function metricOf(compared: ComparedScenario | undefined, name: string): ComparedMetric | undefined {
  return compared?.metrics.find((each) => each.name === name);
}
