/**
 * The tables' history: a store of an older version is brought up to date when it is opened, in one transaction. A migration that was
 * released is never edited; a change is another one, whose name sorts last.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { type Layout, pagesOf, seal } from './seals.ts';
import type { HistoryTables } from './tables.ts';

type StoreKind = 'sqlite' | 'postgres';

/** By name, in order. */
export function migrationsFor(kind: StoreKind): Record<string, Migration> {
  return {
    '0001-runs': { up: (db) => createRuns(db, kind) },
    '0002-commit-subject': { up: addSubject },
    '0003-removed-bodies': { up: (db) => markRemovedBodies(db, kind) },
    '0004-seals': { up: sealAll },
    '0005-batch-runs': { up: shareRuns },
  };
}

async function createRuns(db: Kysely<unknown>, kind: StoreKind): Promise<void> {
  await db.schema
    .createTable('batches')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('duration_ms', 'double precision', (column) => column.notNull())
    .addColumn('tool', 'text', (column) => column.notNull())
    .addColumn('command', 'text', (column) => column.notNull())
    .addColumn('exit_code', 'integer', (column) => column.notNull())
    .addColumn('headline', 'text', (column) => column.notNull())
    .addColumn('commit_id', 'text')
    .addColumn('branch', 'text')
    .addColumn('dirty', 'integer', (column) => column.notNull())
    .addColumn('base_label', 'text')
    .addColumn('base_commit', 'text')
    .execute();
  await db.schema
    .createTable('runs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('batch_id', 'text', (column) => column.notNull().references('batches.id').onDelete('cascade'))
    .addColumn('project', 'text', (column) => column.notNull())
    .addColumn('scenario', 'text', (column) => column.notNull())
    .addColumn('lane', 'text', (column) => column.notNull())
    .addColumn('defect', 'text')
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('duration_ms', 'double precision', (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('target_version', 'text', (column) => column.notNull())
    .addColumn('machine', 'text', (column) => column.notNull())
    .addColumn('definition', 'text', (column) => column.notNull())
    .addColumn('exit_code', 'integer', (column) => column.notNull())
    .addColumn('headline', 'text', (column) => column.notNull())
    .addColumn('partial', 'integer', (column) => column.notNull())
    .execute();
  await createFigures(db, kind);
  await db.schema.createIndex('batches_by_time').on('batches').columns(['project', 'started_at']).execute();
  await db.schema.createIndex('runs_by_time').on('runs').columns(['project', 'started_at']).execute();
  await db.schema.createIndex('runs_by_batch').on('runs').column('batch_id').execute();
}

async function createFigures(db: Kysely<unknown>, kind: StoreKind): Promise<void> {
  await db.schema
    .createTable('figures')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('unit', 'text', (column) => column.notNull())
    .addColumn('bound', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('value', 'double precision')
    .addColumn('low', 'double precision')
    .addColumn('high', 'double precision')
    .addColumn('note', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('figures_key', ['run_id', 'name'])
    .execute();
  await db.schema
    .createTable('limits')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('unit', 'text', (column) => column.notNull())
    .addColumn('bound', 'text', (column) => column.notNull())
    .addColumn('limit_value', 'double precision', (column) => column.notNull())
    .addColumn('actual', 'double precision')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('note', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('limits_by_run').on('limits').columns(['run_id', 'name']).execute();
  await db.schema
    .createTable('bodies')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('body', kind === 'sqlite' ? 'blob' : 'bytea', (column) => column.notNull())
    .execute();
}

/** A page that names a commit says what it did. */
async function addSubject(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('batches').addColumn('subject', 'text').execute();
}

/** What retention has removed until now is known as such from now on: a body that is empty was removed, one that is missing was lost. */
async function markRemovedBodies(db: Kysely<unknown>, kind: StoreKind): Promise<void> {
  const empty = kind === 'sqlite' ? sql`zeroblob(0)` : sql`''::bytea`;
  for (const ids of [sql`select id from runs`, sql`select id from batches where kind = 'compare'`]) {
    await sql`insert into bodies (id, body) select id, ${empty} from (${ids}) as every where id not in (select id from bodies)`.execute(
      db,
    );
  }
}

/** Until 0005. */
const oneBatchARun: Layout = {
  home: 'batch_id',
  membersOf: async (database, ids) => {
    const query = sql<{ batch_id: string; run_id: string }>`select batch_id, id as run_id from runs
      where batch_id in (${sql.join([...ids])})`;
    return (await query.execute(database)).rows;
  },
};

/** What is there counts as what was stored. */
async function sealAll(db: Kysely<unknown>): Promise<void> {
  for (const table of ['batches', 'runs'] as const) {
    await db.schema.alterTable(table).addColumn('seal', 'text').execute();
  }
  const tables = db as Kysely<HistoryTables>;
  for (const table of ['batches', 'runs'] as const) {
    for await (const rows of pagesOf(tables, table)) {
      await seal(
        tables,
        table,
        rows.map(({ id }) => id),
        oneBatchARun,
      );
    }
  }
}

/**
 * A run may be a part of several batches. The column's new name refuses a writer of the version before that has the store open. Seals hold
 * what they held.
 */
async function shareRuns(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('runs').renameColumn('batch_id', 'home_id').execute();
  await db.schema
    .createTable('batch_runs')
    .addColumn('batch_id', 'text', (column) => column.notNull().references('batches.id').onDelete('cascade'))
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('batch_runs_key', ['batch_id', 'run_id'])
    .execute();
  await db.schema.createIndex('batch_runs_by_run').on('batch_runs').column('run_id').execute();
  await sql`insert into batch_runs (batch_id, run_id) select home_id, id from runs`.execute(db);
}
