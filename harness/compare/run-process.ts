/** One `floodgate run` as a process of its own, with the report that it left: what is measured is what a user can type. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import { ownProgram, runFloodgate } from './floodgate-process.ts';

export interface RunOrder {
  /** Everything after `floodgate run`, without `--out`. */
  readonly arguments: readonly string[];
  /** Folder in which loads and captures are named; undefined: the working folder. */
  readonly folder: string | undefined;
  /** For the run's report. */
  readonly out: string;
  readonly signal: AbortSignal;
  /** @default this program's own */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** How it ended; without a report where it came to no verdict. */
export type RunEnd =
  | { readonly report: RunReport; readonly code: number }
  | { readonly report: undefined; readonly code: number | null; readonly errors: string };

/** Of a run that came to its verdict, whichever it is. */
const verdictCodes: readonly number[] = [0, 1, 4];

export async function runReported(order: RunOrder): Promise<RunEnd> {
  const words = [...ownProgram(), 'run', ...order.arguments, '--out', order.out];
  const { code, errors } = await runFloodgate({ words, folder: order.folder, signal: order.signal, env: order.env });
  const file = path.join(order.out, 'report.json');
  if (code !== null && verdictCodes.includes(code) && existsSync(file)) {
    const report = readAnyReport(readFileSync(file, 'utf8'));
    if (report.kind === 'run') return { report, code };
  }
  return { report: undefined, code, errors };
}

export function endWords(code: number | null): string {
  return `the run ended with ${code ?? 'a signal'}`;
}
