/** The figures of a measuring pass by budget name. Pure. */

import type { SpikeFindings } from '../explain/spikes.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { countsOf, gaugesOf } from './agent-counters.ts';
import { summarizeLevel } from './percentiles.ts';

/** Names are those of budgets; null: it could not be measured. */
export function measuredOf(pass: PassResult, findings: SpikeFindings): Record<string, number | null> {
  const { watch, channel } = pass;
  const rss = summarizeLevel(watch.rss.tMs(), watch.rss.column('rss'));
  const counts = countsOf(pass.stats);
  const gauges = gaugesOf(pass.stats, pass.startedAtEpochMs);
  const messages = counts.requests === null ? null : counts.requests + (counts.responses ?? 0);
  const last = channel.last;
  // A spike that never came back has no recovery time: the budget cannot be met.
  const recoveries = findings.spikes.filter(({ line }) => line === 'rss').map((spike) => spike.recoveryMs);
  return {
    'rss.mean': rss?.mean ?? null,
    'rss.p99': rss?.p99 ?? null,
    'rss.p999': rss?.p999 ?? null,
    'rss.max': rss ? Math.max(rss.max, watch.rssPeakBytes) : null,
    'pss.max': largest(watch.rollup.column('pss')),
    'heap.peakBeforeGc': last?.peakBeforeGc ?? null,
    'heap.afterGc': last?.afterGc ?? null,
    'external.max': largest(channel.v8.column('external')),
    'allocated.perMessage': last && messages ? last.allocated / messages : null,
    'growth.perSecond': findings.growth.isLeak ? findings.growth.slope : 0,
    'pages.max': largest(gauges.pages),
    'streams.max': largest(gauges.streams),
    'recovery.seconds': recoveries.includes(null) ? null : Math.max(0, ...(recoveries as number[])) / 1000,
    'cpu.seconds': cpuSeconds(pass),
    'dropped.frames': droppedFrames(pass),
    'missed.messages': missedMessages(pass),
  };
}

/** By the process itself at its end, where it told: the last look from outside is seconds old then. */
function cpuSeconds({ channel, watch }: PassResult): number | null {
  const { usage } = watch;
  const cpuMs = channel.last?.cpuMs ?? (usage ? usage.userMs + usage.systemMs : null);
  return cpuMs === null ? null : cpuMs / 1000;
}

/** Frames that the device delivered and the agent did not get, by the kernel's count. */
function droppedFrames(pass: PassResult): number | null {
  return countsOf(pass.stats).framesDropped ?? (pass.lane === 'exact' ? 0 : null);
}

/** Intact messages the agent did not find; null where the truth or the agent's count is unknown. */
function missedMessages({ sending, stats }: PassResult): number | null {
  const truth = sending?.truth;
  const counts = countsOf(stats);
  const requests = counts.requestsComplete;
  const responses = counts.responsesComplete;
  if (!truth || requests === null || responses === null) return null;
  return Math.max(0, truth.requestsIntact - requests) + Math.max(0, truth.responsesIntact - responses);
}

function largest(values: readonly (number | null)[]): number | null {
  return values.reduce((most, value) => (value !== null && (most === null || value > most) ? value : most), null);
}
