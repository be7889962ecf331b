import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import type { ComparedScenario } from '../../reports/comparison.ts';
import { bisect, type Finding, looksLeft } from './bisect.ts';
import { findingOf, whyUnconfirmed } from './bisect-finding.ts';
import { BisectLog } from './bisect-log.ts';

/** Commits of which some cannot be built, and some are decided at the second look only, or never. */
function history(seed: number, count: number, { unbuilt = 0, slow = 0, undecidable = 0 } = {}) {
  const random = createRandom(seed, 'history').fraction;
  const firstBad = 1 + Math.floor(random() * (count - 1));
  const between = Array.from({ length: count - 2 }, (_, i) => i + 1)
    .map((index) => ({ index, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ index }) => index);
  const broken = new Set(between.slice(0, unbuilt));
  const later = new Set(between.slice(unbuilt, unbuilt + slow));
  const never = new Set(between.slice(unbuilt + slow, unbuilt + slow + undecidable));
  let looks = 0;
  const look = async (index: number, again: number): Promise<Finding> => {
    looks += 1;
    if (broken.has(index)) return 'skipped';
    if (never.has(index) || (later.has(index) && again === 0)) return 'undecided';
    return index < firstBad ? 'good' : 'bad';
  };
  const isDecidable = (index: number) => !broken.has(index) && !never.has(index);
  return { firstBad, look, isDecidable, looks: () => looks };
}

t.test('the right commit, or the least range that holds it', async (t) => {
  for (let seed = 0; seed < 2_000; seed++) {
    const count = 2 + (seed % 80);
    const { firstBad, look, isDecidable } = history(seed, count, {
      unbuilt: seed % 5,
      slow: seed % 3,
      undecidable: seed % 4,
    });
    const { good, bad } = await bisect(count, look);
    if (good >= firstBad || bad < firstBad) t.fail(`seed ${seed}: ${good}–${bad} does not hold ${firstBad}`);
    const between = Array.from({ length: bad - good - 1 }, (_, i) => good + 1 + i);
    if (between.some(isDecidable)) t.fail(`seed ${seed}: ${between} could have been decided`);
  }
});

t.test('64 commits, three that cannot be built, two decided at the second look: few looks', async (t) => {
  for (let seed = 0; seed < 20; seed++) {
    const { firstBad, look, looks } = history(seed, 65, { unbuilt: 3, slow: 2 });
    const { good, bad } = await bisect(65, look);
    t.ok(good < firstBad && firstBad <= bad, `seed ${seed}`);
    t.ok(looks() <= looksLeft({ good: 0, bad: 64 }) + 3 + 2 + 1, `seed ${seed}: ${looks()} looks`);
  }
});

t.test('what was found is there after an interruption; a log that cannot be read is begun again', async (t) => {
  const folder = t.testdir();
  const keyWith = (load: string, question = 'key') => ({ question, conditions: new Map([['load.mjs', load]]) });
  const key = keyWith('1');
  const first = new BisectLog(folder, key);
  t.equal(first.others(), undefined);
  first.whole = 0.1;
  first.set('a'.repeat(40), { finding: 'bad', change: 0.1, why: '' });
  const [name] = readdirSync(folder);
  const second = new BisectLog(folder, key);
  t.equal(second.whole, 0.1);
  t.match(second.get('a'.repeat(40)), { finding: 'bad' });
  const another = new BisectLog(folder, keyWith('1', 'another'));
  t.same([another.size, another.others()], [0, undefined]);
  const other = new BisectLog(folder, keyWith('2'));
  t.same([other.size, other.others()], [0, { count: 2, changed: ['load.mjs'] }]);
  const more = new BisectLog(folder, { ...key, conditions: new Map([...key.conditions, ['plan.json', '1']]) });
  t.same(more.others()?.changed, ['plan.json']);
  t.equal(new BisectLog(folder, key, true).size, 0);
  const file = path.join(folder, name!);
  for (const text of ['{', '[]', readFileSync(file, 'utf8').replace('"bad"', '"worst"')]) {
    writeFileSync(file, text);
    t.equal(new BisectLog(folder, key).size, 0);
    t.equal(other.others(), undefined);
  }
});

t.test('a finding is by the interval of its comparison, and by no answer that is an error', async (t) => {
  const metric = {
    ...({
      name: 'allocated.perRequest',
      unit: 'bytes',
      bound: 'max',
      baseMedian: 1,
      headMedian: 1,
      detectable: null,
    } as const),
    ...{ base: [], head: [], threshold: 0.02, note: '' },
  };
  const failures = { ...metric, name: 'requests.failed', unit: 'count', threshold: null, change: null } as const;
  const compared = (
    change: number | null,
    low: number | null,
    high: number | null,
    more: object = {},
    failed = {},
  ): ComparedScenario => {
    const row = { ...metric, change, changeLow: low, changeHigh: high, decision: 'within' as const, ...more };
    const other = { ...failures, changeLow: null, changeHigh: null, decision: 'shown', ...failed } as const;
    return {
      ...{ name: 'cart', lane: 'load', method: 'pairs', pairs: 5, sites: [], notes: [] },
      metrics: [row, other],
    } as const;
  };
  const finding = (...words: Parameters<typeof compared>) => findingOf(compared(...words), metric.name, 0.01).finding;
  t.equal(finding(0, -0.002, 0.002), 'good');
  t.equal(finding(0.02, 0.018, 0.022, { decision: 'worse' }), 'bad');
  t.equal(finding(0.02, 0.018, 0.022), 'bad', 'within a threshold that has a floor is worse all the same');
  t.equal(finding(0.005, -0.004, 0.015), 'undecided', 'so near to half that neither can be said');
  t.equal(finding(0.02, 0.012, null, { decision: 'worse' }), 'bad');
  t.equal(finding(0.005, null, 0.006), 'good');
  t.equal(finding(0, -0.002, 0.002, { decision: 'undecided', note: 'the machine was not fit' }), 'undecided');
  t.equal(finding(null, null, null, { decision: 'notMeasured' }), 'undecided');
  t.equal(findingOf(undefined, metric.name, 0.01).finding, 'undecided');
  t.equal(findingOf(compared(0, 0, 0), 'rss.max', 0.01).finding, 'undecided', 'a metric that is not there');
  t.equal(finding(-0.5, -0.5, -0.5, {}, { decision: 'worse', note: 'every run failed' }), 'skipped');
  t.equal(finding(-0.5, -0.5, -0.5, {}, { decision: 'undecided', note: 'some failed' }), 'undecided');
  t.equal(finding(0, 0, 0, {}, { decision: 'within' }), 'good');
  const doubt = (...words: Parameters<typeof compared>) => whyUnconfirmed(compared(...words), metric.name);
  t.equal(doubt(0.02, 0.018, 0.022), undefined);
  t.match(doubt(0.001, -0.001, 0.003), /\+0\.1 %, between −0\.1 % and \+0\.3 %/);
  t.equal(
    doubt(null, null, null, { decision: 'notMeasured', note: 'not measured in every run of head' }),
    'not measured in every run of head',
  );
  t.equal(whyUnconfirmed(undefined, metric.name), 'it was not measured');
});
