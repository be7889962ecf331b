import t from 'tap';
import { type Profile, ProfileBuilder } from '../profile/profile.ts';
import { findSuspects, flameOf, samplingError } from './suspects.ts';

/** A profile from collapsed stacks: `outer@file:line;inner@file:line` → bytes; `line:column` as V8 says it. */
function profileOf(durationMs: number, stacks: Record<string, number>, period = 65_536, type = 'alloc_space'): Profile {
  const builder = new ProfileBuilder({ sampleTypes: [{ type, unit: 'bytes' }], period, durationMs });
  for (const [stack, bytes] of Object.entries(stacks)) {
    let node = 0;
    for (const frame of stack.split(';')) {
      const [, name = '', file = '', line = '0', column = '0'] = /^([^@]*)@(.*?):(\d+)(?::(\d+))?$/.exec(frame) ?? [];
      node = builder.child(node, builder.site(name, file, Number(line), Number(column)));
    }
    builder.add(node, 0, bytes);
  }
  return builder.finish();
}

const main = 'main@agent/main.ts:5';

t.test('what added most against the steady state comes first, not what is biggest', async (t) => {
  const steady = profileOf(60_000, {
    [`${main};parse@agent/http.ts:10`]: 60e6,
    [`${main};insert@agent/tcp.ts:20`]: 1e6,
  });
  const window = profileOf(10_000, {
    [`${main};parse@agent/http.ts:10`]: 11e6,
    [`${main};insert@agent/tcp.ts:20`]: 8e6,
  });
  const suspects = findSuspects([{ window, steady, options: { where: 'heap' } }]);
  t.match(suspects, [
    { functionName: 'insert', file: 'agent/tcp.ts', line: 20, where: 'heap' },
    { functionName: 'parse', file: 'agent/http.ts', line: 10 },
  ]);
  t.ok(Math.abs(suspects[0]!.selfBytes - (8e6 - 1e6 / 6)) < 1, 'the steady state is brought to the same duration');
  t.ok(Math.abs(suspects[0]!.errorShare - Math.sqrt(65_536 / 8e6)) < 1e-12);
  t.ok(Math.abs(suspects.reduce((sum, each) => sum + each.share, 0) - 1) < 1e-9);
});

t.test('levels are compared as they are', async (t) => {
  const steady = profileOf(1, { [`${main};keep@a.ts:1`]: 5e6 }, 0, 'inuse_space');
  const window = profileOf(100, { [`${main};keep@a.ts:1`]: 7e6 }, 0, 'inuse_space');
  t.match(findSuspects([{ window, steady, options: { where: 'off-heap' } }]), [{ selfBytes: 2e6, errorShare: 0 }]);
});

t.test("what the runtime allocates is the nearest caller's", async (t) => {
  const window = profileOf(1000, {
    [`${main};load@agent/load.ts:7;readFile@node:fs:99;(native)@:0`]: 5e6,
    'start@node:internal/main:1': 4e6,
  });
  const suspects = findSuspects([{ window, steady: null, options: { where: 'heap' } }]);
  t.match(suspects, [
    { functionName: 'load', file: 'agent/load.ts', line: 7, selfBytes: 5e6, totalBytes: 5e6 },
    { functionName: 'start', file: 'node:internal/main' },
  ]);
});

t.test('functions without a name are the user’s own as well, each at its line', async (t) => {
  const window = profileOf(1000, {
    '(root)@:0;emit@node:events:1;(anonymous)@server.ts:3;Buffer.alloc@:0': 5e6,
    '(root)@:0;emit@node:events:1;(anonymous)@server.ts:9': 2e6,
    '(root)@:0;emit@node:events:1;(anonymous)@server.ts:9;(anonymous)@server.ts:12': 1e6,
  });
  t.match(findSuspects([{ window, steady: null, options: { where: 'heap' } }]), [
    { functionName: '(anonymous)', file: 'server.ts', line: 3, selfBytes: 5e6 },
    { functionName: '(anonymous)', file: 'server.ts', line: 9, selfBytes: 2e6, totalBytes: 3e6 },
    { functionName: '(anonymous)', file: 'server.ts', line: 12, selfBytes: 1e6 },
  ]);
});

t.test('a function without a name counts for the one that it stands in', async (t) => {
  const window = profileOf(1000, {
    'audit@a.ts:10': 1e6,
    'audit@a.ts:10;map@node:internal:1;(anonymous)@a.ts:12': 4e6,
    'audit@a.ts:10;map@node:internal:1;(anonymous)@a.ts:12;(anonymous)@a.ts:13': 1e6,
    // Called from there, and written elsewhere: before it, in another function, in another file.
    'audit@a.ts:10;emit@node:events:1;(anonymous)@a.ts:3': 3e6,
    'audit@a.ts:10;emit@node:events:1;(anonymous)@a.ts:25': 2.5e6,
    'audit@a.ts:10;emit@node:events:1;(anonymous)@b.ts:12': 2e6,
    'other@a.ts:20': 1e5,
  });
  t.match(findSuspects([{ window, steady: null, options: { where: 'heap' } }]), [
    { functionName: 'audit', file: 'a.ts', line: 10, selfBytes: 6e6 },
    { functionName: '(anonymous)', file: 'a.ts', line: 3 },
    { functionName: '(anonymous)', file: 'a.ts', line: 25 },
    { functionName: '(anonymous)', file: 'b.ts', line: 12 },
    { functionName: 'other' },
  ]);
});

t.test('lines of one function are one suspect at its costliest line, recursion counts once', async (t) => {
  const window = profileOf(1000, {
    'visit@v.ts:3': 1e6,
    'visit@v.ts:8': 4e6,
    'visit@v.ts:8;visit@v.ts:8': 2e6,
    'visit@v.ts:8;leaf@l.ts:1': 1e6,
  });
  const [first] = findSuspects([{ window, steady: null, options: { where: 'heap' } }]);
  t.match(first, { functionName: 'visit', line: 8, selfBytes: 7e6, totalBytes: 8e6 });
  const declared = profileOf(1000, { 'render@v.ts:3:9': 1e6, 'render@v.ts:3:9;render@v.ts:20:9': 3e6 });
  const found = (where: 'heap' | 'off-heap') =>
    findSuspects([{ window: declared, steady: null, options: { where } }]).map(({ line, selfBytes }) => [
      line,
      selfBytes,
    ]);
  t.same(
    found('heap'),
    [
      [20, 3e6],
      [3, 1e6],
    ],
    'V8 says where a function is declared: two methods of one name',
  );
  t.same(found('off-heap'), [[20, 4e6]]);
});

t.test('heap and off-heap sites are ranked together', async (t) => {
  const heap = profileOf(1000, { 'a@a.ts:1': 3e6 });
  const ledger = profileOf(1000, { 'b@b.ts:2': 9e6 }, 0);
  const suspects = findSuspects([
    { window: heap, steady: null, options: { where: 'heap' } },
    { window: ledger, steady: null, options: { where: 'off-heap' } },
  ]);
  t.match(suspects, [
    { functionName: 'b', where: 'off-heap', share: 0.75, errorShare: 0 },
    { functionName: 'a', where: 'heap', share: 0.25 },
  ]);
});

t.test('a site that shrank is no suspect', async (t) => {
  const steady = profileOf(1000, { 'a@a.ts:1': 9e6 });
  t.same(findSuspects([{ window: profileOf(1000, { 'a@a.ts:1': 3e6 }), steady, options: { where: 'heap' } }]), []);
  t.equal(samplingError(0, 1024), 0);
});

t.test('the flame tree has both sides and loses no byte when pruned', async (t) => {
  const stacks: Record<string, number> = {};
  for (let i = 0; i < 300; i += 1) stacks[`${main};f${i}@f.ts:${i};g@g.ts:1`] = 1000 + i;
  const window = profileOf(1000, stacks);
  const steady = profileOf(2000, { [`${main};gone@x.ts:1`]: 8000, [`${main};f7@f.ts:7;g@g.ts:1`]: 500 });
  const flame = flameOf(window, steady, undefined, 50);
  t.ok(flame.parent.length <= 100, `${flame.parent.length} nodes`);
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  t.equal(
    sum(flame.after),
    Object.values(stacks).reduce((a, b) => a + b),
  );
  t.equal(sum(flame.before), 4250, 'brought to the duration of the window');
  t.ok(flame.sites.functionName.includes('gone'));
  t.ok(flame.parent.every((up, i) => (i === 0 ? up === -1 : up < i)));
  t.equal(sum(flameOf(window, null).before), 0);
});
