/** Two leaks and their twins, from the installed package in a folder that is not ours; all twelve: `npm run bench:leaks`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { RunReport } from '../reports/model.ts';
import { install, plainNode } from './installed-package.ts';

t.setTimeout(900_000);
const folder = t.testdir();
const floodgate = path.join(install(folder), 'floodgate');

const load = `import http from 'node:http';
const [port, count] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
// A server that stood still for a heap snapshot has closed what was idle meanwhile: asked again.
const ask = () =>
  new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', path: '/', agent };
    http.get(options, (response) => response.resume().on('end', resolve)).on('error', () => resolve(ask()));
  });
await Promise.all(Array.from({ length: 4 }, async () => { for (let i = 0; i < count / 4; i++) await ask(); }));
`;
writeFileSync(path.join(folder, 'load.mjs'), load);
execFileSync('git', ['init', '-q'], { cwd: folder });

/** @returns what a run of a service printed, its exit code and its report */
function run(name: string, kind: 'leak' | 'clean') {
  cpSync(new URL(`../bench/leaks/testdata/${name}.mjs`, import.meta.url), path.join(folder, `${name}.mjs`));
  const out = path.join(folder, `${name}-${kind}`);
  // A clean service's heap still finds its size in the first second: four times as many requests leave no doubt of 1 kB each.
  const requests = kind === 'leak' ? 3000 : 12_000;
  const words = [
    'run',
    '--target',
    `node ${name}.mjs ${kind}`,
    '--load',
    `node load.mjs {port} ${requests}`,
    '--idle',
    '200ms',
  ];
  const limits = ['--recover', '200ms', '--budget', 'growth.perRequest=1kB', '--lines', '--out', out];
  const [command, args] = plainNode(floodgate, ...words, ...limits);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  return {
    status,
    stdout,
    stderr,
    report: (): RunReport => JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')),
  };
}

for (const [name, keeper, declaration, heaviest] of [
  ['caches', 'PageCache.#pages', '#pages = new Map();', /const rows = Array\.from/],
  ['listeners', 'listeners of "change" on shopEvents', 'const shopEvents =', /const order = \{/],
] as const) {
  t.test(`${name}: over the limit, with the keeper, its line and how many a request`, async (t) => {
    const { status, stdout, stderr, report } = run(name, 'leak');
    t.equal(status, 1, stdout + stderr);
    // On a busy machine the growth is two spikes, and the last one says who keeps it.
    const spike = report().spikes.findLast(({ keeper }) => keeper);
    t.match(spike, { cause: 'leak', keeper: { name: keeper, file: `${name}.mjs` } });
    const each = spike?.keeper?.perRequest ?? 0;
    t.ok(each > 0.9 && each < 1.1, `${each} a request`);
    t.match(report().verdict.headline, `kept by ${keeper}`);
    t.match(stdout, new RegExp(`> +\\d+ \\|.*${declaration.replace(/[()]/g, '\\$&')}`), 'the line itself is shown');
    const line = spike?.lines?.rows[0]?.line;
    // Node.js before 22.15 has no hooks for it.
    if (line === undefined) return t.match(stdout, 'lines of source take Node.js 22.15');
    const source = readFileSync(path.join(folder, `${name}.mjs`), 'utf8').split('\n');
    t.match(source[line - 1], heaviest, 'the line that most of it was made on');
  });

  t.test(`${name}: the twin is decided, and passes`, async (t) => {
    const { status, stdout, stderr, report } = run(name, 'clean');
    t.equal(status, 0, stdout + stderr);
    t.match(report().budgets, [{ name: 'growth.perRequest', state: 'pass' }]);
  });
}
