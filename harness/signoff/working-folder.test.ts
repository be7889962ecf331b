/** The working folder as a sign-off lists it: whatever a load may read there, whichever way it reads it. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { SignoffReport } from '../../reports/signoff.ts';
import { resolveVersion } from '../compare/version-label.ts';
import type { BundleFiles } from './bundle-room.ts';
import { sourceFiles } from './source-list.ts';
import { sha256 } from './statement.ts';
import { otherHere } from './working-again.ts';
import { lookAtWorkingFolder, sinceThen } from './working-folder.ts';
import {
  noDigest,
  readWorkingList,
  type WorkingFile,
  workingFacts,
  workingListName,
  workingListText,
} from './working-list.ts';

t.setTimeout(600_000);

function folderOf(t: Test) {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'floodgate-working-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  const git = (...words: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.name=anna', '-c', 'user.email=anna@shop.example', '-c', 'protocol.file.allow=always', ...words],
      { cwd: folder, encoding: 'utf8', stdio: 'pipe' },
    ).trim();
  return { folder, write, git };
}

const statesOf = (files: readonly WorkingFile[]) =>
  Object.fromEntries(files.map(({ name, mode, state }) => [name, [mode, state].filter(Boolean).join(' ')]));

t.test('what git tracks, or does not ignore, and what no commit has of it', async (t) => {
  const { folder, write, git } = folderOf(t);
  git('init', '--quiet');
  for (const name of [
    'sparse.json',
    'same.json',
    'changed.json',
    'gone.json',
    'assumed.json',
    'skipped.json',
    'staged.json',
    'a b\n.txt',
  ])
    write(name, name);
  write('shop/load.mjs', 'load');
  write('run.sh', '#!/bin/sh\n');
  chmodSync(path.join(folder, 'run.sh'), 0o755);
  symlinkSync('changed.json', path.join(folder, 'link.json'));
  write('.gitignore', 'ignored.txt\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'shop');
  for (const name of ['changed.json', 'assumed.json', 'skipped.json', 'staged.json']) {
    if (name === 'assumed.json') git('update-index', '--assume-unchanged', name);
    if (name === 'skipped.json') git('update-index', '--skip-worktree', name);
    write(name, 'other');
  }
  git('update-index', '--skip-worktree', 'sparse.json');
  rmSync(path.join(folder, 'sparse.json'));
  git('add', 'staged.json');
  rmSync(path.join(folder, 'gone.json'));
  write('new/data.csv', '1');
  write('ignored.txt', '1');
  write('shop/runs/any.json', 'what floodgate wrote');
  write('release.key', 'secret');
  const { place, files } = lookAtWorkingFolder(path.join(folder, 'shop'), [path.join(folder, 'release.key')]);
  t.same(place, { commit: git('rev-parse', 'HEAD'), folder: 'shop' });
  t.same(statesOf(files), {
    '.gitignore': '',
    'a b\n.txt': '',
    'assumed.json': 'changed',
    'changed.json': 'changed',
    'gone.json': 'deleted',
    'link.json': '120000',
    'new/data.csv': 'untracked',
    'run.sh': '100755',
    'same.json': '',
    'shop/load.mjs': '',
    'skipped.json': 'changed',
    'staged.json': 'changed',
  });
  const digestOf = (name: string) => files.find((each) => each.name === name)?.sha256;
  t.equal(digestOf('changed.json'), sha256('other'));
  t.equal(digestOf('link.json'), sha256('changed.json'), 'a link by where it points to');
  t.equal(digestOf('gone.json'), noDigest);
  t.same(readWorkingList(workingListText(files)), files);
  const facts = workingFacts(place, files, {
    candidate: { label: 'v1', commit: 'c'.repeat(40), dirty: false, files: 1, package: null },
    source: [{ name: 'same.json', sha256: sha256('same.json') }],
  });
  t.match(facts, {
    files: 12,
    changedCount: 6,
    otherCount: 5,
    other: ['.gitignore', 'a b\n.txt', 'link.json', 'run.sh', 'shop/load.mjs'],
  });
});

t.test('what the clone itself is set up to overlook is seen by its bytes', async (t) => {
  for (const format of ['sha1', 'sha256']) {
    const { folder, write, git } = folderOf(t);
    git('init', '--quiet', `--object-format=${format}`);
    for (const name of ['same.json', 'filtered.json', 'racy.json', 'ended.json']) write(name, `${name}\n`);
    write('other-ends.json', 'a\nb\n');
    const large = 'x'.repeat(3000);
    write('large.bin', `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(large)}\nsize 3000\n`);
    write('forged.bin', `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256('y')}\nsize 3000\n`);
    symlinkSync('same.json', path.join(folder, 'link.json'));
    git('add', '.');
    git('commit', '--quiet', '--message', 'shop');
    const commit = git('rev-parse', 'HEAD');
    for (const name of ['filtered.json', 'large.bin', 'forged.bin', 'other-ends.json', 'racy.json', 'link.json'])
      git('update-index', '--assume-unchanged', name);
    write('.git/info/attributes', 'filtered.json filter=mask\n');
    git('config', 'filter.mask.clean', 'echo filtered.json');
    write('filtered.json', 'another\n');
    write('racy.json', 'xacy.json\n');
    write('other-ends.json', 'a\r\nb\r\n');
    write('large.bin', large);
    write('forged.bin', large);
    rmSync(path.join(folder, 'link.json'));
    write('link.json', 'same.json');
    // Another commit in the place of the one that is checked out.
    write('ended.json', 'ended otherwise\n');
    git('add', 'ended.json');
    git('replace', commit, git('commit-tree', git('write-tree'), '-m', 'other'));
    t.same(
      statesOf(lookAtWorkingFolder(folder).files),
      {
        'ended.json': 'changed',
        'filtered.json': 'changed',
        'forged.bin': 'changed',
        'large.bin': '',
        'link.json': 'changed',
        'other-ends.json': '',
        'racy.json': 'changed',
        'same.json': '',
      },
      format,
    );
  }
});

t.test('a folder of which git lists another, and one that git does not trust, are refused', async (t) => {
  const [one, other] = [folderOf(t), folderOf(t)];
  for (const { write, git } of [one, other]) {
    git('init', '--quiet');
    write('data.json', '1');
    git('add', '.');
    git('commit', '--quiet', '--message', 'shop');
  }
  one.git('config', 'core.worktree', other.folder);
  t.throws(() => lookAtWorkingFolder(one.folder), {
    code: 'version-unknown',
    message: `${one.folder} is not in the work tree of its repository, ${other.folder}`,
    hint: /core\.worktree/,
  });
  const strange = { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const before = { ...process.env };
  t.teardown(() => {
    for (const name of Object.keys(strange)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  Object.assign(process.env, strange);
  const untrusted = { code: 'version-unknown', message: /^git: /, hint: /git config --global --add safe\.directory / };
  t.throws(() => lookAtWorkingFolder(other.folder), untrusted);
  const options = { folder: other.folder, build: undefined, isParked: () => false };
  t.throws(() => resolveVersion('v1', options), untrusted);
});

t.test('a folder that a link stands for has no file: each is where it lies', async (t) => {
  const { folder, write, git } = folderOf(t);
  git('init', '--quiet');
  write('loads/load.mjs', 'load');
  git('add', '.');
  git('commit', '--quiet', '--message', 'shop');
  renameSync(path.join(folder, 'loads'), path.join(folder, 'real'));
  symlinkSync('real', path.join(folder, 'loads'));
  t.same(statesOf(lookAtWorkingFolder(folder).files), {
    loads: '120000 untracked',
    'loads/load.mjs': 'deleted',
    'real/load.mjs': 'untracked',
  });
});

t.test('a name that is not UTF-8 is refused with the folder that it is in', async (t) => {
  const { folder, write, git } = folderOf(t);
  git('init', '--quiet');
  write('data/known.json', '1');
  const place = Buffer.concat([Buffer.from(`${folder}/data/bad`), Buffer.from([0xff]), Buffer.from('name')]);
  writeFileSync(place, '');
  const expected = {
    code: 'source-unreadable',
    message: `${folder}/data has a name in it that is not UTF-8: bad�name`,
  };
  t.throws(() => lookAtWorkingFolder(folder), expected, 'untracked');
  git('add', '.');
  git('commit', '--quiet', '--message', 'shop');
  t.throws(() => lookAtWorkingFolder(folder), expected, 'tracked');
  t.throws(() => sourceFiles(folder), expected, 'of a candidate');
});

t.test('a submodule by its commit, and another repository by its files', async (t) => {
  const { folder, git } = folderOf(t);
  const library = folderOf(t);
  library.git('init', '--quiet');
  library.write('data.json', '1');
  library.git('add', '.');
  library.git('commit', '--quiet', '--message', 'library');
  git('init', '--quiet');
  git('submodule', '--quiet', 'add', library.folder, 'library');
  git('clone', '--quiet', library.folder, 'other');
  git('commit', '--quiet', '--message', 'shop');
  const look = () => lookAtWorkingFolder(folder).files;
  t.same(statesOf(look()), { '.gitmodules': '', library: '160000', 'other/data.json': 'untracked' });
  t.equal(look()[1]?.sha256, sha256(library.git('rev-parse', 'HEAD')));
  writeFileSync(path.join(folder, 'library/data.json'), '2');
  t.match(statesOf(look()), { library: '160000 changed' });
  execFileSync('git', ['update-index', '--assume-unchanged', 'data.json'], { cwd: path.join(folder, 'library') });
  t.match(statesOf(look()), { library: '160000 changed' }, 'by its bytes too');
});

t.test('a folder of no repository, and one with more than can be looked at', async (t) => {
  const { folder, write, git } = folderOf(t);
  for (const name of ['load.mjs', 'node_modules/k/index.js', 'runs/any.json']) write(name, '');
  const alone = lookAtWorkingFolder(folder);
  t.same([alone.place, statesOf(alone.files)], [{ commit: null, folder: '' }, { 'load.mjs': '' }]);
  git('init', '--quiet');
  t.equal(lookAtWorkingFolder(folder).place.commit, null, 'nothing was committed');
  write('large.bin', '');
  truncateSync(path.join(folder, 'large.bin'), 5 * 2 ** 30);
  t.match(lookAtWorkingFolder(folder), { place: { unlisted: 'bytes' }, files: [] });
});

t.test('what is another at the end, than it was at the beginning, is marked', async (t) => {
  const { folder, write, git } = folderOf(t);
  git('init', '--quiet');
  for (const name of ['a.json', 'b.json', 'c.json']) write(name, name);
  git('add', '.');
  git('commit', '--quiet', '--message', 'shop');
  const before = lookAtWorkingFolder(folder);
  t.same(sinceThen(before, lookAtWorkingFolder(folder)), before);
  write('a.json', 'other');
  rmSync(path.join(folder, 'b.json'));
  write('d.json', 'new');
  const { files } = sinceThen(before, lookAtWorkingFolder(folder));
  t.same(statesOf(files), { 'a.json': 'meanwhile', 'b.json': 'meanwhile', 'c.json': '', 'd.json': 'meanwhile' });
  t.equal(files[0]?.sha256, sha256('a.json'), 'as it was when it began');
});

t.test('a list that no walk makes is none', async (t) => {
  const line = (name: string, remark = '', digest = 'a'.repeat(64)) =>
    `${remark && `# ${remark}\n`}${digest}  ${name}\n`;
  t.ok(readWorkingList(`${line('a', '100755 changed')}${line('b')}${line('c', 'deleted', noDigest)}`));
  for (const text of [
    `${line('b')}${line('a')}`,
    line('../a'),
    line('a', 'approved'),
    line('a', 'deleted'),
    line('a', '', noDigest),
    line('a').trimEnd(),
  ])
    t.equal(readWorkingList(text), undefined, JSON.stringify(text));
});

t.test('what lies otherwise where it is run again is named, the nearest to what drove it first', async (t) => {
  const { folder, write, git } = folderOf(t);
  git('init', '--quiet');
  for (const name of ['app.js', 'loads/load.mjs', 'loads/data.json', 'loads/gone.json', 'z.sh']) write(name, name);
  git('add', '.');
  git('commit', '--quiet', '--message', 'shop');
  const { place, files } = lookAtWorkingFolder(folder);
  const bundle: BundleFiles = new Map([[workingListName, Buffer.from(workingListText(files))]]);
  const report = { working: place, inputs: [{ name: 'loads/load.mjs' }] } as unknown as SignoffReport;
  t.same(otherHere(report, bundle, folder), []);
  write('app.js', 'another version');
  write('loads/data.json', 'other');
  rmSync(path.join(folder, 'loads/gone.json'));
  chmodSync(path.join(folder, 'z.sh'), 0o755);
  rmSync(path.join(folder, 'loads/load.mjs'));
  symlinkSync('../app.js', path.join(folder, 'loads/load.mjs'));
  write('more.txt', '');
  t.same(otherHere(report, bundle, folder), [
    'loads/data.json (another)',
    'loads/gone.json (missing)',
    'loads/load.mjs (of another kind)',
    'app.js (another)',
    'z.sh (of another kind)',
  ]);
  rmSync(path.join(folder, 'loads/load.mjs'));
  write('loads/load.mjs', "join(import.meta.dirname, 'gone.json'); join(top, 'z.sh')");
  const inputs = [{ name: 'floodgate.config.yaml', role: 'definition' }, ...report.inputs];
  t.same(
    otherHere({ ...report, inputs } as SignoffReport, bundle, folder),
    [
      'loads/gone.json (missing)',
      'z.sh (of another kind)',
      'loads/data.json (another)',
      'loads/load.mjs (another)',
      'app.js (another)',
    ],
    'what its text names first, and nothing of the configuration’s folder for its sake',
  );
  const { working: _, ...older } = report;
  t.same(otherHere(older as SignoffReport, bundle, folder), []);
});
