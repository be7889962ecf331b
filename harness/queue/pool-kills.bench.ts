/**
 * A pool whose workers are killed and whose Redis is restarted, at random: `node harness/queue/pool-kills.bench.ts [--cells 60] [--workers 3]
 * [--kills 30] [--restarts 2] [--seed 1]`. Ends with 1 where a cell has no result, or a process is left.
 */
import { parseArgs } from 'node:util';
import { killPool } from './queue-trial.ts';
import { startRedis } from './redis-fixture.ts';

const { values: flags } = parseArgs({
  options: {
    cells: { type: 'string', default: '60' },
    workers: { type: 'string', default: '3' },
    kills: { type: 'string', default: '30' },
    restarts: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
});
const [cells, workers, kills, restarts, seed] = [
  flags.cells,
  flags.workers,
  flags.kills,
  flags.restarts,
  flags.seed,
].map(Number) as [number, number, number, number, number];

const server = await startRedis();
if (server === undefined) {
  console.log('Redis is not installed: apt-get install redis-server');
} else {
  try {
    const startedMs = performance.now();
    const say = (line: string) => process.stderr.write(`${line}\n`);
    const outcome = await killPool({ server, cells, workers, kills, restarts, seed, say });
    const { hits, begun, surplus, measured, missing, verdict, left } = outcome;
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    console.log(
      `seed ${seed}, ${seconds} s: ${workers} workers killed ${kills} times (${hits} while they measured), Redis killed and restarted ${restarts} times; ` +
        `${begun} runs begun, ${measured} of ${cells} cells have a result, each once; ${surplus} second results not stored; missing: ${missing.length}; ` +
        `merge: ${verdict}; processes left: ${left.length}`,
    );
    if (missing.length > 0 || measured !== cells || left.length > 0 || verdict === 'none') process.exitCode = 1;
  } finally {
    await server.remove();
  }
}
