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
  10: { code: 'store-unwritable', why: 'the disk reports an error', hint: 'Nothing was stored.' },
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
  const { errcode, code, message } = error as { errcode?: number; code?: string; message?: string };
  const fault =
    address.kind === 'sqlite'
      ? errcode === undefined
        ? undefined
        : (sqliteFaults[errcode & 0xff] ?? { code: 'store-failed', why: String(message), hint: '' })
      : postgresFault(code, String(message));
  if (fault === undefined) return error;
  return new FloodgateError(fault.code, `the history ${shownAddress(address)} cannot be used: ${fault.why}`, {
    hint: fault.hint,
    cause: error,
  });
}

/** What is there is not ours. */
export function foreignStore(address: StoreAddress, why: string): FloodgateError {
  return new FloodgateError('store-foreign', `the history ${shownAddress(address)} cannot be used: ${why}`, {
    hint: 'Nothing was written into it. Give another place: store in floodgate.config.*, or FLOODGATE_STORE.',
  });
}

/** By SQLSTATE (PostgreSQL, appendix A) or the code of the connection's error. */
function postgresFault(code: string | undefined, message: string): Fault {
  if (code === undefined) return codelessFault(message);
  if (/^E[A-Z]+$/.test(code) || /^(08|57)/.test(code)) return unreachable(message);
  if (/^28/.test(code)) return { code: 'store-refused', why: message, hint: 'Check user and password in its address.' };
  if (code === '25006') {
    return {
      code: 'store-unwritable',
      why: `it is read-only: ${message}`,
      hint: 'Nothing was stored. Give the address of the primary: a replica is read only.',
    };
  }
  if (code === '3D000') return { code: 'store-refused', why: message, hint: 'Create the database: createdb NAME.' };
  if (code === '42501') {
    return {
      code: 'store-refused',
      why: message,
      hint: 'The user needs USAGE on the schema "floodgate" and SELECT on its tables to read, also INSERT, UPDATE and DELETE to store, and to own them (or CREATE on the schema, where there are none) to make them or bring them up to date.',
    };
  }
  if (/^(XX|58)/.test(code)) return { code: 'store-corrupt', why: message, hint: 'Ask who runs the server.' };
  return { code: 'store-failed', why: `${message} (${code})`, hint: 'Nothing was stored.' };
}

/** What the driver itself finds, and its pool, before the server says anything. */
function codelessFault(message: string): Fault {
  if (/SASL|password|authentication/i.test(message)) {
    return { code: 'store-refused', why: message, hint: 'Give a password, in the address or as PGPASSWORD.' };
  }
  if (/SSL|TLS/.test(message)) {
    return {
      code: 'store-refused',
      why: message,
      hint: 'Check sslmode in the address (sslmode=disable: without TLS), or let the server offer TLS.',
    };
  }
  if (/timeout|terminated|ended/i.test(message)) return unreachable(message);
  return { code: 'store-failed', why: message, hint: 'Nothing was stored.' };
}

function unreachable(message: string): Fault {
  return {
    code: 'store-unreachable',
    why: message === '' ? 'the server does not answer' : message,
    hint: 'Nothing was stored. The report is a folder as always: floodgate history add DIR stores it later.',
  };
}
