/** `floodgate story`: the article's incident with its six mistakes in our agent, mended one at a time, on one screen. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import type { RunReport, Verdict } from '../../reports/model.ts';
import type { StoryRow } from '../../reports/story.ts';
import { exitCodesLine, worstExitCode } from '../metrics/exit-codes.ts';
import type { AgentStage } from '../scenario/agent-stage.ts';
import type { Session } from './session.ts';

interface StoryFlags {
  readonly size: string;
  readonly lane: 'tap' | 'exact';
  readonly seed?: string;
  readonly out?: string;
}

/** Enough to see every step; with all mistakes a megabyte takes a CPU second. */
const sizeDefault = '20MB';

const examples = `
Examples:
  floodgate story                  seven replays of the same frames; the picture is runs/<time>-story/story.svg
  floodgate story --size 6MB       a short form, e.g. for CI
  floodgate story --size 400MB     long enough for the page limits of the article to be reached
  floodgate story --lane tap       through the kernel, the whole agent uploading; what is too slow drops frames

${exitCodesLine} The agent without mistakes decides.`;

export function addStoryCommand(command: Command): void {
  command
    .description(
      'Replays the article’s incident (docs/story.md) at our agent with all six of the article’s mistakes in it, mends one ' +
        'at a time, and shows memory after each: twenty-five days on one screen.',
    )
    .option('--size <amount>', 'sum of frame lengths of each replay', sizeDefault)
    .addOption(
      new Option('--lane <lane>', 'exact: over a pipe, no frame lost; tap: through the kernel')
        .choices(['exact', 'tap'])
        .default('exact'),
    )
    .option('--seed <n>', 'of every random choice')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-story)')
    .addHelpText('after', examples)
    .action(async (flags: StoryFlags) => {
      process.exitCode = await story(flags);
    });
}

async function story(flags: StoryFlags): Promise<number> {
  const [
    { enterNamespace },
    { openSession },
    { makeReportFolder, pointLatest, writeReports, guard },
    { gateReport },
    pictures,
    steps,
  ] = await Promise.all([
    import('./enter-namespace.ts'),
    import('./session.ts'),
    import('./report-folder.ts'),
    import('./gate-report.ts'),
    import('../../reports/story.ts'),
    import('../scenario/story-steps.ts'),
  ]);
  const replay = await replayer(flags);
  const privilege = await enterNamespace(flags.lane);
  const session = await openSession();
  const startedAtMs = Date.now();
  const folder = makeReportFolder('story', flags.out);
  const rows: StoryRow[] = [];
  try {
    for (const [index, { title, defects }] of steps.storySteps().entries()) {
      if (session.signal.aborted) break;
      session.progress.begin(`story, step ${index}: ${title}`);
      const own = path.join(folder, `step-${index}`);
      guard(folder, () => mkdirSync(own, { mode: 0o700 }));
      const run = await replay(defects, own, privilege, session);
      rows.push({ title, defects, run: { ...run, scenario: { ...run.scenario, description: title } } });
      session.progress.clear();
      writeReports(own, rows.at(-1)!.run);
    }
  } finally {
    session.progress.clear();
  }
  const runs = rows.map(({ run }) => run);
  const report = gateReport({ startedAtMs, runs, verdict: storyVerdict(rows), toolVersion: session.toolVersion });
  writeReports(folder, report);
  guard(folder, () => writeFileSync(path.join(folder, 'story.svg'), pictures.renderStorySvg(rows), { mode: 0o600 }));
  if (flags.out === undefined) pointLatest(folder);
  process.stdout.write(pictures.renderStoryText(rows));
  process.stdout.write(`\n${report.verdict.headline}\n`);
  for (const name of ['story.svg', 'report.html']) {
    process.stdout.write(
      `${name === 'story.svg' ? 'picture' : 'reports'}: ${path.relative('', path.join(folder, name))}\n`,
    );
  }
  return report.verdict.exitCode;
}

type Replay = (defects: readonly string[], folder: string, privilege: string, session: Session) => Promise<RunReport>;

/** @throws FloodgateError `option-invalid` */
async function replayer({ size, seed: seedText, lane }: StoryFlags): Promise<Replay> {
  const [{ loadScenario, scenarioOrder }, { openFeed }, { runScenario }, quantity, { budgetUntil }, { judgeAgain }] =
    await Promise.all([
      import('../scenario/catalogue.ts'),
      import('../feed/open-feed.ts'),
      import('../run.ts'),
      import('../metrics/quantity.ts'),
      import('../metrics/table.ts'),
      import('../report/judge-again.ts'),
    ]);
  const scenario = await loadScenario('incident');
  const seed =
    seedText === undefined ? scenario.seed : quantity.parseWhole(seedText, '--seed', { min: 0, max: 0xffff_ffff });
  const traffic = scenarioOrder('incident', seed, quantity.parseQuantity(size, '--size', 'bytes'));
  const stage: AgentStage = lane === 'tap' ? 'upload' : 'witnesses';
  return async (defects, folder, privilege, session) => {
    const run = await runScenario({
      scenario,
      lane,
      defect: defects.length === 0 ? undefined : defects.join(','),
      stage,
      traffic,
      seed,
      // Nothing is explained here: `again` in each report does that.
      budget: {},
      explain: 'on-breach',
      keepsSnapshots: false,
      folder,
      sampleMs: 50,
      intervalMs: 1_000,
      command: [
        ...['floodgate run incident', '--lane', lane, '--size', size, '--seed', seed, '--agent-until', stage],
        ...(defects.length === 0 ? [] : ['--defect', defects.join(',')]),
      ].join(' '),
      toolVersion: session.toolVersion,
      privilege,
      optionWords: { size, lane },
      openFeed: () => openFeed(lane, { traffic, pace: scenario.pace }),
      signal: session.signal,
      onProgress: (progress) => session.progress.update(progress),
    });
    // An agent with mistakes is over its budget by design: the one without them is judged.
    return defects.length > 0 ? run : (judgeAgain(run, budgetUntil(scenario.budget, stage)) as RunReport);
  };
}

function storyVerdict(rows: readonly StoryRow[]): Verdict {
  const last = rows.at(-1);
  const isWhole = last?.defects.length === 0;
  const exitCode = isWhole
    ? last.run.verdict.exitCode
    : worstExitCode(rows.map(({ run }) => run.verdict.exitCode)) || 3;
  const headline = isWhole
    ? `Without mistakes: ${last.run.verdict.headline}`
    : `Ended after ${rows.length} replays, before every mistake was mended.`;
  return { ok: exitCode === 0, exitCode, headline };
}
