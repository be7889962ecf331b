import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import { changePoints } from './change-points.ts';

/** Twelve uniform figures make nearly a normal one, of mean 0 and deviation 1. */
function noise(seed: number, count: number): number[] {
  const random = createRandom(seed, 'noise');
  return Array.from({ length: count }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.fraction();
    return sum;
  });
}
const step = (seed: number, count: number, at: number, height: number) =>
  noise(seed, count).map((value, i) => 100 + value + (i >= at ? height : 0));

t.test('a step is found where it is, with both levels', async (t) => {
  for (const [at, height] of [
    [40, 3],
    [20, -4],
    [60, 5],
  ] as const) {
    const points = changePoints(step(at, 80, at, height));
    t.equal(points.length, 1, `${at}`);
    t.ok(Math.abs(points[0]!.index - at) <= 1, `${points[0]!.index} for ${at}`);
    t.ok(Math.abs(points[0]!.after - points[0]!.before - height) < 1);
    t.ok(points[0]!.p <= 0.005);
  }
  const two = step(5, 90, 30, 4).map((value, i) => value + (i >= 60 ? 4 : 0));
  t.same(
    changePoints(two).map(({ index }) => Math.round(index / 10)),
    [3, 6],
  );
});

t.test('figures that repeat to the last digit: the smallest step counts, and none is none', async (t) => {
  const exact = Array.from({ length: 40 }, (_, i) => (i < 25 ? 10_445.25 : 10_445.5));
  t.match(changePoints(exact), [{ index: 25, before: 10_445.25, after: 10_445.5 }]);
  t.same(changePoints(Array(500).fill(7)), []);
  const large = Array.from({ length: 60 }, (_, i) => 9e15 + (i < 30 ? 0 : 64));
  t.match(changePoints(large), [{ index: 30 }]);
});

t.test('one outlier is no point, wherever it is', async (t) => {
  for (const size of [20, 25, 60, 300]) {
    for (const at of [0, 5, 9, 10, size >> 1, size - 11, size - 1]) {
      const values = noise(size + at, size);
      values[at] = 1_000;
      t.same(changePoints(values), [], `${at} of ${size}`);
      const flat = Array(size).fill(5);
      flat[at] = 6;
      t.same(changePoints(flat), [], `flat, ${at} of ${size}`);
    }
  }
});

t.test('no segment is shorter than ten', async (t) => {
  t.same(changePoints([]), []);
  t.same(changePoints(step(1, 19, 9, 100)), []);
  t.match(changePoints(step(1, 20, 10, 100)), [{ index: 10 }]);
  for (const at of [3, 7]) {
    for (const { index } of changePoints(step(2, 60, at, 50))) t.ok(index >= 10 && index <= 50);
  }
});

t.test('the same series and seed give the same points; few series of noise have any', async (t) => {
  const values = step(9, 120, 50, 1.2);
  t.same(changePoints(values), changePoints(values));
  const divided = Array.from({ length: 60 }, (_, seed) => changePoints(noise(seed + 100, 100))).filter(
    (points) => points.length > 0,
  );
  t.ok(divided.length <= 3, `${divided.length} of 60`);
});

t.test('of more figures than are taken the latest count, and indexes stay those of the series', async (t) => {
  const values = step(3, 2_600, 2_000, 5);
  const [point] = changePoints(values);
  t.ok(Math.abs(point!.index - 2_000) <= 1);
});

t.test('statistics are those of all pairs', async (t) => {
  // The naive statistic, over all pairs, at the point that was found: no other division has more.
  const values = step(21, 50, 22, 2);
  const [point] = changePoints(values);
  const between = (a: readonly number[], b: readonly number[]) =>
    a.flatMap((x) => b.map((y) => Math.abs(x - y))).reduce((sum, each) => sum + each, 0);
  const statistic = (at: number) => {
    const [left, right] = [values.slice(0, at), values.slice(at)];
    const [n, m] = [left.length, right.length];
    const within = between(left, left) / (n * (n - 1)) + between(right, right) / (m * (m - 1));
    return ((n * m) / (n + m)) * ((2 * between(left, right)) / (n * m) - within);
  };
  const all = Array.from({ length: 31 }, (_, i) => i + 10);
  const best = all.reduce((most, at) => (statistic(at) > statistic(most) ? at : most));
  t.equal(point!.index, best);
});
