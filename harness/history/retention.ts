/** What a history keeps, and the removal of the rest (docs/history.md). */
import { sql, type Transaction } from 'kysely';
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

/** In one transaction: a batch stays whole, or goes. */
export async function prune(
  transaction: Transaction<HistoryTables>,
  project: string,
  { before, reports, runs }: Retention,
): Promise<Pruned> {
  const beyond = await transaction
    .selectFrom('runs')
    .innerJoin('batches', 'batches.id', 'runs.batch_id')
    .select('batches.started_at')
    .where('runs.project', '=', project)
    .orderBy('batches.started_at', 'desc')
    .offset(runs)
    .limit(1)
    .executeTakeFirst();
  const first = beyond !== undefined && beyond.started_at >= before ? `${beyond.started_at}~` : before;
  const old = transaction
    .selectFrom('batches')
    .select('id')
    .where('project', '=', project)
    .where('started_at', '<', first);
  await transaction
    .deleteFrom('bodies')
    .where((expression) =>
      expression.or([
        expression('id', 'in', old),
        expression('id', 'in', transaction.selectFrom('runs').select('id').where('batch_id', 'in', old)),
      ]),
    )
    .execute();
  const removed = await transaction
    .deleteFrom('batches')
    .where('project', '=', project)
    .where('started_at', '<', first)
    .executeTakeFirst();
  return { batches: Number(removed.numDeletedRows), bodies: await pruneBodies(transaction, project, reports) };
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
