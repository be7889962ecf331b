/** The report of a comparison out of what its scenarios came to, written and printed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FloodgateError } from '../../agent/errors.ts';
import {
  COMPARISON_SCHEMA_VERSION,
  type ComparedFailure,
  type ComparedScenario,
  type ComparedTimeline,
  type ComparedVersion,
  type ComparisonReport,
} from '../../reports/comparison.ts';
import { renderComparisonAnnotations } from '../../reports/comparison-annotations.ts';
import { comparisonReporters } from '../../reports/comparison-reporter.ts';
import { renderComparisonTerminal } from '../../reports/comparison-terminal.ts';
import type { Note } from '../../reports/model.ts';
import type { ScenarioResult } from '../compare/compare-scenario.ts';
import { overlayOf, type TimedRun } from '../compare/overlay.ts';
import type { Side } from '../compare/pairs.ts';
import { errorRate } from '../compare/stopping-rule.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import type { Version } from '../compare/version-label.ts';
import type { Project } from '../project/find-config.ts';
import { configName, placeOfScenario } from '../project/scenario-place.ts';
import { plainLines } from '../target/last-words.ts';
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
  readonly project: Project;
  /** What is to be known of every scenario: that the same code ran twice. */
  readonly doubts: readonly Note[];
  readonly failures: readonly ComparedFailure[];
}

export function comparisonReport(
  { startedAtMs, toolVersion, folder, prefix, base, head, project, doubts, failures }: ComparisonHead,
  results: readonly ScenarioResult[],
  verdict: ComparisonReport['verdict'],
): ComparisonReport {
  const compared = results.map(({ compared: each, scenario }) => {
    return { ...each, definedIn: placeOfScenario(project, scenario), notes: [...each.notes, ...doubts] };
  });
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
    ...(failures.length > 0 && { failures }),
    config: configName(project),
    verdict: withDoubts(verdict, doubts),
  };
}

/** That nothing was compared is said where people look first. */
function withDoubts(verdict: ComparisonReport['verdict'], doubts: readonly Note[]): ComparisonReport['verdict'] {
  const doubt = doubts.find(({ severity }) => severity === 'warning');
  return verdict.ok && doubt ? { ...verdict, headline: `${verdict.headline}; but ${doubt.text}` } : verdict;
}

/** What each said, and what to do, as others may read it. */
export function detailsOf(failures: readonly FloodgateError[]): Promise<ComparedFailure[]> {
  return Promise.all(
    failures.map(async ({ message, hint }) => ({ message, details: (await plainLines(hint.split('\n'))).join('\n') })),
  );
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
  const reportOf = (side: Side, at: number) => path.join(folder, name, `${at + 1}-${side}`, 'report.json');
  // Interrupted in the pairs of allocation alone, there are none of these names.
  const isThere = (at: number) => existsSync(reportOf('base', at)) && existsSync(reportOf('head', at));
  const whole = Array.from({ length: pairs }, (_, at) => at).filter(isThere);
  const runs = (side: Side): TimedRun[] => whole.map((at) => JSON.parse(readFileSync(reportOf(side, at), 'utf8')));
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
  printAnnotations(report);
}

/** A job of GitHub takes them from what it prints. */
export function printAnnotations(report: ComparisonReport): void {
  if (process.env.GITHUB_ACTIONS === 'true') process.stdout.write(renderComparisonAnnotations(report));
}
