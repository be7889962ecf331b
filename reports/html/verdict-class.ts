/** Which colours a verdict, and each limit of a budget, has in the style sheet. */
import type { BudgetState, Verdict } from '../model.ts';

type Colour = 'ok' | 'over' | 'unknown';

export function verdictClass({ ok, exitCode }: Pick<Verdict, 'ok' | 'exitCode'>): Colour {
  return ok ? 'ok' : exitCode === 4 ? 'unknown' : 'over';
}

export function stateClass(state: BudgetState): Colour {
  return state === 'pass' ? 'ok' : state === 'over' ? 'over' : 'unknown';
}
