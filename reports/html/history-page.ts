/** The page of a history: what changed, a card per scenario with a chart per metric, all runs; and two runs side by side. */
import { formatShare, formatValue, printable, verdictMark } from '../format.ts';
import type { HistoryData, HistoryMetric, HistoryPair, HistoryRun, HistorySeries } from '../history.ts';
import { element, section, sortableTable, type TableColumn } from './dom.ts';
import { historyChart } from './history-chart.ts';
import { pairPage } from './history-pair.ts';
import { commitWords, runAddress, timeWords } from './history-words.ts';
import { RunChoice } from './run-choice.ts';
import { themeButton } from './theme.ts';
import { verdictClass } from './verdict-class.ts';

/** Shows the history, or two runs of it, in the page's data element. */
export function startHistory(): void {
  const data = JSON.parse(document.getElementById('report')?.textContent ?? '') as HistoryData | HistoryPair;
  const brand = element('span', { class: 'brand', text: `floodgate history: ${printable(data.project, 80)}` });
  const main = element('main');
  document.body.replaceChildren(element('div', { class: 'top' }, [brand, themeButton()]), main);
  main.append(...(data.kind === 'pair' ? pairPage(data) : historyPage(data)));
  document.documentElement.dataset.ready = 'true';
}

function historyPage(data: HistoryData): Node[] {
  const choice = new RunChoice();
  const runs = data.series.flatMap((series) => series.runs);
  const all = runs.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return [
    changesCard(data),
    metricMenu(data),
    ...data.series.map((series) => seriesCard(series, choice)),
    section('Runs', [
      all.length > 0
        ? runTable(all, choice)
        : element('p', { text: 'No run is stored of this project yet: floodgate gate.' }),
      data.left > 0 ? element('p', { class: 'dim', text: `${data.left} older runs are not shown.` }) : null,
      element('p', { class: 'dim', text: `Stored in ${printable(data.store, 200)}.` }),
    ]),
    choice.bar,
  ].filter((node) => node !== null);
}

interface Change {
  readonly series: HistorySeries;
  readonly metric: HistoryMetric;
  readonly run: HistoryRun;
  readonly before: number;
  readonly after: number;
}

const isWorse = ({ metric, before, after }: Change) => (metric.bound === 'max' ? after > before : after < before);
/** From zero on every rise is as large. */
const shareOf = ({ before, after }: Change) => (before === 0 ? (after > 0 ? 9.99 : 0) : after / before - 1);

/** What a person with two thousand runs came for; with two runs, what it takes. */
function changesCard({ series }: HistoryData): HTMLElement | null {
  const metrics = series.flatMap((each) => each.metrics.map((metric) => ({ series: each, metric })));
  const changes = metrics.flatMap(({ series: own, metric }) =>
    metric.points.map(
      ({ index, before, after }): Change => ({ series: own, metric, run: own.runs[index]!, before, after }),
    ),
  );
  changes.sort((a, b) => (a.run.startedAt < b.run.startedAt ? 1 : -1));
  const looked = metrics.filter(({ metric }) => metric.looked >= metric.needed).length;
  const short = metrics.length - looked;
  const words = [
    ...(looked > 0 && changes.length === 0 ? [`No change of level in ${counted(looked, 'metric')}.`] : []),
    ...(short > 0
      ? [
          `${counted(short, 'metric')} ${short === 1 ? 'has' : 'have'} fewer than ${metrics[0]!.metric.needed} runs that can be compared: changes are looked for from there on.`,
        ]
      : []),
  ];
  return section('Where the level changed', [
    changes.length > 0 ? changeTable(changes) : null,
    ...words.map((text) => element('p', { class: 'dim', text })),
  ]);
}

function changeTable(changes: readonly Change[]): HTMLElement {
  const columns: TableColumn<Change>[] = [
    { title: 'Since', cell: ({ run }) => timeWords(run), key: ({ run }) => run.startedAt },
    { title: 'Commit', cell: ({ run }) => commitWords(run) },
    { title: 'Scenario', cell: ({ series }) => printable(series.scenario, 80), key: ({ series }) => series.scenario },
    {
      title: 'Metric',
      cell: ({ metric }) => element('code', { text: printable(metric.name, 80) }),
      key: ({ metric }) => metric.name,
    },
    { title: 'Before', numeric: true, cell: ({ metric, before }) => formatValue(before, metric.unit) },
    { title: 'After', numeric: true, cell: ({ metric, after }) => formatValue(after, metric.unit) },
    {
      title: 'Change',
      numeric: true,
      cell: (change) =>
        `${change.after > change.before ? '+' : '−'}${formatShare(Math.abs(shareOf(change)))} ${isWorse(change) ? 'worse' : 'better'}`,
      key: shareOf,
    },
  ];
  return sortableTable(columns, changes, (change) => (isWorse(change) ? 'over' : 'ok'));
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Another metric is another page: nothing is fetched by this one. */
function metricMenu({ metricNames, chosen }: HistoryData): HTMLElement | null {
  if (metricNames.length === 0) return null;
  const menu = element('select', { attributes: { 'aria-label': 'Metric' } }, [
    element('option', { text: 'what is limited, or has a baseline', attributes: { value: '' } }),
    ...metricNames.map((name) => element('option', { text: printable(name, 80), attributes: { value: name } })),
  ]);
  menu.value = chosen;
  menu.addEventListener('change', () =>
    location.assign(menu.value === '' ? './' : `./?metric=${encodeURIComponent(menu.value)}`),
  );
  return element('p', { class: 'menu' }, [element('label', {}, [element('span', { text: 'Metric: ' }), menu])]);
}

function seriesCard({ scenario, lane, defect, machine, runs, metrics }: HistorySeries, choice: RunChoice): HTMLElement {
  const latest = runs.at(-1)!;
  const verdict = { ok: latest.exitCode === 0, exitCode: latest.exitCode };
  const other = runs.filter(({ comparable }) => !comparable).length;
  const drawn = metrics.filter(({ values }) => isMoving(values));
  const still = metrics.filter((metric) => !drawn.includes(metric));
  return element('section', { class: `card scenario-trend ${verdictClass(verdict)}` }, [
    element('h2', {
      text: `${verdictMark(verdict)} ${printable(scenario, 100)}, ${lane} lane${defect === null ? '' : `, defect ${printable(defect, 60)}`}`,
    }),
    element('p', { text: `${counted(runs.length, 'run')}; the latest: ${printable(latest.headline, 200)}` }),
    element('p', { class: 'dim', text: printable(machine, 200) }),
    other > 0
      ? element('p', {
          class: 'dim',
          text: `${counted(other, 'run')} of another definition, or interrupted: drawn, not compared.`,
        })
      : null,
    element(
      'div',
      { class: 'trend-grid' },
      drawn.map((metric) => historyChart(runs, metric, choice)),
    ),
    stillTable(still),
  ]);
}

/** A line along the bottom says less than a figure. */
function isMoving(values: readonly (number | null)[]): boolean {
  return new Set(values.filter((value) => value !== null)).size > 1;
}

function stillTable(metrics: readonly HistoryMetric[]): HTMLElement | null {
  if (metrics.length === 0) return null;
  const latest = (values: readonly (number | null)[]) => values.findLast((value) => value !== null);
  const shown = (value: number | null | undefined, { unit }: HistoryMetric) =>
    value === null || value === undefined ? '–' : formatValue(value, unit);
  return sortableTable<HistoryMetric>(
    [
      { title: 'The same in every run', cell: ({ name }) => element('code', { text: printable(name, 80) }) },
      { title: 'Figure', numeric: true, cell: (metric) => shown(latest(metric.values), metric) },
      { title: 'Limit', numeric: true, cell: (metric) => shown(latest(metric.limits), metric) },
      { title: 'Baseline', numeric: true, cell: (metric) => shown(metric.baseline?.value, metric) },
      { title: 'Waiver', cell: ({ waiver }) => element('span', { class: 'prose', text: printable(waiver, 300) }) },
    ],
    metrics,
  );
}

function runTable(runs: readonly HistoryRun[], choice: RunChoice): HTMLElement {
  const verdictOf = ({ exitCode }: HistoryRun) => ({ ok: exitCode === 0, exitCode });
  return sortableTable<HistoryRun>(
    [
      {
        title: '',
        cell: (run) =>
          element('span', { class: `mark ${verdictClass(verdictOf(run))}`, text: verdictMark(verdictOf(run)) }),
        key: ({ exitCode }) => exitCode,
      },
      {
        title: 'Run',
        key: ({ startedAt }) => startedAt,
        cell: (run) => element('a', { class: 'tight', text: timeWords(run), attributes: { href: runAddress(run) } }),
      },
      { title: 'Compare', cell: (run) => choice.buttonOf(run) },
      { title: 'Scenario', key: ({ scenario }) => scenario, cell: ({ scenario }) => printable(scenario, 100) },
      { title: 'Commit', key: ({ commit }) => commit ?? '', cell: commitWords },
      {
        title: 'Verdict',
        cell: ({ partial, headline }) =>
          element('span', { class: 'prose', text: `${partial ? 'partial: ' : ''}${printable(headline, 300)}` }),
      },
    ],
    runs,
  );
}
