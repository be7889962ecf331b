/** A pool of machines that measures a project that is not ours: floodgate from its package, over a Redis server with a password. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { gitIn } from '../harness/compare/git-fixture.ts';
import { withRedis } from '../harness/queue/redis-fixture.ts';
import { install, plainNode } from './installed-package.ts';

t.setTimeout(600_000);
const folder = t.testdir();
const floodgate = path.join(install(folder), 'floodgate');
const modules = path.join(folder, 'node_modules');
const shop = path.join(folder, 'shop');
mkdirSync(shop);
const write = (file: string, text: string) => writeFileSync(path.join(shop, file), text);
const git = gitIn(shop);
const password = 'n0t-to-be-seen';
/** Everything that was printed. */
let printed = '';

function runWith(environment: Record<string, string>, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(...plainNode(floodgate, ...words), {
    cwd: shop,
    encoding: 'utf8',
    env: { ...process.env, GITHUB_ACTIONS: '', CI: '', ...environment },
  });
  printed += stdout + stderr;
  return { status, out: stdout, err: stderr };
}

write('package.json', '{ "name": "shop", "type": "module", "private": true }\n');
// Neither address reaches a target. Who asks for /all gets all of the memory that there is.
write(
  'server.js',
  `import { createServer } from 'node:http';
if (process.env.FLOODGATE_REDIS ?? process.env.FLOODGATE_STORE) process.exit(9);
const kept = [];
createServer((request, response) => {
  while (request.url === '/all') kept.push(Array(1e5).fill().map(() => ({})));
  response.end('here');
}).listen(process.env.PORT, '127.0.0.1');
`,
);
write('load.js', "await fetch('http://127.0.0.1:' + process.argv[2] + process.argv[3]).catch(() => undefined);\n");
write(
  'floodgate.config.js',
  `const rest = { idle: '50ms', recover: '50ms', budgets: { 'rss.max': '900 MB' } };
export default {
  targets: { service: { command: 'node --max-old-space-size=24 server.js' } },
  scenarios: [
    { name: 'cart', load: 'node load.js {port} /', ...rest },
    { name: 'hoard', load: 'node load.js {port} /all', ...rest },
    { name: 'killer', load: "sh -c 'kill -9 $(cat /proc/$PPID/status | sed -n s/^PPid:.//p) $PPID'", ...rest },
    { name: 'broken', load: 'no-such-program', ...rest },
    { name: 'lost', load: 'no-such-load', ...rest },
    { name: 'slow', load: 'sleep 600', sets: ['slow'], ...rest },
  ],
};
`,
);
git('init', '-q', '-b', 'main');
git('add', '.');
git('commit', '-qm', 'a shop');

t.test('without its packages, and without an address: what to do', async (t) => {
  const redis = { FLOODGATE_REDIS: `redis://:${password}@127.0.0.1:1` };
  t.match(runWith({ FLOODGATE_REDIS: '' }, 'queue'), {
    status: 2,
    err: /it is not known where the queue is\nSay FLOODGATE_REDIS=/,
  });
  t.match(runWith({ FLOODGATE_REDIS: `http://:${password}@h` }, 'queue'), {
    status: 2,
    err: /nothing is known of http:\/\/\nExamples: redis:/,
  });
  // Nothing in it, and nothing above it is asked.
  rmSync(path.join(modules, 'bullmq'));
  mkdirSync(path.join(modules, 'bullmq'));
  const missing = runWith(redis, 'enqueue', '--class', 'box');
  t.match(missing, { status: 2, err: /not installed\nnpm install --save-dev bullmq@[\d.]+ ioredis@[\d.]+$/m });
  rmdirSync(path.join(modules, 'bullmq'));
  symlinkSync(path.join(import.meta.dirname, '../node_modules/bullmq'), path.join(modules, 'bullmq'));
  const away = runWith(redis, 'queue');
  t.match(away, { status: 2, err: /the queue at redis:\/\/127\.0\.0\.1:1 cannot be used: connect ECONNREFUSED/ });
});

t.test(
  'a pool measures a project: results once, deaths of targets are results, killed harnesses are none',
  async (t) => {
    await withRedis(t, ['--requirepass', password], async ({ url }) => {
      const redis = { FLOODGATE_REDIS: `${url}?password=${password}` };
      const run = (...words: string[]) => runWith(redis, ...words);
      t.match(runWith({ FLOODGATE_REDIS: url }, 'queue'), { status: 2, err: /NOAUTH/ });
      t.match(run('enqueue'), {
        status: 2,
        err: /no worker is there\nStart floodgate worker on one, or name its class/,
      });
      const only = ['cart', 'hoard', 'killer', 'broken'].flatMap((name) => ['--only', name]);
      const enqueued = run('enqueue', '--class', 'box', '--attempts', '2', ...only);
      t.match(enqueued, { status: 0, out: /^[0-9a-f]{8}\n$/, err: /^4 cells in batch/ });
      const id = enqueued.out.trim();
      const worker = run('worker', '--class', 'box', '--until-empty');
      t.match(worker, { status: 0, err: /^2 cells measured here$/m }, worker.err);
      const shown = run('queue', 'show', id.slice(0, 4)).out;
      t.match(shown, /cart +✓ rss\.max/);
      t.match(shown, /hoard +✗ The target died under the traffic \(signal SIGABRT\)/, 'out of its memory: a result');
      t.match(shown, /killer +not measured: killed, cause unknown: .* lost 2 times/);
      t.match(shown, /broken +not measured: the load .*no-such-program/);
      t.match(shown, /begun 5 times; 2 harnesses killed, 0 given back, 0 results of a second run/);
      await merged(t, run, id);
      await rejected(t, run, (...words) => startWith(redis, ...words));
      await compared(t, run);
    });
    t.notMatch(printed, password);
    for (const name of readdirSync(shop, { recursive: true, encoding: 'utf8' })) {
      if (/\.(json|html|txt|md|log|xml)$/.test(name))
        t.notMatch(readFileSync(path.join(shop, name), 'utf8'), password, name);
    }
  },
);

type Run = (...words: string[]) => ReturnType<typeof runWith>;
type Start = (...words: string[]) => ReturnType<typeof startWith>;

/** Results of a queue are a partial report, as a shard's is. */
async function merged(t: Test, run: Run, id: string): Promise<void> {
  t.match(run('queue', 'wait', id), { status: 4, out: /killer[^\n]*\n +broken[^\n]*$/m });
  t.match(run('queue', 'collect', id, '--out', 'parts'), {
    status: 4,
    out: /^4 cells: 2 measured, 2 not measured: parts/,
  });
  t.match(run('merge', 'parts'), {
    status: 2,
    err: /no shard measured: killer \(killed, cause unknown.*\), broken \(the load /,
  });
  const whole = run('merge', 'parts', '--partial', '--out', 'whole');
  t.match(whole, { status: 1, out: /1 of 2 scenarios over budget: hoard\. Not measured: killer, broken\./ }, whole.err);
  t.match(
    JSON.parse(readFileSync(path.join(shop, 'whole', 'report.json'), 'utf8')).command,
    /^floodgate gate --only cart --only hoard/,
  );
  // The same, with profiles, where it was measured.
  t.match(run('merge', path.join('runs', 'queue', id), '--partial', '--out', 'again').status, 2, 'a folder of cells');
}

/** Interrupted, cancelled, of another version. */
async function rejected(t: Test, run: Run, start: Start): Promise<void> {
  const id = run('enqueue', 'slow', '--class', 'box', '--attempts', '100').out.trim();
  const first = start('worker', '--class', 'box');
  await first.said(/slow: cell 1 of 1/);
  t.match(run('queue').out, /worker [0-9a-f]+ on .*: measures slow of/);
  first.child.kill('SIGINT');
  t.equal(await first.ended, 3);
  t.match(first.text(), /slow: given back/);
  t.match(run('queue', 'show', id).out, /slow +waiting$/m);
  const box = ['worker', '--class', 'box', '--lost-after', '5s'];
  const lost = start(...box);
  await measures(lost);
  lost.child.kill('SIGKILL');
  await lost.ended;
  t.same(await left(), [], 'a cell does not outlive its worker, however that ends');
  const second = start(...box);
  await second.said(/slow: cell 1 of 1 .* once more: it was lost \d+ time/);
  t.match(run('queue', 'cancel').out, /0 taken out/);
  t.match(run('queue', 'wait'), { status: 4, out: /slow +not measured: cancelled/ });
  t.match(run('queue', 'drain').out, /"box" is drained/);
  second.child.kill('SIGTERM');
  t.equal(await second.ended, 3);
  t.match(run('enqueue', '--timeout', '0s', '--class', 'box'), { status: 2, err: /--timeout: "0s" is less than 1 s/ });
  const enqueued = run('enqueue', '--only', 'cart', '--class', 'box');
  const other = enqueued.out.trim();
  t.match(enqueued.err, /warning: the class "box" is drained, nothing begins: floodgate queue resume --class box/);
  const waiting = start('queue', 'wait', other);
  await waiting.said(/1 waiting; the class "box" is drained/);
  t.match(waiting.text(), /floodgate queue resume --class box\n/);
  waiting.child.kill('SIGTERM');
  await waiting.ended;
  t.match(run('queue', 'resume').out, /"box" takes cells again/);
  const config = readFileSync(path.join(shop, 'floodgate.config.js'), 'utf8');
  write('floodgate.config.js', config.replace('900 MB', '800 MB'));
  t.match(run('worker', '--class', 'box'), {
    status: 2,
    err: new RegExp(
      `batch ${other} is of another working tree \\(uncommitted changes\\): floodgate.config.js\nNothing was measured`,
    ),
  });
  git('commit', '-qam', 'another budget');
  t.match(run('worker', '--class', 'box'), { status: 2, err: /is of another commit of the project/ });
  t.match(run('queue', 'show', other).out, /cart +waiting\n/);
  t.match(run('queue', 'remove', other).out, /removed/);
  t.match(run('queue', 'show', other).err, new RegExp(`there is no batch "${other}"`));
  t.same(await left(), [], 'no process is left');
}

/** Both versions of a scenario are one cell, on whichever machine. */
async function compared(t: Test, run: Run): Promise<void> {
  const words = ['--base', 'HEAD~1', '--metric', 'requests.failed', '--sites', 'never', '--only', 'cart'];
  const box = ['--class', 'box'];
  t.match(
    run('enqueue', '--base', 'npm:shop@1.0.0', ...box).err,
    /npm:shop@1\.0\.0 is no commit: workers take no package/,
  );
  t.match(run('enqueue', ...words, '--quick', ...box).err, /--quick is for a gate, and --base compares/);
  t.match(run('compare', '--base', './runs', '--shard', '1/2').err, /\.\/runs is on this machine only/);
  const id = run('enqueue', ...words, ...box).out.trim();
  t.match(run('worker', ...box, '--until-empty'), { status: 0, err: /cart: WITHIN: .*\n1 cell measured here/ });
  t.match(run('queue', 'collect', id, '--out', 'pairs'), { status: 0, out: /^1 cell: 1 measured/ });
  const merged = run('merge', 'pairs', '--out', 'pairs-whole');
  t.match(merged, { status: 0, out: /^WITHIN: [\s\S]*^base HEAD~1 /m }, merged.err);
  const report = JSON.parse(readFileSync(path.join(shop, 'pairs-whole', 'comparison.json'), 'utf8'));
  const [base, head] = ['HEAD~1', 'HEAD'].map((name) => git('rev-parse', name).trim());
  t.match(report, { kind: 'comparison', base: { label: 'HEAD~1', commit: base }, head: { label: '.', commit: head } });
  t.match(report.scenarios, [{ name: 'cart', method: 'numbers', pairs: 3 }]);
  t.match(report.command, /^floodgate compare --base 'HEAD~1' --sites never --only cart --metric requests\.failed$/);
  // A part of it by hand, and of a larger whole.
  const part = run('compare', ...words, '--only', 'broken', '--shard', '2/2', '--out', 'shards/second');
  t.match(part, { status: 2, err: /shard 2 of 2: 1 of 2 scenarios[\s\S]*no-such-program/ });
  t.match(run('merge', 'shards'), {
    status: 2,
    err: /nothing was measured: cart, broken \(.*no-such-program.*\) \(there is no shard 1\/2\)/,
  });
  t.match(run('merge', 'shards', 'pairs').err, /shards.second and pairs are of another/);
  // One that cannot run takes nothing from the others of its shard.
  t.equal(run('gate', '--only', 'broken', '--only', 'lost', '--shard', '1/1', '--out', 'both').status, 2);
  t.match(run('merge', 'both').err, /nothing was measured: broken \(.*no-such-program.*\), lost \(.*no-such-load/);
}

/** A command that is still running. */
function startWith(environment: Record<string, string>, ...words: string[]) {
  const child = spawn(...plainNode(floodgate, ...words), {
    cwd: shop,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    printed += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    ended,
    text: () => text,
    said: async (words: RegExp) => {
      while (!words.test(text) && child.exitCode === null && child.signalCode === null) await setTimeout(20);
    },
  };
}

/** Processes that work in the project's folder, by their command lines. */
function processes(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readlinkSync(`/proc/${pid}/cwd`).startsWith(shop)) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}

/** Once those that end have had the time to. */
async function left(): Promise<string[]> {
  for (let tries = 0; tries < 400 && processes().length > 0; tries++) await setTimeout(50);
  return processes();
}

/** Its load has begun. */
async function measures({ child }: ReturnType<typeof startWith>): Promise<void> {
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  while (!processes().some((words) => words.includes('sleep 600')) && !isOver()) await setTimeout(20);
}
