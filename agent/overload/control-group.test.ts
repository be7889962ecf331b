import t from 'tap';
import { groupLimits } from './control-group.ts';

function limitsOf(membership: string | null, files: Readonly<Record<string, string>>) {
  return groupLimits(membership, '/g', (file) => files[file] ?? null);
}

t.test('version 2: the least along the path', async (t) => {
  const files = {
    '/g/cpu.max': 'max 100000\n',
    '/g/a/cpu.max': '150000 100000\n',
    '/g/a/b/cpu.max': '50000 100000\n',
    '/g/a/memory.max': '268435456\n',
    '/g/a/b/memory.max': 'max\n',
  };
  t.same(limitsOf('0::/a/b\n', files), { cpuShare: 0.5, memoryBytes: 268_435_456 });
  t.same(limitsOf('0::/a\n', files), { cpuShare: 1.5, memoryBytes: 268_435_456 });
  t.same(limitsOf('0::/\n', files), { cpuShare: null, memoryBytes: null });
});

t.test('a path that a container does not see: its root', async (t) => {
  const files = { '/g/cpu.max': '20000 100000', '/g/memory.max': '64000000' };
  t.same(limitsOf('0::/../../kubepods/pod1\n', files), { cpuShare: 0.2, memoryBytes: 64_000_000 });
});

t.test('version 1, with its numbers for "no limit"', async (t) => {
  const membership = '4:memory:/box\n2:cpu,cpuacct:/box\n1:name=systemd:/\n0::/\n';
  const files = {
    '/g/cpu,cpuacct/box/cpu.cfs_quota_us': '25000\n',
    '/g/cpu,cpuacct/box/cpu.cfs_period_us': '100000\n',
    '/g/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    '/g/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    '/g/memory/memory.limit_in_bytes': '9223372036854771712\n',
    '/g/memory/box/memory.limit_in_bytes': '100000000\n',
  };
  t.same(limitsOf(membership, files), { cpuShare: 0.25, memoryBytes: 100_000_000 });
});

t.test('what cannot be read, or is nonsense, is no limit', async (t) => {
  for (const text of [null, '', 'x', '0::', '0:', '-1::/a', '0::/a\n']) {
    t.same(limitsOf(text, { '/g/a/cpu.max': 'many', '/g/a/memory.max': '' }), { cpuShare: null, memoryBytes: null });
  }
  const { cpuShare, memoryBytes } = groupLimits();
  for (const limit of [cpuShare, memoryBytes]) t.ok(limit === null || limit > 0, `of this process: ${limit}`);
});
