/**
 * A comparison as GitHub's workflow commands, which a job prints: an annotation on the line that grew. Pure.
 * Source: docs.github.com, "Workflow commands for GitHub Actions", setting an error message.
 */
import { type ComparisonReport, isIncomplete, judgedMetrics } from './comparison.ts';
import { fullSentence, inRepository, markedSite, type PlaceInFile, placeOf } from './comparison-sentence.ts';

/** GitHub shows ten of a kind for a step. */
const annotationsMax = 10;

export function renderComparisonAnnotations(report: ComparisonReport): string {
  const lines: string[] = [];
  const add = (level: 'error' | 'warning', { file, line }: PlaceInFile, name: string, text: string) => {
    const place = `file=${property(inRepository(report, file))},line=${line}`;
    lines.push(`::${level} ${place},title=${property(name)}::${data(text)}`);
  };
  if (isIncomplete(report))
    add('error', placeOf(report, undefined, undefined), 'floodgate compare', report.verdict.headline);
  for (const scenario of report.scenarios) {
    const title = `floodgate compare: ${scenario.name}`;
    const judged = judgedMetrics(scenario);
    if (judged.length === 0) add('warning', placeOf(report, scenario, undefined), title, 'no metric has a threshold');
    for (const metric of judged) {
      if (metric.decision === 'within') continue;
      const site = markedSite(scenario, metric);
      const place = placeOf(report, scenario, site);
      add(metric.decision === 'worse' ? 'error' : 'warning', place, title, fullSentence(scenario, metric, site));
    }
  }
  return lines
    .slice(0, annotationsMax)
    .map((line) => `${line}\n`)
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
