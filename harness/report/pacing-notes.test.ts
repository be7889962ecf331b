import t from 'tap';
import { parseProfile } from '../traffic/parse-profile.ts';
import { pacingNotes } from './pacing-notes.ts';

t.test('a part of a profile is reported in rounded seconds', async (t) => {
  const part = { frames: 10, bytes: 1000, sentUs: 660_000 };
  const pacing = { dueUs: 750_000, sentUs: 660_000, p50Us: 0, p99Us: 0, maxUs: 0, parts: [part] };
  const result = { pacing, ledger: { framesSent: 10 } } as unknown as Parameters<typeof pacingNotes>[0];
  const profile = { kind: 'profile', ...parseProfile('bursts=1kpps/100ms/200ms/3', '--profile') } as const;
  const [note] = pacingNotes(result, profile);
  t.match(note!.text, /in 0\.66 s of 0\.90 s$/);
});
