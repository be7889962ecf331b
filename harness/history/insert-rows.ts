/** Rows into tables of a history, as many in a statement as both databases take. */
import { sql, type Transaction } from 'kysely';
import type { BodyRow, HistoryTables } from './tables.ts';

/** Rows of one statement: SQLite takes 32,766 values, PostgreSQL 65,535. */
const rowsPerStatement = 500;

/** As many at a time as one statement takes. */
export function chunked<T>(all: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < all.length; at += rowsPerStatement) chunks.push(all.slice(at, at + rowsPerStatement));
  return chunks;
}

/** One that is there already stays as it is. */
export async function insertAll(
  transaction: Transaction<HistoryTables>,
  table: Exclude<keyof HistoryTables, 'bodies'>,
  rows: readonly object[],
): Promise<void> {
  for (const some of chunked(rows)) {
    await transaction
      .insertInto(table)
      .values(some as never)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** One that retention had emptied is there again with its run. */
export async function insertBodies(transaction: Transaction<HistoryTables>, rows: readonly BodyRow[]): Promise<void> {
  for (const some of chunked(rows)) {
    await transaction
      .insertInto('bodies')
      .values(some)
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet({ body: ({ ref }) => ref('excluded.body') })
          .where(sql`length(bodies.body)`, '=', 0),
      )
      .execute();
  }
}
