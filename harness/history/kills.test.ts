/** The short form; the long one is `node harness/history/kills.bench.ts`. */
import path from 'node:path';
import t, { type Test } from 'tap';
import { type KillOutcome, killWriters } from './kill-trial.ts';
import { withPostgres } from './postgres-fixture.ts';

t.setTimeout(300_000);
const kills = 8;

function held(t: Test, { reported, stored, lost, halves, faults }: KillOutcome): void {
  t.ok(reported >= kills / 2 && stored >= reported, `${reported} reported, ${stored} stored`);
  t.same({ lost, halves, faults }, { lost: [], halves: [], faults: [] });
}

t.test('SQLite: two writers that are killed lose nothing that was stored', async (t) => {
  held(
    t,
    await killWriters({
      address: { kind: 'sqlite', file: path.join(t.testdir(), 'history.db'), isOurs: false },
      kills,
      seed: 1,
    }),
  );
});

t.test('PostgreSQL: neither do they there', async (t) => {
  await withPostgres(t, async (url) =>
    held(t, await killWriters({ address: { kind: 'postgres', url }, kills, seed: 2 })),
  );
});
