/** The reporters of a comparison by name: each turns it into one text. Pure; whoever calls writes the file. */
import type { ComparisonReport } from './comparison.ts';
import { renderComparisonAnnotations } from './comparison-annotations.ts';
import { renderComparisonBencher } from './comparison-bencher.ts';
import { renderComparisonHtml } from './comparison-html.ts';
import { renderComparisonJunit } from './comparison-junit.ts';
import { renderComparisonMarkdown } from './comparison-markdown.ts';
import { renderComparisonSarif } from './comparison-sarif.ts';
import { renderComparisonTerminal } from './comparison-terminal.ts';
import { renderComparisonTestAnything } from './comparison-test-anything.ts';

export interface ComparisonReporter {
  /** What the file is called in a comparison's folder. */
  readonly fileName: string;
  render(report: ComparisonReport): string;
}

export const comparisonReporters: readonly ComparisonReporter[] = [
  { fileName: 'comparison.json', render: (report) => `${JSON.stringify(report)}\n` },
  { fileName: 'comparison.html', render: renderComparisonHtml },
  { fileName: 'comparison.md', render: renderComparisonMarkdown },
  { fileName: 'comparison.txt', render: (report) => renderComparisonTerminal(report, { colour: false, all: true }) },
  { fileName: 'comparison.xml', render: renderComparisonJunit },
  { fileName: 'comparison.tap', render: renderComparisonTestAnything },
  { fileName: 'comparison.sarif', render: renderComparisonSarif },
  { fileName: 'comparison.bencher.json', render: renderComparisonBencher },
  { fileName: 'annotations.txt', render: renderComparisonAnnotations },
];
