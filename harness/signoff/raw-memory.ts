/**
 * What two witnesses of one run say of its memory: the kernel's peak and the samples, readings a millisecond and what lies between the
 * samples, phases and the samples in them. Whoever changes one of them has to change all. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { laneRules } from '../pass/lane-rules.ts';
import type { Measurement, StoredTable } from '../report/measurement.ts';
import { betweenSamples } from '../watch/between-samples.ts';

/** The kernel counts pages by processor, and adds them up later: what it says at one moment differs by some. */
const slackBytes = 4 << 20;
const slackShare = 0.02;
const isAbove = (bytes: number, peakBytes: number) => bytes > peakBytes * (1 + slackShare) + slackBytes;
export const isBelow = (bytes: number, leastBytes: number) => bytes < leastBytes * (1 - slackShare) - slackBytes;

/** Halves of times are rounded. */
const clockStepMs = 0.001;

export const column = ({ columns }: StoredTable, name: string): readonly (number | null)[] =>
  columns.find((each) => each.name === name)?.values ?? [];

export function largest(...lists: readonly (readonly (number | null)[])[]): number {
  let most = 0;
  for (const list of lists) for (const each of list) if (each !== null && each > most) most = each;
  return most;
}

/** The kernel counts pages, and floodgate bytes of them: a part of a byte is of an arithmetic that no run does. */
export function partsFault({ pass: { watch, channel } }: Measurement): string | undefined {
  const { rss, rollup, map, levels, rssPeakBytes, rollupRssBytes } = watch;
  const ofTables = [rss, rollup, map].flatMap(({ columns }) => columns.map(({ values }) => values));
  const isWhole = (each: number | null) => each === null || Number.isSafeInteger(each);
  const isCounted = [...ofTables, levels.bytes, [rssPeakBytes, rollupRssBytes]].every((list) => list.every(isWhole));
  if (!isCounted) return 'an amount of memory is no whole number of bytes';
  const { allocated = 0, ownAllocated = 0 } = channel.last ?? {};
  if (![allocated, ownAllocated].every(isWhole)) return 'what was allocated is no whole number of bytes';
  if (watch.usage && watch.usage.threads < 1) return 'its process had no thread';
  const faults = largest(column(rollup, 'minorFaults'));
  return watch.usage && watch.usage.minorFaults < faults ? 'fewer pages came in by its end than before' : undefined;
}

/** Nothing is more than the kernel's peak, and what shares were read of was there. */
export function peakFault(measurement: Measurement): string | undefined {
  const { watch, channel } = measurement.pass;
  const { rss, rollup, levels, tops, rssPeakBytes, peakIsWhole, rollupRssBytes, phases } = watch;
  const [samples, peaks] = [column(rss, 'rss'), column(rss, 'rssPeak')];
  const lower = samples.findIndex((bytes, at) => bytes !== null && bytes > (peaks[at] ?? bytes));
  if (lower >= 0) return 'a sample of resident memory is above the peak beside it';
  const highest = largest(samples, levels.bytes, tops.rss);
  const peak = Math.max(rssPeakBytes, channel.last?.rssPeak ?? 0);
  const ofPhases = largest(phases.map(({ rssMaxBytes }) => rssMaxBytes));
  const isOver = isAbove(largest(peaks), rssPeakBytes) || (peakIsWhole && isAbove(Math.max(highest, ofPhases), peak));
  if (isOver) return 'resident memory is above the kernel’s peak';
  if (isTrafficOver(measurement)) return 'resident memory is above the kernel’s peak since its traffic began';
  // Read between two samples: what came and went there is in a level, a top or the kernel's peak.
  if (samples.length > 0 && isAbove(rollupRssBytes, Math.max(highest, peakIsWhole ? peak : 0)))
    return 'shares were read of more memory than there was at any time';
  if (isAbove(largest(column(rollup, 'pss'), column(rollup, 'uss')), Math.max(rollupRssBytes, highest)))
    return 'a share of resident memory is more than all of it';
  return undefined;
}

/** A peak beside a sample, or of a phase, that came with the traffic is of the traffic's. Versions that did not keep it have none to compare. */
function isTrafficOver({ pass: { watch, isTried, sendStartMs } }: Measurement): boolean {
  const { rss, phases, rssPeakBytes, trafficPeakBytes } = watch;
  if (!isTried || typeof trafficPeakBytes !== 'number') return false;
  const peaks = column(rss, 'rssPeak').filter((_, at) => rss.tMs[at]! > sendStartMs);
  const ofPhases = phases.filter(({ startMs }) => startMs >= sendStartMs).map(({ rssMaxBytes }) => rssMaxBytes);
  return isAbove(largest(peaks, ofPhases), trafficPeakBytes) || isAbove(trafficPeakBytes, rssPeakBytes);
}

/** Phases follow one another, and no sample in one is above its peak; a run that came to its end has the first and the last. */
export function phasesFault({ interrupted, pass: { lane, exit, watch } }: Measurement): string | undefined {
  const { phases, rss } = watch;
  const isInOrder = phases.every(
    ({ startMs, endMs }, at) => startMs <= endMs && startMs >= (phases[at - 1]?.endMs ?? 0),
  );
  if (!isInOrder) return 'its phases do not follow one another';
  const ends = [phases.at(0)?.name, phases.at(-1)?.name];
  if (exit.expected && !interrupted && !isDeepStrictEqual(ends, [...laneRules[lane].phaseNames]))
    return 'its phases are not those of its lane';
  const samples = column(rss, 'rss');
  const lower = phases.find(({ startMs, endMs, rssMaxBytes }) => {
    const within = samples.filter((_, at) => rss.tMs[at]! > startMs && rss.tMs[at]! < endMs);
    return rssMaxBytes !== null && isAbove(largest(within), rssMaxBytes);
  });
  return lower && 'a sample of resident memory is above the peak of its phase';
}

/** The group's highest charge is at least each that stands beside the shares. */
export function groupFault({ pass: { watch } }: Measurement): string | undefined {
  const charges = column(watch.rollup, 'cgroup');
  const isBelow = largest(charges) > (watch.groupPeakBytes ?? 0);
  return isBelow ? 'the control group was charged more than its highest charge' : undefined;
}

/** Readings of a thread are more than the samples; without one they are the samples. */
export function levelsFault({ pass: { watch } }: Measurement): string | undefined {
  const { rss, levels, tops } = watch;
  const isPart = tops.own.length === tops.rss.length && tops.own.every((bytes, at) => bytes <= tops.rss[at]!);
  if (!isPart) return 'what lies between its samples has parts that are more than all of it';
  if (levels.tMs.length !== levels.bytes.length) return 'its readings of memory are not as many as their times';
  if (levels.tMs.some((ms, at) => at > 0 && ms < levels.tMs[at - 1]!)) return 'its readings of memory go back in time';
  const [samples, own, peak] = [column(rss, 'rss'), column(rss, 'own'), column(rss, 'rssPeak')];
  if (levels.tMs.length > samples.length) {
    const again = betweenSamples({ tMs: rss.tMs, rss: samples, own, peak }, { ...levels, ownBytes: levels.bytes });
    const isSame =
      isDeepStrictEqual(again.rss, tops.rss) &&
      tops.tMs.length === tops.rss.length &&
      tops.tMs.every((ms, at) => Math.abs(ms - again.tMs[at]!) < clockStepMs);
    return isSame ? undefined : 'what lies between its samples is not what its readings of memory say';
  }
  const known = new Map(rss.tMs.map((ms, at) => [ms, samples[at]]));
  const isSampled = levels.tMs.every((ms, at) => known.get(ms) === levels.bytes[at]);
  return isSampled && (levels.tMs.length > 0 || samples.length === 0)
    ? undefined
    : 'its readings of memory are fewer than its samples, and others';
}
