import t from 'tap';
import type { SignedComparison, SignedScenario } from '../../reports/signoff.ts';
import { heldAgain } from './held-again.ts';
import { isWithin, runsRange, shareRange } from './repeat-range.ts';

const metric = (name: string, head: readonly (number | null)[], more: object = {}) => ({
  ...{ name, unit: 'bytes', threshold: 0.02, head, headMedian: head[head.length >> 1] ?? null, note: '' },
  ...more,
});
const scenario = (method: string, metrics: readonly object[], more: object = {}): SignedScenario => ({
  name: 'cart',
  runs: [],
  comparisons: [{ repeats: true, result: { lane: 'load', method, metrics }, ...more } as unknown as SignedComparison],
});
const allocated = metric('allocated.perRequest', [1_000, 1_010, 1_030]);

t.test('what pairs decided is held against the range of its runs', async (t) => {
  const { parts, notHeld } = heldAgain(scenario('pairs', [allocated]));
  t.match(parts, [
    { lane: 'load', isRepeatable: true, figures: [{ stated: 1_010, range: { low: 970, high: 1_060 } }] },
  ]);
  t.same(notHeld, []);
  t.match(heldAgain(scenario('pairs', [allocated], { repeats: false })).parts, [{ isRepeatable: false }]);
  t.match(heldAgain(scenario('numbers', [allocated])).parts, [{ figures: [{ range: { share: 0.005 } }] }]);
});

t.test('what is another machine’s, and what nobody measured', async (t) => {
  const { parts, notHeld } = heldAgain(
    scenario('pairs', [
      allocated,
      metric('rss.max', [1, 2, 3]),
      metric('allocated.offHeapPerRequest', [null], { note: 'no request was marked' }),
      metric('gc.count', [1], { threshold: null }),
    ]),
  );
  t.same(
    parts[0]?.figures.map((each) => each.metric),
    ['allocated.perRequest'],
  );
  t.match(notHeld, [
    { place: 'cart/load/rss.max', isOpen: false },
    { place: 'cart/load/allocated.offHeapPerRequest', isOpen: true, why: /not measured .*: no request was marked$/ },
  ]);
  t.match(heldAgain({ name: 'cart', runs: [], comparisons: [] }).notHeld, [
    { place: 'cart', isOpen: true, why: /--previous/ },
  ]);
});

t.test('ranges', async (t) => {
  t.match(runsRange([100, 100, 100], 100), { low: 99.5, high: 100.5 }, 'never narrower than what repeats');
  t.match(runsRange([0, 0], 0), { low: 0, high: 0 });
  t.match(runsRange([1, 5], 3), { low: 0, high: 9 }, 'nothing is less than nothing');
  t.ok(isWithin(1_005, shareRange(1_000, 0.005)));
  t.notOk(isWithin(1_006, shareRange(1_000, 0.005)));
  t.notOk(isWithin(1, shareRange(0, 0.005)));
});
