// Completion as a shell asks for it: the script is read by a real bash, and each Tab starts the program.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

const bin = path.resolve(import.meta.dirname, '../../bin');
const script = path.join(import.meta.dirname, 'testdata/completion.bash');

/** What bash offers behind these words, in a folder. */
function offered(cwd: string, ...words: string[]): string[] {
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync('bash', [script, ...words], { cwd, encoding: 'utf8', env });
  t.equal(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
}

t.test('completion in bash', async (t) => {
  const folder = t.testdir();
  t.strictSame(offered(folder, 'floodgate', 'comp'), ['compare', 'complete']);
  t.match(offered(folder, 'floodgate', 'run', 'inc'), ['incident']);
  t.match(offered(folder, 'floodgate', 'run', 'incident', '--bud'), ['--budget']);
  t.ok(offered(folder, 'floodgate', 'run', 'incident', '--budget', 'rss.p9').includes('rss.p99='));
  t.strictSame(offered(folder, 'floodgate', 'gate', '--only', ''), [], 'no configuration, no names');

  const project = path.join(folder, 'project');
  mkdirSync(project);
  writeFileSync(
    path.join(project, 'floodgate.config.yaml'),
    'targets: { web: { command: node server.js } }\nscenarios: [{ name: basket, load: "true" }]\n',
  );
  t.strictSame(offered(project, 'floodgate', 'gate', '--only', ''), ['basket']);
  t.strictSame(offered(project, 'floodgate', 'bisect', '--scenario', ''), ['basket']);
  for (const command of ['bisect', 'compare'])
    t.ok(
      offered(project, 'floodgate', command, '--metric', 'allocated.perR').includes('allocated.perRequest'),
      command,
    );
});
