/** Change points of a metric over the runs of a series: figures that are missing, or of another definition, are left out. Pure. */
import { type ChangePoint, changePoints, segmentMin } from './change-points.ts';

export interface SeriesPoints {
  /** Indexes are those of the runs. */
  readonly points: readonly ChangePoint[];
  /** Figures that were looked at. */
  readonly looked: number;
  /** As many are needed at least. */
  readonly needed: number;
}

/** @param values one a run, null where it was not measured @param comparable one a run */
export function pointsOf(values: readonly (number | null)[], comparable: readonly boolean[]): SeriesPoints {
  const places: number[] = [];
  const figures: number[] = [];
  for (const [i, value] of values.entries()) {
    if (value === null || comparable[i] !== true) continue;
    places.push(i);
    figures.push(value);
  }
  const points = changePoints(figures).map((point) => ({ ...point, index: places[point.index]! }));
  return { points, looked: figures.length, needed: 2 * segmentMin };
}
