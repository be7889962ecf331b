/** Baselines from a report: what a person accepts, and what nobody can. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { formatValue } from '../../reports/format.ts';
import type { RunReport } from '../../reports/model.ts';
import { judgeAgain } from '../report/judge-again.ts';
import type { Budget } from '../scenario/scenario.ts';
import { definitionOf } from './definition.ts';
import { isBaselineRow, limitOf } from './judge-by-ledger.ts';
import type { Baseline, Ledger } from './ledger.ts';
import { machineClass } from './machine-class.ts';

export interface Acceptance {
  readonly reason: string;
  readonly by: string;
  /** Days, UTC. */
  readonly today: string;
  readonly until: string | undefined;
  /** Whether a figure beyond the threshold of its old baseline is accepted. */
  readonly raise: boolean;
  /** The project's folder: the same scenario in another checkout is the same. */
  readonly folder: string;
}

/** What the project's configuration says of the scenario. */
export interface Allowed {
  /** Shares by metric; each becomes a baseline. */
  readonly thresholds: ReadonlyMap<string, number>;
  readonly limits: Budget;
}

/**
 * @throws FloodgateError `baseline-refused` for a run that is no pass, by its own limits or the project's, a figure that was not measured,
 * or a rise that was not asked for
 */
export function baselinesOf(
  report: RunReport,
  ledger: Ledger,
  { thresholds, limits }: Allowed,
  acceptance: Acceptance,
): Baseline[] {
  const scenario = report.scenario.name;
  const refuse = (why: string, hint: string): never => {
    throw new FloodgateError('baseline-refused', `${scenario}: ${why}`, { hint });
  };
  const open = report.budgets.filter((row) => row.state !== 'pass' && !isBaselineRow(row));
  if (report.fault !== null || open.length > 0) {
    refuse(
      report.fault?.headline ?? `${open.map(({ name }) => name).join(', ')} is not within budget`,
      'Only a run that is within its budgets can be accepted; a waiver does not make it one. Run it again, or change the budget.',
    );
  }
  const allowed = (judgeAgain(report, limits) as RunReport).budgets.filter(({ name }) => Object.hasOwn(limits, name));
  const wide = allowed.find(({ state }) => state !== 'pass');
  if (wide !== undefined) {
    const { name, actual, limit, bound, unit, note } = wide;
    const found = actual === null ? `not measured (${note})` : formatValue(actual, unit);
    refuse(
      `${name} is ${found}, and the configuration allows at ${bound === 'max' ? 'most' : 'least'} ${formatValue(limit, unit)}`,
      'The run had other limits: typed, of an environment (then accept it with --env NAME), or of an earlier configuration. Bring the ' +
        'figure within the budget, or change the budget in the configuration. A waiver lets the gate pass meanwhile.',
    );
  }
  const machine = machineClass(report);
  return [...thresholds].map(([metric, share]) => {
    const figure = report.figures.find(({ name }) => name === metric);
    const value =
      figure?.value ??
      refuse(
        `${metric} was not measured: ${figure?.note ?? 'the report has no figure of it'}`,
        'A baseline is a figure. Accept other scenarios alone with --only NAME, or set thresholds for what is measured.',
      );
    const old = ledger.baselines.find(
      (each) => each.scenario === scenario && each.metric === metric && each.machine === machine,
    );
    const { bound, unit } = figure!;
    if (old && !acceptance.raise) {
      const limit = limitOf(old, share, bound);
      if (bound === 'max' ? value > limit : value < limit) {
        refuse(
          `${metric} is ${formatValue(value, unit)}, beyond the threshold of its baseline ${formatValue(old.value, unit)}`,
          'If the change is meant, say --raise, and why in --reason.',
        );
      }
    }
    return {
      scenario,
      metric,
      value,
      machine,
      definition: definitionOf(report, acceptance.folder),
      accepted: acceptance.today,
      by: acceptance.by,
      reason: acceptance.reason,
      ...(acceptance.until !== undefined && { until: acceptance.until }),
    };
  });
}
