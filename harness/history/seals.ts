/**
 * A seal is a hash of all that is stored of an entry, as the database gives it: an altered row is seen, whether its report is there or
 * not. It is no signature: whoever can write can seal again. What a seal covers is named here; a column that comes later is part of it
 * once a migration seals every entry again.
 */
import type { Kysely } from 'kysely';
import { digest } from './entry.ts';
import { chunked } from './insert-rows.ts';
import type { BatchRow, BatchRunRow, FigureRow, HistoryTables, LimitRow, RunRow } from './tables.ts';

const batchColumns = [
  ...['id', 'project', 'kind', 'started_at', 'duration_ms', 'tool', 'command', 'exit_code', 'headline'],
  ...['commit_id', 'subject', 'branch', 'dirty', 'base_label', 'base_commit'],
] as (keyof BatchRow)[];
const runColumns = [
  ...['id', 'home_id', 'project', 'scenario', 'lane', 'defect', 'started_at', 'duration_ms', 'target'],
  ...['target_version', 'machine', 'definition', 'exit_code', 'headline', 'partial'],
] as (keyof RunRow)[];
const figureColumns = ['name', 'unit', 'bound', 'state', 'value', 'low', 'high', 'note'] as const;
const limitColumns = ['name', 'unit', 'bound', 'limit_value', 'actual', 'state', 'note'] as const;

export type SealedTable = 'batches' | 'runs';

/** As many as are read at a time. */
const idsPerPage = 500;

/** How a store of one version says which batch has which run. */
export interface Layout {
  readonly home: string;
  membersOf(
    database: Kysely<HistoryTables>,
    batchIds: readonly string[],
  ): Promise<readonly Pick<BatchRunRow, 'batch_id' | 'run_id'>[]>;
}

const layoutNow: Layout = {
  home: 'home_id',
  membersOf: (database, ids) => database.selectFrom('batch_runs').selectAll().where('batch_id', 'in', ids).execute(),
};

/** Seals as the rows are now, by identity. */
export function sealsOf(
  database: Kysely<HistoryTables>,
  table: SealedTable,
  ids: readonly string[],
  layout = layoutNow,
): Promise<Map<string, string>> {
  return table === 'batches' ? batchSeals(database, ids, layout) : runSeals(database, ids, layout);
}

async function batchSeals(
  database: Kysely<HistoryTables>,
  ids: readonly string[],
  { membersOf }: Layout,
): Promise<Map<string, string>> {
  const batches = await database.selectFrom('batches').selectAll().where('id', 'in', ids).execute();
  const members = Map.groupBy(await membersOf(database, ids), ({ batch_id }) => batch_id);
  return new Map(
    batches.map((batch) => {
      const own = (members.get(batch.id) ?? []).map(({ run_id }) => run_id).sort();
      return [batch.id, digest([textOf(batch, batchColumns), ...own].join('\n'))];
    }),
  );
}

async function runSeals(
  database: Kysely<HistoryTables>,
  ids: readonly string[],
  { home }: Layout,
): Promise<Map<string, string>> {
  const columns = runColumns.map((name) => (name === 'home_id' ? (home as 'home_id') : name));
  const runs = await database.selectFrom('runs').selectAll().where('id', 'in', ids).execute();
  const figures = await database.selectFrom('figures').selectAll().where('run_id', 'in', ids).execute();
  const limits = await database.selectFrom('limits').selectAll().where('run_id', 'in', ids).execute();
  const figuresOf = Map.groupBy(figures, ({ run_id }) => run_id);
  const limitsOf = Map.groupBy(limits, ({ run_id }) => run_id);
  return new Map(
    runs.map((run) => {
      const parts = [
        textOf(run, columns),
        ...(figuresOf.get(run.id) ?? []).map((row: FigureRow) => textOf(row, figureColumns)).sort(),
        '',
        ...(limitsOf.get(run.id) ?? []).map((row: LimitRow) => textOf(row, limitColumns)).sort(),
      ];
      return [run.id, digest(parts.join('\n'))];
    }),
  );
}

function textOf<Row extends object>(row: Row, columns: readonly (keyof Row)[]): string {
  return JSON.stringify(columns.map((column) => row[column] ?? null));
}

/** Seals entries as they are now: in the transaction that changed them. */
export async function seal(
  transaction: Kysely<HistoryTables>,
  table: SealedTable,
  ids: readonly string[],
  layout?: Layout,
): Promise<void> {
  for (const some of chunked(ids)) {
    for (const [id, value] of await sealsOf(transaction, table, some, layout)) {
      await transaction.updateTable(table).set({ seal: value }).where('id', '=', id).execute();
    }
  }
}

/** Identities of a table, some at a time. */
export async function* pagesOf(
  database: Kysely<HistoryTables>,
  table: SealedTable,
): AsyncGenerator<readonly (Pick<BatchRow, 'id'> & { readonly seal: string | null })[]> {
  let last = '';
  for (;;) {
    const rows = await database
      .selectFrom(table)
      .select(['id', 'seal'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(idsPerPage)
      .execute();
    if (rows.length > 0) yield rows;
    if (rows.length < idsPerPage) return;
    last = rows.at(-1)!.id;
  }
}
