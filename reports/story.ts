/** The story as a table and as a picture: a row a step, the same frames in each, memory on one scale. Pure. */
import { escapeHtml, formatBytes, formatCount, formatDuration, printable, sparkLine } from './format.ts';
import { findColumn, type RunReport } from './model.ts';

export interface StoryRow {
  /** What was mended last. */
  readonly title: string;
  /** What is still wrong. */
  readonly defects: readonly string[];
  readonly run: RunReport;
}

/** Null where it was not measured. */
function figure({ run }: StoryRow, name: string): number | null {
  return run.figures.find((each) => each.name === name)?.value ?? null;
}

/** With short runs p99 takes more readings than there are: the highest one then. */
function memoryOf(row: StoryRow): { bytes: number | null; isPeak: boolean } {
  const p99 = figure(row, 'rss.p99');
  return p99 === null ? { bytes: figure(row, 'rss.max'), isPeak: true } : { bytes: p99, isPeak: false };
}

function cellsOf(row: StoryRow): { memory: string; allocated: string; cpu: string } {
  const { bytes, isPeak } = memoryOf(row);
  const known = (value: number | null, format: (value: number) => string) =>
    value === null ? 'unknown' : format(value);
  return {
    memory: `${isPeak ? '≤ ' : ''}${known(bytes, formatBytes)}`,
    allocated: known(figure(row, 'allocated.bytes'), formatBytes),
    cpu: known(figure(row, 'cpu.seconds'), (seconds) => formatDuration(seconds * 1000)),
  };
}

/** One line of what all rows have in common. */
export function storyCaption(rows: readonly StoryRow[]): string {
  const run = rows.at(-1)?.run;
  if (!run) return '';
  const { ledger, scenario, target, lane } = run;
  const amount = ledger ? `${formatBytes(ledger.bytesSent)} in ${formatCount(ledger.framesSent)} frames` : '';
  const { stages } = rows[0]!.run.target;
  const last = stages === target.stages ? '' : `; the last row: ${target.stages}`;
  return `${scenario.name}, ${amount}, the same in every row; ${lane} lane; ${stages}${last}`;
}

/** A row a step for a terminal. */
export function renderStoryText(rows: readonly StoryRow[]): string {
  const width = Math.max(...rows.map(({ title }) => title.length));
  const lines = rows.map((row) => {
    const { memory, allocated, cpu } = cellsOf(row);
    const rss = findColumn(row.run, 'rss');
    const line = rss ? sparkLine(rss.table.tMs, rss.column.values, 24) : '';
    return `  ${row.title.padEnd(width)}  ${memory.padStart(9)}  ${allocated.padStart(9)}  ${cpu.padStart(8)}  ${line}`;
  });
  const head = `  ${''.padEnd(width)}  ${'RSS p99'.padStart(9)}  ${'allocated'.padStart(9)}  ${'CPU'.padStart(8)}`;
  return `${[printable(storyCaption(rows)), head, ...lines].join('\n')}\n`;
}

const width = 960;
const rowHeight = 64;
const top = 64;
const labelEnd = 330;
const chartEnd = 800;
/** Points of a curve: more than a screen shows. */
const pointsMax = 400;

/** The picture: memory over time, a row a step, all on one scale. */
export function renderStorySvg(rows: readonly StoryRow[]): string {
  const height = top + rows.length * rowHeight + 16;
  const highest = Math.max(1, ...rows.map(({ run }) => peakOf(run)));
  const text = (x: number, y: number, words: string, more = '') =>
    `<text x="${x}" y="${y}"${more}>${escapeHtml(printable(words, 200))}</text>`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="#1f2430" role="img">`,
    '<title>Twenty-five days on one screen: memory of one flood, a row a mended mistake</title>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(16, 26, 'Twenty-five days on one screen', ' font-size="18" font-weight="600"'),
    text(16, 48, storyCaption(rows), ' fill="#5c6370" font-size="12"'),
    text(width - 16, 26, 'RSS p99', ' text-anchor="end" fill="#5c6370" font-size="12"'),
  ];
  rows.forEach((row, i) => {
    const y = top + i * rowHeight;
    const { memory, allocated, cpu } = cellsOf(row);
    const isMended = row.defects.length === 0;
    const colour = isMended ? '#2e7d32' : '#c62828';
    parts.push(
      text(16, y + 30, `${i === 0 ? '' : `${i}. `}${row.title}`, isMended ? ' font-weight="600"' : ''),
      text(16, y + 48, `${cpu} CPU, ${allocated} allocated`, ' fill="#5c6370" font-size="12"'),
      `<path d="${areaOf(row.run, y + 6, rowHeight - 12, highest)}" fill="${colour}" fill-opacity="0.25" stroke="${colour}"/>`,
      text(width - 16, y + 38, memory, ` text-anchor="end" font-size="18" font-weight="600" fill="${colour}"`),
    );
  });
  return `${parts.join('\n')}\n</svg>\n`;
}

function peakOf(run: RunReport): number {
  return (findColumn(run, 'rss')?.column.values ?? []).reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

/** A curve from its own start to its own end, however long that took. */
function areaOf(run: RunReport, y: number, height: number, highest: number): string {
  const rss = findColumn(run, 'rss');
  const points = (rss?.table.tMs ?? []).flatMap((ms, i) => {
    const bytes = rss!.column.values[i];
    return bytes === null || bytes === undefined ? [] : [{ ms, bytes }];
  });
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return '';
  const step = Math.max(1, Math.ceil(points.length / pointsMax));
  const x = (ms: number) => labelEnd + ((chartEnd - labelEnd) * (ms - first.ms)) / Math.max(1, last.ms - first.ms);
  const place = (bytes: number) => y + height * (1 - bytes / highest);
  const shown = points.filter((_, i) => i % step === 0 || i === points.length - 1);
  const line = shown.map(({ ms, bytes }) => `L${x(ms).toFixed(1)} ${place(bytes).toFixed(1)}`).join('');
  return `M${labelEnd} ${y + height}${line}L${chartEnd} ${y + height}Z`;
}
