/** `floodgate compare`: two versions of a project, run in interleaved pairs on this machine, and a verdict with its error. */
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { VersionStore } from '../compare/version-store.ts';
import { loadProject, type Project } from '../project/find-config.ts';
import { PartialWriter } from '../shards/partial.ts';
import { partOf } from '../shards/shard-choice.ts';
import {
  type ComparedFlags,
  comparedDefaults,
  comparedScenarios,
  comparisonLimits,
  comparisonWhole,
} from './compare-whole.ts';
import { printAnnotations, printComparison, writeComparison } from './comparison-report.ts';
import { record } from './history-record.ts';
import { Comparison } from './perform-compare.ts';
import { isLive } from './progress.ts';
import { repeated } from './repeated-option.ts';
import { makeReportFolder, pointLatest } from './report-folder.ts';
import { openSession } from './session.ts';
import { refuseOtherWhole, shardAsked, shardWords } from './shard-whole.ts';
import { openSteps } from './step-lines.ts';

/** Between two looks whether another comparison of this project is over. */
const busyMs = 1_000;

const examples = `
Examples:
  floodgate compare --base main                    main beside the working folder, every scenario of the project
  floodgate compare --base v1.2.0 --head v1.3.0    two tags
  floodgate compare --base npm:1.2.0               version 1.2.0 of this package, from its registry; ./shop-1.2.0.tgz: from a file
  floodgate compare --base runs/latest             what that gate, or comparison, measured: its version, run again
  floodgate compare --base main --only checkout    one scenario
  floodgate compare --base main --threshold allocated.perRequest=5%
  floodgate compare --base main --shard 2/3        a third of the scenarios, each under both versions; floodgate merge puts the parts together

Both versions are checked out and built once, then run in turn from the same path, in pairs whose order is drawn. Pairs are added
until every metric with a threshold is decided, or --max-pairs or --max-time ends it.

Exit codes: 0 within every threshold, 1 worse, 2 could not run, 3 interrupted, 4 undecided or not measured.`;

interface CompareFlags extends ComparedFlags {
  readonly config?: string;
  readonly all?: boolean;
  readonly out?: string;
  readonly shard?: string;
  readonly partOf?: string;
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
    .option('--head <version>', 'the version to judge', comparedDefaults.head)
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--only <scenario>', 'this scenario alone; may be repeated', repeated)
    .option('--env <name>', 'limits of this environment of the configuration')
    .option('--threshold <metric=share>', 'replaces or adds a threshold; may be repeated', repeated)
    .option('--metric <name>', 'judge this metric, and no other; may be repeated', repeated)
    .option('--max-pairs <n>', 'pairs a scenario, at most (5 to 64)', comparedDefaults.maxPairs)
    .option('--max-time <time>', 'no new pair begins after it', comparedDefaults.maxTime)
    .addOption(
      new Option('--undecided <verdict>', 'what an undecided comparison means for the exit code')
        .choices(['pass', 'fail'])
        .default(comparedDefaults.undecided),
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
    .option('--shard <i/n>', 'only this part of the scenarios, for floodgate merge; auto: as CI’s variables say')
    .option('--part-of <dir>', 'with --shard: only where this is a part of the same whole as the shard in this folder')
    .addHelpText('after', examples)
    .action(async (flags: CompareFlags) => {
      process.exitCode = await compare(flags);
    });
}

async function compare(flags: CompareFlags): Promise<number> {
  const startedAtMs = Date.now();
  const shard = shardAsked(flags);
  const limits = comparisonLimits(flags);
  const project = await loadProject(process.cwd(), flags.config);
  const scenarios = comparedScenarios(project, flags);
  const session = await openSession(project.file);
  const common = shard && (await comparisonWhole(project, flags, session));
  const folder = makeReportFolder('compare', flags.out);
  const partial = shard && common && new PartialWriter(folder, { shard, common });
  if (flags.partOf !== undefined) refuseOtherWhole(flags.partOf, common!);
  const own = shard ? partOf(scenarios, shard) : scenarios;
  const steps = openSteps(process.stderr, { isLive: isLive(process.stderr), nowMs: () => performance.now() });
  if (shard) steps.say(shardWords(shard, own.length, scenarios.length));
  const store = await openVersions(project, { isPatient: shard !== undefined, signal: session.signal, say: steps.say });
  const seed = common?.comparison?.seed ?? limits.seed ?? startedAtMs >>> 0;
  const comparison = new Comparison({
    ...{ flags, limits, project, session, folder, partial, store, startedAtMs, seed },
    onStep: steps.say,
    onWait: steps.wait,
  });
  try {
    const report = await comparison.run(own, common?.comparison);
    writeComparison(folder, report);
    if (flags.out === undefined && !shard) pointLatest(folder);
    printComparison(folder, report, flags.all === true);
    // A part is no comparison: whoever merges the parts stores the whole.
    if (!shard) await record(report, folder, { config: project.file, hasOut: flags.out !== undefined }, session.store);
    return report.verdict.exitCode;
  } catch (error) {
    // A job of CI shows comparison.md whatever became of it.
    steps.end();
    if (error instanceof FloodgateError) {
      const report = await comparison.failed(comparison.named(error));
      writeComparison(folder, report);
      // Where nothing ran, the run before it stays the latest.
      if (flags.out === undefined && !shard && comparison.isBuilt) pointLatest(folder);
      printAnnotations(report);
      throw comparison.named(
        error,
        `What was measured is in ${path.relative('', folder) || '.'}; comparison.html shows it.`,
      );
    }
    throw error;
  } finally {
    store.close();
  }
}

/** @param isPatient waits for another comparison of this project. @throws FloodgateError `compare-busy`, `interrupted` */
async function openVersions(
  { folder, config }: Project,
  {
    isPatient,
    signal,
    say,
  }: { readonly isPatient: boolean; readonly signal: AbortSignal; readonly say: (text: string) => void },
): Promise<VersionStore> {
  for (let said = false; ; said = true) {
    try {
      return new VersionStore({ folder, build: config.build, onStep: say });
    } catch (error) {
      const isBusy = error instanceof FloodgateError && error.code === 'compare-busy';
      if (!isBusy || !isPatient || signal.aborted) throw error;
      if (!said) say(`waiting: ${error.message}`);
      await setTimeout(busyMs);
    }
  }
}
