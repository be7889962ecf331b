import t from 'tap';
import { Answered } from '../watch/answered.ts';
import { SampleTable } from '../watch/sample-table.ts';
import { residentColumns } from '../watch/sampled-columns.ts';
import { alignmentNote, type LoadPass, requestMarksOf, windowsIn } from './pass-windows.ts';
import type { SpikeShape } from './spikes.ts';

const sendStartMs = 1_000;
const MB = 1e6;

interface Recorded {
  /** The load's time, in milliseconds. */
  readonly loadMs: number;
  /** Requests answered, and resident bytes, by the load's time. */
  readonly answeredAt?: (ms: number) => number;
  readonly ownAt?: (ms: number) => number;
  readonly intervals?: LoadPass['intervals'];
  readonly lane?: LoadPass['lane'];
}

/** Read four times a second, as a pass under a load is. */
function pass({ loadMs, answeredAt, ownAt = () => 50 * MB, intervals = [], lane = 'load' }: Recorded): LoadPass {
  const answered = new Answered();
  const rss = new SampleTable(residentColumns);
  for (let ms = 0; ms <= loadMs; ms += 50) {
    if (answeredAt && ms % 250 === 0) answered.add(sendStartMs + ms, Math.round(answeredAt(ms)));
    rss.add(sendStartMs + ms, [ownAt(ms), ownAt(ms), ownAt(ms)]);
  }
  return {
    lane,
    sendStartMs,
    sendEndMs: sendStartMs + loadMs,
    requests: undefined,
    channel: { answered },
    family: undefined,
    intervals,
    watch: { rss } as unknown as LoadPass['watch'],
  };
}

/** In the load's time. */
function spike(startMs: number, topMs: number, heightBytes = 250 * MB): SpikeShape {
  return {
    line: 'rss',
    startMs: sendStartMs + startMs,
    topMs: sendStartMs + topMs,
    endMs: sendStartMs + topMs,
    baselineBytes: 50 * MB,
    topBytes: 50 * MB + heightBytes,
    heightBytes,
    recoveryMs: null,
    shape: 'step',
  };
}

const order = (range: { first: number; last: number }, own: readonly SpikeShape[] = []) => ({
  spikes: [spike(range.first, range.last)],
  frames: [range],
  ownSpikes: () => own,
  everyInterval: true,
});

/** 5,000 requests in 64 s, the 2,500th of which blocks the service for a second. */
const measured = pass({ loadMs: 64_000, answeredAt: (ms) => Math.min(5_000, (ms * 5) / 64) });

t.test('a burst is where as many requests were answered, though the load took a quarter of the time', (t) => {
  const fast = pass({ loadMs: 16_000, answeredAt: (ms) => (ms * 5) / 16 });
  const { frames, by } = windowsIn(measured, fast, order({ first: 32_000, last: 33_000 }));
  t.same(by, ['requests']);
  const [{ first, last } = { first: 0, last: 0 }] = frames;
  t.ok(first > 7_900 && first <= 8_000, `from ${first} ms, not 32,000`);
  t.ok(last >= 8_250 && last < 8_400, `to ${last} ms`);
  const note = alignmentNote(measured, fast, { by, activity: 'replaying with allocation sampling' });
  t.match(note, {
    severity: 'info',
    text: 'The load took 64 s when it was measured and 16 s while replaying with allocation sampling: spikes are found again by requests answered.',
  });
  t.end();
});

t.test('one that blocks the service is in its window as a whole, whichever requests were on their way', (t) => {
  const blocks = (count: number) => (ms: number) =>
    ms < 8_000 ? (ms * count) / 8_000 : ms < 9_000 ? count : count + ((ms - 9_000) * (5_000 - count)) / 8_000;
  const whole = pass({ loadMs: 17_000, answeredAt: blocks(2_503) });
  const { frames } = windowsIn(
    whole,
    pass({ loadMs: 17_000, answeredAt: blocks(2_498) }),
    order({ first: 8_000, last: 9_000 }),
  );
  t.ok(frames[0]!.first <= 8_000 && frames[0]!.last >= 9_000, JSON.stringify(frames));
  t.end();
});

t.test('a program without requests is aligned by its own line: a rise that comes late is not lost', (t) => {
  const rises = (at: number) => (ms: number) => (ms < at ? 50 : ms < at + 1_000 ? 50 + (ms - at) / 4 : 300) * MB;
  const native = pass({ loadMs: 20_000, ownAt: rises(10_000) });
  const slow = pass({ loadMs: 30_000, ownAt: rises(17_000) });
  const { frames, by } = windowsIn(native, slow, order({ first: 10_000, last: 11_000 }, [spike(17_100, 18_000)]));
  t.same(by, ['memory']);
  t.ok(frames[0]!.first > 16_900 && frames[0]!.first <= 17_100 && frames[0]!.last === 18_000, JSON.stringify(frames));
  t.end();
});

t.test('what is looked at only where the measuring pass rose is the interval in which it rose here', (t) => {
  const rises = (at: number) => (ms: number) => (ms < at ? 50 : ms < at + 1_000 ? 50 + (ms - at) / 4 : 300) * MB;
  const intervals = [
    { interval: 1, firstFrame: 0, lastFrame: 10_000, marks: [10_000] },
    { interval: 2, firstFrame: 10_000, lastFrame: 11_000, marks: [11_000] },
    { interval: 3, firstFrame: 11_000, lastFrame: 30_000 },
  ];
  const native = pass({ loadMs: 20_000, ownAt: rises(10_000) });
  const slow = pass({ loadMs: 30_000, ownAt: rises(17_000), intervals });
  const asked = order({ first: 10_000, last: 11_000 }, [spike(17_100, 18_000)]);
  t.same(windowsIn(native, slow, { ...asked, everyInterval: false }).frames, [{ first: 11_001, last: 30_000 }]);
  t.end();
});

t.test('by its share of the time where nothing else is known, and the report says so', (t) => {
  const [native, slow] = [pass({ loadMs: 20_000 }), pass({ loadMs: 30_000 })];
  const { frames, by } = windowsIn(
    native,
    slow,
    order({ first: 10_000, last: 11_000 }, [spike(15_000, 16_000, 10 * MB)]),
  );
  t.same(by, ['time'], 'another height is another spike');
  t.same(frames, [{ first: 15_001, last: 16_500 }]);
  t.match(alignmentNote(native, slow, { by, activity: 'looking' }), { severity: 'warning', text: /share of its time/ });
  t.equal(alignmentNote(native, native, { by, activity: 'looking' }), undefined, 'nothing where it ran as fast');
  t.end();
});

t.test('a load that ends by time answers what it can: other totals are no place', (t) => {
  const byTime = pass({ loadMs: 64_000, answeredAt: (ms) => ms / 32 });
  t.same(windowsIn(measured, byTime, order({ first: 32_000, last: 33_000 })).by, ['time']);
  t.equal(requestMarksOf(measured, [32_000], { frames: [], earlier: [byTime] }), undefined);
  t.end();
});

t.test('marks are numbers of requests; one where a spike begins comes early', (t) => {
  const frames = [{ first: 32_000, last: 33_600 }];
  const [start, end] = requestMarksOf(measured, [32_000, 33_600], { frames, earlier: [] }) ?? [];
  t.equal(start, 2_422, 'of 2,500: a second sooner');
  t.equal(end, 2_625);
  t.equal(requestMarksOf(pass({ loadMs: 9_000 }), [5_000], { frames, earlier: [] }), undefined, 'none were counted');
  t.end();
});

t.test('an instrument that was used at the ends of a spike says where they are', (t) => {
  const intervals = [
    { interval: 1, firstFrame: 0, lastFrame: 7_700, marks: [32_000] },
    { interval: 2, firstFrame: 7_700, lastFrame: 8_600, marks: [33_000] },
  ];
  const fast = pass({ loadMs: 16_000, answeredAt: (ms) => (ms * 5) / 16, intervals });
  t.same(windowsIn(measured, fast, order({ first: 32_000, last: 33_000 })).frames, [{ first: 7_701, last: 8_600 }]);
  const late = pass({
    ...{ loadMs: 16_000, answeredAt: (ms: number) => (ms * 5) / 16 },
    intervals: [{ interval: 1, firstFrame: 0, lastFrame: 8_100, marks: [32_000] }],
  });
  const level = { ...order({ first: 32_000, last: 33_000 }), everyInterval: false };
  t.equal(windowsIn(measured, late, level).frames[0]!.first, 8_101, 'a level is taken when it is taken');
  t.end();
});

t.test('frames are the same in every pass', (t) => {
  const frames = { first: 100, last: 200 };
  const [a, b] = [pass({ loadMs: 1_000, lane: 'tap' }), pass({ loadMs: 5_000, lane: 'tap' })];
  t.same(windowsIn(a, b, order(frames)), { frames: [frames], by: [] });
  t.equal(requestMarksOf(a, [100], { frames: [frames], earlier: [] }), undefined);
  t.end();
});
