/** The working folder that a sign-off is driven from, looked at: every file that git tracks in it, or does not ignore, and what no commit has. */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { git, gitOutput } from '../compare/git.ts';
import { indexedFiles } from '../compare/unseen-files.ts';
import { prefixOf, submodulesOf, untracked } from '../compare/version-files.ts';
import { workingBytesMax, workingFilesMax } from './limits.ts';
import { filesBelow, lyingFiles } from './lying-files.ts';
import { describe, textDigest } from './source-list.ts';
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
}

/**
 * @param folder of the project
 * @param leftOut files that sign and are never read by what is run: the digest of a passphrase would help whoever guesses it
 * @throws FloodgateError `version-unknown` where git cannot list its files
 */
export function lookAtWorkingFolder(folder: string, leftOut: readonly string[] = []): WorkingFolder {
  const repository = gitOutput(folder, ['rev-parse', '--show-toplevel']);
  const top = repository ?? folder;
  const commit = repository === undefined ? undefined : gitOutput(top, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const prefix = repository === undefined ? '' : prefixOf(folder);
  const place = { commit: commit ?? null, folder: prefix };
  const named = repository === undefined ? namedByWalk(folder) : namedByGit(folder, top, commit !== undefined);
  const isLeftOut = new Set(leftOut.map(real));
  const names = named.names.filter((name) => leftOut.length === 0 || !isLeftOut.has(real(path.join(top, name))));
  const unlisted =
    names.length > workingFilesMax ? 'files' : bytesOf(top, names) > workingBytesMax ? 'bytes' : undefined;
  if (unlisted !== undefined) return { place: { ...place, unlisted }, files: [] };
  const sorted = [...new Set(names)].sort();
  return { place, files: sorted.map((name) => looked(top, name, named)) };
}

/** A repository is in no list, but for its commit. */
function looked(top: string, name: string, { changed, untracked, submodules }: Named): WorkingFile {
  const state = untracked.has(name) ? 'untracked' : changed.has(name) ? 'changed' : undefined;
  const file = path.join(top, name);
  if (submodules.has(name)) {
    // One that was not fetched has no repository of its own.
    const commit = existsSync(path.join(file, '.git')) ? gitOutput(file, ['rev-parse', 'HEAD']) : undefined;
    const stored = commit ?? gitOutput(top, ['rev-parse', '--verify', '--quiet', `:${name}`]) ?? '';
    return { name, sha256: textDigest(stored), mode: '160000', ...(state && { state }) };
  }
  if (!liesAt(file)) return { name, sha256: noDigest, state: 'deleted' };
  try {
    return { ...describe(top, name), ...(state && { state }) };
  } catch {
    return { name, sha256: noDigest, state: 'unreadable' };
  }
}

function namedByGit(folder: string, top: string, hasCommit: boolean): Named {
  const list = (...words: string[]) =>
    git(top, words)
      .split('\0')
      .filter((name) => name !== '');
  const { names: tracked, unseenChanges } = indexedFiles(top);
  const diff = ['diff', '--name-only', '--no-ext-diff', '--no-textconv', '--no-renames', '--ignore-submodules=none'];
  const changed = new Set(hasCommit ? list(...diff, '-z', 'HEAD') : tracked);
  for (const name of unseenChanges) changed.add(name);
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
  };
}

/** Of no commit: `place` says so once for all of them. */
function namedByWalk(folder: string): Named {
  const none = new Set<string>();
  return { names: lyingFiles(folder).names, changed: none, untracked: none, submodules: none };
}

function bytesOf(top: string, names: readonly string[]): number {
  let bytes = 0;
  for (const name of names) bytes += liesAt(path.join(top, name))?.size ?? 0;
  return bytes;
}

function liesAt(file: string) {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch {
    // What was a folder may have become a file, or may not be looked into.
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
