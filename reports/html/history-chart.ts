/** One metric of a history as a chart: its figures, the limit, the baseline, and a line where the level changed. */
import type uPlotType from 'uplot';
import { formatShare, formatValue, printable } from '../format.ts';
import type { HistoryMetric, HistoryRun } from '../history.ts';
import { element } from './dom.ts';
import { commitWords, timeWords } from './history-words.ts';
import type { RunChoice } from './run-choice.ts';
import { drawIn, plainAxis, valueAxis, valueIn } from './small-chart.ts';
import { colourOf } from './theme.ts';

declare const uPlot: typeof uPlotType;

const chartPx = 140;
/** Beyond it points would be a band. */
const pointsShownMax = 120;

export function historyChart(runs: readonly HistoryRun[], metric: HistoryMetric, choice: RunChoice): HTMLElement {
  const place = element('div', { class: 'trend' }, [
    element('h3', { text: printable(metric.name, 60) }),
    element('p', { class: 'dim', text: latestWords(metric) }),
  ]);
  const chart = element('div');
  place.append(chart, ...noteLines(runs, metric));
  drawIn(chart, chartPx, (width) => {
    const { values, limits, baseline } = metric;
    const level = baseline === null ? [] : [runs.map(() => baseline.value)];
    const lines = hasLimit(metric) ? [[...limits], ...level] : level;
    const plot = new uPlot(optionsOf(runs, metric, width), [runs.map((_, i) => i), [...values], ...lines], chart);
    // What lies over the plot may take the click.
    plot.root.addEventListener('click', ({ clientX, clientY }) => {
      const { left, top, bottom } = plot.over.getBoundingClientRect();
      const run = runs[plot.posToIdx(clientX - left)];
      if (run && clientY >= top && clientY <= bottom) choice.choose(run);
    });
    return plot;
  });
  return place;
}

/** One that is far away would press the figures into a line: it is said in words. */
function hasLimit({ limits, values }: HistoryMetric): boolean {
  const highest = Math.max(...values.map((value) => value ?? 0));
  return limits.some((limit) => limit !== null && limit <= highest * 1.5);
}

function optionsOf(runs: readonly HistoryRun[], metric: HistoryMetric, width: number): uPlotType.Options {
  const { unit, points, baseline } = metric;
  const value = valueIn(unit);
  const line = (label: string, colour: string, dash: number[]) => ({
    label,
    stroke: () => colourOf(colour),
    width: 1,
    dash,
    points: { show: false },
    value,
  });
  return {
    width,
    height: chartPx,
    // Runs are spaced evenly: their dates bunch up on working days.
    scales: {
      x: { time: false, range: [-0.5, Math.max(0.5, runs.length - 0.5)] },
      y: { range: (_plot, low, high) => rangeOf(low, high) },
    },
    cursor: { y: false, drag: { x: false, y: false } },
    axes: [{ ...plainAxis, show: false }, valueAxis(unit, 72)],
    series: [
      { label: 'run', value: (_plot, index) => runWords(runs[Math.round(index ?? -1)]) },
      {
        label: 'actual',
        stroke: () => colourOf('--s3'),
        width: 2,
        points: { show: runs.length <= pointsShownMax, size: 6, fill: () => colourOf('--s3') },
        value,
      },
      ...(hasLimit(metric) ? [line('limit', '--bad', [5, 4])] : []),
      ...(baseline === null ? [] : [line('baseline', '--good', [2, 3])]),
    ],
    hooks: {
      draw: [
        (plot) =>
          drawPoints(
            plot,
            points.map(({ index }) => index),
          ),
      ],
    },
  };
}

/** From zero where that costs little of the height: a change of three per cent must be seen. */
function rangeOf(low: number | null, high: number | null): [number, number] {
  const [from, to] = [low ?? 0, high ?? 1];
  const room = Math.max(to - from, Math.abs(to) * 0.02, Number.MIN_VALUE) * 0.12;
  return [from >= 0 && from < (to - from) * 2 ? 0 : from - room, to + room];
}

function drawPoints(plot: uPlotType, indexes: readonly number[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colourOf('--found');
  ctx.lineWidth = 2;
  ctx.setLineDash([]);
  ctx.beginPath();
  for (const index of indexes) {
    const x = Math.round(plot.valToPos(index - 0.5, 'x', true));
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

const runWords = (run: HistoryRun | undefined) => (run === undefined ? '' : `${timeWords(run)} ${commitWords(run)}`);

/** With two runs this is what there is to say. */
function latestWords({ values, limits, unit }: HistoryMetric): string {
  const measured = values.filter((value) => value !== null);
  const [latest = 0, before = 0] = [measured.at(-1), measured.at(-2)];
  const limit = limits.at(-1) ?? null;
  const limitWords = limit === null ? '' : `, limit ${formatValue(limit, unit)}`;
  if (latest === before) return `${formatValue(latest, unit)}, as before${limitWords}`;
  const change = before === 0 ? '' : ` (${latest > before ? '+' : '−'}${formatShare(Math.abs(latest / before - 1))})`;
  return `${formatValue(latest, unit)}, before ${formatValue(before, unit)}${change}${limitWords}`;
}

function noteLines(runs: readonly HistoryRun[], { points, baseline, waiver, unit }: HistoryMetric): Node[] {
  const lines = points.map(({ index, before, after }) =>
    element('p', {
      class: 'found',
      text: `${runWords(runs[index])}: ${formatValue(before, unit)} → ${formatValue(after, unit)}`,
    }),
  );
  if (baseline !== null)
    lines.push(
      element('p', {
        class: 'dim',
        text: `Baseline ${formatValue(baseline.value, unit)}: ${printable(baseline.words, 200)}`,
      }),
    );
  if (waiver !== '') lines.push(element('p', { class: 'warning', text: printable(waiver, 300) }));
  return lines;
}
