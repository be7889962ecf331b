/** The memory of the target with all that it started. Pure. */
import type { MeasuredPass } from '../pass/pass-result.ts';
import { type TreeLine, treeLine } from '../watch/tree-memory.ts';
import type { RunFigures } from './measured-run.ts';
import { ofRollup } from './memory.ts';
import { between, notMeasured, type Reading, value } from './reading.ts';

export interface FamilyLine {
  readonly line: TreeLine;
  /** Processes of which nothing is in the line. */
  readonly missing: number;
}

/** Undefined where no process but the target is watched. */
export function familyLineOf({ watch, family }: MeasuredPass): FamilyLine | undefined {
  if (!family) return undefined;
  const watched = family.members.flatMap(({ watch: own, endMs }) => (own ? [{ own, endMs }] : []));
  const part = (of: typeof watch | (typeof watched)[number]['own'], endMs: number | null) => {
    const { tMs, rss } = of.line();
    return { tMs, rss, sharedMs: of.rollup.tMs(), shared: of.rollup.column('shared'), endMs };
  };
  return {
    line: treeLine([part(watch, null), ...watched.map(({ own, endMs }) => part(own, endMs))]),
    missing: family.unwatched + family.members.length - watched.length,
  };
}

/** Of all together; at least so much where a process was not seen. */
export function treeMax(run: RunFigures): Reading {
  const { family } = run.measure;
  if (!family) return notMeasured('the exact lane watches one process');
  const shares = ofRollup(run, 'pss');
  if (shares.state === 'notMeasured') return shares;
  const { line, missing } = familyLineOf(run.measure)!;
  const most = line.bytes.reduce((highest, bytes) => Math.max(highest, bytes), 0);
  if (missing === 0) return value(most);
  const reason = `${missing} of its processes ended before they could be looked at, or are too many`;
  return between(most, Number.POSITIVE_INFINITY, reason);
}
