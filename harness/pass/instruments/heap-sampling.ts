/** V8's sampler of allocations, and the preload's of what lies outside the heap: of all that was allocated, or of what stayed. */
import type { FrameRange } from '../../../reports/model.ts';
import type { PreloadOptions } from '../../preload/options.ts';
import { type IntervalProfiles, readInterval, writeProfileFile } from '../../profile/files.ts';
import type { Profile } from '../../profile/profile.ts';
import { type SidePart, sideBySide } from '../../profile/side-by-side.ts';
import type { PreloadChannel, ProfileInterval } from '../../watch/preload-channel.ts';
import type { PassResult } from '../pass-result.ts';
import { type FrameInterval, type Instrument, samplerCeilingBytes } from './instrument.ts';

export const heapSampleBytes = 65_536;
export const offHeapSampleBytes = 65_536;
export const stackDepth = 64;
const takeTimeoutMs = 10_000;
/** Inlined callees are charged to their callers, whose line is then the wrong one. */
export const attributionArguments = ['--no-turbo-inlining', '--no-maglev-inlining'];

interface Sampling {
  readonly kind: 'allocations' | 'live-heap';
  readonly activity: string;
  /** As the preload calls it. */
  readonly sampled: NonNullable<PreloadOptions['profile']>['kind'];
  readonly words: string;
  readonly everyInterval: boolean;
  readonly sampleBytes: number;
}

/**
 * Who allocates: everything of an interval, freed objects included.
 * @param sampleBytes mean bytes between two samples of the V8 heap
 */
export function allocationSampling(sampleBytes: number): Instrument {
  return {
    ...samplingInstrument({
      kind: 'allocations',
      activity: 'replaying with allocation sampling',
      sampled: 'allocations',
      words: 'freed objects included',
      everyInterval: true,
      sampleBytes,
    }),
    bring: (pass, { folder }) => ({ allocations: readIntervals(pass, 'alloc_space', folder, sampleBytes) }),
  };
}

export const allocations = allocationSampling(heapSampleBytes);

/** Who keeps: what a collection at the end of an interval leaves of it. */
export const liveHeap: Instrument = {
  ...samplingInstrument({
    kind: 'live-heap',
    activity: 'replaying with live-heap sampling',
    sampled: 'live',
    words: 'survivors only',
    everyInterval: false,
    sampleBytes: heapSampleBytes,
  }),
  // What stays of the whole run is one interval: who made it, alive at the end.
  aim: ({ frames, leakBytes }) => ({ frameMarks: leakBytes > 0 ? [] : endsOf(frames) }),
  bring: (pass, { folder }) => ({ live: readIntervals(pass, 'inuse_space', folder, heapSampleBytes) }),
};

function samplingInstrument(sampling: Sampling): Omit<Instrument, 'bring'> {
  const { kind, activity, sampled, words, everyInterval, sampleBytes } = sampling;
  return {
    kind,
    activity,
    disturbs: true,
    needsNode: false,
    holdsTraffic: true,
    use: {
      take: (channel, interval) => channel.cut(interval, takeTimeoutMs),
      oncePerPhase: false,
      everyInterval,
      isLevel: false,
    },
    start: (folder) => ({
      nodeArguments: attributionArguments,
      preload: { profile: { kind: sampled, sampleBytes, stackDepth, offHeapSampleBytes, folder } },
    }),
    describe: (usual, isNode) =>
      // What is no Node.js program shows its memory in its own way: that is all there is.
      isNode
        ? [
            ...usual,
            `allocation sampling, ${words}, ${sampleBytes / 1024} KiB`,
            `off-heap call sites, ${offHeapSampleBytes / 1024} KiB`,
            attributionArguments.join(' '),
          ]
        : usual,
    ceilingBytes: samplerCeilingBytes,
    aim: ({ frames }) => ({ frameMarks: endsOf(frames) }),
  };
}

/** The first frame and the last of every spike. */
function endsOf(frames: readonly FrameRange[]): number[] {
  return [...new Set(frames.flatMap(({ first, last }) => [first, last]))].sort((a, b) => a - b);
}

/** The profiles that the target wrote, with those of its threads and children, also kept as pprof in the report's folder. */
function readIntervals(
  pass: PassResult,
  sampleType: 'alloc_space' | 'inuse_space',
  folder: string,
  sampleBytes: number,
): FrameInterval[] {
  const read: FrameInterval[] = [];
  for (const { interval, firstFrame, lastFrame } of pass.intervals) {
    const profiles = readFamilyInterval(pass, interval, sampleType, sampleBytes);
    if (!profiles) continue;
    read.push({ ...profiles, ...(ofLoad(pass, profiles) ?? { firstFrame, lastFrame }) });
    const name = `${pass.kind}-${String(interval).padStart(3, '0')}`;
    writeProfileFile(folder, name, profiles.heap);
    writeProfileFile(folder, `${name}-off-heap`, profiles.offHeap);
  }
  return read.sort((a, b) => a.interval - b.interval);
}

/** The milliseconds of a load are those of the profile itself: a target in one long turn ends an interval long after it was asked to. */
function ofLoad(
  { lane, requests, sendStartMs, sendEndMs }: PassResult,
  { startMs, endMs }: IntervalProfiles,
): Pick<FrameInterval, 'firstFrame' | 'lastFrame'> | undefined {
  if (lane !== 'load' || requests !== undefined) return undefined;
  const frame = (ms: number) => Math.round(Math.min(Math.max(ms, sendStartMs), sendEndMs) - sendStartMs);
  return { firstFrame: frame(startMs), lastFrame: frame(endMs) };
}

/** Undefined where the target itself gave none. */
export function readFamilyInterval(
  {
    channel,
    family,
  }: {
    readonly channel: PreloadChannel;
    readonly family: { readonly channels: readonly PreloadChannel[] } | undefined;
  },
  interval: number,
  sampleType: 'alloc_space' | 'inuse_space',
  sampleBytes: number,
): IntervalProfiles | undefined {
  const channels = [channel, ...(family?.channels ?? [])];
  const parts = channels.flatMap((each) =>
    each.intervals
      .filter((written) => written.interval === interval)
      .flatMap((written) => {
        const profiles = readInterval(written, sampleType, { heap: sampleBytes, offHeap: offHeapSampleBytes });
        return profiles
          ? [{ label: labelOf(each, channel, written.thread), profiles, isOwn: isOwn(each, channel, written) }]
          : [];
      }),
  );
  const own = parts.find((part) => part.isOwn);
  if (!own) return undefined;
  const ordered = [own, ...parts.filter((part) => part !== own)];
  const joined = (of: (profiles: IntervalProfiles) => Profile) =>
    sideBySide(ordered.map(({ label, profiles }) => ({ label, profile: of(profiles) })) as [SidePart, ...SidePart[]]);
  return { ...own.profiles, heap: joined(({ heap }) => heap), offHeap: joined(({ offHeap }) => offHeap) };
}

function isOwn(each: PreloadChannel, own: PreloadChannel, { thread }: ProfileInterval): boolean {
  return each === own && thread === undefined;
}

/** Empty for the target's main thread. */
function labelOf(each: PreloadChannel, own: PreloadChannel, thread: number | undefined): string {
  const name = each.threads.listed.find(({ id }) => id === thread)?.name ?? '';
  const words = [
    ...(each === own ? [] : [`process ${each.pid}`]),
    ...(thread === undefined ? [] : [`thread ${thread} ${name}`]),
  ];
  return words.join(', ');
}
