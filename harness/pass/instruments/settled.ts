/** Memory after forced collections, at even places of the traffic: what stays, without garbage. Limits on growth are decided by it. */
import { memoryClasses } from '../../watch/memory-map.ts';
import type { PassResult } from '../pass-result.ts';
import type { Instrument, SettledPoint } from './instrument.ts';

const takeTimeoutMs = 60_000;
/** A slope takes six after the warm-up; more make its interval narrower, and each stops the target. */
const looksMin = 12;
const looks = 24;
const longerMax = 10;

export const settled: Instrument = {
  kind: 'settled',
  activity: 'replaying with forced collections',
  disturbs: true,
  needsNode: false,
  runsPublished: true,
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
    // A load that sends so many requests takes longer here than in the measuring pass.
    const marks = longerMax * count;
    return { frameMarks: Array.from({ length: marks }, (_, i) => Math.round(((i + 1) * framesSent) / count)) };
  },
  bring: (pass) => ({ settled: pointsOf(pass) }),
};

function pointsOf({ channel, intervals, watch }: PassResult): SettledPoint[] {
  // A launcher that answers in place of the process that is watched says nothing of it.
  if (channel.pid !== 0 && channel.pid !== watch.pid) return [];
  const pagesAt = nativePages(watch);
  const channels = [channel, ...channel.everyKin()];
  return intervals.flatMap(({ interval, lastFrame }) => {
    const main = channel.settled.find((each) => each.interval === interval && each.thread === undefined);
    if (!main) return [];
    const all = channels.flatMap(({ settled: lines }) => lines.filter((each) => each.interval === interval));
    const kin = channels.slice(1).flatMap(({ settled: lines }) => lines.filter((each) => each.interval === interval));
    const heapBytes = sum(all.map(({ heapUsed }) => heapUsed));
    const native = pagesAt(main.tMs);
    return [
      {
        frames: lastFrame,
        requests: all.every(({ requests }) => requests === null) ? null : sum(all.map(({ requests }) => requests ?? 0)),
        liveBytes: heapBytes + sum(all.map(({ external }) => external)),
        // Pages of children are not looked at here: of them, what their runtime knows.
        ownBytes: native === null ? null : heapBytes + native + sum(kin.map(({ external }) => external)),
      },
    ];
  });
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

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
