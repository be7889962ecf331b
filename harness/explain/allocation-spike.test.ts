import t from 'tap';
import { allocationSpike } from './allocation-spike.ts';

t.test('what was allocated from the last reading before the traffic to the last of all', async (t) => {
  const spike = allocationSpike([0, 100, 200, 300, 400], [5, 7, null, 90, 107], 150, 380);
  t.match(spike, { line: 'allocated', startMs: 150, topMs: 380, baselineBytes: 7, topBytes: 107, heightBytes: 100 });
  t.equal(allocationSpike([0, 100], [null, null], 0, 100), null);
  t.equal(allocationSpike([0, 100], [7, 7], 0, 100), null);
  t.equal(allocationSpike([], [], 0, 100), null);
});
