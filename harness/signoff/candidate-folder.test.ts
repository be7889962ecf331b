/** A candidate's folder as whoever verifies has it: of a stranger, with a repository in it that is hostile. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { describeSource, refuseOtherSource } from '../commands/prepare-version.ts';
import { textOf, verifyPlace } from '../commands/verify-command.ts';
import { VersionStore } from '../compare/version-store.ts';
import { atHand, type Bend, ofSchema, signedAgain, stateAgain, verified } from './bending-fixture.ts';
import { writeFolder } from './bundle-files.ts';
import { release, sealedFixture } from './bundle-fixture.ts';
import type { BundleFiles } from './bundle-room.ts';
import { packageFiles } from './package-file.ts';
import { checkPolicy } from './policy.ts';
import { folderAtHand, readSourceList, type SourceFile, sourceFiles, sourceListText } from './source-list.ts';

interface Place {
  readonly source: string;
  readonly bundle: BundleFiles;
  readonly write: (name: string, text: string) => void;
  readonly git: (...words: string[]) => string;
  readonly verify: (candidate?: string) => Promise<{ readonly reasons: readonly string[]; readonly text: string }>;
}

/** A repository with two files and one that is tracked though it is ignored, signed off as it is. */
async function placeOf(t: Test): Promise<Place> {
  const folder = t.testdir();
  const source = path.join(folder, 'shop');
  mkdirSync(source);
  const write = (name: string, text: string) => writeFileSync(path.join(source, name), text);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=anna', '-c', 'user.email=anna@shop.example', ...words], {
      ...{ cwd: source, encoding: 'utf8', stdio: 'pipe' },
    });
  write('server.js', 'serve();');
  write('built.js', 'built();');
  write('.gitignore', 'built.js\n*.log\n');
  git('init', '--quiet');
  git('add', '--force', '.');
  git('commit', '--quiet', '--message', 'shop');
  const list = sourceListText(sourceFiles(source));
  const { files } = await sealedFixture(path.join(folder, 'work'), { sourceList: list });
  const bundle = path.join(folder, 'bundle');
  mkdirSync(bundle);
  writeFolder(bundle, files);
  const key = path.join(folder, 'release.pub');
  writeFileSync(key, release.publicKey.export({ type: 'spki', format: 'pem' }));
  return {
    ...{ source, write, git, bundle: files },
    verify: async (candidate = source) => {
      const { verified } = await verifyPlace(bundle, { key, candidate });
      const reasons = verified.refusals.map(({ reason }) => reason).filter((reason) => reason.startsWith('candidate'));
      return { reasons, text: textOf(verified) };
    },
  };
}

t.test('no program that the folder names is run', async (t) => {
  const { source, git, verify } = await placeOf(t);
  const ran = path.join(source, '.git', 'ran');
  for (const name of ['core.fsmonitor', 'filter.x.clean', 'filter.x.process', 'diff.external'])
    git('config', name, `touch ${ran}; false`);
  git('config', 'core.hooksPath', '.git/evil');
  writeFileSync(path.join(source, '.git', 'info', 'attributes'), '* filter=x\n');
  t.same((await verify()).reasons, []);
  t.notOk(existsSync(ran), 'as who verifies');
  sourceFiles(source);
  t.notOk(existsSync(ran), 'nor as who signs off');
});

t.test('a tag and a short commit are taken where the repository is at hand', async (t) => {
  const { source, git, verify } = await placeOf(t);
  git('tag', 'v9');
  const here = process.cwd();
  process.chdir(source);
  t.teardown(() => process.chdir(here));
  const commit = git('rev-parse', 'HEAD').trim();
  for (const name of ['v9', commit.slice(0, 10), commit])
    t.match(await verify(name), {
      reasons: ['candidate-differs'],
      text: new RegExp(`commit ${commit} was not signed off`),
    });
  await t.rejects(verify('v10'), { code: 'candidate-unknown' });
});

t.test('a link that leads nowhere is a file of the candidate, committed or not', async (t) => {
  const { source, git } = await placeOf(t);
  symlinkSync('nowhere', path.join(source, 'committed'));
  git('add', 'committed');
  git('commit', '--quiet', '--message', 'link');
  const store = new VersionStore({ folder: source, build: ['true'], onStep: () => {}, describeSource });
  const linksOf = async () => {
    const list = readSourceList(store.sourceOf(await store.prepare('.'))!)!;
    return list.flatMap(({ name, mode }) => (mode === '120000' ? [name] : []));
  };
  t.same(await linksOf(), ['committed']);
  symlinkSync('nowhere', path.join(source, 'new'));
  t.same(await linksOf(), ['committed', 'new']);
  store.close();
});

t.test('a package’s files are held against the list', async (t) => {
  const folder = t.testdir({ package: { 'package.json': '{"name":"shop"}', 'run.js': '' } });
  chmodSync(path.join(folder, 'package', 'run.js'), 0o755);
  const file = path.join(folder, 'shop-1.4.0.tgz');
  execFileSync('tar', ['-czf', file, '-C', folder, 'package']);
  const list = sourceListText(packageFiles(file));
  t.match(list, /^[0-9a-f]{64} {2}package\.json\n# 100755\n[0-9a-f]{64} {2}run\.js\n$/);
  const signed = async (sourceList: string) => {
    const { files } = await sealedFixture(path.join(folder, `work-${sourceList.length}`), {
      isPacked: true,
      sourceList,
    });
    const candidate = { kind: 'package', digest: 'd'.repeat(64), files: () => packageFiles(file) } as const;
    return (await verified(files, { candidate })).refusals;
  };
  t.same(await signed(list), []);
  t.match(await signed(`${list}${'0'.repeat(64)}  server.js\n`), [{ reason: 'candidate-differs', text: /server\.js/ }]);
});

t.test('every file that lies in it counts, tracked or not', async (t) => {
  const { source, bundle, write, git, verify } = await placeOf(t);
  t.same((await verify()).reasons, [], 'as it was signed, with a tracked file that is ignored');
  write('evil.js', 'steal();');
  t.match(await verify(), { reasons: ['candidate-differs'], text: /1 file differs: evil\.js/ });
  git('config', 'core.excludesFile', path.join(source, '.git', 'hidden'));
  writeFileSync(path.join(source, '.git', 'hidden'), 'evil.js\n');
  writeFileSync(path.join(source, '.git', 'info', 'exclude'), 'evil.js\n');
  t.match(await verify(), { reasons: ['candidate-differs'] }, 'whatever its repository hides');
  git('add', '--force', 'evil.js');
  git('commit', '--quiet', '--message', 'more');
  t.match(await verify(), { reasons: ['candidate-differs'] }, 'committed');
  git('rm', '--quiet', 'evil.js');
  write('built.js', 'other();');
  t.match(await verify(), { text: /1 file differs: built\.js/ }, 'an ignored file that was signed off');
  write('built.js', 'built();');
  write('a.log', 'x');
  t.match(await verify(), { reasons: [], text: /ignored, and not looked at: a\.log/ });
  mkdirSync(path.join(source, 'lib', '.git'), { recursive: true });
  write('lib/x.js', 'x');
  t.match(await verify(), { text: /1 file differs: lib\/x\.js/ }, 'in a repository within it');
  symlinkSync('/dev/zero', path.join(source, 'zero'));
  t.match(await verify(), { text: /2 files differ: .*zero/ }, 'a link is not followed');
  rmSync(path.join(source, 'zero'));
  rmSync(path.join(source, 'lib'), { recursive: true });
  mkdirSync(path.join(source, 'x.log'));
  write('x.log/.gitignore', '*');
  t.match(
    await verify(),
    { reasons: [], text: /3 files of the candidate were looked at/ },
    'an ignore file in a folder that is ignored is not heeded',
  );
  for (const folder of ['', 'lib/', 'lib/deep/']) {
    mkdirSync(path.join(source, folder), { recursive: true });
    const signed = folder === '' ? 'built.js\n*.log\n' : '';
    write(`${folder}evil.js`, 'steal();');
    write(`${folder}.gitignore`, `${signed}*\n`);
    const hidden = new RegExp(`1 file differs: ${folder}\\.gitignore`);
    t.match(await verify(), { reasons: ['candidate-differs'], text: hidden }, 'an ignore file that hides itself');
    const list = sourceListText(sourceFiles(source));
    t.throws(() => refuseOtherSource(bundle, list, 3), { code: 'rerun-refused' }, 'nor is it run again');
    if (folder === '') write('.gitignore', signed);
    else rmSync(path.join(source, `${folder}.gitignore`));
    rmSync(path.join(source, `${folder}evil.js`));
  }
});

t.test('a link is no file that holds its text, and a program no file that cannot be run', async (t) => {
  const { source, write, verify } = await placeOf(t);
  const file = (name: string) => path.join(source, name);
  for (const name of ['server.js', 'built.js']) {
    chmodSync(file(name), 0o755);
    t.match(await verify(), { reasons: ['candidate-differs'] }, `${name} may be run`);
    chmodSync(file(name), 0o600);
    t.same((await verify()).reasons, [], 'who else may read it does not count');
  }
  rmSync(file('server.js'));
  symlinkSync('serve();', file('server.js'));
  t.match(await verify(), { reasons: ['candidate-differs'] }, 'a link in the place of its text');
  // As it is signed off with both.
  write('run.sh', 'x');
  chmodSync(file('run.sh'), 0o755);
  const files = sourceFiles(source);
  const modes = files.map(({ name, mode }) => [name, mode]);
  t.same(modes, [
    ['.gitignore', undefined],
    ['built.js', undefined],
    ['run.sh', '100755'],
    ['server.js', '120000'],
  ]);
  const text = sourceListText(files);
  t.same(readSourceList(text), files);
  for (const bent of [
    text.replace('# 100755', '# 100644'),
    text.replace('# 100755\n', '# 100755\n# 100755\n'),
    `${text}# 100755\n`,
  ])
    t.equal(readSourceList(bent), undefined, bent);
  rmSync(file('server.js'));
  const input = text.replace(/# 120000\n.*\n/, '');
  const { status, stderr } = spawnSync('sha256sum', ['--check', '--strict'], { cwd: source, input, encoding: 'utf8' });
  t.equal(status, 0, stderr);
});

t.test('a bundle of schema version 1 is judged by its own rules: kinds of files do not count', async (t) => {
  const files = [{ name: 'a', sha256: 'a'.repeat(64) }];
  const { files: bundle } = await sealedFixture(t.testdir(), { sourceList: sourceListText(files) });
  const old = ofSchema(1);
  const reasonsOf = async (...bends: Bend[]) => {
    const bent = new Map(bundle);
    signedAgain(...bends)(bent);
    // A page of a version that is not known, which alone can have old rules.
    bent.set('signoff.html', Buffer.from(`${bent.get('signoff.html')}`.replace('</style>', '.old{}</style>')));
    stateAgain(release.privateKey)(bent);
    const candidate = atHand([{ ...files[0]!, mode: '100755' }]);
    const policy = checkPolicy({ schemaVersion: 1 }, '');
    const found = await verified(bent, { candidate, toolVersion: 'later', makesPage: true, policy });
    return found.refusals.map(({ reason }) => reason);
  };
  t.same(await reasonsOf(), ['candidate-differs']);
  t.same(await reasonsOf(old), []);
  const marked: Bend = (all) => void all.set('candidate.sha256', Buffer.from(`# 100755\n${sourceListText(files)}`));
  t.same(await reasonsOf(marked), []);
  t.same(await reasonsOf(marked, old), ['data-invalid']);
  const again = (list: string, version: number) => () => refuseOtherSource(bundle, list, version);
  t.throws(again(`# 100755\n${sourceListText(files)}`, 2), { code: 'rerun-refused' });
  t.doesNotThrow(again(`# 100755\n${sourceListText(files)}`, 1));
});

t.test('only what lies in it is looked at', async (t) => {
  const folder = t.testdir({ shop: { lib: 'x', 'y.js': 'y' }, 'shop-2': { 'z.js': 'z' } });
  const { fileOf } = folderAtHand(path.join(folder, 'shop'));
  t.match(fileOf('y.js')?.sha256, /^[0-9a-f]{64}$/);
  t.equal(fileOf('lib/x.js'), undefined, 'what was a folder is a file');
  t.equal(fileOf('../shop-2/z.js'), undefined, 'beside it');
});

t.test('what is not committed is in the source of a candidate', async (t) => {
  const { source, write } = await placeOf(t);
  write('more.js', 'more();');
  write('a.log', 'x');
  const store = new VersionStore({ folder: source, build: [], onStep: () => {}, describeSource });
  t.teardown(() => store.close());
  const version = await store.prepare('.');
  const names = store
    .sourceOf(version)!
    .trim()
    .split('\n')
    .map((line) => line.slice(66));
  t.same([version.dirty, names], [true, ['.gitignore', 'built.js', 'more.js', 'server.js']]);
});

t.test(
  'files of submodules are in the source of a working folder, and a checkout without them is refused',
  async (t) => {
    const { source, write, git } = await placeOf(t);
    const inner = path.join(source, 'dep');
    mkdirSync(inner);
    write('dep/make.js', 'make();');
    write('dep/.gitignore', 'made.txt\n');
    write('dep/made.txt', 'x');
    const identity = ['-c', 'user.name=anna', '-c', 'user.email=anna@shop.example'];
    for (const words of [
      ['init', '--quiet'],
      ['add', '.'],
      [...identity, 'commit', '--quiet', '--message', 'one'],
    ])
      execFileSync('git', words, { cwd: inner });
    git('add', 'dep');
    git('commit', '--quiet', '--message', 'dep');
    const store = new VersionStore({ folder: source, build: ['true'], onStep: () => {}, describeSource });
    t.teardown(() => store.close());
    const ofDep = (files: readonly SourceFile[]) => files.filter(({ name }) => name.startsWith('dep'));
    const prepared = async () => {
      const version = await store.prepare('.');
      return { dirty: version.dirty, list: ofDep(readSourceList(store.sourceOf(version)!)!) };
    };
    const clean = await prepared();
    t.equal(clean.dirty, false);
    t.same(
      clean.list.map(({ name }) => name),
      ['dep/.gitignore', 'dep/made.txt', 'dep/make.js'],
    );
    t.same(clean.list, ofDep(folderAtHand(source).files), 'as whoever verifies lists them');
    write('dep/make.js', 'evil();');
    const changed = await prepared();
    t.equal(changed.dirty, true);
    t.same(changed.list, ofDep(folderAtHand(source).files));
    t.notSame(changed.list, clean.list);
    await t.rejects(store.prepare('HEAD'), { code: 'submodules-missing', message: /: dep$/ });
  },
);
