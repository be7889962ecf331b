import t from 'tap';
import type { BudgetResult } from '../../reports/model.ts';
import { parseProfile } from '../traffic/parse-profile.ts';
import { familyNotes } from './family.ts';
import { pacingNotes } from './pacing-notes.ts';
import { pauseNotes } from './pause-notes.ts';
import { requestNotes } from './requests-notes.ts';

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

t.test('connections that an upgrade ended are counted in each loop', async (t) => {
  const notes = (loops: number) => {
    const recorded = { requests: 3, connections: 1, unsent: {}, upgraded: 1, unknown: 1, isAssembled: false };
    const requests = {
      recorded,
      mode: 'topspeed',
      sent: 3,
      bytesSent: 1,
      loops,
      reconnects: 0,
      unanswered: 0,
      errors: 0,
    };
    const measure = { requests: { ...requests, socketErrors: {}, differentStatus: 0, differentLength: 0 } };
    const found = requestNotes(measure as unknown as Parameters<typeof requestNotes>[0]);
    return found.map(({ text }) => text).join('\n');
  };
  t.match(
    notes(1),
    /on 1 connection as recorded[\s\S]* 1 connection left HTTP\/1 [\s\S]* 1 connection of the recording is no HTTP/,
  );
  t.match(notes(2), /on 2 connections as recorded[\s\S]* 2 connections left HTTP\/1 /);
});

t.test('a pause in which nobody read is said, the longest', async (t) => {
  const every = (ms: number, count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i * ms);
  t.same(pauseNotes([]), []);
  t.same(pauseNotes(every(50, 100)), []);
  t.same(pauseNotes(every(5_000, 100)), [], 'samples were asked to be so far apart');
  t.match(pauseNotes([...every(1, 6_759), ...every(1, 5_000, 12_737)])[0]!.text, /not read for 6\.0 s from 6\.8 s on/);
});
