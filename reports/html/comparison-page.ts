/** The page of a comparison: the verdict, a row a metric with its interval drawn, the call sites that changed, and every pair. */
import type uPlotType from 'uplot';
import {
  type ComparedFlame,
  type ComparedMetric,
  type ComparedScenario,
  type ComparedSite,
  type ComparedTimeline,
  type ComparisonReport,
  judgedMetrics,
  shownMetrics,
} from '../comparison.ts';
import {
  formatDetectable,
  formatInterval,
  formatLimit,
  formatMedian,
  formatMetricChange,
  formatOrigin,
  formatRatio,
  formatSiteChange,
  isFromNothing,
} from '../comparison-sentence.ts';
import { counted } from '../counted.ts';
import { formatDuration, formatShare, formatSite, formatValue, printable, verdictWord } from '../format.ts';
import type { Unit } from '../model.ts';
import { commandLine, element, section, sortableTable, type TableColumn } from './dom.ts';
import { flameView, versionWords } from './flame-view.ts';
import { drawIn, plainAxis, valueAxis, valueIn } from './small-chart.ts';
import { sourcePanel } from './source-panel.ts';
import { colourOf, themeButton } from './theme.ts';
import { verdictClass } from './verdict-class.ts';

declare const uPlot: typeof uPlotType;

/** Tall enough to distinguish two series that differ by a per cent of their range. */
const chartPx = 150;

const looks = {
  worse: { mark: '✗', class: 'over', word: 'worse' },
  within: { mark: '✓', class: 'ok', word: 'within its threshold' },
  undecided: { mark: '?', class: 'unknown', word: 'undecided' },
  notMeasured: { mark: '?', class: 'unknown', word: 'not measured' },
  shown: { mark: '', class: '', word: 'not judged' },
} as const;

/** Shows the comparison in the page's data element. */
export function startComparison(): void {
  const report = JSON.parse(document.getElementById('report')?.textContent ?? '') as ComparisonReport;
  const brand = element('span', { class: 'brand', text: 'floodgate compare' });
  const top = element('div', { class: 'top' }, [brand, themeButton()]);
  const main = element('main', {}, [banner(report), ...report.scenarios.map((each) => scenarioCard(each, report))]);
  document.body.replaceChildren(top, main);
  document.documentElement.dataset.ready = 'true';
}

function banner(report: ComparisonReport): HTMLElement {
  const pairs = report.scenarios.reduce((sum, each) => sum + each.pairs, 0);
  return element('header', { class: `verdict card ${verdictClass(report.verdict)}` }, [
    element('div', { class: 'word', text: report.verdict.exitCode === 1 ? 'WORSE' : verdictWord(report.verdict) }),
    element('div', {}, [
      // The word stands beside it.
      element('h1', { text: printable(report.verdict.headline).replace(/^[A-Z ]+: /, '') }),
      element('p', { text: `Base ${version(report.base)}, head ${version(report.head)}.` }),
      element('p', {
        class: 'dim',
        text:
          pairs > 0 && report.verdict.exitCode === 3
            ? `${counted(pairs, 'interleaved pair')} on one machine in ${formatDuration(report.durationMs)}, until it was interrupted.`
            : pairs > 0
              ? `${counted(pairs, 'interleaved pair')} on one machine in ${formatDuration(report.durationMs)}. A verdict is wrong in at most ${formatShare(report.errorRate)} of cases.`
              : `No scenario was compared to its end, in ${formatDuration(report.durationMs)}.`,
      }),
      ...(report.failures ?? []).flatMap(({ details }) =>
        details === ''
          ? []
          : [
              element('pre', {
                class: 'said',
                text: details
                  .split('\n')
                  .map((line) => printable(line))
                  .join('\n'),
              }),
            ],
      ),
      commandLine(report.command),
    ]),
  ]);
}

function version({ label, commit, dirty }: ComparisonReport['base']): string {
  const name = printable(label, 200);
  return commit === null ? name : `${name} (${printable(commit.slice(0, 10))}${dirty ? ', with changes' : ''})`;
}

function scenarioCard(scenario: ComparedScenario, { timelines, flames }: ComparisonReport): HTMLElement {
  const flame = flames.find((each) => each.scenario === scenario.name);
  const judged = judgedMetrics(scenario);
  const shown = shownMetrics(scenario);
  const method =
    scenario.method === 'numbers' ? 'repeats agree, so numbers are compared' : counted(scenario.pairs, 'pair');
  return element('article', { class: 'card comparison' }, [
    element('h2', { text: `${printable(scenario.name, 200)}: ${scenario.lane} lane, ${method}` }),
    judged.length > 0 ? metricTable(judged) : element('p', { class: 'warning', text: 'No metric has a threshold.' }),
    judged.some(({ change }) => change !== null) ? stripLegend() : null,
    ...scenario.notes.map((note) =>
      element('p', { class: note.severity === 'warning' ? 'warning' : 'dim', text: printable(note.text) }),
    ),
    section(
      'By call site, a request',
      scenario.sites.length > 0 ? [...siteTables(scenario.sites, flame), ...sourcePanels(scenario.sites)] : [],
      'inner',
    ),
    section(
      'Where it allocates, base and head over each other',
      flame ? [flameView(flame, versionWords).root] : [],
      'inner',
    ),
    section('Every pair', pairCharts(judged), 'inner'),
    section(
      'Resident memory over time',
      timelines.filter((each) => each.scenario === scenario.name).map(timelineChart),
      'inner',
    ),
    shown.length === 0
      ? null
      : element('details', {}, [
          element('summary', { text: `Figures that are not judged (${shown.length})` }),
          metricTable(shown),
        ]),
  ]);
}

/** A row a metric, with its interval drawn. */
export function metricTable(metrics: readonly ComparedMetric[]): HTMLElement {
  const reach = Math.max(...metrics.map(reachOf));
  const columns: TableColumn<ComparedMetric>[] = [
    {
      title: '',
      cell: ({ decision }) =>
        element('span', {
          class: `mark ${looks[decision].class}`,
          text: looks[decision].mark,
          attributes: { title: looks[decision].word },
        }),
    },
    { title: 'Metric', cell: nameCell, key: ({ name }) => name },
    { title: 'Change', numeric: true, cell: formatMetricChange, key: ({ change }) => change ?? 0 },
    { title: 'Interval and limit', cell: (metric) => strip(metric, reach) },
    { title: 'Base', numeric: true, cell: ({ baseMedian, unit }) => formatMedian(baseMedian, unit) },
    { title: 'Head', numeric: true, cell: ({ headMedian, unit }) => formatMedian(headMedian, unit) },
    { title: 'Limit', numeric: true, cell: formatLimit },
    {
      title: 'Would have been seen',
      numeric: true,
      cell: (metric) => atLeast(formatDetectable(metric)),
    },
  ];
  return sortableTable(columns, metrics, ({ decision }) => looks[decision].class);
}

const atLeast = (seen: string) => (seen === '' ? '' : `≥ ${seen}`);

function nameCell({ name, decision, note }: ComparedMetric): Node {
  const why = note === '' ? looks[decision].word : `${looks[decision].word}: ${printable(note, 300)}`;
  return element('div', {}, [
    element('code', { text: printable(name, 200) }),
    decision === 'shown' ? null : element('div', { class: 'dim prose', text: why }),
  ]);
}

/** How far a strip must reach to either side to hold a metric's interval and its threshold. */
function reachOf(metric: ComparedMetric): number {
  const { changeLow, changeHigh, threshold } = metric;
  const ends = (isFromNothing(metric) ? [] : [changeLow ?? 0, changeHigh ?? 0, threshold ?? 0]).map(Math.abs);
  // From ten times on every change looks alike.
  return Math.min(10, Math.max(0.005, ...ends) * 1.15);
}

/** What the marks of a strip stand for; colours are those of the verdict beside it. */
function stripLegend(): HTMLElement {
  const marks = { zero: 'no change', limit: 'limit', estimate: 'measured', interval: 'interval' };
  const keys = Object.entries(marks).map(([kind, text]) => element('span', { class: kind, text }));
  return element('p', { class: 'legend strip-legend' }, keys);
}

/** The interval as a bar about its estimate, with "no change" and the limit as lines. Its text says the same. */
function strip(metric: ComparedMetric, reach: number): Node {
  const { change, changeLow, changeHigh, threshold } = metric;
  if (change === null || isFromNothing(metric)) return document.createTextNode('');
  const at = (value: number) => `${(50 + (Math.max(-reach, Math.min(reach, value)) / reach) * 50).toFixed(2)}%`;
  const place = (kind: string, value: number) => {
    const line = element('span', { class: kind });
    line.style.left = at(value);
    return line;
  };
  const parts = [place('zero', 0), place('estimate', change)];
  if (changeLow !== null && changeHigh !== null) {
    const bar = place('interval', changeLow);
    bar.style.right = `calc(100% - ${at(changeHigh)})`;
    parts.unshift(bar);
  }
  if (threshold !== null) parts.push(place('limit', threshold));
  const interval = formatInterval(metric);
  const label = `${formatRatio(change)}${interval === '' ? '' : `, between ${interval}`}${threshold === null ? '' : `, limit ${formatLimit(metric)}`}`;
  const options = {
    class: `strip ${looks[metric.decision].class}`,
    attributes: { role: 'img', 'aria-label': label, title: label },
  };
  return element('div', options, parts);
}

/** Of what the base allocates: smaller changes are behind a click. */
const shareShown = 0.01;

/** The first always; sites come with the largest growth first. */
function siteTables(sites: readonly ComparedSite[], flame: ComparedFlame | undefined): Node[] {
  const whole = flame?.before.reduce((sum, bytes) => sum + bytes, 0) ?? 0;
  const isLarge = (site: ComparedSite) => Math.abs((site.headBytes ?? 0) - (site.baseBytes ?? 0)) >= shareShown * whole;
  const small = sites.filter((site, at) => at > 0 && !isLarge(site));
  if (small.length === 0) return [siteTable(sites)];
  const words = `${small.length} more, each below ${formatShare(shareShown)} of what the base allocates`;
  return [
    siteTable(sites.filter((site) => !small.includes(site))),
    element('details', {}, [element('summary', { text: words }), siteTable(small)]),
  ];
}

function siteTable(sites: readonly ComparedSite[]): HTMLElement {
  const bytes = (value: number | null) => (value === null ? '–' : formatValue(value, 'bytes'));
  return sortableTable<ComparedSite>(
    [
      {
        title: 'Function',
        cell: (site) =>
          element('span', {}, [
            element('code', { text: formatSite(site) }),
            element('span', { class: 'dim', text: formatOrigin(site) }),
          ]),
      },
      { title: 'Base', numeric: true, cell: (site) => bytes(site.baseBytes), key: (site) => site.baseBytes ?? 0 },
      { title: 'Head', numeric: true, cell: (site) => bytes(site.headBytes), key: (site) => site.headBytes ?? 0 },
      {
        title: 'Change',
        numeric: true,
        cell: formatSiteChange,
        key: (site) => (site.headBytes ?? 0) - (site.baseBytes ?? 0),
      },
    ],
    sites,
  );
}

/** The first is open: it is what a person looks for. */
function sourcePanels(sites: readonly ComparedSite[]): Node[] {
  const sources = sites.flatMap(({ source }) => (source === null ? [] : [source]));
  return sources.map((source, at) => sourcePanel(source, at === 0));
}

/** Base and head of the middle pair over each other, from the start of the traffic on. */
function timelineChart({ pair, tMs, base, head }: ComparedTimeline): HTMLElement {
  const place = element('div', { class: 'trend pairs' }, [
    element('p', {
      class: 'dim',
      text: `Pair ${pair}, whose ratio of peaks is the middle one; the traffic begins at 0.`,
    }),
  ]);
  drawOverlaid(place, {
    unit: 'bytes',
    xLabel: 's',
    x: tMs.map((each) => each / 1000),
    ...{ base, head },
    xAxis: { size: 24, space: 60, values: (_plot, ticks) => ticks.map((tick) => `${tick} s`) },
    look: () => ({ width: 1.5, points: { show: false } }),
  });
  return place;
}

/** Base and head over each other, pair by pair: drift and outliers show here, and nowhere else. */
function pairCharts(metrics: readonly ComparedMetric[]): Node[] {
  const drawn = metrics.filter(
    ({ base, head }) => base.length > 1 && [...base, ...head].some((value) => value !== null),
  );
  return drawn.length === 0 ? [] : [element('div', { class: 'trend-grid' }, drawn.map(pairChart))];
}

function pairChart({ name, unit, base, head }: ComparedMetric): HTMLElement {
  const place = element('div', { class: 'trend pairs' }, [element('h3', { text: printable(name, 60) })]);
  drawOverlaid(place, {
    unit,
    xLabel: 'pair',
    x: base.map((_, i) => i + 1),
    ...{ base, head },
    xAxis: { size: 24, incrs: [1, 2, 5, 10] },
    range: [0.5, base.length + 0.5],
    look: (colour) => ({ width: 1, points: { show: true, size: 7, fill: () => colourOf(colour) } }),
  });
  return place;
}

interface Overlaid {
  readonly unit: Unit;
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly base: readonly (number | null)[];
  readonly head: readonly (number | null)[];
  readonly xAxis: uPlotType.Axis;
  /** Of x; all of it where left out. */
  readonly range?: uPlotType.Range.MinMax;
  readonly look: (colour: string) => Pick<uPlotType.Series, 'width' | 'points'>;
}

function drawOverlaid(place: HTMLElement, { unit, xLabel, x, base, head, xAxis, range, look }: Overlaid): void {
  const series = (label: string, colour: string): uPlotType.Series => ({
    label,
    stroke: () => colourOf(colour),
    ...look(colour),
    value: valueIn(unit),
  });
  drawIn(place, chartPx, (width) => {
    const options: uPlotType.Options = {
      width,
      height: chartPx,
      scales: { x: { time: false, ...(range && { range }) } },
      cursor: { y: false, drag: { x: false, y: false } },
      axes: [{ ...plainAxis, ...xAxis }, valueAxis(unit)],
      series: [{ label: xLabel }, series('base', '--s2'), series('head', '--s3')],
    };
    return new uPlot(options, [[...x], [...base], [...head]], place);
  });
}
