/** JUnit XML for continuous integration: a suite per run, a case per budget. Pure. */
import junit, { type Builder } from 'junit-report-builder';
import { formatSite, formatValue, printable } from './format.ts';
import { type BudgetResult, type GateReport, type Report, type RunReport, runsOf } from './model.ts';

/** A report as JUnit XML. */
export function renderJunit(report: Report): string {
  const builder = newJunit();
  for (const run of runsOf(report)) {
    const suite = builder
      .testSuite()
      .name(xmlText(`floodgate ${run.scenario.name}`))
      .timestamp(xmlText(run.startedAt))
      .time(run.durationMs / 1000)
      .property('command', xmlText(run.command))
      .property('lane', run.lane);
    const className = xmlText(`floodgate.${run.scenario.name}`);
    for (const budget of run.budgets) {
      const test = suite.testCase().className(className).name(xmlText(budget.name)).time(0);
      test.standardOutput(xmlText(sentence(budget)));
      if (budget.state === 'over') test.failure(xmlText(`${sentence(budget)}${firstSuspect(run)}`), 'budget');
      // Neither held nor broken: a check that could not be made, which is no green either.
      else if (!budget.ok) test.error(xmlText(sentence(budget)));
    }
    // A run that could not finish has no broken budget to say so.
    if (!run.verdict.ok && run.budgets.every((budget) => budget.ok)) {
      suite.testCase().className(className).name('run').error(xmlText(run.verdict.headline));
    } else if (run.budgets.length === 0) suite.testCase().className(className).name('run');
  }
  if (isUnsaid(report)) {
    const suite = builder.testSuite().name('floodgate gate').timestamp(xmlText(report.startedAt));
    suite.testCase().className('floodgate.gate').name('verdict').error(xmlText(report.verdict.headline));
  }
  return `${builder.build()}\n`;
}

/** Whether a gate did not pass for a reason that none of its runs says: a scenario that could not run, or that nothing judges. */
export function isUnsaid(report: Report): report is GateReport {
  if (report.kind !== 'gate' || report.verdict.ok) return false;
  return [2, 3].includes(report.verdict.exitCode) || report.runs.every(({ verdict }) => verdict.ok);
}

/** An empty report. */
export function newJunit(): Builder {
  // The package's types speak of a default export; what it really exports is the builder itself.
  return (junit as unknown as Builder).newBuilder();
}

/** One budget in a sentence: what it is, and what was allowed. */
export function sentence(budget: BudgetResult): string {
  const { actual: value, state } = budget;
  const unknown = state === 'undecided' ? 'is undecided' : 'was not measured';
  const actual = value === null ? unknown : `is ${formatValue(value, budget.unit)}`;
  const limit = `${budget.bound === 'max' ? 'at most' : 'at least'} ${formatValue(budget.limit, budget.unit)} allowed`;
  return `${printable(budget.name)} ${actual}, ${limit}${budget.note ? ` (${printable(budget.note)})` : ''}`;
}

/** The first suspect of the highest spike, as the end of a sentence; empty without one. */
export function firstSuspect(run: RunReport): string {
  const [highest] = [...run.spikes].sort((a, b) => b.heightBytes - a.heightBytes);
  const suspect = highest?.suspects[0];
  return suspect ? `; first suspect: ${formatSite(suspect)}` : '';
}

/** XML 1.0 cannot write most control characters, surrogates and two noncharacters; `]]>` would end a CDATA section. */
export function xmlText(text: string): string {
  return printable(text)
    .toWellFormed()
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll(']]>', ']] >');
}
