/** A load that sends nothing: limits hold in a server that nobody asked anything. Pure. */
import type { Fault, RunReport } from '../../reports/model.ts';
import { nothingAnswered } from '../metrics/heap.ts';
import { limitsVerdict } from '../report/limits-verdict.ts';
import type { ScenarioConfig } from './define.ts';

const fault: Fault = {
  exitCode: 4,
  headline:
    'No request was answered under the load, so limits decide nothing (say unanswered: true in the scenario if it sends no HTTP requests).',
};

/** The report with that fault, where a program of Node.js counts the HTTP requests that it answers and answered none. */
export function withRequestsExpected(scenario: ScenarioConfig, report: RunReport): RunReport {
  if (scenario.load === undefined || scenario.unanswered === true || report.fault !== null) return report;
  const noteOf = (name: string) => report.figures.find((figure) => figure.name === name);
  const isAnswered = noteOf('allocated.perRequest')?.note !== nothingAnswered;
  // Whoever counts failed requests has sent some.
  if (isAnswered || noteOf('requests.failed')?.state !== 'notMeasured') return report;
  return { ...report, fault, verdict: limitsVerdict(report.budgets, report.spikes, fault) };
}
