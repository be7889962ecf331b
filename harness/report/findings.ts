/** What the measuring pass shows, computed once: plan, explanation, report and verdict all read it here. Pure. */
import type { FrameRange } from '../../reports/model.ts';
import { allocationSpike } from '../explain/allocation-spike.ts';
import { framesOfSpike } from '../explain/frame-windows.ts';
import { findSpikes, type Growth, type SpikeFindings, type SpikeShape } from '../explain/spikes.ts';
import { judge, Readings } from '../metrics/budgets.ts';
import { largest } from '../metrics/memory.ts';
import type { FoundSpikes } from '../pass/instruments/instrument.ts';
import type { PassResult } from '../pass/pass-result.ts';
import type { Budget } from '../scenario/scenario.ts';

export interface Findings {
  readonly measure: PassResult;
  readonly spikes: readonly SpikeShape[];
  readonly growth: Growth;
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

export function findingsOf(measure: PassResult, budget: Budget): Findings {
  const found = residentSpikes(measure);
  const readings = Readings.of({ measure, findings: found, sites: undefined });
  const broken = judge(budget, readings).filter(({ state }) => state === 'over');
  // Resident memory may be flat where a limit on allocation is broken: what was allocated is explained then.
  const allocated = broken.some(({ name }) => name.startsWith('allocated.')) ? allocationOf(measure) : null;
  const spikes = allocated ? [...found.spikes, allocated] : found.spikes;
  return {
    measure,
    spikes,
    growth: found.growth,
    frames: spikes.map((spike) => framesOfSpike(measure, spike)),
    readings,
    // Why a request failed or was late shows in no profile of memory.
    isBroken: broken.some(({ name }) => !name.startsWith('requests.')) || !measure.exit.expected,
  };
}

/** As the instruments need it. */
export function foundSpikes({ measure, spikes, frames }: Findings): FoundSpikes {
  // What was merely allocated is in no snapshot.
  const heights = spikes.map(({ line, heightBytes }) => (line === 'rss' ? heightBytes : -1));
  return {
    frames,
    highest: heights.indexOf(Math.max(0, ...heights)),
    heapBytes: largest(measure.channel.v8.column('heapUsed')) ?? undefined,
  };
}

/** Highest resident memory of the target. */
export function peakBytesOf({ watch }: PassResult): number {
  return largest(watch.rss.column('rss')) ?? 0;
}

/** Of the traffic, not of the start. */
function residentSpikes({ watch, sendStartMs }: PassResult): SpikeFindings {
  const { tMs, own } = watch.tops();
  return findSpikes(watch.rss.tMs(), watch.rss.column('own'), {
    tops: { tMs, bytes: own },
    ignoreBeforeMs: sendStartMs - baselineMs,
    warmUpUntilMs: sendStartMs + warmUpMs,
  });
}

function allocationOf({ channel: { v8 }, sendStartMs, sendEndMs }: PassResult): SpikeShape | null {
  return allocationSpike(v8.tMs(), v8.column('allocated'), sendStartMs, sendEndMs);
}
