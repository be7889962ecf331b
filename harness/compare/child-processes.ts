/**
 * Resident figures are of one process: a version that moves its growth into a child is not within a limit on them. Where there are
 * children, the memory of all together is judged beside them. Pure.
 */
import type { Note, RunReport } from '../../reports/model.ts';

const treeName = 'tree.max';
const ofOneProcess = /^(?:rss|pss|uss)\./;
/** Less is a shell that waits for the program. */
const childrenBytesMin = 2 << 20;

export const childrenNote: Note = {
  severity: 'info',
  text: `${treeName} is judged as well: the target has child processes, and resident figures are of one process`,
};

type Run = Pick<RunReport, 'figures'>;

/** Thresholds with one on all processes together, the least of those on the process itself; the same where there are no children. */
export function withChildren(
  thresholds: ReadonlyMap<string, number>,
  runs: readonly Run[],
): ReadonlyMap<string, number> {
  const own = [...thresholds].filter(([name]) => ofOneProcess.test(name)).map(([, share]) => share);
  if (own.length === 0 || thresholds.has(treeName) || !runs.some(hasChildren)) return thresholds;
  return new Map([...thresholds, [treeName, Math.min(...own)]]);
}

function hasChildren({ figures }: Run): boolean {
  const figure = (name: string) => figures.find((each) => each.name === name);
  const tree = figure(treeName);
  // Some of them ended before they could be looked at.
  if (tree?.state === 'undecided') return true;
  return (tree?.value ?? 0) - (figure('rss.max')?.value ?? Number.POSITIVE_INFINITY) > childrenBytesMin;
}
