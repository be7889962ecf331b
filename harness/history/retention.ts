/** What a history keeps, and the removal of the rest (docs/history.md). */
import { type SelectQueryBuilder, sql, type Transaction } from 'kysely';
import { seal } from './seals.ts';
import type { HistoryTables } from './tables.ts';

export interface Retention {
  /** Runs that began before it are removed: ISO 8601. */
  readonly before: string;
  /** Whole reports of as many runs and comparisons, the latest, are kept; figures stay. */
  readonly reports: number;
  /** As many runs as a page could be made of. */
  readonly runs: number;
}

export interface Pruned {
  readonly batches: number;
  readonly bodies: number;
}

/** In one transaction: a batch stays whole, or goes. A run goes with the last batch that has it. */
export async function prune(
  transaction: Transaction<HistoryTables>,
  project: string,
  { before, reports, runs }: Retention,
): Promise<Pruned> {
  // Of a run the latest batch counts: as long as that stays, it does.
  const beyond = await transaction
    .selectFrom('batch_runs')
    .innerJoin('batches', 'batches.id', 'batch_runs.batch_id')
    .select(({ fn }) => fn.max('batches.started_at').as('started_at'))
    .where('batches.project', '=', project)
    .groupBy('batch_runs.run_id')
    .orderBy('started_at', 'desc')
    .offset(runs)
    .limit(1)
    .executeTakeFirst();
  const first = beyond !== undefined && beyond.started_at >= before ? `${beyond.started_at}~` : before;
  const old = transaction
    .selectFrom('batches')
    .select('id')
    .where('project', '=', project)
    .where('started_at', '<', first);
  await findNewHomes(transaction, old);
  const going = transaction.selectFrom('runs').select('id').where('home_id', 'in', old);
  const comparisons = old.where('kind', '=', 'compare');
  await transaction
    .deleteFrom('bodies')
    .where((expression) => expression.or([expression('id', 'in', comparisons), expression('id', 'in', going)]))
    .execute();
  const removed = await transaction
    .deleteFrom('batches')
    .where('project', '=', project)
    .where('started_at', '<', first)
    .executeTakeFirst();
  return { batches: Number(removed.numDeletedRows), bodies: await pruneBodies(transaction, project, reports) };
}

type BatchIds = SelectQueryBuilder<HistoryTables, 'batches', { id: string }>;

/** Runs of batches that go, which another batch has as well, belong to that one from now on. */
async function findNewHomes(transaction: Transaction<HistoryTables>, old: BatchIds): Promise<void> {
  const moving = await transaction
    .selectFrom('runs')
    .innerJoin('batch_runs', 'batch_runs.run_id', 'runs.id')
    .select(({ fn }) => ['runs.id', fn.min('batch_runs.batch_id').as('home')])
    .where('runs.home_id', 'in', old)
    .where('batch_runs.batch_id', 'not in', old)
    .groupBy('runs.id')
    .execute();
  for (const { id, home } of moving) {
    await transaction.updateTable('runs').set({ home_id: home }).where('id', '=', id).execute();
  }
  await seal(
    transaction,
    'runs',
    moving.map(({ id }) => id),
  );
}

/** @returns how many were removed */
async function pruneBodies(transaction: Transaction<HistoryTables>, project: string, kept: number): Promise<number> {
  const latest = (table: 'runs' | 'batches') =>
    transaction
      .selectFrom(table)
      .select('id')
      .where('project', '=', project)
      .orderBy('started_at', 'desc')
      .orderBy('id')
      .offset(kept)
      // SQLite takes an offset behind a limit alone.
      .limit(2_147_483_647);
  const comparisonIds = transaction.selectFrom('batches').select('id').where('kind', '=', 'compare');
  // What is left says that it was removed, and not lost.
  const emptied = transaction
    .updateTable('bodies')
    .set({ body: Buffer.alloc(0) })
    .where(sql`length(body)`, '>', 0);
  const runs = await emptied.where('id', 'in', latest('runs')).where('id', 'not in', comparisonIds).executeTakeFirst();
  const comparisons = await emptied
    .where('id', 'in', latest('batches'))
    .where('id', 'in', comparisonIds)
    .executeTakeFirst();
  return Number(runs.numUpdatedRows) + Number(comparisons.numUpdatedRows);
}
