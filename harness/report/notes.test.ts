import t from 'tap';
import type { BudgetResult } from '../../reports/model.ts';
import { parseProfile } from '../traffic/parse-profile.ts';
import { familyNotes } from './family.ts';
import { pacingNotes } from './pacing-notes.ts';

t.test('a part of a profile is reported in rounded seconds', async (t) => {
  const part = { frames: 10, bytes: 1000, sentUs: 660_000 };
  const pacing = { dueUs: 750_000, sentUs: 660_000, p50Us: 0, p99Us: 0, maxUs: 0, parts: [part] };
  const result = { pacing, ledger: { framesSent: 10 } } as unknown as Parameters<typeof pacingNotes>[0];
  const profile = { kind: 'profile', ...parseProfile('bursts=1kpps/100ms/200ms/3', '--profile') } as const;
  const [note] = pacingNotes(result, profile);
  t.match(note!.text, /in 0\.66 s of 0\.90 s$/);
});

t.test('a limit on one process says so where all together take more', async (t) => {
  const family = { threads: [], processes: [], treeMaxBytes: 300e6, unlisted: 0 };
  const limit = (name: string, bytes: number, ok = true) => ({ name, limit: bytes, ok }) as BudgetResult;
  const notes = (...budgets: BudgetResult[]) => familyNotes(family, budgets).map(({ text }) => text);
  t.same(notes(limit('rss.max', 200e6), limit('heap.afterGc', 9)), [
    'rss.max is of one process: all processes together take 300 MB at most; tree.max limits them',
  ]);
  t.same(notes(limit('rss.max', 400e6), limit('rss.p99', 200e6, false)), [], 'it holds for all, or is broken');
  t.same(notes(limit('rss.max', 200e6), limit('tree.max', 400e6)), [], 'they have a limit of their own');
  t.same(familyNotes({ ...family, treeMaxBytes: null }, [limit('rss.max', 1)]), [], 'nothing but the target');
});
