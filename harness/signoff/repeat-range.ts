/** How far a figure may be from what a bundle says when its run is run again; docs/decisions/exact-lane.md has the figures behind it. Pure. */
import type { Lane } from '../../reports/model.ts';

/** Twenty runs of the exact lane were within 0.06 % (allocation) and 0.14 % (peak); repeatable loads within 0.2 %. */
const share = 0.005;
/** Counts of the same frames are the same. */
const same = 0;

const ranges: readonly (readonly [lane: Lane, metric: RegExp, range: number])[] = [
  ['exact', /^allocated\.(bytes|perMessage)$/, share],
  ['exact', /^heap\.peakBeforeGc$/, share],
  ['exact', /^(messages\.found|missed\.messages|extra\.messages|dropped\.frames)$/, same],
];

/** As a share of the figure; null where it does not repeat: time, and what the kernel counts. */
export function repeatRange(lane: Lane, metric: string): number | null {
  return ranges.find(([of, names]) => of === lane && names.test(metric))?.[2] ?? null;
}

/** Of what a repeatable load allocates by the request, where its pairs agreed. */
export const loadRange = share;

/** What a figure may be when it is run again, and what says so. */
export interface StatedRange {
  readonly low: number;
  readonly high: number;
  /** As a share of what was signed; undefined where it is what the signed runs ranged over. */
  readonly share?: number;
  /** What the candidate's runs were, and how many. */
  readonly runs?: { readonly low: number; readonly high: number; readonly count: number };
}

/** Of a figure that repeats. */
export function shareRange(stated: number, share: number): StatedRange {
  const room = share * Math.abs(stated);
  return { low: stated - room, high: stated + room, share };
}

/**
 * Of one that was decided by pairs: its signed runs did not agree, and say themselves how far they are apart. From the lowest to the highest, with that
 * width once more on either side: of runs that spread by a normal distribution one more is outside of that in 2.9 % (five runs), 0.9 % (seven), 0.2 % (ten),
 * and outside of the bare range in a third, a quarter, a fifth. Never narrower than what repeats.
 * @param runs one or more
 */
export function runsRange(runs: readonly number[], stated: number): StatedRange {
  const [low, high] = [Math.min(...runs), Math.max(...runs)];
  const room = Math.max(high - low, loadRange * Math.abs(stated));
  // What is counted, or allocated, is never less than nothing.
  return {
    low: low >= 0 ? Math.max(0, low - room) : low - room,
    high: high + room,
    runs: { low, high, count: runs.length },
  };
}

export function isWithin(figure: number, { low, high }: StatedRange): boolean {
  return figure >= low && figure <= high;
}
