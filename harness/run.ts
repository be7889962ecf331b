/**
 * A run: measure → findings, computed once → plan → passes that explain → report. The measuring pass alone is judged; the
 * others replay the same frames, one instrument each.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../agent/errors.ts';
import type { Note, RunReport, Spike, SpikeStream } from '../reports/model.ts';
import { type Explanation, explanationOf } from './explain/explanation.ts';
import { alignmentNote, requestMarksOf, windowsIn } from './explain/pass-windows.ts';
import { streamsOfSpikes } from './explain/streams.ts';
import type { Feed } from './feed/feed.ts';
import { sitesOf } from './metrics/allocated-sites.ts';
import { sitesInProject } from './metrics/sites-in-project.ts';
import { takesSettled, takesSites } from './metrics/table.ts';
import { allocationSampling, allocations, liveHeap } from './pass/instruments/heap-sampling.ts';
import type { Brought, Instrument, SettledPoint } from './pass/instruments/instrument.ts';
import { intervalProfiles } from './pass/instruments/interval-profiles.ts';
import { lineSampling } from './pass/instruments/lines.ts';
import { measuring } from './pass/instruments/measuring.ts';
import { settled } from './pass/instruments/settled.ts';
import { snapshots } from './pass/instruments/snapshots.ts';
import { repeatableArguments } from './pass/lane-rules.ts';
import { type PassProgress, runPass } from './pass/pass.ts';
import type { PassResult } from './pass/pass-result.ts';
import { type PlannedPass, planPasses } from './pass/plan.ts';
import { writeProfileFile } from './profile/files.ts';
import { buildRunReport } from './report/build.ts';
import { type Findings, findingsOf, foundSpikes, peakBytesOf, residentSpikes, withSettled } from './report/findings.ts';
import { measurementName, measurementOf } from './report/measurement.ts';
import { writeSites } from './report/sites-file.ts';
import { Sources } from './report/sources.ts';
import { spikesOf } from './report/spikes.ts';
import { spikeOfLines, watchedFunction, withLines } from './report/suspect-lines.ts';
import { type AgentStage, stageWords } from './scenario/agent-stage.ts';
import type { ScenarioHead } from './scenario/capture-scenario.ts';
import { defectArguments } from './scenario/catalogue.ts';
import type { Budget, Lane } from './scenario/scenario.ts';
import { AgentLauncher } from './target/agent-target.ts';
import { diedAtStart } from './target/child-target.ts';
import { DeployedAgentLauncher } from './target/deployed-agent.ts';
import { plainOutput } from './target/plain-output.ts';
import type { TargetLauncher } from './target/target.ts';
import type { RateProfile } from './traffic/rate-profile.ts';
import type { TrafficOrder } from './traffic/traffic-order.ts';
import { readEnvironment } from './watch/environment.ts';

/** When the passes that explain are run: `brief` takes allocations always, and all the rest on a breach. */
export type Explain = 'never' | 'on-breach' | 'brief' | 'always';

export interface RunOptions {
  readonly scenario: ScenarioHead;
  readonly lane: Lane;
  /** Names, with commas between. */
  readonly defect: string | undefined;
  /** How far our agent goes; ignored by other targets. */
  readonly stage: AgentStage;
  /** The frames, for who asks which of them did it; undefined where there are none. */
  readonly traffic: TrafficOrder | undefined;
  /** @default our agent */
  readonly launcher?: TargetLauncher;
  /** Where our agent is, if it is not the one that comes with this harness. */
  readonly agentFolder?: string | undefined;
  /** Absolute; where the target, or the agent, was started. @default this folder */
  readonly startedIn?: string | undefined;
  readonly seed: number | null;
  readonly budget: Budget;
  /** Names of the limits in `budget` that nobody wrote (`metrics/implied-limits.ts`). @default none */
  readonly implied?: readonly string[];
  /** Of the pace, for the report; undefined where its rate is one. */
  readonly profile?: RateProfile | undefined;
  readonly explain: Explain;
  /** A Node.js target under a load allocates the same in every run, and is slower. @default false */
  readonly repeatable?: boolean;
  /** Read at fixed numbers of requests alone, while they are answered. @default false */
  readonly byRequests?: boolean;
  /** Replays once more for the lines of the first suspect. @default false */
  readonly lines?: boolean;
  /** Takes allocations whatever `explain` says, a sample every so many bytes. */
  readonly sitesEveryBytes?: number | undefined;
  /** Further passes with a profile of allocations and of what is alive every so often, whatever `explain` says. */
  readonly profileEveryMs?: number | undefined;
  /** Further passes, for CPU time; their tools are there (`Instrument.checkTools`). @default none */
  readonly cpu?: readonly Instrument[];
  /** What else the reader of the report ought to know. @default none */
  readonly notes?: readonly Note[];
  /** Heap snapshots stay in the report's folder. */
  readonly keepsSnapshots: boolean;
  /** Leaves all that the figures are read from in the report's folder. @default false */
  readonly keepsMeasurement?: boolean;
  /** The report's folder; exists. */
  readonly folder: string;
  readonly sampleMs: number;
  readonly intervalMs: number;
  /** What to type to get this run again. */
  readonly command: string;
  readonly toolVersion: string;
  /** How the TAP device was come by, in words. */
  readonly privilege: string;
  /** Options as given, for the report. */
  readonly optionWords: Readonly<Record<string, string>>;
  /** Called once a pass. */
  readonly openFeed: () => Promise<Feed>;
  /** Watched before the first frame or request. @default 400 */
  readonly idleMs?: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PassProgress) => void;
}

/**
 * Measures, then explains where that is wanted, then judges.
 * @throws FloodgateError when the run could not be started; an interrupted one gives a partial report.
 */
export async function runScenario(options: RunOptions): Promise<RunReport> {
  const startedAtMs = Date.now();
  const measure = await replay(options, { instrument: measuring, frameMarks: [], ceilingBytes: undefined });
  // One that could not be started has not been tried: nothing to judge, and nothing to explain.
  if (!measure.isTried && !measure.exit.expected && !options.signal.aborted) {
    throw await diedAtStart(measure.targetName, measure.exit);
  }
  const { findings, passes: looked, looks } = await settle(options, findingsOf(measure, options.budget));
  const { passes: explaining, explanation } = await explain(options, findings, looked);
  const passes = [...looked, ...explaining];
  const { scenario, folder } = options;
  const sampled = passes.find(({ kind }) => kind === 'allocations');
  const sampledSites = sitesOf(explanation.allocations);
  if (sampled) writeSites(folder, sampled, { sites: sampledSites, intervals: explanation.allocations });
  const sites = sitesInProject(sampledSites, process.cwd(), options.startedIn);
  const sources = new Sources();
  const found = spikesOf(findings, explanation, {
    save: (name, profile) => writeProfileFile(folder, name, profile),
    sources,
  });
  const { spikes, pass: lines, notes: lineNotes } = await lookAtLines(options, findings, { spikes: found, sources });
  const isAgent = options.launcher === undefined;
  const interrupted = options.signal.aborted;
  if (options.keepsMeasurement) {
    const kept = measurementOf({
      measure,
      settled: looks,
      sites,
      budget: options.budget,
      implied: options.implied ?? [],
      isAgent,
      interrupted,
    });
    const text = JSON.stringify(await plainOutput(JSON.parse(JSON.stringify(kept))));
    writeFileSync(path.join(folder, measurementName), `${text}\n`, { mode: 0o600 });
  }
  return buildRunReport({
    toolVersion: options.toolVersion,
    scenario: {
      name: scenario.name,
      description: scenario.summary,
      seed: options.seed,
      defect: options.defect ?? null,
      options: options.optionWords,
    },
    command: options.command,
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Date.now() - startedAtMs,
    environment: readEnvironment(options.privilege),
    isAgent,
    stages: isAgent ? [stageWords[options.stage], measure.startedFrom].filter((words) => words !== '').join(', ') : '',
    budget: options.budget,
    implied: options.implied ?? [],
    profile: options.profile,
    measure,
    readings: findings.readings.with({ sites }),
    passes: lines ? [...passes, lines] : passes,
    spikes,
    notes: [...(options.notes ?? []), ...explanation.notes, ...lineNotes],
    interrupted,
  });
}

/** What stays takes a pass of its own, with forced collections: limits on growth are decided by it, and whether a rise is a leak. */
async function settle(options: RunOptions, measured: Findings): Promise<Settled> {
  const { budget, explain, signal, folder, command, keepsSnapshots, launcher } = options;
  const isExplained = explain === 'always' || (explain === 'on-breach' && measured.isBroken);
  const isWanted = Object.keys(budget).some(takesSettled) || (isExplained && measured.spikes.some(isResident));
  if (!isWanted || signal.aborted || launcher?.explains === false) return { findings: measured, passes: [] };
  const found = foundSpikes(measured);
  const [planned] = planPasses([settled], found, peakBytesOf(measured.measure)).passes;
  if (!planned) return { findings: measured, passes: [] };
  const pass = await replay(options, planned);
  const order = { folder, passFolder: passFolder(folder, settled), command, keepsSnapshots, found };
  const { settled: looks = [] } = await settled.bring(pass, order);
  return { findings: withSettled(measured, budget, looks), passes: [pass], looks };
}

interface Settled {
  readonly findings: Findings;
  readonly passes: readonly PassResult[];
  /** Undefined where no pass forced collections. */
  readonly looks?: readonly SettledPoint[];
}

interface LinesLooked {
  readonly spikes: readonly Spike[];
  readonly pass?: PassResult;
  readonly notes: readonly Note[];
}

/** Where it is asked for, once more with the lines of the first suspect charged one by one. */
async function lookAtLines(
  options: RunOptions,
  findings: Findings,
  { spikes, sources }: { readonly spikes: readonly Spike[]; readonly sources: Sources },
): Promise<LinesLooked> {
  const spike = spikeOfLines(spikes);
  const isNode = options.launcher?.isNode ?? true;
  if (!options.lines || !spike || !isNode || options.signal.aborted) return { spikes, notes: [] };
  const watched = watchedFunction(spike);
  const instrument = watched && lineSampling(watched);
  if (!watched || !instrument) {
    const text =
      'lines: the source of the first suspect cannot be changed for a replay; its line is where the function is declared';
    return { spikes, notes: [{ severity: 'info', text }] };
  }
  const found = foundSpikes(findings);
  const [planned] = planPasses([instrument], found, peakBytesOf(findings.measure)).passes;
  let pass: PassResult;
  try {
    pass = await replay(options, planned!);
  } catch (error) {
    // What was found until now is kept, whatever becomes of a source that was changed.
    if (!(error instanceof FloodgateError)) throw error;
    return { spikes, notes: [{ severity: 'warning', text: `lines: ${error.message}` }] };
  }
  const { folder, command, keepsSnapshots } = options;
  const order = { folder, passFolder: passFolder(folder, instrument), command, keepsSnapshots, found };
  const { lines = [] } = await instrument.bring(pass, order);
  const shown = spikes.map((each) => (each === spike ? withLines(each, watched, lines, sources) : each));
  return { spikes: shown, pass, notes: [] };
}

const isResident = ({ line }: Findings['spikes'][number]) => line === 'rss';

/** Replays as often as there are instruments wanted, and puts together what they bring. */
async function explain(
  options: RunOptions,
  findings: Findings,
  looked: readonly PassResult[],
): Promise<{ passes: PassResult[]; explanation: Explanation }> {
  const explaining = explainingInstruments(options, findings);
  const found = foundSpikes(findings);
  const every = everyInstruments(options);
  const wanted = [...explaining, ...every.instruments, ...(options.cpu ?? [])];
  const plan = planPasses(wanted, found, peakBytesOf(findings.measure));
  const passes: PassResult[] = [];
  const brought: Brought[] = [{ notes: [...plan.notes, ...every.notes] }];
  for (const planned of plan.passes) {
    if (options.signal.aborted) break;
    const { measure, spikes, frames } = findings;
    const earlier = [...looked, ...passes];
    const requestMarks = requestMarksOf(measure, planned.frameMarks, { frames, earlier });
    const pass = await replay(options, { ...planned, requestMarks });
    passes.push(pass);
    const { activity, use } = planned.instrument;
    const ownSpikes = () => residentSpikes(pass).spikes;
    const aligned = windowsIn(measure, pass, { spikes, frames, ownSpikes, everyInterval: use?.everyInterval ?? false });
    const { folder, command, keepsSnapshots } = options;
    const order = {
      ...{ folder, passFolder: passFolder(folder, planned.instrument), command, keepsSnapshots },
      found: { ...found, frames: aligned.frames },
    };
    const note = explaining.includes(planned.instrument)
      ? alignmentNote(measure, pass, { by: aligned.by, activity })
      : undefined;
    brought.push({
      frames: aligned.frames,
      ...(await planned.instrument.bring(pass, order)),
    });
    if (note) brought.push({ notes: [note] });
  }
  const streams = explaining.length > 0 ? await streamsOf(options, findings) : [];
  return { passes, explanation: explanationOf(brought, streams) };
}

/** Profiles every so often, where they are wanted and can be had. */
function everyInstruments({ profileEveryMs, launcher, folder }: RunOptions): {
  instruments: Instrument[];
  notes: Note[];
} {
  if (profileEveryMs === undefined) return { instruments: [], notes: [] };
  if (launcher?.explains === false) {
    const text = `No profiles: of ${launcher.name} call sites are not available (${launcher.blind ?? 'it is no Node.js program, and --pprof names no address'})`;
    return { instruments: [], notes: [{ severity: 'warning', text }] };
  }
  const kinds = ['allocations', 'live'] as const;
  return { instruments: kinds.map((kind) => intervalProfiles(kind, profileEveryMs, folder)), notes: [] };
}

/** The instruments that look for who holds the memory. */
function explainingInstruments(options: RunOptions, findings: Findings): Instrument[] {
  const { explain, launcher, sitesEveryBytes } = options;
  if (options.signal.aborted || launcher?.explains === false) return [];
  const isNode = launcher?.isNode ?? true;
  const sampling = sitesEveryBytes === undefined ? allocations : allocationSampling(sitesEveryBytes);
  if (explain === 'always' || (explain !== 'never' && findings.isBroken)) {
    return [sampling, liveHeap, snapshots].filter(({ needsNode }) => isNode || !needsNode);
  }
  // A limit on call sites takes the pass that samples them.
  const isWanted = explain === 'brief' || sitesEveryBytes !== undefined || Object.keys(options.budget).some(takesSites);
  return isWanted ? [sampling] : [];
}

async function streamsOf({ traffic, signal }: RunOptions, { spikes, frames }: Findings): Promise<SpikeStream[][]> {
  return traffic && !signal.aborted ? streamsOfSpikes(traffic, spikes, frames) : [];
}

/** One pass over the traffic of the run. */
async function replay(
  options: RunOptions,
  planned: PlannedPass & { readonly requestMarks?: readonly number[] | undefined },
): Promise<PassResult> {
  const { scenario, folder, stage } = options;
  const defect = await defectArguments(options.defect);
  const feed = await options.openFeed();
  try {
    return await runPass({
      ...planned,
      lane: options.lane,
      feed,
      launcher:
        options.launcher ??
        agentLauncher(stage, [...(scenario.agentArguments ?? []), ...defect.agent], options.agentFolder),
      folder: passFolder(folder, planned.instrument),
      nodeArguments: [...defect.node, ...(options.repeatable ? repeatableArguments : [])],
      byRequests: options.byRequests ?? options.repeatable ?? false,
      sampleMs: options.sampleMs,
      intervalMs: planned.instrument.intervalMs ?? options.intervalMs,
      ...(options.idleMs !== undefined && { idleMs: options.idleMs }),
      settleMs: (scenario.settleSeconds ?? 2) * 1000,
      signal: options.signal,
      onProgress: options.onProgress,
    });
  } finally {
    await feed.close();
  }
}

function agentLauncher(stage: AgentStage, agentArguments: readonly string[], folder?: string): TargetLauncher {
  if (stage === 'upload') return new DeployedAgentLauncher(agentArguments, folder);
  return new AgentLauncher(['--until', stage, ...agentArguments], folder);
}

/** Where the pass of an instrument keeps its own files. */
function passFolder(folder: string, { kind }: Instrument): string {
  return path.join(folder, `pass-${kind}`);
}
