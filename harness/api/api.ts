/**
 * What `import … from 'floodgate'` gives: types for a configuration, and runs and comparisons from a program of one's own.
 *
 * A run and a comparison are processes of their own, under the Node.js that floodgate pins: what they say does not depend on the
 * program that asks.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import type { RunReport } from '../../reports/model.ts';
import { errorSentence, runFloodgate } from '../compare/floodgate-process.ts';

export type {
  ComparedMetric,
  ComparedScenario,
  ComparedSite,
  ComparedTimeline,
  ComparedVersion,
  ComparisonReport,
} from '../../reports/comparison.ts';
export type { BudgetResult, Note, RunReport, Unit, Verdict } from '../../reports/model.ts';
export type { Limits, ProjectConfig, Quantity, ScenarioConfig, TargetConfig } from '../project/define.ts';
export { defineConfig, defineScenario } from '../project/define.ts';
export { traffic } from '../traffic/flood/builders.ts';
export type { FloodPart, FloodPlan } from '../traffic/flood/plan-types.ts';

export interface CallOptions {
  /** Where targets, loads and captures are named, and a configuration is looked for. @default the working folder */
  readonly folder?: string;
  /** Keeps the report's folder there; it must not exist, or be empty. @default removed when the report was read */
  readonly out?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/**
 * Runs `floodgate run` and reads its report, whatever the verdict.
 * @param words as on the command line: `['--target', 'node server.js', '--load', 'npx autocannon …']`
 * @throws FloodgateError where nothing could be run, with the reason in its message, and all that floodgate printed as its hint
 */
export async function run(words: readonly string[], options: CallOptions = {}): Promise<RunReport> {
  return (await reportOf('run', words, 'report.json', options)) as RunReport;
}

/**
 * Runs `floodgate compare` and reads its report, whatever the verdict.
 * @param words as on the command line: `['--base', 'main']`
 * @throws FloodgateError where nothing could be run, with the reason in its message, and all that floodgate printed as its hint
 */
export async function compare(words: readonly string[], options: CallOptions = {}): Promise<ComparisonReport> {
  return (await reportOf('compare', words, 'comparison.json', options)) as ComparisonReport;
}

async function reportOf(
  command: string,
  words: readonly string[],
  file: string,
  options: CallOptions,
): Promise<unknown> {
  const out = options.out ?? mkdtempSync(path.join(tmpdir(), 'floodgate-api-'));
  try {
    const { code, errors } = await runFloodgate({
      words: [launcher(), command, ...placed(words, path.resolve(out))],
      folder: options.folder,
      signal: options.signal,
      stores: true,
    });
    const report = path.join(out, file);
    // A comparison that failed leaves a report of that as well.
    const isFailed = command === 'compare' && errorSentence(errors) !== undefined;
    if (existsSync(report) && !isFailed) return JSON.parse(readFileSync(report, 'utf8'));
    const why = reasonOf(errors);
    const reason = why === undefined ? '' : `: ${why}`;
    throw new FloodgateError('run-failed', `floodgate ${command} ended with ${code ?? 'a signal'}${reason}`, {
      hint: errors.trim(),
      exitCode: code ?? 2,
    });
  } finally {
    if (options.out === undefined) rmSync(out, { recursive: true, force: true });
  }
}

/** Before the words: an option at their end that lacks its value would take it. Behind a folder in the words it holds all the same. */
function placed(words: readonly string[], out: string): string[] {
  const hasOut = words.some((word) => word === '--out' || word.startsWith('--out='));
  return hasOut ? [...words, '--out', out] : ['--out', out, ...words];
}

/** In one line; whoever prints an error may print nothing but its message. */
function reasonOf(errors: string): string | undefined {
  return errorSentence(errors) ?? /^error: (.+)$/m.exec(errors)?.[1];
}

/** In the repository two folders up, three where it was built. */
function launcher(): string {
  const folders = ['../..', '../../..'].map((up) => path.resolve(import.meta.dirname, up));
  return path.join(folders.find((folder) => existsSync(path.join(folder, 'bin', 'floodgate')))!, 'bin', 'floodgate');
}
