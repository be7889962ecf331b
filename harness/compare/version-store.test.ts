import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { gitIn } from './git-fixture.ts';
import { VersionStore } from './version-store.ts';

function project(t: Test, prefix = '') {
  const top = path.join(t.testdir(), 'repository');
  const folder = path.join(top, prefix);
  mkdirSync(folder, { recursive: true });
  const git = gitIn(top);
  git('init', '-qb', 'main');
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  write('value', 'one');
  git('add', '.');
  git('commit', '-qm', 'one');
  const steps: string[] = [];
  const open = (build: readonly string[] = ['echo built > mark']) =>
    new VersionStore({ folder, build, onStep: (text) => steps.push(text) });
  return { folder, git, write, open, steps };
}

const valueIn = (store: VersionStore) => readFileSync(path.join(store.projectFolder, 'value'), 'utf8');

t.test('versions are built once, and run from one path', async (t) => {
  const { git, write, open, steps } = project(t);
  write('value', 'two');
  git('commit', '-qam', 'two');
  let store = open();
  const [base, head] = [await store.prepare('main~1'), await store.prepare('.')];
  t.match(head, { label: '.', dirty: false });
  store.activate(base);
  const where = store.projectFolder;
  t.equal(valueIn(store), 'one');
  t.equal(readFileSync(path.join(where, 'mark'), 'utf8'), 'built\n');
  store.activate(head);
  t.equal(store.projectFolder, where);
  t.equal(valueIn(store), 'two');
  store.close();
  const before = steps.length;
  store = open();
  t.equal((await store.prepare('main')).key, head.key, 'a branch is its commit');
  store.close();
  t.equal(steps.length, before, 'nothing was built again');
});

t.test('changes that are not committed count; what floodgate writes does not', async (t) => {
  const { folder, write, open } = project(t, 'packages/shop');
  const store = open();
  const clean = await store.prepare('.');
  t.equal(clean.dirty, false, 'the folder of comparisons is ignored');
  mkdirSync(path.join(folder, 'runs'));
  write('runs/report.json', '{}');
  t.equal((await store.prepare('.')).key, clean.key);
  // Wherever --out put a report; what another program calls so is part of the project.
  mkdirSync(path.join(folder, 'parts/first/cells'), { recursive: true });
  write('parts/first/shard.json', '{"kind":"shard","schemaVersion":1,"common":{"floodgate":"1.0.0"}}');
  write('parts/first/cells/cart.json', '{}');
  t.equal((await store.prepare('.')).key, clean.key);
  mkdirSync(path.join(folder, 'ours'));
  write('ours/report.json', '{"kind":"gate","tool":"another"}');
  t.equal((await store.prepare('.')).dirty, true);
  rmSync(path.join(folder, 'ours'), { recursive: true });
  write('value', 'changed');
  write('new', 'file');
  const dirty = await store.prepare('.');
  t.match(dirty, { dirty: true, commit: clean.commit });
  store.activate(dirty);
  t.equal(valueIn(store), 'changed');
  t.ok(existsSync(path.join(store.projectFolder, 'new')));
  t.notOk(existsSync(path.join(store.projectFolder, 'runs')));
  t.notOk(existsSync(path.join(store.projectFolder, 'parts')));
  // What lies beside the project in its repository may be used by it.
  writeFileSync(path.join(folder, '..', 'sibling'), 'new');
  const beside = await store.prepare('.');
  t.not(beside.key, dirty.key);
  store.activate(beside);
  t.ok(existsSync(path.join(store.projectFolder, '..', 'sibling')));
  store.close();
});

t.test('a build that fails says why; a version that is none too', async (t) => {
  const { open } = project(t);
  const store = open(['echo it is broken >&2; exit 3']);
  await t.rejects(store.prepare('main'), { code: 'build-failed', hint: /it is broken/ });
  await t.rejects(store.prepare('mian'), { code: 'version-unknown', message: /"mian" is no commit/ });
  await t.rejects(store.prepare('--upload-pack=x'), { code: 'version-unknown' });
  await t.rejects(store.prepare('./nowhere'), { code: 'version-unknown' });
  store.close();
});

t.test('a commit that is not there: why, and what to do', async (t) => {
  const { folder, git, write } = project(t);
  write('value', 'two');
  git('commit', '-qam', 'two');
  // Not below this repository.
  const top = mkdtempSync(path.join(tmpdir(), 'floodgate-versions-'));
  t.teardown(() => rmSync(top, { recursive: true }));
  const shallow = path.join(top, 'shallow');
  spawnSync('git', ['clone', '-q', '--depth', '1', `file://${folder}`, shallow]);
  const refusedIn = async (place: string, label: string, expected: object) => {
    const store = new VersionStore({ folder: place, build: [], onStep: () => {} });
    await t.rejects(store.prepare(label), { code: 'version-unknown', ...expected });
    store.close();
  };
  await refusedIn(shallow, 'HEAD~1', { hint: /^This clone is shallow.*--unshallow/ });
  const plain = path.join(top, 'plain');
  mkdirSync(plain);
  await refusedIn(plain, 'main', { message: /is in no git repository/, hint: /^Name what is to be compared/ });
  await refusedIn(folder, 'mian', { hint: /^git branch --all/ });
});

t.test('one comparison at a time; one that was killed leaves nothing broken', async (t) => {
  const { folder, open, steps } = project(t);
  const store = open();
  const version = await store.prepare('main');
  const lock = path.join(folder, '.floodgate', 'compare', 'lock');
  writeFileSync(lock, '1');
  t.throws(() => open(), { code: 'compare-busy' });
  const { pid } = spawnSync('true');
  writeFileSync(lock, String(pid));
  const checkout = path.join(folder, '.floodgate', 'compare', 'checkout');
  renameSync(path.join(folder, '.floodgate', 'compare', 'versions', version.key), checkout);
  const before = steps.length;
  const after = open();
  t.same(readdirSync(path.join(folder, '.floodgate', 'compare', 'versions')), [version.key], 'parked again');
  await after.prepare('main');
  t.equal(steps.length, before);
  after.close();
  mkdirSync(checkout);
  writeFileSync(path.join(checkout, 'half'), '');
  open().close();
  t.notOk(existsSync(checkout), 'a checkout that was not finished is removed');
});

t.test('a folder that is no commit is copied again when a file deep in it changes', async (t) => {
  const { open, folder } = project(t, 'packages/shop');
  const other = path.join(folder, '..', '..', '..', 'other');
  mkdirSync(path.join(other, 'src', 'deep'), { recursive: true });
  writeFileSync(path.join(other, 'value'), 'other');
  writeFileSync(path.join(other, 'src', 'deep', 'file'), 'first');
  const store = open();
  const first = await store.prepare('../../../other');
  store.activate(first);
  t.equal(valueIn(store), 'other', 'a folder that is the project itself is where the project is');
  t.equal((await store.prepare('../../../other')).key, first.key);
  writeFileSync(path.join(other, 'src', 'deep', 'file'), 'second time');
  const second = await store.prepare('../../../other');
  t.not(second.key, first.key);
  store.activate(second);
  t.equal(readFileSync(path.join(store.projectFolder, 'src', 'deep', 'file'), 'utf8'), 'second time');
  store.close();
});

t.test('a path is relative to the working folder, as every word of a command line; else to the project', async (t) => {
  const { folder, write, open } = project(t, 'packages/shop');
  const other = path.join(folder, '../../../other');
  for (const [place, value] of [
    [other, 'typed'],
    [path.join(folder, '../other'), 'of the project'],
    [path.join(folder, 'sub'), ''],
  ] as const) {
    mkdirSync(place, { recursive: true });
    writeFileSync(path.join(place, 'value'), value);
  }
  write('value', 'own');
  const before = process.cwd();
  t.teardown(() => process.chdir(before));
  const store = open();
  const readFrom = async (from: string, label: string) => {
    process.chdir(path.join(folder, from));
    store.activate(await store.prepare(label));
    return valueIn(store);
  };
  t.equal(await readFrom('sub', '../../../../other'), 'typed');
  t.equal(await readFrom('sub', '../other'), 'of the project', 'nothing is there from the working folder');
  t.equal(await readFrom('../..', '../other'), 'typed', 'the working folder comes first');
  t.equal(await readFrom('sub', '.'), 'own', 'the project, wherever in it');
  t.equal(await readFrom('sub', '..'), 'own');
  await t.rejects(readFrom('sub', './none'), { message: `${path.join(folder, 'sub/none')} does not exist` });
  store.close();
});
