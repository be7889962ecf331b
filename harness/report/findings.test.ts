import t from 'tap';
import { evidenceOf } from '../explain/evidence.ts';
import type { MeasuredPass, PassResult } from '../pass/pass-result.ts';
import { SampleTable } from '../watch/sample-table.ts';
import { residentColumns, rollupColumns, sentColumns } from '../watch/sampled-columns.ts';
import { findingsOf } from './findings.ts';

/** Twice a second for 20 s. @param bytesAt resident memory by second */
function watchOf(bytesAt: (second: number) => number) {
  const rss = new SampleTable(residentColumns);
  const rollup = new SampleTable(rollupColumns);
  for (let ms = 0; ms <= 20_000; ms += 50) rss.add(ms, [bytesAt(ms / 1000), bytesAt(ms / 1000), Number.NaN]);
  rollup.add(10_000, [bytesAt(10), 0, bytesAt(10), bytesAt(10), 0, 0, 0, Number.NaN]);
  const line = { tMs: rss.tMs(), rss: rss.column('rss'), own: rss.column('own') };
  const levels = { tMs: rss.tMs(), bytes: rss.column('rss').map(Number) };
  const none = { tMs: [], rss: [], own: [] };
  return {
    ...{ rss, rollup, phases: [], rssPeakBytes: 0, rollupRssBytes: 1e12, peakIsWhole: false, groupPeakBytes: null },
    ...{ tops: () => none, line: () => line, levels: () => levels },
  };
}

/** The target is flat but for what it takes itself at 15 s; a child takes 100 MB at 10 s. */
function measured(ownBytes: number): MeasuredPass {
  const watch = watchOf((second) => 60e6 + (second > 15 && second < 16 ? ownBytes : 0));
  const child = watchOf((second) => (second >= 10 ? 140e6 : 40e6));
  const family = { members: [{ watch: child, endMs: null }], channels: [], unwatched: 0 };
  const channel = { gc: [], spaces: [], marks: [], v8: new SampleTable([]), threads: { listed: [] } };
  return {
    ...{ lane: 'load', watch, family, channel, sent: new SampleTable(sentColumns), stats: { samples: [] } },
    ...{ sendStartMs: 1_000, sendEndMs: 19_000, startedAtEpochMs: 0, exit: { expected: true } },
  } as unknown as MeasuredPass;
}

t.test('what a child takes is a spike of all together, where that is limited', async (t) => {
  const found = (limit: number, ownBytes = 0) => findingsOf(measured(ownBytes), { 'tree.max': limit }).spikes;
  const [spike, ...others] = found(150e6);
  t.same(others, []);
  t.match(spike, { line: 'rss', isOfTree: true, heightBytes: 100e6 });
  t.ok(spike!.startMs >= 9_500 && spike!.topMs <= 10_500, `${spike!.startMs} to ${spike!.topMs} ms`);
  t.same(found(250e6), [], 'the limit holds');
  t.equal(found(150e6, 30e6).length, 2, 'beside one of its own');
  const evidence = evidenceOf(measured(0) as PassResult, spike!, 90e6);
  t.match(evidence, { heightBytes: 100e6, liveGrowthBytes: 90e6, map: null, externalGrowthBytes: null });
});

t.test('a burst that came back is one spike, where growth is over its limit as well', async (t) => {
  const watch = watchOf((second) => 60e6 + second * 1e5 + (second >= 10 && second < 10.2 ? 150e6 : 0));
  const measure = {
    ...measured(0),
    watch,
    family: undefined,
    sendStartMs: 0,
    sendEndMs: 20_000,
  } as unknown as MeasuredPass;
  const { spikes } = findingsOf(measure, { 'growth.perSecond': 1e3 });
  const heights = spikes.map(({ heightBytes }) => Math.round(heightBytes / 1e6));
  t.equal(heights.filter((each) => each > 100).length, 1, heights.join());
  t.ok(heights.length > 1, 'and its growth is another');
});
