/** Runs of one scenario on one class of machine, in order: what can be drawn as one line. Pure. */
import type { RunRow } from './tables.ts';

export interface RunOfSeries extends RunRow {
  readonly commit_id: string | null;
  readonly subject: string | null;
  readonly branch: string | null;
  readonly dirty: number;
}

export interface Series {
  readonly scenario: string;
  readonly lane: string;
  readonly defect: string | null;
  readonly machine: string;
  /** Oldest first. */
  readonly runs: readonly RunOfSeries[];
}

/** Whichever ran last comes first. */
export function seriesOf(runs: readonly RunOfSeries[]): Series[] {
  const groups = Map.groupBy(runs, ({ scenario, lane, defect, machine }) =>
    JSON.stringify([scenario, lane, defect, machine]),
  );
  const latest = ({ runs: own }: Series) => own.at(-1)!.started_at;
  return [...groups.values()]
    .map((group) => {
      const sorted = group.toSorted((a, b) => (a.started_at < b.started_at ? -1 : a.started_at > b.started_at ? 1 : 0));
      const { scenario, lane, defect, machine } = sorted[0]!;
      return { scenario, lane, defect, machine, runs: sorted };
    })
    .sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
}

/**
 * The runs that one line is about: those of the scenario as it is now, that came to their end. Another definition is another measurement.
 * @returns a mark a run
 */
export function comparableRuns({ runs }: Series): boolean[] {
  const now = runs.at(-1)?.definition;
  return runs.map(({ definition, partial }) => definition === now && partial === 0);
}
