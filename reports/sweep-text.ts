/** A sweep as a table for a terminal, a line a cell. Pure. */
import { formatBytes, formatCount, formatShare, printable } from './format.ts';
import { costOfPercent, type SweepCell, type SweepReport, sweepLines } from './sweep.ts';
import { tableLines } from './text-table.ts';

export function renderSweepText(report: SweepReport): string {
  const rows = [...sweepLines(report).values()].flatMap((line) => line.map((cell, at) => row(cell, line[at - 1])));
  const all = [['loss', 'rate', 'pages', 'recovered', 'rss.p99', 'one per cent more', 'dropped', ''], ...rows];
  return `SWEEP of ${printable(report.scenario, 80)} (${report.lane} lane)\n${tableLines(all).join('\n')}\n`;
}

function row(cell: SweepCell, before: SweepCell | undefined): string[] {
  const { loss, rate, pages, dropped, note } = cell;
  const cost = costOfPercent(cell, before);
  return [
    ...[loss, rate, formatCount(pages), recoveredWords(cell), p99Words(cell)],
    ...[cost === null ? '' : costWords(cost), dropped === null ? '?' : formatCount(dropped), printable(note, 120)],
  ];
}

export function recoveredWords({ recovered }: SweepCell): string {
  return recovered === null ? 'not known' : formatShare(recovered);
}

export function p99Words({ p99Bytes, isAtMost }: SweepCell): string {
  return p99Bytes === null ? 'not known' : `${isAtMost ? '≤ ' : ''}${formatBytes(p99Bytes)}`;
}

export function costWords(bytes: number): string {
  return `${bytes < 0 ? '−' : ''}${formatBytes(Math.abs(bytes))}`;
}
