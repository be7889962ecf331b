/** The reporters by name: each turns a report into one text. Pure; whoever calls writes the file. */
import { renderHtml } from './html.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import type { Report } from './model.ts';
import { renderTerminal } from './terminal.ts';
import { renderTestAnything } from './test-anything.ts';

export interface Reporter {
  readonly name: string;
  /** What the file is called in a report's folder. */
  readonly fileName: string;
  /** Never throws for a report that `readAnyReport` accepts, whatever its names hold. */
  render(report: Report): string;
}

export const reporters: readonly Reporter[] = [
  { name: 'html', fileName: 'report.html', render: renderHtml },
  { name: 'json', fileName: 'report.json', render: renderJson },
  { name: 'junit', fileName: 'junit.xml', render: renderJunit },
  { name: 'markdown', fileName: 'report.md', render: renderMarkdown },
  { name: 'tap', fileName: 'report.tap', render: renderTestAnything },
  { name: 'terminal', fileName: 'report.txt', render: (report) => renderTerminal(report) },
];
