/** The sentence a person reads first. Pure. */

import { formatBytes, formatCount, formatShare, formatSite, formatValue } from '../reports/format.ts';
import type { BudgetResult, Spike } from '../reports/model.ts';

/** Over budget: the worst limit and the first suspect; within: the tightest limit and what was found. */
export function headlineOf(budgets: readonly BudgetResult[], spikes: readonly Spike[]): string {
  const broken = budgets.filter((budget) => !budget.ok);
  if (broken.length === 0) return withinSentence(budgets);
  const worst = broken.toSorted((a, b) => excessOf(b) - excessOf(a))[0]!;
  const others = broken.length > 1 ? ` and ${broken.length - 1} more` : '';
  const suspect = firstSuspect(spikes);
  const blame = suspect ? `; first suspect ${formatSite(suspect)} (${formatShare(suspect.share)} of the growth)` : '';
  return `${limitWords(worst)}${others}${blame}.`;
}

function withinSentence(budgets: readonly BudgetResult[]): string {
  if (budgets.length === 0) return 'No limit was given (--budget), so none was broken.';
  const memory = budgets.filter((budget) => budget.unit === 'bytes' && budget.actual !== null);
  const tightest = memory.toSorted((a, b) => b.actual! / b.limit - a.actual! / a.limit)[0];
  const parts = tightest
    ? [`${tightest.name} ${formatBytes(tightest.actual!)} of ${formatBytes(tightest.limit)} allowed`]
    : ['within its budget'];
  for (const [name, none] of [
    ['missed.messages', 'no intact message missed'],
    ['dropped.frames', 'no frame dropped'],
  ] as const) {
    const budget = budgets.find((each) => each.name === name);
    if (budget) parts.push(budget.actual === 0 ? none : `${name} ${formatCount(budget.actual ?? 0)}`);
  }
  return `${parts.join(', ')}.`;
}

function limitWords({ name, unit, limit, actual, bound, note }: BudgetResult): string {
  if (actual === null) return `${name} ${note}`;
  return `${name} is ${formatValue(actual, unit)}, ${bound === 'max' ? 'at most' : 'at least'} ${formatValue(limit, unit)} is allowed`;
}

// How many times over: memory before counts when both are broken, since infinity is for limits of zero.
function excessOf({ actual, limit, bound, unit }: BudgetResult): number {
  if (actual === null) return 0;
  if (limit === 0 || bound === 'min') return unit === 'bytes' ? 2 : 1;
  return actual / limit;
}

function firstSuspect(spikes: readonly Spike[]): Spike['suspects'][number] | undefined {
  const highest = spikes.toSorted((a, b) => b.heightBytes - a.heightBytes);
  return highest.find((spike) => spike.suspects.length > 0)?.suspects[0];
}
