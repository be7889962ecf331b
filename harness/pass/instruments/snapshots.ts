/** Heap snapshots before the highest spike, at its top and at the end: which classes grew, and who keeps them. */
import path from 'node:path';
import type { FrameRange, RetainedClass } from '../../../reports/model.ts';
import { readRetained, removeSnapshots } from '../../profile/heap-snapshot/files.ts';
import type { PassResult } from '../pass-result.ts';
import type { Instrument } from './instrument.ts';

const takeTimeoutMs = 300_000;
/** A snapshot takes a second for 15 MB and ten times the heap in memory: beyond this an operator would not wait for it. */
const heapBytesMax = 300_000_000;

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
  start: (folder) => ({ preload: { snapshots: { folder } } }),
  describe: (usual) => [...usual, 'heap snapshots'],
  // A snapshot is many times the heap.
  ceilingBytes: (peakBytes) => 8 * peakBytes + 1e9,
  aim({ frames, highest, heapBytes }) {
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
    const classes = await grownClasses(taken, found.frames[found.highest]!);
    if (!keepsSnapshots) removeSnapshots(taken.map(({ file }) => path.resolve(file)));
    return { retained: { spike: found.highest, classes } };
  },
};

interface TakenSnapshot {
  readonly file: string;
  readonly lastFrame: number;
}

function filesOf(pass: PassResult): TakenSnapshot[] {
  return pass.intervals.flatMap(({ interval, lastFrame }) => {
    const snapshot = pass.channel.snapshots.find((each) => each.name === String(interval));
    return snapshot ? [{ file: snapshot.file, lastFrame }] : [];
  });
}

/** Classes that grew while the spike's frames were sent, by the snapshots at its ends and at the end of the run. */
async function grownClasses(taken: readonly TakenSnapshot[], spike: FrameRange): Promise<RetainedClass[]> {
  const before = taken.findLast(({ lastFrame }) => lastFrame < spike.first);
  const last = taken.at(-1);
  const top = taken.find(({ lastFrame }) => lastFrame >= spike.last) ?? last;
  if (!before || !top || before === top) return [];
  const after = last === top ? undefined : last?.file;
  const classes = await readRetained({ before: before.file, top: top.file, after });
  // Holders that were there before retain what is new; the new ones say what it is.
  const isNew = (each: RetainedClass) => Number(each.countAdded > 0);
  return classes.sort((a, b) => isNew(b) - isNew(a) || b.retainedBytesAdded - a.retainedBytesAdded);
}
