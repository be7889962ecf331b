import t from 'tap';
import { summarizeLevel } from './percentiles.ts';

t.test('percentiles of evenly sampled levels', async (t) => {
  const tMs = Array.from({ length: 1000 }, (_, i) => i * 50);
  const summary = summarizeLevel(
    tMs,
    tMs.map((_, i) => i + 1),
  );
  t.match(summary, { p50: 500, p90: 900, p99: 990, p999: 999, max: 1000, samples: 1000 });
  t.equal(summary?.mean, 500.5);
});

t.test('a level counts for as long as it held, not for how often it was sampled', async (t) => {
  // 10 samples of 100 at 1 s, then 90 samples of 900 within 0.9 s.
  const tMs = [
    ...Array.from({ length: 10 }, (_, i) => i * 1000),
    ...Array.from({ length: 90 }, (_, i) => 10_000 + i * 10),
  ];
  const values = tMs.map((at) => (at < 10_000 ? 100 : 900));
  const summary = summarizeLevel(tMs, values);
  t.equal(
    summary?.p50,
    100 * 1,
    'most samples are at 900, half of the time was not: a stalled sampler counts ten steps',
  );
});

t.test('gaps are skipped, nothing gives nothing, one is all there is', async (t) => {
  t.equal(summarizeLevel([0, 1], [null, null]), undefined);
  t.match(summarizeLevel([0, 1, 2], [null, 7, null]), { p50: 7, p999: 7, max: 7, mean: 7, samples: 1 });
});
