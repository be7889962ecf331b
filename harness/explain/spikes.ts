/**
 * Finds the spikes on a memory line, and distinguishes steady growth from them. Pure.
 *
 * A spike is a rise that stands out of the noise by a wide margin: from a low, by at least `heightMin`, to a top that is
 * the highest until the line has given back half of it (or the run ends). Steady growth is a slope that a robust
 * regression finds with confidence and that is there in every part of the run: a leak is judged as one thing, and
 * spikes are then looked for on what remains when it is taken away.
 */
import { medianSorted } from 'simple-statistics';
import { theilSen } from './slope.ts';

export interface SpikeOptions {
  /** Rises below this are not worth a line in a report, in the unit of the values. @default 4 MB */
  readonly heightMinBytes?: number;
  /** Samples before this are start-up: no spike starts there. @default 0 */
  readonly ignoreBeforeMs?: number;
  /** Samples after this are the target's end. @default none */
  readonly ignoreAfterMs?: number;
  /** Traffic began and ended: growth is what came in between. @default the whole line */
  readonly traffic?: { readonly startMs: number; readonly endMs: number };
  /** A small step that begins before this is a program getting warm: no spike. @default 0 */
  readonly warmUpUntilMs?: number;
  /** Only the highest ones are kept, then put in the order of time. @default 20 */
  readonly spikesMax?: number;
  /**
   * Levels between the samples, ascending in time. Where they are given, every level is exact: a single high one is a short spike, and
   * no stray. They have no part in the slope, which wants samples at an even pace. @default none: single samples are strays
   */
  readonly tops?: { readonly tMs: readonly number[]; readonly bytes: readonly number[] };
}

export interface SpikeShape {
  /** Of the target with all that it started, where its own line shows no such rise: what V8 or the pages of the target say is not of it. */
  readonly isOfTree?: boolean;
  /** What rose: resident memory, or the sum of everything allocated. */
  readonly line: 'rss' | 'allocated';
  readonly startMs: number;
  readonly topMs: number;
  /** Back within a tenth of its height from the baseline, or the low before the next spike, or the end of the run. */
  readonly endMs: number;
  readonly baselineBytes: number;
  readonly topBytes: number;
  readonly heightBytes: number;
  /** From the top until back near the baseline; null when it never came back. */
  readonly recoveryMs: number | null;
  /** `spike` comes back, `step` stays up, `leak` is steady growth over the whole run. */
  readonly shape: 'spike' | 'step' | 'leak';
}

export interface Growth {
  /** Bytes per second, with its 99 % confidence interval. */
  readonly slope: number;
  readonly slopeLow: number;
  readonly slopeHigh: number;
  /** What it was found in. */
  readonly spanMs: number;
  readonly isLeak: boolean;
}

export interface SpikeFindings {
  readonly spikes: readonly SpikeShape[];
  readonly growth: Growth;
}

/** A rise must also be this much of the level it starts from. */
const HEIGHT_MIN_SHARE = 0.1;
/** A rise must be this many standard deviations of the noise: on a minute at 50 ms, chance stays far below. */
const NOISE_FACTOR = 8;
/** A top is final once this share of the rise is given back. */
const GIVEN_BACK = 0.5;
/** Recovered: within this share of its height of the baseline. */
const RECOVERED = 0.1;
/** Blocks a run is cut into for the slope: enough for a confidence interval, and longer than a collector's cycle. */
const SLOPE_BLOCKS = 24;
/** Over less time than 20 s (a sample's place more or less) a steady rise is what a burst looks like while it lasts, not a leak. */
export const LEAK_SPAN_MIN_MS = 19_500;

interface Line {
  readonly t: Float64Array;
  readonly y: Float64Array;
}

/** Spikes of a sampled level; nulls are skipped. Times ascend, in milliseconds; values are bytes. */
export function findSpikes(
  tMs: readonly number[],
  values: readonly (number | null)[],
  options: SpikeOptions = {},
): SpikeFindings {
  const { ignoreBeforeMs = 0, ignoreAfterMs = Number.POSITIVE_INFINITY, traffic } = options;
  const sampled = compact(tMs, values, ignoreBeforeMs, ignoreAfterMs);
  const smoothed = smooth(sampled);
  const raw =
    options.tops && sampled.t.length > 0 ? withTops(sampled, options.tops, ignoreBeforeMs, ignoreAfterMs) : sampled;
  const heightMin = Math.max(options.heightMinBytes ?? 4_000_000, NOISE_FACTOR * noiseOf(raw.y));
  const growth = growthOf(traffic ? between(smoothed, traffic.startMs, traffic.endMs) : smoothed, heightMin);
  if (smoothed.y.length < 3) return { spikes: [], growth };
  const line = options.tops ? raw : smoothed;
  const base = line.t[0]!;
  const flat = growth.isLeak
    ? { t: line.t, y: line.y.map((y, i) => y - ((line.t[i]! - base) / 1000) * growth.slope) }
    : line;
  const shapes = shapesOf(flat, heightMin, unseenGaps * pauseOf(sampled.t))
    .map((shape) => withRawValues(shape, raw, line))
    .filter((shape) => !isWarmUp(shape, options));
  if (growth.isLeak) shapes.push(leakOf(raw));
  shapes.sort((a, b) => b.heightBytes - a.heightBytes);
  const spikes = shapes.slice(0, options.spikesMax ?? 20).sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs);
  return { spikes, growth };
}

/**
 * Compiled code, type feedback, allocator arenas: on our scenarios a Node.js program takes 4 to 9 MB more with its first
 * traffic, once and for good.
 */
const WARM_UP_BYTES = 12_000_000;

function isWarmUp({ shape, startMs, heightBytes }: SpikeShape, options: SpikeOptions): boolean {
  if (shape !== 'step' || startMs > (options.warmUpUntilMs ?? Number.NEGATIVE_INFINITY)) return false;
  return heightBytes <= WARM_UP_BYTES;
}

function between({ t, y }: Line, fromMs: number, toMs: number): Line {
  const from = t.findIndex((ms) => ms >= fromMs);
  const after = t.findIndex((ms) => ms > toMs);
  const to = after < 0 ? t.length : after;
  return from < 0 ? { t: t.subarray(0, 0), y: y.subarray(0, 0) } : { t: t.subarray(from, to), y: y.subarray(from, to) };
}

function compact(tMs: readonly number[], values: readonly (number | null)[], fromMs: number, toMs: number): Line {
  const t: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (value === null || value === undefined || tMs[i]! < fromMs || tMs[i]! > toMs) continue;
    t.push(tMs[i]!);
    y.push(value);
  }
  return { t: Float64Array.from(t), y: Float64Array.from(y) };
}

/** The same line with the levels between its samples. */
function withTops({ t, y }: Line, tops: NonNullable<SpikeOptions['tops']>, fromMs: number, toMs: number): Line {
  // Not from the first sample on: on a busy machine that comes late, and a rise is under way.
  const first = tops.tMs.findIndex((ms) => ms >= fromMs);
  const after = tops.tMs.findIndex((ms) => ms > toMs);
  const count = first < 0 ? 0 : Math.max(0, (after < 0 ? tops.tMs.length : after) - first);
  const out = { t: new Float64Array(t.length + count), y: new Float64Array(t.length + count) };
  for (let at = 0, i = 0, k = Math.max(0, first); at < out.t.length; at += 1) {
    const isTop = k < first + count && (i >= t.length || tops.tMs[k]! < t[i]!);
    out.t[at] = isTop ? tops.tMs[k]! : t[i]!;
    out.y[at] = isTop ? tops.bytes[k++]! : y[i++]!;
  }
  return out;
}

/** Median of three: a single stray sample is no spike. */
function smooth({ t, y }: Line): Line {
  const out = Float64Array.from(y);
  for (let i = 1; i + 1 < y.length; i += 1) {
    const [a, b, c] = [y[i - 1]!, y[i]!, y[i + 1]!];
    out[i] = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
  return { t, y: out };
}

/**
 * Noise from sample to sample: how far each is from the middle of its neighbours, by the median, which a spike hardly moves. A steady
 * rise or fall is no noise, however much of the run it takes.
 */
function noiseOf(y: Float64Array): number {
  if (y.length < 3) return 0;
  const distances = new Float64Array(y.length - 2);
  for (let i = 1; i + 1 < y.length; i += 1) distances[i - 1] = Math.abs(y[i]! - (y[i - 1]! + y[i + 1]!) / 2);
  distances.sort();
  // 1.4826 makes a median of absolute values a standard deviation; a distance holds the noise of one sample and of half of two.
  return (1.4826 * medianSorted(distances as unknown as number[])) / Math.sqrt(1.5);
}

/** Samples so many times further apart than usual: nobody looked. */
const unseenGaps = 3;

/** Between two samples, as a rule. */
function pauseOf(t: Float64Array): number {
  const pauses = t.slice(1).map((ms, i) => ms - t[i]!);
  return pauses.length === 0 ? Number.POSITIVE_INFINITY : medianSorted(pauses.sort() as unknown as number[]);
}

/** Walks the line from low to top to low. @param gapMs a longer pause hides lows */
function shapesOf(line: Line, heightMin: number, gapMs: number): SpikeShape[] {
  const { y } = line;
  const shapes: SpikeShape[] = [];
  let low = 0;
  let top = 0;
  let rising = false;
  for (let i = 1; i < y.length; i += 1) {
    if (!rising) {
      if (y[i]! <= y[low]!) low = i;
      else if (y[i]! - y[low]! >= Math.max(heightMin, HEIGHT_MIN_SHARE * y[low]!)) {
        rising = true;
        top = i;
      }
    } else if (y[i]! > y[top]!) top = i;
    else if (y[top]! - y[i]! >= GIVEN_BACK * (y[top]! - y[low]!)) {
      const next = lowAfter(y, i, heightMin);
      shapes.push(shapeOf(line, { low, top, next, gapMs }));
      low = next;
      rising = false;
      i = next;
    }
  }
  if (rising) shapes.push(shapeOf(line, { low, top, next: y.length - 1, gapMs }));
  return shapes;
}

/** Where the fall that began before `from` ends: the lowest sample before the next rise of a spike's size. */
function lowAfter(y: Float64Array, from: number, heightMin: number): number {
  let low = from;
  for (let i = from + 1; i < y.length; i += 1) {
    if (y[i]! < y[low]!) low = i;
    else if (y[i]! - y[low]! >= Math.max(heightMin, HEIGHT_MIN_SHARE * y[low]!)) break;
  }
  return low;
}

interface Walked {
  /** Indices: the low before, the top, the low after. */
  readonly low: number;
  readonly top: number;
  readonly next: number;
  readonly gapMs: number;
}

function shapeOf({ t, y }: Line, { low, top, next, gapMs }: Walked): SpikeShape {
  // A fall into a pause in which nobody looked: its end was lower than the first that is known of the rise. The low behind the top, where
  // that is lower, is the better guess.
  const isLowUnseen = low > 0 && y[low - 1]! > y[low]! && t[low]! - t[low - 1]! > gapMs;
  const baseline = isLowUnseen ? Math.min(y[low]!, y[next]!) : y[low]!;
  const height = y[top]! - baseline;
  // The last sample that was still near the low: the rise starts there, not at the lowest point of a long quiet.
  let start = top;
  while (start > low && y[start]! > baseline + RECOVERED * height) start -= 1;
  let end = top;
  while (end < next && y[end]! > baseline + RECOVERED * height) end += 1;
  const recovered = y[end]! <= baseline + RECOVERED * height;
  const gaveBack = y[top]! - y[next]! >= GIVEN_BACK * height;
  return {
    line: 'rss',
    startMs: t[start]!,
    topMs: t[top]!,
    endMs: t[recovered ? end : next]!,
    baselineBytes: baseline,
    topBytes: y[top]!,
    heightBytes: height,
    recoveryMs: recovered ? t[end]! - t[top]! : null,
    shape: recovered || gaveBack ? 'spike' : 'step',
  };
}

/** A shape found on the smoothed line (without its slope, if it has one), with the line's own values. */
function withRawValues(shape: SpikeShape, raw: Line, smoothed: Line): SpikeShape {
  const near = smoothed.t.indexOf(shape.topMs);
  // Smoothing cuts a peak off; the real one is next to it.
  let top = near;
  for (const i of [near - 1, near + 1]) if ((raw.y[i] ?? 0) > raw.y[top]!) top = i;
  const topBytes = raw.y[top]!;
  const heightBytes = shape.heightBytes + topBytes - smoothed.y[near]!;
  return { ...shape, topMs: raw.t[top]!, topBytes, heightBytes, baselineBytes: topBytes - heightBytes };
}

/** All of a line as one growth. */
export function leakShape(tMs: readonly number[], values: readonly (number | null)[], startMs: number, endMs: number) {
  const line = compact(tMs, values, startMs, endMs);
  return line.y.length < 2 ? undefined : leakOf(line);
}

function leakOf({ t, y }: Line): SpikeShape {
  const last = y.length - 1;
  const top = y.reduce((best, value, i) => (value > y[best]! ? i : best), 0);
  const baselineBytes = y[0]!;
  return {
    line: 'rss',
    startMs: t[0]!,
    topMs: t[top]!,
    endMs: t[last]!,
    baselineBytes,
    topBytes: y[top]!,
    heightBytes: y[top]! - baselineBytes,
    recoveryMs: null,
    shape: 'leak',
  };
}

/** Slope of block medians: neighbouring samples are not independent. */
function growthOf({ t, y }: Line, heightMin: number): Growth {
  const blocks = Math.min(SLOPE_BLOCKS, Math.floor(y.length / 4));
  const none: Growth = {
    slope: 0,
    slopeLow: Number.NEGATIVE_INFINITY,
    slopeHigh: Number.POSITIVE_INFINITY,
    spanMs: 0,
    isLeak: false,
  };
  if (blocks < 8) return none;
  const x: number[] = [];
  const level: number[] = [];
  for (let block = 0; block < blocks; block += 1) {
    const from = Math.floor((block * y.length) / blocks);
    const to = Math.floor(((block + 1) * y.length) / blocks);
    x.push((t[from]! + t[to - 1]!) / 2000);
    level.push(medianSorted(Array.from(y.subarray(from, to)).sort((a, b) => a - b)));
  }
  const found = theilSen(x, level);
  if (!found) return none;
  const { slope, low: slopeLow, high: slopeHigh } = found;
  const grown = slope * (x.at(-1)! - x[0]!);
  const spanMs = t.at(-1)! - t[0]!;
  const isLong = spanMs >= LEAK_SPAN_MIN_MS;
  return {
    slope,
    slopeLow,
    slopeHigh,
    spanMs,
    isLeak: isLong && slopeLow > 0 && grown >= heightMin && risesThroughout(level, grown),
  };
}

/** Every quarter of the run must bring its part: warming up and then staying is no leak, nor is one step. */
function risesThroughout(level: readonly number[], grown: number): boolean {
  const quarter = Math.floor(level.length / 4);
  const medians = [0, 1, 2, 3].map((i) =>
    medianSorted(level.slice(i * quarter, i === 3 ? level.length : (i + 1) * quarter).sort((a, b) => a - b)),
  );
  // Medians of quarters are a quarter of the run apart: an even growth brings 25 % between each.
  return medians.slice(1).every((value, i) => value - medians[i]! >= 0.1 * grown && value - medians[i]! <= 0.5 * grown);
}
