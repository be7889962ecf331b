/** Whether rows of a history say what was stored: each is as its seal has it, each report that is kept is its name's content, and rows are made of it. */
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { Kysely } from 'kysely';
import { digest, type Entry, entryOf, reportBytesMax } from './entry.ts';
import { pagesOf, sealsOf } from './seals.ts';
import type { HistoryTables } from './tables.ts';

export interface Audit {
  /** Ten at most; empty where nothing is wrong. */
  readonly faults: readonly string[];
  /** Reports that were compared with their names and rows. */
  readonly compared: number;
  /** Entries whose report retention has removed, or that was too large: their rows are compared with their seal alone. */
  readonly removed: number;
}

const faultsMax = 10;

/** @param database of one moment: what is removed meanwhile would look like damage */
export async function auditEntries(database: Kysely<HistoryTables>): Promise<Audit> {
  const faults = await orphanedRows(database);
  let [compared, removed] = [0, 0];
  for (const table of ['runs', 'batches'] as const) {
    for await (const rows of pagesOf(database, table)) {
      const ids = rows.map(({ id }) => id);
      const seals = await sealsOf(database, table, ids);
      const withReport = new Set(table === 'runs' ? ids : await comparisonsOf(database, ids));
      for (const { id, seal } of rows) {
        // A report has megabytes: one at a time.
        const report = withReport.has(id) ? await reportFault(database, id) : undefined;
        if (report?.isRemoved) removed++;
        else if (report) compared++;
        const fault = report?.fault ?? sealFault(seal, seals.get(id));
        if (fault !== undefined) faults.push(`${id}: ${fault}`);
        if (faults.length === faultsMax) return { faults, compared, removed };
      }
    }
  }
  const strays = await strayReports(database);
  faults.push(...strays.map((id) => `${id}: its report is there, and the entry is gone`));
  return { faults: faults.slice(0, faultsMax), compared, removed };
}

function sealFault(stored: string | null, seal: string | undefined): string | undefined {
  if (seal === stored) return undefined;
  if (stored === null) return 'floodgate did not store it: it has no seal';
  return 'what is stored of it was altered';
}

/** Batches that have a report of their own beside their runs. */
async function comparisonsOf(database: Kysely<HistoryTables>, ids: readonly string[]): Promise<string[]> {
  const query = database.selectFrom('batches').select('id').where('id', 'in', ids).where('kind', '=', 'compare');
  return (await query.execute()).map(({ id }) => id);
}

/** Identities that rows of other tables may name. SQLite lets a key be null, and `not in` a list with a null is never true. */
const idsOf = (database: Kysely<HistoryTables>, table: 'runs' | 'batches') =>
  database.selectFrom(table).select('id').where('id', 'is not', null);

/** Tables with rows whose entry is gone. Constraints forbid them, and may have been off: during a restore, or by hand. */
async function orphanedRows(database: Kysely<HistoryTables>): Promise<string[]> {
  const ofRuns = (table: 'figures' | 'limits' | 'batch_runs') =>
    database.selectFrom(table).select('run_id').where('run_id', 'not in', idsOf(database, 'runs')).limit(1);
  const homes = database.selectFrom('runs').select('home_id').limit(1);
  const ofBatches = database
    .selectFrom('batch_runs')
    .select('batch_id')
    .where('batch_id', 'not in', idsOf(database, 'batches'));
  const found = {
    runs: await homes.where('home_id', 'not in', idsOf(database, 'batches')).execute(),
    figures: await ofRuns('figures').execute(),
    limits: await ofRuns('limits').execute(),
    batch_runs: [...(await ofRuns('batch_runs').execute()), ...(await ofBatches.limit(1).execute())],
  };
  const lost = await homes
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('batch_runs')
            .select('run_id')
            .whereRef('batch_runs.run_id', '=', 'runs.id')
            .whereRef('batch_runs.batch_id', '=', 'runs.home_id'),
        ),
      ),
    )
    .execute();
  const orphans = Object.entries(found)
    .filter(([, rows]) => rows.length > 0)
    .map(([table]) => `rows of "${table}" belong to an entry that is not there`);
  return orphans.length > 0 || lost.length === 0
    ? orphans
    : [`rows of "batch_runs" are gone: a run is no part of ${lost[0]!.home_id}, which stored it`];
}

async function strayReports(database: Kysely<HistoryTables>): Promise<string[]> {
  const rows = await database
    .selectFrom('bodies')
    .select('id')
    .where('id', 'not in', idsOf(database, 'runs'))
    .where('id', 'not in', idsOf(database, 'batches'))
    .orderBy('id')
    .limit(faultsMax)
    .execute();
  return rows.map(({ id }) => id);
}

async function reportFault(
  database: Kysely<HistoryTables>,
  id: string,
): Promise<{ readonly fault: string | undefined; readonly isRemoved: boolean }> {
  const row = await database.selectFrom('bodies').select('body').where('id', '=', id).executeTakeFirst();
  const fault = row === undefined ? 'its report is gone' : await faultOf(database, id, row.body);
  return { fault, isRemoved: row?.body.length === 0 };
}

async function faultOf(database: Kysely<HistoryTables>, id: string, body: Uint8Array): Promise<string | undefined> {
  if (body.length === 0) return undefined;
  let stored: Entry;
  try {
    const text = gunzipSync(body, { maxOutputLength: reportBytesMax }).toString('utf8');
    if (digest(text) !== id) return 'its report is not what was stored';
    stored = entryOf(JSON.parse(text), nowhere);
  } catch (error) {
    return `its report is damaged: ${(error as Error).message}`;
  }
  // A run of a gate is no batch of its own.
  const run = await database.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  const batch = await database.selectFrom('batches').selectAll().where('id', '=', id).executeTakeFirst();
  const parts = {
    verdict: isSameRow(batch, stored.batch) && isSameRow(run, stored.runs[0]),
    figures: isSameRows(await rowsOf(database, 'figures', id), stored.figures),
    limits: isSameRows(await rowsOf(database, 'limits', id), stored.limits),
  };
  const others = Object.entries(parts).flatMap(([name, isSame]) => (isSame ? [] : [name]));
  return others.length === 0 ? undefined : `what is stored as its ${others.join(', ')} is not what its report says`;
}

const nowhere = { project: '', folder: '', commit: null, subject: null, branch: null, dirty: false };

/** What a report does not know of itself, and what another version of floodgate may derive in another way. */
const unknown = new Set([
  ...['project', 'commit_id', 'subject', 'branch', 'dirty', 'home_id', 'definition', 'machine', 'partial'],
]);

/** Rows without a counterpart have nothing to differ from. */
function isSameRow(row: object | undefined, stored: object | undefined): boolean {
  if (row === undefined || stored === undefined) return true;
  const there: Record<string, unknown> = { ...row };
  return Object.entries(stored).every(([name, value]) => unknown.has(name) || textOf(value) === textOf(there[name]));
}

const rowsOf = (database: Kysely<HistoryTables>, table: 'figures' | 'limits', runId: string) =>
  database.selectFrom(table).selectAll().where('run_id', '=', runId).execute();

function isSameRows(rows: readonly object[], stored: readonly object[]): boolean {
  const sorted = (all: readonly object[]) =>
    all.map((row) => textOf(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
  return isDeepStrictEqual(sorted(rows), sorted(stored));
}

/** A database has no half of a character: it keeps another in its place. */
function textOf(value: unknown): string {
  return JSON.stringify(value ?? null, (_, each) => (typeof each === 'string' ? each.toWellFormed() : each));
}
