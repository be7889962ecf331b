/** Two commits of a project compared by one metric, as a process of its own: what `floodgate compare` says of them. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import type { Project } from '../project/find-config.ts';
import { errorSentence, ownProgram, runFloodgate } from './floodgate-process.ts';

export interface CompareWish {
  readonly pairsMax: number;
  /** A share, as text. @default as the comparison has it */
  readonly threshold?: string | undefined;
  /** @default never */
  readonly sites?: 'never' | 'always';
}

interface CompareOrder extends CompareWish {
  readonly project: Project;
  readonly base: string;
  readonly head: string;
  readonly scenario: string;
  readonly metric: string;
  /** For the report. */
  readonly out: string;
  readonly signal: AbortSignal;
}

/** Why there is no comparison. */
export interface Failure {
  readonly why: string;
  /** The head is the reason. */
  readonly isOfHead: boolean;
}

export const isFailure = (compared: ComparisonReport | Failure): compared is Failure => 'why' in compared;

/** @throws FloodgateError `interrupted`; `run-failed` where no comparison can be had, of whichever head */
export async function compareCommits(order: CompareOrder): Promise<ComparisonReport | Failure> {
  const { project, base, head, scenario, metric, out, signal, pairsMax, threshold, sites = 'never' } = order;
  mkdirSync(out, { recursive: true, mode: 0o700 });
  const file = path.join(out, 'comparison.json');
  // Of an earlier bisection into the same folder.
  rmSync(file, { force: true });
  const words = ['compare', '--base', base, '--head', head, '--only', scenario, '--config', project.file];
  words.push('--metric', metric);
  if (threshold !== undefined) words.push('--threshold', `${metric}=${threshold}`);
  words.push('--max-pairs', String(pairsMax), '--sites', sites, '--out', out);
  const { code, errors } = await runFloodgate({ words: [...ownProgram(), ...words], folder: project.folder, signal });
  const hint = 'The same command goes on where it was.';
  if (signal.aborted) throw new FloodgateError('interrupted', 'interrupted', { hint, exitCode: 3 });
  // A comparison that failed leaves a report of that as well.
  if (existsSync(file) && errorSentence(errors) === undefined)
    return JSON.parse(readFileSync(file, 'utf8')) as ComparisonReport;
  // Ended from outside: perhaps by what this version needs, and perhaps not.
  if (code === null) return { why: 'the comparison was killed, cause unknown', isOfHead: false };
  const why = errorSentence(errors) ?? errors.trim();
  if (why.includes(head)) return { why, isOfHead: !why.includes('killed, cause unknown') };
  // The other version, the disk, the configuration: nothing is learned of any commit while that is so.
  throw new FloodgateError('run-failed', why, { hint });
}
