/** The schema of a history in PostgreSQL: where its tables are, and the repair of a store whose tables an older floodgate made elsewhere. */
import { sql, type Transaction } from 'kysely';
import { FloodgateError } from '../../agent/errors.ts';
import { type StoreAddress, shownAddress } from './store-address.ts';
import { foreignStore } from './store-fault.ts';
import type { HistoryTables, TableName } from './tables.ts';

/** Tables have a schema of their own: the database may have others. */
export const schemaName = 'floodgate';

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A schema of that name that holds anything, and no table of ours, is another program's. @throws FloodgateError `store-foreign` */
export async function refuseForeignSchema(
  transaction: Transaction<HistoryTables>,
  address: StoreAddress,
): Promise<void> {
  // Whatever lies in a schema depends on it (postgresql.org/docs/current/catalog-pg-depend.html); default privileges do so in another way.
  const { rows } = await sql<{ what: string }>`
    select pg_describe_object(d.classid, d.objid, d.objsubid) as what
    from pg_catalog.pg_depend d
    join pg_catalog.pg_namespace n on n.oid = d.refobjid and d.refclassid = 'pg_catalog.pg_namespace'::regclass
    where n.nspname = ${schemaName} and d.deptype = 'n' order by what limit 1`.execute(transaction);
  const what = rows[0]?.what;
  if (what !== undefined) throw foreignStore(address, `its schema "${schemaName}" is another program's (${what})`);
}

/** Makes the schema where there is none, and makes it the only one that a migration of this transaction sees: a user's search path names others. */
export async function enterSchema(transaction: Transaction<HistoryTables>, address: StoreAddress): Promise<void> {
  const { rows } = await sql`select 1 from pg_catalog.pg_namespace where nspname = ${schemaName}`.execute(transaction);
  // "If not exists" asks for the right to create one even where it is there.
  if (rows.length === 0) await createSchema(transaction, address);
  await sql`set local search_path to ${sql.id(schemaName)}`.execute(transaction);
}

async function createSchema(transaction: Transaction<HistoryTables>, address: StoreAddress): Promise<void> {
  try {
    await sql`create schema ${sql.id(schemaName)}`.execute(transaction);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== '42501') throw error;
    throw new FloodgateError('store-refused', `the history ${shownAddress(address)} cannot be made: ${message}`, {
      hint: `Let its owner make the schema: CREATE SCHEMA ${schemaName} AUTHORIZATION USER; or GRANT CREATE ON DATABASE … TO USER.`,
      cause: error,
    });
  }
}

/**
 * Brings our tables into our schema: before 30 November 2026 they were made where the user's search path led.
 * @throws FloodgateError `store-corrupt` where they are in no other schema, or in several
 */
export async function bringTablesHome(
  transaction: Transaction<HistoryTables>,
  address: StoreAddress,
  names: readonly TableName[],
): Promise<void> {
  const homes = await schemasWithOurTables(transaction, names);
  if (homes.length !== 1) {
    const where = homes.length === 0 ? 'no schema has them' : `${homes.map(quoted).join(' and ')} have them`;
    throw new FloodgateError(
      'store-corrupt',
      `the history ${shownAddress(address)} is damaged: its schema "${schemaName}" has none of its tables, and ${where}`,
      {
        hint:
          homes.length === 0
            ? `Restore a copy; or begin anew: DROP SCHEMA ${schemaName} CASCADE.`
            : `Bring the right ones there: ${names.map((name) => `ALTER TABLE "…".${name} SET SCHEMA ${schemaName};`).join(' ')}`,
      },
    );
  }
  for (const name of names) {
    await sql`alter table ${sql.id(homes[0]!, name)} set schema ${sql.id(schemaName)}`.execute(transaction);
  }
}

/** Columns that every version had, of each table: a table of the same name may be another program's. */
const ownColumns: Readonly<Record<TableName, readonly string[]>> = {
  batches: ['id', 'project', 'kind', 'started_at', 'tool', 'exit_code', 'headline', 'commit_id', 'base_commit'],
  runs: ['id', 'scenario', 'lane', 'defect', 'machine', 'definition', 'headline', 'partial'],
  figures: ['run_id', 'name', 'unit', 'bound', 'state', 'value', 'low', 'high', 'note'],
  limits: ['run_id', 'name', 'unit', 'bound', 'limit_value', 'actual', 'state', 'note'],
  bodies: ['id', 'body'],
  batch_runs: ['batch_id', 'run_id'],
};

async function schemasWithOurTables(
  transaction: Transaction<HistoryTables>,
  names: readonly TableName[],
): Promise<string[]> {
  const { rows } = await sql<{ schema: string; name: string; column: string }>`
    select n.nspname as schema, c.relname as name, a.attname as column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and c.relname in (${sql.join([...names])}) and n.nspname <> ${schemaName}`.execute(
    transaction,
  );
  const found = new Set(rows.map(({ schema, name, column }) => JSON.stringify([schema, name, column])));
  return [...new Set(rows.map(({ schema }) => schema))]
    .filter((schema) =>
      names.every((name) => ownColumns[name].every((column) => found.has(JSON.stringify([schema, name, column])))),
    )
    .sort();
}
