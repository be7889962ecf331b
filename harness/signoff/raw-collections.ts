/**
 * What each collection found and left, and when it came, held against what lay on the same heap at the readings around it: between two
 * collections a heap grows. What the last reading says of all of them is made again. Pure.
 */
import type { SumParts } from '../preload/options.ts';
import type { Measurement } from '../report/measurement.ts';
import { eventsMax } from '../watch/preload-channel.ts';
import { isV8 } from './raw-marks.ts';
import { column, largest } from './raw-memory.ts';

type Pass = Measurement['pass'];
type Channel = Pass['channel'];
type Collection = Channel['gc'][number];

/** V8 sweeps pages later, and knows then that less lies there: 536 kB were seen in 1,150 runs. */
const sweptBytes = 1 << 20;
const sweptShare = 0.05;
/** What a reading has taken until its heap is looked at again: 44 kB were seen. */
const lookedBytes = 512 << 10;
/** V8 dates the beginning of a record by another clock than readings have. */
const clockMs = 100;
/** From the end of a record to the reading that it is made for, on a busy machine: 41 ms were seen. */
const stallMs = 1_000;

interface Moment {
  readonly tMs: number;
  readonly parts: SumParts;
}

/** Of the main thread of V8, where each of its collections was kept. */
export function collectionsFault({ pass }: Measurement): string | undefined {
  const { gc, last } = pass.channel;
  if (!last?.parts || !isV8(pass.channel) || gc.length >= eventsMax) return undefined;
  const moments = [...pass.channel.marks, last].flatMap(({ tMs, parts }) => (parts ? [{ tMs, parts }] : []));
  if (moments.some(({ parts }) => parts.collections > gc.length))
    return 'more collections were counted than there were';
  return lastFault(last, gc) ?? lyingFault(pass.channel, moments) ?? whenFault(gc, moments);
}

/** Threads add to what the main one says: by itself it has nothing but its own. */
function lastFault(
  { peakBeforeGc, afterGc, heapUsed, parts }: NonNullable<Channel['last']>,
  gc: readonly Collection[],
): string | undefined {
  const { collections, lying } = parts!;
  const counted = gc.slice(0, collections);
  const left = counted.findLast(({ kind }) => kind === 'MarkSweepCompact')?.usedAfter ?? 0;
  const isAlone = heapUsed === lying;
  if (isAlone ? afterGc !== left : afterGc < left) return 'its last whole collection left something else than it says';
  const most = Math.max(lying, largest(counted.map(({ usedBefore }) => usedBefore)));
  return isAlone && peakBeforeGc > most + lookedBytes
    ? 'its heap was less full than its peak before a collection'
    : undefined;
}

/** What a reading finds is no less than what the collection before it left, and no more than what the next one finds. */
function lyingFault({ gc, v8 }: Channel, moments: readonly Moment[]): string | undefined {
  const slackBytes = sweptBytes + sweptShare * largest(column(v8, 'heapTotal'));
  const first = moments[0]!.parts;
  const isOther = moments.some(({ parts: { collections, lying, lyingYoung, freedByUs, freedByUsYoung } }) => {
    const [before, next] = [gc[collections - 1], gc[collections]];
    // What we free is freed between the collection before the first mark and that mark.
    const isFirst = collections === first.collections;
    const [ours, oursYoung] = isFirst ? [freedByUs, freedByUsYoung] : [0, 0];
    const isMore = before && (before.youngAfter ?? 0) > lyingYoung + oursYoung;
    const isLess = next?.youngBefore !== undefined && next.youngBefore < lyingYoung;
    if (isMore || isLess) return true;
    return (before && before.usedAfter > lying + ours + slackBytes) || (next && next.usedBefore < lying - slackBytes);
  });
  return isOther ? 'its collections found another heap than its readings' : undefined;
}

/** A collection comes before the reading that counts it, and behind the one before that. */
function whenFault(gc: readonly Collection[], moments: readonly Moment[]): string | undefined {
  let from = 0;
  let leastMs = Number.NEGATIVE_INFINITY;
  for (const [at, { tMs, parts }] of moments.entries()) {
    for (; from < parts.collections; from += 1) {
      const { tMs: ms } = gc[from]!;
      if (ms > tMs + clockMs || ms < leastMs - clockMs) return 'a collection came at another time than it was counted';
    }
    leastMs = Math.max(moments[at - 1]?.tMs ?? Number.NEGATIVE_INFINITY, tMs - stallMs);
  }
  return gc.slice(from).some(({ tMs }) => tMs < leastMs - clockMs)
    ? 'a collection came at another time than it was counted'
    : undefined;
}
