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

/**
 * What lies old does not grow less by a collection of young objects, but for pages that V8 sweeps behind a whole one, in whatever comes next:
 * 1.3 MB of a heap of 10 MB were seen.
 */
const oldBytes = 4 << 20;
const oldShare = 0.25;

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
  return (
    lastFault(last, gc) ?? lyingFault(pass.channel, moments) ?? whenFault(gc, moments) ?? kindsFault(pass, moments)
  );
}

const isWhole = ({ kind }: Collection) => kind === 'MarkSweepCompact';

/**
 * A whole collection leaves nothing young but what is large, and that stays until the next whole one; nothing else frees what is old. Of V8's
 * collector of young objects that is the usual one: the other (`--minor-ms`) moves pages.
 */
function kindsFault({ lane, channel: { gc, v8 } }: Pass, moments: readonly Moment[]): string | undefined {
  if (lane !== 'load') return undefined;
  if (gc.some(({ kind }) => kind.startsWith('Minor')))
    return gc.some(({ kind }) => kind === 'Scavenge') ? 'its young objects were collected in two ways' : undefined;
  const slackBytes = oldBytes + oldShare * largest(column(v8, 'heapTotal'));
  const isFreed = gc.some((each) => !isWhole(each) && oldOf(each).before - oldOf(each).after > slackBytes);
  return isFreed || isLess(gc, moments) ? 'its whole collections are others than it says' : undefined;
}

const oldOf = ({ usedBefore, usedAfter, youngBefore = 0, youngAfter = 0 }: Collection) => ({
  before: usedBefore - youngBefore,
  after: usedAfter - youngAfter,
});

/** Whether less lies young somewhere than the last whole collection left. What we free is freed before the first mark, behind those it counts. */
function isLess(gc: readonly Collection[], moments: readonly Moment[]): boolean {
  const { collections: first, freedByUsYoung } = moments[0]!.parts;
  const large: number[] = [0];
  for (const [at, each] of gc.entries()) {
    const known = large[at]! - (at === first ? freedByUsYoung : 0);
    const { youngBefore = 0, youngAfter = 0 } = each;
    if (Math.min(youngBefore, isWhole(each) ? youngBefore : youngAfter) < known) return true;
    large.push(isWhole(each) ? youngAfter : known);
  }
  return moments.some(({ parts: { collections, lyingYoung } }) => {
    const ours = collections === first ? freedByUsYoung : 0;
    return lyingYoung < large[collections]! - ours;
  });
}

/** Threads add to what the main one says: by itself it has nothing but its own. */
function lastFault(
  { peakBeforeGc, afterGc, heapUsed, parts }: NonNullable<Channel['last']>,
  gc: readonly Collection[],
): string | undefined {
  const { collections, lying } = parts!;
  const counted = gc.slice(0, collections);
  const left = counted.findLast(isWhole)?.usedAfter ?? 0;
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
