/**
 * Batches as `floodgate-agent collect` keeps them: one SQLite file, each batch whole or not at all, each identity once. Bodies stay
 * compressed as they came, a quarter of their bytes; a witness is a place in one.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { FloodgateError } from '../errors.ts';
import type { OverloadMark } from '../overload/mark.ts';
import type { BatchCoding } from './batch-compressor.ts';
import { decodedBody } from './batch-expander.ts';
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

/** One of a batch. */
export interface BatchedWitness extends StoredWitness {
  /** Where its bytes begin in the decoded body. */
  readonly place: number;
}

export interface StoredBatch {
  readonly identity: string;
  readonly receivedMs: number;
  /** As it came. */
  readonly body: Uint8Array;
  readonly coding: BatchCoding;
  readonly overload: OverloadMark;
  readonly witnesses: readonly BatchedWitness[];
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

interface WitnessRow extends StoredWitness {
  readonly batch: string;
  readonly place: number | null;
  readonly length: number | null;
}

const schema = `
  CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, received_ms INTEGER NOT NULL, witnesses INTEGER NOT NULL, body_bytes INTEGER NOT NULL,
    overload_level INTEGER NOT NULL DEFAULT 0, overload_share REAL NOT NULL DEFAULT 1
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS bodies (
    batch TEXT PRIMARY KEY REFERENCES batches (id), coding TEXT NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS witnesses (
    id INTEGER PRIMARY KEY, batch TEXT NOT NULL REFERENCES batches (id), digest TEXT NOT NULL,
    method TEXT NOT NULL, host TEXT NOT NULL, path TEXT NOT NULL, witness BLOB NOT NULL,
    weight REAL NOT NULL DEFAULT 1, place INTEGER, length INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS witnesses_by_digest ON witnesses (digest);
`;
const schemaVersion = 3;
/** What a store of version 1 lacks: its rows are of a time when nothing was left out. */
const fromVersion1 = `
  ALTER TABLE batches ADD COLUMN overload_level INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE batches ADD COLUMN overload_share REAL NOT NULL DEFAULT 1;
  ALTER TABLE witnesses ADD COLUMN weight REAL NOT NULL DEFAULT 1;
`;
/** Rows of a version before 3 hold their witness themselves; those since then are empty there, and have a place in a body. */
const fromVersion2 = `
  ALTER TABLE witnesses ADD COLUMN place INTEGER;
  ALTER TABLE witnesses ADD COLUMN length INTEGER;
  PRAGMA user_version = 3;
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
  readonly #addBody: StatementSync;
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
      if (version === 1 || version === 2)
        throw new Error('it is of an older version: collect with --listen brings it up to date');
      if (version !== schemaVersion) throw new Error('it is another program’s');
      this.#findBatch = this.#database.prepare('SELECT witnesses FROM batches WHERE id = ?');
      this.#addBatch = this.#database.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)');
      this.#addBody = this.#database.prepare('INSERT INTO bodies VALUES (?, ?, ?)');
      this.#addWitness = this.#database.prepare(
        `INSERT INTO witnesses (batch, digest, method, host, path, weight, place, length, witness)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, x'')`,
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
    const isOlder = version === 1 || version === 2;
    if (version !== schemaVersion && !isOlder && tables > 0) throw new Error('it is another program’s');
    // What was acknowledged is on disk: the sender has forgotten it.
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = ${cachePages};`);
    if (isOlder) this.#database.exec(`BEGIN; ${version === 1 ? fromVersion1 : ''} ${fromVersion2} COMMIT;`);
    this.#database.exec(schema);
    this.#database.exec(`PRAGMA user_version = ${schemaVersion}`);
    this.#database.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(bytesMax / pageBytes))}`);
  }

  has(identity: string): boolean {
    return this.#findBatch.get(identity) !== undefined;
  }

  /** Takes a batch, all or nothing; durable with the next `commit`. @returns false where there is no room. */
  put({ identity, receivedMs, body, coding, overload, witnesses }: StoredBatch): boolean {
    const database = this.#database;
    if (this.#isGivenUp) return false;
    if (!database.isTransaction) database.exec('BEGIN IMMEDIATE');
    database.exec('SAVEPOINT batch');
    try {
      this.#addBatch.run(identity, receivedMs, witnesses.length, body.length, overload.level, overload.share);
      this.#addBody.run(identity, coding, body);
      for (const { digest, method, host, path, weight, place, bytes } of witnesses) {
        this.#addWitness.run(identity, digest, method, host, path, weight, place, bytes.length);
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

  /** Every witness in the order it came; its bytes are valid until the next one is asked for. */
  *witnesses(): Generator<StoredWitness> {
    const all = this.#database.prepare(
      'SELECT batch, digest, method, host, path, weight, place, length, witness AS bytes FROM witnesses ORDER BY id',
    );
    const findBody = this.#database.prepare('SELECT coding, body FROM bodies WHERE batch = ?');
    let open: { batch: string; bytes: Uint8Array } = { batch: '', bytes: new Uint8Array(0) };
    for (const each of all.iterate()) {
      const { batch, place, length, ...row } = each as unknown as WitnessRow;
      if (place === null || length === null) {
        yield row;
        continue;
      }
      if (open.batch !== batch) {
        const { coding, body } = findBody.get(batch) as { coding: BatchCoding; body: Uint8Array };
        open = { batch, bytes: decodedBody(body, coding) };
      }
      yield { ...row, bytes: open.bytes.subarray(place, place + length) };
    }
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
