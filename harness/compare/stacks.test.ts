import t from 'tap';
import { ProfileBuilder } from '../profile/profile.ts';
import { flameByRequest, stacksInProject } from './stacks.ts';

const space = { type: 'alloc_space', unit: 'bytes' } as const;

/** Stacks with bytes, and how long it took. */
function profileOf(stacks: Readonly<Record<string, number>>, durationMs: number) {
  const builder = new ProfileBuilder({ sampleTypes: [space], durationMs });
  for (const [stack, bytes] of Object.entries(stacks)) {
    let node = 0;
    for (const call of stack.split(';')) {
      const [name = '', file = '', line = '0'] = call.split(' ');
      node = builder.child(node, builder.site(name, file, Number(line)));
    }
    builder.add(node, 0, bytes);
  }
  return builder.finish();
}

t.test('both versions on one tree, by the request: neither lines nor durations count', async (t) => {
  const base = {
    profile: profileOf({ 'serve a.js 3;parse a.js 9': 100_000, 'serve a.js 3;gone a.js 40': 5_000 }, 90),
    requests: 100,
  };
  const head = {
    profile: profileOf({ 'serve a.js 4;parse a.js 12': 400_000, 'serve a.js 4;born b.js 1': 2_000 }, 10),
    requests: 200,
  };
  const { sites, parent, site, before, after } = flameByRequest(base, head);
  const rows = parent.map((up, node) => [
    `${up < 0 ? '' : `${sites.functionName[site[up]!]} → `}${sites.functionName[site[node]!]}`,
    before[node],
    after[node],
  ]);
  t.strictSame(
    new Set(rows.map((row) => JSON.stringify(row))),
    new Set(
      [
        ['(all)', 0, 0],
        ['(all) → serve', 0, 0],
        ['serve → parse', 1_000, 2_000],
        ['serve → born', 0, 10],
        ['serve → gone', 50, 0],
      ].map((row) => JSON.stringify(row)),
    ),
  );
});

t.test('files are called as in the project', async (t) => {
  const place = {
    checkout: '/shop/.floodgate/compare/checkout',
    projectFolder: '/shop/.floodgate/compare/checkout/api',
  };
  const profile = profileOf({ 'f .floodgate/compare/checkout/api/server.js 1;g node:fs 2': 1 }, 1);
  t.same(stacksInProject(profile, ['/shop'], place).sites.file, ['server.js', 'node:fs']);
});
