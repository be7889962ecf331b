import t from 'tap';
import { cellTimeoutMs, checkedClass, parseBatch, parseCell } from './batch.ts';

const batch = {
  kind: 'batch',
  schemaVersion: 1,
  id: '0123abcd',
  machines: 'linux x64, AMD EPYC, 2 cores, 24 GiB',
  common: {
    floodgate: '1',
    commit: null,
    dirty: false,
    configuration: 'a'.repeat(64),
    command: 'floodgate gate',
    cells: ['cart'],
    unlimited: [],
  },
  words: ['--set', 'smoke', '--only', 'cart', '--quick', '--budget', 'rss.max=3MB', '--env', 'ci'],
  attempts: 3,
  timeoutMs: 7_200_000,
  by: 'desk',
  at: '2026-01-01T00:00:00.000Z',
};

t.test('what stands in a queue is what floodgate put there', async (t) => {
  t.same(parseBatch(JSON.stringify(batch)), batch);
  const faults: object[] = [
    { schemaVersion: 2 },
    { id: '../../etc' },
    { machines: 'a:b' },
    { words: ['--config', '/tmp/other.js'] },
    { words: ['--only', 'cart', '--out', '/etc'] },
    { words: ['--only'] },
    { words: ['smoke'] },
    { words: ['__proto__'] },
    { attempts: 1e9 },
    { common: { ...batch.common, cells: ['../cart'] } },
    { more: true },
  ];
  for (const fault of faults) {
    t.throws(
      () => parseBatch(JSON.stringify({ ...batch, ...fault })),
      { code: 'queue-foreign' },
      JSON.stringify(fault),
    );
  }
  const version = { label: 'main', commit: 'c'.repeat(40), dirty: false, package: null, key: '0'.repeat(16) };
  const comparison = { base: version, head: { ...version, dirty: true }, seed: 1, undecided: 'fail' };
  const words = ['--base', 'c'.repeat(40), '--head', '.', '--only', 'cart', '--max-time', '5min', '--seed', '1'];
  const compared = { ...batch, common: { ...batch.common, comparison }, words };
  t.same(parseBatch(JSON.stringify(compared)), compared);
  // Nothing of a stranger's is fetched, and nothing beside the checkout is run.
  for (const [option, value] of [
    ['--base', 'npm:left-pad@1.3.0'],
    ['--base', '/tmp/other'],
    ['--head', './other'],
    ['--head', '..'],
    ['--head', 'main'],
    ['--base', '--config'],
    ['--quick', '--base'],
    ['--config', '/tmp/other.js'],
  ]) {
    const other = JSON.stringify({ ...compared, words: [option, value] });
    t.throws(() => parseBatch(other), { code: 'queue-foreign' }, `${option} ${value}`);
  }
  t.throws(() => parseBatch(JSON.stringify({ ...batch, words })), { code: 'queue-foreign' }, 'a gate compares nothing');
  t.throws(() => parseBatch('{'), { code: 'queue-foreign' });
  t.same(parseCell({ batch: '0123abcd', index: 1 }), { batch: '0123abcd', index: 1 });
  for (const data of [null, {}, { batch: '0123abcd', index: 0 }, { batch: 'x', index: 1 }]) {
    t.throws(() => parseCell(data), { code: 'queue-foreign' });
  }
});

t.test('classes of machines can be names of BullMQ’s queues', async (t) => {
  t.equal(checkedClass(' bench  box ', '--class'), 'bench box');
  t.equal(checkedClass('arm64: Neoverse', '--class'), 'arm64 Neoverse');
  for (const name of ['', '  ', 'x'.repeat(201), 'a\u0000b', '\u001b[31m']) {
    t.throws(() => checkedClass(name, '--class'), { code: 'option-invalid' }, JSON.stringify(name));
  }
});

t.test('how long a cell may take', async (t) => {
  t.equal(cellTimeoutMs('2h'), 7_200_000);
  t.equal(cellTimeoutMs('1s'), 1_000);
  for (const text of ['0s', '0', '999ms', '0.2s']) {
    t.throws(() => cellTimeoutMs(text), { code: 'option-invalid', message: /is less than 1 s/ }, text);
  }
});
