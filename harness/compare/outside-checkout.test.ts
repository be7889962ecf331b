/** What would make both versions the same program. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gitIn } from './git-fixture.ts';
import { refuseOutside } from './outside-checkout.ts';
import { sameFilesNotes } from './same-files.ts';
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
});
