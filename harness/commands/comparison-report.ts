/** The report of a comparison out of what its scenarios came to, written and printed. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FloodgateError } from '../../agent/errors.ts';
import {
  COMPARISON_SCHEMA_VERSION,
  type ComparedScenario,
  type ComparedTimeline,
  type ComparedVersion,
  type ComparisonReport,
} from '../../reports/comparison.ts';
import { renderComparisonAnnotations } from '../../reports/comparison-annotations.ts';
import { comparisonReporters } from '../../reports/comparison-reporter.ts';
import { renderComparisonTerminal } from '../../reports/comparison-terminal.ts';
import type { ScenarioResult } from '../compare/compare-scenario.ts';
import { overlayOf, type TimedRun } from '../compare/overlay.ts';
import type { Side } from '../compare/pairs.ts';
import { errorRate } from '../compare/stopping-rule.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import type { Version } from '../compare/version-label.ts';
import { takesColour } from './print-report.ts';
import { commandLine } from './shown-words.ts';

export interface ComparisonHead {
  readonly startedAtMs: number;
  readonly toolVersion: string;
  /** Of the runs that are kept. */
  readonly folder: string;
  /** The project's folder within its repository. */
  readonly prefix: string;
  readonly base: ComparedVersion;
  readonly head: ComparedVersion;
}

export function comparisonReport(
  { startedAtMs, toolVersion, folder, prefix, base, head }: ComparisonHead,
  results: readonly ScenarioResult[],
  verdict: ComparisonReport['verdict'],
): ComparisonReport {
  const compared = results.map((each) => each.compared);
  return {
    kind: 'comparison',
    schemaVersion: COMPARISON_SCHEMA_VERSION,
    tool: { name: 'floodgate', version: toolVersion },
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Date.now() - startedAtMs,
    command: commandLine(),
    folder: prefix.split(path.sep).join('/'),
    base,
    head,
    errorRate,
    scenarios: compared,
    timelines: compared.flatMap((each) => timelineOf(folder, each)),
    flames: results.flatMap(({ flame }) => (flame ? [flame] : [])),
    verdict,
  };
}

/** What could not be compared, and what the others came to. */
export function failedVerdict(
  error: Pick<FloodgateError, 'exitCode' | 'message'>,
  failures: readonly Pick<FloodgateError, 'message'>[],
  scenarios: readonly ComparedScenario[],
): ComparisonReport['verdict'] {
  const all = failures.length > 0 ? failures : [error];
  const others = scenarios.length > 0 ? [comparisonVerdict(scenarios, false).headline] : [];
  const headline = [...all.map(({ message }) => message), ...others].join('; ');
  return { ok: false, exitCode: error.exitCode, headline };
}

/** Of a version that was not come to. */
export function unprepared(label: string): ComparedVersion {
  return { label, commit: null, dirty: false, package: null, key: '' };
}

export function described({ label, commit, dirty, package: named, key }: Version): ComparedVersion {
  return { label, commit: commit ?? null, dirty, package: named ?? null, key };
}

/** From the runs that are kept. */
function timelineOf(folder: string, { name, pairs }: ComparedScenario): ComparedTimeline[] {
  const runs = (side: Side): TimedRun[] =>
    Array.from({ length: pairs }, (_, at) =>
      JSON.parse(readFileSync(path.join(folder, name, `${at + 1}-${side}`, 'report.json'), 'utf8')),
    );
  const overlay = overlayOf(runs('base'), runs('head'));
  return overlay ? [{ scenario: name, ...overlay }] : [];
}

export function writeComparison(folder: string, report: ComparisonReport): void {
  for (const { fileName, render } of comparisonReporters)
    writeFileSync(path.join(folder, fileName), render(report), { mode: 0o600 });
}

/** @param all figures without a threshold too */
export function printComparison(folder: string, report: ComparisonReport, all = false): void {
  process.stdout.write(renderComparisonTerminal(report, { colour: takesColour(), all }));
  process.stdout.write(`\nreport: ${path.relative('', path.join(folder, 'comparison.html'))}\n`);
  // A job of GitHub takes annotations from what it prints.
  if (process.env.GITHUB_ACTIONS === 'true') process.stdout.write(renderComparisonAnnotations(report));
}
