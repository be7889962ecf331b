import t from 'tap';
import { estimateCount } from './estimate.ts';

const sums = (weights: readonly number[]) => ({
  certain: weights.filter((weight) => weight === 1).length,
  weight: weights.reduce((sum, weight) => sum + weight, 0),
  weightSquares: weights.reduce((sum, weight) => sum + (weight > 1 ? weight * weight : 0), 0),
  weightMax: Math.max(1, ...weights),
});

t.test('what was certain is exact', async (t) => {
  t.same(estimateCount(sums([1, 1, 1]), 1), { count: 3, least: 3, most: 3 });
  t.same(estimateCount(sums([]), 1), { count: 0, least: 0, most: 0 });
});

t.test('where others may have been left out, how many is said', async (t) => {
  // With none of a Poisson number seen, the two-sided limit of 99 % is −ln 0.005 = 5.298.
  const { count, least, most } = estimateCount(sums([1, 1]), 64);
  t.match({ count, least }, { count: 2, least: 2 });
  t.ok(most >= 2 + 5.298 * 64 && most < 2 + 5.4 * 64, `${most}`);
});

t.test('equal weights: the exact interval of a Poisson number, as tables have it', async (t) => {
  // Garwood, 99 %: of 10 seen, 3.717 to 21.398.
  const { count, least, most } = estimateCount(sums(new Array(10).fill(4)), 4);
  t.equal(count, 40);
  t.ok(least <= 4 * 3.717 && least >= 4 * 3.4, `${least}`);
  t.ok(most >= 4 * 21.398 && most <= 4 * 21.7, `${most}`);
});
