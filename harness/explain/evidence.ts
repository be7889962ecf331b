/** What a measuring pass says of a spike's growth: levels at its top less those where its rise began. Pure. */

import type { MeasuredPass, PassResult } from '../pass/pass-result.ts';
import { gaugesOf } from '../watch/agent-counters.ts';
import { memoryClasses } from '../watch/memory-map.ts';
import type { SampleTable } from '../watch/sample-table.ts';
import type { CauseEvidence, MapGrowth } from './cause.ts';
import type { SpikeShape } from './spikes.ts';

/** Bytes of a reassembly page with its bookkeeping. */
const pageBytes = 2_048;

/** A rise begins where the line leaves its low by more than this share of the height: a tenth is too late to ask what was allocated. */
const riseShare = 0.02;

/** When the line began to rise towards the spike's top. */
export function riseStartMs({ watch }: Pick<MeasuredPass, 'watch'>, spike: SpikeShape): number {
  const tMs = watch.rss.tMs();
  const rss = watch.rss.column('own');
  // A spike may begin and end between two samples.
  let at = tMs.findLastIndex((ms) => ms <= spike.startMs);
  if (at < 0) return spike.startMs;
  while (at > 0 && (rss[at] ?? 0) > spike.baselineBytes + riseShare * spike.heightBytes) at -= 1;
  return tMs[at]!;
}

/** @param keptBytes what survived a collection at the top, where a pass has looked: the measuring one saw only its own collections */
export function evidenceOf(
  measure: PassResult,
  shape: SpikeShape,
  keptBytes: number | undefined,
  leakBytes = 0,
): CauseEvidence {
  if (shape.isOfTree) return evidenceOfTree(shape, keptBytes, leakBytes);
  const { v8, spaces, gc } = measure.channel;
  // The height is reckoned from the low before the rise, and so is everything that explains it.
  const fromMs = riseStartMs(measure, shape);
  const growth = (table: SampleTable, column: string) =>
    difference(table.tMs(), table.column(column), fromMs, shape.topMs);
  const gauges = gaugesOf(measure.stats, measure.startedAtEpochMs);
  const pages = difference(gauges.tMs, gauges.pages, fromMs, shape.topMs);
  const major = gc.filter((event) => event.kind === 'MarkSweepCompact');
  return {
    heightBytes: shape.heightBytes,
    heapUsedGrowthBytes: growth(v8, 'heapUsed'),
    heapTotalGrowthBytes: growth(v8, 'heapTotal'),
    externalGrowthBytes: externalGrowth(measure, fromMs, shape.topMs),
    liveGrowthBytes:
      keptBytes ??
      difference(
        major.map((event) => event.tMs),
        major.map((event) => event.usedAfter),
        fromMs,
        shape.topMs,
      ),
    codeGrowthBytes: difference(
      spaces.map((sample) => sample.tMs),
      spaces.map((sample) => sample.used.code_space ?? null),
      fromMs,
      shape.topMs,
    ),
    reassemblyGrowthBytes: pages === null ? null : pages * pageBytes,
    map: v8.count > 0 ? mapGrowthOf(measure, fromMs, shape) : null,
    native: v8.count > 0 ? null : mapGrowthOf(measure, fromMs, shape),
    leakBytes: Math.min(shape.heightBytes, leakBytes),
  };
}

/** Of what other processes took nothing is known but their profiles. */
function evidenceOfTree(
  { heightBytes }: SpikeShape,
  liveGrowthBytes: number | undefined,
  leakBytes: number,
): CauseEvidence {
  return {
    heightBytes,
    heapUsedGrowthBytes: null,
    heapTotalGrowthBytes: null,
    externalGrowthBytes: null,
    liveGrowthBytes: liveGrowthBytes ?? null,
    codeGrowthBytes: null,
    reassemblyGrowthBytes: null,
    map: null,
    native: null,
    leakBytes: Math.min(heightBytes, leakBytes),
  };
}

/** By the readings, and by what was seen at collections: these come also while the program leaves no timer a turn. */
function externalGrowth({ channel: { v8, gc } }: PassResult, fromMs: number, topMs: number): number | null {
  const readings = v8.column('external');
  const seen = v8.tMs().map((tMs, i) => ({ tMs, bytes: readings[i] ?? null }));
  for (const { tMs, externalBefore } of gc) seen.push({ tMs, bytes: externalBefore ?? null });
  seen.sort((a, b) => a.tMs - b.tMs);
  const tMs = seen.map((each) => each.tMs);
  const bytes = seen.map((each) => each.bytes);
  const growth = difference(tMs, bytes, fromMs, topMs);
  return growth === null ? null : growth + takenInTurn(tMs, bytes, fromMs);
}

/**
 * A turn of the program leaves no reading. What rose between the last one before a spike and the next rose with the spike, and had not
 * begun before it: the straight line between the two takes it for older.
 */
function takenInTurn(tMs: readonly number[], values: readonly (number | null)[], fromMs: number): number {
  const before = values.findLast((value, i) => value !== null && tMs[i]! <= fromMs) ?? null;
  const next = values.find((value, i) => value !== null && tMs[i]! > fromMs) ?? null;
  if (before === null || next === null || next <= before) return 0;
  const from = levelAt(
    tMs.filter((_, i) => values[i] !== null),
    values.filter((value) => value !== null),
    fromMs,
  );
  return from - before;
}

/** Looks at the pages that explain less of a height, or more, than this leave it as it is. */
const mapShareMin = 0.6;
const mapShareMax = 1.5;

/**
 * Each kind of page at the top less the same at the start. A look is a moment beside the top itself: what came between
 * is taken to be of the same kinds. Null where no look was near enough.
 */
function mapGrowthOf({ watch }: PassResult, fromMs: number, shape: SpikeShape): MapGrowth | null {
  const tMs = watch.map.tMs();
  const columns = memoryClasses.map((name) => watch.map.column(name).map((value) => value ?? 0));
  const sums = tMs.map((_, at) => columns.reduce((sum, column) => sum + column[at]!, 0));
  const from = nearestLook(tMs, sums, fromMs, shape.baselineBytes);
  const top = nearestLook(tMs, sums, shape.topMs, shape.topBytes);
  if (from < 0 || top <= from) return null;
  const share = (sums[top]! - sums[from]!) / Math.max(1, shape.heightBytes);
  const factor = share >= mapShareMin && share <= mapShareMax ? 1 / share : 1;
  const growth = Object.fromEntries(
    memoryClasses.map((name, i) => [name, (columns[i]![top]! - columns[i]![from]!) * factor]),
  );
  return growth as Record<keyof MapGrowth, number>;
}

/** Of the looks before and after a moment the one that saw a level nearer to the one that was measured then. */
function nearestLook(tMs: readonly number[], sums: readonly number[], ms: number, bytes: number): number {
  const after = tMs.findIndex((each) => each >= ms);
  const before = after < 0 ? tMs.length - 1 : after - 1;
  if (after < 0 || before < 0) return Math.max(after, before);
  return Math.abs(sums[before]! - bytes) <= Math.abs(sums[after]! - bytes) ? before : after;
}

/**
 * The highest level between the two moments less the level at the first; null where it was not sampled. Samples are few
 * beside a quick spike: in between, the level is on the straight line between two of them.
 */
export function difference(
  tMs: readonly number[],
  values: readonly (number | null)[],
  fromMs: number,
  toMs: number,
): number | null {
  const at: number[] = [];
  const level: number[] = [];
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    at.push(tMs[i]!);
    level.push(value);
  }
  if (at.length === 0 || at[0]! > toMs) return null;
  const from = levelAt(at, level, fromMs);
  let highest = Math.max(from, levelAt(at, level, toMs));
  for (const [i, value] of level.entries()) if (at[i]! > fromMs && at[i]! < toMs && value > highest) highest = value;
  return highest - from;
}

function levelAt(tMs: readonly number[], level: readonly number[], ms: number): number {
  const next = tMs.findIndex((each) => each >= ms);
  if (next === 0) return level[0]!;
  if (next < 0) return level.at(-1)!;
  const share = (ms - tMs[next - 1]!) / (tMs[next]! - tMs[next - 1]!);
  return level[next - 1]! + share * (level[next]! - level[next - 1]!);
}
