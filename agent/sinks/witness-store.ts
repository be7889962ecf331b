/** Batches as `floodgate-agent collect` keeps them: one SQLite file, each batch whole or not at all, each identity once. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { FloodgateError } from '../errors.ts';
import type { OverloadMark } from '../overload/mark.ts';
import { claimPrivateFiles } from './private-file.ts';

/** One witness as it is stored. */
export interface StoredWitness {
  readonly digest: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Exchanges that it stands for. */
  readonly weight: number;
  /** Binary, without a length before it. */
  readonly bytes: Uint8Array;
}

export interface StoredBatch {
  readonly identity: string;
  readonly receivedMs: number;
  /** As it came, compressed. */
  readonly bodyBytes: number;
  readonly overload: OverloadMark;
  readonly witnesses: readonly StoredWitness[];
}

export interface StoreTotals {
  readonly batches: number;
  readonly witnesses: number;
  readonly digests: number;
  /** Exchanges that all witnesses stand for. */
  readonly weight: number;
}

/** Witnesses of one method, host and path; those of a weight above 1 were chosen by chance. */
export interface StoredPath {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly witnesses: number;
  readonly certain: number;
  readonly weight: number;
  readonly weightSquares: number;
  readonly weightMax: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, received_ms INTEGER NOT NULL, witnesses INTEGER NOT NULL, body_bytes INTEGER NOT NULL,
    overload_level INTEGER NOT NULL DEFAULT 0, overload_share REAL NOT NULL DEFAULT 1
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS witnesses (
    id INTEGER PRIMARY KEY, batch TEXT NOT NULL REFERENCES batches (id), digest TEXT NOT NULL,
    method TEXT NOT NULL, host TEXT NOT NULL, path TEXT NOT NULL, witness BLOB NOT NULL,
    weight REAL NOT NULL DEFAULT 1
  ) STRICT;
  CREATE INDEX IF NOT EXISTS witnesses_by_digest ON witnesses (digest);
`;
const schemaVersion = 2;
/** What a store of version 1 lacks: its rows are of a time when nothing was left out. */
const fromVersion1 = `
  ALTER TABLE batches ADD COLUMN overload_level INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE batches ADD COLUMN overload_share REAL NOT NULL DEFAULT 1;
  ALTER TABLE witnesses ADD COLUMN weight REAL NOT NULL DEFAULT 1;
  PRAGMA user_version = 2;
`;
const pageBytes = 4096;
/** 2 MB of pages in memory. */
const cachePages = 512;
/** SQLite's result code for a file at its limit or a disk without room. */
const sqliteFull = 13;

export class WitnessStore {
  readonly #database: DatabaseSync;
  readonly #findBatch: StatementSync;
  readonly #addBatch: StatementSync;
  readonly #addWitness: StatementSync;
  #isGivenUp = false;

  /** @param bytesMax the file grows no further. @throws FloodgateError `store-open`. */
  constructor(file: string, bytesMax: number, readOnly = false) {
    try {
      // What is beside the file is made before SQLite makes it: a folder that others write to may hold links by then.
      if (!readOnly) claimPrivateFiles(file, ['', '-journal', '-wal', '-shm']);
      this.#database = new DatabaseSync(file, { readOnly, timeout: 2_000 });
      if (!readOnly) this.#prepare(bytesMax);
      const { user_version: version } = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
      if (version === 1) throw new Error('it is of an older version: collect with --listen brings it up to date');
      if (version !== schemaVersion) throw new Error('it is another program’s');
      this.#findBatch = this.#database.prepare('SELECT witnesses FROM batches WHERE id = ?');
      this.#addBatch = this.#database.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)');
      this.#addWitness = this.#database.prepare(
        'INSERT INTO witnesses (batch, digest, method, host, path, weight, witness) VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
    } catch (cause) {
      throw new FloodgateError('store-open', `cannot use the store ${file}: ${(cause as Error).message}`, {
        hint: 'name an SQLite file of collect’s own with --store; it is made if it is not there',
        cause,
      });
    }
  }

  #prepare(bytesMax: number): void {
    const { user_version: version } = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
    const { tables } = this.#database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
      tables: number;
    };
    if (version !== schemaVersion && version !== 1 && tables > 0) throw new Error('it is another program’s');
    // What was acknowledged is on disk: the sender has forgotten it.
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = ${cachePages};`);
    if (version === 1) this.#database.exec(`BEGIN; ${fromVersion1} COMMIT;`);
    this.#database.exec(schema);
    this.#database.exec(`PRAGMA user_version = ${schemaVersion}`);
    this.#database.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(bytesMax / pageBytes))}`);
  }

  has(identity: string): boolean {
    return this.#findBatch.get(identity) !== undefined;
  }

  /** Takes a batch, all or nothing; durable with the next `commit`. @returns false where there is no room. */
  put({ identity, receivedMs, bodyBytes, overload, witnesses }: StoredBatch): boolean {
    const database = this.#database;
    if (this.#isGivenUp) return false;
    if (!database.isTransaction) database.exec('BEGIN IMMEDIATE');
    database.exec('SAVEPOINT batch');
    try {
      this.#addBatch.run(identity, receivedMs, witnesses.length, bodyBytes, overload.level, overload.share);
      for (const { digest, method, host, path, weight, bytes } of witnesses) {
        this.#addWitness.run(identity, digest, method, host, path, weight, bytes);
      }
      database.exec('RELEASE batch');
      return true;
    } catch (error) {
      // SQLite may give the whole transaction up: then nothing of it is durable, and `commit` says so.
      if (database.isTransaction) database.exec('ROLLBACK TO batch; RELEASE batch');
      else this.#isGivenUp = true;
      if ((error as { errcode?: number }).errcode === sqliteFull) return false;
      throw error;
    }
  }

  /** @returns whether everything that was put is on disk now; else none of it is, for there is no room */
  commit(): boolean {
    if (this.#isGivenUp || !this.#database.isTransaction) {
      this.#isGivenUp = false;
      return false;
    }
    try {
      this.#database.exec('COMMIT');
      return true;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      if ((error as { errcode?: number }).errcode === sqliteFull) return false;
      throw error;
    }
  }

  totals(): StoreTotals {
    return this.#database
      .prepare(
        `SELECT (SELECT count(*) FROM batches) AS batches, count(*) AS witnesses,
         count(DISTINCT digest) AS digests, coalesce(sum(weight), 0) AS weight FROM witnesses`,
      )
      .get() as unknown as StoreTotals;
  }

  /** Every witness in the order it came. */
  *witnesses(): Generator<StoredWitness> {
    const all = this.#database.prepare(
      'SELECT digest, method, host, path, weight, witness AS bytes FROM witnesses ORDER BY id',
    );
    for (const row of all.iterate()) yield row as unknown as StoredWitness;
  }

  /** Witnesses by method, host and path. */
  *paths(): Generator<StoredPath> {
    const all = this.#database.prepare(
      `SELECT method, host, path, count(*) AS witnesses, coalesce(sum(weight) FILTER (WHERE weight = 1), 0) AS certain,
       sum(weight) AS weight, coalesce(sum(weight * weight) FILTER (WHERE weight > 1), 0) AS weightSquares,
       max(weight) AS weightMax FROM witnesses GROUP BY method, host, path`,
    );
    for (const row of all.iterate()) yield row as unknown as StoredPath;
  }

  /** The least share of all exchanges that witnesses were made of, and whether connections were left out. */
  leastShare(): { readonly share: number; readonly level: number } {
    return this.#database
      .prepare(
        'SELECT coalesce(min(overload_share), 1) AS share, coalesce(max(overload_level), 0) AS level FROM batches',
      )
      .get() as { share: number; level: number };
  }

  close(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    this.#database.close();
  }
}
