/** By which files a bisection's findings were made. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gitIn } from './git-fixture.ts';
import { loadFiles } from './load-files.ts';

t.test('another load is another one, whether git knows it or not; what git ignores is none', async (t) => {
  const folder = t.testdir();
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const git = gitIn(folder);
  const scenario = JSON.stringify({ name: 'cart', load: 'node load.mjs {port} --plan="plan.json"' });
  const seen = new Set<string>();
  const name = () => JSON.stringify([...loadFiles(folder, scenario)]);
  const isNew = (words: string) => {
    const { size } = seen;
    t.equal(seen.add(name()).size, size + 1, words);
  };
  write('load.mjs', 'one');
  isNew('no repository');
  write('load.mjs', 'two');
  isNew('its load changed');
  git('init', '-qb', 'main');
  write('requests.mjs', 'one');
  git('add', 'requests.mjs');
  git('commit', '-qm', 'first');
  isNew('a commit');
  write('load.mjs', 'three');
  isNew('the load, which git does not know');
  write('plan.json', '{}');
  isNew('what it is given');
  write('requests.mjs', 'two');
  isNew('what the load may import');
  git('commit', '-qam', 'second');
  isNew('the same, committed');
  mkdirSync(path.join(folder, 'data'));
  write('data/table', 'one');
  isNew('a file that nobody named');
  write('data/table', 'two');
  isNew('the same with another content');
  write('.gitignore', 'data');
  isNew('git ignores it from now on');
  write('data/table', 'three');
  t.ok(seen.has(name()));
  t.same(
    [...loadFiles(folder, scenario).keys()],
    ['.gitignore', 'load.mjs', 'plan.json', 'the commit that is checked out'],
  );
  chmodSync(path.join(folder, 'plan.json'), 0);
  t.ok(loadFiles(folder, scenario).has('plan.json'), 'one that cannot be read stops nothing');
});
