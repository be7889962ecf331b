/** One verdict over all scenarios of a comparison. Pure. */
import { type ComparedMetric, type ComparedScenario, judgedMetrics } from '../../reports/comparison.ts';
import { formatChange, grownSite, siteSentence } from '../../reports/comparison-sentence.ts';
import { formatCount, formatShare } from '../../reports/format.ts';
import type { Verdict } from '../../reports/model.ts';
import { failuresName } from './failures.ts';

interface Judged {
  readonly scenario: ComparedScenario;
  readonly metric: ComparedMetric;
}

/**
 * Worse anywhere: exit code 1. Otherwise undecided or not measured anywhere: 4, or 0 where the caller accepts it. A comparison that
 * judged nothing is undecided.
 */
export function comparisonVerdict(scenarios: readonly ComparedScenario[], acceptsUndecided: boolean): Verdict {
  const judged = scenarios.flatMap((scenario) =>
    judgedMetrics(scenario).map((metric): Judged => ({ scenario, metric })),
  );
  const worse = judged.filter(({ metric }) => metric.decision === 'worse');
  const open = judged.filter(({ metric }) => metric.decision === 'undecided' || metric.decision === 'notMeasured');
  if (worse.length > 0)
    return {
      ok: false,
      exitCode: 1,
      headline: `WORSE: ${sentence(worse[0]!)}${more(worse.length)}${site(worse[0]!)}`,
    };
  if (judged.length === 0) return { ok: false, exitCode: 4, headline: 'UNDECIDED: no metric has a threshold' };
  if (open.length > 0) {
    const { metric, scenario } = open[0]!;
    const why = metric.note || 'the interval holds the threshold';
    const headline = `UNDECIDED: ${metric.name} of ${scenario.name}: ${why}${more(open.length)}`;
    return { ok: acceptsUndecided, exitCode: acceptsUndecided ? 0 : 4, headline };
  }
  const { metric } = judged[0]!;
  const seen = metric.detectable === null ? '' : `; ${formatChange(metric.detectable)} would have been seen`;
  return {
    ok: true,
    exitCode: 0,
    headline: `WITHIN: ${judged.length} of ${judged.length} thresholds hold; ${sentence(judged[0]!)}${seen}`,
  };
}

function sentence({ scenario, metric }: Judged): string {
  // Of none at first no share can be given: counts of a run are.
  if (metric.name === failuresName && metric.change === null) {
    const counted = (value: number | null) => (value === null ? '–' : formatCount(value));
    return `${metric.name} of ${scenario.name}: ${counted(metric.headMedian)} a run, ${counted(metric.baseMedian)} before`;
  }
  return `${metric.name} of ${scenario.name} ${formatChange(metric.change)}, at most +${formatShare(metric.threshold ?? 0)} is allowed`;
}

/** Who it is, where a call site stands out. */
function site({ scenario, metric }: Judged): string {
  const grown = grownSite(scenario, metric);
  return grown ? `: ${siteSentence(grown)}` : '';
}

const more = (count: number) => (count > 1 ? `, and ${count - 1} more` : '');
