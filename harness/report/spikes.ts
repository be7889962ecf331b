/** Joins the passes: spikes found by the measuring one, explained by the allocation one, aligned on frame numbers. */
import { formatBytes, formatCount, formatDuration } from '../../reports/format.ts';
import type { FlameTree, ProfileReference, RetainedClass, Spike, SpikeStream, Suspect } from '../../reports/model.ts';
import { attribute, attributeAllocated, type SpikeGrowth, type SpikeSites } from '../explain/attribution.ts';
import { type CauseEvidence, classifyCause } from '../explain/cause.ts';
import { evidenceOf, riseStartMs } from '../explain/evidence.ts';
import type { SpikeFindings, SpikeShape } from '../explain/spikes.ts';
import { findSuspects, flameOf, isNobodysFault } from '../explain/suspects.ts';
import type { PassResult } from '../pass/pass.ts';
import { isGauge, mergeProfiles } from '../profile/arithmetic.ts';
import type { IntervalProfiles } from '../profile/files.ts';
import { type Profile, sumOf } from '../profile/profile.ts';

/** An interval of the allocation pass with the frames that were sent in it. */
export interface FrameInterval extends IntervalProfiles {
  readonly firstFrame: number;
  readonly lastFrame: number;
}

export interface FrameWindow {
  readonly first: number;
  readonly last: number;
}

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

/** What the passes after the measuring one brought, by interval; empty where there was no such pass. */
export interface Explanation {
  /** Everything that was allocated. */
  allocations: readonly FrameInterval[];
  /** What was allocated in the interval and alive at its end. */
  live: readonly FrameInterval[];
  /** What heap snapshots say grew, and in which spike; undefined where none were taken. */
  retained: { readonly spike: number; readonly classes: readonly RetainedClass[] } | undefined;
  /** By spike. */
  streams: readonly (readonly SpikeStream[])[];
}

/** Saves a profile and says where; injected, since this file does no I/O. */
export type SaveProfile = (name: string, profile: Profile) => string;

/** The frames that were sent between the beginning of a spike's rise and its top. */
export function framesOfSpike(measure: PassResult, spike: SpikeShape): FrameWindow {
  if (spike.line === 'allocated') return { first: 1, last: Math.max(1, measure.sent.column('frames').at(-1) ?? 1) };
  const tMs = measure.sent.tMs();
  const frames = measure.sent.column('frames');
  const at = (ms: number) => {
    let value = 0;
    for (let i = 0; i < tMs.length && tMs[i]! <= ms; i++) value = frames[i] ?? value;
    return value;
  };
  const first = at(riseStartMs(measure, spike));
  return { first: first + 1, last: Math.max(first + 1, at(spike.topMs)) };
}

/** Every spike of a run, with what explains it. */
export function spikesOf(
  measure: PassResult,
  findings: SpikeFindings,
  explanation: Explanation,
  save: SaveProfile,
): Spike[] {
  return findings.spikes.map((shape, index) => {
    if (shape.line === 'allocated') return allocatedSpike(measure, shape, explanation, index, save);
    const frames = framesOfSpike(measure, shape);
    const allocated = windowOf(explanation.allocations, frames);
    const live = liveWindowOf(explanation.live, frames);
    const profiles = [
      ...(allocated ? savePair(allocated, 'allocations', `spike-${index + 1}`, save) : []),
      ...(live ? savePair(live, 'live-heap', `spike-${index + 1}`, save) : []),
    ];
    const sites = sitesOf(allocated, live, startOf(explanation.live));
    const evidence = evidenceOf(measure, shape, live ? bytesOf(sites.liveHeap) : undefined);
    const cause = classifyCause(evidence);
    const shared = allocated || live ? attribute(growthOf(evidence), sites) : undefined;
    const source = mostOf(allocated, live, shape.heightBytes);
    return {
      line: 'rss',
      startMs: shape.startMs,
      topMs: shape.topMs,
      endMs: shape.endMs,
      baselineBytes: shape.baselineBytes,
      topBytes: shape.topBytes,
      heightBytes: shape.heightBytes,
      cause: cause.cause,
      causeDetail: shape.shape === 'leak' ? `${slopeOf(findings)} ${cause.detail}` : cause.detail,
      recoveryMs: shape.recoveryMs,
      suspects: shared?.suspects ?? [],
      frames: measure.lane === 'load' ? null : frames,
      streams: explanation.streams[index] ?? [],
      parts: shared?.parts ?? [],
      namedShare: shared?.namedShare ?? null,
      profiles,
      flame: source ? flameOfWindow(source) : null,
      retained: explanation.retained?.spike === index ? explanation.retained.classes : [],
    };
  });
}

/** What was allocated while the traffic flowed, by who allocated it. */
function allocatedSpike(
  measure: PassResult,
  shape: SpikeShape,
  explanation: Explanation,
  index: number,
  save: SaveProfile,
): Spike {
  const frames = framesOfSpike(measure, shape);
  const found = windowOf(explanation.allocations, frames);
  const allocated = found && { ...found, heap: { ...found.heap, steady: null } };
  const heap = allocated
    ? [{ ...allocated.heap, options: { where: 'heap' as const, isRuntimeFile: isNobodysFault } }]
    : [];
  const sites = findSuspects(heap, sitesMax);
  const known = bytesOf(sites);
  // Another pass, and sampled: its shares are those of this one's bytes.
  const scale = known > 0 ? shape.heightBytes / Math.max(known, allocated ? sumOf(allocated.heap.window, 0) : 0) : 0;
  const shared = attributeAllocated(sites, scale, shape.heightBytes);
  const { line, startMs, topMs, endMs, baselineBytes, topBytes, heightBytes, recoveryMs } = shape;
  return {
    line,
    startMs,
    topMs,
    endMs,
    baselineBytes,
    topBytes,
    heightBytes,
    recoveryMs,
    cause: 'garbage',
    causeDetail: `Allocated on the heap ${passedWords(measure, shape, frames.last)}; collections took it back.`,
    frames: measure.lane === 'load' ? null : frames,
    streams: explanation.streams[index] ?? [],
    ...shared,
    profiles: allocated ? savePair(allocated, 'allocations', `spike-${index + 1}`, save) : [],
    flame: allocated ? flameOf(allocated.heap.window, null, allocated.heap.window.sampleTypes[0]!.type) : null,
    retained: [],
  };
}

/** What passed meanwhile: without frames, time. */
function passedWords({ lane }: PassResult, { heightBytes, startMs, endMs }: SpikeShape, frames: number): string {
  if (lane !== 'load') {
    return `while ${formatCount(frames)} frames passed, ${formatBytes(heightBytes / frames)} for each`;
  }
  const seconds = Math.max(1, endMs - startMs) / 1000;
  return `in ${formatDuration(endMs - startMs)} of load, ${formatBytes(heightBytes / seconds)} a second`;
}

function bytesOf(sites: readonly Suspect[]): number {
  return sites.reduce((sum, site) => sum + site.selfBytes, 0);
}

/** How fast it leaks, as far as that can be known. */
function slopeOf({ growth }: SpikeFindings): string {
  const kilobytes = (bytes: number) => (bytes / 1e3).toFixed(1);
  return `Grows by ${kilobytes(growth.slope)} kB/s (99 %: ${kilobytes(growth.slopeLow)} to ${kilobytes(growth.slopeHigh)}).`;
}

/** What stayed must make up this much of a spike for its flame graph; else what was allocated is shown. */
const liveShareMin = 0.3;

function mostOf(
  allocated: ExplainedWindow | undefined,
  live: ExplainedWindow | undefined,
  heightBytes: number,
): ExplainedWindow | undefined {
  const stayed = live ? sumOf(live.heap.window, 0) + sumOf(live.offHeap.window, 0) : 0;
  return live && stayed >= liveShareMin * heightBytes ? live : (allocated ?? live);
}

/** Sites looked at for the shares: of thousands, the last ones together make no thousandth. */
const sitesMax = 500;

/** What was taken before the first frame. */
function startOf([first]: readonly FrameInterval[]): WindowPair | undefined {
  return first && first.lastFrame === 0 ? { window: first.offHeap, steady: null } : undefined;
}

function sitesOf(
  allocated: ExplainedWindow | undefined,
  live: ExplainedWindow | undefined,
  start: WindowPair | undefined,
): SpikeSites {
  const sites = (pair: WindowPair | undefined, where: Suspect['where'], type?: string) =>
    pair
      ? findSuspects([{ ...pair, options: { where, isRuntimeFile: isNobodysFault, ...(type && { type }) } }], sitesMax)
      : [];
  return {
    liveHeap: sites(live?.heap, 'heap'),
    liveOffHeap: sites(live?.offHeap, 'off-heap'),
    liveOffHeapCounts: sites(live?.offHeap, 'off-heap', 'inuse_objects'),
    allocatedHeap: sites(allocated?.heap, 'heap'),
    allocatedOffHeap: sites(allocated?.offHeap, 'off-heap'),
    startOffHeap: sites(start, 'off-heap'),
  };
}

function growthOf(evidence: CauseEvidence): SpikeGrowth {
  return {
    heightBytes: evidence.heightBytes,
    heapTotalBytes: evidence.heapTotalGrowthBytes,
    externalBytes: evidence.externalGrowthBytes,
    codeBytes: evidence.codeGrowthBytes,
    reassemblyBytes: evidence.reassemblyGrowthBytes,
    map: evidence.map,
  };
}

// An interval belongs to a window when more than half of its frames do; without frames it belongs to no one.
function isInside(interval: FrameInterval, frames: FrameWindow): boolean {
  const length = interval.lastFrame - interval.firstFrame;
  return length > 0 && commonFrames(interval, frames) * 2 > length;
}

function commonFrames(interval: FrameInterval, frames: FrameWindow): number {
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
export function windowOf(intervals: readonly FrameInterval[], frames: FrameWindow): ExplainedWindow | undefined {
  const window = intervals.filter((interval) => isInside(interval, frames));
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
function liveWindowOf(intervals: readonly FrameInterval[], frames: FrameWindow): ExplainedWindow | undefined {
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

function merge(profiles: readonly Profile[]): Profile | null {
  const [first, ...rest] = profiles;
  return first ? mergeProfiles([first, ...rest]) : null;
}

function flameOfWindow({ heap, offHeap }: ExplainedWindow): FlameTree {
  const steady = heap.steady && offHeap.steady ? together(heap.steady, offHeap.steady) : heap.steady;
  return flameOf(together(heap.window, offHeap.window), steady, heap.window.sampleTypes[0]!.type);
}

/** Two instruments that looked at one span of time: bytes add up, the duration does not, and levels are no averages. */
function together(heap: Profile, offHeap: Profile): Profile {
  const merged = mergeProfiles([heap, offHeap]);
  const factor = isGauge(heap.sampleTypes[0]!.type) ? 2 : 1;
  return {
    ...merged,
    durationMs: heap.durationMs,
    self: merged.self.map((column) => column.map((each) => each * factor)),
  };
}

function savePair(
  explained: ExplainedWindow,
  kind: 'allocations' | 'live-heap',
  name: string,
  save: SaveProfile,
): ProfileReference[] {
  const references: ProfileReference[] = [];
  for (const side of ['heap', 'offHeap'] as const) {
    for (const role of ['window', 'steady'] as const) {
      const profile = explained[side][role];
      if (!profile) continue;
      const when = role === 'steady' ? 'before' : kind === 'live-heap' ? 'top' : 'during';
      references.push({
        kind: side === 'heap' ? kind : 'off-heap',
        role: when,
        file: save(`${name}-${kind}${side === 'heap' ? '' : '-off-heap'}-${when}`, profile),
        format: 'pprof',
        startMs: explained.startMs,
        endMs: explained.endMs,
      });
    }
  }
  return references;
}
