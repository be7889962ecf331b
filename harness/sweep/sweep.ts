/** One scenario over a grid of page limits, losses and rates: each cell is a `floodgate run` of its own, kept as it ends. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import type { SweepCell } from '../../reports/sweep.ts';
import { errorSentence } from '../compare/floodgate-process.ts';
import { keepLine, keptLines } from '../compare/kept-lines.ts';
import { endWords, runReported } from '../compare/run-process.ts';

export interface SweepGrid {
  readonly pages: readonly number[];
  /** As typed. */
  readonly losses: readonly string[];
  readonly rates: readonly string[];
}

export interface SweepOptions {
  readonly grid: SweepGrid;
  /** A scenario file with this many pages. */
  readonly scenarioText: (pages: number) => string;
  /** Of `floodgate run`: lane, defect and what else is the same in each cell. */
  readonly words: readonly string[];
  /** What else goes wrong in each cell, as `--impair` takes it. */
  readonly impair: string | undefined;
  /** Kept: cells that are done are not run again. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onCell: (done: number, all: number, cell: SweepCell) => void;
}

/** @returns a cell each, in the order of the grid. @throws FloodgateError `interrupted` */
export async function sweep(options: SweepOptions): Promise<SweepCell[]> {
  const { grid, folder, onCell, signal } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const cellsFile = path.join(folder, 'cells.jsonl');
  const known = new Map((keptLines(cellsFile) as SweepCell[]).map((cell) => [placeKey(cell), cell]));
  const cells: SweepCell[] = [];
  const places = grid.losses.flatMap((loss) =>
    grid.rates.flatMap((rate) => grid.pages.map((pages) => ({ loss, rate, pages }))),
  );
  for (const place of places) {
    let cell = known.get(placeKey(place));
    if (!cell) {
      cell = await runCell(options, place);
      if (signal.aborted) {
        throw new FloodgateError('interrupted', 'interrupted', {
          hint: `The same command with --out ${folder} goes on where it was.`,
          exitCode: 3,
        });
      }
      keepLine(cellsFile, cell);
    }
    cells.push(cell);
    onCell(cells.length, places.length, cell);
  }
  return cells;
}

type Place = Pick<SweepCell, 'loss' | 'rate' | 'pages'>;

const placeKey = ({ loss, rate, pages }: Place) => JSON.stringify([loss, rate, pages]);

async function runCell(
  { scenarioText, words, impair, folder, signal }: SweepOptions,
  place: Place,
): Promise<SweepCell> {
  const scratch = path.join(folder, 'cell');
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  try {
    const file = path.join(scratch, 'cell.yaml');
    writeFileSync(file, scenarioText(place.pages), { mode: 0o600 });
    const stages = [
      ...(Number.parseFloat(place.loss) === 0 ? [] : [`loss=${place.loss}`]),
      ...(impair === undefined ? [] : [impair]),
    ];
    const loss = stages.length === 0 ? [] : ['--impair', stages.join(',')];
    const end = await runReported({
      arguments: [file, ...words, ...loss, ...rateWords(place.rate), '--no-explain'],
      folder: undefined,
      out: path.join(scratch, 'run'),
      signal,
    });
    if (end.report) return cellOf(end.report, place);
    const why = errorSentence(end.errors) ?? endWords(end.code);
    return { ...place, recovered: null, p99Bytes: null, isAtMost: false, dropped: null, note: why };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What a run of a cell says. @returns a figure or why there is none, never a guess */
export function cellOf({ messages, figures }: Pick<RunReport, 'messages' | 'figures'>, place: Place): SweepCell {
  const figure = (name: string) => figures.find((each) => each.name === name);
  const p99 = figure('rss.p99');
  const sum = (count: { requests: number; responses: number }) => count.requests + count.responses;
  const sent = messages ? sum(messages.truth) + sum(messages.mayBeLost) : 0;
  const isKnown = messages !== null && sent > 0;
  const isAtMost = p99?.state === 'undecided' && p99.high !== null;
  return {
    ...place,
    recovered: isKnown ? Math.min(1, sum(messages.found) / sent) : null,
    p99Bytes: p99?.value ?? (isAtMost ? p99.high : null),
    isAtMost,
    dropped: figure('dropped.frames')?.value ?? null,
    note: isKnown ? '' : 'the messages that were sent are not known',
  };
}

/** `4x`, `200Mbps`, `50kpps`, `topspeed` as options of a run. @throws FloodgateError `option-invalid` */
export function rateWords(rate: string): string[] {
  const match = /^(\d+(?:\.\d+)?)(x|mbps|gbps|pps|kpps|mpps)$/i.exec(rate);
  if (rate === 'topspeed') return ['--topspeed'];
  const amount = Number(match?.[1]);
  if (!match || !(amount > 0)) {
    throw new FloodgateError('option-invalid', `--rate: "${rate}" is no rate`, {
      hint: 'Write for example --rate 1x,4x, 200Mbps, 50kpps, or topspeed.',
    });
  }
  switch (match[2]!.toLowerCase()) {
    case 'x':
      return ['--speed', `${amount}x`];
    case 'mbps':
      return ['--mbps', String(amount)];
    case 'gbps':
      return ['--mbps', String(amount * 1_000)];
    case 'pps':
      return ['--pps', String(amount)];
    case 'kpps':
      return ['--pps', String(amount * 1_000)];
    default:
      return ['--pps', String(amount * 1_000_000)];
  }
}
