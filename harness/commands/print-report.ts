/** A report on standard output. */
import path from 'node:path';
import type { Report } from '../../reports/model.ts';
import { renderTerminal } from '../../reports/terminal.ts';

export function takesColour(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR;
}

/** The report as standard output takes it: at a terminal in colour, its lines wrapped. */
export function textForOutput(report: Report): string {
  const { isTTY, columns = 100 } = process.stdout;
  return renderTerminal(report, { colour: takesColour(), columns, wraps: isTTY });
}

/** Prints a report, and where it lies. */
export function printReport(folder: string, report: Report): void {
  process.stdout.write(textForOutput(report));
  process.stdout.write(`\nreport: ${path.relative('', path.join(folder, 'report.html'))}\n`);
}
