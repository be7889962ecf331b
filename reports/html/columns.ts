/** How long columns travel in the page: whole numbers as differences, which are short; all else as it is. Pure. */
import type { FlameTree, GcEvents, RunReport, SeriesTable } from '../model.ts';

export interface PackedColumn {
  readonly length: number;
  /** Where there are gaps: how far each kept entry is from the one before. */
  readonly steps?: readonly number[];
  /** Entries times `scale`, as differences to the entry before (the first one to 0). */
  readonly scale: number;
  readonly differences: readonly number[];
}

/** Times are kept to the microsecond, and whatever else is not whole to three places. */
const FRACTION_SCALE = 1000;

/** A column as short whole numbers. */
export function packColumn(values: readonly (number | null)[]): PackedColumn {
  const scale = values.every((value) => value === null || Number.isSafeInteger(value)) ? 1 : FRACTION_SCALE;
  const differences: number[] = [];
  const steps: number[] = [];
  let [before, last] = [0, -1];
  values.forEach((value, i) => {
    if (value === null) return;
    const scaled = Math.round(value * scale);
    differences.push(scaled - before);
    steps.push(i - last);
    [before, last] = [scaled, i];
  });
  const gaps = differences.length < values.length;
  return { length: values.length, scale, differences, ...(gaps ? { steps } : {}) };
}

const rounded = (value: number) => Math.round(value * FRACTION_SCALE) / FRACTION_SCALE;

/** The other way round. */
export function unpackColumn({ length, steps, scale, differences }: PackedColumn): (number | null)[] {
  const values = new Array<number | null>(length).fill(null);
  let [sum, at] = [0, -1];
  for (let i = 0; i < differences.length; i += 1) {
    sum += differences[i]!;
    at += steps ? steps[i]! : 1;
    values[at] = scale === 1 ? sum : sum / scale;
  }
  return values;
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
    readonly exitCode: number;
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
    tMs: run.gc.tMs.map((ms) => rounded(ms)),
    pauseMs: run.gc.pauseMs.map((ms) => rounded(ms)),
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
