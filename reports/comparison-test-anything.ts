/** A comparison as a Test Anything stream, version 14: a subtest a scenario, a test a metric with a threshold. Pure. */
import { type ComparedScenario, type ComparisonReport, isIncomplete, judgedMetrics } from './comparison.ts';
import { metricSentence, siteSentence } from './comparison-sentence.ts';
import { escaped } from './test-anything.ts';

export function renderComparisonTestAnything(report: ComparisonReport): string {
  const planned = report.scenarios.length + (isIncomplete(report) ? 1 : 0);
  const lines = ['TAP version 14', `1..${planned}`];
  report.scenarios.forEach((scenario, i) => {
    const judged = judgedMetrics(scenario);
    const isGood = judged.length > 0 && judged.every(({ decision }) => decision === 'within');
    lines.push(`# Subtest: ${escaped(scenario.name)}`, ...scenarioLines(scenario).map((line) => `    ${line}`));
    lines.push(`${isGood ? 'ok' : 'not ok'} ${i + 1} - ${escaped(scenario.name)}`);
  });
  if (isIncomplete(report)) {
    lines.push(`not ok ${planned} - ${escaped(report.verdict.headline)}`);
    const details = (report.failures ?? [])
      .flatMap((failure) => failure.details.split('\n'))
      .filter((each) => each !== '');
    if (details.length > 0)
      lines.push('  ---', '  said:', ...details.map((each) => `    - ${JSON.stringify(each)}`), '  ...');
  }
  return `${lines.join('\n')}\n`;
}

function scenarioLines(scenario: ComparedScenario): string[] {
  const judged = judgedMetrics(scenario);
  const lines = [`1..${judged.length}`];
  judged.forEach((metric, i) => {
    const isGood = metric.decision === 'within';
    lines.push(`${isGood ? 'ok' : 'not ok'} ${i + 1} - ${escaped(metricSentence(metric))}`);
    if (isGood) return;
    lines.push('  ---', `  message: ${JSON.stringify(metricSentence(metric))}`);
    if (scenario.sites.length > 0) {
      lines.push('  sites:', ...scenario.sites.map((site) => `    - ${JSON.stringify(siteSentence(site))}`));
    }
    lines.push('  ...');
  });
  return lines;
}
