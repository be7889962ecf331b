/** `floodgate gate` in a folder with a configuration: the project's scenarios in turn, each a `floodgate run` that can be typed. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { didYouMean } from '../../agent/nearest-name.ts';
import type { Note, RunReport } from '../../reports/model.ts';
import { runCell } from '../compare/cell-run.ts';
import { changesNote, commitNote } from '../compare/earlier-run.ts';
import { thresholdsOf } from '../compare/thresholds.ts';
import { definitionOf } from '../ledger/definition.ts';
import { judgeByLedger } from '../ledger/judge-by-ledger.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { limitsOf as budgetOf } from '../metrics/limits.ts';
import type { ScenarioConfig } from '../project/define.ts';
import { withRequestsExpected } from '../project/expected-requests.ts';
import type { Project } from '../project/find-config.ts';
import { keptIn } from '../project/kept-texts.ts';
import { limitsOf, runArguments } from '../project/run-arguments.ts';
import { PartialWriter } from '../shards/partial.ts';
import { partOf } from '../shards/shard-choice.ts';
import { plainLines } from '../target/last-words.ts';
import { plainOutput } from '../target/plain-output.ts';
import { endGate } from './gate-report.ts';
import { type GateFailure, gateVerdict, withFailures } from './gate-verdict.ts';
import { projectLedger, today } from './project-ledger.ts';
import { makeReportFolder } from './report-folder.ts';
import { openSession } from './session.ts';
import {
  type Checkout,
  cellFailure,
  checkoutOf,
  refuseOtherWhole,
  shardAsked,
  shardCommon,
  shardWords,
  type Tool,
} from './shard-whole.ts';

export interface ProjectGateFlags {
  readonly only?: readonly string[];
  readonly quick?: boolean;
  /** Of scenarios that name it. */
  readonly set?: string;
  readonly budget?: readonly string[];
  readonly env?: string;
  readonly out?: string;
  /** `2/5`, `auto`: only this part, for `floodgate merge`. */
  readonly shard?: string;
  /** A folder of another shard: only where this is a part of the same whole. */
  readonly partOf?: string;
}

/** What is to be measured, on however many machines. @throws FloodgateError where a name is unknown, or the ledger is not valid */
export function gateWhole(project: Project, flags: ProjectGateFlags, tool: Tool) {
  const scenarios = chosenScenarios(project, flags);
  checkLimits(project, scenarios, flags);
  const ledger = projectLedger(project);
  const unlimited = scenarios.filter((scenario) => !isLimited(project, scenario, flags)).map(({ name }) => name);
  const checkout = checkoutOf(project);
  const options = [ledger, flags.env ?? null, flags.budget ?? []];
  const common = shardCommon(project, { ...tool, checkout, scenarios, options, unlimited });
  return { scenarios, ledger, unlimited, checkout, common };
}

/** @returns the exit code. @throws FloodgateError where a scenario cannot be run */
export async function projectGate(project: Project, flags: ProjectGateFlags): Promise<number> {
  const shard = shardAsked(flags);
  const session = await openSession(project.file);
  const { scenarios, ledger, unlimited, checkout, common } = gateWhole(project, flags, session);
  const startedAtMs = Date.now();
  const folder = makeReportFolder('gate', flags.out);
  const own = shard === undefined ? scenarios : partOf(scenarios, shard);
  const partial = shard && new PartialWriter(folder, { shard, common });
  if (flags.partOf !== undefined) refuseOtherWhole(flags.partOf, common);
  const measured = commitNoteOf(checkout);
  const runs: RunReport[] = [];
  const failures: GateFailure[] = [];
  for (const scenario of own) {
    process.stderr.write(`${scenario.name}: ${runs.length + 1} of ${own.length}\n`);
    const out = path.join(folder, scenario.name);
    const order = { flags, out, ledger, measured, signal: session.signal };
    const beganAtMs = Date.now();
    const run = await runOne(project, scenario, order).catch((error) => {
      partial?.fail(cellFailure(scenario.name, error, beganAtMs));
      // One that cannot run takes nothing from the others.
      if (session.signal.aborted || !(error instanceof FloodgateError)) throw error;
      failures.push({ scenario: scenario.name, error });
    });
    if (!run) continue;
    runs.push(run);
    partial?.add(scenario.name, run);
  }
  if (shard !== undefined && runs.length === 0 && failures.length > 0) throw failures[0]!.error;
  for (const { scenario, error } of failures)
    process.stderr.write(await plainOutput(`floodgate: ${scenario}: ${error.message}\n${error.hint}\n`));
  const here = unlimited.filter((name) => own.some((scenario) => scenario.name === name));
  const notes: Note[] =
    here.length > 0 ? [{ severity: 'warning', text: `without a budget nothing is judged: ${here.join(', ')}` }] : [];
  notes.push(...(await failureNotes(failures)));
  if (shard !== undefined) notes.push({ severity: 'info', text: shardWords(shard, own.length, scenarios.length) });
  return endGate(
    { startedAtMs, runs, verdict: withFailures(gateVerdict(runs, own.length, here), failures, runs.length), notes },
    folder,
    { ...flags, config: project.file, isPart: shard !== undefined },
    session,
  );
}

/** What is typed, before anything is measured. @throws FloodgateError `option-invalid` */
function checkLimits(project: Project, scenarios: readonly ScenarioConfig[], { budget = [], env }: ProjectGateFlags) {
  budgetOf(budget);
  for (const scenario of scenarios) limitsOf(project, scenario, 'budgets', env);
}

/** What could not run and why, in the report as well: a job of CI shows that, and not what was printed. */
async function failureNotes(failures: readonly GateFailure[]): Promise<Note[]> {
  const lines = await Promise.all(
    failures.map(async ({ scenario, error }) =>
      (await plainLines(error.hint.split('\n'))).map((line) => `${scenario}: ${line}`),
    ),
  );
  return lines.flat().map((text) => ({ severity: 'warning', text }));
}

interface Measuring {
  readonly flags: ProjectGateFlags;
  /** Its own folder. */
  readonly out: string;
  readonly ledger: Ledger;
  /** What is noted of the version. */
  readonly measured: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** One scenario, measured, and judged by the ledger as well. */
async function runOne(project: Project, scenario: ScenarioConfig, order: Measuring): Promise<RunReport> {
  const { flags, out, ledger, measured, signal } = order;
  mkdirSync(out, { recursive: true });
  const words = runArguments(project, scenario, { environment: flags.env, keep: keptIn(out), budgets: flags.budget });
  const cell = await runCell({ arguments: words, folder: project.folder, out, signal }).catch((error) => {
    throw withBuild(error, project);
  });
  const report = withRequestsExpected(scenario, cell);
  const named = {
    ...report,
    scenario: { ...report.scenario, name: scenario.name },
    environment: { ...report.environment, extra: { ...report.environment.extra, ...measured } },
  };
  const thresholds = thresholdsOf(project, scenario, report.lane, flags.env, []);
  const definition = definitionOf(named, project.folder);
  return judgeByLedger(named, ledger, { scenario: scenario.name, thresholds, definition, today: today() });
}

/** The gate runs the working folder as it is: a comparison builds it. */
function withBuild(error: unknown, { config: { build } }: Project): unknown {
  if (build === undefined || !(error instanceof FloodgateError) || !/cannot be started/.test(error.message))
    return error;
  const { code, message, hint, exitCode } = error;
  const more = `Build it first: ${[build].flat().join(' && ')}`;
  return new FloodgateError(code, message, { hint: `${hint}\n${more}`, exitCode, cause: error });
}

/** By which a later comparison finds the version. */
function commitNoteOf({ commit, dirty }: Checkout): Record<string, string> {
  return commit === null ? {} : { [commitNote]: `${commit}${dirty ? changesNote : ''}` };
}

/** Captures, recorded requests and our own scenarios bring limits of their own. */
function isLimited(project: Project, scenario: ScenarioConfig, flags: ProjectGateFlags): boolean {
  const { capture, requests, builtin, traffic } = scenario;
  if ((capture ?? requests ?? builtin ?? traffic) !== undefined) return true;
  return (flags.budget?.length ?? 0) > 0 || Object.keys(limitsOf(project, scenario, 'budgets', flags.env)).length > 0;
}

/** @throws FloodgateError `option-invalid` for a name that there is not, or where none is left */
export function chosenScenarios(
  project: Project,
  { only, quick, set }: Pick<ProjectGateFlags, 'only' | 'quick' | 'set'>,
): readonly ScenarioConfig[] {
  const { scenarios } = project;
  const names = scenarios.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new FloodgateError('option-invalid', `there is no scenario "${unknown}"`, {
      hint: `${didYouMean(unknown, names)}Scenarios: ${names.join(', ') || 'none yet'}.`,
    });
  }
  const sets = [...new Set(scenarios.flatMap((scenario) => scenario.sets ?? []))];
  if (set !== undefined && !sets.includes(set)) throw setUnknown(set, sets);
  const chosen = scenarios.filter(
    ({ name, quick: isQuick, sets: own = [] }) =>
      (only?.includes(name) ?? true) && (!quick || isQuick === true) && (set === undefined || own.includes(set)),
  );
  if (chosen.length > 0) return chosen;
  throw new FloodgateError('option-invalid', `${path.basename(project.file)} has no scenario to run`, {
    hint: quick ? 'Say quick: true in the scenarios that are part of --quick.' : 'Add one to scenarios.',
  });
}

/** @param sets there are */
export function setUnknown(set: string, sets: readonly string[]): FloodgateError {
  return new FloodgateError('option-invalid', `there is no set "${set}"`, {
    hint: `${didYouMean(set, sets)}${sets.length > 0 ? `Sets: ${[...sets].sort().join(', ')}.` : 'Say sets: [NAME] in scenarios.'}`,
  });
}
