/** One verdict over the runs of a gate. Pure. */
import type { FloodgateError } from '../../agent/errors.ts';
import { allOf } from '../../reports/counted.ts';
import type { RunReport, Verdict } from '../../reports/model.ts';
import { worstExitCode } from '../metrics/exit-codes.ts';

/**
 * @param planned as many as were to be run
 * @param unlimited names of those that no limit judges
 */
export function gateVerdict(runs: readonly RunReport[], planned: number, unlimited: readonly string[] = []): Verdict {
  const codeOf = ({ scenario, verdict }: RunReport) =>
    verdict.exitCode === 0 && unlimited.includes(scenario.name) ? 4 : verdict.exitCode;
  const exitCode = worstExitCode(runs.map(codeOf));
  const named = (code: number) => runs.filter((run) => codeOf(run) === code).map(({ scenario }) => scenario.name);
  const over = named(1);
  const unknown = named(4);
  const headline =
    exitCode === 3
      ? `Interrupted after ${runs.length} of ${planned} scenarios.`
      : exitCode === 0
        ? allWords(runs)
        : [
            ...(over.length > 0 ? [`${over.length} of ${runs.length} scenarios over budget: ${over.join(', ')}.`] : []),
            ...(unknown.length > 0 ? [`${unknown.length} of ${runs.length} undecided: ${unknown.join(', ')}.`] : []),
            ...waiversOf(runs).map((used) => `Waived: ${used}.`),
          ].join(' ');
  return { ok: exitCode === 0, exitCode, headline };
}

/** A shard may have none. */
function allWords(runs: readonly RunReport[]): string {
  return runs.length === 0
    ? 'No scenario was to be run.'
    : `${allOf(runs.length, 'scenario')} within budget${waiversOf(runs)
        .map((used) => `, or waived: ${used}`)
        .join('')}.`;
}

/** Each waiver that was used stands in the verdict: all of them as one text, or none. */
function waiversOf(runs: readonly RunReport[]): string[] {
  const used = runs.flatMap(({ scenario, budgets }) =>
    budgets.filter(({ state }) => state === 'waived').map(({ name }) => `${name} of ${scenario.name}`),
  );
  return used.length === 0 ? [] : [used.join(', ')];
}

export interface GateFailure {
  readonly scenario: string;
  readonly error: FloodgateError;
}

/** What could not be run counts most, and stands before what the others came to. @param ran as many as could */
export function withFailures(verdict: Verdict, failures: readonly GateFailure[], ran: number): Verdict {
  if (failures.length === 0) return verdict;
  const exitCode = worstExitCode([verdict.exitCode, ...failures.map(({ error }) => error.exitCode)]);
  const why = failures.map(({ scenario, error }) => `${scenario} could not run: ${error.message}.`);
  return { ok: false, exitCode, headline: [...why, ...(ran > 0 ? [verdict.headline] : [])].join(' ') };
}
