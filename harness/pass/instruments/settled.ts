/** Memory after forced collections, at even places of the traffic: what stays, without garbage. Limits on growth are decided by it. */
import { memoryClasses } from '../../watch/memory-map.ts';
import type { PassResult } from '../pass-result.ts';
import type { Instrument, SettledPoint } from './instrument.ts';

const takeTimeoutMs = 60_000;
/** A slope takes six after the warm-up; more make its interval narrower, and each stops the target. */
const looksMin = 12;
const looks = 24;

export const settled: Instrument = {
  kind: 'settled',
  activity: 'replaying with forced collections',
  disturbs: true,
  needsNode: false,
  holdsTraffic: true,
  use: {
    take: (channel, interval) => channel.settle(interval, takeTimeoutMs),
    oncePerPhase: false,
    everyInterval: false,
    isLevel: false,
    rests: true,
  },
  start: () => ({ preload: { settles: true } }),
  describe: (usual) => [...usual, 'forced collections at even places of the traffic'],
  // The collector needs room to move objects, and takes back more than the measuring pass did.
  ceilingBytes: (peakBytes) => 1.2 * peakBytes + 100e6,
  aim({ framesSent }) {
    if (framesSent < looksMin) return { frameMarks: undefined };
    const count = Math.min(looks, framesSent);
    return { frameMarks: Array.from({ length: count }, (_, i) => Math.round(((i + 1) * framesSent) / count)) };
  },
  bring: (pass) => ({ settled: pointsOf(pass) }),
};

function pointsOf({ channel, intervals, watch }: PassResult): SettledPoint[] {
  const pagesAt = nativePages(watch);
  return intervals.flatMap(({ interval, lastFrame }) => {
    const line = channel.settled.find((each) => each.interval === interval);
    if (!line) return [];
    const { requests, heapUsed, external, tMs } = line;
    const native = pagesAt(tMs);
    const ownBytes = native === null ? null : heapUsed + native;
    return [{ frames: lastFrame, requests, liveBytes: heapUsed + external, ownBytes }];
  });
}

/** The look at the pages that followed a moment at once: all but those of V8's heap, of which it keeps free ones for itself. */
function nativePages({ map }: PassResult['watch']): (ms: number) => number | null {
  const tMs = map.tMs();
  const columns = memoryClasses.filter((name) => name !== 'heapBytes').map((name) => map.column(name));
  return (ms) => {
    const at = tMs.findIndex((each) => each >= ms - 1);
    if (at < 0 || tMs[at]! > ms + pagesWithinMs) return null;
    return columns.reduce((sum, column) => sum + (column[at] ?? 0), 0);
  };
}

/** Its answer is on its way meanwhile, and a look takes its time on a busy machine. */
const pagesWithinMs = 500;
