/** What long searches ask for alike: when they end, how many trials at a time, and a folder that belongs to one question. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { guard, makeReportFolder } from './report-folder.ts';

/** After `--minutes`, or after `--trials` where that is given. @throws FloodgateError `option-invalid` */
export function endOf({ minutes, trials }: { readonly minutes: string; readonly trials?: string }): {
  readonly budgetMs: number;
  readonly trialsMax: number;
} {
  // A number alone is minutes; with a unit it is the time that it says.
  const text = /^\s*[\d.]+\s*$/.test(minutes) ? `${minutes.trim()}m` : minutes;
  const budgetMs = parseQuantity(text, '--minutes', 'seconds') * 1_000;
  if (trials === undefined) return { budgetMs, trialsMax: Number.POSITIVE_INFINITY };
  const trialsMax = parseWhole(trials, '--trials', { min: 1, max: 1_000_000 });
  return { budgetMs: Number.POSITIVE_INFINITY, trialsMax };
}

/** Of `--jobs`: one a core, at most 4, where it is not given. @throws FloodgateError `option-invalid` */
export function jobsOf(given: string | undefined): number {
  return given === undefined ? Math.min(4, availableParallelism()) : parseWhole(given, '--jobs', { min: 1, max: 64 });
}

/** A folder is gone on with only where it is of the same search. @throws FloodgateError `option-invalid` for another's */
export function makeSearchFolder(search: 'hunt' | 'sweep', given: string | undefined, question: string): string {
  const folder = makeReportFolder(search, given);
  const file = path.join(folder, 'question.json');
  guard(folder, () => {
    try {
      writeFileSync(file, question, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (readFileSync(file, 'utf8') === question) return;
      throw new FloodgateError('option-invalid', `${folder} holds another ${search}`, { hint: 'Give another --out.' });
    }
  });
  return folder;
}
