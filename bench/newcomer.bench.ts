/**
 * How long a newcomer waits: from `npm i -D` of the packed package, in a repository with a small HTTP service and two commits, to the
 * first compared verdict. Three minutes are wanted.
 *
 *     node bench/newcomer.bench.ts [--cold] [--keep]
 *
 * `--cold`: with an empty cache of npm, so that the runtime of 50 MB is downloaded. `--keep` leaves the repository, and says where.
 * Needs npm's registry.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({ options: { cold: { type: 'boolean' }, keep: { type: 'boolean' } } });
const root = path.resolve(import.meta.dirname, '..');
const top = mkdtempSync(path.join(os.tmpdir(), 'floodgate-newcomer-'));
const shop = path.join(top, 'shop');
mkdirSync(shop);

/** A cart of so many rows, and what changes nothing. */
const server = (rows: number) => `import { createServer } from 'node:http';

function parseCart(text) {
  const rows = [];
  for (let i = 0; i < ${rows}; i++) rows.push({ id: i, price: i * 1.5, text: text + i });
  return rows;
}

createServer((request, response) => {
  const cart = parseCart(request.url);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ items: cart.length, sum: cart.reduce((sum, { price }) => sum + price, 0) }));
}).listen(process.env.PORT ?? 3000, '127.0.0.1');
`;

interface Step {
  readonly says: string;
  readonly seconds: number;
}
const steps: Step[] = [];

function step(says: string, command: string, words: readonly string[], accepted: readonly number[] = [0]): string {
  const startedMs = performance.now();
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd: shop,
    encoding: 'utf8',
    env: { ...env, ...(flags.cold && { npm_config_cache: path.join(top, 'cache') }) },
  });
  steps.push({ says, seconds: (performance.now() - startedMs) / 1000 });
  if (!accepted.includes(status ?? -1)) throw new Error(`${says} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

function commit(file: string, text: string, message: string): void {
  writeFileSync(path.join(shop, file), text);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=newcomer', '-c', 'user.email=newcomer@example.com', ...words], {
      cwd: shop,
      stdio: 'pipe',
    });
  git('add', '.');
  git('commit', '-qm', message);
}

try {
  execFileSync(process.execPath, [path.join(root, 'bin', 'build.mjs')], { stdio: 'inherit' });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', top], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  execFileSync('git', ['init', '-qb', 'main'], { cwd: shop });
  const manifest = { name: 'shop', type: 'module', private: true, scripts: { start: 'node server.js' } };
  writeFileSync(path.join(shop, '.gitignore'), 'node_modules/\n');
  writeFileSync(path.join(shop, 'package.json'), JSON.stringify(manifest));
  commit('server.js', server(200), 'a shop');
  commit('server.js', server(220), 'ten per cent more rows');

  const before = os.loadavg()[0]!;
  const tgz = path.join(top, `floodgate-${version}.tgz`);
  step('npm i -D floodgate', 'npm', ['i', '-D', tgz, '--no-audit', '--no-fund']);
  step('npx floodgate init --yes', 'npx', ['floodgate', 'init', '--yes']);
  const said = step(
    'npx floodgate compare --base HEAD~1',
    'npx',
    ['floodgate', 'compare', '--base', 'HEAD~1'],
    [0, 1, 4],
  );
  const all = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  process.stdout.write(`${said}\n| step | seconds |\n|---|--:|\n`);
  for (const { says, seconds } of [...steps, { says: 'in all', seconds: all }])
    process.stdout.write(`| ${says} | ${seconds.toFixed(1)} |\n`);
  const load = `${before.toFixed(1)} before, ${os.loadavg()[0]!.toFixed(1)} after`;
  process.stdout.write(
    `\n${os.cpus().length} cores, load ${load}; npm's cache ${flags.cold ? 'empty' : 'as it was'}\n`,
  );
  process.exitCode = all <= 180 ? 0 : 1;
} finally {
  if (flags.keep) process.stdout.write(`kept: ${shop}\n`);
  else rmSync(top, { recursive: true, force: true });
}
