import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { gitIn } from './git-fixture.ts';
import { VersionStore } from './version-store.ts';

function project(t: Test) {
  const folder = t.testdir({ value: 'one' });
  const git = gitIn(folder);
  git('init', '-qb', 'main');
  git('add', 'value');
  git('commit', '-qm', 'one');
  const write = (name: string, content: unknown) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const store = new VersionStore({ folder, build: ['true'], onStep: () => {} });
  return { folder, git, write, store, commit: git('rev-parse', 'HEAD').trim() };
}

const compared = (head: object) => ({ kind: 'comparison', head: { label: '.', package: null, ...head } });
const gated = (commit: string) => ({ kind: 'gate', runs: [{ environment: { extra: { commit } } }] });

t.test('an earlier run stands for the version that it measured', async (t) => {
  const { folder, git, write, store, commit } = project(t);
  write('runs/a/comparison.json', compared({ commit, dirty: false, package: null, key: '0'.repeat(16) }));
  write('runs/b/report.json', gated(commit));
  write('value', 'two');
  git('commit', '-qam', 'two');
  for (const label of ['runs/a', './runs/a', path.join(folder, 'runs/a'), 'runs/a/comparison.json', 'runs/b']) {
    const version = await store.prepare(label);
    t.match(version, { label, commit, dirty: false }, label);
    store.activate(version);
    t.equal(readFileSync(path.join(store.projectFolder, 'value'), 'utf8'), 'one');
  }
});

t.test('what was never committed is there as long as its copy is', async (t) => {
  const { folder, git, write, store } = project(t);
  write('value', 'being written');
  const { commit, key } = await store.prepare('.');
  write('runs/a/comparison.json', compared({ commit, dirty: true, package: null, key }));
  git('checkout', '-q', '--', 'value');
  const version = await store.prepare('runs/a');
  t.match(version, { commit, dirty: true, key });
  store.activate(version);
  t.equal(readFileSync(path.join(store.projectFolder, 'value'), 'utf8'), 'being written');
  store.park();
  rmSync(path.join(folder, '.floodgate', 'compare', 'versions', key), { recursive: true });
  await t.rejects(store.prepare('runs/a'), {
    code: 'version-unknown',
    message: /uncommitted changes, and no copy of it is left/,
  });
  write('runs/b/report.json', gated(`${commit}, with uncommitted changes`));
  await t.rejects(store.prepare('runs/b'), { code: 'version-unknown', message: /uncommitted changes/ });
});

t.test('a report that names no version, or one that is not here', async (t) => {
  const { write, store } = project(t);
  const unknown = (label: string, message: RegExp) =>
    t.rejects(store.prepare(label), { code: 'version-unknown', message });
  write('runs/other/comparison.json', compared({ commit: 'ab'.repeat(20), dirty: false, key: '0'.repeat(16) }));
  await unknown('runs/other', /measured ababababab, which is no commit of this repository/);
  write('runs/failed/comparison.json', compared({ commit: null, dirty: false, key: '' }));
  await unknown('runs/failed', /comparison that measured nothing/);
  for (const [name, content] of Object.entries({
    run: { kind: 'run', environment: { extra: {} } },
    broken: '{',
    empty: { kind: 'gate', runs: [] },
    hostile: compared({ commit: '--upload-pack=x', dirty: false, key: '0'.repeat(16) }),
    escaping: compared({ commit: null, dirty: true, key: '../../../../etc' }),
  })) {
    write(`runs/${name}/report.json`, content);
    await unknown(`runs/${name}`, /does not say which version it measured/);
  }
  await unknown('runs/none', /is no commit, branch or tag/);
});
