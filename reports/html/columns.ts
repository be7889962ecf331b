/** How long columns travel in the page: whole numbers as differences, which are short; all else as it is. Pure. */
import type { FlameTree, GcEvents, RunReport, SeriesTable } from '../model.ts';

export interface PackedColumn {
  /** Differences to the entry before (the first one to 0), or the entries themselves. */
  readonly differences?: readonly number[];
  readonly entries?: readonly (number | null)[];
}

/** Times are kept to the microsecond; anything else must be whole to be packed. */
export function packColumn(values: readonly (number | null)[]): PackedColumn {
  const differences: number[] = [];
  let before = 0;
  for (const value of values) {
    if (value === null || !Number.isSafeInteger(value)) return { entries: values.map(rounded) };
    differences.push(value - before);
    before = value;
  }
  return { differences };
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 1000) / 1000);

/** The other way round. */
export function unpackColumn(packed: PackedColumn): (number | null)[] {
  if (!packed.differences) return [...(packed.entries ?? [])];
  let sum = 0;
  return packed.differences.map((difference) => (sum += difference));
}

interface PackedTable {
  readonly group: SeriesTable['group'];
  readonly tMs: PackedColumn;
  readonly columns: readonly {
    name: string;
    unit: SeriesTable['columns'][number]['unit'];
    kind: 'gauge' | 'counter';
    values: PackedColumn;
  }[];
}

/** A run as it travels. */
export type PackedRun = Omit<RunReport, 'series'> & { readonly series: readonly PackedTable[] };

/** A report as it travels: a run or a gate with its runs. */
export interface PackedReport {
  readonly gate: {
    readonly headline: string;
    readonly ok: boolean;
    readonly durationMs: number;
    readonly command: string;
    readonly notes: RunReport['notes'];
  } | null;
  readonly runs: readonly PackedRun[];
}

/** Packs the columns that grow with a run's length. */
export function packRun(run: RunReport): PackedRun {
  const series = run.series.map((table) => ({
    group: table.group,
    tMs: packColumn(table.tMs),
    columns: table.columns.map((column) => ({ ...column, values: packColumn(column.values) })),
  }));
  const gc: GcEvents = {
    ...run.gc,
    tMs: run.gc.tMs.map((ms) => rounded(ms)!),
    pauseMs: run.gc.pauseMs.map((ms) => rounded(ms)!),
  };
  const spikes = run.spikes.map((spike) => ({ ...spike, flame: spike.flame && roundedFlame(spike.flame) }));
  return { ...run, series, gc, spikes };
}

const roundedFlame = (flame: FlameTree): FlameTree => ({
  ...flame,
  before: flame.before.map(Math.round),
  after: flame.after.map(Math.round),
});

/** The other way round; gaps stay null. */
export function unpackRun(packed: PackedRun): RunReport {
  const series = packed.series.map((table) => ({
    group: table.group,
    tMs: unpackColumn(table.tMs).map((ms) => ms ?? 0),
    columns: table.columns.map((column) => ({ ...column, values: unpackColumn(column.values) })),
  }));
  return { ...packed, series };
}
