/** A comparison that comes to no verdict leaves a report of that: a job of CI shows it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { runFloodgate } from '../compare/floodgate-process.ts';
import { gitIn } from '../compare/git-fixture.ts';

const program = path.resolve('harness/cli.ts');

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
