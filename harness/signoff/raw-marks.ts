/**
 * What was allocated by so many requests, held against what else was said of it: the reading beside each mark, and what collections found.
 * Pure.
 */
import { readingsMs } from '../pass/usual-sampling.ts';
import { drainedEveryMs } from '../preload/heap-watch.ts';
import { markAfter } from '../preload/requests.ts';
import type { Measurement } from '../report/measurement.ts';
import { eventsMax } from '../watch/preload-channel.ts';
import { capacityDefault } from '../watch/sample-table.ts';
import { windowStart } from '../watch/warm-up.ts';
import { column, largest } from './raw-memory.ts';

type Pass = Measurement['pass'];

/** A page of V8's, of which a part is used: what begins old is known to one. */
export const pageBytes = 256 << 10;
/** Spaces that grow page by page: of objects, of code, of what code trusts. */
export const oldSpaces = 3;
/** V8 sweeps old pages later, and knows then what lies there. */
const sweptShare = 0.02;
/** A reading takes 40 to 70 KB, and more where it has collections to list, or handles. */
const readingBytes = 128 << 10;
/** The text of each collection that it lists takes 25 to 33 KiB. */
export const listedBytes = 40 << 10;
export const handleBytes = 256;
/** Beside threads of the program Node.js has so many of its own. */
const ownThreads = 11;
/** The heap of a thread has as much when it begins: 5.4 MiB of an idle one. */
const heapBytes = 4 << 20;
/** At the beginning and the end of a run, and of its phases. */
const otherReadings = 8;
/** Of a thread that does not stay. */
const readingsEach = 4;
/** What a thread or a process has allocated until it is first read is not known by the moment. */
const firstBytes = 4 << 20;

export const slackOf = ({ channel }: Pass, pages = 1) =>
  pages * pageBytes + sweptShare * largest(column(channel.v8, 'heapTotal'));

/** What the sum over all old pages falls back by. */
export const sumPages = 4;

/** Other runtimes have no such memory. */
export const isV8 = ({ v8 }: Pass['channel']) => column(v8, 'malloced').some((bytes) => bytes !== null);

/** Of a long run a row stands for several readings. */
export const hasEachReading = ({ channel }: Pass) => channel.v8.tMs.length < capacityDefault / 2;

/** Marks are what the readings beside them say, without what readings took; nothing is less than collections found. */
export function marksFault({ pass }: Measurement): string | undefined {
  if (pass.lane !== 'load') return undefined;
  return (
    numbersFault(pass) ??
    rowsFault(pass) ??
    othersFault(pass) ??
    sumFault(pass) ??
    ownFault(pass) ??
    readingsFault(pass) ??
    collectedFault(pass) ??
    offHeapFault(pass)
  );
}

/** Requests are marked at known numbers, and none is left out. */
function numbersFault({ channel: { marks, last } }: Pass): string | undefined {
  let next = markAfter(0);
  for (const { requests } of marks) {
    if (requests !== next) return 'requests were marked at other numbers than a process marks';
    next = markAfter(next);
  }
  const isLeftOut = marks.length < eventsMax && (last?.answers?.total ?? 0) >= next;
  return isLeftOut ? 'requests were answered, and not marked' : undefined;
}

/** Each reading is one of a mark, of the clock, or of a child in which nothing is open; each allows for what a reading takes. */
function rowsFault({ channel: { marks, v8 }, family }: Pass): string | undefined {
  const ms = (v8.tMs.at(-1) ?? 0) - (v8.tMs[0] ?? 0);
  // A launcher is one of them.
  const isChild = family !== undefined && family.members.length + family.unwatched > 0;
  const drained = isChild ? ms / drainedEveryMs : 0;
  return v8.tMs.length > marks.length + ms / readingsMs + drained + otherReadings
    ? 'its heap was read more often than by its marks and the clock'
    : undefined;
}

function sumFault(pass: Pass): string | undefined {
  const allocated = column(pass.channel.v8, 'allocated');
  const slackBytes = slackOf(pass, sumPages);
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
  return v8.tMs.length * ofEach + gc.length * listedBytes + slackOf(pass, sumPages);
}

/** What readings took. */
const ownOf = (pass: Pass) => pass.channel.last?.ownAllocated ?? mostOfReadings(pass);

/** What others allocated goes with the threads and processes that did. */
function othersFault({ elsewhere, family }: Pass): string | undefined {
  if (!elsewhere) return undefined;
  const { bytes, threads, processes } = elsewhere;
  if (bytes > 0 && threads + processes === 0) return 'others allocated, and there are none';
  const hasKin = family !== undefined && family.members.length + family.unwatched > 0;
  return processes > 0 && !hasKin ? 'processes allocated that it did not start' : undefined;
}

/**
 * What a reading has beyond its mark grows by what readings and other threads take, and by no more. Marks may hold what others allocated: a
 * reading has that of threads, as each of them last said it, and nothing of processes. So it falls behind by that much at most.
 */
function readingsFault(pass: Pass): string | undefined {
  const { channel } = pass;
  const { marks, last } = channel;
  const start = windowStart(marks);
  if (!start || !last || !hasEachReading(pass)) return undefined;
  const beyond = beyondMarks(channel);
  // One that was the last thing a process did has none.
  if (beyond.slice(0, -1).includes(undefined)) return 'a mark has no reading beside it';
  const known = marks.flatMap((mark, at) => (beyond[at] === undefined ? [] : [{ mark, bytes: beyond[at] }]));
  return moreFault(pass, known, start.tMs) ?? lessFault(pass, known, start.tMs);
}

interface Beside {
  readonly mark: Pass['channel']['marks'][number];
  /** What the reading has beyond it. */
  readonly bytes: number;
}

/** Of marks that hold what others allocated, those of the warm-up say nothing: it is known from there on. */
function moreFault(pass: Pass, known: readonly Beside[], startMs: number): string | undefined {
  const { elsewhere } = pass;
  const isCounted = elsewhere?.isCounted === true;
  const ownBytes = slackOf(pass);
  const lowBytes =
    ownBytes + (isCounted ? elsewhere.bytes + firstBytes * (elsewhere.threads + elsewhere.processes) : 0);
  let most = isCounted ? Number.NEGATIVE_INFINITY : 0;
  for (const { mark, bytes } of known) {
    if (isCounted && mark.tMs < startMs) continue;
    if (bytes < most - lowBytes) return 'more was allocated at a mark than its reading has';
    most = Math.max(most, bytes);
  }
  return undefined;
}

function lessFault(pass: Pass, known: readonly Beside[], startMs: number): string | undefined {
  const { elsewhere } = pass;
  const within = known.filter(({ mark }) => mark.tMs >= startMs);
  const first = within[0]?.bytes ?? 0;
  const isCounted = elsewhere?.isCounted === true;
  // A reading falls behind by what threads have not said yet, and comes back.
  const from = isCounted && elsewhere.threads > 0 ? Math.max(first, 0) : first;
  const others = isCounted ? 0 : (elsewhere?.bytes ?? 0);
  const most = ownOf(pass) + others + slackOf(pass);
  const isLess = within.some(({ mark, bytes }) => bytes - from > most + ofThreads(pass, mark.tMs - startMs));
  return isLess ? 'less was allocated at a mark than its reading has' : undefined;
}

/** What readings of other threads take: those that stay have a heap each, others are read when they begin and end. */
function ofThreads({ watch, channel, elsewhere }: Pass, ms: number): number {
  const heaps = Math.floor(largest(column(channel.v8, 'heapTotal')) / heapBytes) - 1;
  const threads = elsewhere?.threads ?? 0;
  const staying = Math.max(0, Math.min(heaps, Math.max((watch.usage?.threads ?? 0) - ownThreads, threads)));
  return (staying * (ms / readingsMs + 2) + threads * readingsEach) * readingBytes;
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

/** From collection to collection the main thread allocated so much at least, by what each found and left; of each old space a page is left out. */
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
  return found.reduce((all, bytes) => all + bytes, 0) - slackOf(pass, oldSpaces * (1 + within.length));
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
