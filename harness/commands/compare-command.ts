/** `floodgate compare`: two versions of a project, run in interleaved pairs on this machine, and a verdict with its error. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { COMPARISON_SCHEMA_VERSION, type ComparedScenario, type ComparisonReport } from '../../reports/comparison.ts';
import { renderComparisonMarkdown } from '../../reports/comparison-markdown.ts';
import { renderComparisonTerminal } from '../../reports/comparison-terminal.ts';
import type { Lane, Verdict } from '../../reports/model.ts';
import { runCell } from '../compare/cell-run.ts';
import { floors } from '../compare/judge.ts';
import { runFolder, runPairs, type Side } from '../compare/pairs.ts';
import { errorRate } from '../compare/stopping-rule.ts';
import { type Version, VersionStore } from '../compare/version-store.ts';
import type { ScenarioConfig } from '../project/config.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { limitsOf, runArguments, targetOf } from '../project/run-arguments.ts';
import { createRandom } from '../traffic/random.ts';
import { makeReportFolder } from './report-folder.ts';
import { commandLine } from './run-command.ts';
import { openSession, type Session } from './session.ts';

const examples = `
Examples:
  floodgate compare --base main                    main beside the working folder, every scenario of the project
  floodgate compare --base v1.2.0 --head v1.3.0    two tags
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
  readonly threshold?: readonly string[];
  readonly maxPairs: string;
  readonly maxTime: string;
  readonly undecided: 'fail' | 'pass';
  readonly seed?: string;
  readonly all?: boolean;
  readonly out?: string;
}

export function addCompareCommand(program: Command): void {
  const collect = (value: string, all: readonly string[] = []) => [...all, value];
  program
    .command('compare')
    .summary('compare two versions of a project, in interleaved pairs')
    .description('Runs the scenarios of floodgate.config.* at a base and at a head, on this machine, and says whether the head is worse.')
    .requiredOption('--base <version>', 'commit, branch, tag or folder (./…) to compare with')
    .option('--head <version>', 'the version to judge', '.')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--only <scenario>', 'this scenario alone; may be repeated', collect)
    .option('--env <name>', 'limits of this environment of the configuration')
    .option('--threshold <metric=share>', 'replaces or adds a threshold; may be repeated', collect)
    .option('--max-pairs <n>', 'pairs a scenario, at most', '40')
    .option('--max-time <time>', 'no new pair begins after it', '30min')
    .option('--undecided <pass|fail>', 'what an undecided comparison means for the exit code', 'fail')
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
  const project = await loadProject(process.cwd(), flags.config);
  const scenarios = chosen(project, flags.only);
  const session = openSession();
  const step = (text: string) => void process.stderr.write(`${text}\n`);
  const build = project.config.build;
  const store = new VersionStore({
    folder: project.folder,
    build: build === undefined ? undefined : [build].flat(),
    onStep: step,
  });
  try {
    const versions = { base: await store.prepare(flags.base), head: await store.prepare(flags.head) };
    const folder = makeReportFolder('compare', flags.out);
    const compared: ComparedScenario[] = [];
    for (const scenario of scenarios) {
      compared.push(await compareScenario({ project, scenario, versions, store, folder, flags, session, startedAtMs, step }));
    }
    const report = reportOf(compared, versions, flags, session, startedAtMs);
    writeFileSync(path.join(folder, 'comparison.json'), `${JSON.stringify(report)}\n`);
    writeFileSync(path.join(folder, 'comparison.md'), renderComparisonMarkdown(report));
    process.stdout.write(renderComparisonTerminal(report, { colour: session.colour, all: flags.all === true }));
    process.stdout.write(`\nreport: ${path.relative('', path.join(folder, 'comparison.md'))}\n`);
    return report.verdict.exitCode;
  } finally {
    store.close();
  }
}

function chosen(project: Project, only: readonly string[] | undefined): readonly ScenarioConfig[] {
  const { scenarios } = project;
  const names = scenarios.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined || scenarios.length === 0) {
    throw new FloodgateError('BAD_OPTION', unknown === undefined ? `${project.file} has no scenarios` : `there is no scenario "${unknown}"`, {
      hint: unknown === undefined ? 'Add one to scenarios.' : `Scenarios: ${names.join(', ')}.`,
    });
  }
  return only === undefined ? scenarios : scenarios.filter(({ name }) => only.includes(name));
}

interface ScenarioOrder {
  readonly project: Project;
  readonly scenario: ScenarioConfig;
  readonly versions: Readonly<Record<Side, Version>>;
  readonly store: VersionStore;
  readonly folder: string;
  readonly flags: CompareFlags;
  readonly session: Session;
  readonly startedAtMs: number;
  readonly step: (text: string) => void;
}

async function compareScenario(order: ScenarioOrder): Promise<ComparedScenario> {
  const { project, scenario, versions, store, folder, flags, session, startedAtMs, step } = order;
  const target = targetOf(project, scenario);
  const ours = target === undefined || 'agent' in target;
  if (target !== undefined && ('pid' in target || 'url' in target)) {
    throw new FloodgateError('BAD_OPTION', `scenario "${scenario.name}" watches a program that runs already`, {
      hint: 'Two versions need a target that floodgate starts: { command }.',
    });
  }
  const lane: Lane = ours ? (scenario.lane ?? 'exact') : scenario.lane === undefined ? 'load' : scenario.lane;
  const words = runArguments(project, ours ? { ...scenario, lane: lane === 'load' ? 'exact' : lane } : scenario, flags.env);
  const seed = flags.seed === undefined ? startedAtMs >>> 0 : parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  let measured = 0;
  return await runPairs({
    scenario: scenario.name,
    lane,
    thresholds: thresholdsOf(project, scenario, lane, flags),
    minimums: new Set(metrics.filter(({ bound }) => bound === 'min').map(({ name }) => name)),
    pairsMax: parseWhole(flags.maxPairs, '--max-pairs', { min: 5, max: 64 }),
    deadlineMs: startedAtMs + timeMs(flags.maxTime, '--max-time'),
    nowMs: () => Date.now(),
    random: createRandom(seed, scenario.name).fraction,
    run: async (side, name) => {
      store.activate(versions[side]);
      const place = ours ? ['--agent', store.projectFolder] : ['--target-dir', store.projectFolder];
      const out = runFolder(folder, scenario.name, name);
      mkdirSync(out, { recursive: true, mode: 0o700 });
      const report = await runCell({ arguments: [...words, ...place, '--explain-never'], folder: project.folder, out, signal: session.signal });
      keepReportAlone(out);
      measured += report.durationMs;
      return report;
    },
    onPair: (done, next, judgement) => {
      const each = done > 0 ? measured / (2 * done + 2) : 0;
      const left = each > 0 ? `, ${formatDuration(2 * each * (next - done))} to the next look` : '';
      step(`${scenario.name}: pair ${done + 1} of ${next}${judgement ? ` (${judgement.decision} so far)` : ''}${left}`);
    },
  });
}
