/** A comparison as JUnit XML: a suite a scenario, a case a metric with a threshold. Pure. */
import { type ComparisonReport, isIncomplete, judgedMetrics } from './comparison.ts';
import { fullSentence } from './comparison-sentence.ts';
import { newJunit, xmlText } from './junit.ts';

export function renderComparisonJunit(report: ComparisonReport): string {
  const builder = newJunit();
  for (const scenario of report.scenarios) {
    const suite = builder
      .testSuite()
      .name(xmlText(`floodgate compare ${scenario.name}`))
      .timestamp(xmlText(report.startedAt))
      .property('command', xmlText(report.command));
    const className = xmlText(`floodgate.compare.${scenario.name}`);
    const judged = judgedMetrics(scenario);
    for (const metric of judged) {
      const test = suite.testCase().className(className).name(xmlText(metric.name)).time(0);
      const text = xmlText(fullSentence(scenario, metric));
      test.standardOutput(text);
      if (metric.decision === 'worse') test.failure(text, 'threshold');
      // Neither: no green either.
      else if (metric.decision !== 'within') test.error(text);
    }
    if (judged.length === 0)
      suite.testCase().className(className).name('thresholds').error('no metric has a threshold');
  }
  if (isIncomplete(report)) {
    const suite = builder.testSuite().name('floodgate compare').timestamp(xmlText(report.startedAt));
    const test = suite
      .testCase()
      .className('floodgate.compare')
      .name('verdict')
      .error(xmlText(report.verdict.headline));
    const details = (report.failures ?? []).map((failure) => failure.details).filter((each) => each !== '');
    if (details.length > 0) test.standardError(details.join('\n\n').split('\n').map(xmlText).join('\n'));
  }
  return `${builder.build()}\n`;
}
