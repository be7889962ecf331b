/** How a run of a history is called. Pure. */
import { printable } from '../format.ts';
import type { HistoryRun } from '../history.ts';

export function timeWords({ startedAt }: HistoryRun): string {
  return printable(startedAt.slice(0, 16).replace('T', ' '), 40);
}

/** Commit with what it did; `+`: uncommitted changes were in it. */
export function commitWords({ commit, dirty, subject, branch }: HistoryRun): string {
  if (commit === null) return '–';
  const where = branch === null || branch === 'main' ? '' : ` (${printable(branch, 40)})`;
  return `${commit.slice(0, 8)}${dirty ? '+' : ''}${where} ${printable(subject ?? '', 60)}`.trim();
}

export function runAddress({ id }: HistoryRun): string {
  return `./run/${encodeURIComponent(id)}`;
}
