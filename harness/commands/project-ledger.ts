/** The ledger as commands use it: checked against the project that it belongs to. */
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { daySchema, type Ledger, ledgerName, readLedger } from '../ledger/ledger.ts';
import type { Project } from '../project/find-config.ts';

/** @throws FloodgateError `ledger-invalid` for an entry of a scenario that is gone: what it says would never be checked */
export function projectLedger({ folder, scenarios }: Project): Ledger {
  const ledger = readLedger(folder);
  const names = scenarios.map(({ name }) => name);
  const gone = [...ledger.baselines, ...ledger.waivers].find(({ scenario }) => !names.includes(scenario));
  if (gone === undefined) return ledger;
  throw new FloodgateError(
    'ledger-invalid',
    `${ledgerName}: ${gone.metric} of "${gone.scenario}", which is no scenario`,
    {
      hint: `Remove the entry, or rename it. Scenarios: ${names.join(', ') || 'none yet'}.`,
    },
  );
}

/** UTC: a ledger counts in days. */
export const today = (): string => new Date().toISOString().slice(0, 10);

/** A day that an entry may end with. @throws FloodgateError `option-invalid` */
export function dayToCome(text: string, option: string): string {
  if (!v.is(daySchema, text)) {
    throw new FloodgateError('option-invalid', `${option}: "${text}" is no day`, {
      hint: 'Example: --until 2026-12-31.',
    });
  }
  if (text >= today()) return text;
  throw new FloodgateError('option-invalid', `${option}: ${text} is past`, { hint: 'Name a day to come.' });
}
