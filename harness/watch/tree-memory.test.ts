/** That memory of several processes adds up with what they share counted once. */
import t from 'tap';
import { treeLine } from './tree-memory.ts';

t.test('what another answers for is left out; a process that has ended has nothing', (t) => {
  const line = treeLine([
    { tMs: [0, 10, 20, 30], rss: [100, 100, 150, 150], sharedMs: [0], shared: [40], endMs: null },
    { tMs: [10, 20], rss: [100, 130], sharedMs: [10], shared: [40], endMs: 25 },
  ]);
  t.same(line, { tMs: [0, 10, 20, 25, 30], bytes: [60, 120, 200, 110, 110] });
  t.end();
});

t.test('a later reading of what is shared holds from then on; a reading that is missing changes nothing', (t) => {
  const line = treeLine([
    { tMs: [0, 10, 20], rss: [100, null, 100], sharedMs: [0, 15], shared: [40, 10], endMs: null },
  ]);
  t.same(line, { tMs: [0, 20], bytes: [60, 90] });
  t.end();
});
