/** Memory after forced collections, at even places of the traffic: what stays, without garbage. Limits on growth are decided by it. */
import type { PassResult } from '../pass-result.ts';
import type { Instrument, SettledPoint } from './instrument.ts';

const takeTimeoutMs = 60_000;
/** A slope takes eight after the warm-up; more make its interval narrower, and each stops the target. */
const looksMin = 12;
const looksMax = 24;
/** Three last-resort collections take 2.5 to 7 ms for each megabyte of objects on a busy machine. */
const lookMsPerByte = 5 / 1e6;
/** Where the traffic cannot be held, the target must have time to work in between. */
const lookShareMax = 0.4;

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
  },
  start: () => ({ preload: { settles: true } }),
  describe: (usual) => [...usual, 'three forced collections at even places of the traffic'],
  // The collector needs room to move objects, and takes back more than the measuring pass did.
  ceilingBytes: (peakBytes) => 1.2 * peakBytes + 100e6,
  aim({ framesSent, heapBytes = 0, isTimed }) {
    if (framesSent < looksMin) return { frameMarks: undefined };
    const affordable = Math.floor((lookShareMax * framesSent) / (heapBytes * lookMsPerByte + 1));
    const looks = isTimed ? Math.min(looksMax, Math.max(looksMin, affordable)) : looksMax;
    return { frameMarks: Array.from({ length: looks }, (_, i) => Math.round(((i + 1) * framesSent) / looks)) };
  },
  bring: (pass) => ({ settled: pointsOf(pass) }),
};

function pointsOf({ channel, intervals }: PassResult): SettledPoint[] {
  return intervals.flatMap(({ interval, lastFrame }) => {
    const line = channel.settled.find((each) => each.interval === interval);
    if (!line) return [];
    const { requests, heapUsed, external, malloced, own } = line;
    // Before its first answer a server counts none.
    return [{ frames: lastFrame, requests, liveBytes: heapUsed + external + malloced, ownBytes: own }];
  });
}
