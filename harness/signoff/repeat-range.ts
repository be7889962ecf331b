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

export function isWithin(figure: number, stated: number, range: number): boolean {
  return Math.abs(figure - stated) <= range * Math.abs(stated);
}
