import t from 'tap';
import { allocatedPerRequest } from '../metrics/heap.ts';
import type { RunFigures } from '../metrics/measured-run.ts';
import type { PreloadChannel } from '../watch/preload-channel.ts';
import { type Elsewhere, elsewhereOf } from './elsewhere.ts';

const marks = [100, 200, 300, 400].map((requests) => ({ tMs: requests * 10, requests, allocated: requests * 7_000 }));

/** A thread or a child by its readings: time and bytes. */
const table = (readings: readonly (readonly [number, number])[]) => ({
  tMs: () => readings.map(([tMs]) => tMs),
  column: () => readings.map(([, bytes]) => bytes),
});

function measured(threads: readonly object[], channels: readonly object[] = []) {
  const channel = { marks, threads: { listed: threads } } as unknown as PreloadChannel;
  return elsewhereOf(channel, { members: [], channels } as never);
}

t.test('what a thread allocated between the first request that counts and its end', async (t) => {
  const busy = table([
    [500, 1_000],
    [1_000, 2_000],
    [4_000, 9_000],
  ]);
  t.same(measured([{ startMs: 0, v8: busy }]), { bytes: 7_000, threads: 1, processes: 0 });
  t.same(measured([{ startMs: 2_000, v8: table([[4_000, 900]]) }]), { bytes: 900, threads: 1, processes: 0 }, 'new');
  t.same(measured([{ startMs: 0, v8: table([[4_000, 900]]) }]), { bytes: 900, threads: 1, processes: 0 }, 'read once');
  t.equal(measured([{ startMs: 0, v8: table([[900, 5_000]]) }]), undefined, 'before the requests');
  t.equal(measured([{ startMs: 0, v8: table([]) }]), undefined);
  const child = { pid: 7, grown: busy, threads: { listed: [{ startMs: 0, v8: busy }] } };
  t.same(measured([], [child]), { bytes: 14_000, threads: 0, processes: 1 });
});

t.test('a limit on what the main thread allocates is no pass where others allocate for it', async (t) => {
  const read = (elsewhere: Elsewhere | undefined) => {
    const channel = { marks, last: { answers: { total: 400 } } };
    return allocatedPerRequest({ measure: { channel, elsewhere } } as unknown as RunFigures);
  };
  t.match(read(undefined), { state: 'value', value: 7_000 });
  t.match(read({ bytes: 200_000, threads: 1, processes: 0 }), { state: 'value' }, 'an idle one');
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
