import t from 'tap';
import type { PassResult } from '../pass/pass-result.ts';
import { SampleTable } from '../watch/sample-table.ts';
import { heapColumns, mapColumns, residentColumns } from '../watch/sampled-columns.ts';
import { evidenceOf } from './evidence.ts';
import type { SpikeShape } from './spikes.ts';

const MB = 1e6;

/** Resident memory is read each 10 ms and leaps at 1,200 ms; V8 says what is external at 1,000 and at 1,250 ms. */
function measured(externalBytes: readonly [before: number, after: number]): PassResult {
  const rss = new SampleTable(residentColumns);
  for (let ms = 0; ms <= 2_000; ms += 10) {
    const bytes = 60 * MB + (ms >= 1_200 ? 100 * MB : 0);
    rss.add(ms, [bytes, bytes, Number.NaN]);
  }
  const v8 = new SampleTable(heapColumns);
  for (const [i, ms] of [1_000, 1_250].entries()) v8.add(ms, [9 * MB, 9 * MB, externalBytes[i]!, 0, 0, 0, 0]);
  const channel = { v8, spaces: [], gc: [] };
  return { channel, stats: { samples: [] }, watch: { rss, map: new SampleTable(mapColumns) } } as unknown as PassResult;
}

const levels = { baselineBytes: 60 * MB, topBytes: 160 * MB, heightBytes: 100 * MB };
const spike: SpikeShape = {
  ...{ line: 'rss', startMs: 1_190, topMs: 1_260, endMs: 2_000, recoveryMs: null, shape: 'step' },
  ...levels,
};

t.test('what is external rises with the spike, and not on the way to it from a reading long before', async (t) => {
  const rise = (...external: [number, number]) => evidenceOf(measured(external), spike, undefined).externalGrowthBytes!;
  t.ok(Math.abs(rise(4 * MB, 104 * MB) - 100 * MB) < 1, `${rise(4 * MB, 104 * MB)} bytes`);
  t.ok(rise(50 * MB, 4 * MB) <= 0, 'one that falls is as it was');
});
