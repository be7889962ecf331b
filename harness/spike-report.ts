/** Joins the passes: spikes found by the measuring one, explained by the allocation one, aligned on frame numbers. */
import type { FlameTree, ProfileReference, Spike, Suspect } from '../reports/model.ts';
import { gaugesOf } from './agent-figures.ts';
import { classifyCause } from './analyze/cause.ts';
import type { SpikeFindings, SpikeShape } from './analyze/spikes.ts';
import { findSuspects, flameOf } from './analyze/suspects.ts';
import type { IntervalProfiles } from './observe/profile-files.ts';
import type { SampleTable } from './observe/sample-table.ts';
import type { PassResult } from './pass.ts';
import { mergeProfiles } from './profile/arithmetic.ts';
import type { Profile } from './profile/profile.ts';

/** An interval of the allocation pass with the frames that were sent in it. */
export interface FrameInterval extends IntervalProfiles {
  readonly firstFrame: number;
  readonly lastFrame: number;
}

export interface FrameWindow {
  readonly first: number;
  readonly last: number;
}

/** Profiles of one instrument in a spike's window and in the steady state before it (or, failing that, after it). */
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

/** Saves a profile and says where; injected, since this file does no I/O. */
export type SaveProfile = (name: string, profile: Profile) => string;

/** Bytes of a reassembly page with its bookkeeping. */
const pageBytes = 2_048;

/** The frames that were sent between a spike's start and its top. */
export function framesOfSpike(measure: PassResult, spike: SpikeShape): FrameWindow {
  const tMs = measure.sent.tMs();
  const frames = measure.sent.column('frames');
  const at = (ms: number) => {
    let value = 0;
    for (let i = 0; i < tMs.length && tMs[i]! <= ms; i++) value = frames[i] ?? value;
    return value;
  };
  const first = at(spike.startMs);
  return { first: first + 1, last: Math.max(first + 1, at(spike.topMs)) };
}

/** Every spike of a run. @param intervals of the allocation pass, in order; empty where there was none */
export function spikesOf(
  measure: PassResult,
  findings: SpikeFindings,
  intervals: readonly FrameInterval[],
  save: SaveProfile,
): Spike[] {
  return findings.spikes.map((shape, index) => {
    const frames = framesOfSpike(measure, shape);
    const cause = classifyCause(evidenceOf(measure, shape));
    const explained = windowOf(intervals, frames);
    return {
      startMs: shape.startMs,
      topMs: shape.topMs,
      endMs: shape.endMs,
      baselineBytes: shape.baselineBytes,
      topBytes: shape.topBytes,
      heightBytes: shape.heightBytes,
      cause: cause.cause,
      causeDetail: cause.detail,
      recoveryMs: shape.recoveryMs,
      suspects: explained ? suspectsOf(explained) : [],
      frames,
      streams: [],
      profiles: explained ? savePair(explained, `spike-${index + 1}`, save) : [],
      flame: explained ? flameOfWindow(explained) : null,
      retained: [],
    };
  });
}

/** The intervals inside a frame window, and those before it, merged. Undefined where no interval falls into it. */
export function windowOf(intervals: readonly FrameInterval[], frames: FrameWindow): ExplainedWindow | undefined {
  // An interval belongs to the window when more than half of its frames do; without frames it belongs to no one.
  const inside = (interval: FrameInterval) => {
    const length = interval.lastFrame - interval.firstFrame;
    const common = Math.min(interval.lastFrame, frames.last) - Math.max(interval.firstFrame, frames.first - 1);
    return length > 0 && common * 2 > length;
  };
  const window = intervals.filter(inside);
  if (window.length === 0) return undefined;
  const first = intervals.indexOf(window[0]!);
  const sent = (interval: FrameInterval) => interval.lastFrame > interval.firstFrame;
  // Interval 0 is the target's own start, before the first frame: no steady state.
  const before = intervals.slice(1, Math.max(1, first)).filter(sent);
  const after = intervals.slice(intervals.indexOf(window.at(-1)!) + 1).filter(sent);
  const steady = before.length > 0 ? before : after;
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

function merge(profiles: readonly Profile[]): Profile | null {
  const [first, ...rest] = profiles;
  return first ? mergeProfiles([first, ...rest]) : null;
}

function suspectsOf({ heap, offHeap }: ExplainedWindow): Suspect[] {
  return findSuspects([
    { ...heap, options: { where: 'heap' } },
    { ...offHeap, options: { where: 'off-heap' } },
  ]);
}

function flameOfWindow({ heap, offHeap }: ExplainedWindow): FlameTree {
  const steady = heap.steady && offHeap.steady ? mergeInto(heap.steady, offHeap.steady) : heap.steady;
  return flameOf(mergeInto(heap.window, offHeap.window), steady, 'alloc_space');
}

// Two instruments that looked at one span of time: bytes add up, the duration does not.
function mergeInto(heap: Profile, offHeap: Profile): Profile {
  return { ...mergeProfiles([heap, offHeap]), durationMs: heap.durationMs };
}

function savePair(explained: ExplainedWindow, name: string, save: SaveProfile): ProfileReference[] {
  const references: ProfileReference[] = [];
  for (const kind of ['heap', 'offHeap'] as const) {
    for (const role of ['window', 'steady'] as const) {
      const profile = explained[kind][role];
      if (!profile) continue;
      const label = kind === 'heap' ? 'allocations' : 'off-heap';
      const when = role === 'window' ? 'during' : 'before';
      references.push({
        kind: label,
        role: when,
        file: save(`${name}-${label}-${when}`, profile),
        format: 'pprof',
        startMs: explained.startMs,
        endMs: explained.endMs,
      });
    }
  }
  return references;
}

function evidenceOf(measure: PassResult, shape: SpikeShape): Parameters<typeof classifyCause>[0] {
  const { v8, spaces, gc } = measure.channel;
  const growth = (table: SampleTable, column: string) =>
    difference(table.tMs(), table.column(column), shape.startMs, shape.topMs);
  const gauges = gaugesOf(measure.stats, measure.startedAtEpochMs);
  const pages = difference(gauges.tMs, gauges.pages, shape.startMs, shape.topMs);
  const major = gc.filter((event) => event.kind === 'MarkSweepCompact');
  return {
    heightBytes: shape.heightBytes,
    heapUsedGrowthBytes: growth(v8, 'heapUsed'),
    heapTotalGrowthBytes: growth(v8, 'heapTotal'),
    externalGrowthBytes: growth(v8, 'external'),
    liveGrowthBytes: difference(
      major.map((event) => event.tMs),
      major.map((event) => event.usedAfter),
      shape.startMs,
      shape.topMs,
    ),
    codeGrowthBytes: difference(
      spaces.map((sample) => sample.tMs),
      spaces.map((sample) => sample.used.code_space ?? null),
      shape.startMs,
      shape.topMs,
    ),
    reassemblyGrowthBytes: pages === null ? null : pages * pageBytes,
    isLeak: shape.shape === 'leak',
  };
}

/** Level at `toMs` less the level at `fromMs`; null where either was not sampled. */
function difference(
  tMs: readonly number[],
  values: readonly (number | null)[],
  fromMs: number,
  toMs: number,
): number | null {
  let from: number | null = null;
  let to: number | null = null;
  for (let i = 0; i < tMs.length && tMs[i]! <= toMs; i++) {
    const value = values[i] ?? null;
    if (value === null) continue;
    if (from === null || tMs[i]! <= fromMs) from = value;
    to = value;
  }
  return from === null || to === null ? null : to - from;
}
