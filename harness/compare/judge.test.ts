import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import { formatDetectable, metricSentence } from '../../reports/comparison-sentence.ts';
import type { Project } from '../project/find-config.ts';
import { floorAbove, judgePairs, type MetricFigures } from './judge.ts';
import { compareSites, inProject } from './sites.ts';
import { looksFor } from './stopping-rule.ts';
import { comparedThresholds, thresholdsOf } from './thresholds.ts';
import { comparisonVerdict } from './verdict.ts';

const random = () => createRandom(1, 'judge').fraction;
const look = { pairs: 5, level: 0.0315 };
/** They do not agree. */
const five = [1000, 1020, 990, 1010, 1000];
const figures = (
  base: (number | null)[],
  head: (number | null)[],
  more: Partial<MetricFigures> = {},
): MetricFigures => ({
  name: 'allocated.perRequest',
  unit: 'bytes',
  bound: 'max',
  base,
  head,
  threshold: 0.03,
  ...more,
});

t.test('numbers that lie on both sides of the threshold decide nothing: pairs do, by the same threshold', async (t) => {
  // A Go service, ten pairs: by the medians +2.93 %, by four of its pairs above 3 %.
  const base = [
    24_860_560, 24_932_864, 24_945_312, 24_985_968, 24_847_896, 24_927_120, 24_927_376, 24_939_120, 24_934_016,
    24_926_136,
  ];
  const head = [
    25_690_664, 25_656_960, 25_746_096, 25_731_056, 25_658_384, 25_628_968, 25_616_968, 25_669_864, 25_660_864,
    25_660_304,
  ];
  t.match(judgePairs([figures(base, head, { threshold: 0.03 })], true, look, random()), {
    method: 'pairs',
    decision: 'undecided',
    mayChange: true,
  });
  for (const shift of [1.004, 1.0051, 1.006]) {
    const wide = [1_000_000, 1_001_000, 1_001_900];
    const near = figures(
      wide,
      wide.map((value) => value * shift),
      { threshold: 0.005 },
    );
    t.match(judgePairs([near], true, look, random()), { method: 'pairs', decision: 'undecided' }, `${shift}`);
  }
  const exact = figures([1_000_000, 1_000_000, 1_000_000], [1_005_100, 1_005_100, 1_005_100], { threshold: 0.005 });
  const judged = judgePairs([exact], true, look, random());
  t.match(judged, { method: 'numbers', decision: 'worse' }, 'to the last byte');
  t.equal(judged.metrics[0]!.changeLow, judged.metrics[0]!.changeHigh);
  // More pairs of what agrees are held against the threshold that was asked for, not against the floor of a load.
  const many = [1_000_000, 1_000_900, 1_001_500, 1_000_300, 1_001_900, 1_000_100, 1_000_700, 1_001_200];
  const rotated = many.map((_, at) => many[(at + 3) % many.length]! * 1.007);
  const more = judgePairs([figures(many, rotated, { threshold: 0.005 })], true, { pairs: 8, level: 0.05 }, random());
  t.match(more, { method: 'pairs', metrics: [{ threshold: 0.005 }] });
});

t.test('exact lane: repeats that agree are compared as numbers, the others by statistics', async (t) => {
  const agreeing = figures([1000, 1001, 1000], [1010, 1010, 1011], { threshold: 0.005 });
  t.match(judgePairs([agreeing], true, look, random()), { method: 'numbers', decision: 'worse', mayChange: false });
  const same = figures([1000, 1001, 1000], [1002, 1003, 1002], { threshold: 0.005 });
  t.match(judgePairs([same], true, look, random()), { method: 'numbers', decision: 'within' });
  const [once, more] = [
    [1000, 1001, 1009, 1000, 1000],
    [1010, 1010, 1011, 1010, 990],
  ];
  const disturbed = figures(once, more, { threshold: 0.005 });
  t.match(
    judgePairs([disturbed], true, look, random()),
    { method: 'numbers', decision: 'worse' },
    'one run of five may differ',
  );
  t.match(judgePairs([figures(five, five)], true, look, random()).method, 'pairs');
  t.match(judgePairs([figures([1000, 1000], [1000, 1000])], false, { ...look, pairs: 2 }, random()).method, 'pairs');
});

/** As `runPairs` asks: three pairs by numbers, then at each look. */
function drawn(change: number, noise: number, threshold: number, random: () => number) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const runs = (bytes: number) => Array.from({ length: 20 }, () => bytes * (1 + noise * normal()));
  const [base, head] = [runs(30_000), runs(30_000 * (1 + change))];
  const looks = looksFor(1, 20);
  const at = (pairs: number, level: number) =>
    judgePairs(
      [figures(base.slice(0, pairs), head.slice(0, pairs), { threshold })],
      true,
      { pairs, level },
      createRandom(1, 'drawn').fraction,
    );
  const first = at(3, looks[0]!.level);
  if (first.method === 'numbers') return first;
  for (const { pairs, level } of looks) {
    const judged = at(pairs, level);
    if (!judged.mayChange || pairs === looks.at(-1)!.pairs) return judged;
  }
  throw new Error('there is a last look');
}

t.test('the limit is the threshold, whatever the repeats happen to do', async (t) => {
  const sequences = 60;
  for (const noise of [0.001, 0.0015, 0.003])
    for (const [threshold, change, wrong] of [
      [0.005, 0.007, 'within'],
      [0.005, 0.011, 'within'],
      [0.01, 0.0125, 'within'],
      [0.005, 0.003, 'worse'],
    ] as const) {
      const fraction = createRandom(7, `${noise} ${threshold} ${change}`).fraction;
      const all = Array.from({ length: sequences }, () => drawn(change, noise, threshold, fraction));
      const errors = all.filter(({ decision }) => decision === wrong).length;
      const name = `noise ${noise}, limit ${threshold}, +${change}`;
      // Three standard errors of a share of 5 %.
      t.ok(errors <= sequences * 0.05 + 3 * Math.sqrt(sequences * 0.05 * 0.95), `${name}: ${errors} ${wrong}`);
      t.ok(
        all.every(({ metrics }) => Math.abs(metrics[0]!.threshold! - threshold) < 1e-9),
        `${name}: judged by it`,
      );
    }
});

t.test(
  'what is more than a threshold, and no more than a change of nothing moves, is neither worse nor within',
  async (t) => {
    const flat = [1000, 1000, 1000];
    const grown = (share: number, repeats: boolean, threshold: number) =>
      judgePairs(
        [
          figures(
            flat,
            flat.map((value) => value * (1 + share)),
            { threshold },
          ),
        ],
        repeats,
        { pairs: 3, level: 0.5 },
        random(),
      );
    t.match(grown(0.003, true, 0.001), {
      ...{ method: 'numbers', decision: 'undecided', mayChange: false },
      metrics: [{ threshold: 0.001, note: /more than its threshold, and nothing up to \+0\.5 % is called worse/ }],
    });
    t.match(grown(0.006, true, 0.001), { decision: 'worse', metrics: [{ threshold: 0.001 }] });
    t.match(grown(0.0005, true, 0.001), { decision: 'within', metrics: [{ threshold: 0.001 }] });
    t.match(grown(0.015, false, 0.01), {
      ...{ method: 'pairs', decision: 'undecided', mayChange: false },
      metrics: [{ note: /nothing up to \+2\.0\d* % is called worse|nothing up to \+2 % is called worse/ }],
    });
    t.match(grown(0.025, false, 0.01), { decision: 'worse' });
    t.match(grown(0.005, false, 0.01), { decision: 'within' });
    t.equal(floorAbove({ threshold: 0.01, unit: 'bytes' }, false), 0.02);
    t.equal(floorAbove({ threshold: 0.01, unit: 'bytes' }, true), undefined);
    t.equal(floorAbove({ threshold: 0.001, unit: 'count' }, false), undefined);
    const before = judgePairs(
      [
        figures(
          five,
          five.map((value) => value * 1.011),
          { threshold: 0.005 },
        ),
      ],
      true,
      look,
      random(),
      'raised',
    );
    t.match(before, { method: 'pairs', decision: 'within' }, 'as bundles of before are judged');
    t.equal(before.metrics[0]!.threshold!.toFixed(6), '0.020000');
  },
);

t.test('what was not measured is no pass, and more pairs do not help', async (t) => {
  const judged = judgePairs([figures([1, 1, 1, 1, 1], [1, 1, null, 1, 1])], false, look, random());
  t.match(judged, { decision: 'undecided', mayChange: false });
  t.match(judged.metrics[0], { decision: 'notMeasured', note: /every run of head/ });
  const why = { base: '', head: 'too few requests: it takes 400' };
  const said = judgePairs([figures([1, 1], [1, null], { why })], false, { ...look, pairs: 2 }, random());
  t.equal(said.metrics[0]!.note, 'not measured in every run of head: too few requests: it takes 400');
});

t.test('what is not judged changes as its medians do; from nothing no share can be given', async (t) => {
  const shown = (base: (number | null)[], head: (number | null)[]) =>
    judgePairs([figures(base, head, { threshold: undefined })], false, look, random()).metrics[0]!;
  const noisy = shown([100, 200, 300], [330, 100, 220]);
  t.match(noisy, { decision: 'shown', baseMedian: 200, headMedian: 220 });
  t.equal(noisy.change!.toFixed(3), '0.100');
  t.match(shown([0, 0, 0], [5, 5, 5]), { baseMedian: 0, headMedian: 5, change: null });
  t.match(shown([0, 0, 0], [0, 0, 0]), { change: 0 });
});

t.test('a metric that has to be high is worse when it falls', async (t) => {
  const [base, head] = [
    [1, 1.01, 1, 1.02, 1],
    [0.8, 0.81, 0.8, 0.82, 0.8],
  ];
  const judged = judgePairs([figures(base, head, { name: 'messages.found', bound: 'min' })], false, look, random());
  t.equal(judged.decision, 'worse');
});

t.test('failed requests are judged without a threshold', async (t) => {
  const none = { threshold: undefined, name: 'requests.failed', unit: 'count' as const };
  const judge = (base: number[], head: number[]) =>
    judgePairs([figures(base, head, none)], false, look, random()).metrics[0]!;
  t.equal(judge([0, 0, 0, 0, 0], [0, 0, 0, 0, 0]).decision, 'shown');
  t.match(judge([0, 0, 0, 0, 0], [3, 1, 9, 2, 1]), { decision: 'worse', change: null });
  const failed = judge([0, 0, 0, 0, 0], [8, 8, 8, 9, 8]);
  const cart = {
    name: 'cart',
    lane: 'load',
    method: 'pairs',
    pairs: 5,
    metrics: [failed],
    sites: [],
    notes: [],
  } as const;
  t.equal(comparisonVerdict([cart], false).headline, 'WORSE: requests.failed of cart: 8 a run, 0 before');
  t.equal(judge([0, 0, 0, 0, 0], [3, 0, 0, 0, 0]).decision, 'undecided');
  t.equal(judge([5, 4, 6, 5, 5], [5, 4, 6, 5, 5]).decision, 'within');
  const some = (base: (number | null)[], head: (number | null)[]) =>
    judgePairs([figures(base, head, none)], false, look, random()).metrics[0]!;
  t.match(
    some([0, 0], [null, null]),
    { decision: 'undecided', note: /known of the base alone/ },
    'processes of the head are killed',
  );
  t.equal(some([null, null], [8, 8]).decision, 'undecided', 'a load that reports failures alone');
  t.equal(some([8, 8], [null, null]).decision, 'shown');
});

t.test('from nothing no share is given, and a threshold on a count is what it says', async (t) => {
  const judge = (base: number[], head: number[], threshold = 0, repeats = false) =>
    judgePairs([figures(base, head, { threshold, name: 'requests.failed', unit: 'count' })], repeats, look, random());
  for (const repeats of [false, true]) {
    const { method, metrics } = judge([0, 0, 0, 0, 0], [10, 10, 10, 10, 10], 0, repeats);
    const cart = { name: 'cart', lane: 'load', method, pairs: 5, metrics, sites: [], notes: [] } as const;
    t.match(metrics[0], { decision: 'worse', threshold: 0 });
    t.equal(
      comparisonVerdict([cart], false).headline,
      'WORSE: requests.failed of cart: 10 a run, 0 before, at most 0 % is allowed',
    );
    t.equal(metricSentence(metrics[0]!), 'requests.failed is worse: 10 a run, 0 before, at most 0 % is allowed');
    t.equal(formatDetectable(metrics[0]!), '');
    t.equal(judge([0, 0, 0, 0, 0], [0, 0, 0, 0, 0], 0, repeats).decision, 'within');
    t.equal(judge([12, 12, 12, 12, 12], [12, 12, 12, 12, 12], 0, repeats).decision, 'within');
  }
  t.equal(
    judge([1000, 1000, 1000], [1001, 1001, 1001], 0, true).decision,
    'worse',
    'one more is no share of a per cent',
  );
  t.equal(judge([1000, 1000, 1000], [1001, 1001, 1001], 0.01, true).decision, 'within');
  const bytes = judgePairs([figures([1, 1, 1], [1, 1, 1], { threshold: 0 })], true, look, random());
  t.match(bytes.metrics[0]!, { threshold: 0, decision: 'within' }, 'of what is allocated too');
});

t.test('the verdict: worse first; nothing judged and nothing decided are no passes', async (t) => {
  const scenario = (judged: ReturnType<typeof judgePairs>) => ({
    name: 'cart',
    lane: 'load' as const,
    method: judged.method,
    pairs: 5,
    metrics: judged.metrics,
    sites: [],
    notes: [],
  });
  const of = (base: number[], head: number[]) => scenario(judgePairs([figures(base, head)], false, look, random()));
  const [worse, within, open] = [
    of([100, 101, 100, 102, 100], [110, 111, 110, 112, 110]),
    of([100, 101, 100, 102, 100], [100, 101, 101, 102, 100]),
    of([100, 101, 100, 102, 100], [110, 91, 103, 101, 108]),
  ];
  t.match(comparisonVerdict([within, worse, open], true), { ok: false, exitCode: 1, headline: /^WORSE: / });
  t.match(comparisonVerdict([within], false), { ok: true, exitCode: 0, headline: /would have been seen/ });
  t.match(comparisonVerdict([within, open], false), { ok: false, exitCode: 4, headline: /^UNDECIDED: / });
  t.match(comparisonVerdict([within, open], true), { ok: true, exitCode: 0 });
  t.match(
    comparisonVerdict([open], false).headline,
    /^UNDECIDED: allocated\.perRequest of cart \+[\d.]+ %, at most \+3 % is allowed: /,
    'by which limit',
  );
  t.match(comparisonVerdict([{ ...within, metrics: [] }], false), { ok: false, exitCode: 4 });
  const unjudged = { ...within, name: 'search', metrics: [] };
  t.match(comparisonVerdict([within, unjudged], false), {
    exitCode: 4,
    headline: 'UNDECIDED: no metric of search has a threshold',
  });
});

t.test('what more pairs would not decide is accepted by nobody', async (t) => {
  const judged = judgePairs([figures([1, 1, 1, 1, 1], [1, 1, null, 1, 1])], false, look, random());
  const cart = {
    name: 'cart',
    lane: 'load',
    method: 'pairs',
    pairs: 5,
    metrics: judged.metrics,
    sites: [],
    notes: [],
  } as const;
  t.match(comparisonVerdict([cart], true), {
    ok: false,
    exitCode: 4,
    headline: /every run of head.*accepts what pairs could not decide/,
  });
  const open = judgePairs([figures([100, 101, 100, 102, 100], [110, 91, 103, 101, 108])], false, look, random());
  const unserved = { ...cart, metrics: open.metrics, fault: 'head: None of 4,000 answers had a status of 2xx' };
  t.match(comparisonVerdict([unserved], true), { ok: false, exitCode: 4 });
  const none = { threshold: undefined, name: 'requests.failed', unit: 'count' as const };
  const some = judgePairs([figures([0, 0, 0, 0, 0], [3, 0, 0, 0, 0], none)], false, look, random());
  t.match(comparisonVerdict([{ ...cart, metrics: some.metrics }], true), {
    ok: false,
    exitCode: 4,
    headline: /failed more requests/,
  });
});

t.test('what was not measured stands in the headline, before what more pairs would decide', async (t) => {
  const open = figures([100, 101, 100, 102, 100], [110, 91, 103, 101, 108]);
  const none = { threshold: undefined, name: 'requests.failed', unit: 'count' as const };
  const lacking = (name: string) => figures([null, null, null, null, null], [1, 1, 1, 1, 1], { name });
  const all = [figures([0, 0, 0, 0, 0], [3, 0, 0, 0, 0], none), open, lacking('heap.afterGc'), lacking('gc.share')];
  const cart = { name: 'cart', lane: 'load', method: 'pairs', pairs: 5, sites: [], notes: [] } as const;
  const headline = (given: MetricFigures[]) =>
    comparisonVerdict([{ ...cart, metrics: judgePairs(given, false, look, random()).metrics }], false).headline;
  t.equal(
    headline(all),
    'UNDECIDED: heap.afterGc of cart: not measured in every run of base, and 1 more not measured, and 2 undecided',
  );
  t.match(headline(all.slice(0, 2)), /^UNDECIDED: requests\.failed of cart: some runs .*, and 1 more$/);
});

t.test('sites: by the request, above their noise, new and gone, the runtime as one', async (t) => {
  const site = (
    functionName: string,
    selfBytes: number,
    file = '.floodgate/compare/checkout/server.js',
    errorShare = 0.01,
  ) => ({ functionName, file, line: 3, where: 'heap', selfBytes, errorShare }) as const;
  const base = {
    requests: 100,
    sites: [
      site('parse', 100_000),
      site('old', 20_000),
      site('noisy', 50_000, undefined, 0.5),
      site('write', 1_000, 'node:net'),
      { ...site('(anonymous)', 10_000), line: 9 },
      { ...site('(anonymous)', 30_000), line: 5 },
    ],
  };
  const head = {
    requests: 200,
    sites: [
      site('parse', 240_000),
      site('young', 20_000),
      site('noisy', 140_000, undefined, 0.5),
      site('end', 30_000, 'node:http'),
      { ...site('(anonymous)', 20_000), line: 10 },
      { ...site('(anonymous)', 100_000), line: 6 },
    ],
  };
  const [before, after] = [base, head].map((file) =>
    inProject(file, ['/elsewhere', '/shop'], {
      checkout: '/shop/.floodgate/compare/checkout',
      projectFolder: '/shop/.floodgate/compare/checkout',
    }),
  );
  const compared = compareSites(before!, after!);
  t.same(
    compared.map(({ functionName, baseBytes, headBytes }) => [functionName, baseBytes, headBytes]),
    [
      ['parse', 1000, 1200],
      ['(anonymous)', 300, 500],
      ['(the runtime, for no caller of the project)', 10, 150],
      ['young', null, 100],
      ['old', 200, null],
    ],
    'first what went the way of the whole',
  );
  t.equal(compared[1]!.line, 6, 'of functions without a name, the one that grew');
  t.equal(compared[0]!.file, 'server.js');
  t.same(compareSites({ ...base, requests: null }, head), [], 'not counted');
  const below = { checkout: '/r/checkout', projectFolder: '/r/checkout/packages/shop' };
  const named = inProject(
    { requests: 1, sites: ['packages/shop/a.ts', 'lib/b.ts'].map((name) => site('f', 1, `/r/checkout/${name}`)) },
    ['/'],
    below,
  );
  t.same(
    named.sites.map(({ file }) => file),
    ['a.ts', '../../lib/b.ts'],
    'in a folder of its repository, and beside it',
  );
});

t.test('a threshold that no comparison can judge is refused, and a ledger may hold it', async (t) => {
  const thresholds = { 'growth.perRequest': '10 %', 'allocated.perRequest': '1 %' };
  const project = {
    folder: '/',
    file: '/floodgate.config.yaml',
    config: { thresholds },
    scenarios: [],
  } as unknown as Project;
  const scenario = { name: 'cart' };
  const asked = [project, scenario, 'load', undefined] as const;
  t.throws(() => comparedThresholds(...asked, []), {
    code: 'option-invalid',
    exitCode: 2,
    message: /growth\.perRequest: it is a slope.*gate and run/,
  });
  for (const name of ['growth.perSecond', 'share:lib/**', 'bytes:src/**']) {
    const message = /budget .*is judged by gate and run/;
    t.throws(() => comparedThresholds(...asked, [`${name}=10%`], [name]), { message, hint: /--budget/ });
  }
  const loaded = { name: 'cart', load: 'node load.js {port}' };
  const served = [project, loaded, 'load', undefined, []] as const;
  for (const name of ['streams.max', 'sender.lateP99', 'messages.found', 'witnesses.missing', 'dropped.frames'])
    t.throws(() => comparedThresholds(...served, [name]), {
      code: 'option-invalid',
      message: /nothing measures it in the load lane of scenario "cart" \((?:exact and )?tap alone\)/,
      hint: /thresholds" of a scenario/,
    });
  for (const name of ['requests.different', 'requests.late', 'requests.unsent']) {
    t.throws(() => comparedThresholds(...served, [name]), {
      code: 'option-invalid',
      message: /scenario "cart" sends no recorded requests/,
      hint: /thresholds" of a scenario \("requests": a capture or HAR file\)\. /,
    });
    const replayed = { name: 'cart', requests: 'cart.har' };
    t.equal(comparedThresholds(project, replayed, 'load', undefined, [], [name]).size, 1);
  }
  for (const lane of ['exact', 'tap'] as const)
    t.equal(comparedThresholds(project, scenario, lane, undefined, [], ['streams.max']).size, 1, lane);
  t.throws(() => comparedThresholds(project, scenario, 'exact', undefined, [], ['sender.lateMax']), /exact lane/);
  t.equal(comparedThresholds(...asked, [], ['streams.max']).size, 1, 'a target that may take frames');
  t.equal(thresholdsOf(...asked, []).size, 2);
  t.same(
    [...comparedThresholds(...asked, [], ['allocated.perRequest'])],
    [['allocated.perRequest', 0.01]],
    'another one alone',
  );
});

t.test('a threshold that is not whole is refused with what is missing', async (t) => {
  const project = { folder: '/', file: '/floodgate.config.yaml', config: {}, scenarios: [] } as unknown as Project;
  const given = (texts: string[], only: string[] = []) =>
    thresholdsOf(project, { name: 'cart' }, 'load', undefined, texts, only);
  t.throws(() => given(['allocated.perRequest']), {
    message: '--threshold: "allocated.perRequest" does not say by how much',
    hint: /^Write --threshold allocated\.perRequest=SHARE/,
  });
  t.throws(() => given(['alocated.perRequest']), /there is no metric "alocated.*is "allocated\.perRequest" meant/);
  for (const [text, share] of [
    ['1', '0.01'],
    ['5', '0.05'],
    ['2.5', '0.025'],
  ])
    t.throws(() => given([`allocated.perRequest=${text}`]), {
      code: 'option-invalid',
      message: `threshold allocated.perRequest: "${text}" has no unit, and as a share it would be`,
      hint: `Write "${text} %" or ${share}.`,
    });
  t.same([...given(['rss.max=0.5', 'rss.p99=100%', 'rss.p50=1 %']).values()], [0.5, 1, 0.01]);
  t.throws(() => given(['=5%']), /a metric is missing/);
  t.throws(() => given(['rss.max=5%,heap.afterGc=1%']), {
    message: '--threshold: "rss.max=5%,heap.afterGc=1%" names 2 metrics at once',
    hint: 'The option is given once for each: --threshold rss.max=5% --threshold heap.afterGc=1%.',
  });
  t.throws(() => given([], ['rss.max,heap.afterGc']), {
    message: /2 metrics at once/,
    hint: /: --metric rss\.max --metric heap\.afterGc\./,
  });
  t.equal(given(['bytes:lib/{a,b}=5%']).size, 1, 'a pattern may hold a comma');
});
