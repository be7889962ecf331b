/** What a run counted, held against what else it counted of the same: amounts allocated, collections, answers, frames. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Answers, PreloadLine } from '../preload/options.ts';
import { statusesMax } from '../preload/requests.ts';
import type { Measurement, StoredTable } from '../report/measurement.ts';
import type { SampleColumn } from '../watch/sample-table.ts';
import { heapColumns, mapColumns, residentColumns, rollupColumns, sentColumns } from '../watch/sampled-columns.ts';
import { hasEachReading, isV8, slackOf, sumPages } from './raw-marks.ts';
import { column, largest } from './raw-memory.ts';

/** Times may be before the beginning; what lies in no file is a difference; a program of another system may end with any code; a recording may go back in time. */
const maybeNegative = new Set([
  ...['tMs', 'tsMs', 'startMs', 'endMs', 'own', 'ownBytes', 'code', 'trafficMs'],
  // A collection that is asked for may leave more than it found: pages are moved.
  ...['freedByUs', 'freedByUsYoung'],
]);

/** @returns the place of an amount that is less than none */
export function negativeFault({ budget, pass, settled, sites }: Measurement): string | undefined {
  const { watch, channel, answers, unanswered, stats, family, sending, sent } = pass;
  const counted = { sent, ledger: sending?.ledger, settled, sites };
  const early = [sent, watch.rss, watch.rollup, watch.map].some(({ tMs }) => tMs.some((ms) => ms < 0));
  if (early) return 'a sample is of a time before the run';
  return placeOf({ budget, watch, channel, answers, unanswered, stats, family, ...counted }, '');
}

function placeOf(value: unknown, place: string): string | undefined {
  if (typeof value === 'number') return value < 0 ? `${place} is less than nothing` : undefined;
  if (Array.isArray(value)) {
    // Columns are long.
    if (value.every((each) => each === null || (typeof each === 'number' && each >= 0))) return undefined;
    return first(value, (each) => placeOf(each, place));
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { name } = value as { name?: unknown };
  if (typeof name === 'string' && maybeNegative.has(name)) return undefined;
  return first(Object.entries(value), ([key, each]) =>
    maybeNegative.has(key) ? undefined : placeOf(each, key === 'values' ? `${place} ${name}` : key),
  );
}

function first<T>(list: readonly T[], find: (each: T) => string | undefined): string | undefined {
  for (const each of list) {
    const found = find(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A column that stands twice, or first under another name, would be read in the place of the one that is drawn. */
export function columnsFault({ pass: { watch, channel, sent, family } }: Measurement): string | undefined {
  const wanted: readonly (readonly [StoredTable, readonly SampleColumn[]])[] = [
    [watch.rss, residentColumns],
    [watch.rollup, rollupColumns],
    [watch.map, mapColumns],
    [channel.v8, heapColumns],
    [sent, sentColumns],
    ...(family?.members ?? []).flatMap((each) => (each.watch ? [[each.watch.rollup, rollupColumns] as const] : [])),
  ];
  const isSampled = wanted.every(([{ columns }, names]) =>
    isDeepStrictEqual(
      columns.map(({ values: _, ...head }) => head),
      [...names],
    ),
  );
  if (!isSampled) return 'its tables have other columns than floodgate samples';
  const { gc, marks, last } = channel;
  const isSaid = [
    gc.every((each) => hasOnly(each, 'gc', collectionMembers)),
    marks.every((each) => hasOnly(each, 'mark', markMembers)),
    last === undefined || hasOnly(last, 'v8', readingMembers),
  ];
  if (!isSaid.every(Boolean)) return 'its lines have other members than a target says';
  return gc.every(({ kind }) => collectionKinds.has(kind)) ? undefined : 'its collections are of kinds that V8 has not';
}

/** As V8's records of collections name them; Go's are called whole ones. */
const collectionKinds = new Set([
  ...['Scavenge', 'MinorMarkCompact', 'MinorMarkSweep', 'MarkSweepCompact'],
  ...['IncrementalMarking', 'ProcessWeakCallbacks', 'Unknown'],
]);

/** Each member of a line: the compiler refuses a list that lacks one. Threads say lines of their own, which are not kept. */
type MembersOf<T extends PreloadLine['type']> = Readonly<
  Record<Exclude<keyof Extract<PreloadLine, { type: T }>, 'type' | 'thread'>, true>
>;
const collectionMembers: MembersOf<'gc'> = {
  ...{ tMs: true, kind: true, pauseMs: true, usedBefore: true, usedAfter: true, externalBefore: true },
  ...{ youngBefore: true, youngAfter: true },
};
const markMembers: MembersOf<'mark'> = {
  ...{ tMs: true, requests: true, allocated: true, allocatedYoung: true, offHeap: true, parts: true },
};
const readingMembers: MembersOf<'v8'> = {
  ...{ tMs: true, heapUsed: true, heapTotal: true, external: true, arrayBuffers: true, malloced: true, handles: true },
  ...{
    allocated: true,
    offHeap: true,
    peakBeforeGc: true,
    afterGc: true,
    cpuMs: true,
    ownMs: true,
    ownAllocated: true,
  },
  ...{ isLast: true, rssPeak: true, answers: true, spaces: true, parts: true },
};

const hasOnly = <T extends PreloadLine['type']>(line: object, type: T, members: MembersOf<T>): boolean =>
  Object.entries(line).every(([name, value]) => (name === 'type' ? value === type : Object.hasOwn(members, name)));

/** Frames and bytes only rise, and the last sample is what the ledger has; a load's frames are its time. */
export function sentFault({ interrupted, pass: { exit, sending, sent } }: Measurement): string | undefined {
  const [frames, bytes] = [column(sent, 'frames'), column(sent, 'bytes')];
  const falls = [frames, bytes].some((list) => list.some((each, at) => at > 0 && (each ?? 0) < (list[at - 1] ?? 0)));
  if (falls) return 'what was sent grows less';
  if (!sending || interrupted || !exit.expected) return undefined;
  const { framesSent, bytesSent } = sending.ledger;
  const isLedgers = (frames.at(-1) ?? 0) === framesSent && (bytes.at(-1) ?? 0) === bytesSent;
  return isLedgers ? undefined : 'its samples end with other frames than its ledger has';
}

type Channel = Measurement['pass']['channel'];

/** A reading that ends with the process has nothing behind it that makes up for it. */
const endBytes = 1 << 20;

/** What was ever allocated grows from mark to mark, young objects, known to the byte, are part of it, and the end has all of them. */
export function allocatedFault({ pass }: Measurement): string | undefined {
  const { lane, channel, elsewhere } = pass;
  const { marks, last } = channel;
  const slackBytes = slackOf(pass, sumPages);
  for (let at = 1; at < marks.length; at += 1) {
    const [before, mark] = [marks[at - 1]!, marks[at]!];
    if (mark.requests <= before.requests || mark.tMs < before.tMs) return 'its requests were counted backwards';
    const hasLess =
      mark.allocatedYoung < before.allocatedYoung ||
      (mark.offHeap ?? 0) < (before.offHeap ?? 0) ||
      mark.allocated < before.allocated - slackBytes;
    if (hasLess) return 'less was allocated after more requests';
  }
  if (marks.some(({ allocated, allocatedYoung }) => allocatedYoung > allocated + slackBytes))
    return 'more young objects were allocated than objects';
  // What children allocated is in the marks, and not in the readings of the main process.
  const isOwn = lane === 'load' && !elsewhere?.isCounted;
  const isLess = (isOwn ? seenMarks(channel) : []).some(
    ({ allocated, allocatedYoung }) => last!.allocated < Math.max(allocated, allocatedYoung) - slackBytes - endBytes,
  );
  return isLess ? 'less was allocated at its end than at a mark' : undefined;
}

/** Marks that are in the last reading: it may be one behind the last. */
function seenMarks({ marks, last }: Channel): Channel['marks'] {
  return last ? marks.filter(({ tMs }, at) => at < marks.length - 1 || tMs < last.tMs) : [];
}

const gauges = ['heapUsed', 'heapTotal', 'external', 'arrayBuffers', 'malloced', 'handles'] as const;

/**
 * The last row is made of the last reading, but for what other threads said after it: these have allocated since. Its heap holds what its own
 * sums are made of, and theirs.
 */
function lastReadingFault({ v8, last }: Channel): string | undefined {
  const isSaidLast = last!.allocated === column(v8, 'allocated').at(-1);
  const isOther = isSaidLast && gauges.some((name) => (last![name] ?? null) !== (column(v8, name).at(-1) ?? null));
  if (isOther) return 'its last reading is not the last row of its heap';
  return last!.heapUsed < (last!.parts?.lying ?? 0)
    ? 'less lay on its heap at the end than its sums are made of'
    : undefined;
}

/** Threads add to what the main one says, until it says something again. */
function isLastRow({ v8, last }: Channel): boolean {
  return last!.tMs === v8.tMs.at(-1) && last!.allocated >= (column(v8, 'allocated').at(-1) ?? 0);
}

/** One by itself may leave more: pages are moved. */
const collectionsMin = 4;

/** The heap was at least as full before a collection as V8 says of that one, and is no fuller than it is large. */
export function heapFault({ pass }: Measurement): string | undefined {
  const { lane, channel } = pass;
  const { gc, v8, last } = channel;
  const [used, total] = [column(v8, 'heapUsed'), column(v8, 'heapTotal')];
  const { heapUsed = 0, heapTotal = heapUsed } = (last ?? {}) as { heapUsed?: number; heapTotal?: number };
  if (heapUsed > heapTotal || used.some((bytes, at) => (bytes ?? 0) > (total[at] ?? bytes ?? 0)))
    return 'its heap holds more than it has room for';
  if (gc.length >= collectionsMin && gc.every(({ usedBefore, usedAfter }) => usedAfter > usedBefore))
    return 'each of its collections left more than it found';
  const [from = 0, until] = [v8.tMs[0], v8.tMs.at(-2)];
  if (last && hasEachReading(pass) && !isLastRow(channel)) return 'its last reading is not the last of its heap';
  const other = last && hasEachReading(pass) && isV8(channel) && lastReadingFault(channel);
  if (other) return other;
  // Of other runtimes a collection is known by what was read before it and behind it.
  if (!last || !isV8(channel) || until === undefined) return undefined;
  // What a reading finds is in the next one at the latest; in the exact lane the peak is that of the traffic.
  const known = gc.filter(({ tMs }) => tMs < until && (lane !== 'exact' || tMs > from + 1));
  if (last.peakBeforeGc < largest(known.map(({ usedBefore }) => usedBefore)))
    return 'its heap was fuller before a collection than its peak before one';
  const major = known.findLast(({ kind }) => kind === 'MarkSweepCompact');
  const isLater = gc.some(({ kind, tMs }) => kind === 'MarkSweepCompact' && tMs >= until);
  return major && !isLater && last.afterGc < major.usedAfter
    ? 'more was left by its last whole collection than it says'
    : undefined;
}

/** The process counts its answers, and marks requests by their number; its last reading may be one behind the last mark. */
export function answersFault({ pass: { lane, answers, channel, unanswered } }: Measurement): string | undefined {
  if (answers && answers.not2xx > answers.total) return 'more answers failed than there were';
  if (unanswered && unanswered.least > unanswered.most)
    return 'the fewest requests without an answer are more than the most';
  const other = statusesFault(answers) ?? statusesFault(channel.last?.answers);
  if (other !== undefined || lane !== 'load' || !channel.last) return other;
  const counted: Answers = channel.last.answers ?? { total: 0, not2xx: 0 };
  if (counted.not2xx > counted.total) return 'more answers failed than the process gave';
  if (counted.total > 0 && !holds(answers, counted))
    return 'the process gave more answers, or others, than the pass has';
  const behind = seenMarks(channel).some(({ requests }) => requests > counted.total);
  return behind ? 'requests were marked that the process has not answered' : undefined;
}

/** Answers of the pass are those of the process and of what it started: where there are no more, they are its own. */
function holds(all: Answers | undefined, own: Answers): boolean {
  if (!all || all.total < own.total || all.not2xx < own.not2xx) return false;
  if ((all.unanswered ?? 0) < (own.unanswered ?? 0)) return false;
  if (all.total === own.total) return isDeepStrictEqual(given(all), given(own));
  const isLess = Object.entries(own.statuses ?? {}).some(
    ([status, count]) => all.statuses !== undefined && (all.statuses[status] ?? 0) < count,
  );
  return !isLess && (all.bytes === undefined || all.bytes >= (own.bytes ?? 0));
}

/** Several threads or processes meet statuses in an order of their own; one that answered nothing may have left requests without an answer. */
const given = ({ total, not2xx, bytes, isEstimate, statuses }: Answers) => ({
  ...{ total, not2xx, bytes, isEstimate },
  statuses: Object.entries(statuses ?? {}).sort(),
});

const isFailure = (status: number) => status < 200 || status > 299;

/** Each answer is counted by its status as well, until there are as many. */
function statusesFault(answers: Answers | undefined): string | undefined {
  if (!answers?.statuses) return undefined;
  const statuses = Object.entries(answers.statuses);
  const sum = (all: typeof statuses) => all.reduce((total, [, count]) => total + count, 0);
  const counts = [sum(statuses), sum(statuses.filter(([status]) => isFailure(Number(status))))] as const;
  const wanted = [answers.total, answers.not2xx] as const;
  const isWhole = statuses.length < statusesMax;
  const isSame = counts.every((count, at) => (isWhole ? count === wanted[at] : count <= wanted[at]!));
  return isSame ? undefined : 'its answers by status are not its answers';
}
