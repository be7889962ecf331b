/** Resident memory of one pair over time, brought to the same clock, for the page to draw over each other. Pure. */
import type { ComparedTimeline } from '../../reports/comparison.ts';
import type { RunReport } from '../../reports/model.ts';

/** What of a run it is read from. */
export type TimedRun = Pick<RunReport, 'series' | 'phases'>;

/** More than a page of 390 to 1,500 pixels shows. */
const pointsMax = 300;
const column = 'rss';

/** Of the pair whose ratio of peaks is the middle one; undefined where memory was not sampled. */
export function overlayOf(
  base: readonly TimedRun[],
  head: readonly TimedRun[],
): Omit<ComparedTimeline, 'scenario'> | undefined {
  const pairs = base
    .map((report, at) => ({ base: curveOf(report), head: curveOf(head[at]!), pair: at + 1 }))
    .filter((each) => each.base.length > 1 && each.head.length > 1)
    .map((each) => ({ ...each, ratio: peak(each.head) / peak(each.base) }))
    .sort((a, b) => a.ratio - b.ratio);
  const middle = pairs[pairs.length >> 1];
  if (!middle) return undefined;
  const ends = [...middle.base, ...middle.head].map(({ tMs }) => tMs);
  const [fromMs, toMs] = [Math.min(...ends), Math.max(...ends)];
  const tMs = Array.from({ length: pointsMax }, (_, at) => fromMs + ((toMs - fromMs) * at) / (pointsMax - 1));
  return { pair: middle.pair, tMs, base: valuesAt(tMs, middle.base), head: valuesAt(tMs, middle.head) };
}

interface Sample {
  /** Since the traffic began. */
  readonly tMs: number;
  readonly bytes: number;
}

function curveOf({ series, phases }: TimedRun): Sample[] {
  const table = series.find(({ group, columns }) => group === 'memory' && columns.some(({ name }) => name === column));
  const values = table?.columns.find(({ name }) => name === column)?.values ?? [];
  const startMs = phases.find(({ name }) => name !== 'idle')?.startMs ?? 0;
  return values.flatMap((bytes, at) => (bytes === null ? [] : [{ tMs: table!.tMs[at]! - startMs, bytes }]));
}

const peak = (samples: readonly Sample[]) => samples.reduce((most, { bytes }) => Math.max(most, bytes), 1);

/** The last sample before each time; null before the first and after the end. */
function valuesAt(times: readonly number[], samples: readonly Sample[]): (number | null)[] {
  const lastMs = samples.at(-1)!.tMs;
  let next = 0;
  return times.map((tMs) => {
    while (next < samples.length && samples[next]!.tMs <= tMs) next += 1;
    return next === 0 || tMs > lastMs ? null : samples[next - 1]!.bytes;
  });
}
