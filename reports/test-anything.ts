/** Test Anything Protocol, version 14 (testanything.org/tap-version-14-specification.html): a subtest a run. Pure. */
import { printable } from './format.ts';
import { firstSuspect, isUnsaid, sentence } from './junit.ts';
import { type Report, type RunReport, runsOf } from './model.ts';

/** A report as a Test Anything stream. */
export function renderTestAnything(report: Report): string {
  const runs = runsOf(report);
  const planned = runs.length + (isUnsaid(report) ? 1 : 0);
  const lines = ['TAP version 14', `1..${planned}`];
  runs.forEach((run, i) => {
    lines.push(`# Subtest: ${escaped(run.scenario.name)}`, ...runLines(run).map((line) => `    ${line}`));
    lines.push(
      `${run.verdict.ok ? 'ok' : 'not ok'} ${i + 1} - ${escaped(`${run.scenario.name}: ${run.verdict.headline}`)}`,
    );
  });
  if (isUnsaid(report)) lines.push(`not ok ${planned} - ${escaped(report.verdict.headline)}`);
  return `${lines.join('\n')}\n`;
}

function runLines(run: RunReport): string[] {
  const lines = [`1..${run.budgets.length + 1}`];
  run.budgets.forEach((budget, i) => {
    lines.push(`${budget.ok ? 'ok' : 'not ok'} ${i + 1} - ${escaped(sentence(budget))}`);
    if (!budget.ok)
      lines.push('  ---', `  message: ${JSON.stringify(`${sentence(budget)}${firstSuspect(run)}`)}`, '  ...');
  });
  // The run itself is a test: one that stopped early breaks no budget and still is not well.
  const ended = ![2, 3].includes(run.verdict.exitCode) && !run.partial;
  lines.push(`${ended ? 'ok' : 'not ok'} ${run.budgets.length + 1} - the run came to its end`);
  return lines;
}

/** A description is one line, and `#` begins a directive. */
export function escaped(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('#', '\\#');
}
