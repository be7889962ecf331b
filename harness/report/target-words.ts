/** What the target of a run wrote last, as notes of its report: an error of who ran it repeats them. */
import type { Note, RunReport } from '../../reports/model.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { plainLines } from '../target/last-words.ts';
import { endNoteOf, isCrash } from './verdict.ts';

/** Before a line of the target's own. */
const targetSaid = 'target: ';

/** What a target said last that ended by itself, or not as a program ends that is asked to. */
export async function lastLinesOf({ exit }: PassResult, isAgent: boolean): Promise<Note[]> {
  const { expected, lastLines } = exit;
  const odd = endNoteOf({ exit }, isAgent);
  const head: Note[] = odd === undefined ? [] : [{ severity: 'warning', text: odd }];
  if ((expected && odd === undefined && !isCrash(exit)) || lastLines.length === 0) return head;
  return [...head, ...(await wordsIn(lastLines))];
}

async function wordsIn(lastLines: readonly string[]): Promise<Note[]> {
  return (await plainLines(lastLines)).map((line) => ({ severity: 'warning', text: `${targetSaid}${line}` }));
}

/** The same lines again, from the report. */
export function targetWords({ notes }: Pick<RunReport, 'notes'>): string[] {
  return notes.flatMap(({ text }) => (text.startsWith(targetSaid) ? [text.slice(targetSaid.length)] : []));
}
