/** What the measuring pass shows, computed once: plan, explanation, report and verdict all read it here. Pure. */
import type { FrameRange } from '../../reports/model.ts';
import { allocationSpike } from '../explain/allocation-spike.ts';
import { framesOfSpike } from '../explain/frame-windows.ts';
import { nativeLineOf, paceOf, type SettledGrowth, settledGrowth } from '../explain/settled.ts';
import { findSpikes, leakShape, type SpikeFindings, type SpikeShape } from '../explain/spikes.ts';
import { judge, Readings } from '../metrics/budgets.ts';
import { messagesOf } from '../metrics/measured-run.ts';
import { largest } from '../metrics/memory.ts';
import { familyLineOf } from '../metrics/tree.ts';
import type { FoundSpikes, SettledPoint } from '../pass/instruments/instrument.ts';
import type { MeasuredPass, PassResult } from '../pass/pass-result.ts';
import type { Budget } from '../scenario/scenario.ts';

/** By default of a pass as it was run; of one that was read back from a file all but the instruments' own is there. */
export interface Findings<Pass extends MeasuredPass = PassResult> {
  readonly measure: Pass;
  /** Of resident memory, as its line shows them. */
  readonly found: SpikeFindings;
  /** These, and what no such line shows but a limit says is to be explained. */
  readonly spikes: readonly SpikeShape[];
  /** What stays, by the pass that forces collections; undefined where there was none. */
  readonly settled: SettledGrowth | undefined;
  /** HTTP messages that the agent found, or answers that another program gave; null where they were not counted. */
  readonly messages: number | null;
  /** The spike that is to say what broke a limit on growth; −1 where none is broken, or nothing leaks. */
  readonly growthSpike: number;
  /** The frames that were sent between the beginning of each spike's rise and its top. */
  readonly frames: readonly FrameRange[];
  /** What the table of metrics reads in it. */
  readonly readings: Readings;
  /** A limit on memory or time is broken, or the target has ended by itself: it is to be explained. */
  readonly isBroken: boolean;
}

/** Looked at before the first frame, for the level that the traffic finds. */
const baselineMs = 200;
/** A step that begins so soon after the first frame may be the target getting warm. */
const warmUpMs = 1_500;

export function findingsOf<Pass extends MeasuredPass>(measure: Pass, budget: Budget): Findings<Pass> {
  const found = residentSpikes(measure);
  const readings = Readings.of({ measure, findings: found, sites: undefined });
  return judged({ measure, found, readings, settled: undefined }, budget);
}

/** The same with what stays. @param looks of the pass that forces collections */
export function withSettled<Pass extends MeasuredPass>(
  { measure, found, readings }: Findings<Pass>,
  budget: Budget,
  looks: readonly SettledPoint[],
): Findings<Pass> {
  const settled = settledGrowth(looks, paceOf(measure), nativeLineOf(measure));
  return judged({ measure, found, readings: readings.with({ settled, looks: looks.length }), settled }, budget);
}

type Measured<Pass extends MeasuredPass> = Pick<Findings<Pass>, 'measure' | 'found' | 'readings' | 'settled'>;

function judged<Pass extends MeasuredPass>(
  { measure, found, readings, settled }: Measured<Pass>,
  budget: Budget,
): Findings<Pass> {
  const broken = judge(budget, readings).filter(({ state }) => state === 'over');
  // Resident memory may be flat where a limit on allocation is broken: what was allocated is explained then.
  const allocated = broken.some(({ name }) => name.startsWith('allocated.')) ? allocationOf(measure) : null;
  const isGrowthBroken = broken.some(({ name }) => name.startsWith('growth.'));
  const grows = settled?.isLeak === true || isGrowthBroken;
  const resident = grows ? withGrowth(measure, found.spikes, settled) : found.spikes;
  const all = broken.some(({ name }) => name === 'tree.max') ? withTree(measure, resident) : resident;
  const spikes = allocated ? [...all, allocated] : all;
  return {
    measure,
    found,
    spikes,
    settled,
    growthSpike: isGrowthBroken && settled?.isLeak ? smallestHolding(measure, resident, settled) : -1,
    messages: messagesOf(measure),
    frames: spikes.map((spike) => framesOfSpike(measure, spike)),
    readings,
    // Why a request failed or was late, or was left out for want of time, shows in no profile of memory.
    isBroken:
      broken.some(({ name }) => !/^(requests\.|exchanges\.|bodies\.shed$)/.test(name)) || !measure.exit.expected,
  };
}

/** A spike that holds this much of what stays is explained as it is; else all of the traffic is one. */
const heldShareMin = 0.5;

const holds = ({ sendStartMs, sendEndMs }: MeasuredPass, settled: SettledGrowth | undefined) => {
  const kept = Math.max(0, settled?.keptBytes ?? 0);
  return ({ shape, heightBytes, startMs, topMs }: SpikeShape) =>
    shape === 'leak' ||
    (heightBytes >= heldShareMin * kept && topMs - startMs >= heldShareMin * (sendEndMs - sendStartMs));
};

/** The one with the least beside what stays. */
function smallestHolding(measure: MeasuredPass, spikes: readonly SpikeShape[], settled: SettledGrowth): number {
  const heights = spikes.map((spike) =>
    holds(measure, settled)(spike) ? spike.heightBytes : Number.POSITIVE_INFINITY,
  );
  const least = Math.min(...heights);
  return Number.isFinite(least) ? heights.indexOf(least) : -1;
}

/** Growth that makes no spike of its own, being slow, is to be explained all the same. */
function withGrowth(measure: MeasuredPass, spikes: readonly SpikeShape[], settled: SettledGrowth | undefined) {
  const { watch, sendStartMs, sendEndMs } = measure;
  if (spikes.some(holds(measure, settled))) return spikes;
  const tMs = watch.rss.tMs();
  // What rose and came back is reported already, and is nothing that stays.
  const cameBack = (ms: number) =>
    spikes.some(({ startMs, topMs, recoveryMs }) => recoveryMs !== null && startMs <= ms && ms < topMs + recoveryMs);
  const stays = watch.rss.column('own').map((bytes, i) => (cameBack(tMs[i]!) ? null : bytes));
  const all = leakShape(tMs, stays, sendStartMs, sendEndMs);
  if (!all) return spikes;
  const heightBytes = Math.max(all.heightBytes, settled?.keptBytes ?? 0);
  return [...spikes, { ...all, heightBytes, topBytes: all.baselineBytes + heightBytes }];
}

/** What a child took is in no line of the target's own, and its profiles are among those of the passes. */
function withTree(measure: MeasuredPass, spikes: readonly SpikeShape[]): readonly SpikeShape[] {
  const { line } = (measure.family?.members.length ? familyLineOf(measure) : undefined) ?? {};
  if (!line) return spikes;
  const found = findSpikes(line.tMs, line.bytes, windowOf(measure)).spikes;
  const [highest] = found.toSorted((a, b) => b.heightBytes - a.heightBytes);
  const isOwn = ({ startMs, topMs, heightBytes }: SpikeShape) =>
    heightBytes >= heldShareMin * highest!.heightBytes && startMs <= highest!.topMs && topMs >= highest!.startMs;
  return !highest || spikes.some(isOwn) ? spikes : [...spikes, { ...highest, isOfTree: true }];
}

/** As the instruments need it. */
export function foundSpikes({ measure, spikes, frames, settled }: Findings): FoundSpikes {
  // What was merely allocated is in no snapshot.
  const heights = spikes.map(({ line, heightBytes }) => (line === 'rss' ? heightBytes : -1));
  return {
    frames,
    leakBytes: settled?.isLeak ? settled.keptBytes : 0,
    framesSent: measure.sent.column('frames').at(-1) ?? 0,
    highest: heights.indexOf(Math.max(0, ...heights)),
    heapBytes: largest(measure.channel.v8.column('heapUsed')) ?? undefined,
  };
}

/** Highest resident memory of the target. */
export function peakBytesOf({ watch }: PassResult): number {
  return largest(watch.rss.column('rss')) ?? 0;
}

/** Of the traffic, not of the start. */
export function residentSpikes(measure: MeasuredPass): SpikeFindings {
  const { watch } = measure;
  const { tMs, own } = watch.tops();
  return findSpikes(watch.rss.tMs(), watch.rss.column('own'), { tops: { tMs, bytes: own }, ...windowOf(measure) });
}

function windowOf({ lane, sendStartMs, sendEndMs }: MeasuredPass) {
  return {
    ignoreBeforeMs: sendStartMs - baselineMs,
    // There the target ends with its input: what it gives back then is no recovery.
    ...(lane === 'exact' && sendEndMs > sendStartMs && { ignoreAfterMs: sendEndMs }),
    ...(sendEndMs > sendStartMs && { traffic: { startMs: sendStartMs, endMs: sendEndMs } }),
    warmUpUntilMs: sendStartMs + warmUpMs,
  };
}

function allocationOf({ channel: { v8 }, sendStartMs, sendEndMs }: MeasuredPass): SpikeShape | null {
  return allocationSpike(v8.tMs(), v8.column('allocated'), sendStartMs, sendEndMs);
}
