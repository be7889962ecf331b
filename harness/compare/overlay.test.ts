import t from 'tap';
import { overlayOf, type TimedRun } from './overlay.ts';

/** A run whose traffic begins at `startMs`, and whose memory rises by `bytes` each 100 ms. */
function run(startMs: number, bytes: number, samples = 11): TimedRun {
  const phase = (name: string, from: number, to: number) => ({ name, startMs: from, endMs: to, rssMaxBytes: null });
  const tMs = Array.from({ length: samples }, (_, at) => at * 100);
  const values = tMs.map((_, at) => (at === 3 ? null : 1_000 + at * bytes));
  return {
    phases: [phase('idle', 0, startMs), phase('load', startMs, 1_000)],
    series: [{ group: 'memory', tMs, columns: [{ name: 'rss', unit: 'bytes', kind: 'gauge', values }] }],
  };
}

t.test('the middle pair, from the start of the traffic on', async (t) => {
  const base = [run(200, 10), run(200, 10), run(200, 10)];
  const head = [run(300, 50), run(300, 20), run(300, 900, 6)];
  const { pair, tMs, base: low, head: high } = overlayOf(base, head)!;
  t.equal(pair, 1, 'ratios of peaks 1.36, 1.09 and 5: the first is the middle one');
  t.equal(tMs[0], -300);
  t.equal(tMs.at(-1), 800);
  t.equal(low[0], null, 'the base’s clock begins later');
  t.equal(high[0], 1_000);
  t.equal(low.at(-1), 1_100);
  t.equal(high.at(-1), null, 'and the head’s ends earlier');
  t.ok(tMs.length === low.length && tMs.length === high.length);
  const at = tMs.findIndex((each) => each >= 0);
  t.same([low[at], high[at]], [1_020, 1_100], 'a gap is bridged by what was read last');
});

t.test('nothing where memory was not sampled', async (t) => {
  t.equal(overlayOf([{ ...run(200, 10), series: [] }], [run(200, 10)]), undefined);
  t.equal(overlayOf([], []), undefined);
});
