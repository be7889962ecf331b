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
  readonly name: string;
  /** What the file is called in a comparison's folder. */
  readonly fileName: string;
  render(report: ComparisonReport): string;
}

export const comparisonReporters: readonly ComparisonReporter[] = [
  { name: 'json', fileName: 'comparison.json', render: (report) => `${JSON.stringify(report)}\n` },
  { name: 'html', fileName: 'comparison.html', render: renderComparisonHtml },
  { name: 'markdown', fileName: 'comparison.md', render: renderComparisonMarkdown },
  {
    name: 'terminal',
    fileName: 'comparison.txt',
    render: (report) => renderComparisonTerminal(report, { colour: false, all: true }),
  },
  { name: 'junit', fileName: 'comparison.xml', render: renderComparisonJunit },
  { name: 'tap', fileName: 'comparison.tap', render: renderComparisonTestAnything },
  { name: 'sarif', fileName: 'comparison.sarif', render: renderComparisonSarif },
  { name: 'bencher', fileName: 'comparison.bencher.json', render: renderComparisonBencher },
  { name: 'annotations', fileName: 'annotations.txt', render: renderComparisonAnnotations },
];
