/** A run: scenario → traffic → link → target → samples and profiles → spikes → suspects → verdict. */
import type { RunReport } from '../reports/model.ts';
import { allocationSpike } from './explain/allocation-spike.ts';
import { type ExplainingPass, explainSpikes } from './explain/explain.ts';
import { findSpikes, type SpikeFindings } from './explain/spikes.ts';
import type { Feed } from './feed/feed.ts';
import type { TrafficOrder } from './feed/sender.ts';
import { sitesOf } from './metrics/allocated-sites.ts';
import { judge, Readings } from './metrics/budgets.ts';
import { takesSites } from './metrics/table.ts';
import { type CpuPass, passFolder, runCpuPasses } from './pass/cpu-passes.ts';
import { type PassKind, type PassProgress, type PassResult, runPass } from './pass/pass.ts';
import { writeProfileFile } from './profile/files.ts';
import { buildRunReport } from './report/build.ts';
import { spikesOf } from './report/spikes.ts';
import type { ScenarioHead } from './scenario/capture-scenario.ts';
import { defectArguments } from './scenario/catalogue.ts';
import type { Budget, Lane } from './scenario/scenario.ts';
import { AgentLauncher } from './target/agent-target.ts';
import { diedAtStart } from './target/child-target.ts';
import type { TargetLauncher } from './target/target.ts';
import { readEnvironment } from './watch/environment.ts';

/** When the passes that explain are run: `brief` takes allocations always, and all the rest on a breach. */
export type Explain = 'on-breach' | 'brief' | 'always';

/** Looked at before the first frame, for the level that the traffic finds. */
const baselineMs = 200;
/** A step that begins so soon after the first frame may be the target getting warm. */
const warmUpMs = 1_500;

export interface RunOptions {
  readonly scenario: ScenarioHead;
  readonly lane: Lane;
  readonly defect: string | undefined;
  /** The frames, for who asks which of them did it; undefined where there are none. */
  readonly traffic: TrafficOrder | undefined;
  /** @default our agent */
  readonly launcher?: TargetLauncher;
  readonly seed: number | null;
  readonly budget: Budget;
  readonly explain: Explain;
  /** Further passes, for CPU time; their tools are there (`checkCpuTools`). @default none */
  readonly cpu?: readonly CpuPass[];
  /** Heap snapshots stay in the report's folder. */
  readonly keepsSnapshots: boolean;
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
  const measure = await replay(options, 'measure', [], undefined);
  // One that could not be started has not been tried: nothing to judge, and nothing to explain.
  if (!measure.isTried && !measure.exit.expected && !options.signal.aborted) {
    throw diedAtStart(measure.targetName, measure.exit);
  }
  const found = spikesOn(measure);
  const readings = Readings.of({ measure, findings: found, sites: undefined });
  const findings = withAllocation(found, measure, options.budget, readings);
  const wanted = wantedPasses(options, measure, readings);
  const { passes, explanation, notes } = await explainSpikes({
    measure,
    findings,
    wanted,
    folder: options.folder,
    keepsSnapshots: options.keepsSnapshots,
    traffic: options.traffic,
    signal: options.signal,
    replay: (kind, frameMarks) => replay(options, kind, frameMarks, ceilingOf(kind, measure)),
  });
  const { scenario } = options;
  const cpu = await runCpuPasses({
    wanted: options.cpu ?? [],
    folder: options.folder,
    title: options.command,
    signal: options.signal,
    replay: (kind) => replay(options, kind, [], ceilingOf(kind, measure)),
  });
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
    isAgent: options.launcher === undefined,
    budget: options.budget,
    readings: readings.withSites(sitesOf(explanation.allocations)),
    passes: [measure, ...passes, ...cpu.passes],
    spikes: spikesOf(measure, findings, explanation, (name, profile) =>
      writeProfileFile(options.folder, name, profile),
    ),
    notes: [...notes, ...cpu.notes],
    interrupted: options.signal.aborted,
  });
}

/** Of the traffic, not of the start. */
function spikesOn({ watch, sendStartMs }: PassResult): SpikeFindings {
  return findSpikes(watch.rss.tMs(), watch.rss.column('own'), {
    ignoreBeforeMs: sendStartMs - baselineMs,
    warmUpUntilMs: sendStartMs + warmUpMs,
  });
}

/** Where a limit on allocation is broken, what was allocated is to be explained, whatever resident memory did. */
function withAllocation(
  findings: SpikeFindings,
  measure: PassResult,
  budget: Budget,
  readings: Readings,
): SpikeFindings {
  const broken = judge(budget, readings).some(({ name, state }) => state === 'over' && name.startsWith('allocated.'));
  if (!broken) return findings;
  const { v8 } = measure.channel;
  const spike = allocationSpike(v8.tMs(), v8.column('allocated'), measure.sendStartMs, measure.sendEndMs);
  return spike ? { ...findings, spikes: [...findings.spikes, spike] } : findings;
}

/** What an instrument takes in the target on top of what was measured: samplers tens of megabytes, snapshots many times the heap. */
function ceilingOf(kind: PassKind, measure: PassResult): number {
  const peak = measure.watch.rss.column('rss').reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  return kind === 'snapshots' ? 8 * peak + 1e9 : 1.5 * peak + 300e6;
}

async function replay(
  options: RunOptions,
  kind: PassKind,
  frameMarks: readonly number[],
  ceilingBytes: number | undefined,
): Promise<PassResult> {
  const { scenario } = options;
  const defect = options.defect === undefined ? { node: [], agent: [] } : await defectArguments(options.defect);
  const feed = await options.openFeed();
  try {
    return await runPass({
      kind,
      lane: options.lane,
      feed,
      launcher: options.launcher ?? new AgentLauncher([...(scenario.agentArguments ?? []), ...defect.agent]),
      folder: passFolder(options.folder, kind),
      nodeArguments: defect.node,
      sampleMs: options.sampleMs,
      intervalMs: options.intervalMs,
      frameMarks,
      ...(options.idleMs !== undefined && { idleMs: options.idleMs }),
      ceilingBytes,
      settleMs: (scenario.settleSeconds ?? 2) * 1000,
      signal: options.signal,
      onProgress: options.onProgress,
    });
  } finally {
    await feed.close();
  }
}

/** One kind of instrument a pass, so that none disturbs another. */
function wantedPasses(options: RunOptions, measure: PassResult, readings: Readings): ExplainingPass[] {
  const { explain } = options;
  if (options.signal.aborted || options.launcher?.explains === false) return [];
  const hasV8 = options.launcher?.isNode ?? true;
  const isBroken = !measure.exit.expected || judge(options.budget, readings).some(({ state }) => state === 'over');
  // Only V8 writes heap snapshots.
  const everything: ExplainingPass[] = ['allocations', 'live-heap', ...(hasV8 ? (['snapshots'] as const) : [])];
  if (explain === 'always' || isBroken) return everything;
  // A limit on call sites takes the pass that samples them.
  return explain === 'brief' || Object.keys(options.budget).some(takesSites) ? ['allocations'] : [];
}
