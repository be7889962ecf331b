/** Our own agent compared with itself: in the exact lane 1 % more by the message is seen, and who it is. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { ComparisonReport } from '../reports/comparison.ts';
import { plainNode } from './installed-package.ts';

const root = path.resolve(import.meta.dirname, '..');
const isRepository = existsSync(path.join(root, '.git'));

// Ten runs: a minute on a quiet machine, five on a busy one.
t.setTimeout(1_200_000);

/** Both versions find the packages of the folder above them. */
const config = `export default { build: 'true', scenarios: [{ name: 'steady', builtin: 'steady' }] };\n`;
/** 72 bytes in every eighteenth request: 1 % of what a message takes. */
const waste = '    if (this.asked++ % 18 === 0) this.waste = new Array(3);\n';

t.test('1 % more in one function', { skip: isRepository ? false : 'no repository' }, async (t) => {
  const folder = path.join(t.testdir(), 'floodgate');
  const git = (cwd: string, ...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], {
      cwd,
      stdio: 'pipe',
    });
  git(root, 'clone', '-q', '--shared', root, folder);
  writeFileSync(path.join(folder, '.git', 'info', 'exclude'), '/node_modules\n');
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  writeFileSync(path.join(folder, 'floodgate.config.mjs'), config);
  git(folder, 'checkout', '-qb', 'base');
  git(folder, 'add', '.');
  git(folder, 'commit', '-qm', 'configured');

  git(folder, 'checkout', '-qb', 'head');
  const file = path.join(folder, 'agent', 'http', 'pairing.ts');
  const [signature, first] = [/^ {2}request\(stream: number, .*\n/m, /^ {2}constructor\(/m];
  const text = readFileSync(file, 'utf8');
  t.match(text, signature);
  t.match(text, first);
  writeFileSync(
    file,
    text
      .replace(signature, (line) => line + waste)
      .replace(first, (line) => `  waste: unknown[] = [];\n  asked = 0;\n\n${line}`),
  );
  git(folder, 'commit', '-qam', 'waste');

  const words = ['compare', '--base', 'base', '--out', 'runs/compared', '--seed', '1'];
  const { status, stdout, stderr } = spawnSync(...plainNode(path.join(root, 'bin', 'floodgate'), ...words), {
    cwd: folder,
    encoding: 'utf8',
  });
  t.equal(status, 1, stdout + stderr);
  const report: ComparisonReport = JSON.parse(
    readFileSync(path.join(folder, 'runs', 'compared', 'comparison.json'), 'utf8'),
  );
  const [scenario] = report.scenarios;
  t.match(scenario, { lane: 'exact', method: 'numbers', pairs: 3 });
  const { change } = scenario!.metrics.find(({ name }) => name === 'allocated.perMessage')!;
  t.ok(change! > 0.006 && change! < 0.015, `+1 % is measured as ${change}`);
  // What depends on where a pipe's pieces end differs by as much at times, and then stands beside it.
  const named = scenario!.sites.map(({ file, functionName }) => `${file} ${functionName}`);
  t.ok(named.includes('agent/http/pairing.ts request'), named.join(', '));
});
