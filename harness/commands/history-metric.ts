/** One metric from run to run, as lines for a terminal: its figures, and the points at which it changed. */
import { counted } from '../../reports/counted.ts';
import { formatShare, formatValue, printable } from '../../reports/format.ts';
import type { Unit } from '../../reports/model.ts';
import type { HistoryStore } from '../history/history-store.ts';
import { pointsOf, type SeriesPoints } from '../history/points-of-series.ts';
import { comparableRuns, type Series, seriesOf } from '../history/series.ts';
import type { FigureRow } from '../history/tables.ts';
import { knownMetric } from '../metrics/known-metric.ts';
import { commitColumn, startWords } from './stored-run-words.ts';

interface Question {
  readonly metric: string;
  readonly scenario: string | undefined;
  /** Runs a series that are printed. */
  readonly limit: number;
}

/** More runs than points are looked for in. */
const runsLooked = 2_000;

/** @throws FloodgateError for a metric that there is not */
export async function metricLines(store: HistoryStore, project: string, question: Question): Promise<string[]> {
  const { name, unit } = knownMetric(question.metric, { place: '--metric: ' });
  const runs = await store.latestRuns(project, runsLooked, question.scenario);
  const figures = await store.figures(
    runs.map(({ id }) => id),
    name,
  );
  const byRun = new Map(figures.map((figure) => [figure.run_id, figure]));
  return seriesOf(runs).flatMap((series) => seriesLines(series, byRun, { name, unit, limit: question.limit }));
}

function seriesLines(
  series: Series,
  byRun: ReadonlyMap<string, FigureRow>,
  { name, unit, limit }: { readonly name: string; readonly unit: Unit; readonly limit: number },
): string[] {
  const figures = series.runs.map(({ id }) => byRun.get(id));
  const comparable = comparableRuns(series);
  const found = pointsOf(
    figures.map((figure) => figure?.value ?? null),
    comparable,
  );
  const defect = series.defect === null ? '' : `, defect ${printable(series.defect, 60)}`;
  const rows = series.runs.map((run, i) => {
    const point = found.points.find(({ index }) => index === i);
    const other = comparable[i] ? '' : run.partial === 1 ? '  (no whole run)' : '  (the scenario was another one)';
    const change = point === undefined ? '' : `  ← ${changeWords(point, unit)}`;
    const text = `  ${run.id.slice(0, 8)}  ${startWords(run)}  ${commitColumn(run)}  ${valueWords(figures[i], unit)}`;
    return { text: `${text}${other}${change}`, isShown: i >= series.runs.length - limit || point !== undefined };
  });
  return [
    `${name} of ${printable(series.scenario, 100)}, ${series.lane} lane${defect}; ${printable(series.machine, 200)}`,
    ...rows.filter(({ isShown }) => isShown).map(({ text }) => text),
    `  ${pointWords(found)}`,
  ];
}

function valueWords(figure: FigureRow | undefined, unit: Unit): string {
  if (figure === undefined) return 'the report has no figure of it';
  return figure.value === null ? `not measured: ${printable(figure.note, 100)}` : formatValue(figure.value, unit);
}

function changeWords({ before, after }: { before: number; after: number }, unit: Unit): string {
  const share = before === 0 ? '' : ` (${after > before ? '+' : '−'}${formatShare(Math.abs(after / before - 1))})`;
  return `changed here: ${formatValue(before, unit)} → ${formatValue(after, unit)}${share}`;
}

function pointWords({ points, looked, needed }: SeriesPoints): string {
  if (looked < needed)
    return `${counted(looked, 'run')} can be compared; change points are looked for from ${needed} on.`;
  return points.length === 0
    ? `No change of level in ${counted(looked, 'run')}.`
    : `${counted(points.length, 'change')} of level in ${counted(looked, 'run')}.`;
}
