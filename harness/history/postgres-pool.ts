/** Connections to a history in PostgreSQL: nothing that is asked of them waits for ever. */
import { Kysely, type LogEvent, PostgresDialect } from 'kysely';
import { FloodgateError } from '../../agent/errors.ts';
import { heldPassword } from './store-password.ts';
import type { HistoryTables } from './tables.ts';

const connectMs = 10_000;
/** The server ends a statement. */
const statementMs = 60_000;
/** A server that no longer answers ends none; its rows take their time on a slow line. */
const answerMs = 180_000;
/** A client that could not even begin to connect is waited for by its pool for ever. */
const endMs = 5_000;
/** A process stores one thing at a time, and reads beside it. */
const connectionsMax = 2;

/** @param errors gets the first of its statements that failed: those behind it in a transaction say no reason */
export async function openPostgres(url: string, errors: unknown[]): Promise<Kysely<HistoryTables>> {
  const { default: pg } = await import('pg').catch((cause) => {
    throw new FloodgateError(
      'store-driver-missing',
      'the package pg, which a history in PostgreSQL needs, is not installed',
      { hint: 'npm install pg', cause },
    );
  });
  // As the driver takes PGPASSWORD: for an address without one.
  const password = heldPassword();
  if (password !== undefined) pg.defaults.password = password;
  const streams = new Set<{ destroy(): void }>();
  // A client whose log-in failed keeps its socket, and the process with it, until the server hangs up.
  class Client extends pg.Client {
    constructor(config?: string | object) {
      super(config);
      const { stream } = (this as unknown as { connection: { stream: { destroy(): void } } }).connection;
      streams.add(stream);
      this.once('end', () => streams.delete(stream));
    }
  }
  const pool = new pg.Pool({
    Client,
    connectionString: checking(url),
    max: connectionsMax,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: answerMs,
    application_name: 'floodgate',
  });
  // A connection that ends while nobody uses it: the next query says so.
  pool.on('error', () => undefined);
  const log = (event: LogEvent) => {
    if (event.level === 'error' && errors.length === 0) errors.push(event.error);
  };
  const end = pool.end.bind(pool);
  const ended = () =>
    atMost(endMs, end()).finally(() => {
      for (const stream of streams) stream.destroy();
    });
  const bounded = Object.assign(pool, { end: ended });
  return new Kysely({ dialect: new PostgresDialect({ pool: bounded }), log });
}

/** These check certificate and name, as the driver has it: it warns of that on each use, and its next version would check less. */
function checking(url: string): string {
  if (/[?&]uselibpqcompat=true(&|$)/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}

/** Waits for an end, and no longer than so. The timer keeps the process alive: without it nothing may be left that does. */
export async function atMost(ms: number, end: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([end, limit]).finally(() => clearTimeout(timer));
}
