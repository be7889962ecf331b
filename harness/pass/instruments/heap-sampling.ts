/** V8's sampler of allocations, and the preload's of what lies outside the heap: of all that was allocated, or of what stayed. */
import type { FrameRange } from '../../../reports/model.ts';
import type { PreloadOptions } from '../../preload/options.ts';
import { readInterval, writeProfileFile } from '../../profile/files.ts';
import type { PassResult } from '../pass-result.ts';
import { type FrameInterval, type Instrument, samplerCeilingBytes } from './instrument.ts';

export const heapSampleBytes = 65_536;
export const offHeapSampleBytes = 65_536;
export const stackDepth = 64;
const takeTimeoutMs = 10_000;
/** Inlined callees are charged to their callers, whose line is then the wrong one. */
const attributionArguments = ['--no-turbo-inlining', '--no-maglev-inlining'];

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

/** The profiles that the target wrote, also kept as pprof in the report's folder. */
function readIntervals(
  pass: PassResult,
  sampleType: 'alloc_space' | 'inuse_space',
  folder: string,
  sampleBytes: number,
): FrameInterval[] {
  const read: FrameInterval[] = [];
  for (const { interval, firstFrame, lastFrame } of pass.intervals) {
    const written = pass.channel.intervals.find((each) => each.interval === interval);
    const profiles = written && readInterval(written, sampleType, { heap: sampleBytes, offHeap: offHeapSampleBytes });
    if (!profiles) continue;
    read.push({ ...profiles, firstFrame, lastFrame });
    const name = `${pass.kind}-${String(interval).padStart(3, '0')}`;
    writeProfileFile(folder, name, profiles.heap);
    writeProfileFile(folder, `${name}-off-heap`, profiles.offHeap);
  }
  return read.sort((a, b) => a.interval - b.interval);
}
