/** What the worker threads and the Node.js children of a target allocated while its main thread answered requests. Pure. */

import type { PreloadChannel } from '../watch/preload-channel.ts';
import type { SampleTable } from '../watch/sample-table.ts';
import { isBeside } from '../watch/thread-figures.ts';
import { windowStart } from '../watch/warm-up.ts';

export interface Elsewhere {
  /** On their heaps. */
  readonly bytes: number;
  /** How many threads and processes have allocated any of it. */
  readonly threads: number;
  readonly processes: number;
  /** Threads that could not be looked into; absent where there is none. */
  readonly unseen?: number | undefined;
  /** The readings at numbers of requests hold `bytes`. @default false */
  readonly isCounted?: boolean | undefined;
}

/** A thread or a child: all that it ever allocated, at each reading. */
interface Line {
  readonly startMs: number;
  readonly tMs: readonly number[];
  readonly bytes: readonly (number | null)[];
}

/** The processes that a target has started, and channels of those that are Node.js. */
interface Kin {
  readonly members: readonly { readonly pid: number; readonly startMs: number }[];
  readonly channels: readonly Pick<PreloadChannel, 'pid' | 'grown' | 'threads'>[];
}

type Threads = Pick<PreloadChannel['threads'], 'listed' | 'uncounted'>;
type Mark = PreloadChannel['marks'][number];
type Main = { readonly marks: readonly Mark[]; readonly threads: Threads };
/** On the heap, or off it. */
type Column = 'allocated' | 'offHeap';

/** Undefined where no requests were counted, or there is nothing but the main thread. */
export function elsewhereOf({ marks, threads }: Main, family: Kin | undefined): Elsewhere | undefined {
  const from = windowStart(marks)?.tMs;
  if (from === undefined) return undefined;
  const since = (line: Line) => allocatedSince(line, from);
  const ofThreads = linesOf(threads, 'allocated').map(since);
  const ofProcesses = childrenOf(family).map(({ lines }) => sum(lines('allocated').map(since)));
  const unseen = unseenIn(threads) + sum(childrenOf(family).map((child) => child.unseen));
  const bytes = sum([...ofThreads, ...ofProcesses]);
  const some = (all: readonly number[]) => all.filter((each) => each > 0).length;
  if (bytes === 0 && unseen === 0) return undefined;
  const found = { bytes, threads: some(ofThreads), processes: some(ofProcesses) };
  return unseen > 0 ? { ...found, unseen } : found;
}

/**
 * The main thread's readings with what all the others had allocated by then: between two of their readings, four a second, in proportion.
 * On the heap where it is no noise; off the heap no reading holds any where it is not known of one of them.
 */
export function withOthers(main: Main, family: Kin | undefined): { marks: Mark[]; elsewhere: Elsewhere | undefined } {
  const elsewhere = elsewhereOf(main, family);
  const { marks, threads } = main;
  const first = windowStart(marks);
  const mainBytes = first ? marks.at(-1)!.allocated - first.allocated : 0;
  const isCounted = elsewhere !== undefined && !elsewhere.unseen && isBeside(elsewhere.bytes, mainBytes);
  const times = marks.map(({ tMs }) => tMs);
  const onHeap = isCounted ? allocatedAt('allocated', threads, family, times) : undefined;
  const offHeap = elsewhere?.unseen ? undefined : allocatedAt('offHeap', threads, family, times);
  return {
    marks: marks.map(({ offHeap: own, ...mark }, at) => ({
      ...mark,
      allocated: mark.allocated + (onHeap?.[at] ?? 0),
      ...(own !== undefined && offHeap && { offHeap: own + offHeap[at]! }),
    })),
    elsewhere: elsewhere && onHeap ? { ...elsewhere, isCounted } : elsewhere,
  };
}

/** Of all of them by each of these times; undefined where it is not known of one of them. */
function allocatedAt(
  column: Column,
  threads: Threads,
  family: Kin | undefined,
  times: readonly number[],
): number[] | undefined {
  const lines = [...linesOf(threads, column), ...childrenOf(family).flatMap((child) => child.lines(column))];
  const isKnown = lines.every(({ bytes }) => bytes.every((each) => each !== null));
  return isKnown ? times.map((ms) => sum(lines.map((line) => allocatedBy(line, ms)))) : undefined;
}

function childrenOf(family: Kin | undefined) {
  return (family?.channels ?? []).map(({ pid, grown, threads }) => {
    const startMs = family?.members.findLast((member) => member.pid === pid)?.startMs ?? grown.tMs()[0] ?? 0;
    const lines = (column: Column) => [lineOf(grown, startMs, column), ...linesOf(threads, column)];
    return { lines, unseen: unseenIn(threads) };
  });
}

function linesOf(threads: Threads, column: Column): Line[] {
  return threads.listed.map(({ v8, startMs }) => lineOf(v8, startMs, column));
}

function unseenIn({ listed, uncounted }: Threads): number {
  return listed.filter(({ isSeen }) => !isSeen).length + uncounted;
}

/** By its readings, four a second: of one that was read once alone, it is all that it ever allocated. */
function allocatedSince({ startMs, tMs, bytes }: Line, fromMs: number): number {
  const last = bytes.at(-1) ?? 0;
  if (startMs >= fromMs) return last;
  const at = tMs.findLastIndex((ms) => ms <= fromMs);
  if (at < 0 && tMs.length === 1) return last;
  return Math.max(0, last - (bytes[Math.max(0, at)] ?? 0));
}

function allocatedBy({ startMs, tMs, bytes }: Line, ms: number): number {
  const next = tMs.findIndex((each) => each >= ms);
  if (next < 0) return bytes.at(-1) ?? 0;
  const [fromMs, from] = next === 0 ? [Math.min(startMs, tMs[0]!), 0] : [tMs[next - 1]!, bytes[next - 1]!];
  const share = tMs[next]! > fromMs ? Math.max(0, ms - fromMs) / (tMs[next]! - fromMs) : 1;
  return from + share * (bytes[next]! - from);
}

function lineOf(table: Pick<SampleTable, 'tMs' | 'column'>, startMs: number, column: Column): Line {
  return { startMs, tMs: table.tMs(), bytes: table.column(column) };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}
