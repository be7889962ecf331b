/** `floodgate compare`: two versions of a project, run in interleaved pairs on this machine, and a verdict with its error. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { createRandom } from '../../agent/seeded-random.ts';
import { COMPARISON_SCHEMA_VERSION, type ComparedScenario, type ComparisonReport } from '../../reports/comparison.ts';
import { renderComparisonMarkdown } from '../../reports/comparison-markdown.ts';
import { renderComparisonTerminal } from '../../reports/comparison-terminal.ts';
import { formatDuration } from '../../reports/format.ts';
import type { Lane } from '../../reports/model.ts';
import { runCell } from '../compare/cell-run.ts';
import { runFolder, runPairs, type Side } from '../compare/pairs.ts';
import { errorRate } from '../compare/stopping-rule.ts';
import { thresholdsOf } from '../compare/thresholds.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import { type Version, VersionStore } from '../compare/version-store.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { metrics } from '../metrics/table.ts';
import type { ScenarioConfig } from '../project/config.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { runArguments, targetOf } from '../project/run-arguments.ts';
import { makeReportFolder } from './report-folder.ts';
import { openSession, type Session } from './session.ts';
import { commandLine } from './shown-words.ts';

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

export function addCompareCommand(command: Command): void {
  const collect = (value: string, all: readonly string[] = []) => [...all, value];
  command
    .description(
      'Runs the scenarios of floodgate.config.* at a base and at a head, on this machine, and says whether the head is worse.',
    )
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
  const pairsMax = parseWhole(flags.maxPairs, '--max-pairs', { min: 5, max: 64 });
  const timeMaxMs = parseQuantity(flags.maxTime, '--max-time', 'seconds') * 1000;
  const seed =
    flags.seed === undefined ? startedAtMs >>> 0 : parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
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
      compared.push(
        await compareScenario({
          project,
          scenario,
          versions,
          store,
          folder,
          flags,
          session,
          pairsMax,
          deadlineMs: startedAtMs + timeMaxMs,
          seed,
          step,
        }),
      );
    }
    const report: ComparisonReport = {
      kind: 'comparison',
      schemaVersion: COMPARISON_SCHEMA_VERSION,
      tool: { name: 'floodgate', version: session.toolVersion },
      startedAt: new Date(startedAtMs).toISOString(),
      durationMs: Date.now() - startedAtMs,
      command: commandLine(),
      base: described(versions.base),
      head: described(versions.head),
      errorRate,
      scenarios: compared,
      verdict: comparisonVerdict(compared, flags.undecided === 'pass'),
    };
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
    throw new FloodgateError(
      'option-invalid',
      unknown === undefined ? `${project.file} has no scenarios` : `there is no scenario "${unknown}"`,
      {
        hint: unknown === undefined ? 'Add one to scenarios.' : `Scenarios: ${names.join(', ')}.`,
      },
    );
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
  readonly pairsMax: number;
  readonly deadlineMs: number;
  readonly seed: number;
  readonly step: (text: string) => void;
}

async function compareScenario(order: ScenarioOrder): Promise<ComparedScenario> {
  const { project, scenario, versions, store, folder, flags, session, step } = order;
  const target = targetOf(project, scenario);
  const ours = target === undefined || 'agent' in target;
  if (target !== undefined && ('pid' in target || 'url' in target)) {
    throw new FloodgateError('option-invalid', `scenario "${scenario.name}" watches a program that runs already`, {
      hint: 'Two versions need a target that floodgate starts: { command }.',
    });
  }
  // Our agent is compared where numbers repeat, unless the scenario says otherwise.
  const lane: Lane = scenario.lane ?? (ours ? 'exact' : 'load');
  const words = runArguments(project, lane === 'load' ? scenario : { ...scenario, lane }, flags.env);
  let measuredMs = 0;
  let runs = 0;
  return await runPairs({
    scenario: scenario.name,
    lane,
    thresholds: thresholdsOf(project, scenario, lane, flags.env, flags.threshold ?? []),
    minimums: new Set(metrics.filter(({ bound }) => bound === 'min').map(({ name }) => name)),
    pairsMax: order.pairsMax,
    deadlineMs: order.deadlineMs,
    nowMs: () => Date.now(),
    random: createRandom(order.seed, scenario.name).fraction,
    run: async (side, name) => {
      store.activate(versions[side]);
      const place = ours ? ['--agent', store.projectFolder] : ['--target-dir', store.projectFolder];
      const out = runFolder(folder, scenario.name, name);
      mkdirSync(out, { recursive: true, mode: 0o700 });
      const order = { arguments: [...words, ...place, '--no-explain'], folder: project.folder, out };
      const report = await runCell({ ...order, signal: session.signal });
      keepReport(out);
      measuredMs += report.durationMs;
      runs += 1;
      return report;
    },
    onPair: (done, next, judgement) => {
      const left = runs > 0 ? `, ${formatDuration((measuredMs / runs) * 2 * (next - done))} to the next look` : '';
      step(`${scenario.name}: pair ${done + 1} of ${next}${judgement ? ` (${judgement.decision} so far)` : ''}${left}`);
    },
  });
}

/** Of a run the comparison rests on its JSON alone: forty runs in every format would fill a disk. */
function keepReport(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name !== 'report.json' && name !== 'load.log')
      rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

function described({ label, commit, dirty }: Version): ComparisonReport['base'] {
  return { label, commit: commit ?? null, dirty };
}
