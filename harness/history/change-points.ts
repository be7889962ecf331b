/**
 * Where a series of figures changed its level, by E-divisive means (Matteson and James, "A nonparametric approach for multiple change point
 * analysis of multivariate data", 2014), with exponent 1: a series is divided where the energy distance between both sides is largest, as
 * long as few permutations of it reach as much. A division must also move the ranks: a change of spread alone, or one outlier, is no point.
 * Pure; the same series has the same points.
 */
import { median } from 'simple-statistics';
import { createRandom, type Random } from '../../agent/seeded-random.ts';

/** No side of a point is shorter. Below twice as many figures there is none. */
export const segmentMin = 10;
/** The most that one analysis takes: the latest. A permutation costs n·log n. */
const pointsMax = 2_000;
const permutations = 499;
/** Chance that a series without a change is divided once. */
const errorRate = 0.005;
/** Of the normal distribution, two-sided: what the ranks must exceed as well. */
const rankDeviationsMin = 2.58;

export interface ChangePoint {
  /** First figure of the new level. */
  readonly index: number;
  /** Medians of the segments before and behind. */
  readonly before: number;
  readonly after: number;
  /** Share of permutations, the series itself included, that reach as much. */
  readonly p: number;
}

/** @param values in the order in which they were measured, finite */
export function changePoints(values: readonly number[]): ChangePoint[] {
  const from = Math.max(0, values.length - pointsMax);
  const series = Float64Array.from(values.slice(from));
  const random = createRandom(1, 'change points');
  const found: { at: number; p: number }[] = [];
  const open: [number, number][] = [[0, series.length]];
  for (let segment = open.pop(); segment !== undefined; segment = open.pop()) {
    const [start, end] = segment;
    const point = firstPoint(series, segment, random);
    if (point === undefined) continue;
    found.push(point);
    open.push([start, point.at], [point.at, end]);
  }
  found.sort((a, b) => a.at - b.at);
  const level = (start: number, end: number) => median([...series.subarray(start, end)]);
  return found.map(({ at, p }, i) => ({
    index: from + at,
    before: level(found[i - 1]?.at ?? 0, at),
    after: level(at, found[i + 1]?.at ?? series.length),
    p,
  }));
}

/**
 * Of a whole segment, or of its halves: where a level returns, what lies before and behind both changes is alike. (The paper looks at
 * every end of the right side instead, which costs n times as much.)
 */
function firstPoint(series: Float64Array, [start, end]: [number, number], random: Random) {
  const quarter = (end - start) >> 2;
  const halves: [number, number][] = [
    [start, start + 2 * quarter],
    [start + quarter, end - quarter],
    [end - 2 * quarter, end],
  ];
  const windows = [[start, end] as const, ...(quarter >= 2 * segmentMin ? halves : [])];
  for (const [i, [from, to]] of windows.entries()) {
    // Three more chances of an error: each must be smaller.
    const point = divide(series.subarray(from, to), random, i === 0 ? errorRate : errorRate / 3);
    if (point !== undefined) return { at: from + point.at, p: point.p };
  }
  return undefined;
}

/** The best division of a segment, where it is no accident. */
function divide(segment: Float64Array, random: Random, error: number): { at: number; p: number } | undefined {
  if (segment.length < 2 * segmentMin) return undefined;
  const ranked = new RankedSegment(segment);
  if (ranked.distinct === 1) return undefined;
  const order = Int32Array.from(segment, (_, i) => i);
  const { at, statistic } = ranked.best(order);
  if (statistic <= 0 || !ranked.isMoved(at)) return undefined;
  const reachedMax = Math.max(0, Math.floor(error * (permutations + 1)) - 1);
  let reached = 0;
  for (let round = 0; round < permutations; round++) {
    shuffle(order, random);
    if (ranked.best(order).statistic >= statistic && ++reached > reachedMax) return undefined;
  }
  return { at, p: (1 + reached) / (permutations + 1) };
}

/** Fisher and Yates. */
function shuffle(order: Int32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
}

/** A segment whose figures are known by rank, so that sums of distances come from two Fenwick trees, and not from all pairs. */
class RankedSegment {
  /** As shares of the range: distances of bytes by the billion would lose their digits. */
  readonly #values: Float64Array;
  /** From 1; equal figures have one rank. */
  readonly #rank: Int32Array;
  readonly distinct: number;
  readonly #leftCount: Float64Array;
  readonly #leftSum: Float64Array;
  readonly #allCount: Float64Array;
  readonly #allSum: Float64Array;
  /** Sum of all distances. */
  readonly #whole: number;

  constructor(segment: Float64Array) {
    const sorted = [...new Set(segment)].sort((a, b) => a - b);
    const [low, range] = [sorted[0]!, sorted.at(-1)! - sorted[0]! || 1];
    const rankOf = new Map(sorted.map((value, i) => [value, i + 1]));
    this.distinct = sorted.length;
    this.#values = segment.map((value) => (value - low) / range);
    this.#rank = Int32Array.from(segment, (value) => rankOf.get(value)!);
    this.#leftCount = new Float64Array(sorted.length + 1);
    this.#leftSum = new Float64Array(sorted.length + 1);
    // Of all figures plain running sums do: they never change.
    this.#allCount = new Float64Array(sorted.length + 1);
    this.#allSum = new Float64Array(sorted.length + 1);
    for (let i = 0; i < segment.length; i++) {
      this.#allCount[this.#rank[i]!]! += 1;
      this.#allSum[this.#rank[i]!]! += this.#values[i]!;
    }
    for (let rank = 1; rank <= sorted.length; rank++) {
      this.#allCount[rank]! += this.#allCount[rank - 1]!;
      this.#allSum[rank]! += this.#allSum[rank - 1]!;
    }
    let whole = 0;
    for (let i = 0; i < segment.length; i++) whole += this.#distanceToAll(i);
    this.#whole = whole / 2;
  }

  /** The division with the largest statistic of the figures in this order. */
  best(order: Int32Array): { at: number; statistic: number } {
    const n = order.length;
    this.#leftCount.fill(0);
    this.#leftSum.fill(0);
    let leftTotal = 0;
    let [left, right] = [0, this.#whole];
    let [at, statistic] = [0, 0];
    for (let i = 0; i < n - segmentMin; i++) {
      const item = order[i]!;
      const toLeft = this.#distanceToLeft(item, i, leftTotal);
      left += toLeft;
      right -= this.#distanceToAll(item) - toLeft;
      this.#addToLeft(item);
      leftTotal += this.#values[item]!;
      const [a, b] = [i + 1, n - i - 1];
      if (a < segmentMin) continue;
      const between = this.#whole - left - right;
      const energy = (2 * between) / (a * b) - left / ((a * (a - 1)) / 2) - right / ((b * (b - 1)) / 2);
      const value = ((a * b) / n) * energy;
      if (value > statistic + 1e-9) [at, statistic] = [a, value];
    }
    return { at, statistic };
  }

  /** Whether the figures before and behind differ in rank (Mann and Whitney, with ties, by the normal distribution). */
  isMoved(at: number): boolean {
    const n = this.#rank.length;
    const [a, b] = [at, n - at];
    let sum = 0;
    for (let i = 0; i < at; i++) {
      const [below, upTo] = [this.#allCount[this.#rank[i]! - 1]!, this.#allCount[this.#rank[i]!]!];
      sum += (below + 1 + upTo) / 2;
    }
    let ties = 0;
    for (let rank = 1; rank <= this.distinct; rank++) {
      const count = this.#allCount[rank]! - this.#allCount[rank - 1]!;
      ties += count ** 3 - count;
    }
    const u = sum - (a * (a + 1)) / 2;
    const deviation = Math.sqrt(((a * b) / 12) * (n + 1 - ties / (n * (n - 1))));
    return Math.abs(u - (a * b) / 2) > rankDeviationsMin * deviation;
  }

  #distanceToAll(item: number): number {
    const [value, rank] = [this.#values[item]!, this.#rank[item]!];
    const [count, sum] = [this.#allCount[rank]!, this.#allSum[rank]!];
    const [countAll, sumAll] = [this.#allCount[this.distinct]!, this.#allSum[this.distinct]!];
    return value * count - sum + (sumAll - sum) - value * (countAll - count);
  }

  #distanceToLeft(item: number, leftCount: number, leftTotal: number): number {
    const value = this.#values[item]!;
    let [count, sum] = [0, 0];
    for (let at = this.#rank[item]!; at > 0; at -= at & -at) {
      count += this.#leftCount[at]!;
      sum += this.#leftSum[at]!;
    }
    return value * count - sum + (leftTotal - sum) - value * (leftCount - count);
  }

  #addToLeft(item: number): void {
    const value = this.#values[item]!;
    for (let at = this.#rank[item]!; at <= this.distinct; at += at & -at) {
      this.#leftCount[at]! += 1;
      this.#leftSum[at]! += value;
    }
  }
}
