/** A project's history, open: what commands and pages ask of it. One query layer for SQLite and PostgreSQL. */
import { gunzipSync } from 'node:zlib';
import { type Kysely, sql, type Transaction } from 'kysely';
import { FloodgateError } from '../../agent/errors.ts';
import { printable } from '../../reports/format.ts';
import { type Entry, reportBytesMax } from './entry.ts';
import { type Audit, auditEntries } from './history-audit.ts';
import { chunked, insertAll, insertBodies } from './insert-rows.ts';
import { type Pruned, prune, type Retention } from './retention.ts';
import { seal } from './seals.ts';
import { type StoreAddress, shownAddress } from './store-address.ts';
import { storeFault } from './store-fault.ts';
import type { BatchRow, FigureRow, HistoryTables, LimitRow, RunRow } from './tables.ts';

/** `DGAW`: how a writer has PostgreSQL to itself. */
const writeLockId = 0x4447_4157;

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
   * Stores all of an entry or nothing; once this resolves, it has reached the disk. A run that another batch has already is the same one.
   * @returns false where it was there already
   * @throws FloodgateError `store-other-project` where another project has it, or a run of it
   */
  add({ batch, runs, figures, limits, bodies }: Entry): Promise<boolean> {
    return this.#write(async (transaction) => {
      const ids = runs.map(({ id }) => id);
      const isThere = await this.#refuseOther(transaction, 'batches', batch.project, [batch.id]);
      await this.#refuseOther(transaction, 'runs', batch.project, ids);
      // Before runs had several batches, a later one took them away.
      if (isThere && (await countMembers(transaction, batch.id)) >= ids.length) return false;
      if (!isThere) await insertAll(transaction, 'batches', [{ ...batch, seal: null }]);
      await insertAll(
        transaction,
        'runs',
        runs.map((row) => ({ ...row, seal: null })),
      );
      await insertAll(
        transaction,
        'batch_runs',
        ids.map((run_id) => ({ batch_id: batch.id, run_id })),
      );
      for (const some of chunked(ids)) await transaction.deleteFrom('limits').where('run_id', 'in', some).execute();
      await insertAll(transaction, 'figures', figures);
      await insertAll(transaction, 'limits', limits);
      await insertBodies(transaction, bodies);
      await seal(transaction, 'runs', ids);
      await seal(transaction, 'batches', [batch.id]);
      return true;
    });
  }

  /** A name is its content's: what another project has is not stored for this one. @returns whether any is there */
  async #refuseOther(
    transaction: Transaction<HistoryTables>,
    table: 'batches' | 'runs',
    project: string,
    ids: readonly string[],
  ): Promise<boolean> {
    let isAnyThere = false;
    for (const some of chunked(ids)) {
      const rows = await transaction.selectFrom(table).select(['id', 'project']).where('id', 'in', some).execute();
      isAnyThere ||= rows.length > 0;
      const other = rows.find((row) => row.project !== project);
      if (other !== undefined) throw ofOtherProject(other, table);
    }
    return isAnyThere;
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
        .innerJoin('batch_runs', 'batch_runs.run_id', 'runs.id')
        .selectAll('runs')
        .where('batch_runs.batch_id', '=', batchId)
        .orderBy('runs.started_at')
        .orderBy('runs.id')
        .execute(),
    );
  }

  /** The latest runs with the commit of each, latest first; a run that is a part of several batches is one. */
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
      .innerJoin('batches', 'batches.id', 'runs.home_id')
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
    return this.#write((transaction) => prune(transaction, project, rule));
  }

  /** Looks at every entry of the store, of whichever project. */
  async audit(): Promise<Audit> {
    const faults = await this.faults();
    if (faults.length > 0) return { faults, compared: 0, removed: 0 };
    return this.#ask(() => this.#reading().execute(auditEntries));
  }

  /** What is read in the action is the store of one moment, whatever others write and remove meanwhile. */
  snapshot<T>(action: (store: HistoryStore) => Promise<T>): Promise<T> {
    return this.#ask(() => this.#reading().execute((reading) => action(new HistoryStore(reading, this.#address))));
  }

  #reading() {
    return this.#database.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  }

  /** In one transaction, one writer at a time: SQLite's own rule, and PostgreSQL's by this lock. */
  #write<T>(action: (transaction: Transaction<HistoryTables>) => Promise<T>): Promise<T> {
    return this.#ask(() =>
      this.#database.transaction().execute(async (transaction) => {
        if (this.#address.kind === 'postgres')
          await sql`select pg_advisory_xact_lock(${sql.lit(writeLockId)})`.execute(transaction);
        return action(transaction);
      }),
    );
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

function ofOtherProject({ id, project }: { id: string; project: string }, table: 'batches' | 'runs'): FloodgateError {
  const shown = printable(project, 100);
  const what = table === 'runs' ? 'run' : 'report';
  return new FloodgateError(
    'store-other-project',
    `${id.slice(0, 8)} is stored as a ${what} of the project "${shown}"`,
    { hint: `It is in that history alone: { store: { project: '${shown}' } } in floodgate.config.* shows it.` },
  );
}

async function countMembers(transaction: Transaction<HistoryTables>, batchId: string): Promise<number> {
  const { count } = await transaction
    .selectFrom('batch_runs')
    .select((expression) => expression.fn.countAll().as('count'))
    .where('batch_id', '=', batchId)
    .executeTakeFirstOrThrow();
  return Number(count);
}
