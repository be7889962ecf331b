/**
 * What was allocated by so many requests, held against what else was said of it: the reading beside each mark, and what collections found.
 * Pure.
 */
import type { Measurement } from '../report/measurement.ts';
import { capacityDefault } from '../watch/sample-table.ts';
import { windowStart } from '../watch/warm-up.ts';
import { column, largest } from './raw-memory.ts';

type Pass = Measurement['pass'];

/** A page of V8's, of which a part is used: what begins old is known to one. */
const pageBytes = 256 << 10;
/** V8 sweeps old pages later, and knows then what lies there. */
const sweptShare = 0.02;
/** A reading takes 40 to 70 KB, and more where it has collections to list, or handles. */
const readingBytes = 128 << 10;
const collectionBytes = 16 << 10;
const handleBytes = 256;
/** Threads are read four times a second, … */
const readingsMs = 250;
/** … and beside them Node.js has so many of its own. */
const ownThreads = 11;

const slackOf = ({ channel }: Pass, pages = 1) =>
  pages * pageBytes + sweptShare * largest(column(channel.v8, 'heapTotal'));

/** Of a long run a row stands for several readings. */
const hasEachReading = ({ channel }: Pass) => channel.v8.tMs.length < capacityDefault / 2;

/** Marks are what the readings beside them say, without what readings took; nothing is less than collections found. */
export function marksFault({ pass }: Measurement): string | undefined {
  if (pass.lane !== 'load') return undefined;
  return sumFault(pass) ?? ownFault(pass) ?? readingsFault(pass) ?? collectedFault(pass) ?? offHeapFault(pass);
}

function sumFault(pass: Pass): string | undefined {
  const allocated = column(pass.channel.v8, 'allocated');
  const slackBytes = slackOf(pass, 4);
  const falls = allocated.some((bytes, at) => at > 0 && (bytes ?? 0) < (allocated[at - 1] ?? 0) - slackBytes);
  return falls ? 'less was ever allocated at a later reading' : undefined;
}

/** Readings are part of what was allocated, and each takes so much at most. */
function ownFault(pass: Pass): string | undefined {
  const { allocated = 0, ownAllocated = 0 } = pass.channel.last ?? {};
  if (ownAllocated > allocated) return 'its readings allocated more than there was';
  const isMore = hasEachReading(pass) && ownAllocated > mostOfReadings(pass);
  return isMore ? 'its readings allocated more than readings do' : undefined;
}

function mostOfReadings(pass: Pass): number {
  const { v8, gc } = pass.channel;
  const ofEach = readingBytes + handleBytes * largest(column(v8, 'handles'));
  return v8.tMs.length * ofEach + gc.length * collectionBytes + slackOf(pass, 4);
}

/** What readings took; builds of before did not say it. */
const ownOf = (pass: Pass) => pass.channel.last?.ownAllocated ?? mostOfReadings(pass);

/** What a reading has beyond its mark grows by what readings and other threads take, and by no more. */
function readingsFault(pass: Pass): string | undefined {
  const { channel, elsewhere } = pass;
  const { marks, last } = channel;
  const start = windowStart(marks);
  if (!start || !last || !hasEachReading(pass)) return undefined;
  const slackBytes = slackOf(pass);
  // Builds that did not say what readings took left out of a reading what a collection in the middle of it had freed.
  const lowBytes = slackBytes + (last.ownAllocated === undefined ? largest(column(channel.v8, 'heapTotal')) : 0);
  const others = elsewhere?.bytes ?? 0;
  const beyond = beyondMarks(channel);
  const known = marks.flatMap((mark, at) => (beyond[at] === undefined ? [] : [{ mark, bytes: beyond[at] }]));
  if (!elsewhere?.isCounted && known.some(({ bytes }) => bytes < -lowBytes))
    return 'more was allocated at a mark than its reading has';
  let most = Number.NEGATIVE_INFINITY;
  let from: number | undefined;
  for (const { mark, bytes } of known) {
    if (!elsewhere?.isCounted && bytes < most - lowBytes) return 'more was allocated at a mark than its reading has';
    most = Math.max(most, bytes);
    if (mark.requests < start.requests) continue;
    from ??= bytes;
    const mostBytes = ownOf(pass) + others + ofThreads(pass, mark.tMs - start.tMs) + slackBytes;
    if (bytes - from > mostBytes) return 'less was allocated at a mark than its reading has';
  }
  return undefined;
}

/** What readings of other threads take. */
function ofThreads({ watch, elsewhere }: Pass, ms: number): number {
  const threads = Math.max(0, (watch.usage?.threads ?? 0) - ownThreads, elsewhere?.threads ?? 0);
  return threads * (ms / readingsMs + 2) * readingBytes;
}

/** By mark: what the reading that came with it has beyond it; undefined where that one was lost on its way. */
function beyondMarks({ marks, v8 }: Pass['channel']): (number | undefined)[] {
  const allocated = column(v8, 'allocated');
  let row = 0;
  return marks.map((mark, at) => {
    while (row < v8.tMs.length && v8.tMs[row]! < mark.tMs) row += 1;
    const next = marks[at + 1];
    if (row >= v8.tMs.length || (next && v8.tMs[row]! > next.tMs)) return undefined;
    return (allocated[row] ?? 0) - mark.allocated;
  });
}

/** From collection to collection the main thread allocated so much at least, by what each found and left. */
function collectedFault(pass: Pass): string | undefined {
  const { marks, v8 } = pass.channel;
  const allocated = column(v8, 'allocated');
  const own = ownOf(pass);
  const end = marks.at(-1);
  const isLess = [marks[0], windowStart(marks)].some(
    (start) => start && end && end.allocated - start.allocated + own < foundBetween(pass, start.tMs, end.tMs),
  );
  if (isLess) return 'less was allocated between its marks than collections found';
  const [fromMs, untilMs] = [v8.tMs[0], v8.tMs.at(-1)];
  if (fromMs === undefined || untilMs === undefined) return undefined;
  return (allocated.at(-1) ?? 0) - (allocated[0] ?? 0) < foundBetween(pass, fromMs, untilMs)
    ? 'less was allocated between its readings than collections found'
    : undefined;
}

function foundBetween(pass: Pass, fromMs: number, untilMs: number): number {
  const within = pass.channel.gc.filter(({ tMs }) => tMs > fromMs && tMs < untilMs);
  const found = within.slice(1).map(({ usedBefore }, at) => Math.max(0, usedBefore - within[at]!.usedAfter));
  return found.reduce((all, bytes) => all + bytes, 0) - slackOf(pass, 1 + within.length);
}

/** Off the heap: at least by how much more lay there than at the first mark, and no more than the last reading has. */
function offHeapFault({ channel, elsewhere }: Pass): string | undefined {
  const { marks, v8, gc, last } = channel;
  const [start, end] = [marks[0], marks.at(-1)];
  if (start?.offHeap === undefined || end?.offHeap === undefined || elsewhere) return undefined;
  const more = end.offHeap - start.offHeap;
  if (last?.offHeap !== undefined && more > last.offHeap + pageBytes)
    return 'more was allocated off the heap between its marks than at its end';
  const within = (ms: number) => ms > start.tMs && ms < end.tMs;
  const external = column(v8, 'external');
  const before = external[v8.tMs.findIndex((ms) => ms >= start.tMs)] ?? Number.POSITIVE_INFINITY;
  const lay = [
    ...external.filter((_, at) => within(v8.tMs[at]!)),
    ...gc.filter(({ tMs }) => within(tMs)).map(({ externalBefore }) => externalBefore ?? 0),
  ];
  return more < largest(lay) - before - pageBytes ? 'less was allocated off the heap than lay there' : undefined;
}
