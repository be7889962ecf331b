/** The page of trends: a card per scenario and lane, a small chart per budget, and all runs in a table. */
import type uPlotType from 'uplot';
import { formatValue, printable, verdictMark } from '../format.ts';
import type { Unit } from '../model.ts';
import { element, section, sortableTable } from './dom.ts';
import { drawIn, plainAxis, valueIn } from './small-chart.ts';
import { colourOf, themeButton } from './theme.ts';
import { verdictClass } from './verdict-class.ts';

declare const uPlot: typeof uPlotType;

export interface TrendRun {
  readonly href: string;
  readonly scenario: string;
  readonly lane: string;
  readonly defect: string | null;
  readonly startedAt: string;
  readonly startedSeconds: number;
  readonly version: string;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly partial: boolean;
  readonly headline: string;
  readonly budgets: readonly { name: string; unit: Unit; limit: number; actual: number | null; ok: boolean }[];
}

export interface TrendData {
  /** Oldest first. */
  readonly runs: readonly TrendRun[];
  /** Older runs that are not here. */
  readonly left: number;
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
}

const CHART_PX = 120;

/** Shows the trends in the page's data element. */
export function startTrends(): void {
  const data = JSON.parse(document.getElementById('report')?.textContent ?? '') as TrendData;
  const top = element('div', { class: 'top' }, [
    element('span', { class: 'brand', text: 'floodgate trends' }),
    themeButton(),
  ]);
  const main = element('main');
  document.body.replaceChildren(top, main);
  const groups = Map.groupBy(data.runs, (run) => `${run.scenario}\0${run.lane}\0${run.defect ?? ''}`);
  for (const runs of groups.values()) main.append(scenarioCard(runs));
  const missing = data.unreadable.map(({ name, why }) =>
    element('p', { class: 'warning', text: `${printable(name, 200)}: ${printable(why, 300)}` }),
  );
  if (data.left > 0) missing.push(element('p', { class: 'dim', text: `${data.left} older runs are not shown.` }));
  const all = section('Runs', [
    data.runs.length > 0 ? runTable(data.runs.toReversed()) : element('p', { text: 'No run is here yet.' }),
    ...missing,
  ]);
  if (all) main.append(all);
  document.documentElement.dataset.ready = 'true';
}

function scenarioCard(runs: readonly TrendRun[]): HTMLElement {
  const latest = runs.at(-1)!;
  const title = `${printable(latest.scenario, 100)}, ${latest.lane} lane${latest.defect === null ? '' : `, defect ${printable(latest.defect, 60)}`}`;
  const grid = element('div', { class: 'trend-grid' });
  const drawn = runs.length > 1 ? latest.budgets.filter(({ name }) => !isAlwaysZero(runs, name)) : [];
  for (const { name, unit } of drawn) grid.append(budgetChart(runs, name, unit));
  const zero = latest.budgets.filter(({ name }) => isAlwaysZero(runs, name)).map(({ name }) => printable(name, 60));
  return element('section', { class: `card scenario-trend ${verdictClass(latest)}` }, [
    element('h2', { text: `${verdictMark(latest)} ${title}` }),
    element('p', {
      class: 'dim',
      text: `${runs.length} run${runs.length === 1 ? '' : 's'}; the latest: ${printable(latest.headline, 200)}`,
    }),
    drawn.length > 0 ? grid : null,
    runs.length > 1 && zero.length > 0
      ? element('p', { class: 'dim', text: `In every run 0: ${zero.join(', ')}.` })
      : null,
  ]);
}

/** A line along the bottom says less than a word. */
function isAlwaysZero(runs: readonly TrendRun[], name: string): boolean {
  return runs.every((run) => run.budgets.every((each) => each.name !== name || each.actual === 0));
}

function budgetChart(runs: readonly TrendRun[], name: string, unit: Unit): HTMLElement {
  const rows = runs.map((run) => ({ run, budget: run.budgets.find((each) => each.name === name) }));
  const actual = rows.map(({ budget }) => budget?.actual ?? null);
  const limit = rows.map(({ budget }) => budget?.limit ?? null);
  const place = element('div', { class: 'trend' }, [element('h3', { text: printable(name, 60) })]);
  const value = valueIn(unit);
  drawIn(place, CHART_PX, (width) => {
    const options: uPlotType.Options = {
      width,
      height: CHART_PX,
      // Runs are spaced evenly: their dates bunch up on working days.
      scales: {
        x: { time: false, range: [-0.5, Math.max(0.5, runs.length - 0.5)] },
        y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.1] },
      },
      cursor: { y: false, drag: { x: false, y: false } },
      axes: [
        { ...plainAxis, show: false },
        { ...plainAxis, size: 66, space: 24, values: (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit)) },
      ],
      series: [
        {
          label: 'run',
          value: (_plot, index) =>
            index === null ? '' : (runs[Math.round(index)]?.startedAt.slice(0, 16).replace('T', ' ') ?? ''),
        },
        {
          label: 'actual',
          stroke: () => colourOf('--s3'),
          width: 2,
          points: { show: true, size: 5, fill: () => colourOf('--s3') },
          value,
        },
        { label: 'limit', stroke: () => colourOf('--bad'), width: 1, dash: [5, 4], points: { show: false }, value },
      ],
    };
    const plot = new uPlot(options, [runs.map((_, i) => i), actual, limit], place);
    plot.over.addEventListener('click', () => {
      const run = plot.cursor.idx === null || plot.cursor.idx === undefined ? undefined : runs[plot.cursor.idx];
      if (run) location.assign(run.href);
    });
    return plot;
  });
  return place;
}

function runTable(runs: readonly TrendRun[]): HTMLElement {
  return sortableTable<TrendRun>(
    [
      {
        title: '',
        cell: (run) => element('span', { class: `mark ${verdictClass(run)}`, text: verdictMark(run) }),
        key: (run) => (run.ok ? 1 : 0),
      },
      {
        title: 'Run',
        key: (run) => run.startedSeconds,
        cell: (run) =>
          element('a', {
            class: 'tight',
            text: printable(run.startedAt.slice(0, 19).replace('T', ' '), 40),
            attributes: { href: run.href },
          }),
      },
      { title: 'Scenario', key: (run) => run.scenario, cell: (run) => printable(run.scenario, 100) },
      { title: 'Lane', key: (run) => run.lane, cell: (run) => run.lane },
      { title: 'Version', key: (run) => run.version, cell: (run) => printable(run.version, 60) },
      {
        title: 'Verdict',
        cell: (run) =>
          element('span', { class: 'prose', text: `${run.partial ? 'partial: ' : ''}${printable(run.headline, 300)}` }),
      },
    ],
    runs,
  );
}
