/** Submodules of versions, from real clones. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { gitIn } from './git-fixture.ts';
import { missingSubmodulesHint } from './missing-files.ts';
import { missingSubmodules } from './submodules.ts';
import { VersionStore } from './version-store.ts';

/** A shop with a library, which has a library of its own: two commits, each of another one of the first. */
function shop(t: Test) {
  const at = t.testdir();
  const repository = (name: string, file: string) => {
    const folder = path.join(at, name);
    mkdirSync(folder);
    const git = gitIn(folder);
    const write = (text: string) => writeFileSync(path.join(folder, file), text);
    const commit = (text: string) => {
      write(text);
      git('add', '.');
      git('commit', '-qm', text);
    };
    git('init', '-qb', 'main');
    commit('one');
    return { folder, git, write, commit };
  };
  const [deep, lib, top] = [repository('deep', 'd'), repository('lib', 'l'), repository('shop', 's')];
  const add = ({ git }: typeof lib, of: typeof lib, where: string) =>
    git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', of.folder, where);
  add(lib, deep, 'inner/deep');
  lib.commit('one');
  add(top, lib, 'libs/lib');
  const update = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init', '--recursive'];
  top.git(...update);
  top.commit('one');
  lib.commit('two');
  const inLib = gitIn(path.join(top.folder, 'libs/lib'));
  inLib('pull', '--quiet', '--no-recurse-submodules');
  top.commit('two');
  const open = (build: readonly string[] = ['true']) =>
    new VersionStore({ folder: top.folder, build, onStep: () => {} });
  return { ...top, inLib, lib, update, open };
}

async function filesOf(store: VersionStore, label: string) {
  const version = await store.prepare(label);
  const folder = store.folderOf(version);
  const read = (name: string) =>
    existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name), 'utf8') : '';
  return { key: version.key, dirty: version.dirty, files: [read('libs/lib/l'), read('libs/lib/inner/deep/d')] };
}

t.test('each version has the submodules that it names, and those within them', async (t) => {
  const { folder, inLib, open } = shop(t);
  const store = open();
  t.teardown(() => store.close());
  t.match(await filesOf(store, 'HEAD~1'), { files: ['one', 'one'] });
  t.match(await filesOf(store, '.'), { dirty: false, files: ['two', 'one'] });
  writeFileSync(path.join(folder, 'libs/lib/l'), 'changed');
  t.match(await filesOf(store, '.'), { dirty: true, files: ['changed', 'one'] });
  t.match(await filesOf(store, 'HEAD'), { dirty: false, files: ['two', 'one'] });
  inLib('checkout', '--quiet', '--', 'l');
  // git keeps the clone where it is none of the working folder's any more.
  rmSync(path.join(folder, 'libs'), { recursive: true });
  store.close();
  rmSync(path.join(folder, '.floodgate'), { recursive: true });
  const anew = open();
  t.teardown(() => anew.close());
  t.match(await filesOf(anew, 'HEAD~1'), { files: ['one', 'one'] });
  t.match(await filesOf(anew, '.'), { dirty: true, files: ['', ''] });
});

t.test('one that was never fetched is said, and is there once it was', async (t) => {
  const whole = shop(t);
  const folder = path.join(whole.folder, '../clone');
  gitIn(whole.folder)('clone', '--quiet', '--', whole.folder, folder);
  const open = (...build: string[]) => {
    const store = new VersionStore({ folder, build, onStep: () => {} });
    t.teardown(() => store.close());
    return store;
  };
  const store = open('true');
  const before = await filesOf(store, 'HEAD~1');
  t.same(before.files, ['', '']);
  store.activate(await store.prepare('HEAD~1'));
  t.same(missingSubmodules(store.checkout), ['libs/lib']);
  t.match(
    missingSubmodulesHint(store.checkout, ['npm ci']),
    /lacks git submodules: libs\/lib\..*build: \['git submodule update --init --recursive', 'npm ci'\]/,
  );
  store.close();
  const command = `git ${whole.update.join(' ')}`;
  const fetching = open(command);
  t.match(await filesOf(fetching, 'HEAD~1'), { files: ['one', 'one'] }, 'a build fetches them');
  fetching.close();
  gitIn(folder)(...whole.update);
  const after = open('true');
  const fetched = await filesOf(after, 'HEAD~1');
  t.same(fetched.files, ['one', 'one']);
  t.not(fetched.key, before.key, 'it is no copy without them');
  after.activate(await after.prepare('HEAD~1'));
  t.equal(missingSubmodulesHint(after.checkout, []), '');
  after.close();
  const again = open(command);
  t.match(await filesOf(again, 'HEAD~1'), { files: ['one', 'one'] }, 'nor is a build that fetches them in the way');
});
