/** What a database says when it cannot be used, as the operator's error. Pure. */
import { AssertionError } from 'node:assert';
import { FloodgateError } from '../../agent/errors.ts';
import { type StoreAddress, shownAddress } from './store-address.ts';

interface Fault {
  readonly code: string;
  readonly why: string;
  readonly hint: string;
}

const corrupt: Fault = {
  code: 'store-corrupt',
  why: 'it is damaged, or no database',
  hint: 'Move it away and put a copy in its place, or begin anew; nothing was written into it.',
};

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const sqliteFaults: Readonly<Record<number, Fault>> = {
  5: {
    code: 'store-busy',
    why: 'another process holds it',
    hint: 'It waited ten seconds. Look for a floodgate that hangs, or a program that has the file open.',
  },
  8: {
    code: 'store-unwritable',
    why: 'it is read-only',
    hint: 'Give a file that can be written to, or FLOODGATE_STORE=none.',
  },
  10: { code: 'store-unwritable', why: 'the disk reports an error', hint: 'Look into the log of the machine.' },
  11: corrupt,
  13: {
    code: 'store-unwritable',
    why: 'the disk is full',
    hint: 'Make room, or remove old runs: floodgate history prune.',
  },
  14: {
    code: 'store-unwritable',
    why: 'it cannot be opened',
    hint: 'Its folder must be one that can be written to. FLOODGATE_STORE=none stores nothing.',
  },
  26: corrupt,
};

/** A mistake in floodgate itself, which no driver reports: its errors are plain ones, or have a code. */
const isOurMistake = (error: unknown): boolean =>
  error instanceof ReferenceError ||
  error instanceof AssertionError ||
  (error instanceof TypeError && (error as { code?: string }).code === undefined);

/** @param error of the driver. Anything that is no fault of the store is returned as it is. */
export function storeFault(address: StoreAddress, error: unknown): unknown {
  if (error instanceof FloodgateError || isOurMistake(error)) return error;
  const given = error as { errcode?: number; code?: string; syscall?: string; message?: string };
  const { errcode, message } = given;
  const fault =
    address.kind === 'sqlite'
      ? errcode === undefined
        ? undefined
        : (sqliteFaults[errcode & 0xff] ?? { code: 'store-failed', why: String(message), hint: '' })
      : postgresFault(given, String(message));
  if (fault === undefined) return error;
  return new FloodgateError(fault.code, `the history ${shownAddress(address)} cannot be used: ${fault.why}`, {
    hint: fault.hint,
    cause: error,
  });
}

/** What is there is not ours. */
export function foreignStore(address: StoreAddress, why: string): FloodgateError {
  const place = address.kind === 'sqlite' ? 'Give another file' : 'Rename that schema, or give another database';
  return new FloodgateError('store-foreign', `the history ${shownAddress(address)} cannot be used: ${why}`, {
    hint: `Nothing was written into it. ${place}: store in floodgate.config.*, or FLOODGATE_STORE.`,
  });
}

const refused = (why: string, hint: string): Fault => ({ code: 'store-refused', why, hint });
const failed = (why: string): Fault => ({ code: 'store-failed', why, hint: 'Ask who runs the server.' });

/** What a server says, by the beginning of its SQLSTATE (PostgreSQL, appendix A), and what to do. */
const serverFaults: readonly (readonly [state: RegExp, fault: (message: string) => Fault])[] = [
  [/^(08|57)/, unreachable],
  [/^28/, refusedLogin],
  [
    /^25006/,
    (message) => ({
      code: 'store-unwritable',
      why: `it is read-only: ${message}`,
      hint: 'Give the address of the primary: a replica is read only.',
    }),
  ],
  [/^3D000/, (message) => refused(message, 'Create the database: createdb NAME.')],
  [
    /^42501/,
    (message) =>
      refused(
        message,
        'The user needs USAGE on the schema "floodgate" and SELECT on its tables to read, also INSERT, UPDATE and DELETE to store, and to own them (or CREATE on the schema, where there are none) to make them or bring them up to date.',
      ),
  ],
  [
    /^53300/,
    (message) =>
      refused(
        message,
        'Wait until others are closed; or raise max_connections of the server, or CONNECTION LIMIT of the role.',
      ),
  ],
  [/^53100/, (message) => ({ code: 'store-unwritable', why: message, hint: 'Make room on the disk of the server.' })],
  [/^(XX|58)/, (message) => ({ code: 'store-corrupt', why: message, hint: 'Ask who runs the server.' })],
];

/** By SQLSTATE, or the code of the connection's error. */
function postgresFault({ code, syscall }: { code?: string; syscall?: string }, message: string): Fault {
  if (code === undefined) return codelessFault(message);
  const hint = certificateHint(code);
  if (hint !== undefined) return refused(withoutAdvice(message), hint);
  // The driver reads sslrootcert, sslcert and sslkey.
  if (syscall === 'open')
    return refused(message, 'Check sslrootcert, sslcert and sslkey in the address: files, in PEM.');
  if (/^E[A-Z]+$/.test(code)) return unreachable(message);
  const [, fault] = serverFaults.find(([state]) => state.test(code)) ?? [];
  return fault?.(message) ?? failed(`${message} (${code})`);
}

const trust =
  'Name the certificate of who signed it (PEM): sslrootcert=FILE in the address. sslmode=no-verify encrypts, and does not look who answers.';

/** By the code of Node.js (nodejs.org/api/tls.html#x509-certificate-error-codes); undefined for another kind. */
function certificateHint(code: string): string | undefined {
  if (/SELF_SIGNED|^UNABLE_TO_|^CERT_(UNTRUSTED|REJECTED|SIGNATURE)|^INVALID_(CA|PURPOSE)/.test(code)) return trust;
  if (code === 'CERT_HAS_EXPIRED') return 'The server needs a new certificate; or the clock of this machine is wrong.';
  if (code === 'CERT_NOT_YET_VALID') return 'The clock of this machine, or of who signed the certificate, is wrong.';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return 'Give the host as the certificate names it; or sslmode=verify-ca&uselibpqcompat=true with sslrootcert=FILE: who signed it counts, and not the name.';
  }
  if (/^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO)/.test(code))
    return 'Check sslrootcert, sslcert, sslkey and sslmode in the address.';
  return undefined;
}

/** Without what Node.js advises itself: an option that it is not started with here. */
const withoutAdvice = (message: string) => message.replace(/; if the root CA is installed.*/s, '');

/** SQLSTATE 28: who may log in, and how (postgresql.org/docs/current/auth-pg-hba-conf.html). */
function refusedLogin(message: string): Fault {
  // With this address: another host, user or kind of connection may be let in.
  if (/pg_hba/.test(message)) {
    const line = 'a line of its pg_hba.conf must let this user into this database from here';
    if (/no encryption|SSL off/.test(message)) {
      return refused(message, `The server may want TLS: sslmode=require in the address. Otherwise ${line}.`);
    }
    return refused(message, `The server may want no TLS: sslmode=disable in the address. Otherwise ${line}.`);
  }
  if (/not permitted to log in/.test(message))
    return refused(message, 'Let it: ALTER ROLE … LOGIN; or give another user.');
  if (/certificate/.test(message)) return refused(message, 'Give sslcert=FILE and sslkey=FILE in the address (PEM).');
  return refused(message, 'Check user and password in its address, and whether the password has expired.');
}

/** What the driver itself finds, and its pool, before the server says anything. */
function codelessFault(message: string): Fault {
  if (/SASL|password|authentication/i.test(message)) {
    return refused(message, 'Give a password, in the address or as PGPASSWORD.');
  }
  // It warns of what was not done.
  const why = message.replace(/^SECURITY WARNING: ([^.]*)\..*/s, '$1');
  if (/specifying a CA/.test(why)) return refused(why, trust);
  if (/ssl|tls/i.test(message)) {
    return refused(why, 'Check sslmode in the address (sslmode=disable: without TLS), or let the server offer TLS.');
  }
  if (/timeout|terminated|ended/i.test(message)) return unreachable(message);
  return failed(message);
}

function unreachable(message: string): Fault {
  return {
    code: 'store-unreachable',
    why: message === '' ? 'the server does not answer' : message,
    hint: 'Is the server up, and its address right? A report is a folder as always: floodgate history add DIR stores it later.',
  };
}
