/** `floodgate gate`: every scenario of the release gate in turn, one verdict, one report folder. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { type GateReport, type RunReport, SCHEMA_VERSION, type Verdict } from '../../reports/model.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { openFeed } from '../feed/open-feed.ts';
import { exitCodesLine, worstExitCode } from '../metrics/exit-codes.ts';
import { runScenario } from '../run.ts';
import { loadScenario, scenarioOrder } from '../scenario/catalogue.ts';
import type { Pace } from '../scenario/scenario.ts';
import { enterNamespace } from './enter-namespace.ts';
import { guard, makeReportFolder, pointLatest, writeReports } from './report-folder.ts';
import { commandLine } from './run-command.ts';
import { openSession, type Session } from './session.ts';

/** In this order: the article's incident first, since it is what everyone asks about. */
const gateScenarios = ['incident', 'recorded-burst', 'reorder-loss', 'steady'];

const examples = `
Examples:
  floodgate gate                 all scenarios, report in runs/<time>-gate/, also as runs/latest
  floodgate gate --out report    the same into ./report

${exitCodesLine}`;

export function addGateCommand(program: Command): void {
  program
    .command('gate')
    .summary('replay the release gate: every scenario, judged')
    .description(
      `Replays ${gateScenarios.join(', ')} at the agent through a TAP device and judges each against its budget.`,
    )
    .option('--out <dir>', 'folder for the report (default: runs/<time>-gate)')
    .addHelpText('after', examples)
    .action(async (flags: { readonly out?: string }) => {
      process.exitCode = await gate(flags.out);
    });
}

async function gate(out: string | undefined): Promise<number> {
  const privilege = await enterNamespace('tap');
  const session = openSession();
  const startedAtMs = Date.now();
  const folder = makeReportFolder('gate', out);
  const runs: RunReport[] = [];
  try {
    for (const name of gateScenarios) {
      runs.push(await runOne(name, folder, privilege, session));
      session.progress.clear();
      writeReports(path.join(folder, name), runs.at(-1)!);
      if (session.signal.aborted) break;
    }
  } finally {
    session.progress.clear();
  }
  const report: GateReport = {
    kind: 'gate',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: session.toolVersion },
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Date.now() - startedAtMs,
    command: commandLine(),
    runs,
    verdict: verdictOf(runs),
    notes: [],
  };
  writeReports(folder, report);
  if (out === undefined) pointLatest(folder);
  process.stdout.write(
    renderTerminal(report, { colour: session.colour, columns: session.columns, wraps: process.stdout.isTTY }),
  );
  process.stdout.write(`\nreport: ${path.relative('', path.join(folder, 'report.html'))}\n`);
  return report.verdict.exitCode;
}

async function runOne(name: string, gateFolder: string, privilege: string, session: Session): Promise<RunReport> {
  const scenario = await loadScenario(name);
  const folder = path.join(gateFolder, name);
  guard(folder, () => mkdirSync(folder, { recursive: true }));
  const traffic = scenarioOrder(name, scenario.seed, undefined);
  session.progress.begin(`${name} (tap lane)`);
  const pace = scenario.gatePace ?? scenario.pace;
  return runScenario({
    scenario,
    lane: 'tap',
    defect: undefined,
    traffic,
    seed: scenario.seed,
    budget: scenario.budget,
    explain: 'brief',
    keepsSnapshots: false,
    folder,
    sampleMs: 50,
    intervalMs: 1_000,
    command: ['floodgate run', name, ...paceFlags(pace), '--seed', scenario.seed, '--explain'].join(' '),
    toolVersion: session.toolVersion,
    privilege,
    optionWords: {},
    openFeed: () => openFeed('tap', { traffic, pace }),
    signal: session.signal,
    onProgress: (progress) => session.progress.update(progress),
  });
}

/** The options of `floodgate run` that send at this pace. */
export function paceFlags(pace: Pace): string[] {
  switch (pace.kind) {
    case 'recorded':
      return ['--speed', `${pace.speed}x`];
    case 'frames':
      return ['--pps', String(pace.framesPerSecond)];
    case 'bits':
      return ['--mbps', String(pace.megabitsPerSecond)];
    case 'topspeed':
      return ['--topspeed'];
  }
}

function verdictOf(runs: readonly RunReport[]): Verdict {
  const exitCode = worstExitCode(runs.map(({ verdict }) => verdict.exitCode));
  const named = (code: number) =>
    runs.filter(({ verdict }) => verdict.exitCode === code).map(({ scenario }) => scenario.name);
  const over = named(1);
  const unknown = named(4);
  const headline =
    exitCode === 3
      ? `Interrupted after ${runs.length} of ${gateScenarios.length} scenarios.`
      : exitCode === 0
        ? `All ${runs.length} scenarios within budget.`
        : [
            ...(over.length > 0 ? [`${over.length} of ${runs.length} scenarios over budget: ${over.join(', ')}.`] : []),
            ...(unknown.length > 0 ? [`${unknown.length} of ${runs.length} undecided: ${unknown.join(', ')}.`] : []),
          ].join(' ');
  return { ok: exitCode === 0, exitCode, headline };
}
