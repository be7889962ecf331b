/** What a report shows beside its figures: curves, collections, counters, spikes. Nothing is judged by them, but a person reads them. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { RunReport, SeriesTable } from '../../reports/model.ts';
import { refused } from './refusal.ts';
import { isSame, isSameWhereBoth } from './same-values.ts';

const names = [
  'series',
  'gc',
  'phases',
  'counters',
  'ledger',
  'messages',
  'exchanges',
  'spikes',
  'family',
  'notes',
] as const;

type Shown = Pick<RunReport, (typeof names)[number]>;

export const shownOf = (report: Shown): Shown =>
  Object.fromEntries(names.map((name) => [name, report[name]])) as unknown as Shown;

/** @param again as the measurement has it @throws Refused */
export function checkShown(place: string, again: Shown, stored: Shown, isOwnVersion: boolean): void {
  const other = names.find((name) =>
    isOwnVersion ? !isSame(again[name], stored[name]) : !isKnownSame(name, again, stored),
  );
  if (other !== undefined) throw refused('figures-differ', `${place}: ${words[other]} not what the data say`);
}

const words: Readonly<Record<(typeof names)[number], string>> = {
  series: 'the series of the report are',
  gc: 'the collections of the report are',
  phases: 'the phases of the report are',
  counters: 'the counters of the report are',
  ledger: 'the ledger of the report is',
  messages: 'the messages of the report are',
  exchanges: 'the exchanges of the report are',
  spikes: 'the spikes of the report are',
  notes: 'the notes of the report are',
  family: 'the memory of all processes in the report is',
};

/** Another version may draw more, name more, and find spikes by another rule, and it has words of its own. */
function isKnownSame(name: (typeof names)[number], again: Shown, stored: Shown): boolean {
  if (name === 'spikes' || name === 'notes') return true;
  return name === 'series'
    ? stored.series.every((table) => table.columns.every((column) => isKnownColumn(table, column, again.series)))
    : isSameWhereBoth(again[name], stored[name]);
}

function isKnownColumn(
  { group, tMs }: SeriesTable,
  { name, values }: SeriesTable['columns'][number],
  again: readonly SeriesTable[],
): boolean {
  const same = again.filter((table) => table.group === group && table.columns.some((each) => each.name === name));
  if (same.length === 0) return true;
  return same.some(
    (table) =>
      isDeepStrictEqual(table.tMs, tMs) &&
      table.columns.some((each) => each.name === name && isDeepStrictEqual(each.values, values)),
  );
}
