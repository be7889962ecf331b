/**
 * Profiles every so often over the whole run, whether it passes or not: what was allocated in an interval, or what was alive at its end.
 * They are kept in the report's folder, the latest of them, so that any two can be compared.
 */
import type { PreloadOptions } from '../../preload/options.ts';
import { ProfileRing } from '../../profile/ring.ts';
import { sideBySide } from '../../profile/side-by-side.ts';
import { heapSampleBytes, offHeapSampleBytes, readFamilyInterval, stackDepth } from './heap-sampling.ts';
import { type Instrument, samplerCeilingBytes } from './instrument.ts';

/** A collection of a large heap, and its profile's text. */
const takeTimeoutMs = 30_000;

const kinds = {
  allocations: {
    pass: 'allocations-every',
    activity: 'replaying with a profile of allocations every so often',
    words: 'allocated in the interval',
    sampled: { kind: 'allocations' },
    type: 'alloc_space',
  },
  live: {
    pass: 'live-every',
    activity: 'replaying with a profile of what is alive every so often',
    words: 'alive at the end of the interval',
    sampled: { kind: 'live', isCumulative: true },
    type: 'inuse_space',
  },
} as const;

/** @param folder of the report */
export function intervalProfiles(which: keyof typeof kinds, everyMs: number, folder: string): Instrument {
  const { pass, activity, words, sampled, type } = kinds[which];
  const ring = new ProfileRing(folder, which);
  return {
    kind: pass,
    activity,
    disturbs: true,
    needsNode: false,
    holdsTraffic: false,
    intervalMs: everyMs,
    use: {
      take: (channel, interval) => channel.cut(interval, takeTimeoutMs),
      oncePerPhase: false,
      everyInterval: true,
      isLevel: false,
      taken: ({ interval, firstFrame, lastFrame }, channel) => {
        const family = { channel, family: { channels: channel.everyKin() } };
        const profiles = readFamilyInterval(family, interval, type, heapSampleBytes);
        if (!profiles) return;
        const { heap, offHeap, startMs, endMs } = profiles;
        const profile = sideBySide([
          { label: '', profile: heap },
          { label: '', profile: offHeap },
        ]);
        ring.add({ interval, startMs, endMs, firstFrame, lastFrame }, profile);
      },
    },
    start: (passFolder) => ({ preload: { profile: { ...profileOf(passFolder), ...sampled } } }),
    describe: (usual) => [...usual, `profile every ${everyMs / 1000} s: ${words}`],
    ceilingBytes: samplerCeilingBytes,
    aim: () => ({ frameMarks: [] }),
    bring: () => {
      if (ring.taken === 0) {
        return { notes: [{ severity: 'warning', text: `The target gave no profile of what is ${words}.` }] };
      }
      const { first, last } = ring;
      const dropped = first > 0 ? `, the ${first} before them are no longer kept` : '';
      const text = `Profiles every ${everyMs / 1000} s, ${words}: ${first} to ${last}${dropped}; two are compared by floodgate diff RUN@${Math.max(first, last - 1)} RUN@${last}`;
      return { notes: [{ severity: 'info', text }] };
    },
  };
}

function profileOf(folder: string): Omit<NonNullable<PreloadOptions['profile']>, 'kind'> {
  return { sampleBytes: heapSampleBytes, stackDepth, offHeapSampleBytes, folder };
}
