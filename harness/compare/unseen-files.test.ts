/** Files that git does not look at, in real repositories. */
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { gitIn } from './git-fixture.ts';
import { unseenChanges } from './unseen-files.ts';
import { changedFiles, copyCommit, hasChanges } from './version-files.ts';

function repository(t: Test) {
  const folder = path.join(t.testdir(), 'here');
  mkdirSync(path.join(folder, 'lib'), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const git = gitIn(folder);
  git('init', '-qb', 'main');
  for (const name of ['a.js', 'lib/b ü.js', 'run.sh', 'crlf.txt']) write(name, `${name}\n`);
  write('.gitattributes', '*.txt text eol=crlf\n');
  symlinkSync('a.js', path.join(folder, 'link'));
  git('add', '.');
  git('commit', '-qm', 'one');
  return { folder, write, git };
}

for (const flag of ['--assume-unchanged', '--skip-worktree']) {
  t.test(`${flag}: a file that is changed is a change of the working folder`, async (t) => {
    const { folder, write, git } = repository(t);
    git('update-index', flag, 'a.js', 'lib/b ü.js', 'run.sh', 'link', 'crlf.txt');
    // As a checkout writes it: its stored text has no carriage return.
    write('crlf.txt', 'crlf.txt\r\n');
    t.notOk(hasChanges(folder), 'as the commit has them');
    const relink = (to: string) => {
      rmSync(path.join(folder, 'link'));
      symlinkSync(to, path.join(folder, 'link'));
    };
    const changes: readonly [string, () => void][] = [
      ['a.js', () => write('a.js', 'other\n')],
      ['lib/b ü.js', () => write('lib/b ü.js', 'other\n')],
      ['link', () => relink('run.sh')],
      ['run.sh', () => chmodSync(path.join(folder, 'run.sh'), 0o755)],
    ];
    const names: string[] = [];
    for (const [name, change] of changes) {
      change();
      names.push(name);
      t.same([...unseenChanges(folder)].sort(), [...names].sort(), name);
      t.ok(hasChanges(folder), name);
      t.same(
        changedFiles(folder).map((each) => each.name),
        [...names].sort(),
        name,
      );
    }
    t.equal(git('status', '--porcelain'), '', 'git says nothing of them');
    const to = path.join(folder, '../copy');
    copyCommit(folder, git('rev-parse', 'HEAD').trim(), to, 'changes');
    t.equal(readFileSync(path.join(to, 'a.js'), 'utf8'), 'other\n');
  });
}

t.test(
  'files that a sparse checkout leaves out are no change, and a file removed under --assume-unchanged is one',
  async (t) => {
    const { folder, git } = repository(t);
    git('sparse-checkout', 'set', '--no-cone', '/*', '!/lib/');
    t.notOk(hasChanges(folder), 'sparse');
    git('update-index', '--assume-unchanged', 'lib/b ü.js', 'a.js');
    t.notOk(hasChanges(folder), 'both');
    rmSync(path.join(folder, 'a.js'));
    t.ok(hasChanges(folder));
    t.same(unseenChanges(folder), ['a.js']);
  },
);
