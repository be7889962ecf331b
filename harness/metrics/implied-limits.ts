/** Limits that hold though no budget names them: what the agent left out because it could not keep up is no pass. Pure. */
import type { BudgetResult } from '../../reports/model.ts';
import type { AgentStage } from '../scenario/agent-stage.ts';
import type { Budget } from '../scenario/scenario.ts';
import { budgetUntil } from './table.ts';

/** Limits by name, each with the names that say how much may be left out: where a budget has one of these, nothing is implied. */
const implied: Readonly<Record<string, readonly string[]>> = {
  'exchanges.shed': ['exchanges.shed', 'exchanges.witnessed'],
  'bodies.shed': ['bodies.shed', 'exchanges.shed', 'exchanges.witnessed'],
};

/** Why a limit stands in a report that nobody wrote. */
const impliedNote = 'implied: the budget does not say how much may be left out';

export interface WholeBudget {
  readonly budget: Budget;
  /** Names of the limits that the budget itself did not have. */
  readonly implied: readonly string[];
}

/** A budget with the limits that it implies. @param stage that our agent ends after; undefined: no agent of ours, which nothing is implied for */
export function withImplied(budget: Budget, stage: AgentStage | undefined): WholeBudget {
  const names = Object.keys(implied).filter((name) => implied[name]!.every((each) => !Object.hasOwn(budget, each)));
  const added = budgetUntil(Object.fromEntries(names.map((name) => [name, 0])), stage);
  return { budget: { ...budget, ...added }, implied: stage === undefined ? [] : Object.keys(added) };
}

/** The results, with the note on those whose limit was implied. */
export function markImplied(results: readonly BudgetResult[], names: readonly string[]): BudgetResult[] {
  return results.map((each) =>
    names.includes(each.name)
      ? { ...each, note: each.note === '' ? impliedNote : `${each.note}; ${impliedNote}` }
      : each,
  );
}
