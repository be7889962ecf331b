import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import { chanceOfAtLeast, fewestPairs, pairedInterval, pairsMax } from './signed-rank.ts';

t.test('exact chances are those of the published table', async (t) => {
  // Hollander, Wolfe, Chicken, table A.4: P(W ≥ 14) = 0.062 and P(W ≥ 15) = 0.031 for five pairs.
  t.equal(chanceOfAtLeast([1, 2, 3, 4, 5], 0), 1 / 32);
  t.equal(chanceOfAtLeast([-1, 2, 3, 4, 5], 0), 2 / 32);
  t.equal(chanceOfAtLeast([1, -2, 3, 4, 5], 0), 3 / 32);
  t.equal(chanceOfAtLeast([-1, -2, -3, -4, -5], 0), 1);
  // Table A.4, ten pairs: P(W ≥ 44) = 0.053, P(W ≥ 45) = 0.042.
  t.equal(chanceOfAtLeast([-1, -2, -8, 3, 4, 5, 6, 7, 9, 10], 0).toFixed(3), '0.053');
  t.equal(chanceOfAtLeast([-1, -2, -7, 3, 4, 5, 6, 8, 9, 10], 0).toFixed(3), '0.042');
});

t.test('a difference equal to the shift is no evidence', async (t) => {
  t.equal(chanceOfAtLeast([0, 0, 0, 0, 0], 0), 1);
  t.ok(chanceOfAtLeast([0, 1, 1, 1, 1], 0) > 1 / 32);
});

t.test('the interval excludes a shift just where the test rejects it', async (t) => {
  const random = createRandom(7, 'compare').fraction;
  for (let round = 0; round < 300; round += 1) {
    const n = 5 + Math.floor(random() * 20);
    const level = 2 ** -n + random() * 0.1;
    const differences = Array.from({ length: n }, () => random() - 0.4);
    const { low, high, estimate } = pairedInterval(differences, level, level);
    t.ok(chanceOfAtLeast(differences, low - 1e-9) <= level, 'below the interval is rejected');
    t.ok(chanceOfAtLeast(differences, low + 1e-9) > level, 'inside is not');
    t.ok(low <= estimate && estimate <= high);
  }
});

t.test('too few pairs give no bound', async (t) => {
  t.strictSame(pairedInterval([1, 2, 3], 0.05, 0.05), { estimate: 2, low: -Infinity, high: Infinity });
  t.equal(fewestPairs(0.05), 5);
  t.equal(fewestPairs(0.01), 7);
  t.throws(() => chanceOfAtLeast([], 0), RangeError);
  t.throws(() => chanceOfAtLeast(new Array(pairsMax + 1).fill(1), 0), RangeError);
});
