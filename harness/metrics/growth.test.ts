import t from 'tap';
import type { Slope } from '../explain/slope.ts';
import type { Growth } from '../explain/spikes.ts';
import { judge } from './budgets.ts';
import { growthPerRequest, growthPerSecond } from './growth.ts';
import type { RunFigures } from './measured-run.ts';
import { findMetric } from './table.ts';

const rss: Growth = { slope: 900e3, slopeLow: -1e6, slopeHigh: 3e6, spanMs: 30_000, isLeak: false };
const settled = {
  live: { slope: 200e3, low: 180e3, high: 220e3 },
  own: { slope: 210e3, low: 150e3, high: 260e3 },
  native: undefined,
  livePerRequest: { slope: 400, low: 360, high: 440 },
  ownPerRequest: undefined,
  nativePerRequest: undefined,
  ownLaterPerRequest: undefined,
  requests: 40_000,
  floor: 8e3,
  ownFloor: 100e3,
  keptBytes: 4e6,
  isNative: false,
  isLeak: true,
  seconds: 20,
};

function run(growth: Growth, more: Partial<RunFigures> = {}): RunFigures {
  return {
    measure: { watch: { rss: { count: 100 } } },
    findings: { spikes: [], growth },
    ...more,
  } as unknown as RunFigures;
}

function state(figures: RunFigures, limit: number) {
  const [result] = judge({ 'growth.perSecond': limit }, { of: (metric) => metric.read(figures) });
  return result!;
}

t.test('a limit is held against the interval: above it over, below within, between undecided', async (t) => {
  t.equal(state(run(rss, { settled }), 100e3).state, 'over');
  t.equal(state(run(rss, { settled }), 300e3).state, 'pass');
  const between = state(run(rss, { settled }), 215e3);
  t.equal(between.state, 'undecided');
  t.match(between.note, /172 kB\/s and 260 kB\/s \(99 %\).*a run of about \d/, 'with how long a run it takes');
});

t.test('without forced collections the line of resident memory is all there is', async (t) => {
  t.equal(state(run(rss), 5e6).state, 'pass');
  t.equal(state(run(rss), 500e3).state, 'undecided');
  t.equal(state(run({ ...rss, slopeLow: 600e3 }), 500e3).state, 'over');
  t.match(state(run({ ...rss, spanMs: 8_000 }), 5e6), { state: 'undecided', note: /takes 20 s of traffic/ });
});

t.test('a run that is too short for an interval does not say that none would decide', async (t) => {
  const short = { ...settled, own: undefined, live: { slope: 0, low: -1e6, high: Number.POSITIVE_INFINITY } };
  t.match(state(run(rss, { settled: short }), 1e6), { state: 'undecided', note: /too little traffic for an interval/ });
});

t.test('the limit itself, and a slope that equals it', async (t) => {
  const exact = { ...settled, own: { slope: 200e3, low: 150e3, high: 250e3 } };
  t.match(state(run(rss, { settled: exact }), 200e3).note, /no longer run would decide/);
  t.equal(findMetric('growth.perRequest')?.unit, 'bytes');
});

t.test('by the request of the load, where half of those that were counted came to another port', async (t) => {
  const judged = (ofLoad: number | undefined) => {
    const figures = run(rss, { settled });
    const measure = { ...figures.measure, answers: { total: 40_000, not2xx: 0, ofLoad } };
    const read = { ...figures, measure } as unknown as RunFigures;
    return judge({ 'growth.perRequest': 600 }, { of: (metric) => metric.read(read) })[0]!.state;
  };
  t.equal(judged(undefined), 'pass');
  t.equal(judged(20_000), 'over', '720 to 880 bytes');
});

t.test('by the request, of a short run: what a program settles by decides nothing', async (t) => {
  const judged = (requests: number, limit: number) => {
    const figures = run(rss, { settled: { ...settled, requests, seconds: 4 } });
    return judge({ 'growth.perRequest': limit }, { of: (metric) => metric.read(figures) })[0]!;
  };
  t.equal(judged(40_000, 300).state, 'over');
  t.equal(judged(40_000, 500).state, 'pass');
  const over = judged(400, 300);
  t.equal(over.state, 'undecided', '160 kB are no leak');
  t.match(over.note, /between -640 B and 1\.44 kB \(99 %\), by 4 s of traffic; a run of about \d+ s would decide/);
  t.equal(judged(400, 500).state, 'undecided', 'nor do they pass');
  t.equal(judged(400, 2_000).state, 'pass');
});

t.test(
  'by the request, native memory: a leak of it does not pass, and what a program settles by is none',
  async (t) => {
    const judged = (
      outside: { ownPerRequest?: Slope; nativePerRequest?: Slope; ownLaterPerRequest?: Slope },
      limit: number,
    ) => {
      const live = { slope: 20, low: 10, high: 30 };
      const figures = run(rss, { settled: { ...settled, livePerRequest: live, ...outside } });
      return judge({ 'growth.perRequest': limit }, { of: (metric) => metric.read(figures) })[0]!;
    };
    const slope = (slope: number, low: number, high: number): Slope => ({ slope, low, high });
    // The floor, 100 kB/s for 20 s, is 50 bytes a request, and a run of 40,000 is 10 bytes less certain.
    t.match(judged({ ownPerRequest: slope(3_300, 3_200, 3_400) }, 200), { state: 'over', actual: 3_140 });
    t.match(judged({ ownPerRequest: slope(60, -200, 600) }, 200), { state: 'undecided' });
    t.match(judged({ ownPerRequest: slope(60, -200, 230) }, 200), { state: 'pass', actual: 190 });
    t.match(
      judged({ ownPerRequest: slope(-60, -200, 20) }, 200),
      { state: 'pass', actual: 40 },
      'nor less than live memory',
    );
    const native = { nativePerRequest: slope(0, -100, 100) };
    t.match(
      judged({ ownPerRequest: slope(60, -200, 600), ...native }, 200),
      { state: 'pass' },
      'by the narrower of two',
    );
    const later = { ownLaterPerRequest: slope(40, 0, 80) };
    t.match(judged({ ownPerRequest: slope(60, -200, 9_000), ...later }, 200), { state: 'pass' }, 'and what came later');
    t.match(
      judged({ ownPerRequest: slope(600, 500, 700), ...later }, 200),
      { state: 'pass' },
      'or came at first alone',
    );
    t.match(judged({ nativePerRequest: slope(3_000, 2_000, 4_000) }, 200), { state: 'undecided' }, 'pages never read');
  },
);

t.test('by the request', async (t) => {
  t.match(growthPerRequest(run(rss, { settled })), { state: 'undecided', low: 350, high: 450 }, 'and what settles');
  t.equal(growthPerRequest(run(rss)).state, 'notMeasured');
  t.equal(
    growthPerSecond({ ...run(rss), measure: { watch: { rss: { count: 0 } } } } as unknown as RunFigures).state,
    'notMeasured',
  );
});
