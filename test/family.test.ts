/**
 * Threads, children, short spikes and profiles of every interval: from the package, in a folder that is not ours.
 * Runs alone: its tops last for 5 ms.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { RunReport } from '../reports/model.ts';
import { install } from './installed-package.ts';

t.setTimeout(300_000);
const linuxOnly = process.platform === 'linux' ? {} : { skip: 'reads /proc, which only Linux has' };

/** Three tops of 5 ms of 60 MB; then 30 MB in a thread with arguments and an environment of its own, 40 MB in a child. */
const files = {
  'main.mjs': `import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
const worker = new Worker(new URL('./thread.mjs', import.meta.url), { execArgv: [], env: {}, name: 'resizer' });
// Of secrets this long one lies across every place at which a line of text is cut.
const secrets = Array.from({ length: 20 }, () => 'gh' + 'p_' + '0123456789abcdefghij' + 'ABCDEFGHIJ012345');
const child = spawn(process.execPath, ['child.mjs', ...secrets], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: { PATH: process.env.PATH } });
console.log('started');
await Promise.all([new Promise((done) => worker.once('online', done)), new Promise((done) => child.once('message', done))]);
function top() {
  const buffer = new ArrayBuffer(60e6);
  const view = new Uint8Array(buffer);
  for (let at = 0; at < view.length; at += 4096) view[at] = 1;
  return buffer;
}
top().transfer(0);
await pause(1200);
for (let i = 0; i < 3; i += 1) {
  const buffer = top();
  await pause(5);
  buffer.transfer(0);
  await pause(400);
}
worker.postMessage('go');
child.send('go');
setInterval(() => {}, 1000);
`,
  'thread.mjs': `import { parentPort } from 'node:worker_threads';
const kept = [];
function keepPictures() { for (let i = 0; i < 100_000; i += 1) kept.push({ i, text: 'x'.repeat(200) + i, list: [i, i + 1] }); }
parentPort.on('message', keepPictures);
`,
  'child.mjs': `const kept = [];
function keepInChild() { kept.push(Buffer.alloc(40e6, 1)); }
process.on('message', keepInChild);
process.send('up');
`,
};

const place = t.testdir();
const floodgate = path.join(install(place), 'floodgate');
// The test runner hooks into every Node.js that it sees started: the programs are to be plain ones.
const { NODE_OPTIONS: _, ...env } = process.env;
/** A folder of a test's own, below the package's. */
function folderWith(name: string, files: Readonly<Record<string, string>>): string {
  const folder = path.join(place, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
  return folder;
}

t.test('one program with a thread, a child and short spikes; its profiles, two of them compared', linuxOnly, (t) => {
  const folder = folderWith('family', files);
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [floodgate, ...words], { cwd: folder, encoding: 'utf8', env });
  const words = ['--duration', '8s', '--idle', '300ms', '--recover', '300ms', '--profile-every', '2s'];
  const ran = run('run', '--target', `${process.execPath} main.mjs`, '--ready', '^started', ...words, '--out', 'out');
  t.equal(ran.status, 0, ran.stdout + ran.stderr);
  const report: RunReport = JSON.parse(readFileSync(path.join(folder, 'out', 'report.json'), 'utf8'));
  const { threads, processes, treeMaxBytes } = report.family!;
  t.same(
    threads.map(({ name, note }) => [name, note]),
    [['resizer', '']],
  );
  t.ok(threads[0]!.heapMaxBytes! > 20e6, `its heap ${threads[0]!.heapMaxBytes}`);
  t.equal(processes.length, 1);
  t.match(processes[0]!.command, /child\.mjs \*REDACTED\*/);
  for (const name of ['report.json', 'report.html', 'report.txt']) {
    const file = path.join(folder, 'out', name);
    if (existsSync(file)) t.notMatch(readFileSync(file, 'utf8'), /ghp_/, `${name} holds no part of a secret`);
  }
  t.match(processes[0]!, { note: '', runtime: /^Node\.js/ }, 'looked into, whatever its environment');
  t.ok(processes[0]!.rssMaxBytes! > 75e6, `the child ${processes[0]!.rssMaxBytes}`);
  const highest = report.figures.find(({ name }) => name === 'rss.max')!.value!;
  t.ok(treeMaxBytes! > highest * 0.9 && treeMaxBytes! < highest + processes[0]!.rssMaxBytes!, 'shared pages once');
  t.match(ran.stdout, /thread \d+ resizer/);
  const tops = report.spikes.filter(({ heightBytes }) => Math.abs(heightBytes - 60e6) < 3e6);
  t.ok(tops.length >= 3, JSON.stringify(report.spikes.map(({ heightBytes }) => heightBytes)));
  const names = report.series.flatMap(({ columns }) => columns.map(({ name }) => name));
  t.ok(names.includes('tree') && names.some((name) => /^process \d+ /.test(name)), 'a line each');

  const allocated = run('profile', 'out@1:allocations');
  t.match(run('profile', 'out').stdout, /keepPictures/, 'a run that passed has profiles');
  t.equal(allocated.status, 0, allocated.stderr);
  const { intervals } = JSON.parse(readFileSync(path.join(folder, 'out', 'profiles', 'every', 'live.json'), 'utf8'));
  const both = run('diff', 'out@0', `out@${intervals.at(-1).interval}`);
  t.equal(both.status, 0, both.stderr);
  t.match(both.stdout, /thread\.mjs.* keepPictures/, 'by function');
  t.match(both.stdout, /keepInChild|Buffer\.alloc/, 'of the child as well');
  const missing = run('diff', 'out@0', 'out@77');
  t.equal(missing.status, 2);
  t.match(missing.stderr, /no profile \(live\) of interval 77: it has 0 to \d/);
  t.end();
});

t.test(
  'a process that runs already is looked into where profiles are asked for, and left as it was',
  linuxOnly,
  (t) => {
    const folder = t.testdir({
      'leak.js': `const kept = []; function keepRow() { kept.push({ text: 'x'.repeat(100) + kept.length }); }
setInterval(() => { for (let i = 0; i < 500; i += 1) keepRow(); }, 5);`,
    });
    const floodgate = path.join(install(folder), 'floodgate');
    const { NODE_OPTIONS: _, ...env } = process.env;
    const script = `"${process.execPath}" leak.js 2>err.txt & pid=$!
"${process.execPath}" "${floodgate}" run --target pid:$pid --duration 2s --idle 200ms --recover 200ms --profile-every 1s --out out; code=$?
kill -0 $pid && echo ALIVE
# A loaded machine closes its inspector later.
tries=0
while [ $(grep -c 'Debugger ending' err.txt) != $(grep -c 'Debugger listening' err.txt) ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
kill $pid; exit $code`;
    writeFileSync(path.join(folder, 'run.sh'), script);
    const ran = spawnSync('sh', ['run.sh'], { cwd: folder, encoding: 'utf8', env });
    t.equal(ran.status, 0, ran.stdout + ran.stderr);
    t.match(ran.stdout, /ALIVE/);
    const diff = spawnSync(process.execPath, [floodgate, 'diff', 'out@0', 'out@1'], {
      cwd: folder,
      encoding: 'utf8',
      env,
    });
    // Optimized code charges what it inlines to its caller.
    t.match(diff.stdout, /keepRow|leak\.js/, diff.stderr);
    const said = readFileSync(path.join(folder, 'err.txt'), 'utf8');
    t.equal(
      said.match(/Debugger ending/g)?.length,
      said.match(/Debugger listening/g)?.length,
      'its inspector is closed again',
    );
    t.end();
  },
);
