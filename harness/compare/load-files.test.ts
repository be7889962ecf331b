/** By which files a bisection's findings were made. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gitIn } from './git-fixture.ts';
import { loadFiles } from './load-files.ts';

t.test('another load is another name, whether git knows it or not; a log beside it is none', async (t) => {
  const folder = t.testdir();
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const git = gitIn(folder);
  const scenario = JSON.stringify({ name: 'cart', load: 'node load.mjs {port} --plan="plan.json"' });
  const seen = new Set<string>();
  const name = () => loadFiles(folder, scenario);
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
  mkdirSync(path.join(folder, 'logs'));
  write('logs/today', 'a line');
  git('commit', '-q', '--allow-empty', '-m', 'third');
  t.ok(seen.has(name()));
});
