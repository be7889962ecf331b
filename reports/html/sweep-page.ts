/** The page of a sweep: memory against what was recovered, a line a loss and rate, and a row a run. */
import type uPlotType from 'uplot';
import { formatBytes, formatCount, formatDuration, formatShare, printable } from '../format.ts';
import { costOfPercent, type SweepCell, type SweepReport, sweepLines } from '../sweep.ts';
import { costWords, p99Words, recoveredWords } from '../sweep-text.ts';
import { commandLine, element, section, sortableTable } from './dom.ts';
import { drawIn, plainAxis, valueIn } from './small-chart.ts';
import { colourOf, themeButton } from './theme.ts';

declare const uPlot: typeof uPlotType;

const chartPx = 320;
const colours = ['--s1', '--s2', '--s3', '--s4', '--s5', '--s6'];

/** Shows the sweep in the page's data element. */
export function startSweep(): void {
  const report = JSON.parse(document.getElementById('report')?.textContent ?? '') as SweepReport;
  const top = element('div', { class: 'top' }, [
    element('span', { class: 'brand', text: 'floodgate sweep' }),
    themeButton(),
  ]);
  const head = element('header', { class: 'card' }, [
    element('h1', { text: `${printable(report.scenario, 100)}: messages recovered against memory` }),
    element('p', {
      class: 'dim',
      text: `${report.cells.length} runs in the ${report.lane} lane in ${formatDuration(report.durationMs)}. A point is a run; along a line the agent has more pages.`,
    }),
    commandLine(report.command),
  ]);
  const main = element('main', {}, [
    head,
    section('Recovered against rss.p99', [chart(report)]),
    section('Runs', [table(report)]),
  ]);
  document.body.replaceChildren(top, main);
  document.documentElement.dataset.ready = 'true';
}

const titled = (label: string) => ({ label, labelSize: 20, labelFont: '12px system-ui, sans-serif' });

/** A twentieth more on both sides, so that no point lies on an edge; where all are equal, half a per cent. */
function recoveredRange(low: number, high: number): [number, number] {
  const room = Math.max((high - low) / 20, high === low ? 0.5 : 0.01);
  return [Math.max(0, low - room), Math.min(100 + room, high + room)];
}

/** Points of all lines by what they recovered; a line has no value where another has its points. */
function chart(report: SweepReport): HTMLElement {
  const place = element('div', { class: 'trend sweep' });
  const lines = [...sweepLines(report)];
  const points = lines
    .flatMap(([name, cells]) => cells.map((cell) => ({ name, cell })))
    .filter(({ cell }) => cell.recovered !== null && cell.p99Bytes !== null)
    .sort((a, b) => a.cell.recovered! - b.cell.recovered!);
  if (points.length === 0) return element('p', { class: 'warning', text: 'No run has both figures.' });
  const x = points.map(({ cell }) => cell.recovered! * 100);
  const values = lines.map(([name]) => points.map((point) => (point.name === name ? point.cell.p99Bytes : null)));
  drawIn(place, chartPx, (width) => {
    const options: uPlotType.Options = {
      width,
      height: chartPx,
      scales: { x: { time: false, range: (_plot, low, high) => recoveredRange(low, high) } },
      cursor: { drag: { x: false, y: false } },
      axes: [
        {
          ...plainAxis,
          ...titled('messages recovered'),
          size: 28,
          space: 60,
          // Room for a point at the edge, and no share above all of them.
          values: (_plot, ticks) => ticks.map((tick) => (tick > 100 ? '' : `${Number(tick.toFixed(2))} %`)),
        },
        {
          ...plainAxis,
          ...titled('rss.p99'),
          size: 62,
          values: (_plot, ticks) => ticks.map((tick) => formatBytes(tick)),
        },
      ],
      series: [
        { label: 'recovered', value: (_plot, value) => (value === null ? '–' : formatShare(value / 100)) },
        ...lines.map(([name], index): uPlotType.Series => {
          const colour = () => colourOf(colours[index % colours.length]!);
          const points = { show: true, size: 7, fill: colour };
          return {
            label: printable(name, 60),
            stroke: colour,
            width: 2,
            spanGaps: true,
            points,
            value: valueIn('bytes'),
          };
        }),
      ],
    };
    return new uPlot(options, [x, ...values], place);
  });
  return place;
}

function table(report: SweepReport): HTMLElement {
  const before = new Map<SweepCell, SweepCell>();
  for (const line of sweepLines(report).values())
    for (const [at, cell] of line.entries()) if (at > 0) before.set(cell, line[at - 1]!);
  return sortableTable<SweepCell>(
    [
      { title: 'Loss', cell: ({ loss }) => printable(loss, 40), key: ({ loss }) => loss },
      { title: 'Rate', cell: ({ rate }) => printable(rate, 40), key: ({ rate }) => rate },
      { title: 'Pages', numeric: true, cell: ({ pages }) => formatCount(pages), key: ({ pages }) => pages },
      { title: 'Recovered', numeric: true, cell: recoveredWords, key: ({ recovered }) => recovered ?? -1 },
      { title: 'rss.p99', numeric: true, cell: p99Words, key: ({ p99Bytes }) => p99Bytes ?? -1 },
      {
        title: 'One per cent more costs',
        numeric: true,
        cell: (cell) => {
          const cost = costOfPercent(cell, before.get(cell));
          return cost === null ? '' : costWords(cost);
        },
      },
      {
        title: 'Dropped',
        numeric: true,
        cell: ({ dropped }) => (dropped === null ? '?' : formatCount(dropped)),
        key: ({ dropped }) => dropped ?? -1,
      },
      { title: '', cell: ({ note }) => printable(note, 200) },
    ],
    report.cells,
  );
}
