import t from 'tap';
import type { PreloadLine } from '../preload/options.ts';
import { markAfter } from '../preload/requests.ts';
import { afterGc, allocated, allocatedPerRequest, arrayBuffers, gcShare, handles, pauseP99 } from './heap.ts';
import type { RunFigures } from './measured-run.ts';
import { value } from './reading.ts';
import { type RequestMark, requestsNeeded } from './request-window.ts';
import { findMetric } from './table.ts';

type Reading = Extract<PreloadLine, { type: 'v8' }>;
interface Parts {
  readonly last?: Partial<Reading> | undefined;
  readonly columns?: Readonly<Record<string, readonly (number | null)[]>>;
  readonly pauses?: readonly number[];
  readonly ranBefore?: boolean;
}

/** A pass of which only what these rows read is there; collections a second apart. */
function runOf({ last = { afterGc: 0, allocated: 500 }, columns = {}, pauses = [], ranBefore = false }: Parts) {
  const gc = pauses.map((pauseMs, i) => ({ tMs: i * 1000, pauseMs }));
  const channel = { last, gc, v8: { column: (name: string) => columns[name] ?? [] } };
  return { measure: { channel, ranBefore, sendStartMs: 1000, sendEndMs: 3000 } } as unknown as RunFigures;
}

t.test('a heap after no collection is not measured, rather than nought', async (t) => {
  t.match(afterGc(runOf({})), { state: 'notMeasured', reason: /no major collection came/ });
  t.same(afterGc(runOf({ last: { afterGc: 7 } })), value(7));
});

t.test('pauses: of all collections, and of the time of the traffic', async (t) => {
  t.match(pauseP99(runOf({})), { state: 'notMeasured', reason: /no collection came/ });
  t.same(pauseP99(runOf({ pauses: [3, 9, 1] })), value(9));
  t.same(pauseP99(runOf({ pauses: Array.from({ length: 200 }, (_, i) => i) })), value(197));
  t.same(gcShare(runOf({})), value(0), 'none came: that is known');
  t.same(gcShare(runOf({ pauses: [100, 10, 20, 30, 100] })), value(0.03), 'from the first frame to the last');
});

t.test('what a program allocated before the run is none of the run’s', async (t) => {
  const columns = { allocated: [null, 300, 500] };
  t.same(allocated(runOf({ columns })), value(500));
  t.same(allocated(runOf({ columns, ranBefore: true })), value(200));
});

t.test('what a runtime does not know is not measured', async (t) => {
  for (const read of [arrayBuffers, handles]) {
    t.match(read(runOf({ columns: { arrayBuffers: [null, null] } })), {
      state: 'notMeasured',
      reason: /only Node\.js/,
    });
  }
  const goes = runOf({ columns: { handles: [null, null] } });
  t.match(allocatedPerRequest(goes), { state: 'notMeasured', reason: /^only a Node\.js program counts/ });
  t.match(allocatedPerRequest(runOf({ columns: { handles: [2] } })), { reason: 'no request was answered' });
  t.same(handles(runOf({ columns: { handles: [2, 5, 3] } })), value(5));
});

t.test('as many requests as are asked for are enough, and one mark fewer is not', async (t) => {
  const served = (total: number) => {
    const marks: RequestMark[] = [];
    for (let requests = markAfter(0); requests <= total; requests = markAfter(requests))
      marks.push({ requests, allocated: requests * 7, allocatedYoung: requests * 7 });
    const last = { answers: { total } };
    const channel = { last, gc: [], marks, v8: { column: () => [2] } };
    return allocatedPerRequest({ measure: { channel } } as unknown as RunFigures);
  };
  t.same(served(requestsNeeded), value(7));
  t.match(served(requestsNeeded - 1), {
    state: 'notMeasured',
    reason: `too few requests: ${requestsNeeded - 1} were answered, and it takes ${requestsNeeded}, for example autocannon -c 1 -a ${requestsNeeded}`,
  });
  t.match(findMetric('allocated.perRequest')!.help, `takes ${requestsNeeded}.`);
});
