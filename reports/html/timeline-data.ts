/** The charts of a run: which columns go together, brought onto one clock. Pure, so that it is tested without a browser. */
import type { RunReport, SeriesColumn, SeriesTable, Unit } from '../model.ts';

export interface ChartColumn {
  readonly name: string;
  readonly unit: Unit;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  readonly title: string;
  /** Seconds. */
  readonly x: readonly number[];
  readonly columns: readonly ChartColumn[];
}

/** Gauges that get a chart; the ones that move most come first. */
const GAUGES_MAX = 8;

/** Memory by kind, traffic as rates, then the agent's gauges by themselves, since their scales differ. */
export function chartsOf(run: Pick<RunReport, 'series'>): ChartData[] {
  const charts: ChartData[] = [];
  const memory = run.series.filter((table) => table.group === 'memory' || table.group === 'heap');
  const levels = memory.map((table) => ({ ...table, columns: table.columns.filter(isLevelOfBytes) }));
  if (levels.some((table) => table.columns.length > 0)) charts.push(joined('Memory', levels));
  for (const table of run.series) {
    if (table.group !== 'traffic') continue;
    // Frames and bytes differ by three orders of magnitude: a chart per unit.
    for (const unit of [...new Set(table.columns.map((column) => column.unit))]) {
      const columns = table.columns.filter((column) => column.unit === unit);
      const chart = joined(unit === 'bytes' ? 'Traffic, bytes' : 'Traffic', [{ ...table, columns }]);
      charts.push(chart);
    }
  }
  // Page faults and allocated bytes are sampled with the memory, but they are rates: a scale of their own.
  const gauges = run.series
    .flatMap((table) => table.columns.map((column) => ({ table, column, movement: movementOf(column.values) })))
    .filter(({ table, column }) => table.group !== 'traffic' && !(memory.includes(table) && isLevelOfBytes(column)))
    // A line needs three points, and a rate one more.
    .filter(({ movement, column }) => movement > 0 && column.values.filter((value) => value !== null).length > 3)
    .sort((a, b) => b.movement - a.movement)
    .slice(0, GAUGES_MAX);
  for (const { table, column } of gauges) charts.push(joined(column.name, [{ ...table, columns: [column] }]));
  return charts.filter((chart) => chart.x.length > 1);
}

const isLevelOfBytes = (column: SeriesColumn) => column.unit === 'bytes' && column.kind === 'gauge';

/** Drawn unless the reader asks for more by the legend: the lines that most spikes are explained by. */
const SHOWN_FIRST: ReadonlySet<string> = new Set([
  'rss',
  'pss',
  'heapUsed',
  'heapTotal',
  'external',
  'arrayBuffers',
  'tree',
]);
/** A process that the target started: all of them are drawn. */
const isProcess = (name: string) => name.startsWith('process ');

/** Whether a line is drawn from the start: all of a chart that has none of the usual ones. */
export function isShownFirst(chart: ChartData, name: string): boolean {
  return SHOWN_FIRST.has(name) || isProcess(name) || !chart.columns.some((column) => SHOWN_FIRST.has(column.name));
}

/** How much of its highest value a column moves by. */
function movementOf(values: readonly (number | null)[]): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high > low ? (high - low) / Math.max(Math.abs(high), Math.abs(low)) : 0;
}

/** Tables on the clock of the longest one: at each of its times, the last value that the others had by then. */
function joined(title: string, tables: readonly SeriesTable[]): ChartData {
  const clock = tables.reduce((longest, table) => (table.tMs.length > longest.tMs.length ? table : longest));
  const columns: ChartColumn[] = [];
  for (const table of tables) {
    for (const column of table.columns) {
      const shown = column.kind === 'counter' ? rateOf(table.tMs, column) : column;
      if (shown.values.every((value) => value === null)) continue;
      columns.push(table === clock ? shown : { ...shown, values: held(table.tMs, shown.values, clock.tMs) });
    }
  }
  return { title, x: clock.tMs.map((ms) => ms / 1000), columns };
}

/** A counter per second; a counter that starts again gives a gap. */
function rateOf(tMs: readonly number[], column: SeriesColumn): ChartColumn {
  let last = -1;
  const values = column.values.map((value, i) => {
    if (value === null) return null;
    const before = last;
    last = i;
    if (before < 0) return null;
    const seconds = (tMs[i]! - tMs[before]!) / 1000;
    const added = value - column.values[before]!;
    return seconds > 0 && added >= 0 ? added / seconds : null;
  });
  return { name: `${column.name}/s`, unit: column.unit === 'bytes' ? 'bytesPerSecond' : 'perSecond', values };
}

function held(tMs: readonly number[], values: readonly (number | null)[], clock: readonly number[]): (number | null)[] {
  const out: (number | null)[] = [];
  let at = -1;
  let value: number | null = null;
  for (const t of clock) {
    while (at + 1 < tMs.length && tMs[at + 1]! <= t) {
      at += 1;
      value = values[at] ?? value;
    }
    out.push(value);
  }
  return out;
}
