/** The time line: charts by uPlot with one zoom and one cursor for all, phases and spikes behind them. */
import type uPlotType from 'uplot';
import { formatDuration, formatValue, printable } from '../format.ts';
import type { RunReport, Unit } from '../model.ts';
import { button, element } from './dom.ts';
import { colourOf, onThemeChange } from './theme.ts';
import { type ChartData, chartsOf, isShownFirst } from './timeline-data.ts';

declare const uPlot: typeof uPlotType;

const SERIES_COLOURS = ['--s1', '--s2', '--s3', '--s4', '--s5', '--s6', '--s7', '--s8'];
/** The usual lines keep their colours whatever else was measured. */
const COLOUR_OF: Readonly<Record<string, string>> = {
  rss: '--s1',
  pss: '--s2',
  heapUsed: '--s3',
  heapTotal: '--s4',
  external: '--s5',
  arrayBuffers: '--s6',
};
const AXIS_PX = 74;

interface TimeRange {
  min: number;
  max: number;
}

export interface TimeLine {
  readonly root: HTMLElement;
  /** Zooms all charts, in seconds. */
  show(range: TimeRange): void;
}

/** All charts of a run; null when nothing was sampled. */
export function timeLine(run: RunReport): TimeLine | null {
  const charts = chartsOf(run);
  if (charts.length === 0) return null;
  const whole = {
    min: Math.min(...charts.map((chart) => chart.x[0]!)),
    max: Math.max(...charts.map((chart) => chart.x.at(-1)!)),
  };
  const plots: uPlotType[] = [];
  const range = { ...whole };
  const sync = uPlot.sync(`run-${Math.round(performance.now())}`);
  const show = (to: TimeRange) => {
    const span = Math.max(to.max - to.min, 0.001);
    range.min = Math.max(whole.min, Math.min(to.min, whole.max - 0.001));
    range.max = Math.min(whole.max, range.min + span);
    for (const plot of plots) plot.setScale('x', { min: range.min, max: range.max });
    status.textContent =
      range.min <= whole.min && range.max >= whole.max
        ? ''
        : `${formatDuration(range.min * 1000)} – ${formatDuration(range.max * 1000)}`;
  };
  const status = element('span', { class: 'dim' });
  const root = element('div', {
    class: 'timeline',
    attributes: {
      tabindex: '0',
      role: 'group',
      'aria-label': 'Time line: arrow keys move, plus and minus zoom, 0 shows all',
    },
  });
  root.append(
    element('div', { class: 'controls' }, [
      button('Whole run', () => show(whole)),
      ...run.spikes.map((spike, i) => {
        const margin = Math.max(0.5, (spike.endMs - spike.startMs) / 4000);
        return button(`Spike ${i + 1}`, () =>
          show({ min: spike.startMs / 1000 - margin, max: spike.endMs / 1000 + margin }),
        );
      }),
      status,
      element('span', {
        class: 'dim hint',
        text: 'drag to zoom, double-click for all; keys: ← → + − 0; click a name to show or hide it',
      }),
    ]),
  );
  root.addEventListener('keydown', (event) => {
    const next = keyRange(event.key, range, whole);
    if (!next) return;
    event.preventDefault();
    show(next);
  });
  // uPlot needs a width: charts are made when the page has laid their place out.
  requestAnimationFrame(() => {
    charts.forEach((chart, i) => {
      const place = element('div', { class: 'chart' });
      root.append(place);
      const height = i === 0 ? 300 : 96;
      const options = chartOptions(chart, run, i === 0, sync.key, { width: place.clientWidth, height }, whole, show);
      plots.push(
        new uPlot(
          options,
          [chart.x as number[], ...chart.columns.map((column) => column.values as (number | null)[])],
          place,
        ),
      );
      sync.sub(plots.at(-1)!);
      new ResizeObserver(
        () => plots[i]!.width !== place.clientWidth && plots[i]!.setSize({ width: place.clientWidth, height }),
      ).observe(place);
      plots[i]!.over.addEventListener('dblclick', () => show(whole));
    });
    onThemeChange(() => {
      for (const plot of plots) plot.redraw(false, true);
    });
  });
  return { root, show };
}

function lineColour(name: string, index: number): string {
  return Object.hasOwn(COLOUR_OF, name) ? COLOUR_OF[name]! : SERIES_COLOURS[index % SERIES_COLOURS.length]!;
}

function keyRange(key: string, range: TimeRange, whole: TimeRange): TimeRange | undefined {
  const span = range.max - range.min;
  const middle = (range.min + range.max) / 2;
  switch (key) {
    case 'ArrowLeft':
      return { min: Math.max(whole.min, range.min - span / 5), max: Math.max(whole.min, range.min - span / 5) + span };
    case 'ArrowRight': {
      const min = Math.min(whole.max - span, range.min + span / 5);
      return { min, max: min + span };
    }
    case '+':
    case '=':
      return { min: middle - span / 4, max: middle + span / 4 };
    case '-':
      return { min: Math.max(whole.min, middle - span), max: Math.min(whole.max, middle + span) };
    case '0':
      return whole;
    default:
      return undefined;
  }
}

function chartOptions(
  chart: ChartData,
  run: RunReport,
  isMemory: boolean,
  syncKey: string,
  size: { width: number; height: number },
  whole: TimeRange,
  show: (range: TimeRange) => void,
): uPlotType.Options {
  const unit: Unit = chart.columns[0]?.unit ?? 'count';
  const axis = {
    stroke: () => colourOf('--dim'),
    grid: { stroke: () => colourOf('--grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    ...size,
    cursor: { sync: { key: syncKey }, y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    scales: {
      x: { time: false, ...whole },
      y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.06] },
    },
    axes: [
      // Only the first chart shows the time: all of them have the same.
      {
        ...axis,
        size: isMemory ? 30 : 8,
        values: (_plot, ticks) => ticks.map((tick) => (isMemory ? formatDuration(tick * 1000) : '')),
      },
      { ...axis, size: AXIS_PX, space: 26, values: (_plot, ticks) => ticks.map((tick) => formatValue(tick, unit)) },
    ],
    series: [
      { label: 'time', value: (_plot, x) => (x === null ? '' : formatDuration(Math.round(x * 1e6) / 1000)) },
      ...chart.columns.map((column, i) => ({
        label: printable(column.name, 60),
        stroke: () => colourOf(lineColour(column.name, i)),
        show: isShownFirst(chart, column.name),
        width: i === 0 ? 2 : 1.3,
        spanGaps: true,
        points: { show: false },
        value: (_plot: uPlotType, value: number | null) => (value === null ? '–' : formatValue(value, column.unit)),
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawBands(plot, run, isMemory)],
      draw: isMemory ? [(plot) => drawMarks(plot, run)] : [],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const min = plot.posToVal(plot.select.left, 'x');
          const max = plot.posToVal(plot.select.left + plot.select.width, 'x');
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          show({ min, max });
        },
      ],
    },
  };
}

/** Behind the lines: spikes tinted, phases divided and named. */
function drawBands(plot: uPlotType, run: RunReport, named: boolean): void {
  const { ctx, bbox } = plot;
  const x = (ms: number) => Math.min(Math.max(plot.valToPos(ms / 1000, 'x', true), bbox.left), bbox.left + bbox.width);
  ctx.save();
  ctx.fillStyle = colourOf('--spike');
  for (const spike of run.spikes.filter(({ line }) => line === 'rss'))
    ctx.fillRect(x(spike.startMs), bbox.top, Math.max(1, x(spike.endMs) - x(spike.startMs)), bbox.height);
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  for (const phase of run.phases) {
    const [left, right] = [x(phase.startMs), x(phase.endMs)];
    ctx.strokeStyle = colourOf('--grid');
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    if (!named || right - left < 30) continue;
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, 20 * devicePixelRatio);
    ctx.save();
    ctx.clip();
    ctx.fillStyle = colourOf('--dim');
    ctx.fillText(printable(phase.name, 60), left + 4 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
    ctx.restore();
  }
  ctx.restore();
}

/** On the memory chart: the limits on resident memory, and the collections as ticks at the bottom. */
function drawMarks(plot: uPlotType, run: RunReport): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'bottom';
  for (const budget of run.budgets) {
    if (!budget.name.startsWith('rss.') || budget.unit !== 'bytes') continue;
    const y = plot.valToPos(budget.limit, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = ctx.fillStyle = colourOf(budget.ok ? '--good' : budget.state === 'over' ? '--bad' : '--warn');
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(
      `${printable(budget.name, 40)} ≤ ${formatValue(budget.limit, budget.unit)}`,
      bbox.left + bbox.width - 6,
      y - 2,
    );
  }
  ctx.setLineDash([]);
  // One path for all: tens of thousands of collections are one stroke each way.
  for (const isMinor of [true, false]) {
    ctx.strokeStyle = colourOf(isMinor ? '--dim' : '--s6');
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    run.gc.tMs.forEach((ms, i) => {
      if (/scav|minor/i.test(run.gc.kind[i]!) !== isMinor) return;
      const x = plot.valToPos(ms / 1000, 'x', true);
      const height = (isMinor ? 5 : 12) * devicePixelRatio;
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x, bbox.top + bbox.height - height);
    });
    ctx.stroke();
  }
  ctx.restore();
}
