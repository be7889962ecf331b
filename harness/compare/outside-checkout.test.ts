/** What would make both versions the same program. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { ComparedScenario } from '../../reports/comparison.ts';
import { gitIn } from './git-fixture.ts';
import { missingFilesHint } from './missing-files.ts';
import { refuseOutside } from './outside-checkout.ts';
import { sameFilesNotes } from './same-files.ts';
import { strayModule, withStray } from './stray-modules.ts';
import { comparisonVerdict } from './verdict.ts';
import { VersionStore } from './version-store.ts';

t.test('a target that names a file of the working folder', async (t) => {
  const folder = t.testdir({
    'server.js': '',
    '.venv': { bin: { python: '' } },
    node_modules: { x: { 'cli.js': '' } },
  });
  const checkout = path.join(folder, '.floodgate', 'compare', 'checkout');
  mkdirSync(checkout, { recursive: true });
  writeFileSync(path.join(checkout, 'server.js'), '');
  const place = { checkout, projectFolder: checkout, prefix: '' };
  const check = (command: string) => refuseOutside(command, folder, place);
  for (const command of [
    `node ${folder}/server.js`,
    `node "--config=${folder}/server.js" x.js`,
    'node ../../../server.js',
    `${folder}/server.js`,
  ]) {
    t.throws(
      () => check(command),
      { code: 'option-invalid', hint: /as it is called in the project: server\.js/ },
      command,
    );
  }
  for (const command of [
    'node server.js',
    'node ./lib/../server.js',
    `${folder}/.venv/bin/python server.js`,
    `node ${folder}/node_modules/x/cli.js`,
    `${process.execPath} server.js --log /tmp/x`,
    `node ${checkout}/server.js`,
  ]) {
    t.doesNotThrow(() => check(command), command);
  }
});

t.test('two versions that run the same files', async (t) => {
  const folder = t.testdir({ '.gitignore': 'dist\n', 'server.js': 'one' });
  const git = gitIn(folder);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'one');
  git('commit', '-q', '--allow-empty', '-m', 'nothing');
  writeFileSync(path.join(folder, 'server.js'), 'two');
  git('commit', '-qam', 'two');
  const notes = async (base: string, head: string, build: string) => {
    const store = new VersionStore({ folder, build, onStep: () => {} });
    try {
      const versions = { base: await store.prepare(base), head: await store.prepare(head) };
      return sameFilesNotes(versions, store).map(({ text }) => text);
    } finally {
      store.close();
    }
  };
  const faithful = 'mkdir dist && cp server.js dist';
  t.match(await notes('main', '.', faithful), [/same version/]);
  t.match(await notes('HEAD~2', 'HEAD~1', faithful), [/hold the same files/]);
  t.same(await notes('HEAD~1', 'main', faithful), []);
  const faithless = `mkdir dist && cp ${folder}/server.js dist`;
  t.match(await notes('HEAD~1', 'main', faithless), [
    /the build left the same files in both versions \(dist\/server\.js\)/,
  ]);
  writeFileSync(path.join(folder, '.env'), 'PORT=1');
  t.same(await notes('HEAD~1', 'main', `cp ${folder}/.env .env`), [], 'a file that the build names is brought along');
});

t.test('a version that takes packages from the working folder', async (t) => {
  const top = t.testdir({
    '.gitignore': 'node_modules\nindex.js\n.env\n',
    'package.json': '{"workspaces":["packages/*"]}',
    packages: {
      api: { 'package.json': '{"dependencies":{"@mono/shared":"1.0.0","d":"^1.0.0"}}' },
      shared: { 'package.json': '{"version":"1.0.0"}' },
    },
    node_modules: { d: { 'package.json': '{"version":"1.0.0"}', 'index.js': '' }, '@mono': {} },
  });
  symlinkSync('../../packages/shared', path.join(top, 'node_modules/@mono/shared'));
  const git = gitIn(top);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'one');
  const folder = path.join(top, 'packages/api');
  const prepared = async (build?: string) => {
    const store = new VersionStore({ folder, build, onStep: () => {} });
    try {
      const version = await store.prepare('main');
      return { stray: strayModule(version, folder, store), key: version.key };
    } finally {
      store.close();
    }
  };
  const first = await prepared();
  t.equal(first.stray, undefined);
  t.match((await prepared('true')).stray, /^main takes @mono\/shared from the working folder \(packages\/shared\)/);
  // A member that is not built has nothing to be loaded: Node.js finds the one that is, further up.
  writeFileSync(path.join(top, 'packages/shared/index.js'), '');
  t.match((await prepared('cp -R ../../../../../../../node_modules ../..')).stray, /\(packages\/shared\/index\.js\)/);
  const whole = 'cp -R ../../../../../../../node_modules ../.. && echo > ../shared/index.js';
  t.equal((await prepared(whole)).stray, undefined);
  // Another version of a package is another build; as long as it is what is asked for, it is none of the working folder's own.
  writeFileSync(path.join(top, 'node_modules/d/package.json'), '{"version":"1.1.0"}');
  t.not((await prepared()).key, first.key);
  rmSync(path.join(top, 'node_modules/@mono'), { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"dependencies":{"d":"^1.0.0"}}');
  git('commit', '-qam', 'two');
  t.equal((await prepared('true; true')).stray, undefined);
  writeFileSync(path.join(top, 'node_modules/d/package.json'), '{"version":"2.0.0"}');
  t.match((await prepared('true; true; true')).stray, /takes d from the working folder \(node_modules\/d\)/);

  // Nothing is within then, whoever accepts what is undecided; what has grown has grown.
  const metric = { name: 'rss.max', threshold: 0.01, change: 0, detectable: null, note: '' };
  const verdict = (decision: string) => {
    const compared = { name: 'cart', sites: [], notes: [], metrics: [{ ...metric, decision }] };
    return comparisonVerdict([withStray(compared as unknown as ComparedScenario, 'main takes d')], true);
  };
  t.match(verdict('within'), { exitCode: 4, headline: /^UNDECIDED: rss\.max of cart: main takes d/ });
  t.match(verdict('worse'), { exitCode: 1 });

  // What git ignores is in no checkout.
  writeFileSync(path.join(folder, '.env'), '');
  writeFileSync(path.join(folder, 'new.json'), '');
  const projectFolder = path.join(folder, '.floodgate/compare/checkout/packages/api');
  const hint = (command: string) => missingFilesHint({ command, folder, projectFolder, build: ['npm ci'] });
  t.match(hint('node --env-file=.env server.js'), /^\.env is in the working folder, and git ignores it/);
  t.match(hint('node --env-file .env server.js'), /build: \['npm ci', 'cp -R (?:\.\.\/){5}\.env \.env'\]/);
  t.equal(hint('node --config=new.json package.json nowhere.js'), '', 'git does not ignore these');
});
