/** What the worker threads and the Node.js children of a target allocated while its main thread answered requests. Pure. */
import { windowStart } from '../metrics/request-window.ts';
import type { PreloadChannel } from '../watch/preload-channel.ts';
import type { FamilyResult } from './pass-result.ts';

export interface Elsewhere {
  readonly bytes: number;
  /** How many threads and processes have allocated any of it. */
  readonly threads: number;
  readonly processes: number;
}

interface Line {
  readonly tMs: readonly number[];
  readonly bytes: readonly (number | null)[];
}

type Grown = Pick<PreloadChannel['grown'], 'tMs' | 'column'>;

/** Undefined where no requests were counted, or there is nothing but the main thread. */
export function elsewhereOf(
  channel: Pick<PreloadChannel, 'marks' | 'threads'>,
  family: Pick<FamilyResult, 'members' | 'channels'> | undefined,
): Elsewhere | undefined {
  const from = windowStart(channel.marks)?.tMs;
  if (from === undefined) return undefined;
  const ofThreads = (threads: PreloadChannel['threads']) =>
    threads.listed.map(({ v8, startMs }) => allocatedSince(lineOf(v8), startMs, from));
  const threads = ofThreads(channel.threads);
  const processes = (family?.channels ?? []).map((each) => {
    const line = lineOf(each.grown);
    const startMs = family?.members.findLast(({ pid }) => pid === each.pid)?.startMs ?? line.tMs[0] ?? 0;
    return sum([allocatedSince(line, startMs, from), ...ofThreads(each.threads)]);
  });
  const bytes = sum([...threads, ...processes]);
  const some = (all: readonly number[]) => all.filter((each) => each > 0).length;
  return bytes > 0 ? { bytes, threads: some(threads), processes: some(processes) } : undefined;
}

/** By its readings, four a second: of one that was read once alone, it is all that it ever allocated. */
function allocatedSince({ tMs, bytes }: Line, startMs: number, fromMs: number): number {
  const last = bytes.at(-1) ?? 0;
  if (startMs >= fromMs) return last;
  const at = tMs.findLastIndex((ms) => ms <= fromMs);
  if (at < 0 && tMs.length === 1) return last;
  return Math.max(0, last - (bytes[Math.max(0, at)] ?? 0));
}

function lineOf(table: Grown): Line {
  return { tMs: table.tMs(), bytes: table.column('allocated') };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}
