/** Heap snapshots before the highest spike, at its top and at the end: which classes grew, and who keeps them. */
import path from 'node:path';
import type { RetainedClass } from '../../../reports/model.ts';
import { readRetained, removeSnapshots } from '../../profile/heap-snapshot/files.ts';
import type { PreloadChannel } from '../../watch/preload-channel.ts';
import type { SampleTable } from '../../watch/sample-table.ts';
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
    take: async (channel, interval) => {
      let answered = false;
      for (const heap of heapsOf(channel)) {
        const isTaken = await heap.channel.snapshot(String(interval), takeTimeoutMs, heap.thread);
        answered ||= isTaken && heap.isMain;
      }
      return answered;
    },
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

/** One after the other, each takes its time: the main thread's, and of others those that have grown most. */
const otherHeapsMax = 3;

interface Heap {
  readonly channel: PreloadChannel;
  /** None: the main thread of its process. */
  readonly thread?: number;
  /** Of the target's own process. */
  readonly isMain: boolean;
  readonly grownBytes: number;
}

/** Every heap of the target and of what it has started: threads, children. */
function heapsOf(channel: PreloadChannel): Heap[] {
  const grown = ({ v8 }: { readonly v8: SampleTable }) => {
    const used = v8.column('heapUsed').filter((bytes) => bytes !== null);
    return (used.at(-1) ?? 0) - (used[0] ?? 0);
  };
  const others = [channel, ...channel.kin()].flatMap((each): Heap[] => {
    const threads = each.threads.living.map((thread) => ({
      channel: each,
      thread: thread.id,
      isMain: false,
      grownBytes: grown(thread),
    }));
    return each === channel ? threads : [{ channel: each, isMain: false, grownBytes: grown(each) }, ...threads];
  });
  others.sort((a, b) => b.grownBytes - a.grownBytes);
  return [{ channel, isMain: true, grownBytes: 0 }, ...others.slice(0, otherHeapsMax)];
}

interface TakenSnapshot {
  readonly where: string;
  readonly file: string;
  readonly lastFrame: number;
  /** Answered by the process until then; of a thread that has no server, by the target. */
  readonly requests: number | null;
}

function filesOf({ channel, intervals }: PassResult): TakenSnapshot[] {
  const namesOf = (each: PreloadChannel) => new Map(each.threads.listed.map(({ id, name }) => [id, name]));
  return intervals.flatMap(({ interval, lastFrame }) =>
    [channel, ...channel.everyKin()].flatMap((each) => {
      const names = namesOf(each);
      const process = each === channel ? '' : `process ${each.pid}`;
      const taken = each.snapshots.filter(({ name, file }) => name === String(interval) && file !== '');
      const main = channel.snapshots.find(({ name, thread }) => name === String(interval) && thread === undefined);
      return taken.map(({ thread, file, requests }) => {
        const inThread = thread === undefined ? '' : `thread ${thread} ${names.get(thread) ?? ''}`.trim();
        const where = [process, inThread].filter(Boolean).join(', ');
        return { where, file, lastFrame, requests: requests ?? main?.requests ?? null };
      });
    }),
  );
}

/** In the heap that grew most. */
async function grown(taken: readonly TakenSnapshot[], found: FoundSpikes): Promise<Retained> {
  let most: Retained | undefined;
  for (const of of new Set(taken.map(({ where }) => where))) {
    const each = await grownIn(
      taken.filter(({ where }) => where === of),
      found,
    );
    if (!most || (each.keeper?.bytesAdded ?? 0) > (most.keeper?.bytesAdded ?? 0)) most = { ...each, where: of };
  }
  return most ?? { spike: found.highest, classes: [], keeper: undefined, where: '', frames: 0, requests: null };
}

/** What grew while the spike's frames were sent, by the snapshots at its ends and at the end of the run; of a leak, while traffic flowed. */
async function grownIn(
  taken: readonly TakenSnapshot[],
  { frames, highest, leakBytes }: FoundSpikes,
): Promise<Retained> {
  const spike = frames[highest]!;
  const isLeak = leakBytes > 0;
  const last = taken.at(-1);
  const before = isLeak
    ? taken.find(({ lastFrame }) => lastFrame > 0)
    : taken.findLast(({ lastFrame }) => lastFrame < spike.first);
  const top = isLeak ? last : (taken.find(({ lastFrame }) => lastFrame >= spike.last) ?? last);
  if (!before || !top || before === top) {
    return { spike: highest, classes: [], keeper: undefined, where: '', frames: 0, requests: null };
  }
  const after = last === top ? undefined : last?.file;
  const { classes, keeper } = await readRetained({ before: before.file, top: top.file, after });
  // Holders that were there before retain what is new; the new ones say what it is.
  const isNew = (each: RetainedClass) => Number(each.countAdded > 0);
  classes.sort((a, b) => isNew(b) - isNew(a) || b.retainedBytesAdded - a.retainedBytesAdded);
  const requests = top.requests === null ? null : top.requests - (before.requests ?? 0);
  return { spike: highest, classes, keeper, where: '', frames: top.lastFrame - before.lastFrame, requests };
}
