/** What the target of a run wrote last, as notes of its report: an error of who ran it repeats them. */
import type { Note, RunReport } from '../../reports/model.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { plainLines } from '../target/last-words.ts';

/** Before a line of the target's own. */
const targetSaid = 'target: ';

/** What a target said last that ended by itself. */
export async function lastLinesOf({ exit: { expected, lastLines } }: PassResult): Promise<Note[]> {
  if (expected || lastLines.length === 0) return [];
  return (await plainLines(lastLines)).map((line) => ({ severity: 'warning', text: `${targetSaid}${line}` }));
}

/** The same lines again, from the report. */
export function targetWords({ notes }: Pick<RunReport, 'notes'>): string[] {
  return notes.flatMap(({ text }) => (text.startsWith(targetSaid) ? [text.slice(targetSaid.length)] : []));
}
