/** What the rows of the table read a figure from, and what several of them share. Pure. */
import type { SettledGrowth } from '../explain/settled.ts';
import type { SpikeFindings } from '../explain/spikes.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { type AgentCount, countsOf } from '../watch/agent-counters.ts';
import type { SiteBytes } from './allocated-sites.ts';
import { type Distribution, distributionOf } from './percentiles.ts';
import { per, type Reading } from './reading.ts';

/** A measuring pass, and what the passes after it brought. */
export interface MeasuredRun {
  readonly measure: MeasuredPass;
  readonly findings: SpikeFindings;
  /** Of everything allocated while traffic flowed; undefined where no pass sampled it. */
  readonly sites: readonly SiteBytes[] | undefined;
  /** What stays, by the pass that forces collections; undefined where there was none, or it took too few looks. */
  readonly settled?: SettledGrowth | undefined;
  /** How often that pass looked, enough or not. @default no such pass */
  readonly looks?: number;
}

/** The same with what takes time to work out, worked out once. */
export interface RunFigures extends MeasuredRun {
  readonly counts: AgentCount;
  /** Resident memory over the whole pass, and before the first frame. */
  readonly levels: Distribution | undefined;
  readonly idleLevels: Distribution | undefined;
  /** The first reading, whenever it was. */
  readonly firstRssBytes: number | undefined;
  /** The kernel's own peak since the target was ready, where it is known to the end. */
  readonly rssPeakBytes: number | undefined;
  /** See `trafficPeakOf`. */
  readonly trafficRssBytes: number | undefined;
  /** HTTP messages that the agent found, or answers that another program gave; null where they were not counted. */
  readonly messages: number | null;
}

export function figuresOf(run: MeasuredRun): RunFigures {
  const { measure } = run;
  const { watch, stats } = measure;
  const counts = countsOf(stats);
  const levels = watch.levels();
  const idle = measure.isTried ? levels.tMs.findIndex((ms) => ms >= measure.sendStartMs) : 0;
  const idleEnd = idle < 0 ? levels.tMs.length : idle;
  return {
    ...run,
    counts,
    levels: distributionOf(levels.tMs, levels.bytes),
    idleLevels: distributionOf(levels.tMs.slice(0, idleEnd), levels.bytes.slice(0, idleEnd)),
    firstRssBytes: levels.bytes[0],
    rssPeakBytes: peakOf(measure),
    trafficRssBytes: trafficPeakOf(measure),
    messages: messagesOf(measure),
  };
}

/** HTTP messages that the agent found, or answers that another program gave; null where they were not counted. */
export function messagesOf({ stats, answers }: MeasuredPass): number | null {
  const { requests, responses } = countsOf(stats);
  return requests !== null ? requests + (responses ?? 0) : answers?.isEstimate ? null : (answers?.total ?? null);
}

/** A reading of the whole run for each of its messages. */
export function perMessage(reading: Reading, { messages }: RunFigures): Reading {
  return per(reading, messages, 'no messages were counted');
}

/** By the kernel: of each phase, the last of them asked from outside while it lived, or by the program itself at its end. */
function peakOf({ watch, channel }: MeasuredPass): number | undefined {
  const inside = channel.last?.rssPeak;
  if (!watch.peakIsWhole && inside === undefined) return undefined;
  return Math.max(inside ?? 0, ...watch.phases.map(({ rssMaxBytes }) => rssMaxBytes ?? 0));
}

/**
 * Highest resident memory of the traffic: by readings from the one that stood when it began, and by the kernel, so far as what it says is of
 * the time since then. Undefined where there was none, or a version measured that took the start for traffic.
 */
export function trafficPeakOf({ watch, channel, isTried, sendStartMs }: MeasuredPass): number | undefined {
  const { trafficPeakBytes, rssPeakBytes, phases, rss } = watch;
  const { tMs, bytes } = watch.levels();
  if (!isTried || trafficPeakBytes === undefined || tMs.length === 0) return undefined;
  const first = tMs.findIndex((ms) => ms > sendStartMs);
  const from = Math.max(0, (first < 0 ? tMs.length : first) - 1);
  const sampledMs = rss.tMs();
  const peaks = rss.column('rssPeak').filter((_, at) => sampledMs[at]! > sendStartMs);
  const inside = channel.last?.rssPeak ?? 0;
  // Where the kernel's peak only rises, one that is no higher than before may be of the start.
  const known = trafficPeakBytes === null ? [] : phases.filter(({ startMs }) => startMs >= sendStartMs);
  return Math.max(
    [...bytes.slice(from), ...peaks].reduce<number>((most, each) => Math.max(most, each ?? 0), 0),
    trafficPeakBytes ?? 0,
    trafficPeakBytes !== null || inside > rssPeakBytes ? inside : 0,
    ...known.map(({ rssMaxBytes }) => rssMaxBytes ?? 0),
  );
}
