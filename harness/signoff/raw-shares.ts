/**
 * What the kernel's account of its pages says of a process (`smaps_rollup`): its parts are parts of one sum, and resident memory was read
 * beside it. Of whoever it started as well. Pure.
 */
import type { Measurement, StoredTable } from '../report/measurement.ts';
import { capacityDefault } from '../watch/sample-table.ts';
import { isV8 } from './raw-marks.ts';
import { column, isBelow, largest } from './raw-memory.ts';

type Pass = Measurement['pass'];
type Watch = Pass['watch'];

/** Without a reading a millisecond it is not known how memory fell between two samples, and rose again. */
const unseenBytes = 16 << 20;
const unseenShare = 0.25;

/** Between two looks at the shares, where one more sample came (`memory-watch.ts`); a row has the time of its sample. */
const rollupMs = 5_000;
const clockStepMs = 0.001;

/** One look at the shares. */
interface Row {
  readonly tMs: number;
  readonly rss: number;
  readonly pss: number;
  readonly shared: number;
  readonly uss: number;
  readonly anonymous: number;
  /** Its share of pages of files. */
  readonly file: number;
}

/** Of a table in which a row is one look; none where it stands for several, or the kernel gives no such account. */
function rowsOf(rollup: StoredTable): Row[] {
  if (rollup.tMs.length >= capacityDefault / 2) return [];
  const names = ['pss', 'shared', 'uss', 'anonymous', 'fileBacked'] as const;
  const [pss, shared, uss, anonymous, file] = names.map((name) => column(rollup, name));
  return rollup.tMs.map((tMs, at) => {
    const of = (values: readonly (number | null)[] = []) => values[at] ?? 0;
    return {
      ...{ tMs, rss: of(pss) + of(shared), pss: of(pss), shared: of(shared) },
      ...{ uss: of(uss), anonymous: of(anonymous), file: of(file) },
    };
  });
}

/** Shares of the target, and of each process that it started. */
export function sharesFault({ pass }: Measurement): string | undefined {
  const { watch, family } = pass;
  const rows = rowsOf(watch.rollup);
  const fault = partsOfFault(rows) ?? aloneFault(pass, rows) ?? allFault(watch, rows) ?? besideFault(watch, rows);
  if (fault !== undefined) return fault;
  for (const { watch: own } of family?.members ?? []) {
    const ofMember = own ? rowsOf(own.rollup) : [];
    const other = partsOfFault(ofMember);
    if (other !== undefined) return other;
    const most = largest(own?.line.rss ?? []);
    if (ofMember.some(({ rss }) => isBelow(most, rss)))
      return 'shares of a process are of more memory than it ever had';
  }
  return undefined;
}

/**
 * Pages of its own are all its own; of a page of several processes it answers for a half at most. What lies in no file is private but for
 * pages of a process that was split in two.
 */
function partsOfFault(rows: readonly Row[]): string | undefined {
  if (rows.some(({ uss, pss }) => uss > pss)) return 'more pages are its own than it answers for';
  if (rows.some(({ pss, uss, shared }) => isBelow(shared, pss - uss)))
    return 'it answers for more than half of pages that are not its own';
  if (rows.some(({ file, pss }) => file > pss)) return 'its share of files is more than all that it answers for';
  return rows.some(({ anonymous, rss }) => anonymous > rss) ? 'it has more pages of no file than pages' : undefined;
}

/** A program of Node.js shares no page of no file, but for the moment in which it starts another. */
function aloneFault({ channel, family }: Pass, rows: readonly Row[]): string | undefined {
  // A launcher that speaks in place of the process that is watched answers nothing.
  if (!isV8(channel) || !channel.last?.answers) return undefined;
  const started = (family?.members.length ?? 0) + (family?.unwatched ?? 0);
  const others = rows.filter(
    ({ uss, pss, anonymous, file }) => isBelow(uss, anonymous) || isBelow(pss, anonymous + file),
  );
  return others.length > 2 * started ? 'fewer pages are its own than lie in no file' : undefined;
}

/**
 * The highest of all looks is kept, and they cover the run. Of a shell that became another program there are none behind that: where there was
 * more memory than they saw, nobody takes them for all of it.
 */
function allFault({ rss, rollupRssBytes, peakIsWhole }: Watch, rows: readonly Row[]): string | undefined {
  if (rows.length === 0) return undefined;
  if (largest(rows.map((row) => row.rss)) !== rollupRssBytes)
    return 'its shares are not of as much memory as they were read of';
  if (isBelow(rollupRssBytes, largest(column(rss, 'rss')))) return undefined;
  let next = 0;
  const isLeftOut = rss.tMs.some((ms) => {
    while (next < rows.length && rows[next]!.tMs <= ms + clockStepMs) next += 1;
    return next > 0 && ms - rows[next - 1]!.tMs >= rollupMs;
  });
  // It was there to be looked at when the watch ended.
  const isCut = peakIsWhole && rows.at(-1)!.tMs < (rss.tMs.at(-1) ?? 0);
  return isLeftOut || isCut ? 'its shares were read at fewer times than its watch reads them' : undefined;
}

/** Right behind a sample, or between two: memory was neither lower nor higher than these and what lies between them. */
function besideFault({ rss, levels, peakIsWhole }: Watch, rows: readonly Row[]): string | undefined {
  const [samples, own, peaks] = [column(rss, 'rss'), column(rss, 'own'), column(rss, 'rssPeak')];
  if (samples.length === 0 || samples.length >= capacityDefault / 2) return undefined;
  const isEach = levels.tMs.length > samples.length;
  let from = 0;
  const isOther = rows.some((row) => {
    const next = rss.tMs.findIndex((ms) => ms > row.tMs + clockStepMs);
    const [before, after] = [Math.max(0, next - 1), next < 0 ? samples.length - 1 : next];
    const ends = next < 0 ? [after] : [before, after];
    const startMs = rss.tMs[ends[0]!]!;
    const endMs = rss.tMs[after]!;
    while (from < levels.tMs.length && levels.tMs[from]! < startMs) from += 1;
    let lowest = Math.min(...ends.map((at) => samples[at] ?? 0));
    let highest = largest(ends.flatMap((at) => [samples[at]!, peaks[at]!]));
    for (let at = from; at < levels.tMs.length && levels.tMs[at]! <= endMs; at += 1) {
      lowest = Math.min(lowest, levels.bytes[at]!);
      highest = Math.max(highest, levels.bytes[at]!);
    }
    const ofFiles = largest(ends.map((at) => (samples[at] ?? 0) - (own[at] ?? 0)));
    if (!isEach) lowest = lowest * (1 - unseenShare) - unseenBytes;
    // Behind the last sample of a process that ended by itself: its pages go, one after the other.
    if (next < 0 && !peakIsWhole) lowest = 0;
    return isBelow(row.rss, lowest) || isBelow(highest, row.rss) || isBelow(row.anonymous, lowest - ofFiles);
  });
  return isOther ? 'its shares are of other memory than the samples beside them' : undefined;
}
