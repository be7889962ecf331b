/**
 * What a line of samples leaves out: readings of a thread that reads a thousand times a second, where memory moved, and the kernel's
 * own peak between two samples. Added to the samples they make the line on which spikes are found and drawn. Pure.
 */
import type { Levels } from './level-sampler.ts';
import type { SampleTable } from './sample-table.ts';

/** Columns of a watch's samples; null where a figure was not taken. */
export interface SampledLine {
  readonly tMs: readonly number[];
  readonly rss: readonly (number | null)[];
  readonly own: readonly (number | null)[];
  /** The kernel's peak since the sample before. */
  readonly peak: readonly (number | null)[];
}

/** Points beside the samples, ascending in time. */
export interface Tops {
  readonly tMs: number[];
  readonly rss: number[];
  readonly own: number[];
}

/** A step of a line worth a point of its own: a quarter of the lowest spike that is reported. */
const stepBytes = 1_000_000;
/** Points that are added; what a run has beyond them is left to its samples and their peaks. */
const pointsMax = 200_000;

/** @param levels of the thread, on the clock of the samples; undefined where there was none */
export function betweenSamples(samples: SampledLine, levels: Levels | undefined): Tops {
  const tops: Tops = { tMs: [], rss: [], own: [] };
  let next = 0;
  for (let i = 1; i < samples.tMs.length && tops.tMs.length < pointsMax; i += 1) {
    const [fromMs, toMs] = [samples.tMs[i - 1]!, samples.tMs[i]!];
    const first = levels ? firstAfter(levels.tMs, fromMs, next) : 0;
    const end = levels ? firstAfter(levels.tMs, toMs - Number.EPSILON * toMs, first) : 0;
    next = end;
    const [before, after] = [samples.rss[i - 1] ?? null, samples.rss[i] ?? null];
    if (before === null || after === null) continue;
    const highest = levels ? addMoved(tops, levels, { first, end, before, after }) : -1;
    const peak = samples.peak[i] ?? 0;
    const seen = Math.max(before, after, highest < 0 ? 0 : levels!.bytes[highest]!);
    if (peak - seen < stepBytes) continue;
    // When it was so high is known to the reading beside it, else only to the sample.
    const [files, atMs] =
      highest < 0 || levels!.bytes[highest]! <= Math.max(before, after)
        ? [Math.min(before - (samples.own[i - 1] ?? before), after - (samples.own[i] ?? after)), (fromMs + toMs) / 2]
        : [levels!.bytes[highest]! - levels!.ownBytes[highest]!, levels!.tMs[highest]!];
    insert(tops, atMs, peak, peak - files);
  }
  return tops;
}

/** Samples with the points between them, ascending in time; null where a figure was not taken. */
export interface MergedLine {
  readonly tMs: readonly number[];
  readonly rss: readonly (number | null)[];
  readonly own: readonly (number | null)[];
}

export function merged(samples: Pick<SampleTable, 'tMs' | 'column'>, tops: Tops): MergedLine {
  const [tMs, rss, own] = [samples.tMs(), samples.column('rss'), samples.column('own')];
  const line = { tMs: [] as number[], rss: [] as (number | null)[], own: [] as (number | null)[] };
  for (let i = 0, k = 0; i < tMs.length || k < tops.tMs.length; ) {
    const isTop = i >= tMs.length || (k < tops.tMs.length && tops.tMs[k]! < tMs[i]!);
    line.tMs.push(isTop ? tops.tMs[k]! : tMs[i]!);
    line.rss.push(isTop ? tops.rss[k]! : rss[i]!);
    line.own.push(isTop ? tops.own[k++]! : own[i++]!);
  }
  return line;
}

/** Adds the readings of a span in which memory moved. @returns the index of the highest reading; −1 without one */
function addMoved(
  tops: Tops,
  levels: Levels,
  span: { readonly first: number; readonly end: number; readonly before: number; readonly after: number },
): number {
  let highest = -1;
  let kept = span.before;
  for (let at = span.first; at < span.end; at += 1) {
    const bytes = levels.bytes[at]!;
    if (highest < 0 || bytes > levels.bytes[highest]!) highest = at;
    // The last before a step stays as well: without it a step is drawn as a ramp.
    const comes = at + 1 < span.end ? levels.bytes[at + 1]! : span.after;
    if (Math.abs(bytes - kept) < stepBytes && Math.abs(comes - bytes) < stepBytes) continue;
    kept = bytes;
    tops.tMs.push(levels.tMs[at]!);
    tops.rss.push(bytes);
    tops.own.push(levels.ownBytes[at]!);
  }
  return highest;
}

/** The peak in its place in time: in front of a point of the same moment, which it replaces. */
function insert(tops: Tops, atMs: number, rss: number, own: number): void {
  let at = tops.tMs.length;
  while (at > 0 && tops.tMs[at - 1]! > atMs) at -= 1;
  const replaces = at > 0 && tops.tMs[at - 1] === atMs ? 1 : 0;
  tops.tMs.splice(at - replaces, replaces, atMs);
  tops.rss.splice(at - replaces, replaces, rss);
  tops.own.splice(at - replaces, replaces, own);
}

function firstAfter(tMs: readonly number[], ms: number, from: number): number {
  let at = from;
  while (at < tMs.length && tMs[at]! <= ms) at += 1;
  return at;
}
