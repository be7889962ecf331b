/** floodgate as a hook of git runs it: the repository, the index and the work tree of the user stay as they are. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gitIn } from '../compare/git-fixture.ts';
import { dropGitVariables } from '../compare/git-variables.ts';
import { program, workplace } from './cli-trial.ts';

t.test('versions are not checked out where a hook of git says that the work tree is', async (t) => {
  const { folder, temporary } = workplace(t);
  const shop = path.join(folder, 'shop');
  mkdirSync(shop);
  const git = gitIn(shop);
  git('init', '--quiet', '--initial-branch', 'main');
  const write = (name: string, text: string) => writeFileSync(path.join(shop, name), text);
  const commit = (name: string) => {
    write('server.mjs', `// ${name}\n`);
    git('add', '.');
    git('commit', '--quiet', '--message', name);
    git('tag', name);
  };
  write('.gitignore', '.floodgate\nruns\n');
  write(
    'floodgate.config.yaml',
    'targets: { shop: { command: node server.mjs } }\nscenarios: [{ name: cart, load: "true" }]\n',
  );
  for (const name of ['v1', 'v2', 'v3']) commit(name);
  const words = ['compare', '--base', 'v1', '--head', 'v2', '--threshold', 'rss.max=5%'];
  const command = [process.execPath, program, ...words].map((word) => `'${word}'`).join(' ');
  const seen = path.join(folder, 'seen');
  // As `git rebase --exec` and hooks of linked work trees do.
  const given = `GIT_DIR='${shop}/.git' GIT_WORK_TREE='${shop}' GIT_INDEX_FILE='${shop}/.git/index'`;
  execFileSync('sh', ['-c', `${given} TMPDIR='${temporary}' CI=1 ${command} > '${seen}' 2>&1 || true`], { cwd: shop });
  t.match(readFileSync(seen, 'utf8'), /cart|server/, 'it came to measure');
  t.equal(git('rev-parse', '--abbrev-ref', 'HEAD').trim(), 'main');
  t.equal(git('rev-parse', 'HEAD'), git('rev-parse', 'v3'));
  t.equal(git('status', '--porcelain'), '');
  t.equal(readFileSync(path.join(shop, 'server.mjs'), 'utf8'), '// v3\n');
});

t.test('what git says of one repository is taken away, and settings stay', (t) => {
  const known = execFileSync('git', ['rev-parse', '--local-env-vars'], { encoding: 'utf8' }).trim().split('\n');
  const environment = Object.fromEntries(known.map((name) => [name, 'any']));
  dropGitVariables(environment);
  t.same(Object.keys(environment).sort(), ['GIT_CONFIG_COUNT', 'GIT_CONFIG_PARAMETERS']);
  t.end();
});
