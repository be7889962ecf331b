/** Where a project's history is: a file of its own by default, a file or a PostgreSQL database that it names, or nowhere. Pure. */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';

/** What takes the configuration's place: an address, or `none`. It may hold a password, so no target ever gets it. */
export const storeVariable = 'FLOODGATE_STORE';

export type StoreAddress =
  /** `isOurs`: nobody named it. */
  | { readonly kind: 'sqlite'; readonly file: string; readonly isOurs: boolean }
  | { readonly kind: 'postgres'; readonly url: string };

/** Beside the configuration. */
export const storeName = path.join('.floodgate', 'history.db');

/**
 * @param given a path, relative to `folder`, or the address of a PostgreSQL database; undefined: the file of its own; `none`: nothing is stored
 * @throws FloodgateError `store-invalid` for the address of anything else
 */
export function storeAddress(folder: string, given: string | undefined): StoreAddress | undefined {
  if (given === 'none') return undefined;
  if (given === undefined || given === '') return { kind: 'sqlite', file: path.join(folder, storeName), isOurs: true };
  if (/^postgres(ql)?:\/\//.test(given)) return postgresAddress(given);
  // Neither is a path, and both may hold a password.
  if (/^postgres(ql)?:/i.test(given) || /\b(host|dbname|password)=/.test(given)) throw invalid('it is no address');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given)?.[1];
  if (scheme === undefined) return { kind: 'sqlite', file: path.resolve(folder, given), isOurs: false };
  throw new FloodgateError('store-invalid', `a history cannot be kept at ${scheme}://…`, {
    hint: 'Give a path (SQLite), or postgres://USER@HOST/DATABASE.',
  });
}

/** A password with a character of its own meaning makes another address, of which a part would be printed. @throws FloodgateError `store-invalid` */
function postgresAddress(text: string): StoreAddress {
  const url = urlOf(text);
  if (url === undefined) throw invalid('it is no address');
  const { hash, host, pathname, search } = url;
  // A query alone may name a user: postgres:///DATABASE?host=/run/postgresql&user=…
  if (hash !== '' || pathname.includes('@') || (host !== '' && search.includes('@'))) {
    throw invalid('an @ or a # stands where none can be');
  }
  for (const part of [url.username, url.password, host, pathname]) {
    try {
      decodeURIComponent(part.replaceAll(/%(?![0-9a-f]{2})/gi, '%25'));
    } catch {
      throw invalid('a % stands for itself as %25');
    }
  }
  checkOptions(url);
  return { kind: 'postgres', url: text };
}

const number = /^\d{1,9}$/;

/** Options of an address that the driver follows, or that change nothing for one server, with what each may be (postgresql.org/docs/current/libpq-connect.html). */
const options: Readonly<Record<string, RegExp | undefined>> = {
  port: number,
  ssl: /^(true|1|0|no-verify)$/,
  sslmode: /^(disable|prefer|require|verify-ca|verify-full|no-verify)$/,
  sslnegotiation: /^(postgres|direct)$/,
  uselibpqcompat: /^(true|false)$/,
  ...Object.fromEntries(
    [
      ...['connect_timeout', 'statement_timeout', 'lock_timeout', 'query_timeout', 'tcp_user_timeout'],
      ...['idle_in_transaction_session_timeout', 'keepalives', 'keepalives_idle', 'keepalives_interval'],
      'keepalives_count',
    ].map((name) => [name, number]),
  ),
};
const freeOptions = [
  ...['host', 'user', 'password', 'options', 'application_name', 'fallback_application_name', 'client_encoding'],
  ...['sslcert', 'sslkey', 'sslrootcert', 'sslsni', 'channel_binding', 'gssencmode', 'target_session_attrs'],
];
const portMax = 65_535;

/** The driver takes whatever stands there, and waits for ever on a port that is none. @throws FloodgateError `store-invalid` */
function checkOptions({ port, search, searchParams }: URL): void {
  if (port === '0') throw invalid(`a port is a number from 1 to ${portMax}`);
  for (const [name, value] of searchParams) {
    const pattern = Object.hasOwn(options, name) ? options[name] : undefined;
    // What stands behind a wrongly placed ? may be a password.
    const shown = /^\w{1,40}$/.test(name) && !search.includes('@') ? `"${name}"` : 'one';
    if (pattern === undefined && !freeOptions.includes(name)) throw invalid(`${shown} is no option of an address`);
    if (pattern?.test(value) === false) {
      const values = /^\^\(([\w|-]+)\)\$$/.exec(pattern.source)?.[1]?.replaceAll('|', ', ') ?? 'a number';
      throw invalid(`its option ${shown} cannot have this value (it may be ${values})`);
    }
    if (name === 'port' && (Number(value) < 1 || Number(value) > portMax)) {
      throw invalid(`a port is a number from 1 to ${portMax}`);
    }
  }
}

/** As the driver reads it: a user may stand before no host at all. */
function urlOf(text: string): URL | undefined {
  return URL.parse(text) ?? URL.parse(text.replace('@/', '@localhost/')) ?? undefined;
}

/** Without what was given: it may hold a password. */
function invalid(why: string): FloodgateError {
  return new FloodgateError('store-invalid', `the address of the history cannot be used: ${why}`, {
    hint: 'Give a path (SQLite), or postgres://USER:PASSWORD@HOST/DATABASE; in a password, percent-encode / as %2F, # as %23, ? as %3F, @ as %40, : as %3A, % as %25.',
  });
}

/** Whether PGPASSWORD, where it is set, is this address's: it has none of its own. */
export function takesPassword(address: StoreAddress): boolean {
  if (address.kind === 'sqlite') return false;
  const url = urlOf(address.url);
  return url !== undefined && url.password === '' && !url.searchParams.get('password');
}

/** As it may be printed. */
export function shownAddress(address: StoreAddress): string {
  if (address.kind === 'sqlite') return path.relative('', address.file) || address.file;
  const url = urlOf(address.url);
  return url === undefined ? 'postgres://…' : `${url.protocol}//${url.host}${url.pathname}`;
}
