/** Opens a history: makes it where there is none, brings an older one up to date, and refuses what is not one. */
import { accessSync, constants, lstatSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Kysely, sql, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { FloodgateError } from '../../agent/errors.ts';
import { hideFromGit } from '../project/own-folder.ts';
import { HistoryStore } from './history-store.ts';
import { migrationsFor } from './migrations.ts';
import { openPostgres } from './postgres-pool.ts';
import { bringTablesHome, enterSchema, refuseForeignSchema, schemaName } from './postgres-schema.ts';
import { nodeSqliteDialect } from './sqlite-dialect.ts';
import { type StoreAddress, shownAddress } from './store-address.ts';
import { foreignStore, storeFault } from './store-fault.ts';
import { type HistoryTables, type TableName, tablesAfter } from './tables.ts';

/** How long a writer waits for another: storing a run takes less than a second. */
const busyMs = 10_000;
/** `FLOO` and `DGAT`: how a file says that it is ours (sqlite.org/pragma.html#pragma_application_id), and how migrations are locked. */
const applicationId = 0x464c_4f4f;
const lockId = 0x4447_4154;

/** SQLSTATE of every statement behind the one that failed. */
const abortedState = '25P02';

export interface OpenOptions {
  /** Where there is none: `make` one, or refuse; one that is only read may lie where nothing can be written. */
  readonly absent: 'make' | 'refuse';
}

/** @throws FloodgateError `store-…` with what to do */
export async function openStore(address: StoreAddress, { absent }: OpenOptions): Promise<HistoryStore> {
  try {
    const errors: unknown[] = [];
    const database =
      address.kind === 'sqlite' ? await openSqlite(address, absent) : await openPostgres(address.url, errors);
    try {
      await bringUpToDate(database, address, absent);
    } catch (error) {
      await database.destroy();
      throw (error as { code?: string }).code === abortedState ? errors[0] : error;
    }
    const tables = address.kind === 'sqlite' ? database : database.withSchema(schemaName);
    return new HistoryStore(tables, address);
  } catch (error) {
    throw storeFault(address, error);
  }
}

const absence = (address: StoreAddress) =>
  new FloodgateError('store-missing', `there is no history yet: ${shownAddress(address)}`, {
    hint: 'floodgate run and floodgate gate store what they measure; floodgate history add DIR stores a report.',
  });

async function openSqlite(
  address: Extract<StoreAddress, { kind: 'sqlite' }>,
  absent: OpenOptions['absent'],
): Promise<Kysely<HistoryTables>> {
  const { file, isOurs } = address;
  // An empty file is no history yet, and whoever reads makes none of it.
  if (absent === 'refuse' && !statSync(file, { throwIfNoEntry: false })?.size) throw absence(address);
  const isFixed = absent === 'refuse' && !isWritable(path.dirname(file));
  if (isFixed) refuseUnfinished(address);
  else if (isOurs) prepareFolder(path.dirname(file));
  const { DatabaseSync: Database } = await import('node:sqlite').catch(() => {
    throw new FloodgateError('store-driver-missing', `Node.js ${process.version} has no SQLite`, {
      hint: 'Run floodgate with the runtime that comes with it, or with Node.js 24 or newer.',
    });
  });
  const database = isFixed
    ? new Database(fixedUrl(file), { timeout: busyMs, readOnly: true })
    : new Database(file, { timeout: busyMs });
  try {
    claim(database, address, { isFixed });
  } catch (error) {
    database.close();
    throw error;
  }
  return new Kysely({ dialect: nodeSqliteDialect(database) });
}

/** Where nobody can write, SQLite cannot keep its list of readers either: it is said that nobody writes (sqlite.org/wal.html#readonly). */
function fixedUrl(file: string): URL {
  const url = pathToFileURL(file);
  url.search = 'immutable=1';
  return url;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a writer has committed, and not yet brought into the file, would be left out. @throws FloodgateError `store-unwritable` */
function refuseUnfinished(address: Extract<StoreAddress, { kind: 'sqlite' }>): void {
  const log = `${address.file}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  throw new FloodgateError(
    'store-unwritable',
    `the history ${shownAddress(address)} cannot be read: its latest entries lie in ${path.basename(log)}, and its folder is read-only`,
    { hint: 'Copy both files to a folder that can be written to, and name it: FLOODGATE_STORE=FILE.' },
  );
}

/** Nobody else may have put a link, or a database, where we write without being asked. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isTrusted(folder)) {
    throw new FloodgateError('store-untrusted', `${folder} is a link, another user's, or writable for everyone`, {
      hint: 'Nothing is stored there. Remove it, or name another place: store in floodgate.config.*, or FLOODGATE_STORE.',
    });
  }
  hideFromGit(folder);
}

function isTrusted(folder: string): boolean {
  if (process.platform === 'win32') return true;
  const stat = lstatSync(folder);
  const trusted = [0, process.geteuid!(), Number(process.env.SUDO_UID ?? -1)];
  return stat.isDirectory() && trusted.includes(stat.uid) && (stat.mode & 0o002) === 0;
}

/** A new file becomes ours; one of another program is left alone. */
function claim(database: DatabaseSync, address: StoreAddress, { isFixed }: { readonly isFixed: boolean }): void {
  const pragma = (text: string) => Object.values(database.prepare(`pragma ${text}`).get() ?? {})[0];
  if (pragma('application_id') !== applicationId) {
    const { count } = database.prepare('select count(*) as count from sqlite_master').get() as { count: number };
    if (count > 0) throw foreignStore(address, 'it is a database of another program');
    if (isFixed) throw absence(address);
    database.exec(`pragma application_id = ${applicationId}`);
  }
  // A file that came with a checkout may have functions in its views and triggers.
  database.exec('pragma trusted_schema = off');
  if (isFixed) return;
  // Readers and one writer at a time; what was committed has reached the disk.
  pragma('journal_mode = wal');
  database.exec('pragma synchronous = full; pragma foreign_keys = on');
}

/** One process at a time, in one transaction: a store is of one version, or of the next. */
async function bringUpToDate(
  database: Kysely<HistoryTables>,
  address: StoreAddress,
  absent: OpenOptions['absent'],
): Promise<void> {
  const known = migrationsFor(address.kind);
  if (await isCurrent(database, address, known)) return;
  await database.transaction().execute(async (transaction) => {
    if (address.kind === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(lockId)})`.execute(transaction);
    const applied = await appliedMigrations(transaction, address, known);
    const missing = await missingTables(transaction, address, applied);
    if (address.kind === 'postgres' && applied === undefined && missing.length > 0) {
      await refuseForeignSchema(transaction, address);
    }
    await refuseMissing(transaction, address, { applied, missing });
    if (applied === undefined && absent === 'refuse') throw absence(address);
    if (address.kind === 'postgres') await enterSchema(transaction, address);
    const { error } = await new Migrator({
      db: transaction,
      provider: { getMigrations: async () => known },
      ...(address.kind === 'postgres' && { migrationTableSchema: schemaName }),
    }).migrateToLatest();
    if (error !== undefined) throw error;
  });
}

/** Asked without the write lock: most stores are, and a reader waits for no writer. */
async function isCurrent(database: Kysely<HistoryTables>, address: StoreAddress, known: object): Promise<boolean> {
  const applied = await appliedMigrations(database, address, known);
  const isLatest = applied?.length === Object.keys(known).length;
  return isLatest && (await missingTables(database, address, applied)).length === 0;
}

type Database = Kysely<HistoryTables> | Transaction<HistoryTables>;

interface Found {
  readonly applied: readonly string[] | undefined;
  readonly missing: readonly TableName[];
}

/** A store that was made has all of its tables. @throws FloodgateError `store-corrupt` */
async function refuseMissing(
  transaction: Transaction<HistoryTables>,
  address: StoreAddress,
  { applied, missing }: Found,
): Promise<void> {
  const expected = tablesAfter(applied ?? []);
  const isEmpty = missing.length === expected.length;
  if (applied === undefined ? isEmpty : missing.length === 0) return;
  if (address.kind === 'postgres' && isEmpty) return bringTablesHome(transaction, address, expected);
  const names = applied === undefined ? [migrationTable, ...missing] : missing;
  const why = `it has no table ${names.map((name) => `"${name}"`).join(', ')}`;
  throw new FloodgateError('store-corrupt', `the history ${shownAddress(address)} is damaged: ${why}`, {
    hint: 'Put a copy in its place, or move it away and begin anew; nothing was written into it.',
  });
}

async function missingTables(
  database: Database,
  { kind }: StoreAddress,
  applied: readonly string[] = [],
): Promise<TableName[]> {
  const { rows } = await (kind === 'sqlite'
    ? sql<{ name: string }>`select name from sqlite_master where type = 'table'`
    : sql<{ name: string }>`select tablename as name from pg_catalog.pg_tables where schemaname = ${schemaName}`
  ).execute(database);
  const there = new Set(rows.map(({ name }) => name));
  return tablesAfter(applied).filter((name) => !there.has(name));
}

/** The migrator's own, where it keeps the names of those that were applied. */
const migrationTable = 'kysely_migration';
/** Since the first version: a table of that name without it is another program's, which uses the same migrator. */
const firstMigration = '0001-runs';
/** SQLSTATE of a column that is not there. */
const noColumnState = '42703';

/** Undefined where the migrator keeps no table. @throws FloodgateError `store-newer`, `store-foreign` */
async function appliedMigrations(
  database: Database,
  address: StoreAddress,
  known: object,
): Promise<string[] | undefined> {
  const isSqlite = address.kind === 'sqlite';
  // pg_tables lists what a user may not read as well.
  const found = isSqlite
    ? await sql`select 1 from sqlite_master where type = 'table' and name = ${migrationTable}`.execute(database)
    : await sql`select 1 from pg_catalog.pg_tables where schemaname = ${schemaName} and tablename = ${migrationTable}`.execute(
        database,
      );
  if (found.rows.length === 0) return undefined;
  const place = isSqlite ? sql.table(migrationTable) : sql.table(`${schemaName}.${migrationTable}`);
  const applied = await sql<{ name: unknown }>`select name from ${place}`.execute(database).then(
    ({ rows }) => rows.map(({ name }) => String(name)),
    (error): string[] => {
      if ((error as { code?: string }).code === noColumnState) return [];
      throw error;
    },
  );
  if (!applied.includes(firstMigration))
    throw foreignStore(address, `its table "${migrationTable}" is another program's`);
  const newer = applied.find((name) => !Object.hasOwn(known, name));
  if (newer !== undefined) throw tooNew(address, newer);
  return applied;
}

function tooNew(address: StoreAddress, name: string): FloodgateError {
  return new FloodgateError(
    'store-newer',
    `the history ${shownAddress(address)} was written by a newer floodgate (${name})`,
    { hint: 'Update floodgate. This version writes nothing into it.' },
  );
}
