/** A comparison that comes to no verdict leaves a report of that: a job of CI shows it. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { runFloodgate } from '../compare/floodgate-process.ts';
import { gitIn } from '../compare/git-fixture.ts';

const program = path.resolve('harness/cli.ts');

// Runs of a service, on however busy a machine.
t.setTimeout(300_000);

t.test('a build that fails stands in every format, and the exit code stays', async (t) => {
  const config =
    'targets: { service: { command: node server.js } }\nscenarios: [{ name: cart, load: "true" }]\nbuild: exit 7\n';
  const folder = t.testdir({
    ...{ 'floodgate.config.yaml': config, 'server.js': '' },
    runs: { before: {}, latest: t.fixture('symlink', 'before') },
  });
  const git = gitIn(folder);
  git('init', '-q', '-b', 'main');
  git('add', '*.*');
  git('commit', '-qm', 'shop');
  const words = [...process.execArgv, program, 'compare', '--base', 'main'];
  const { code, errors } = await runFloodgate({ words, folder, signal: undefined });
  t.equal(code, 2, errors);
  const runs = path.join(folder, 'runs');
  t.equal(readlinkSync(path.join(runs, 'latest')), 'before', 'nothing ran: the run before stays the latest');
  const compared = readdirSync(runs).find((name) => name.endsWith('-compare'))!;
  const read = (name: string) => readFileSync(path.join(runs, compared, `comparison.${name}`), 'utf8');
  const report: ComparisonReport = JSON.parse(read('json'));
  t.match(report.verdict, { ok: false, exitCode: 2, headline: /cannot be built: "exit 7" ended with 7/ });
  t.match(read('md'), /cannot be built/);
  t.match(read('xml'), /errors="1"[\s\S]*<error message="[^"]*cannot be built/, 'no green in a job that reads JUnit');
  t.match(read('tap'), /^1\.\.1\nnot ok 1 - .*cannot be built/m);
});

const server = `import { createServer } from 'node:http';
createServer((_, response) => response.end('{}')).listen(process.env.PORT)`;
const load = `import { get } from 'node:http';
for (let left = 300; left > 0; left -= 1)
  await new Promise((resolve) => get({ port: process.argv[2] }, (response) => response.resume().on('end', resolve)));`;
const loaded = `targets: { service: { command: node server.mjs } }
scenarios: [{ name: cart, load: 'node load.mjs {port}', idle: 200ms, recover: 300ms }]
build: []
`;

/** Interrupted at a step, with all that it wrote. */
async function interruptedAt(folder: string, step: string, ...more: string[]) {
  const git = gitIn(folder);
  git('init', '-q', '-b', 'main');
  git('add', '*.*');
  git('commit', '-qm', 'shop');
  const words = ['compare', '--base', 'main', ...more];
  const child = spawn(process.execPath, [...process.execArgv, program, ...words], {
    cwd: folder,
    env: { ...process.env, FLOODGATE_STORE: 'none' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    errors += piece;
    if (piece.includes(step)) child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const read = (name: string) => readFileSync(path.join(folder, 'runs', 'latest', `comparison.${name}`), 'utf8');
  return { code, errors, read };
}

t.test('Ctrl-C while call sites are looked for: the verdict that was reached stands', async (t) => {
  const folder = t.testdir({ 'floodgate.config.yaml': loaded, 'server.mjs': server, 'load.mjs': load });
  const within = ['--threshold', 'allocated.perRequest=20%', '--sites', 'always'];
  const { code, errors, read } = await interruptedAt(folder, 'looking for the call sites', ...within);
  t.equal(code, 3, errors);
  const headline =
    /WITHIN: 1 of 1 thresholds hold; allocated\.perRequest of cart .*; interrupted while looking for call sites/;
  t.match(errors, headline);
  for (const name of ['txt', 'md', 'json']) t.match(read(name), headline, name);
  const report: ComparisonReport = JSON.parse(read('json'));
  t.match(report.verdict, { ok: false, exitCode: 3 }, 'it is no pass all the same');
  t.ok(report.scenarios[0]!.metrics.some(({ decision }) => decision === 'within'));
  t.match(read('xml'), /errors="[1-9]/, 'no green in a job that reads JUnit');
});

t.test('a load that went to another port than PORT is said of the version', async (t) => {
  const elsewhere = server.replace('process.env.PORT', '0');
  const folder = t.testdir({ 'floodgate.config.yaml': loaded, 'server.mjs': elsewhere, 'load.mjs': load });
  const { code, errors, read } = await interruptedAt(folder, 'pair 2 of', '--metric', 'handles.max');
  t.equal(code, 3, errors);
  for (const side of ['base', 'head'])
    t.match(read('txt'), `warning: ${side}: the load was sent to another port than PORT`, side);
});

t.test('Ctrl-C leaves the pairs that were run, says how many and where, and judges none', async (t) => {
  const folder = t.testdir({ 'floodgate.config.yaml': loaded, 'server.mjs': server, 'load.mjs': load });
  const { code, errors, read } = await interruptedAt(folder, 'pair 2 of', '--metric', 'handles.max');
  t.equal(code, 3, errors);
  const runs = path.join(folder, 'runs');
  const latest = path.join('runs', readlinkSync(path.join(runs, 'latest')));
  t.match(
    errors,
    `floodgate: interrupted: 1 pair of cart was run, and nothing of it is judged\nWhat was measured is in ${latest};`,
  );
  const report: ComparisonReport = JSON.parse(read('json'));
  t.match(report, {
    verdict: { ok: false, exitCode: 3, headline: /^interrupted: 1 pair of cart was run/ },
    scenarios: [{ name: 'cart', pairs: 1 }],
  });
  const handles = report.scenarios[0]!.metrics.find(({ name }) => name === 'handles.max');
  t.match(handles, { decision: 'undecided', note: /^interrupted after 1 pair/, base: [Number], head: [Number] });
  t.match(read('txt'), /1 interleaved pair in .*, until it was interrupted/);
  t.notMatch(read('txt'), /another port/);
  t.match(read('xml'), /errors="[1-9]/, 'no green in a job that reads JUnit');
});
