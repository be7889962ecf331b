/** Limits as people write them: `rss.p99=200MB`. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import type { Budget } from '../scenario/scenario.ts';
import { parseQuantity } from './quantity.ts';
import { refuseSeveral } from './several-at-once.ts';
import { findMetric, metricNames } from './table.ts';

/** Letters that may be wrong in a name that is still recognized. */
const editsMax = 3;

/** @param texts each `NAME=VALUE` @param option as it is named in messages @throws FloodgateError `option-invalid` for a name or a unit that is none of its metric's, and for two limits of one metric */
export function limitsOf(texts: readonly string[], option = '--budget'): Budget {
  const limits: Record<string, number> = {};
  for (const text of texts) {
    // A pattern of call sites may hold an equals sign, an amount none.
    const at = text.lastIndexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    const metric = findMetric(name);
    if (!metric) {
      refuseSeveral(text, option);
      throw unknownMetric(text, name, option);
    }
    if (at < 0) {
      throw new FloodgateError('option-invalid', `${option}: "${text}" has no limit`, { hint: `Write ${name}=VALUE.` });
    }
    if (Object.hasOwn(limits, name)) {
      throw new FloodgateError('option-invalid', `${option}: ${name} has two limits`, {
        hint: 'Leave one of them out.',
      });
    }
    limits[name] = parseQuantity(text.slice(at + 1), `${option} ${name}`, metric.unit);
  }
  return limits;
}

/** As a configuration has them: `'rss.p99': '200 MB'`. @throws FloodgateError as `limitsOf` does */
export function configuredLimits(given: Readonly<Record<string, string | number>>): Budget {
  return limitsOf(
    Object.entries(given).map(([name, limit]) => `${name}=${String(limit).replaceAll(' ', '')}`),
    'budgets',
  );
}

function unknownMetric(text: string, name: string, option: string): FloodgateError {
  const names = metricNames();
  const [near] = names
    .map((each) => ({ each, edits: editsBetween(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ edits }) => edits <= editsMax)
    .sort((a, b) => a.edits - b.edits);
  const meant = near ? `Did you mean ${near.each}? ` : '';
  return new FloodgateError('option-invalid', `${option}: "${text}" names no metric`, {
    hint: `${meant}Write NAME=VALUE with one of ${names.join(', ')}.`,
  });
}

/** Letters to add, leave out or replace (Levenshtein, 1966). Names of a command line are short. */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > editsMax) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = above[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}
