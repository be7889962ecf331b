/** A project's history, open: what commands and pages ask of it. One query layer for SQLite and PostgreSQL. */
import { gunzipSync } from 'node:zlib';
import { type Kysely, sql, type Transaction } from 'kysely';
import { FloodgateError } from '../../agent/errors.ts';
import { printable } from '../../reports/format.ts';
import { type Entry, reportBytesMax } from './entry.ts';
import { type Audit, auditEntries } from './history-audit.ts';
import { type Pruned, prune, type Retention } from './retention.ts';
import { lock, seal } from './seals.ts';
import { type StoreAddress, shownAddress } from './store-address.ts';
import { storeFault } from './store-fault.ts';
import type { BatchRow, BodyRow, FigureRow, HistoryTables, LimitRow, RunRow } from './tables.ts';

/** Rows of one statement: SQLite takes 32,766 values, PostgreSQL 65,535. */
const rowsPerStatement = 500;

export class HistoryStore {
  readonly #database: Kysely<HistoryTables>;
  readonly #address: StoreAddress;

  constructor(database: Kysely<HistoryTables>, address: StoreAddress) {
    this.#database = database;
    this.#address = address;
  }

  get shown(): string {
    return shownAddress(this.#address);
  }

  /**
   * Stores all of an entry or nothing; once this resolves, it has reached the disk.
   * @returns false where it was there already
   * @throws FloodgateError `store-other-project` where another project has it
   */
  add({ batch, runs, figures, limits, bodies }: Entry): Promise<boolean> {
    return this.#ask(() =>
      this.#database.transaction().execute(async (transaction) => {
        const inserted = await transaction
          .insertInto('batches')
          .values({ ...batch, seal: null })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows === 0n) {
          await this.#refuseOther(transaction, batch);
          return false;
        }
        const ids = runs.map(({ id }) => id);
        const before = await batchesWith(transaction, ids);
        // A run of its own may be part of a gate later (floodgate merge): it then belongs to the gate.
        for (const rows of chunked(runs)) {
          await transaction
            .insertInto('runs')
            .values(rows.map((row) => ({ ...row, seal: null })))
            .onConflict((conflict) => conflict.column('id').doUpdateSet({ batch_id: batch.id }))
            .execute();
        }
        for (const some of chunked(ids)) await transaction.deleteFrom('limits').where('run_id', 'in', some).execute();
        await insertAll(transaction, 'figures', figures);
        await insertAll(transaction, 'limits', limits);
        await insertBodies(transaction, bodies);
        await seal(transaction, 'runs', ids);
        await seal(transaction, 'batches', [batch.id, ...before]);
        return true;
      }),
    );
  }

  /** Its name is its content's: what another project has is not stored for this one. @throws FloodgateError `store-other-project` */
  async #refuseOther(transaction: Transaction<HistoryTables>, { id, project }: BatchRow): Promise<void> {
    const query = transaction.selectFrom('batches').select('project').where('id', '=', id);
    const there = await query.executeTakeFirstOrThrow();
    if (there.project === project) return;
    const shown = printable(there.project, 100);
    throw new FloodgateError(
      'store-other-project',
      `${id.slice(0, 8)} is stored as a report of the project "${shown}"`,
      {
        hint: `It is in that history alone: { store: { project: '${shown}' } } in floodgate.config.* shows it.`,
      },
    );
  }

  /** Latest first. */
  batches(project: string, count: number): Promise<BatchRow[]> {
    return this.#ask(() =>
      this.#database
        .selectFrom('batches')
        .selectAll()
        .where('project', '=', project)
        .orderBy('started_at', 'desc')
        .orderBy('id')
        .limit(count)
        .execute(),
    );
  }

  /** Batches and runs whose identity begins so; a person types the first digits. */
  find(project: string, prefix: string): Promise<{ readonly batches: BatchRow[]; readonly runs: RunRow[] }> {
    const pattern = `${prefix.replaceAll(/[^0-9a-f]/g, '')}%`;
    return this.#ask(async () => ({
      batches: await this.#database
        .selectFrom('batches')
        .selectAll()
        .where('project', '=', project)
        .where('id', 'like', pattern)
        .limit(2)
        .execute(),
      runs: await this.#database
        .selectFrom('runs')
        .selectAll()
        .where('project', '=', project)
        .where('id', 'like', pattern)
        .limit(2)
        .execute(),
    }));
  }

  /** The runs of a batch in the order in which they ran. */
  runsOfBatch(batchId: string): Promise<RunRow[]> {
    return this.#ask(() =>
      this.#database
        .selectFrom('runs')
        .selectAll()
        .where('batch_id', '=', batchId)
        .orderBy('started_at')
        .orderBy('id')
        .execute(),
    );
  }

  /** The latest runs with the commit of each, latest first. */
  latestRuns(project: string, count: number, scenario?: string) {
    return this.#ask(() => {
      const query = this.#runsWithCommit(project).orderBy('runs.started_at', 'desc').orderBy('runs.id').limit(count);
      return (scenario === undefined ? query : query.where('runs.scenario', '=', scenario)).execute();
    });
  }

  /** One run with its commit. */
  run(project: string, id: string) {
    return this.#ask(() => this.#runsWithCommit(project).where('runs.id', '=', id).executeTakeFirst());
  }

  #runsWithCommit(project: string) {
    return this.#database
      .selectFrom('runs')
      .innerJoin('batches', 'batches.id', 'runs.batch_id')
      .selectAll('runs')
      .select(['batches.commit_id', 'batches.subject', 'batches.branch', 'batches.dirty'])
      .where('runs.project', '=', project);
  }

  async countRuns(project: string): Promise<number> {
    const row = await this.#ask(() =>
      this.#database
        .selectFrom('runs')
        .select((expression) => expression.fn.countAll().as('count'))
        .where('project', '=', project)
        .executeTakeFirstOrThrow(),
    );
    return Number(row.count);
  }

  /** @param name of a metric; undefined: all of them */
  async figures(runIds: readonly string[], name?: string): Promise<FigureRow[]> {
    const all: FigureRow[] = [];
    for (const some of chunked(runIds)) {
      const query = this.#database.selectFrom('figures').selectAll().where('run_id', 'in', some).orderBy('name');
      all.push(...(await this.#ask(() => (name === undefined ? query : query.where('name', '=', name)).execute())));
    }
    return all;
  }

  async limits(runIds: readonly string[]): Promise<LimitRow[]> {
    const all: LimitRow[] = [];
    for (const some of chunked(runIds)) {
      const query = this.#database.selectFrom('limits').selectAll().where('run_id', 'in', some).orderBy('name');
      all.push(...(await this.#ask(() => query.execute())));
    }
    return all;
  }

  /** The report as JSON; undefined where retention has taken it. */
  async body(id: string): Promise<string | undefined> {
    const row = await this.#ask(() =>
      this.#database.selectFrom('bodies').select('body').where('id', '=', id).executeTakeFirst(),
    );
    try {
      if (row === undefined || row.body.length === 0) return undefined;
      return gunzipSync(row.body, { maxOutputLength: reportBytesMax }).toString('utf8');
    } catch (error) {
      throw this.damaged(id, error);
    }
  }

  /** What is said of a report that is not what was stored. */
  damaged(id: string, cause: unknown): FloodgateError {
    const why = (cause as Error).message;
    return new FloodgateError('store-corrupt', `the report of ${id} in the history ${this.shown} is damaged: ${why}`, {
      hint: 'Its figures may be whole: floodgate history export. floodgate history check looks at the whole store.',
      cause,
    });
  }

  /** Removes what the rule does not keep. */
  prune(project: string, rule: Retention): Promise<Pruned> {
    return this.#ask(() => this.#database.transaction().execute((transaction) => prune(transaction, project, rule)));
  }

  /** Looks at every entry of the store, of whichever project. */
  async audit(): Promise<Audit> {
    const faults = await this.faults();
    if (faults.length > 0) return { faults, compared: 0, removed: 0 };
    return await this.#ask(() => auditEntries(this.#database));
  }

  /** What the database finds wrong with itself; empty where nothing is. */
  async faults(): Promise<readonly string[]> {
    if (this.#address.kind === 'postgres') return [];
    const { rows } = await this.#ask(() =>
      sql<{ integrity_check: string }>`pragma integrity_check(10)`.execute(this.#database),
    );
    return rows.map(({ integrity_check }) => integrity_check).filter((text) => text !== 'ok');
  }

  close(): Promise<void> {
    return this.#database.destroy();
  }

  async #ask<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      throw storeFault(this.#address, error);
    }
  }
}

/** Batches that runs belong to until now, which another transaction changes no more. */
async function batchesWith(transaction: Transaction<HistoryTables>, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const some of chunked(ids)) {
    await lock(transaction, 'runs', some);
    const rows = await transaction.selectFrom('runs').select('batch_id').where('id', 'in', some).execute();
    found.push(...rows.map(({ batch_id }) => batch_id));
  }
  return found;
}

function chunked<T>(all: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < all.length; at += rowsPerStatement) chunks.push(all.slice(at, at + rowsPerStatement));
  return chunks;
}

async function insertAll(
  transaction: Transaction<HistoryTables>,
  table: 'figures' | 'limits',
  rows: readonly (FigureRow | LimitRow)[],
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
async function insertBodies(transaction: Transaction<HistoryTables>, rows: readonly BodyRow[]): Promise<void> {
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
