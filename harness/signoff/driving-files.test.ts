import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { ScenarioConfig } from '../project/define.ts';
import { type DrivenProject, drivingFiles } from './driving-files.ts';
import { checkInputs, inputsOf, refuseChangedInputs, signedInputs } from './recording.ts';
import { readSourceList } from './source-list.ts';
import { sha256 } from './statement.ts';
import { lookAtWorkingFolder } from './working-folder.ts';

const files = {
  'floodgate.config.mjs': "import { base } from './base.mjs';\nexport default base;\n",
  'base.mjs': 'export const base = {};\n',
  'server.mjs': '',
  'load.mjs':
    "import { a } from './lib/a.mjs'; // as server.mjs wants it\nawait import('./lib/b');\nnew URL('./rows.json', import.meta.url)",
  'lib/a.mjs': "import fs from 'node:fs'; fs.readFileSync('words.txt'); import '../load.mjs';",
  'lib/b.js': "require('./c');",
  'lib/c/index.js': '',
  'rows.json': '[]',
  'words.txt': 'a',
  'load.sh': '#!/bin/sh\nnode load.mjs "$1" > out.txt\n',
  'load.py': 'import words\nfrom json import dumps\n',
  'words.py': '',
  'out.txt': '',
  'tools/run.mjs': '',
  'package.json': '{ "scripts": { "load": "node tools/run.mjs", "start": "node server.mjs" } }',
  'node_modules/k/run.js': "require('./more')",
  'node_modules/k/more.js': '',
  'day.har': '{}',
  'scenarios/cart.yaml': 'name: cart\n',
};

function folderOf(t: Test): string {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'floodgate-driving-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=anna', '-c', 'user.email=anna@shop.example', ...words], { cwd: folder });
  writeFileSync(path.join(folder, '.gitignore'), 'node_modules\nday.har\n');
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'shop');
  return folder;
}

const projectIn = (folder: string, scenario: Omit<ScenarioConfig, 'name'>, more: object = {}): DrivenProject => {
  const scenarios = [{ name: 'cart', ...scenario }];
  return { file: path.join(folder, 'none.yaml'), folder, config: { scenarios }, scenarios, ...more };
};

t.test('what a load names, and what that imports', async (t) => {
  const folder = folderOf(t);
  const named = (load: string, more?: object) =>
    [...drivingFiles(projectIn(folder, { load }, more))].map(([file, role]) => {
      t.ok(path.isAbsolute(file));
      return role === 'load' ? path.relative(folder, file) : `${role} ${path.relative(folder, file)}`;
    });
  const modules = ['lib/a.mjs', 'lib/b.js', 'lib/c/index.js', 'load.mjs', 'rows.json', 'words.txt'];
  for (const load of [
    'node load.mjs {port} 800',
    'TOKEN=x node --no-warnings ./load.mjs',
    `node '${folder}/load.mjs'`,
    'node load',
    'cd lib && node ../load.mjs',
  ])
    t.same(named(load).sort(), modules, load);
  t.same(named('sh load.sh {port}').sort(), [...modules, 'load.sh'].sort());
  t.same(named('python3 load.py'), ['load.py', 'words.py']);
  t.same(named('npm run load -- {port}'), ['package.json', 'tools/run.mjs']);
  t.same(named('cd tools && node run.mjs'), ['tools/run.mjs']);
  t.same(named('node node_modules/k/run.js'), ['node_modules/k/run.js'], 'what a package has is its own');
  t.same(named('/usr/bin/env true; wrk http://127.0.0.1:{port}'), []);
});

t.test('recordings, what scenarios are written in, and programs of the build that lie elsewhere', async (t) => {
  const folder = folderOf(t);
  const build = ['node tools/run.mjs', `sh ${folder}/load.sh`];
  const found = drivingFiles({
    ...projectIn(folder, { requests: 'day.har' }),
    config: { build },
    file: path.join(folder, 'floodgate.config.mjs'),
    scenarioFiles: new Map([['cart', 'scenarios/cart.yaml']]),
  });
  const named = [...found].map(([file, role]) => `${role} ${path.relative(folder, file)}`);
  t.ok(named.includes('recording day.har') && named.includes('build load.sh'), named.join());
  t.notOk(named.some((each) => each.endsWith('server.mjs') || each === 'build tools/run.mjs'));
  const written = named.filter((each) => each.startsWith('definition'));
  t.same(written, ['definition floodgate.config.mjs', 'definition base.mjs', 'definition scenarios/cart.yaml']);
});

t.test('where each came from', async (t) => {
  const folder = folderOf(t);
  const outside = t.testdir({ 'load.mjs': 'elsewhere' });
  const load = `node load.mjs tools/run.mjs node_modules/k/run.js ${outside}/load.mjs`;
  writeFileSync(path.join(folder, 'words.txt'), 'changed');
  const inputs = inputsOf(projectIn(folder, { load, capture: 'day.har' }));
  const list = ['load.mjs', 'lib/a.mjs'].map(
    (name) => `${sha256(readFileSync(path.join(folder, name)))}  shop/${name}\n`,
  );
  const found = signedInputs(inputs, lookAtWorkingFolder(folder), readSourceList(list.join(''))!);
  const from = Object.fromEntries(found.map((each) => [each.name, each.from]));
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim();
  t.match(from, {
    'load.mjs': 'candidate',
    'lib/a.mjs': 'candidate',
    'tools/run.mjs': `commit ${head}`,
    'words.txt': 'working folder',
    'node_modules/k/run.js': 'installed',
    'day.har': 'working folder',
    [path.relative(folder, path.join(outside, 'load.mjs'))]: 'elsewhere',
  });
});

t.test('what is run again is what was run, to the file', async (t) => {
  const folder = folderOf(t);
  const project = projectIn(folder, { load: 'node load.mjs', requests: 'day.har' });
  const described = inputsOf(project);
  const inputs = signedInputs(described, lookAtWorkingFolder(folder), []);
  const summary = { inputs, schemaVersion: 4 } as unknown as Parameters<typeof checkInputs>[0];
  const again = (report = summary) => checkInputs(report, project);
  t.doesNotThrow(() => again());
  t.doesNotThrow(() => refuseChangedInputs(described));
  writeFileSync(path.join(folder, 'words.txt'), 'b');
  t.throws(() => again(), { code: 'rerun-refused', message: /words\.txt is another load: its SHA-256 is / });
  t.throws(() => refuseChangedInputs(described), { code: 'input-changed', message: /words\.txt was changed/ });
  rmSync(path.join(folder, 'words.txt'));
  const hint = `The load is no part of the bundle: put words.txt there, sha256 ${sha256('a')}.`;
  t.throws(() => again(), { message: /words\.txt does not exist$/, hint });
  writeFileSync(path.join(folder, 'words.txt'), 'a');
  rmSync(path.join(folder, 'day.har'));
  t.throws(() => again(), { message: /day\.har does not exist/, hint: /^The recording is no part of the bundle/ });
  writeFileSync(path.join(folder, 'day.har'), files['day.har']);
  // What the load imports by the same words is another file.
  rmSync(path.join(folder, 'lib/b.js'));
  writeFileSync(path.join(folder, 'other.js'), files['lib/b.js']);
  symlinkSync('../other.js', path.join(folder, 'lib/b.js'));
  t.throws(() => again(), {
    message: /lib\/b\.js is a link to .*other\.js here, and was no link when it was signed off$/,
    hint: /what it imports is looked for beside the other: put the file itself there/,
  });
  rmSync(path.join(folder, 'lib/b.js'));
  writeFileSync(path.join(folder, 'lib/b.js'), files['lib/b.js']);
  // Found before the folder of that name.
  writeFileSync(path.join(folder, 'lib/c.js'), '');
  t.throws(() => again(), { message: /lib\/c\.js was not there when it was signed off, and a load names it/ });
  const older = { schemaVersion: 3, inputs: inputs.filter(({ role }) => role === 'recording') };
  t.doesNotThrow(() => again(older as unknown as typeof summary), 'earlier bundles list recordings alone');
});
