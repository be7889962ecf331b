/** One run of one version: `floodgate run` as a process of its own, so that a comparison measures what a user can type. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import { shownArguments } from '../requests/shown-rules.ts';
import { ownProgram, runFloodgate } from './floodgate-process.ts';

export interface CellOrder {
  /** Everything after `floodgate run`, without `--out`. */
  readonly arguments: readonly string[];
  /** Folder in which loads and captures are named. */
  readonly folder: string;
  /** For the run's report. */
  readonly out: string;
  readonly signal: AbortSignal;
}

/** @throws FloodgateError `run-failed` where the run ends with anything but a verdict, `interrupted` */
export async function runCell(order: CellOrder): Promise<RunReport> {
  const words = [...ownProgram(), 'run', ...order.arguments, '--out', order.out];
  const { code, errors } = await runFloodgate({ words, folder: order.folder, signal: order.signal });
  if (order.signal.aborted)
    throw new FloodgateError('interrupted', 'the comparison was interrupted', { hint: '', exitCode: 3 });
  const file = path.join(order.out, 'report.json');
  if (code !== null && [0, 1, 4].includes(code) && existsSync(file)) {
    const report = readAnyReport(readFileSync(file, 'utf8'));
    if (report.kind === 'run') return report;
  }
  throw new FloodgateError(
    'run-failed',
    `a run ended with ${code ?? 'a signal'}: floodgate run ${shownArguments(order.arguments).join(' ')}`,
    {
      hint: errors.trim(),
    },
  );
}
