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
  if (/^postgres(ql)?:\/\//.test(given)) return { kind: 'postgres', url: given };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given)?.[1];
  if (scheme === undefined) return { kind: 'sqlite', file: path.resolve(folder, given), isOurs: false };
  throw new FloodgateError('store-invalid', `a history cannot be kept at ${scheme}://…`, {
    hint: 'Give a path (SQLite), or postgres://USER@HOST/DATABASE.',
  });
}

/** As it may be printed. */
export function shownAddress(address: StoreAddress): string {
  if (address.kind === 'sqlite') return path.relative('', address.file) || address.file;
  return address.url.replace(/\/\/[^/?#]*@/, '//').replace(/\?[^#]*/, '');
}
