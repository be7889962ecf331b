/** The working folder that a sign-off is driven from, looked at: every file that git tracks in it, or does not ignore, and what no commit has. */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { ofSubmodule, type StoredFile, storedFiles } from '../compare/commit-tree.ts';
import { git, gitOutput, refuseUntrusted } from '../compare/git.ts';
import { prefixOf, submodulesOf, untracked } from '../compare/version-files.ts';
import { isWithin } from '../compare/within.ts';
import { workingBytesMax, workingFilesMax } from './limits.ts';
import { filesBelow, lyingFiles, refuseUnreadableNames } from './lying-files.ts';
import { textDigest } from './source-list.ts';
import { describeStored, isSubmoduleAsStored } from './stored-files.ts';
import { isLying, noDigest, type WorkingFile, type WorkingPlace } from './working-list.ts';

export interface WorkingFolder {
  readonly place: WorkingPlace;
  /** None where `place` says why. */
  readonly files: readonly WorkingFile[];
}

interface Named {
  readonly names: readonly string[];
  /** Of those that git tracks: not as the commit has it. */
  readonly changed: ReadonlySet<string>;
  readonly untracked: ReadonlySet<string>;
  readonly submodules: ReadonlySet<string>;
  /** By the commit itself; empty where there is none. */
  readonly stored: ReadonlyMap<string, StoredFile>;
}

/**
 * @param folder of the project
 * @param leftOut files that sign and are never read by what is run: the digest of a passphrase would help whoever guesses it
 * @throws FloodgateError `version-unknown` where git cannot list its files, or lists those of another folder; `source-unreadable`
 */
export function lookAtWorkingFolder(folder: string, leftOut: readonly string[] = []): WorkingFolder {
  const repository = gitOutput(folder, ['rev-parse', '--show-toplevel']);
  if (repository === undefined) refuseUntrusted(folder);
  else refuseElsewhere(folder, repository);
  const top = repository ?? folder;
  const commit = repository === undefined ? undefined : gitOutput(top, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const prefix = repository === undefined ? '' : prefixOf(folder);
  const place = { commit: commit ?? null, folder: prefix };
  const named = repository === undefined ? namedByWalk(folder) : namedByGit(folder, top, commit);
  const isLeftOut = new Set(leftOut.map(real));
  const names = named.names.filter((name) => leftOut.length === 0 || !isLeftOut.has(real(path.join(top, name))));
  refuseUnreadableNames(top, names);
  const unlisted =
    names.length > workingFilesMax ? 'files' : bytesOf(top, names) > workingBytesMax ? 'bytes' : undefined;
  if (unlisted !== undefined) return { place: { ...place, unlisted }, files: [] };
  const sorted = [...new Set(names)].sort();
  return { place, files: sorted.map((name) => looked(top, name, named)) };
}

/** @throws FloodgateError `version-unknown` where the work tree that git speaks of is another folder's */
function refuseElsewhere(folder: string, repository: string): void {
  if (isWithin(real(folder), real(repository))) return;
  throw new FloodgateError('version-unknown', `${folder} is not in the work tree of its repository, ${repository}`, {
    hint: 'Its files would not be those that are listed. git config --show-origin core.worktree shows where that is said: take it away (--unset).',
  });
}

/** A repository is in no list, but for its commit. */
function looked(top: string, name: string, { changed, untracked, submodules, stored }: Named): WorkingFile {
  const said = untracked.has(name) ? 'untracked' : changed.has(name) ? 'changed' : undefined;
  const own = stored.get(name);
  if (submodules.has(name)) {
    const file = path.join(top, name);
    // One that was not fetched has no repository of its own.
    const commit = existsSync(path.join(file, '.git')) ? gitOutput(file, ['rev-parse', 'HEAD']) : undefined;
    const id = commit ?? gitOutput(top, ['rev-parse', '--verify', '--quiet', `:${name}`]) ?? '';
    const isOther = said === undefined && stored.size > 0 && !isSubmodule(file, own);
    const state = isOther ? 'changed' : said;
    return { name, sha256: textDigest(id), mode: ofSubmodule, ...(state && { state }) };
  }
  if (!liesAt(top, name)) return { name, sha256: noDigest, state: 'deleted' };
  try {
    const { file, isAsStored } = describeStored(top, name, own);
    const state = said ?? (stored.size === 0 || isAsStored ? undefined : 'changed');
    return { ...file, ...(state && { state }) };
  } catch {
    return { name, sha256: noDigest, state: 'unreadable' };
  }
}

function isSubmodule(file: string, own: StoredFile | undefined): boolean {
  try {
    return own?.mode === ofSubmodule && isSubmoduleAsStored(file, own);
  } catch {
    // A file of it that cannot be read, or a commit that is not there.
    return false;
  }
}

function namedByGit(folder: string, top: string, commit: string | undefined): Named {
  const list = (...words: string[]) =>
    git(top, words)
      .split('\0')
      .filter((name) => name !== '');
  // Of a sparse checkout most files are not there.
  const tracked = list('ls-files', '--cached', '-v', '-z').flatMap((line) =>
    line[0] !== 'S' || liesAt(top, line.slice(2)) ? [line.slice(2)] : [],
  );
  const diff = ['diff', '--name-only', '--no-ext-diff', '--no-textconv', '--no-renames', '--ignore-submodules=none'];
  const changed = new Set(commit === undefined ? tracked : list(...diff, '-z', 'HEAD'));
  const others = untracked(folder, top).flatMap((name) =>
    // A repository within this one.
    name.endsWith('/') ? filesBelow(top, name.slice(0, -1)) : [name],
  );
  const known = new Set(tracked);
  const gone = [...changed].filter((name) => !known.has(name));
  return {
    names: [...tracked, ...gone, ...others],
    changed,
    untracked: new Set(others),
    submodules: new Set(submodulesOf(folder)),
    stored: commit === undefined ? new Map() : storedFiles(top, commit),
  };
}

/** Of no commit: `place` says so once for all of them. */
function namedByWalk(folder: string): Named {
  const none = new Set<string>();
  return { names: lyingFiles(folder).names, changed: none, untracked: none, submodules: none, stored: new Map() };
}

function bytesOf(top: string, names: readonly string[]): number {
  let bytes = 0;
  for (const name of names) bytes += liesAt(top, name)?.size ?? 0;
  return bytes;
}

/** A file behind a link in the place of a folder lies elsewhere: it is listed there, if it is of this repository. */
function liesAt(top: string, name: string) {
  try {
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1))
      if (lstatSync(path.join(top, name.slice(0, at))).isSymbolicLink()) return undefined;
    return lstatSync(path.join(top, name), { throwIfNoEntry: false });
  } catch {
    // What was a folder may have become a file, may be gone, or may not be looked into.
    return undefined;
  }
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file);
  }
}

/** As it was at the beginning; whatever is another at the end is marked. */
export function sinceThen(before: WorkingFolder, after: WorkingFolder): WorkingFolder {
  const { unlisted = after.place.unlisted } = before.place;
  if (unlisted !== undefined) return { place: { ...before.place, unlisted }, files: [] };
  const then = new Map(before.files.map((each) => [each.name, each]));
  const now = new Map(after.files.map((each) => [each.name, each]));
  const names = [...new Set([...then.keys(), ...now.keys()])].sort();
  const files = names.map((name): WorkingFile => {
    const [was, is] = [then.get(name), now.get(name)];
    const { state: _, ...kept } = was !== undefined && isLying(was) ? was : is !== undefined ? is : was!;
    const isSame = was?.sha256 === is?.sha256 && was?.mode === is?.mode && was?.state === is?.state;
    if (isSame) return was!;
    return kept.sha256 === noDigest ? (was ?? is)! : { ...kept, state: 'meanwhile' };
  });
  return { place: before.place, files };
}
