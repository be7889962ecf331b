import t from 'tap';
import { SampleTable } from './sample-table.ts';

const columns = [
  { name: 'a', unit: 'bytes', kind: 'gauge' },
  { name: 'b', unit: 'count', kind: 'counter' },
] as const;

t.test('keeps samples in order, and a missing one as null', (t) => {
  const table = new SampleTable(columns);
  table.add(1, [10, Number.NaN]);
  table.add(2, [20, 5]);
  t.same(table.tMs(), [1, 2]);
  t.same(table.column('a'), [10, 20]);
  t.same(table.column('b'), [null, 5]);
  t.same(table.column('c'), []);
  t.end();
});

t.test('stays within its capacity for ever and loses no peak', (t) => {
  const table = new SampleTable(columns, 64);
  for (let i = 0; i < 10_000; i++) table.add(i, [i === 7_777 ? 1e6 : i % 10, i]);
  t.ok(table.count <= 64 && table.count >= 32, String(table.count));
  t.equal(Math.max(...table.column('a').map(Number)), 1e6);
  const times = table.tMs();
  t.same(
    times,
    times.toSorted((a, b) => a - b),
  );
  t.ok(times[0]! < 400 && times.at(-1)! > 9_600);
  const counted = table.column('b').map(Number);
  t.same(
    counted,
    counted.toSorted((a, b) => a - b),
    'a counter still only rises',
  );
  t.end();
});
