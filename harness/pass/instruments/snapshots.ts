/** Heap snapshots before the highest spike, at its top and at the end: which classes grew, and who keeps them. */
import path from 'node:path';
import type { RetainedClass } from '../../../reports/model.ts';
import { readRetained, removeSnapshots } from '../../profile/heap-snapshot/files.ts';
import type { PassResult } from '../pass-result.ts';
import type { FoundSpikes, Instrument, Retained } from './instrument.ts';

const takeTimeoutMs = 300_000;
/** A snapshot takes a second for 15 MB and ten times the heap in memory: beyond this an operator would not wait for it. */
const heapBytesMax = 300_000_000;
/** Beyond this none is written: of a leak the first ones show all there is to see. */
const takenBytesMax = 150_000_000;
/** So much more between two snapshots shows who keeps it. */
const growthBytes = 40_000_000;
/** Of the traffic: until then caches fill. */
const warmUpShare = 0.1;

export const snapshots: Instrument = {
  kind: 'snapshots',
  activity: 'replaying with heap snapshots',
  disturbs: true,
  needsNode: true,
  holdsTraffic: true,
  use: {
    take: (channel, interval) => channel.snapshot(String(interval), takeTimeoutMs),
    oncePerPhase: false,
    everyInterval: false,
    isLevel: true,
  },
  start: (folder) => ({ preload: { snapshots: { folder, heapBytesMax: takenBytesMax } } }),
  describe: (usual) => [...usual, 'heap snapshots'],
  // A snapshot is many times the heap.
  ceilingBytes: (peakBytes) => 8 * peakBytes + 1e9,
  aim({ frames, highest, heapBytes, leakBytes, framesSent }) {
    if (leakBytes > 0) return { frameMarks: marksOfLeak(leakBytes, framesSent) };
    const spike = frames[highest];
    if (!spike || heapBytes === undefined) return { frameMarks: undefined };
    if (heapBytes > heapBytesMax) {
      const text = `No heap snapshots: the heap grew to ${Math.round(heapBytes / 1e6)} MB, more than the ${heapBytesMax / 1e6} MB that one is taken of.`;
      return { frameMarks: undefined, note: { severity: 'info', text } };
    }
    return { frameMarks: [spike.first - 1, spike.last].filter((frame) => frame > 0) };
  },
  async bring(pass, { found, keepsSnapshots }) {
    const taken = filesOf(pass);
    const retained = await grown(taken, found);
    if (!keepsSnapshots) removeSnapshots(taken.map(({ file }) => path.resolve(file)));
    return { retained };
  },
};

/** While the heap is still small, and what stays is already most of what is new. */
function marksOfLeak(leakBytes: number, framesSent: number): number[] {
  const last = Math.min(1, warmUpShare + Math.max(warmUpShare, growthBytes / leakBytes));
  return [warmUpShare, last].map((share) => Math.max(1, Math.round(share * framesSent)));
}

interface TakenSnapshot {
  readonly file: string;
  readonly lastFrame: number;
  readonly requests: number | null;
}

function filesOf(pass: PassResult): TakenSnapshot[] {
  return pass.intervals.flatMap(({ interval, lastFrame }) => {
    const snapshot = pass.channel.snapshots.find((each) => each.name === String(interval) && each.file !== '');
    return snapshot ? [{ file: snapshot.file, lastFrame, requests: snapshot.requests }] : [];
  });
}

/** What grew while the spike's frames were sent, by the snapshots at its ends and at the end of the run; of a leak, while traffic flowed. */
async function grown(taken: readonly TakenSnapshot[], { frames, highest, leakBytes }: FoundSpikes): Promise<Retained> {
  const spike = frames[highest]!;
  const isLeak = leakBytes > 0;
  const last = taken.at(-1);
  const before = isLeak
    ? taken.find(({ lastFrame }) => lastFrame > 0)
    : taken.findLast(({ lastFrame }) => lastFrame < spike.first);
  const top = isLeak ? last : (taken.find(({ lastFrame }) => lastFrame >= spike.last) ?? last);
  if (!before || !top || before === top) {
    return { spike: highest, classes: [], keeper: undefined, frames: 0, requests: null };
  }
  const after = last === top ? undefined : last?.file;
  const { classes, keeper } = await readRetained({ before: before.file, top: top.file, after });
  // Holders that were there before retain what is new; the new ones say what it is.
  const isNew = (each: RetainedClass) => Number(each.countAdded > 0);
  classes.sort((a, b) => isNew(b) - isNew(a) || b.retainedBytesAdded - a.retainedBytesAdded);
  const requests = top.requests === null ? null : top.requests - (before.requests ?? 0);
  return { spike: highest, classes, keeper, frames: top.lastFrame - before.lastFrame, requests };
}
