/** The launchers' ways into the pinned Node.js. Two leave one process; the last has a parent that passes signals on. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';

const program = path.resolve(import.meta.dirname, '../bin/floodgate-agent');
/** A pcap without frames: magic, version 2.4, snap length, Ethernet. */
const emptyCapture = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

/**
 * The launcher by its shell, or under this Node.js after `preload` took something away from it; the agent waits on its standard
 * input.
 */
function launch(t: Test, preload: string | null): { process: ChildProcess; errors: () => string; samples: string } {
  const file = path.join(t.testdir(), 'preload.cjs');
  writeFileSync(file, preload ?? '');
  const samples = path.join(path.dirname(file), 'samples.jsonl');
  const options = ['--read', '-', '--until', 'tcp', '--stats', samples, '--stats-interval-ms', '50'];
  const child =
    preload === null ? spawn(program, options) : spawn(process.execPath, ['--require', file, program, ...options]);
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.on('data', (piece) => {
    text += piece;
  });
  return { process: child, errors: () => text, samples };
}

/** Waits until the agent's own process runs. @returns its process id */
async function agentProcess(launcher: number): Promise<number> {
  for (let attempt = 0; attempt < 1_200; attempt += 1) {
    for (const pid of [launcher, ...childrenOf(launcher)]) {
      if (/agent\/main|start\.js/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))) return pid;
    }
    await sleep(50);
  }
  throw new Error('the agent did not start within a minute');
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => {
      try {
        return Number(readFileSync(`/proc/${other}/stat`, 'latin1').split(') ')[1]!.split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });
}

const ways = {
  'by a shell': { preload: null, parent: false },
  'by execve of Node.js': { preload: '', parent: false },
  'as a child': { preload: 'delete process.execve;', parent: true },
};

for (const [name, { preload, parent }] of Object.entries(ways)) {
  t.test(name, { skip: process.platform === 'linux' ? false : 'reads /proc' }, async (t) => {
    const { process: launcher, errors } = launch(t, preload);
    const agent = await agentProcess(launcher.pid!);
    t.equal(agent !== launcher.pid, parent, parent ? 'the launcher stays' : 'nothing but the agent is there');
    launcher.stdin!.end(emptyCapture);
    const [code, signal] = await once(launcher, 'close');
    t.same([code, signal], [0, null], errors());
    t.match(errors(), 'memory: at most', 'its standard streams are the caller’s');
  });

  t.test(
    `${name}: a signal ends the agent`,
    { skip: process.platform === 'linux' ? false : 'reads /proc' },
    async (t) => {
      const { process: launcher, errors, samples } = launch(t, preload);
      const agent = await agentProcess(launcher.pid!);
      // Its first sample: handlers of signals stand by then.
      while (!existsSync(samples) || statSync(samples).size === 0) await sleep(20);
      launcher.kill('SIGTERM');
      const [code, signal] = await once(launcher, 'close');
      t.same([code, signal], [0, null], errors());
      t.throws(() => process.kill(agent, 0), { code: 'ESRCH' });
    },
  );
}

const asRoot = {
  skip:
    process.platform === 'linux' && process.geteuid?.() === 0
      ? false
      : 'SKIPPED: only root can make another user’s files',
};
const stranger = 54_321;

t.test('a cache that another user can write to is not executed', asRoot, (t) => {
  const folder = t.testdir({ home: {}, temporary: {} });
  const { isTrustedFolder, makeTrustedFolder } = createRequire(import.meta.url)('../bin/trusted-folder.js') as {
    isTrustedFolder: (folder: string) => boolean;
    makeTrustedFolder: (folder: string) => boolean;
  };
  const place = (...names: string[]) => path.join(folder, ...names);
  t.ok(makeTrustedFolder(place('good', 'cache')));
  t.equal(statSync(place('good', 'cache')).mode & 0o777, 0o700);
  const doings: Record<string, () => void> = {
    'written to by a group': () => chmodSync(place('case'), 0o770),
    'written to by all': () => chmodSync(place('case'), 0o1777),
    'of another user': () => chownSync(place('case'), stranger, stranger),
    'with another’s file in it': () => {
      writeFileSync(place('case', 'code'), '');
      chownSync(place('case', 'code'), stranger, stranger);
    },
    'with a folder in it that a group can write to': () => {
      mkdirSync(place('case', 'v26'));
      chmodSync(place('case', 'v26'), 0o775);
    },
    'with a link in it': () => symlinkSync(place('good'), place('case', 'v26')),
  };
  for (const [what, doing] of Object.entries(doings)) {
    mkdirSync(place('case'), { mode: 0o755 });
    doing();
    t.notOk(isTrustedFolder(place('case')), what);
    rmSync(place('case'), { recursive: true });
  }
  mkdirSync(place('good', 'cache', 'v26'));
  chmodSync(place('good', 'cache', 'v26'), 0o775);
  t.ok(isTrustedFolder(place('good', 'cache')), 'which says nothing where only its owner comes in');
  mkdirSync(place('theirs'));
  mkdirSync(place('theirs', 'cache'), { mode: 0o700 });
  chownSync(place('theirs'), stranger, stranger);
  t.notOk(isTrustedFolder(place('theirs', 'cache')), 'below a folder of another user, who may exchange it');
  chownSync(place('theirs'), 0, 0);
  t.ok(isTrustedFolder(place('theirs', 'cache')));
  // A launcher whose own folder and whose home are another user's.
  const settings = { HOME: place('home'), TMPDIR: place('temporary') };
  chmodSync(place('home'), 0o777);
  chmodSync(place('temporary'), 0o1777);
  const print = `process.argv = []; const { launch } = require(${JSON.stringify(path.join(path.dirname(program), 'launch.js'))}); process.execve = () => { console.log(process.env.NODE_COMPILE_CACHE, process.env.NODE_DISABLE_COMPILE_CACHE); process.exit(0); }; launch('floodgate-agent');`;
  const chosen = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, ['-e', print], { encoding: 'utf8', env: { ...process.env, ...env } }).stdout.trim();
  t.match(chosen({ ...settings, NODE_COMPILE_CACHE: place('good', 'cache') }), /good\/cache undefined$/, 'as asked');
  const usual = chosen({ ...settings, NODE_COMPILE_CACHE: place('temporary') });
  t.match(usual, /node_modules\/\.cache\/floodgate undefined$/, 'not where all may write');
  // Nowhere but among temporary files: `verify` leaves nothing there.
  const load = JSON.stringify(path.join(path.dirname(program), 'compile-cache.js'));
  const chosenFor = (command: string) => {
    const choose = `const c = require(${load}); console.log(c.chooseCompileCache(${JSON.stringify(place('home'))}, undefined, c.isOnlyReading('floodgate', '${command}')))`;
    return spawnSync(process.execPath, ['-e', choose], { encoding: 'utf8', env: { ...process.env, ...settings } })
      .stdout;
  };
  t.equal(chosenFor('verify'), 'undefined\n');
  t.notOk(readdirSync(place('temporary')).some((name) => name.startsWith('floodgate')));
  t.match(chosenFor('run'), /temporary\/floodgate-cache-0\n$/);
  // The first to run it may be root, and the next anybody.
  const root = t.testdir({ installed: { bin: {} } });
  const { chooseCompileCache } = createRequire(import.meta.url)('../bin/compile-cache.js') as {
    chooseCompileCache: (root: string, asked: string | undefined) => string | undefined;
  };
  const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE } = process.env;
  chooseCompileCache(path.join(root, 'installed'), undefined);
  for (const [name, value] of Object.entries({ NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  const mode = (...names: string[]) => statSync(path.join(root, 'installed', ...names)).mode & 0o777;
  t.equal(mode('node_modules') & 0o055, 0o055, 'all may look for packages there');
  t.equal(mode('node_modules', '.cache') & 0o077, 0, 'and none but its owner for what was compiled');
  t.end();
});
