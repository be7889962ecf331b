/** What a working folder has beyond its commit, by content. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gitIn } from './git-fixture.ts';
import { changedFiles, changesDigest, copyFolder, folderState } from './version-files.ts';

const changesOf = (folder: string) => changesDigest(changedFiles(folder));

function checkout(folder: string) {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const git = gitIn(folder);
  git('init', '-qb', 'main');
  write('a', 'one');
  write('b', 'two');
  write('.gitignore', 'ignored\n');
  git('add', '.');
  git('commit', '-qm', 'first');
  return { folder, write, git };
}

t.test('the same changes are the same on two machines, and others are not', async (t) => {
  const folder = t.testdir();
  const [here, there] = ['here', 'there'].map((name) => checkout(path.join(folder, name)));
  const both = (change: (each: NonNullable<typeof here>) => void) => {
    for (const each of [here!, there!]) change(each);
    return changesOf(here!.folder);
  };
  t.equal(changesOf(here!.folder), undefined);
  here!.write('ignored', 'x');
  mkdirSync(path.join(here!.folder, 'shard'));
  here!.write('shard/shard.json', '{"kind":"shard","tool":"floodgate"}');
  here!.write('gate.log', 'so far');
  t.equal(changesOf(here!.folder), undefined, 'what git does not know is none of them');
  const seen = new Set<string | undefined>([undefined]);
  const steps: ((each: NonNullable<typeof here>) => void)[] = [
    ({ write }) => write('a', 'changed'),
    ({ write, git }) => {
      write('new', 'a file');
      git('add', 'new');
    },
    ({ folder }) => rmSync(path.join(folder, 'b')),
    ({ folder }) => symlinkSync('/nowhere', path.join(folder, 'b')),
    ({ folder }) => chmodSync(path.join(folder, 'new'), 0o755),
    ({ git }) => git('add', 'b'),
  ];
  for (const [at, step] of steps.entries()) {
    const changes = both(step);
    t.equal(changesOf(there!.folder), changes, `step ${at}`);
    // What is only put on git's list is the same file.
    t.equal(seen.has(changes), at === steps.length - 1, `step ${at}`);
    seen.add(changes);
  }
  utimesSync(path.join(there!.folder, 'a'), 1, 1);
  t.equal(changesOf(there!.folder), changesOf(here!.folder), 'whenever it was written');
  there!.write('a', 'changes');
  t.not(changesOf(there!.folder), changesOf(here!.folder));
});

t.test('a folder around the project is copied without what floodgate writes in it', async (t) => {
  const source = t.testdir({
    packages: { shop: { 'server.js': 'shop', '.floodgate': { compare: { checkout: {} } }, runs: { latest: 'old' } } },
    runs: { 'not-ours': 'kept' },
    lib: { '.floodgate': 'of another', 'a.js': 'lib' },
  });
  const project = path.join(source, 'packages/shop');
  const to = path.join(project, '.floodgate/compare/checkout');
  const at = (name: string) => path.join(to, name);
  const before = folderState(source, project);
  for (const [from, prefix, shop] of [
    [source, 'packages/shop', 'packages/shop'],
    [path.join(source, 'packages'), 'packages/shop', 'packages/shop'],
    // In no repository the project is at the top.
    [source, '', ''],
    [path.join(source, 'packages'), 'shop', 'shop'],
    [source, 'shop', 'shop'],
    [project, 'packages/shop', 'packages/shop'],
  ] as const) {
    rmSync(to, { recursive: true });
    copyFolder({ source: from, to, prefix, project });
    const name = `${path.relative(source, from)} as ${prefix}`;
    t.equal(readFileSync(at(`${shop}/server.js`), 'utf8'), 'shop', name);
    for (const ours of ['.floodgate', 'runs']) t.notOk(existsSync(at(`${shop}/${ours}`)), `${name}: ${ours}`);
    t.equal(existsSync(at('lib/a.js')), from === source && prefix === 'packages/shop', name);
  }
  writeFileSync(path.join(project, '.floodgate/compare/more'), '');
  t.equal(folderState(source, project), before, 'nor does it change the version');
  writeFileSync(path.join(source, 'lib/a.js'), 'other');
  t.not(folderState(source, project), before);
});
