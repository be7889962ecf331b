/** The programs of the package as it is published, as typed: a shell becomes the pinned Node.js, and no other one starts. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { install } from './installed-package.ts';

if (process.platform !== 'linux') t.bailout('Linux only: paths of a shell’s commands');

t.setTimeout(120_000);
// A project with a blank in its path, and no package of ours above it.
const folder = path.join(mkdtempSync(path.join(realpathSync(tmpdir()), 'floodgate-launcher-')), 'a project');
t.teardown(() => rmSync(path.dirname(folder), { recursive: true, force: true }));
mkdirSync(folder);
const bin = install(folder);
const modules = path.join(folder, 'node_modules');
const { pinnedNode } = createRequire(import.meta.url)('../bin/pinned-node.js') as { pinnedNode: () => string };
/** A runtime's package that is the project's own, and not the link to ours. */
const runtime = path.join(modules, path.basename(path.dirname(path.dirname(pinnedNode()))));
rmSync(runtime);
mkdirSync(path.join(runtime, 'bin'), { recursive: true });
try {
  linkSync(realpathSync(pinnedNode()), path.join(runtime, 'bin', 'node'));
} catch {
  cpSync(realpathSync(pinnedNode()), path.join(runtime, 'bin', 'node'));
}

/** A `PATH` with what a shell needs, and no Node.js. */
const commands = path.join(folder, 'commands');
mkdirSync(commands);
for (const name of ['env', 'sh', 'ls', 'uname', 'readlink']) {
  const place = ['/bin', '/usr/bin'].map((each) => path.join(each, name)).find((each) => existsSync(each));
  if (place !== undefined) symlinkSync(place, path.join(commands, name));
}
/** Reports, on standard error, what Node.js was started with: once for each of them. */
const reporter = path.join(folder, 'reporter.cjs');
writeFileSync(
  reporter,
  `const { execArgv, env, execPath } = process;
  const given = require('node:fs').readFileSync('/proc/self/environ', 'latin1');
  process.on('exit', () => console.error(JSON.stringify({ execArgv, execPath, cache: env.NODE_COMPILE_CACHE, env, given })));`,
);
const home = path.join(folder, 'home');
mkdirSync(home);
/** With names that a script may use for itself, to be passed on as they are. */
const others = Object.fromEntries(
  [
    'arguments',
    'bin',
    'each',
    'folder',
    'gid',
    'line',
    'link',
    'mode',
    'name',
    'node',
    'rest',
    'root',
    'self',
    'uid',
  ].map((each) => [each, 'the user’s']),
);
const environment = { PATH: commands, HOME: home, ...others };

function run(program: string, args: readonly string[], { env = {}, cwd = folder } = {}) {
  return spawnSync(program, args, { encoding: 'utf8', cwd, env: { ...environment, ...env } });
}

/** What Node.js was started with. */
function started(t: Test, program: string, env: NodeJS.ProcessEnv = {}) {
  const { stderr, status } = run(program, ['--version'], { env: { NODE_OPTIONS: `--require "${reporter}"`, ...env } });
  t.equal(status, 0);
  const lines = stderr.trim().split('\n');
  t.equal(lines.length, 1, 'one Node.js');
  return JSON.parse(lines[0]!) as {
    execArgv: string[];
    execPath: string;
    cache?: string;
    env: NodeJS.ProcessEnv;
    /** As Linux keeps it for whoever may look at the process. */
    given: string;
  };
}

const { version } = JSON.parse(readFileSync(path.join(path.dirname(bin), 'package.json'), 'utf8'));
const programs = ['floodgate', 'floodgate-agent'];
mkdirSync(path.join(folder, 'elsewhere'));
mkdirSync(path.join(folder, 'prefix', 'bin'), { recursive: true });
mkdirSync(path.join(folder, 'prefix', 'lib'));
symlinkSync(modules, path.join(folder, 'prefix', 'lib', 'node_modules'));
mkdirSync(path.join(folder, 'bins'));
symlinkSync(modules, path.join(folder, 'bins', 'node_modules'));
for (const name of programs) {
  // As npm links it in a project (the modules' own `.bin` is one with ours here), globally, and a link to a link.
  mkdirSync(path.join(modules, '.links'), { recursive: true });
  symlinkSync(`../floodgate/bin/${name}`, path.join(modules, '.links', name));
  symlinkSync(`../lib/node_modules/floodgate/bin/${name}`, path.join(folder, 'prefix', 'bin', name));
  symlinkSync(`../node_modules/.links/${name}`, path.join(folder, 'elsewhere', name));
}

t.test('without any other Node.js, however it is named', (t) => {
  for (const name of programs) {
    const ways: Record<string, () => ReturnType<typeof run>> = {
      'by its path': () => run(path.join(bin, name), ['--version']),
      'by a link as npm makes it': () => run(path.join(modules, '.links', name), ['--version']),
      'by a link as npm makes it globally': () => run(path.join(folder, 'prefix', 'bin', name), ['--version']),
      'by a link to a link': () => run(path.join(folder, 'elsewhere', name), ['--version']),
      'from its own folder': () => run(`./${name}`, ['--version'], { cwd: bin }),
      'by the PATH': () => run(name, ['--version'], { env: { PATH: `${commands}:${path.join(modules, '.links')}` } }),
      'by sh': () => run('sh', [name, '--version'], { cwd: bin }),
    };
    for (const [way, start] of Object.entries(ways)) {
      const { stdout, stderr, status } = start();
      t.equal(stdout, `${version}\n`, `${name} ${way}: ${stderr}`);
      t.equal(status, 0);
    }
  }
  const odd = run(path.join(bin, 'floodgate-agent'), ['--read', 'no such file; "$(x)" *']);
  t.equal(odd.status, 2);
  t.match(odd.stderr, 'no such file; "$(x)" *', 'arguments pass as they are');
  t.end();
});

t.test('it is the pinned one, with the settings and the environment that it has by the other launcher', (t) => {
  const programsFile = createRequire(import.meta.url)('../bin/programs.js') as {
    programs: Record<string, { nodeArguments: string[] }>;
  };
  for (const name of programs) {
    const { execArgv, execPath, env, cache } = started(t, path.join(modules, '.links', name));
    t.same(execArgv, programsFile.programs[name]!.nodeArguments);
    t.equal(realpathSync(execPath), realpathSync(path.join(runtime, 'bin', 'node')));
    t.equal(cache, path.join(path.dirname(bin), 'node_modules', '.cache', 'floodgate'), 'the usual cache');
    // The test runner's hook leaves names of its own.
    const usual = ['NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'PWD', '_'];
    const given = Object.entries(env).filter(([each]) => !usual.includes(each) && !each.startsWith('_TAPJS_'));
    t.same(
      Object.fromEntries(given),
      // docs/decisions/one-arena.md
      name === 'floodgate-agent' ? { ...environment, MALLOC_ARENA_MAX: '1' } : environment,
      'nothing of ours but this is left in it, and nothing of the user’s is changed',
    );
  }
  t.end();
});

t.test('a passphrase is in no place where other processes read what it was started with', (t) => {
  const passphrase = 'open "se$ame" `x` \\n \'\n of two lines';
  const { env, given } = started(t, path.join(bin, 'floodgate'), { FLOODGATE_KEY_PASSPHRASE: passphrase });
  t.equal(env.FLOODGATE_KEY_PASSPHRASE, passphrase);
  t.equal(env.FLOODGATE_KEY_PASSPHRASE_FROM, undefined);
  t.notMatch(given, 'se$ame');
  t.match(given, 'PATH=');
  t.end();
});

t.test('a cache that is asked for is used where nobody else can write to it', (t) => {
  const agent = path.join(bin, 'floodgate-agent');
  mkdirSync(path.join(folder, 'open'));
  chmodSync(path.join(folder, 'open'), 0o777);
  const asked = path.join(folder, 'asked');
  t.equal(started(t, agent, { NODE_COMPILE_CACHE: asked }).cache, asked, 'it is not there yet');
  t.not(started(t, agent, { NODE_COMPILE_CACHE: path.join(folder, 'open') }).cache, path.join(folder, 'open'));
  t.end();
});

t.test('a runtime that others can write to is not executed, and neither is one that is not there', (t) => {
  const agent = path.join(bin, 'floodgate-agent');
  const other = { PATH: `${commands}:${path.join(folder, 'other')}` };
  mkdirSync(path.join(folder, 'other'));
  symlinkSync(process.execPath, path.join(folder, 'other', 'node'));
  const refused = (env: NodeJS.ProcessEnv, why: RegExp) => {
    const { stderr, status } = run(agent, ['--version'], { env });
    t.equal(status, 2, stderr);
    t.match(stderr, why);
  };
  chmodSync(path.join(runtime, 'bin'), 0o757);
  refused(other, /others than you can write to it/);
  refused({}, new RegExp(`run "npm install --include=optional" in ${folder}$`, 'm'));
  chmodSync(path.join(runtime, 'bin'), 0o755);
  renameSync(runtime, path.join(folder, 'away'));
  const older = path.join(folder, 'older');
  mkdirSync(older);
  writeFileSync(
    path.join(older, 'version.cjs'),
    "Object.defineProperty(process.versions, 'node', { value: '26.9.0' });",
  );
  writeFileSync(path.join(older, 'node'), `#!/bin/sh\nexec "${process.execPath}" -r "${older}/version.cjs" "$@"\n`);
  chmodSync(path.join(older, 'node'), 0o755);
  refused(
    { PATH: `${commands}:${older}` },
    /is not installed; run "npm install --include=optional" in .* Node\.js \d+\.\d+\.\d+ .*of 26\.9\.0\.$/m,
  );
  refused({}, /pinned Node\.js \(package .*npm install --include=optional/);
  renameSync(path.join(folder, 'away'), runtime);
  t.end();
});

t.test('where the runtime was left out, an installed Node.js of the same version serves', (t) => {
  const installed = path.join(folder, 'installed');
  mkdirSync(installed);
  symlinkSync(process.execPath, path.join(installed, 'node'));
  renameSync(runtime, path.join(folder, 'left out'));
  t.teardown(() => renameSync(path.join(folder, 'left out'), runtime));
  const env = { PATH: `${commands}:${installed}` };
  for (const name of programs) t.equal(run(path.join(bin, name), ['--version'], { env }).stdout, `${version}\n`);
  const options = ['--lane', 'exact', '--size', '1MB', '--no-explain', '--out', path.join(folder, 'run')];
  const { status, stderr } = run(path.join(bin, 'floodgate'), ['run', 'steady', ...options], { env });
  t.equal(status, 0, `the harness and the agent: ${stderr}`);
  t.end();
});

const npm = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' });
const shimMaker = path.join((npm.stdout ?? '').trim(), 'npm', 'node_modules', 'cmd-shim', 'lib', 'index.js');
const skip = existsSync(shimMaker) ? false : 'SKIPPED: this npm has no cmd-shim of its own';

t.test('npm’s shims for Windows start it by Node.js', { skip }, async (t) => {
  const cmdShim = createRequire(import.meta.url)(shimMaker) as (from: string, to: string) => Promise<void>;
  const shims = path.join(modules, '.shims');
  mkdirSync(shims);
  for (const name of programs) {
    await cmdShim(path.join(bin, name), path.join(shims, name));
    const batch = readFileSync(path.join(shims, `${name}.cmd`), 'utf8');
    t.match(batch, /SET "_prog=node"/, 'by cmd');
    t.match(batch, `"%_prog%"  "%dp0%\\..\\floodgate\\bin\\${name}" %*`);
    t.match(readFileSync(path.join(shims, `${name}.ps1`), 'utf8'), /& "node\$exe" {2}"\$basedir/, 'by PowerShell');
    const env = { PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` };
    const { stdout, stderr } = run(path.join(shims, name), ['--version'], { env });
    t.equal(stdout, `${version}\n`, `by the shell of Git: ${stderr}`);
  }
});

t.test('Node.js reads the program’s file as well', (t) => {
  for (const name of programs) {
    const { stdout, stderr } = run(process.execPath, [path.join(bin, name), '--version']);
    t.equal(stdout, `${version}\n`, stderr);
  }
  t.end();
});
