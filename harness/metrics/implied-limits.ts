/** Limits that hold though no budget names them: what the agent left out because it could not keep up, or lost, is no pass. Pure. */
import type { BudgetResult } from '../../reports/model.ts';
import type { AgentStage } from '../scenario/agent-stage.ts';
import type { Budget } from '../scenario/scenario.ts';
import { budgetUntil } from './table.ts';

/** Limits by name, each with the names that say how much may be left out: where a budget has one of these, nothing is implied. */
const implied: Readonly<Record<string, readonly string[]>> = {
  'exchanges.shed': ['exchanges.shed', 'exchanges.witnessed'],
  'bodies.shed': ['bodies.shed', 'exchanges.shed', 'exchanges.witnessed'],
  'witnesses.missing': ['witnesses.missing', 'witnesses.stored'],
};

/** Implied only where it was measured: traffic of which no truth is known, or an agent without a collector, has no account of exchanges. */
const whereMeasured: readonly string[] = ['witnesses.missing'];

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

/** The results that count, with the note on those whose limit was implied. */
export function markImplied(results: readonly BudgetResult[], names: readonly string[]): BudgetResult[] {
  return results.flatMap((each) => {
    if (!names.includes(each.name)) return [each];
    if (each.state === 'notMeasured' && whereMeasured.includes(each.name)) return [];
    return [{ ...each, note: each.note === '' ? impliedNote : `${each.note}; ${impliedNote}` }];
  });
}
