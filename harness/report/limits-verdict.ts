/** The verdict of limits, and of what keeps a run from passing whatever they are. Pure. */
import type { BudgetResult, Fault, Spike, Verdict } from '../../reports/model.ts';
import { exitCodeOf, worstExitCode } from '../metrics/exit-codes.ts';
import { headlineOf } from './headline.ts';

/**
 * Whichever counts more; where a target died and a limit is over as well, both are named. A waiver makes a limit hold, and takes no fault away.
 */
export function limitsVerdict(
  budgets: readonly BudgetResult[],
  spikes: readonly Spike[],
  fault: Fault | null | undefined,
): Verdict {
  const exitCode = exitCodeOf(budgets);
  const headline = headlineOf(budgets, spikes);
  if (!fault || (fault.exitCode !== exitCode && worstExitCode([fault.exitCode, exitCode]) === exitCode))
    return { ok: exitCode === 0, exitCode, headline };
  const isOver = exitCode === 1 && fault.exitCode === 1;
  return { ok: false, exitCode: fault.exitCode, headline: isOver ? `${fault.headline} ${headline}` : fault.headline };
}
