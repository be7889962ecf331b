/** The spikes of the report: found by the measuring pass, explained by those after it, aligned by frame numbers. */
import { formatBytes, formatCount, formatDuration } from '../../reports/format.ts';
import type { FlameTree, ProfileReference, Spike } from '../../reports/model.ts';
import { attribute, attributeAllocated, bytesOf } from '../explain/attribution.ts';
import { classifyCause } from '../explain/cause.ts';
import { evidenceOf } from '../explain/evidence.ts';
import type { Explanation } from '../explain/explanation.ts';
import { type ExplainedWindow, liveWindowOf, windowOf } from '../explain/frame-windows.ts';
import { sitesIn, sitesOf, startOf } from '../explain/spike-sites.ts';
import type { Growth, SpikeShape } from '../explain/spikes.ts';
import { flameOf } from '../explain/suspects.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { isGauge, mergeProfiles } from '../profile/arithmetic.ts';
import { type Profile, sumOf } from '../profile/profile.ts';
import type { Findings } from './findings.ts';

/** Saves a profile and says where; injected, since this file does no I/O. */
export type SaveProfile = (name: string, profile: Profile) => string;

/** Every spike of a run, with what explains it. */
export function spikesOf(findings: Findings, explanation: Explanation, save: SaveProfile): Spike[] {
  return findings.spikes.map((shape, index) =>
    shape.line === 'allocated'
      ? allocatedSpike(findings, explanation, index, save)
      : residentSpike(findings, explanation, index, save),
  );
}

/** A rise of resident memory: what is in it, and who is behind that. */
function residentSpike(findings: Findings, explanation: Explanation, index: number, save: SaveProfile): Spike {
  const { measure, growth } = findings;
  const shape = findings.spikes[index]!;
  const frames = findings.frames[index]!;
  const allocated = windowOf(explanation.allocations, frames);
  const live = liveWindowOf(explanation.live, frames);
  const sites = sitesOf(allocated, live, startOf(explanation.live));
  const evidence = evidenceOf(measure, shape, live ? bytesOf(sites.liveHeap) : undefined);
  const cause = classifyCause(evidence);
  const shared = allocated || live ? attribute(evidence, sites) : undefined;
  const shown = mostOf(allocated, live, shape.heightBytes);
  return {
    ...commonOf(findings, explanation, index),
    cause: cause.cause,
    causeDetail: shape.shape === 'leak' ? `${slopeOf(growth)} ${cause.detail}` : cause.detail,
    suspects: shared?.suspects ?? [],
    parts: shared?.parts ?? [],
    namedShare: shared?.namedShare ?? null,
    linesShare: shared?.linesShare ?? null,
    profiles: [
      ...(allocated ? savePair(allocated, 'allocations', index, save) : []),
      ...(live ? savePair(live, 'live-heap', index, save) : []),
    ],
    flame: shown && isAmongHighest(findings, index) ? flameOfWindow(shown) : null,
    retained: explanation.retained?.spike === index ? explanation.retained.classes : [],
  };
}

/** Call trees make most of a report's size: only so many of the highest spikes have one. */
const flamesMax = 5;

function isAmongHighest({ spikes }: Findings, index: number): boolean {
  const { heightBytes } = spikes[index]!;
  return (
    spikes.filter((each, i) => each.heightBytes > heightBytes || (each.heightBytes === heightBytes && i < index))
      .length < flamesMax
  );
}

/** What was allocated while the traffic flowed, by who allocated it. */
function allocatedSpike(findings: Findings, explanation: Explanation, index: number, save: SaveProfile): Spike {
  const { heightBytes } = findings.spikes[index]!;
  const frames = findings.frames[index]!;
  const found = windowOf(explanation.allocations, frames);
  const allocated = found && { ...found, heap: { ...found.heap, steady: null } };
  const sites = sitesIn(allocated?.heap, 'heap');
  const known = bytesOf(sites);
  // Another pass, and sampled: its shares are those of this one's bytes.
  const scale = known > 0 ? heightBytes / Math.max(known, allocated ? sumOf(allocated.heap.window, 0) : 0) : 0;
  return {
    ...commonOf(findings, explanation, index),
    cause: 'garbage',
    causeDetail: `Allocated on the heap ${passedWords(findings.measure, findings.spikes[index]!, frames.last)}; collections took it back.`,
    ...attributeAllocated(sites, scale, heightBytes),
    profiles: allocated ? savePair(allocated, 'allocations', index, save) : [],
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

type CommonFields = Exclude<keyof SpikeShape, 'shape'> | 'frames' | 'streams';

function commonOf(
  { measure, spikes, frames }: Findings,
  { streams }: Explanation,
  index: number,
): Pick<Spike, CommonFields> {
  const { shape: _, ...levels } = spikes[index]!;
  return { ...levels, frames: measure.lane === 'load' ? null : frames[index]!, streams: streams[index] ?? [] };
}

/** How fast it leaks, as far as that can be known. */
function slopeOf({ slope, slopeLow, slopeHigh }: Growth): string {
  const kilobytes = (bytes: number) => (bytes / 1e3).toFixed(1);
  return `Grows by ${kilobytes(slope)} kB/s (99 %: ${kilobytes(slopeLow)} to ${kilobytes(slopeHigh)}).`;
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
  index: number,
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
        file: save(`spike-${index + 1}-${kind}${side === 'heap' ? '' : '-off-heap'}-${when}`, profile),
        format: 'pprof',
        startMs: explained.startMs,
        endMs: explained.endMs,
      });
    }
  }
  return references;
}
