/** The short form; the long one is `node harness/queue/pool-kills.bench.ts`. */
import t from 'tap';
import { killPool } from './queue-trial.ts';
import { withRedis } from './redis-fixture.ts';

t.setTimeout(300_000);

t.test(
  'workers that are killed and a server that is restarted: every cell is measured, once, and nothing is left',
  async (t) => {
    await withRedis(t, [], async (server) => {
      const outcome = await killPool({ server, cells: 4, workers: 2, kills: 2, restarts: 1, seed: 1 });
      t.match(outcome, { measured: 4, missing: [], verdict: 'All 4 scenarios within budget', left: [] });
      t.comment(`${outcome.begun} runs begun, ${outcome.hits} of ${outcome.kills} kills hit one`);
    });
  },
);
