import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import { bisect, type Finding, looksLeft } from './bisect.ts';
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
  const first = new BisectLog(folder, 'key');
  first.whole = 0.1;
  first.set('a'.repeat(40), { finding: 'bad', change: 0.1, why: '' });
  const second = new BisectLog(folder, 'key');
  t.equal(second.whole, 0.1);
  t.match(second.get('a'.repeat(40)), { finding: 'bad' });
  t.equal(new BisectLog(folder, 'another').size, 0);
  const file = path.join(folder, 'key.json');
  for (const text of ['{', '[]', readFileSync(file, 'utf8').replace('"bad"', '"worst"')]) {
    writeFileSync(file, text);
    t.equal(new BisectLog(folder, 'key').size, 0);
  }
});
