/** What a worker refuses before it starts anything. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gitIn } from '../compare/git-fixture.ts';
import type { Batch } from './batch.ts';
import { measureCell } from './cell-process.ts';

t.test('a clone that lacks a version of the comparison gives the cell back, and measures nothing', async (t) => {
  const folder = t.testdir();
  const git = gitIn(folder);
  git('init', '-qb', 'main');
  writeFileSync(path.join(folder, 'a'), 'one');
  git('add', '.');
  git('commit', '-qm', 'first');
  const commit = git('rev-parse', 'HEAD').trim();
  const version = { label: 'main', commit, dirty: false, package: null, key: '0'.repeat(16) };
  const absent = 'c'.repeat(40);
  const comparison = { base: { ...version, commit: absent }, head: version, seed: 1, undecided: 'fail' as const };
  const common: Batch['common'] = {
    ...{ floodgate: '1', commit, dirty: false, configuration: 'a'.repeat(64) },
    ...{ command: 'floodgate compare', cells: ['cart'], unlimited: [], comparison },
  };
  const rest = { id: '0123abcd', machines: 'box', words: [], attempts: 1, timeoutMs: 1_000, by: 'desk', at: '' };
  const end = await measureCell({
    batch: { kind: 'batch', schemaVersion: 1, common, ...rest },
    index: 1,
    folder,
    config: undefined,
    out: path.join(folder, 'out'),
    signal: new AbortController().signal,
    killAfterMs: 1_000,
  });
  t.same(end, { kind: 'other', why: `clone: it has no commit ${absent}` });
  t.notOk(existsSync(path.join(folder, 'out')));
});
