/** The frames of a spike, and the profiles of the intervals in which they were sent: passes are aligned by frame number, those of a load by `pass-windows.ts`. Pure. */
import type { FrameRange } from '../../reports/model.ts';
import type { FrameInterval } from '../pass/instruments/instrument.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { mergeProfiles } from '../profile/arithmetic.ts';
import type { Profile } from '../profile/profile.ts';
import { riseStartMs } from './evidence.ts';
import type { SpikeShape } from './spikes.ts';

/** Profiles of one instrument in a spike's window and in the steady state before it; null: nothing was sent before. */
export interface WindowPair {
  readonly window: Profile;
  readonly steady: Profile | null;
}

export interface ExplainedWindow {
  readonly heap: WindowPair;
  readonly offHeap: WindowPair;
  readonly startMs: number;
  readonly endMs: number;
}

/** The frames that were sent between the beginning of a spike's rise and its top. */
export function framesOfSpike(measure: MeasuredPass, spike: SpikeShape): FrameRange {
  if (spike.line === 'allocated') return { first: 1, last: Math.max(1, measure.sent.column('frames').at(-1) ?? 1) };
  const tMs = measure.sent.tMs();
  const frames = measure.sent.column('frames');
  const at = (ms: number) => {
    let value = 0;
    for (let i = 0; i < tMs.length && tMs[i]! <= ms; i++) value = frames[i] ?? value;
    return value;
  };
  const first = at(riseStartMs(measure, spike));
  const all = frames.at(-1) ?? 0;
  // All had been sent before it rose: it comes of what was on its way to the target then.
  if (first >= all && all > 0) return { first: Math.min(all, framesBefore(measure, inFlightBytes) + 1), last: all };
  return { first: first + 1, last: Math.max(first + 1, at(spike.topMs)) };
}

/** What a pipe holds (pipe(7)): sent, and not read yet. */
const inFlightBytes = 65_536;

/** Frames that were sent before the last so many bytes. */
function framesBefore(measure: MeasuredPass, bytesLast: number): number {
  const bytes = measure.sent.column('bytes');
  const frames = measure.sent.column('frames');
  const end = (bytes.at(-1) ?? 0) - bytesLast;
  let before = 0;
  for (let i = 0; i < bytes.length && (bytes[i] ?? 0) <= end; i++) before = frames[i] ?? before;
  return before;
}

// An interval belongs to a window when more than half of its frames do, or most of the window's are its: a burst is shorter than an
// interval. Without frames it belongs to none.
function isInside(interval: FrameInterval, frames: FrameRange): boolean {
  const length = interval.lastFrame - interval.firstFrame;
  return length > 0 && commonFrames(interval, frames) * 2 > length;
}

function commonFrames(interval: FrameInterval, frames: FrameRange): number {
  return Math.min(interval.lastFrame, frames.last) - Math.max(interval.firstFrame, frames.first - 1);
}

/**
 * What went before must have lasted this share of the window: its rate is else a guess, and where it is the flood's own
 * first moments (the spike shows a little later) it explains the spike away.
 */
const steadyShareMin = 0.05;

function lengthMs(intervals: readonly FrameInterval[]): number {
  return intervals.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

/** The intervals inside a frame window, and those before it, merged. Undefined where no interval falls into it. */
export function windowOf(intervals: readonly FrameInterval[], frames: FrameRange): ExplainedWindow | undefined {
  const holds = (interval: FrameInterval) =>
    interval.lastFrame > interval.firstFrame && commonFrames(interval, frames) * 2 > frames.last - frames.first + 1;
  const window = intervals.filter((interval) => isInside(interval, frames) || holds(interval));
  if (window.length === 0) return undefined;
  const first = intervals.indexOf(window[0]!);
  const sent = (interval: FrameInterval) => interval.lastFrame > interval.firstFrame;
  // Interval 0 is the target's own start, before the first frame: no steady state.
  // Nor is what comes after: where the flood goes on, it allocates as it did, and would explain the spike away.
  const before = intervals.slice(1, Math.max(1, first)).filter(sent);
  const steady = lengthMs(before) >= steadyShareMin * lengthMs(window) ? before : [];
  const merged = (of: (interval: FrameInterval) => Profile): WindowPair => ({
    window: merge(window.map(of))!,
    steady: merge(steady.map(of)),
  });
  return {
    heap: merged((interval) => interval.heap),
    offHeap: merged((interval) => interval.offHeap),
    startMs: window[0]!.startMs,
    endMs: window.at(-1)!.endMs,
  };
}

/** Levels are not added up: the one interval that has most of the window, and nothing to subtract: it began at zero. */
export function liveWindowOf(intervals: readonly FrameInterval[], frames: FrameRange): ExplainedWindow | undefined {
  const [window] = intervals
    .filter((interval) => isInside(interval, frames))
    .sort((a, b) => commonFrames(b, frames) - commonFrames(a, frames));
  if (!window) return undefined;
  return {
    heap: { window: window.heap, steady: null },
    offHeap: { window: window.offHeap, steady: null },
    startMs: window.startMs,
    endMs: window.endMs,
  };
}

/** Of a leak: what was allocated from the first frame on and is alive at the end, the longest interval. */
export function wholeLive(intervals: readonly FrameInterval[]): ExplainedWindow | undefined {
  return liveWindowOf(intervals, { first: 1, last: Math.max(1, ...intervals.map(({ lastFrame }) => lastFrame)) });
}

function merge(profiles: readonly Profile[]): Profile | null {
  const [first, ...rest] = profiles;
  return first ? mergeProfiles([first, ...rest]) : null;
}
