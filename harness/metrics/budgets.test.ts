import t from 'tap';
import { readSites } from './allocated-sites.ts';
import { judge, readingOf } from './budgets.ts';
import { exitCodeOf, worstExitCode } from './exit-codes.ts';
import { markImplied, withImplied } from './implied-limits.ts';
import { between, notMeasured, type Reading, value } from './reading.ts';
import { sitePattern } from './site-pattern.ts';
import { findMetric, type Metric, metricNames } from './table.ts';

const readings = (byName: Readonly<Record<string, Reading>>) => ({
  of: ({ name }: Metric) => byName[name] ?? notMeasured('not looked at'),
});

t.test('exchanges that are missing break a limit that nobody wrote, where they were counted', async (t) => {
  const { budget, implied } = withImplied({ 'rss.max': 200 }, 'upload');
  t.same(implied, ['exchanges.shed', 'bodies.shed', 'witnesses.missing']);
  const judged = (missing: Reading) =>
    markImplied(judge(budget, readings({ 'witnesses.missing': missing })), implied).filter(
      ({ name }) => name === 'witnesses.missing',
    );
  t.match(judged(value(2)), [{ state: 'over', limit: 0, note: /implied/ }]);
  t.match(judged(value(0)), [{ state: 'pass' }]);
  t.same(judged(notMeasured('no truth')), [], 'without an account there is no limit');
  for (const name of ['witnesses.missing', 'witnesses.stored'])
    t.notOk(withImplied({ [name]: 0.5 }, 'upload').implied.includes('witnesses.missing'));
  t.notOk(withImplied({}, 'witnesses').implied.includes('witnesses.missing'), 'no collector');
});

t.test('at the limit is ok, over it is not, and a minimum the other way round', async (t) => {
  const results = judge(
    { 'rss.p99': 200, 'rss.max': 200, 'messages.found': 1, 'missed.messages': 0, 'recovery.seconds': 10 },
    readings({
      'rss.p99': value(200),
      'rss.max': value(201),
      'messages.found': value(0.99),
      'missed.messages': value(0),
    }),
  );
  t.same(
    results.map(({ name, ok, state, unit, bound }) => [name, ok, state, unit, bound]),
    [
      ['rss.p99', true, 'pass', 'bytes', 'max'],
      ['rss.max', false, 'over', 'bytes', 'max'],
      ['messages.found', false, 'over', 'share', 'min'],
      ['missed.messages', true, 'pass', 'count', 'max'],
      ['recovery.seconds', false, 'notMeasured', 'seconds', 'max'],
    ],
  );
  t.match(results[4], { actual: null, note: 'not looked at' }, 'what cannot be checked does not pass');
});

t.test('what lies between two figures is decided by a limit outside of them, and by none inside', async (t) => {
  const found = readings({ 'rss.p999': between(100, 200, 'too few'), 'messages.found': between(0.8, 0.9, 'too few') });
  const of = (limits: Record<string, number>) => judge(limits, found)[0];
  t.match(of({ 'rss.p999': 200 }), { state: 'pass', actual: 200, note: 'at most' });
  t.match(of({ 'rss.p999': 199 }), { state: 'undecided', ok: false, actual: null, note: 'too few' });
  t.match(of({ 'rss.p999': 100 }), { state: 'undecided' });
  t.match(of({ 'rss.p999': 99 }), { state: 'over', actual: 100, note: 'at least' });
  t.match(of({ 'messages.found': 0.8 }), { state: 'pass', actual: 0.8, note: 'at least' });
  t.match(of({ 'messages.found': 0.85 }), { state: 'undecided' });
  t.match(of({ 'messages.found': 0.95 }), { state: 'over', actual: 0.9, note: 'at most' });
});

t.test('a limit that is broken is broken, whatever could not be checked', async (t) => {
  const code = (...states: ('pass' | 'over' | 'undecided' | 'notMeasured')[]) =>
    exitCodeOf(states.map((state) => ({ state })));
  t.same(
    [code(), code('pass'), code('pass', 'undecided'), code('notMeasured'), code('undecided', 'over', 'pass')],
    [0, 0, 4, 4, 1],
  );
  t.equal(worstExitCode([0, 4, 1]), 1);
  t.equal(worstExitCode([0, 4, 0]), 4);
  t.equal(worstExitCode([1, 3]), 3);
});

t.test('a name that is no metric does not pass, whatever it is', async (t) => {
  for (const name of ['rss.p42', 'toString', '__proto__', 'constructor', 'share:', 'bytes:']) {
    t.equal(findMetric(name), undefined);
    t.match(judge(JSON.parse(`{"${name}":1}`), readings({})), [{ ok: false, note: 'no such budget' }], name);
  }
  t.ok(findMetric('share:agent/tcp/**'));
  t.ok(metricNames().includes('rss.p999'));
});

t.test('a reading is the same from the report', async (t) => {
  const row = { name: 'rss.p99', unit: 'bytes', bound: 'max', note: 'why' } as const;
  const none = { value: null, low: null, high: null };
  t.same(readingOf({ ...row, ...none, state: 'value', value: 7 }), value(7));
  t.same(readingOf({ ...row, ...none, state: 'notMeasured' }), notMeasured('why'));
  t.same(readingOf({ ...row, ...none, state: 'undecided', low: 3 }), {
    state: 'undecided',
    low: 3,
    high: Number.POSITIVE_INFINITY,
    reason: 'why',
  });
});

t.test('a part of the program may have its share', async (t) => {
  const sites = [
    { file: 'agent/tcp/assembler.ts', functionName: 'insert', selfBytes: 600 },
    { file: 'agent/tcp/deep/pages.ts', functionName: 'take', selfBytes: 100 },
    { file: 'agent/http/parser.ts', functionName: 'parse', selfBytes: 300 },
  ];
  t.same(readSites(sites, 'share', 'agent/tcp/**'), value(0.7));
  t.same(readSites(sites, 'bytes', 'agent/tcp/*.ts'), value(600));
  t.same(readSites(sites, 'share', 'agent/**#parse'), value(0.3));
  t.match(readSites(undefined, 'share', '**'), { state: 'notMeasured' });
  for (const kind of ['share', 'bytes'] as const) {
    t.match(readSites(sites, kind, 'agnet/tcp/**'), { state: 'notMeasured', reason: /no call site .* matches/ });
    t.match(readSites(sites, kind, 'agent/tcp/**#nobody'), { state: 'notMeasured' }, 'a mistyped name passes no limit');
  }
});

t.test('patterns match literally but for their stars', async (t) => {
  t.ok(sitePattern('agent/a.b(c)/*.ts')('agent/a.b(c)/x.ts', ''));
  t.notOk(sitePattern('agent/a.b/*.ts')('agent/aXb/x.ts', ''));
  t.notOk(sitePattern('agent/*.ts')('agent/deep/x.ts', ''));
});
