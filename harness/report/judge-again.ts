/** Judges a run that is over by other limits: its report holds a reading of every metric. Pure. */
import { allOf } from '../../reports/counted.ts';
import type { GateReport, Report, RunReport, Verdict } from '../../reports/model.ts';
import { judge, readingOf } from '../metrics/budgets.ts';
import { worstExitCode } from '../metrics/exit-codes.ts';
import { notMeasured, type Reading, value } from '../metrics/reading.ts';
import type { Metric } from '../metrics/table.ts';
import type { Budget } from '../scenario/scenario.ts';
import { limitsVerdict } from './limits-verdict.ts';

/** The same report, with these limits in place of its own or beside them, and the verdict that follows. */
export function judgeAgain(report: Report, limits: Budget): Report {
  if (report.kind === 'run') return judgeRun(report, limits);
  const runs = report.runs.map((run) => judgeRun(run, limits));
  return { ...report, runs, verdict: gateVerdict(report, runs) };
}

function judgeRun(run: RunReport, limits: Budget): RunReport {
  const fresh = judge(limits, { of: (metric) => readingFrom(run, metric) });
  const budgets = [...run.budgets.filter(({ name }) => !Object.hasOwn(limits, name)), ...fresh];
  return { ...run, budgets, verdict: limitsVerdict(budgets, run.spikes, run.fault) };
}

function readingFrom({ figures, budgets }: RunReport, { name }: Metric): Reading {
  const figure = figures.find((each) => each.name === name);
  if (figure) return readingOf(figure);
  // Call sites are counted where a limit asks for them, and reports of older versions have no other figures.
  const limit = budgets.find((each) => each.name === name);
  if (limit && limit.actual !== null && limit.note === '') return value(limit.actual);
  return notMeasured(limit?.note || 'the report has no figure of it: run it again with this limit');
}

function gateVerdict({ verdict }: GateReport, runs: readonly RunReport[]): Verdict {
  if (verdict.exitCode === 3) return verdict;
  const exitCode = worstExitCode(runs.map((run) => run.verdict.exitCode));
  const failed = runs.filter((run) => !run.verdict.ok).map(({ scenario }) => scenario.name);
  const headline =
    exitCode === 0 ? `${allOf(runs.length, 'scenario')} within budget.` : `Not within budget: ${failed.join(', ')}.`;
  return { ok: exitCode === 0, exitCode, headline };
}
