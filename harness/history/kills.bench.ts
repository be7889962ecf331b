/**
 * Two writers of one history, killed at random 200 times in each database; in PostgreSQL every twentieth time the server is killed too:
 * `node harness/history/kills.bench.ts [--kills 200] [--seed 1] [--only sqlite|postgres]`. Ends with 1 where anything that was reported stored is lost, or not whole.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type KillOutcome, killWriters } from './kill-trial.ts';
import { startPostgres } from './postgres-fixture.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const [kills, seed] = [Number(flags.kills), Number(flags.seed)];

function say(database: string, { lost, halves, faults, ...counts }: KillOutcome): void {
  const { kills: done, reported, stored } = counts;
  console.log(
    `${database}: ${done} kills, ${reported} entries reported stored, ${stored} there; lost ${lost.length}, not whole ${halves.length}, faults ${faults.length}`,
  );
  if (lost.length + halves.length + faults.length > 0) process.exitCode = 1;
}

async function killInSqlite(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-kills-'));
  try {
    const address = { kind: 'sqlite', file: path.join(folder, 'history.db'), isOurs: false } as const;
    say('SQLite', await killWriters({ address, kills, seed }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function killInPostgres(): Promise<void> {
  const server = await startPostgres();
  if (server === undefined) {
    console.log('PostgreSQL is not installed: apt-get install postgresql');
    return;
  }
  try {
    const address = { kind: 'postgres', url: server.url } as const;
    const restartServer = async () => {
      await server.kill();
      await server.start();
    };
    say('PostgreSQL', await killWriters({ address, kills, seed, restartServer }));
  } finally {
    await server.remove();
  }
}

if (flags.only !== 'postgres') await killInSqlite();
if (flags.only !== 'sqlite') await killInPostgres();
