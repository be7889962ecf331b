/**
 * Resident figures are of one process: a version that moves its growth into a child is not within a limit on them. Where there are
 * children, the memory of all together is judged beside them. Pure.
 */
import type { Note } from '../../reports/model.ts';

const treeName = 'tree.max';
const ofOneProcess = /^(?:rss|pss|uss)\./;
export const childrenNote: Note = {
  severity: 'info',
  text: `${treeName} is judged as well: the target has child processes, and resident figures are of one process`,
};

/** Processes but the one that is watched. */
export interface WithFamily {
  readonly family?: { readonly processes: readonly unknown[] } | null;
}

/** Thresholds with one on all processes together, the least of those on the process itself; the same where there are no children. */
export function withChildren(
  thresholds: ReadonlyMap<string, number>,
  runs: readonly WithFamily[],
): ReadonlyMap<string, number> {
  const own = [...thresholds].filter(([name]) => ofOneProcess.test(name)).map(([, share]) => share);
  if (own.length === 0 || thresholds.has(treeName) || !runs.some(({ family }) => family && family.processes.length > 0))
    return thresholds;
  return new Map([...thresholds, [treeName, Math.min(...own)]]);
}
