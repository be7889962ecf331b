/** `floodgate gate`: every scenario of the release gate in turn, one verdict, one report folder. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { type GateReport, type RunReport, SCHEMA_VERSION, type Verdict } from '../../reports/model.ts';
import { exitCodesLine, worstExitCode } from '../metrics/exit-codes.ts';
import { paceFlags } from './pace-flags.ts';
import type { Session } from './session.ts';
import { commandLine } from './shown-words.ts';

/** In this order: the article's incident first, since it is what everyone asks about. */
const gateScenarios = ['incident', 'recorded-burst', 'reorder-loss', 'steady'];

const examples = `
Examples:
  floodgate gate                 all scenarios, report in runs/<time>-gate/, also as runs/latest
  floodgate gate --out report    the same into ./report

${exitCodesLine}`;

export function addGateCommand(command: Command): void {
  command
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
  // What only a run needs is loaded here, so that `--help` is quick.
  const [{ enterNamespace }, { openSession }, { makeReportFolder, pointLatest, writeReports }, { renderTerminal }] =
    await Promise.all([
      import('./enter-namespace.ts'),
      import('./session.ts'),
      import('./report-folder.ts'),
      import('../../reports/terminal.ts'),
    ]);
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
  const [{ loadScenario, scenarioOrder }, { stageOf }, { openFeed }, { runScenario }, { guard }] = await Promise.all([
    import('../scenario/catalogue.ts'),
    import('../scenario/agent-stage.ts'),
    import('../feed/open-feed.ts'),
    import('../run.ts'),
    import('./report-folder.ts'),
  ]);
  const scenario = await loadScenario(name);
  const folder = path.join(gateFolder, name);
  guard(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const traffic = scenarioOrder(name, scenario.seed, undefined);
  session.progress.begin(`${name} (tap lane)`);
  const pace = scenario.gatePace ?? scenario.pace;
  return runScenario({
    scenario,
    lane: 'tap',
    defect: undefined,
    stage: stageOf({ lane: 'tap', asked: undefined, scenario: scenario.until, defects: undefined }),
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
