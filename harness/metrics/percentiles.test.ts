import t from 'tap';
import { distributionOf, percentile, readingsFor } from './percentiles.ts';

t.test('percentiles of evenly read levels', async (t) => {
  const tMs = Array.from({ length: 1000 }, (_, i) => i * 50);
  const levels = distributionOf(
    tMs,
    tMs.map((_, i) => i + 1),
  )!;
  t.same([levels.at(0.5), levels.at(0.9), levels.at(0.99), levels.at(0.999)], [500, 900, 990, 999]);
  t.match(levels, { max: 1000, mean: 500.5, count: 1000 });
});

t.test('a level counts for as long as it held, not for how often it was read', async (t) => {
  // 10 readings of 100 at 1 s, then 90 readings of 900 within 0.9 s.
  const tMs = [
    ...Array.from({ length: 10 }, (_, i) => i * 1000),
    ...Array.from({ length: 90 }, (_, i) => 10_000 + i * 10),
  ];
  const levels = distributionOf(
    tMs,
    tMs.map((at) => (at < 10_000 ? 100 : 900)),
  )!;
  t.equal(levels.at(0.5), 100, 'most readings are at 900, half of the time was not: a stall counts ten steps');
});

t.test('a percentile has readings behind it, or says what it would take', async (t) => {
  t.same([0.5, 0.95, 0.99, 0.999].map(readingsFor), [20, 200, 1_000, 10_000]);
  const levelsOf = (count: number) => {
    const tMs = Array.from({ length: count }, (_, i) => i);
    return distributionOf(tMs, tMs)!;
  };
  t.same(percentile(levelsOf(10_000), 0.999, undefined), { state: 'value', value: 9_989 });
  t.match(
    percentile(levelsOf(9_999), 0.999, 20_000),
    {
      state: 'undecided',
      low: 9_988,
      high: 20_000,
      reason: 'takes 10,000 readings, and there were 9,999 in 10.0 s',
    },
    'between the highest percentile with ten readings above it and the kernel’s peak',
  );
  t.match(percentile(levelsOf(500), 0.99, undefined), { state: 'undecided', high: Number.POSITIVE_INFINITY });
  t.match(percentile(levelsOf(5), 0.5, 4), { state: 'undecided', low: 0, high: 4 });
  const flat = distributionOf([0, 1], [7, 7])!;
  t.same(percentile(flat, 0.999, 7), { state: 'value', value: 7 }, 'where it cannot be anything else');
  t.match(percentile(undefined, 0.5, undefined), { state: 'notMeasured' });
  t.equal(distributionOf([], []), undefined);
});
