/** A PostgreSQL server of a test's own, on a socket in a folder of its own: no port, and gone afterwards. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';

/** Debian keeps the server's programs beside the path. */
function programs(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => path.join(root, version, 'bin')).find((bin) => existsSync(path.join(bin, 'initdb')));
}

/** The server refuses to run as root. */
const asOther = (): string[] =>
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] : [];

const isRunning = (child: ChildProcess | undefined): child is ChildProcess =>
  child !== undefined && child.exitCode === null && child.signalCode === null;

/** What a database has that is not floodgate's alone. */
const othersTables = `
  create role ci login; grant create on database postgres to ci;
  revoke create on schema public from public;
  create table public.runs (id integer);`;

export interface PostgresServer {
  /** Of an ordinary user, who may make schemas and has no tables in `public`; another program has a table `public.runs`. */
  readonly url: string;
  /** As the server's own user would. */
  sql(statements: string): void;
  /** The same database for another user. */
  urlOf(user: string): string;
  /** As a power cut would: no process of it gets to say goodbye. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it, and removes its folder. */
  remove(): Promise<void>;
}

/** Undefined where Debian's packages `postgresql` or `util-linux` are missing. */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const bin = programs();
  if (bin === undefined || spawnSync('setpriv', ['--version']).status !== 0) return undefined;
  // A socket's path has 108 bytes.
  const folder = mkdtempSync(path.join(tmpdir(), 'fg-pg-'));
  chmodSync(folder, 0o777);
  const run = (...words: string[]) => {
    const [program, ...rest] = [...asOther(), ...words];
    execFileSync(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  };
  const data = path.join(folder, 'data');
  run(path.join(bin, 'initdb'), '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C');
  let server: ChildProcess | undefined;
  const ended = async (signal: NodeJS.Signals) => {
    if (!isRunning(server)) return;
    const { pid } = server;
    const gone = new Promise((resolve) => server!.once('exit', resolve));
    // The whole group: children that outlive it would hold its memory.
    process.kill(-pid!, signal);
    await gone;
  };
  const start = async () => {
    const [program, ...rest] = [
      ...asOther(),
      path.join(bin, 'postgres'),
      '-D',
      data,
      '-k',
      folder,
      '-c',
      'listen_addresses=',
    ];
    for (let tries = 0; tries < 1_800; tries++) {
      // A server ends at once while the memory of one that was killed is not given back.
      if (!isRunning(server)) server = spawn(program!, rest, { stdio: 'ignore', cwd: folder, detached: true });
      if (spawnSync(path.join(bin, 'pg_isready'), ['-q', '-h', folder, '-U', 'postgres']).status === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the server does not come up');
  };
  await start();
  const sql = (statements: string) => {
    const words = ['-q', '-h', folder, '-U', 'postgres', '-d', 'postgres', '-v', 'ON_ERROR_STOP=1', '-c', statements];
    execFileSync(path.join(bin, 'psql'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  };
  sql(othersTables);
  const urlOf = (user: string) => `postgres://${user}@localhost/postgres?host=${encodeURIComponent(folder)}`;
  return {
    ...{ url: urlOf('ci'), urlOf, sql },
    kill: () => ended('SIGKILL'),
    start,
    remove: async () => {
      await ended('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a part of a test with a server, or skips it loudly. */
export async function withPostgres(
  t: Test,
  action: (url: string, server: PostgresServer) => Promise<void>,
): Promise<void> {
  const server = await startPostgres();
  if (server === undefined) {
    t.pass('skipped: PostgreSQL is not installed (apt-get install postgresql)', { skip: true });
    return;
  }
  try {
    await action(server.url, server);
  } finally {
    await server.remove();
  }
}
