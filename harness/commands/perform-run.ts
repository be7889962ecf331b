/** A run as `floodgate run` asks for it: options are read, the run is started, its report is written and printed. */
import path from 'node:path';
import { stringify } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import { LoadFeed } from '../feed/load.ts';
import { openFeed } from '../feed/open-feed.ts';
import { withImplied } from '../metrics/implied-limits.ts';
import { limitsOf } from '../metrics/limits.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { budgetUntil } from '../metrics/table.ts';
import { cpuProfile } from '../pass/instruments/cpu-profile.ts';
import { doctor } from '../pass/instruments/doctor.ts';
import { flame } from '../pass/instruments/flame.ts';
import type { Instrument } from '../pass/instruments/instrument.ts';
import { keptIn } from '../project/kept-texts.ts';
import {
  findTypedScenario,
  isModuleFile,
  isScenarioFile,
  moduleScenario,
  scenarioOfFolder,
} from '../project/library.ts';
import { refuseTakenOut } from '../redaction/names-taken-out.ts';
import { type Explain, type RunOptions, runScenario } from '../run.ts';
import { type AgentStage, stageOf } from '../scenario/agent-stage.ts';
import type { ScenarioHead } from '../scenario/capture-scenario.ts';
import { defectArguments } from '../scenario/catalogue.ts';
import type { Lane } from '../scenario/scenario.ts';
import { makePlain, plainCommand, plainOutput } from '../target/plain-output.ts';
import { profileEnd } from '../traffic/rate-profile.ts';
import { probeRecording } from '../traffic/recorded-traffic.ts';
import type { Pace } from '../traffic/traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { refuseUntakeable } from './device-scan.ts';
import { enterNamespace } from './enter-namespace.ts';
import { record } from './history-record.ts';
import { parsePace } from './pace-flags.ts';
import { printReport } from './print-report.ts';
import { ofProject } from './project-scenario.ts';
import { dropEmptyFolder, makeReportFolder, pointLatest, writeReports } from './report-folder.ts';
import { type RequestsRun, requestsRun } from './requests-flags.ts';
import { RequestsSource } from './requests-source.ts';
import type { RunFlags } from './run-flags.ts';
import { measuredOrder, orderedTraffic, recordingWords, spooled } from './run-traffic.ts';
import { openSession } from './session.ts';
import { commandLine, optionOf, optionWords } from './shown-words.ts';
import { settleSecondsOf, type TargetRun, targetRun } from './target-flags.ts';

/** @returns the exit code. @throws FloodgateError where the run cannot be started */
export async function performRun(given: string | undefined, flags: RunFlags): Promise<number> {
  const name = given === undefined ? undefined : scenarioOfFolder(given);
  for (const option of ['target', 'load', 'pprof'] as const) refuseTakenOut(optionOf(option), flags[option]);
  const requests = requestsRun(name, flags);
  const target = await targetRun(flags, requests ? 'requests' : name === undefined ? undefined : 'frames');
  const found = requests
    ? { scenario: requestsScenario(requests, target), order: undefined }
    : await scenarioToRun(name, target);
  const settleSeconds = settleSecondsOf(flags);
  const scenario = { ...found.scenario, ...(settleSeconds !== undefined && { settleSeconds }) };
  const options = await askedOf(requests ? undefined : name, flags, found, target !== undefined);
  const cpu = cpuInstrumentsOf(flags, target);
  const privilege = await enterNamespace(options.lane);
  const session = await openSession();
  const folder = makeReportFolder(scenario.name, flags.out);
  let source: RequestsSource | undefined;
  try {
    const taken =
      name === '-' && !requests ? { ...options, ...(await spooled(options, folder, session.signal)) } : options;
    const asked = name !== undefined && !requests && isModuleFile(name) ? await withKept(taken, name, folder) : taken;
    const isAccepted = (asked.budget['dropped.frames'] ?? 0) > 0;
    if (asked.traffic && asked.lane === 'tap' && !isAccepted) await refuseUntakeable(asked.traffic);
    session.progress.begin(titleOf(scenario, flags, asked));
    source = requests && (await RequestsSource.open(requests, folder, { ...asked, signal: session.signal }));
    const measured = await runScenario({
      ...asked,
      ...(source ? source.runOptions(target!, flags.repeatable) : drivenBy(asked, target, folder)),
      scenario,
      ...(target && { launcher: target.opened.launcher }),
      cpu,
      folder,
      command: await plainCommand(commandLine()),
      toolVersion: session.toolVersion,
      privilege,
      signal: session.signal,
      onProgress: (progress) => session.progress.update(progress),
    });
    session.progress.clear();
    const report = await plainOutput(measured);
    writeReports(folder, report);
    if (flags.out === undefined) pointLatest(folder);
    printReport(folder, report);
    await record(report, folder, { hasOut: flags.out !== undefined }, session.store);
    if (flags.push !== undefined) await pushed(folder, flags.push, session.signal);
    return report.verdict.exitCode;
  } catch (error) {
    session.progress.clear();
    throw error;
  } finally {
    source?.close();
    await makePlain(loadLogOf(folder));
    dropEmptyFolder(folder);
  }
}

/** How long it is watched before and after is the target's; the rest the recording's. */
function requestsScenario({ scenario }: RequestsRun, target: TargetRun | undefined): ScenarioHead {
  return {
    ...scenario,
    ...(target?.scenario.settleSeconds !== undefined && { settleSeconds: target.scenario.settleSeconds }),
  };
}

/** What a program made is left beside the run, so that the run can be repeated from its report. */
async function withKept(asked: Asked, name: string, folder: string): Promise<Asked> {
  const scenarioFile = keptIn(path.resolve(folder))('traffic.yaml', stringify(await moduleScenario(name)));
  return { ...asked, optionWords: { ...asked.optionWords, scenarioFile } };
}

type Asked = Awaited<ReturnType<typeof askedOf>>;

/** What the options ask for, with the scenario's own where they ask for nothing. */
async function askedOf(name: string | undefined, flags: RunFlags, { scenario, order }: Found, isOther: boolean) {
  const lane = flags.lane ?? scenario.lanes[0] ?? 'tap';
  const stage = await stageAsked(flags, scenario, lane, isOther);
  const known = isOther ? undefined : stage;
  const seed =
    flags.seed === undefined ? scenario.seed : parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  const loops = flags.loop === undefined ? undefined : parseWhole(flags.loop, '--loop', { min: 1, max: 1_000_000 });
  const sizeBytes = flags.size === undefined ? undefined : parseQuantity(flags.size, '--size', 'bytes');
  const pace = paceOf(flags, scenario, lane);
  const profile = pace.kind === 'profile' ? pace : undefined;
  const end = profile && profileEnd(profile);
  const traffic = orderedTraffic(flags, order?.(seed, sizeBytes), { seed, loops, end, lane });
  if (sizeBytes !== undefined && traffic?.kind !== 'scenario' && traffic?.kind !== 'flood') {
    throw new FloodgateError('option-invalid', '--size is for traffic that is made, and here is none', {
      hint: 'Leave it out: a capture has its own size, --limit takes a part of it, and --loop repeats it.',
    });
  }
  return {
    lane,
    loops: loops ?? 1,
    seed: traffic ? seed : null,
    traffic,
    pace,
    profile,
    ...withImplied({ ...budgetUntil(scenario.budget, known), ...limitsOf(flags.budget ?? []) }, known),
    defect: flags.defect,
    stage,
    explain: explainOf(flags.explain),
    lines: flags.lines === true,
    sitesEveryBytes: flags.sites === undefined ? undefined : sitesBytesOf(flags.sites),
    profileEveryMs: flags.profileEvery === undefined ? undefined : everyMsOf(flags.profileEvery),
    agentFolder: agentFolderOf(flags),
    startedIn: startedIn(flags),
    repeatable: flags.repeatable === true,
    keepsSnapshots: flags.keepSnapshots === true,
    keepsMeasurement: flags.keepMeasurement === true,
    intervalMs: parseWhole(flags.intervalMs, '--interval-ms', { min: 100, max: 3_600_000 }),
    sampleMs: parseWhole(flags.sampleMs, '--sample-ms', { min: 1, max: 60_000 }),
    optionWords: {
      ...optionWords({ ...flags, lane }),
      ...(traffic && recordingWords(traffic)),
      ...(name !== undefined && isScenarioFile(name) && { scenarioFile: path.resolve(name) }),
    },
  };
}

/** @throws FloodgateError for one that is not valid, or that does not go with the rest */
function paceOf(flags: RunFlags, scenario: ScenarioHead, lane: Lane): Pace {
  const pace = parsePace(flags) ?? scenario.pace;
  if (pace.kind !== 'profile') return pace;
  const other = flags.loop !== undefined ? 'loop' : flags.profile !== undefined && lane !== 'tap' ? 'lane' : undefined;
  if (other === undefined) return pace;
  throw new FloodgateError('option-invalid', `--${other} ${flags[other]} does not go with a profile of rates`, {
    hint:
      other === 'loop'
        ? 'Leave out --loop: the traffic is repeated until the profile is over.'
        : 'Over a pipe the reader sets the pace: --lane tap.',
  });
}

function explainOf(flag: boolean | undefined): Explain {
  if (flag === undefined) return 'on-breach';
  return flag ? 'always' : 'never';
}

/** Under 512 bytes nearly every object would be a sample; above 16 MiB there would be none. */
function sitesBytesOf(text: string): number {
  const bytes = parseQuantity(text, '--sites', 'bytes');
  if (bytes >= 512 && bytes <= 16 << 20) return Math.round(bytes);
  throw new FloodgateError('option-invalid', `--sites: "${text}" is not between 512 B and 16 MiB`, {
    hint: 'Example: --sites 4KiB.',
  });
}

/** A cut collects all garbage and writes a file: several a second would be the load themselves. */
function everyMsOf(text: string): number {
  const ms = parseQuantity(text, '--profile-every', 'seconds') * 1000;
  if (ms >= 500 && ms <= 86_400_000) return Math.round(ms);
  throw new FloodgateError('option-invalid', `--profile-every: "${text}" is not between 500 ms and a day`, {
    hint: 'Example: --profile-every 90s.',
  });
}

function startedIn({ targetDir, agent }: RunFlags): string | undefined {
  const folder = targetDir ?? agent;
  return folder === undefined ? undefined : path.resolve(folder);
}

function agentFolderOf({ agent, target, defect }: RunFlags): string | undefined {
  if (agent === undefined) return undefined;
  if (target === undefined && defect === undefined) return path.resolve(agent);
  throw new FloodgateError(
    'option-invalid',
    `--agent does not go with --${target === undefined ? 'defect' : 'target'}`,
    {
      hint: 'Leave one of them out: defects are put into the agent that comes with this floodgate.',
    },
  );
}

/** @throws FloodgateError for a stage or a defect that there is not */
async function stageAsked(flags: RunFlags, { until }: ScenarioHead, lane: Lane, isOther: boolean): Promise<AgentStage> {
  if (isOther && flags.agentUntil !== undefined) {
    throw new FloodgateError('option-invalid', '--agent-until is for our own agent', {
      hint: 'Leave out --agent-until or --target.',
    });
  }
  const { until: defects } = await defectArguments(flags.defect);
  return stageOf({ lane, asked: flags.agentUntil, scenario: until, defects });
}

/** Frames where there are some, else the load that the target is under. */
function drivenBy(
  { lane, traffic, pace }: Asked,
  target: TargetRun | undefined,
  folder: string,
): Pick<RunOptions, 'openFeed' | 'idleMs'> {
  if (traffic) {
    // The first pass is the one that is judged; the others send the same.
    let measured = measuredOrder(traffic, folder);
    return {
      openFeed: () => {
        const feed = openFeed(lane, { traffic: measured, pace });
        measured = traffic;
        return feed;
      },
    };
  }
  const logFile = loadLogOf(folder);
  return { openFeed: async () => new LoadFeed({ ...target!.load, logFile }), idleMs: target!.idleMs };
}

const loadLogOf = (folder: string) => path.join(folder, 'load.log');

function titleOf({ name }: ScenarioHead, { defect }: RunFlags, { lane }: Asked): string {
  return lane === 'load' ? name : `${name} (${lane} lane${defect ? `, defect ${defect}` : ''})`;
}

interface Found {
  readonly scenario: ScenarioHead;
  /** Undefined where no frames are sent. */
  readonly order: ((seed: number, sizeBytes: number | undefined) => TrafficOrder) | undefined;
}

/** A scenario by name or file, or a target's own where none is named. */
async function scenarioToRun(name: string | undefined, target: TargetRun | undefined): Promise<Found> {
  if (name === undefined) {
    if (target) return { scenario: target.scenario, order: undefined };
    throw new FloodgateError('option-invalid', 'there is nothing to run', {
      hint: 'Name a scenario (floodgate list shows them), a capture file, or a program: --target "node server.js".',
    });
  }
  const found = await findTypedScenario(name).catch((error) => ofProject(error, name));
  const first = found.order(found.scenario.seed, undefined);
  // What comes by standard input comes once, and is looked at where it is kept.
  if (first.kind === 'recording' && name !== '-') probeRecording(first.path);
  return found;
}

/** What looks at CPU time, by option. */
const cpuInstruments = { cpu: cpuProfile, flame, doctor } as const;

/** @throws FloodgateError where a tool is missing or the target is not one of Node.js */
function cpuInstrumentsOf(flags: RunFlags, target: TargetRun | undefined): Instrument[] {
  const wanted = (['cpu', 'flame', 'doctor'] as const).filter((name) => flags[name]);
  if (wanted.length > 0 && target && !target.opened.launcher.isNode) {
    throw new FloodgateError('option-invalid', `--${wanted[0]} is for Node.js: ${target.opened.launcher.name} is not`, {
      hint: 'A Go program serves its own profile: go tool pprof http://HOST:PORT/debug/pprof/profile?seconds=10.',
    });
  }
  const instruments: Instrument[] = wanted.map((name) => cpuInstruments[name]);
  for (const instrument of instruments) instrument.checkTools?.();
  return instruments;
}

/** The verdict stands, whether a store took the profiles or not. */
async function pushed(folder: string, url: string, signal: AbortSignal): Promise<void> {
  try {
    const { pushRun } = await import('./push-command.ts');
    process.stdout.write(`${await pushRun(folder, url, signal)}\n`);
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    process.stderr.write(await plainOutput(`floodgate: ${error.message}\n${error.hint}\n`));
  }
}
