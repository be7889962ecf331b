/** `floodgate compare`: two versions of a project, run in interleaved pairs on this machine, and a verdict with its error. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import {
  COMPARISON_SCHEMA_VERSION,
  type ComparedFailure,
  type ComparedScenario,
  type ComparedTimeline,
  type ComparisonReport,
} from '../../reports/comparison.ts';
import { renderComparisonAnnotations } from '../../reports/comparison-annotations.ts';
import { comparisonReporters } from '../../reports/comparison-reporter.ts';
import { renderComparisonTerminal } from '../../reports/comparison-terminal.ts';
import type { Note } from '../../reports/model.ts';
import { compareScenario, type ScenarioOrder, type ScenarioResult } from '../compare/compare-scenario.ts';
import { overlayOf, type TimedRun } from '../compare/overlay.ts';
import type { Side } from '../compare/pairs.ts';
import { sameFilesNotes } from '../compare/same-files.ts';
import { errorRate } from '../compare/stopping-rule.ts';
import { thresholdsOf } from '../compare/thresholds.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import { laneOf } from '../compare/version-cells.ts';
import type { Version } from '../compare/version-label.ts';
import { VersionStore } from '../compare/version-store.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { configName, placeOfScenario } from '../project/scenario-place.ts';
import { plainLines } from '../target/last-words.ts';
import { readMachine } from '../watch/machine.ts';
import { record } from './history-record.ts';
import { takesColour } from './print-report.ts';
import { chosenScenarios } from './project-gate.ts';
import { repeated } from './repeated-option.ts';
import { makeReportFolder, pointLatest } from './report-folder.ts';
import { openSession } from './session.ts';
import { commandLine } from './shown-words.ts';

const examples = `
Examples:
  floodgate compare --base main                    main beside the working folder, every scenario of the project
  floodgate compare --base v1.2.0 --head v1.3.0    two tags
  floodgate compare --base npm:1.2.0               version 1.2.0 of this package, from its registry; ./shop-1.2.0.tgz: from a file
  floodgate compare --base runs/latest             what that gate, or comparison, measured: its version, run again
  floodgate compare --base main --only checkout    one scenario
  floodgate compare --base main --threshold allocated.perRequest=5%

Both versions are checked out and built once, then run in turn from the same path, in pairs whose order is drawn. Pairs are added
until every metric with a threshold is decided, or --max-pairs or --max-time ends it.

Exit codes: 0 within every threshold, 1 worse, 2 could not run, 3 interrupted, 4 undecided or not measured.`;

interface CompareFlags {
  readonly base: string;
  readonly head: string;
  readonly config?: string;
  readonly only?: readonly string[];
  readonly env?: string;
  readonly metric?: readonly string[];
  readonly threshold?: readonly string[];
  readonly maxPairs: string;
  readonly maxTime: string;
  readonly undecided: 'fail' | 'pass';
  readonly sites?: 'worse' | 'always' | 'never';
  readonly seed?: string;
  readonly all?: boolean;
  readonly out?: string;
}

export function addCompareCommand(command: Command): void {
  command
    .description(
      'Runs the scenarios of floodgate.config.* at a base and at a head, on this machine, and says whether the head is worse.',
    )
    .requiredOption(
      '--base <version>',
      'commit, branch, tag, folder (./…), package (npm:1.2.0, ./shop.tgz), or an earlier run (runs/latest)',
    )
    .option('--head <version>', 'the version to judge', '.')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--only <scenario>', 'this scenario alone; may be repeated', repeated)
    .option('--env <name>', 'limits of this environment of the configuration')
    .option('--threshold <metric=share>', 'replaces or adds a threshold; may be repeated', repeated)
    .option('--metric <name>', 'judge this metric, and no other; may be repeated', repeated)
    .option('--max-pairs <n>', 'pairs a scenario, at most', '40')
    .option('--max-time <time>', 'no new pair begins after it', '30min')
    .addOption(
      new Option('--undecided <verdict>', 'what an undecided comparison means for the exit code')
        .choices(['pass', 'fail'])
        .default('fail'),
    )
    .addOption(
      new Option(
        '--sites <when>',
        'names the call sites that changed, from one more run of each version (default: worse)',
      ).choices(['worse', 'always', 'never']),
    )
    .option('--seed <n>', 'of the order within pairs (default: by the time)')
    .option('--all', 'print the figures without a threshold too')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-compare)')
    .addHelpText('after', examples)
    .action(async (flags: CompareFlags) => {
      process.exitCode = await compare(flags);
    });
}

async function compare(flags: CompareFlags): Promise<number> {
  const startedAtMs = Date.now();
  const pairsMax = parseWhole(flags.maxPairs, '--max-pairs', { min: 5, max: 64 });
  const timeMaxMs = parseQuantity(flags.maxTime, '--max-time', 'seconds') * 1000;
  const seed =
    flags.seed === undefined ? startedAtMs >>> 0 : parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  const project = await loadProject(process.cwd(), flags.config);
  const scenarios = chosenScenarios(project, flags);
  // A wrong name is found before anything is checked out or measured.
  for (const scenario of scenarios)
    thresholdsOf(project, scenario, laneOf(project, scenario), flags.env, flags.threshold ?? [], flags.metric);
  const session = openSession();
  const step = (text: string) => void process.stderr.write(`${text}\n`);
  const store = new VersionStore({
    folder: project.folder,
    build: project.config.build,
    onStep: step,
  });
  const folder = makeReportFolder('compare', flags.out);
  const results: ScenarioResult[] = [];
  const failures: FloodgateError[] = [];
  let versions: Readonly<Record<Side, Version>> | undefined;
  let notes: readonly Note[] = [];
  const reported = (verdict: ComparisonReport['verdict'], failed?: readonly ComparedFailure[]): ComparisonReport => {
    const compared = comparedOf(results, project, notes);
    return {
      kind: 'comparison',
      schemaVersion: COMPARISON_SCHEMA_VERSION,
      tool: { name: 'floodgate', version: session.toolVersion },
      startedAt: new Date(startedAtMs).toISOString(),
      durationMs: Date.now() - startedAtMs,
      command: commandLine(),
      folder: store.prefix.split(path.sep).join('/'),
      base: versions ? described(versions.base) : unprepared(flags.base),
      head: versions ? described(versions.head) : unprepared(flags.head),
      errorRate,
      scenarios: compared,
      timelines: compared.flatMap((each) => timelineOf(folder, each)),
      flames: results.flatMap(({ flame }) => (flame ? [flame] : [])),
      ...(failed && { failures: failed }),
      config: configName(project),
      verdict,
    };
  };
  try {
    versions = { base: await store.prepare(flags.base), head: await store.prepare(flags.head) };
    notes = sameFilesNotes(versions, store);
    for (const { text } of notes) step(text);
    for (const scenario of scenarios) {
      const order: ScenarioOrder = {
        project,
        scenario,
        versions,
        store,
        folder,
        environment: flags.env,
        thresholds: flags.threshold ?? [],
        metrics: flags.metric,
        sites: flags.sites ?? 'worse',
        signal: session.signal,
        pairsMax,
        deadlineMs: startedAtMs + timeMaxMs,
        nowMs: () => Date.now(),
        readMachine: () => readMachine(performance.now()),
        pause: (ms) => setTimeout(ms),
        seed,
        onStep: step,
      };
      // One that cannot run takes nothing from the others.
      const result = await compareScenario(order).catch((error: unknown) => failures.push(failureOf(error)));
      if (typeof result === 'object') results.push(result);
    }
    if (failures.length > 0) throw failures[0]!;
    const verdict = comparisonVerdict(comparedOf(results, project, notes), flags.undecided === 'pass');
    const report = reported(withDoubts(verdict, notes));
    writeComparison(folder, report);
    if (flags.out === undefined) pointLatest(folder);
    process.stdout.write(renderComparisonTerminal(report, { colour: takesColour(), all: flags.all === true }));
    process.stdout.write(`\nreport: ${path.relative('', path.join(folder, 'comparison.html'))}\n`);
    await record(report, folder, { config: project.file, hasOut: flags.out !== undefined }, session.store);
    // A job of GitHub takes annotations from what it prints.
    if (process.env.GITHUB_ACTIONS === 'true') process.stdout.write(renderComparisonAnnotations(report));
    return report.verdict.exitCode;
  } catch (error) {
    // A job of CI shows comparison.md whatever became of it.
    if (error instanceof FloodgateError) {
      const failed = failures.length > 0 ? failures : [error];
      const report = reported(failedVerdict(error, failed, results), await detailsOf(failed));
      writeComparison(folder, report);
      if (flags.out === undefined) pointLatest(folder);
      if (process.env.GITHUB_ACTIONS === 'true') process.stdout.write(renderComparisonAnnotations(report));
    }
    throw error;
  } finally {
    store.close();
  }
}

/** The scenarios, with what is known of them besides their figures. */
function comparedOf(results: readonly ScenarioResult[], project: Project, doubts: readonly Note[]): ComparedScenario[] {
  return results.map(({ compared, scenario }) => {
    return { ...compared, definedIn: placeOfScenario(project, scenario), notes: [...compared.notes, ...doubts] };
  });
}

/** That nothing was compared is said where people look first. */
function withDoubts(verdict: ComparisonReport['verdict'], [doubt]: readonly Note[]): ComparisonReport['verdict'] {
  return verdict.ok && doubt ? { ...verdict, headline: `${verdict.headline}; but ${doubt.text}` } : verdict;
}

/** What each said, and what to do, as others may read it. */
function detailsOf(failures: readonly FloodgateError[]): Promise<ComparedFailure[]> {
  return Promise.all(
    failures.map(async ({ message, hint }) => ({ message, details: (await plainLines(hint.split('\n'))).join('\n') })),
  );
}

function writeComparison(folder: string, report: ComparisonReport): void {
  for (const { fileName, render } of comparisonReporters)
    writeFileSync(path.join(folder, fileName), render(report), { mode: 0o600 });
}

/** @throws what ends the whole comparison: an interruption, and what is no failure of a run */
function failureOf(error: unknown): FloodgateError {
  if (error instanceof FloodgateError && error.code !== 'interrupted') return error;
  throw error;
}

/** What could not be compared, and what the others came to. */
function failedVerdict(
  error: FloodgateError,
  all: readonly FloodgateError[],
  results: readonly ScenarioResult[],
): ComparisonReport['verdict'] {
  const others =
    results.length > 0
      ? [
          comparisonVerdict(
            results.map(({ compared }) => compared),
            false,
          ).headline,
        ]
      : [];
  const headline = [...all.map(({ message }) => message), ...others].join('; ');
  return { ok: false, exitCode: error.exitCode, headline };
}

/** Of a version that was not come to. */
function unprepared(label: string): ComparisonReport['base'] {
  return { label, commit: null, dirty: false, package: null, key: '' };
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

function described({ label, commit, dirty, package: named, key }: Version): ComparisonReport['base'] {
  return { label, commit: commit ?? null, dirty, package: named ?? null, key };
}
