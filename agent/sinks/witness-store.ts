/** Batches as `floodgate-agent collect` keeps them: one SQLite file, a batch a transaction, each identity once. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { FloodgateError } from '../errors.ts';
import { claimPrivateFiles } from './private-file.ts';

/** One witness as it is stored. */
export interface StoredWitness {
  readonly digest: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Binary, without a length before it. */
  readonly bytes: Uint8Array;
}

export interface StoreTotals {
  readonly batches: number;
  readonly witnesses: number;
  readonly digests: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, received_ms INTEGER NOT NULL, witnesses INTEGER NOT NULL, body_bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS witnesses (
    id INTEGER PRIMARY KEY, batch TEXT NOT NULL REFERENCES batches (id), digest TEXT NOT NULL,
    method TEXT NOT NULL, host TEXT NOT NULL, path TEXT NOT NULL, witness BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS witnesses_by_digest ON witnesses (digest);
`;
const schemaVersion = 1;
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

  /** @param bytesMax the file grows no further. @throws FloodgateError `store-open`. */
  constructor(file: string, bytesMax: number, readOnly = false) {
    try {
      // What is beside the file is made before SQLite makes it: a folder that others write to may hold links by then.
      if (!readOnly) claimPrivateFiles(file, ['', '-journal', '-wal', '-shm']);
      this.#database = new DatabaseSync(file, { readOnly, timeout: 2_000 });
      if (!readOnly) this.#prepare(bytesMax);
      const { user_version: version } = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
      if (version !== schemaVersion) throw new Error('it is another program’s');
      this.#findBatch = this.#database.prepare('SELECT witnesses FROM batches WHERE id = ?');
      this.#addBatch = this.#database.prepare('INSERT INTO batches VALUES (?, ?, ?, ?)');
      this.#addWitness = this.#database.prepare(
        'INSERT INTO witnesses (batch, digest, method, host, path, witness) VALUES (?, ?, ?, ?, ?, ?)',
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
    if (version !== schemaVersion && tables > 0) throw new Error('it is another program’s');
    // What was acknowledged is on disk: the sender has forgotten it.
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = ${cachePages};`);
    this.#database.exec(schema);
    this.#database.exec(`PRAGMA user_version = ${schemaVersion}`);
    this.#database.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(bytesMax / pageBytes))}`);
  }

  has(identity: string): boolean {
    return this.#findBatch.get(identity) !== undefined;
  }

  /** All or nothing. @returns false where there is no room. */
  add(identity: string, receivedMs: number, bodyBytes: number, witnesses: readonly StoredWitness[]): boolean {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#addBatch.run(identity, receivedMs, witnesses.length, bodyBytes);
      for (const { digest, method, host, path, bytes } of witnesses) {
        this.#addWitness.run(identity, digest, method, host, path, bytes);
      }
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
         count(DISTINCT digest) AS digests FROM witnesses`,
      )
      .get() as unknown as StoreTotals;
  }

  /** Every witness in the order it came. */
  *witnesses(): Generator<StoredWitness> {
    const all = this.#database.prepare(
      'SELECT digest, method, host, path, witness AS bytes FROM witnesses ORDER BY id',
    );
    for (const row of all.iterate()) yield row as unknown as StoredWitness;
  }

  close(): void {
    this.#database.close();
  }
}
