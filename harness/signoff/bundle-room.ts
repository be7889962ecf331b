/** What may be in a bundle: paths that stay within it, and no more files and bytes than its limits. */
import { posix as path } from 'node:path';
import { bundleBytesMax, fileBytesMax, filesMax, pathCharactersMax } from './limits.ts';
import { refused, shown } from './refusal.ts';

/** By path within the bundle, with `/` between. */
export type BundleFiles = Map<string, Buffer>;

/** Counts what was read against the limits. */
export class Room {
  readonly #fileBytesMax: number;
  #bytes = 0;
  #files = 0;

  /** @param fileMax bytes of one file */
  constructor(fileMax: number = fileBytesMax) {
    this.#fileBytesMax = fileMax;
  }

  /** @throws Refused */
  take(name: string, bytes: number): void {
    this.#files += 1;
    this.#bytes += bytes;
    if (this.#files > filesMax) throw refused('bundle-too-large', `the bundle has more than ${filesMax} files`);
    if (bytes > this.#fileBytesMax || this.#bytes > bundleBytesMax)
      throw refused('bundle-too-large', `${shown(name)} does not fit into the limits of a bundle`);
  }
}

/** Folders that files stand in. */
export function foldersOf(files: BundleFiles): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const name of files.keys())
    for (let above = path.dirname(name); above !== '.' && !folders.has(above); above = path.dirname(above))
      folders.add(above);
  return folders;
}

/** Nobody signs an empty folder, and its name is a text that a person reads. @param found all that are there @throws Refused */
export function refuseEmptyFolders(found: Iterable<string>, files: BundleFiles): void {
  const filled = foldersOf(files);
  for (const name of found)
    if (!filled.has(name)) throw refused('file-unexpected', `${shown(name)} is an empty folder, and was not signed`);
}

/** @throws Refused */
export function checkPath(name: string): void {
  const parts = name.split('/');
  const isPlain = /^[\w@+=,. -]+(\/[\w@+=,. -]+)*$/.test(name) && !parts.includes('..') && !parts.includes('.');
  if (!isPlain || name.length > pathCharactersMax)
    throw refused('file-path', `"${shown(name)}" is no path of a bundle`);
}
