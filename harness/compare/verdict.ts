/** One verdict over all scenarios of a comparison. Pure. */
import { type ComparedMetric, type ComparedScenario, judgedMetrics } from '../../reports/comparison.ts';
import {
  formatDetectable,
  formatLimit,
  formatMetricChange,
  grownSite,
  isFromNothing,
  siteSentence,
} from '../../reports/comparison-sentence.ts';
import { formatCount } from '../../reports/format.ts';
import type { Verdict } from '../../reports/model.ts';
import { failuresName } from './failures.ts';

interface Judged {
  readonly scenario: ComparedScenario;
  readonly metric: ComparedMetric;
}

/**
 * Worse anywhere: exit code 1. Otherwise undecided or not measured anywhere: 4, or 0 where the caller accepts what is undecided. A comparison
 * that judged nothing is undecided.
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
  const unjudged = scenarios.find((scenario) => judgedMetrics(scenario).length === 0);
  if (unjudged || judged.length === 0) {
    const of = unjudged && scenarios.length > 1 ? ` of ${unjudged.name}` : '';
    return { ok: false, exitCode: 4, headline: `UNDECIDED: no metric${of} has a threshold` };
  }
  if (open.length > 0) {
    const refused = open.filter(isNeverAccepted);
    // What time would mend comes last: nothing else would be learned by waiting for it.
    const unmeasured = open.filter(({ metric }) => metric.decision === 'notMeasured');
    const { metric, scenario } = unmeasured[0] ?? refused[0] ?? open[0]!;
    const why = metric.note || 'the interval holds the threshold';
    const isAccepted = acceptsUndecided && refused.length === 0;
    const but =
      acceptsUndecided && !isAccepted ? ' (--undecided pass accepts what pairs could not decide, and not this)' : '';
    // Of what figures say nothing, no figure is said.
    const isOfFigures = metric.threshold !== null && !isNeverAccepted({ metric, scenario });
    const what = isOfFigures ? sentence({ metric, scenario }) : `${metric.name} of ${scenario.name}`;
    const headline = `UNDECIDED: ${what}: ${why}${unmeasured.length > 0 ? moreOpen(unmeasured.length - 1, open.length - unmeasured.length) : more(open.length)}${but}`;
    return { ok: isAccepted, exitCode: isAccepted ? 0 : 4, headline };
  }
  const { metric } = judged[0]!;
  const detectable = formatDetectable(metric);
  const seen = detectable === '' ? '' : `; ${detectable} would have been seen`;
  return {
    ok: true,
    exitCode: 0,
    headline: `WITHIN: ${judged.length} of ${judged.length} thresholds hold; ${sentence(judged[0]!)}${seen}`,
  };
}

/** What more pairs would not decide: no figure, a load that was not served, requests that fail. */
function isNeverAccepted({ scenario, metric }: Judged): boolean {
  return metric.decision === 'notMeasured' || metric.name === failuresName || scenario.fault !== undefined;
}

function sentence({ scenario, metric }: Judged): string {
  // Of none at first no share can be given: counts of a run are.
  if (metric.name === failuresName && metric.change === null) {
    const counted = (value: number | null) => (value === null ? '–' : formatCount(value));
    return `${metric.name} of ${scenario.name}: ${counted(metric.headMedian)} a run, ${counted(metric.baseMedian)} before`;
  }
  const limit = formatLimit(metric);
  const allowed = limit === '' ? '' : `, at most ${limit} is allowed`;
  return `${metric.name} of ${scenario.name}${isFromNothing(metric) ? ':' : ''} ${formatMetricChange(metric)}${allowed}`;
}

/** Who it is, where a call site stands out. */
function site({ scenario, metric }: Judged): string {
  const grown = grownSite(scenario, metric);
  return grown ? `: ${siteSentence(grown)}` : '';
}

/** Beside the one that is named. */
function moreOpen(unmeasured: number, undecided: number): string {
  const parts = [
    ...(unmeasured > 0 ? [`${unmeasured} more not measured`] : []),
    ...(undecided > 0 ? [`${undecided} undecided`] : []),
  ];
  return parts.map((part) => `, and ${part}`).join('');
}

const more = (count: number) => (count > 1 ? `, and ${count - 1} more` : '');
