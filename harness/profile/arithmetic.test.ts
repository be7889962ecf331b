import t from 'tap';
import { byFunction, diffProfiles, focusProfile, mergeProfiles, peek, top, tree } from './arithmetic.ts';
import { readCollapsed } from './collapsed.ts';
import type { Profile } from './profile.ts';
import { stacksOf } from './sample-profile-fixture.ts';

/** A profile from collapsed stacks. */
function profileOf(text: string, type = 'alloc_space', durationMs = 1_000): Profile {
  return { ...readCollapsed(text, { type, unit: 'bytes' }), durationMs };
}

const base = profileOf('main (m:1);a (a:1) 10\nmain (m:1);b (b:1) 20\n');
const head = profileOf('main (m:1);a (a:1) 25\nmain (m:1);c (c:1) 5\n', 'alloc_space', 2_000);

t.test('counters are compared at the same duration, gauges as they are', async (t) => {
  t.same(stacksOf(diffProfiles(base, head)), {
    'main m:1 > a a:1': [5],
    'main m:1 > c c:1': [5],
    'main m:1 > b b:1': [-40],
  });
  const [low, high] = [profileOf('a 10\n', 'inuse_space'), profileOf('a 25\n', 'inuse_space', 9_000)];
  t.same(stacksOf(diffProfiles(low, high)), { 'a :0': [15] });
  t.throws(() => diffProfiles(low, head), /has no alloc_space; it has inuse_space/);
});

t.test('a profile less itself is nothing', async (t) => {
  t.same(stacksOf(diffProfiles(head, head)), {});
});

t.test('merged counters and durations add up, levels are averaged', async (t) => {
  const merged = mergeProfiles([base, head]);
  t.same(stacksOf(merged), { 'main m:1 > a a:1': [35], 'main m:1 > b b:1': [20], 'main m:1 > c c:1': [5] });
  t.equal(merged.durationMs, 3_000);
  t.same(stacksOf(mergeProfiles([profileOf('a 10\n', 'inuse_space'), profileOf('a 20\n', 'inuse_space')])), {
    'a :0': [15],
  });
});

const recursive = profileOf('main (m:1);f (f:1);f (f:1) 10\nmain (m:1);f (f:2) 4\nmain (m:1);g (g:1);f (f:1) 3\n');

t.test('top counts a recursive site once per stack', async (t) => {
  t.match(top(recursive), [
    { functionName: 'f', line: 1, self: 13, total: 13 },
    { functionName: 'f', line: 2, self: 4, total: 4 },
    { functionName: 'main', self: 0, total: 17 },
    { functionName: 'g', self: 0, total: 3 },
  ]);
  t.match(top(byFunction(recursive), { by: 'total', rowsMax: 2 }), [
    { functionName: 'main', total: 17 },
    { functionName: 'f', self: 17, total: 17 },
  ]);
});

t.test('peek shows who called and who was called', async (t) => {
  const [f] = peek(byFunction(recursive), (site) => site.functionName === 'f');
  t.match(f, { self: 17, total: 17 });
  t.match(f?.callers, [
    { site: { functionName: 'main' }, value: 14 },
    { site: { functionName: 'f' }, value: 10 },
    { site: { functionName: 'g' }, value: 3 },
  ]);
  t.match(f?.callees, [{ site: { functionName: 'f' }, value: 10 }]);
});

t.test('a tree has the heaviest branch first and leaves the small ones out', async (t) => {
  const rows = tree(recursive, { shareMin: 0.2 });
  t.same(
    rows.map((row) => [row.depth, row.functionName, row.line, row.total]),
    [
      [0, '(all)', 0, 17],
      [1, 'main', 1, 17],
      [2, 'f', 1, 10],
      [3, 'f', 1, 10],
      [2, 'f', 2, 4],
    ],
  );
  t.equal(tree(recursive, { rowsMax: 2, shareMin: 0 }).length, 2);
});

t.test('a focus keeps the stacks through a site', async (t) => {
  t.same(stacksOf(focusProfile(recursive, (site) => site.file === 'g')), { 'main m:1 > g g:1 > f f:1': [3] });
});
