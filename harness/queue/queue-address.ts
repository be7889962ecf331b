/** Where a queue is: a Redis server, as a variable or the configuration names it. Pure. */
import { FloodgateError } from '../../agent/errors.ts';

/** What takes the configuration's place. It may hold a password, so no cell and no target ever gets it. */
export const queueVariable = 'FLOODGATE_REDIS';

export interface QueueAddress {
  readonly host?: string;
  readonly port?: number;
  /** Of a socket. */
  readonly path?: string;
  /** As the server numbers its databases. */
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  readonly isEncrypted: boolean;
}

const examples =
  'Examples: redis://HOST:6379/0, rediss://USER:PASSWORD@HOST, unix:///run/redis/redis.sock?password=PASSWORD.';
const defaultPort = 6379;

/** @param text `redis://`, `rediss://` (TLS) or `unix://`. @throws FloodgateError `queue-invalid`, without repeating it: it may hold a password */
export function parseQueueAddress(text: string): QueueAddress {
  const url = URL.parse(text.startsWith('/') ? `unix://${text}` : text);
  if (url === null) throw invalid('it is no address');
  const { protocol, hostname, port, pathname } = url;
  if (protocol === 'unix:') {
    if (hostname !== '' || pathname.length < 2) throw invalid('a socket has a path from the root on');
    // A socket's address has no room for a user before the path.
    const asked = (name: string) => {
      const value = url.searchParams.get(name);
      return value !== null && { [name]: value };
    };
    const database = databaseOf(url.searchParams.get('db') ?? '');
    return { path: decoded(pathname), database, isEncrypted: false, ...asked('username'), ...asked('password') };
  }
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw invalid(`nothing is known of ${protocol}//`);
  if (hostname === '') throw invalid('it names no host');
  return {
    // An IPv6 address stands in brackets.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? defaultPort : Number(port),
    database: databaseOf(pathname.slice(1)),
    isEncrypted: protocol === 'rediss:',
    ...(url.username !== '' && { username: decoded(url.username) }),
    ...(url.password !== '' && { password: decoded(url.password) }),
  };
}

/** As it may be printed. */
export function shownQueue({ path, host, port, database, isEncrypted }: QueueAddress): string {
  const name = host?.includes(':') ? `[${host}]` : host;
  const place = path === undefined ? `${isEncrypted ? 'rediss' : 'redis'}://${name}:${port}` : `unix://${path}`;
  return database === 0 ? place : `${place}, database ${database}`;
}

function databaseOf(text: string): number {
  if (/^\d{0,4}$/.test(text)) return Number(text);
  throw invalid('a database is a number');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('a % stands for itself as %25');
  }
}

function invalid(why: string): FloodgateError {
  return new FloodgateError('queue-invalid', `the address of the queue cannot be used: ${why}`, { hint: examples });
}
