import t from 'tap';
import { allocatedPerRequest } from '../metrics/heap.ts';
import type { RunFigures } from '../metrics/measured-run.ts';
import type { PreloadChannel } from '../watch/preload-channel.ts';
import { type Elsewhere, elsewhereOf, withOthers } from './elsewhere.ts';

const marks = [100, 200, 300, 400].map((requests) => ({ tMs: requests * 10, requests, allocated: requests * 7_000 }));

/** A thread or a child by its readings: time and bytes. */
const table = (readings: readonly (readonly [number, number | null])[]) => ({
  tMs: () => readings.map(([tMs]) => tMs),
  column: () => readings.map(([, bytes]) => bytes),
});

const thread = (startMs: number, readings: readonly (readonly [number, number | null])[]) => ({
  startMs,
  isSeen: true,
  v8: table(readings),
});
const threadsOf = (listed: readonly object[], uncounted = 0) => ({ listed, uncounted }) as never;

const readings: [number, number][] = [
  [500, 1_000],
  [1_000, 2_000],
  [4_000, 9_000],
];

function measured(threads: readonly object[], channels: readonly object[] = []) {
  const channel = { marks, threads: threadsOf(threads) } as unknown as PreloadChannel;
  return elsewhereOf(channel, { members: [], channels } as never);
}

t.test('what a thread allocated between the first request that counts and its end', async (t) => {
  const busy = thread(0, readings);
  t.same(measured([busy]), { bytes: 7_000, threads: 1, processes: 0 });
  t.same(measured([thread(2_000, [[4_000, 900]])]), { bytes: 900, threads: 1, processes: 0 }, 'new');
  t.same(measured([thread(0, [[4_000, 900]])]), { bytes: 900, threads: 1, processes: 0 }, 'read once');
  t.equal(measured([thread(0, [[900, 5_000]])]), undefined, 'before the requests');
  t.equal(measured([thread(0, [])]), undefined);
  const child = { pid: 7, grown: busy.v8, threads: threadsOf([busy]) };
  t.same(measured([], [child]), { bytes: 14_000, threads: 0, processes: 1 });
  const silent = { ...thread(0, []), isSeen: false };
  t.same(measured([silent]), { bytes: 0, threads: 0, processes: 0, unseen: 1 });
  t.same(measured([], [{ ...child, threads: threadsOf([busy], 3) }]), {
    bytes: 14_000,
    threads: 0,
    processes: 1,
    unseen: 3,
  });
});

t.test('what all of them had allocated off the heap when a number of requests was answered', async (t) => {
  const by = (listed: readonly object[], family?: object) => {
    const times = [400, 750, 1_000, 2_500, 9_000].map((tMs, at) => ({
      tMs,
      requests: at * 100,
      allocated: 0,
      offHeap: 0,
    }));
    const found = withOthers({ marks: times as never, threads: threadsOf(listed) }, family as never);
    return found.marks[0]!.offHeap === undefined ? undefined : found.marks.map(({ offHeap }) => offHeap);
  };
  t.same(by([]), [0, 0, 0, 0, 0]);
  t.same(by([thread(300, readings)]), [500, 1_500, 2_000, 5_500, 9_000], 'in proportion between readings');
  t.same(by([thread(600, [[800, 300]])]), [0, 225, 300, 300, 300], 'nothing before it began');
  const child = { pid: 7, grown: table(readings), threads: threadsOf([thread(300, readings)]) };
  const family = { members: [{ pid: 7, startMs: 300 }], channels: [child] };
  t.same(by([], family), [1_000, 3_000, 4_000, 11_000, 18_000], 'of a child and its thread');
  t.equal(by([thread(0, [[500, null]])]), undefined, 'one that does not count it');
  t.equal(by([{ ...thread(0, []), isSeen: false }]), undefined, 'one that could not be looked into');
});

t.test('what others allocate on their heaps is in the readings where it is no noise', async (t) => {
  const by = (listed: readonly object[]) => {
    const found = withOthers({ marks: marks as never, threads: threadsOf(listed) }, undefined);
    return { isCounted: found.elsewhere?.isCounted, allocated: found.marks.map(({ allocated }) => allocated) };
  };
  const own = marks.map(({ allocated }) => allocated);
  const busy = thread(0, [
    [1_000, 0],
    [4_000, 3_000_000],
  ]);
  t.same(by([busy]), { isCounted: true, allocated: own.map((each, at) => each + at * 1_000_000) });
  t.same(by([thread(0, readings)]), { isCounted: undefined, allocated: own }, 'an idle one');
  t.same(
    by([busy, { ...busy, isSeen: false }]),
    { isCounted: undefined, allocated: own },
    'one that could not be looked into',
  );
});

t.test('a limit on what the main thread allocates is no pass where others allocate for it', async (t) => {
  const read = (elsewhere: Elsewhere | undefined) => {
    const channel = { marks, last: { answers: { total: 400 } } };
    return allocatedPerRequest({ measure: { channel, elsewhere } } as unknown as RunFigures);
  };
  t.match(read(undefined), { state: 'value', value: 7_000 });
  t.match(read({ bytes: 200_000, threads: 1, processes: 0 }), { state: 'value' }, 'an idle one');
  t.match(
    read({ bytes: 30_000_000, threads: 1, processes: 0, isCounted: true }),
    { state: 'value' },
    'in the readings',
  );
  t.match(read({ bytes: 0, threads: 0, processes: 0, unseen: 2 }), {
    ...{ state: 'undecided', low: 7_000, reason: /^2 of its worker threads could not be looked into/ },
  });
  t.match(read({ bytes: 30_000_000, threads: 1, processes: 0 }), {
    state: 'undecided',
    low: 7_000,
    high: Number.POSITIVE_INFINITY,
    reason:
      'worker threads allocated 100 kB a request, which are not in the 7 kB of the main thread; allocated.perMessage counts threads',
  });
  t.match(read({ bytes: 30_000_000, threads: 1, processes: 1 }), {
    reason: /^worker threads and Node\.js children allocated .* of the main thread$/,
  });
});
