/** `floodgate gate`: the project's scenarios; in floodgate's own folder, or where it is asked for, every scenario of the release gate in turn, one verdict, one report folder. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import { exitCodesLine } from '../metrics/exit-codes.ts';
import type { Explain } from '../run.ts';
import type { Budget } from '../scenario/scenario.ts';
import { gateVerdict } from './gate-verdict.ts';
import { paceFlags } from './pace-flags.ts';
import type { ProjectGateFlags } from './project-gate.ts';
import { repeated } from './repeated-option.ts';
import type { Session } from './session.ts';
import { optionOf } from './shown-words.ts';

/** In this order: the article's incident first, since it is what everyone asks about. */
export const gateScenarios = ['incident', 'recorded-burst', 'reorder-loss', 'steady'];

const examples = `
Examples:
  floodgate gate                 all scenarios, report in runs/<time>-gate/, also as runs/latest
  floodgate gate --out report    the same into ./report
  floodgate gate --only cart     one scenario of floodgate.config.*
  floodgate gate --quick         those that say quick: true
  floodgate gate --shard 2/5     a fifth of them; floodgate merge puts the parts together
  floodgate gate smoke           the scenarios of a set
  floodgate gate --own-agent     floodgate's own agent: its release gate (smoke, release: the sets of floodgate list)

${exitCodesLine}`;

export function addGateCommand(command: Command): void {
  command
    .description(
      `Runs the scenarios of floodgate.config.*, here or in a folder above, and judges each against its budget. With ` +
        `--own-agent, and in floodgate's own repository, replays ${gateScenarios.join(', ')} at floodgate's agent through a TAP device.`,
    )
    .argument('[set]', 'as --set')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-gate)')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--only <scenario>', 'this scenario of the configuration alone; may be repeated', repeated)
    .option('--set <name>', 'only scenarios of this set; of floodgate’s own: smoke or release')
    .option('--quick', 'only the scenarios that say quick: true')
    .option('--budget <name=value>', 'replaces or adds a limit in every scenario; may be repeated', repeated)
    .option('--env <name>', 'limits of this environment of the configuration')
    .option('--own-agent', 'floodgate’s own agent by its release gate, whatever configuration there is')
    .option('--shard <i/n>', 'only this part of the scenarios, for floodgate merge; auto: as CI’s variables say')
    .option('--part-of <dir>', 'with --shard: only where this is a part of the same whole as the shard in this folder')
    .addHelpText('after', examples)
    .action(async (set: string | undefined, flags: GateFlags) => {
      process.exitCode = await gateOf({ ...flags, ...((set ?? flags.set) !== undefined && { set: set ?? flags.set }) });
    });
}

interface GateFlags extends ProjectGateFlags {
  readonly config?: string;
  readonly ownAgent?: boolean;
}

/** What the release gate of our agent does not take. */
const ofProjects = ['config', 'only', 'quick', 'budget', 'env', 'shard', 'partOf'] as const;

async function gateOf(flags: GateFlags): Promise<number> {
  const { findConfigFile, loadProject } = await import('../project/find-config.ts');
  const isOwn = flags.ownAgent === true;
  if (!isOwn && (flags.config !== undefined || findConfigFile(process.cwd()) !== undefined)) {
    const project = await loadProject(process.cwd(), flags.config);
    return (await import('./project-gate.ts')).projectGate(project, flags);
  }
  const needless = ofProjects.find((name) => flags[name] !== undefined);
  if (needless !== undefined) {
    throw new FloodgateError(
      'option-invalid',
      `${optionOf(needless)} is for the scenarios of a configuration, and there is none${isOwn ? ' in --own-agent' : ''}`,
      { hint: isOwn ? 'Leave one of them out.' : 'floodgate init writes one.' },
    );
  }
  if (!isOwn) {
    const { refuseOtherProject } = await import('../project/own-repository.ts');
    refuseOtherProject(process.cwd(), 'floodgate’s own agent is judged by "floodgate gate --own-agent".');
  }
  return gate(flags.set === undefined ? gateScenarios : await scenariosOfSet(flags.set), flags);
}

/** Of the library, in the order of its groups. @throws FloodgateError for a set that there is not */
async function scenariosOfSet(set: string): Promise<readonly string[]> {
  const { library } = await import('../project/library.ts');
  const all = await library();
  const chosen = all.filter(({ sets = [] }) => sets.includes(set)).map(({ name }) => name);
  if (chosen.length > 0) return chosen;
  const { setUnknown } = await import('./project-gate.ts');
  throw setUnknown(set, [...new Set(all.flatMap(({ sets = [] }) => sets))]);
}

async function gate(names: readonly string[], flags: GateFlags): Promise<number> {
  const { out, set } = flags;
  // What only a run needs is loaded here, so that `--help` is quick.
  const [{ enterNamespace }, { openSession }, { makeReportFolder, writeReports }, { endGate }] = await Promise.all([
    import('./enter-namespace.ts'),
    import('./session.ts'),
    import('./report-folder.ts'),
    import('./gate-report.ts'),
  ]);
  const privilege = await enterNamespace('tap');
  const session = await openSession();
  const startedAtMs = Date.now();
  const folder = makeReportFolder('gate', out);
  const runs: RunReport[] = [];
  try {
    for (const name of names) {
      // A set is for a verdict, and soon; what is over its budget is explained all the same.
      const explain = set === undefined ? 'brief' : 'on-breach';
      runs.push(await runOne(name, { gateFolder: folder, privilege, session, explain }));
      session.progress.clear();
      writeReports(path.join(folder, name), runs.at(-1)!);
      if (session.signal.aborted) break;
    }
  } finally {
    session.progress.clear();
  }
  return endGate({ startedAtMs, runs, verdict: gateVerdict(runs, names.length) }, folder, flags, session);
}

/** How a scenario of the gate is run: its budget is what the stage that it ends after can know. */
export async function gateRun(name: string) {
  const [{ findScenario }, { stageOf }, { budgetUntil }, { withImplied }] = await Promise.all([
    import('../project/library.ts'),
    import('../scenario/agent-stage.ts'),
    import('../metrics/table.ts'),
    import('../metrics/implied-limits.ts'),
  ]);
  const { scenario, order } = await findScenario(name);
  const stage = stageOf({ lane: 'tap', asked: undefined, scenario: scenario.until, defects: undefined });
  const limits = withImplied(budgetUntil({ ...scenario.budget, ...scenario.gateBudget }, stage), stage);
  return { scenario, order, stage, ...limits, pace: scenario.gatePace ?? scenario.pace };
}

/** The options of `floodgate run` that judge a scenario by these limits, where its own differ. */
export function budgetFlags(gateBudget: Budget = {}): string[] {
  return Object.entries(gateBudget).flatMap(([name, limit]) => ['--budget', `${name}=${limit}`]);
}

interface Gate {
  readonly gateFolder: string;
  readonly privilege: string;
  readonly session: Session;
  readonly explain: Explain;
}

async function runOne(name: string, { gateFolder, privilege, session, explain }: Gate): Promise<RunReport> {
  const [{ openFeed }, { runScenario }, { guard }, { profileEnd }] = await Promise.all([
    import('../feed/open-feed.ts'),
    import('../run.ts'),
    import('./report-folder.ts'),
    import('../traffic/rate-profile.ts'),
  ]);
  const { scenario, order, stage, budget, implied, pace } = await gateRun(name);
  const folder = path.join(gateFolder, name);
  guard(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const profile = pace.kind === 'profile' ? pace : undefined;
  const source = order(scenario.seed, undefined);
  // Messages are counted where impairments, or the end of a profile, leave less of them than the traffic itself knows.
  const traffic = { ...source, ...(profile && { end: profileEnd(profile) }), countsMessages: true };
  session.progress.begin(`${name} (tap lane)`);
  return runScenario({
    scenario,
    lane: 'tap',
    defect: undefined,
    stage,
    traffic,
    seed: scenario.seed,
    budget,
    implied,
    profile,
    explain,
    keepsSnapshots: false,
    folder,
    sampleMs: 50,
    intervalMs: 1_000,
    command: [
      ...['floodgate run', name, ...paceFlags(pace), ...budgetFlags(scenario.gateBudget)],
      ...['--seed', scenario.seed, '--explain'],
    ].join(' '),
    toolVersion: session.toolVersion,
    privilege,
    optionWords: {},
    openFeed: () => openFeed('tap', { traffic, pace }),
    signal: session.signal,
    onProgress: (progress) => session.progress.update(progress),
  });
}
