/**
 * A comparison as GitHub's workflow commands, which a job prints: an annotation on the line that grew. Pure.
 * Source: docs.github.com, "Workflow commands for GitHub Actions", setting an error message.
 */
import { type ComparisonReport, judgedMetrics } from './comparison.ts';
import { fileInRepository, fullSentence, grownSite } from './comparison-sentence.ts';

/** GitHub shows ten of a kind for a step. */
const annotationsMax = 10;

export function renderComparisonAnnotations(report: ComparisonReport): string {
  const lines: string[] = [];
  for (const scenario of report.scenarios) {
    for (const metric of judgedMetrics(scenario)) {
      if (metric.decision === 'within') continue;
      const site = grownSite(scenario, metric);
      const place =
        site?.file && site.line > 0 ? `file=${property(fileInRepository(report, site))},line=${site.line},` : '';
      const level = metric.decision === 'worse' ? 'error' : 'warning';
      lines.push(
        `::${level} ${place}title=${property(`floodgate compare: ${scenario.name}`)}::${data(fullSentence(scenario, metric))}`,
      );
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
