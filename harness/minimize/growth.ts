/**
 * What of the traffic memory grew with: of each piece of it, in the order in which it was sent, how much of what was there at the top came
 * while it was sent and never went until then. Pure.
 */
import type { RunReport, SeriesColumn, SeriesTable } from '../../reports/model.ts';

export interface Growth {
  /** That were sent. */
  readonly frames: number;
  /** By piece; there are `growthPieces` of as many frames each. Only the proportions count. */
  readonly gains: readonly number[];
}

/** One of a gigabyte has a megabyte: what is between two readings of memory at the speed of the exact lane. */
export const growthPieces = 1_024;

/** Which line a metric is a figure of; all others by resident memory. */
const lines: readonly (readonly [RegExp, string])[] = [
  [/^heap\./, 'heapUsed'],
  [/^external\./, 'external'],
  [/^pages\./, 'pages'],
  [/^streams\./, 'streams'],
  [/^(allocated|share:|bytes:)/, 'allocated'],
];

/** Sent, and not yet looked at, at most: what a pipe holds, and the buffers at both of its ends. */
const inFlightBytes = 262_144;

/** @param metric of the condition; undefined: it has none @returns undefined where nothing grew, or no frame was counted */
export function growthOf({ series }: Pick<RunReport, 'series'>, metric: string | undefined): Growth | undefined {
  const name = lines.find(([pattern]) => metric !== undefined && pattern.test(metric))?.[1] ?? 'rss';
  const level = columnOf(series, name) ?? columnOf(series, 'rss');
  const frames = columnOf(series, 'frames');
  if (!level || !frames) return undefined;
  const sent = known(frames);
  const total = Math.max(0, ...sent.map(([, value]) => value));
  if (total === 0) return undefined;
  const framesAt = interpolated(sent);
  const takenAt = takenBy(sent, columnOf(series, 'bytes'), framesAt);
  const held = heldAtTop(known(level));
  const gains = new Array<number>(growthPieces).fill(0);
  for (let i = 1; i < held.length; i += 1) {
    const gained = held[i]![1] - held[i - 1]![1];
    if (gained > 0) spread(gains, gained, takenAt(held[i - 1]![0]) / total, framesAt(held[i]![0]) / total);
  }
  return gains.some((bytes) => bytes >= 1) ? { frames: total, gains: gains.map(Math.round) } : undefined;
}

/** How many frames had been sent at the top. */
export function framesAtTop({ frames, gains }: Growth): number {
  return Math.ceil(((gains.findLastIndex((gain) => gain > 0) + 1) * frames) / growthPieces);
}

/**
 * What `rss.max` and `rss.rise` are by the readings since the first frame: a start's own peak is in both, and is higher than that of little
 * traffic. Empty where neither is asked for, or no frame was counted.
 */
export function sinceTraffic(
  { series, figures }: Pick<RunReport, 'series' | 'figures'>,
  metrics: readonly string[],
): Record<string, number> {
  const [level, frames] = [columnOf(series, 'rss'), columnOf(series, 'frames')];
  const asked = metrics.filter((name) => name === 'rss.max' || name === 'rss.rise');
  if (!level || !frames || asked.length === 0) return {};
  const sent = known(frames);
  const first = sent.findIndex(([, count]) => count > 0);
  if (first < 0) return {};
  // It came after the reading before it.
  const sinceMs = sent[Math.max(0, first - 1)]![0];
  const line = known(level);
  const top = Math.max(0, ...line.filter(([tMs]) => tMs >= sinceMs).map(([, bytes]) => bytes));
  const idle = figures.find(({ name }) => name === 'rss.idle')?.value ?? line[0]?.[1] ?? 0;
  return Object.fromEntries(asked.map((name) => [name, name === 'rss.max' ? top : Math.max(0, top - idle)]));
}

type Point = readonly [tMs: number, value: number];
interface Line {
  readonly table: SeriesTable;
  readonly column: SeriesColumn;
}

function columnOf(series: readonly SeriesTable[], name: string): Line | undefined {
  for (const table of series) {
    const column = table.columns.find((each) => each.name === name);
    if (column) return { table, column };
  }
  return undefined;
}

function known({ table, column }: Line): Point[] {
  return column.values.flatMap((value, i) => (value === null ? [] : [[table.tMs[i]!, value] as const]));
}

/** Of the level up to its top, at each time: what of it was never given back before the top. */
function heldAtTop(points: readonly Point[]): Point[] {
  let top = 0;
  for (const [i, [, value]] of points.entries()) if (value > points[top]![1]) top = i;
  const held: Point[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let i = top; i >= 0; i -= 1) {
    least = Math.min(least, points[i]![1]);
    held.push([points[i]![0], least]);
  }
  return held.reverse();
}

/** How many frames were surely taken: those before what may have been on its way then. */
function takenBy(frames: readonly Point[], bytes: Line | undefined, framesAt: (tMs: number) => number) {
  if (!bytes) return framesAt;
  const bytesAt = interpolated(known(bytes));
  // Both were read at the same times.
  const framesOf = interpolated(frames.map(([tMs, count]) => [bytesAt(tMs), count] as const));
  return (tMs: number) => framesOf(Math.max(0, bytesAt(tMs) - inFlightBytes));
}

/** Between two readings it is taken to rise evenly; before the first it was 0. */
function interpolated(points: readonly Point[]): (tMs: number) => number {
  return (tMs) => {
    let after = 0;
    let end = points.length;
    while (after < end) {
      const middle = (after + end) >> 1;
      if (points[middle]![0] < tMs) after = middle + 1;
      else end = middle;
    }
    const right = points[after];
    const left = points[after - 1];
    if (!right) return left?.[1] ?? 0;
    if (!left) return right[0] > tMs ? 0 : right[1];
    return left[1] + ((right[1] - left[1]) * (tMs - left[0])) / (right[0] - left[0]);
  };
}

/** Over the pieces between two shares of all frames, as much of each as lies between them. */
function spread(gains: number[], bytes: number, from: number, to: number): void {
  const [start, end] = [from * growthPieces, Math.max(to * growthPieces, from * growthPieces + 1e-6)];
  for (let piece = Math.floor(start); piece < Math.min(growthPieces, end); piece += 1) {
    const share = (Math.min(end, piece + 1) - Math.max(start, piece)) / (end - start);
    gains[piece]! += bytes * share;
  }
}

/** Shares what each piece brought among the units that had frames in it, by their bytes there. */
export class GrowthShares {
  readonly #growth: Growth;
  readonly #values: number[] = [];
  readonly #inPiece = new Map<number, number>();
  #piece = 0;
  #bytes = 0;
  #frame = 0;

  constructor(growth: Growth) {
    this.#growth = growth;
  }

  /** The next frame, whose it is. */
  add(unit: number, bytes: number): void {
    const piece = Math.min(growthPieces - 1, Math.floor((this.#frame * growthPieces) / this.#growth.frames));
    if (piece !== this.#piece) this.#share(piece);
    this.#frame += 1;
    this.#inPiece.set(unit, (this.#inPiece.get(unit) ?? 0) + bytes);
    this.#bytes += bytes;
  }

  /** By unit; those that had no frame are missing or 0. */
  values(): readonly number[] {
    this.#share(this.#piece);
    return Array.from(this.#values, (value) => value ?? 0);
  }

  /** Pieces in which no frame began were brought by what came before. */
  #share(next: number): void {
    let gained = 0;
    for (let piece = this.#piece; piece < Math.max(next, this.#piece + 1); piece += 1)
      gained += this.#growth.gains[piece] ?? 0;
    if (gained > 0)
      for (const [unit, bytes] of this.#inPiece)
        this.#values[unit] = (this.#values[unit] ?? 0) + (gained * bytes) / this.#bytes;
    this.#inPiece.clear();
    this.#bytes = 0;
    this.#piece = next;
  }
}
