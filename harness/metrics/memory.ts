/** Readings of memory as the kernel accounts it. Pure. */
import type { RunFigures } from './measured-run.ts';
import { percentile, unseen } from './percentiles.ts';
import { between, notMeasured, type Reading, value, valueOr } from './reading.ts';

export function idle({ idleLevels, rssPeakBytes }: RunFigures): Reading {
  if (!idleLevels) return notMeasured('nothing was read before the first frame: --idle, or a longer one');
  return percentile(idleLevels, 0.5, rssPeakBytes);
}

export function mean({ levels }: RunFigures): Reading {
  return valueOr(levels?.mean, unseen);
}

export function atPercentile({ levels, rssPeakBytes }: RunFigures, q: number): Reading {
  return percentile(levels, q, rssPeakBytes);
}

/** From the first frame or request on: what a program takes to start says nothing of its traffic. One that got none is judged by its start. */
export function highest({ levels, rssPeakBytes, trafficRssBytes, measure }: RunFigures): Reading {
  if (!levels) return notMeasured(unseen);
  if (trafficRssBytes !== undefined) return value(trafficRssBytes);
  return value(Math.max(levels.max, rssPeakBytes ?? 0, measure.watch.rssPeakBytes));
}

/**
 * A process at a desk is not as large as one that has run for weeks: how far it rises can be compared, its level cannot. With few readings
 * before the first frame it lies between those to the highest and to the lowest of them.
 */
export function rise(run: RunFigures): Reading {
  const top = highest(run);
  if (top.state !== 'value') return top;
  const { idleLevels, firstRssBytes } = run;
  const base = idle(run);
  const above = (bytes: number) => Math.max(0, top.value - bytes);
  if (base.state === 'value') return value(above(base.value));
  if (idleLevels) return between(above(idleLevels.max), above(idleLevels.at(0)), 'it was idle for too few readings');
  // It may have risen by then.
  return firstRssBytes === undefined
    ? notMeasured(unseen)
    : between(above(firstRssBytes), top.value, 'nothing was read before the first frame: --idle, or a longer one');
}

/** Read seldom, and where RSS is higher than at any reading before: what came above the last of them may be its own. */
export function ofRollup({ measure: { watch }, levels, rssPeakBytes }: RunFigures, column: 'pss' | 'uss'): Reading {
  const most = largest(watch.rollup.column(column));
  if (most === null || !levels) return notMeasured('the kernel gives no account of its pages (smaps_rollup)');
  const unseenBytes = Math.max(0, (rssPeakBytes ?? levels.max) - watch.rollupRssBytes);
  return between(
    most,
    most + unseenBytes,
    'resident memory was higher between two readings of it: run it again, or longer',
  );
}

export function ofGroup({ measure }: RunFigures): Reading {
  return valueOr(measure.watch.groupPeakBytes, 'it is in no control group that counts memory');
}

/** A spike that had not come back at the end took longer than it was watched. A leak is none: growth has a limit of its own. */
export function recovery({ findings, measure }: RunFigures): Reading {
  const spikes = findings.spikes.filter(({ line, shape }) => line === 'rss' && shape !== 'leak');
  if (measure.watch.rss.count === 0) return notMeasured(unseen);
  const back = Math.max(0, ...spikes.map(({ recoveryMs }) => recoveryMs ?? 0)) / 1000;
  const endMs = measure.watch.rss.tMs().at(-1)!;
  const open = spikes.filter(({ recoveryMs }) => recoveryMs === null).map(({ topMs }) => (endMs - topMs) / 1000);
  if (open.length === 0) return value(back);
  const low = Math.max(back, ...open);
  const reason = `a spike had not come back when the run ended, ${Math.max(...open).toFixed(1)} s after its top`;
  return between(low, Number.POSITIVE_INFINITY, reason);
}

/** Null without a value. */
export function largest(values: readonly (number | null)[]): number | null {
  return values.reduce((most, each) => (each !== null && (most === null || each > most) ? each : most), null);
}
