/** Files that git was asked not to look at (`git update-index --assume-unchanged`, `--skip-worktree`): its status says nothing of them, and they are looked at all the same. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { ofLink, ofSubmodule, type StoredFile, storedFiles } from './commit-tree.ts';
import { commitOf, git, gitOutput } from './git.ts';

/** So many names are one command line: Linux takes 128 KiB of each word, and 2 MiB of all. */
const namesMax = 200;

/**
 * Those that are not as the commit has them.
 * @param top of the repository: names are relative to it
 * @throws FloodgateError `version-unknown` where git cannot list them
 */
export function unseenChanges(top: string): readonly string[] {
  const entries = git(top, ['ls-files', '--cached', '-v', '-z']).split('\0').filter(Boolean);
  const unseen = entries.filter((entry) => entry[0] !== 'H').map((entry) => ({ tag: entry[0]!, name: entry.slice(2) }));
  const isThere = ({ name }: { name: string }) => statOf(path.join(top, name)) !== undefined;
  // In small letters: assumed to be unchanged. Of a sparse checkout most are not there.
  const present = unseen.filter((each) => each.tag.toUpperCase() !== 'S' || isThere(each));
  return present.length === 0
    ? []
    : changedOf(
        top,
        present.map(({ name }) => name),
      );
}

/** What the index has and no commit yet is another matter: git says so itself. */
function changedOf(top: string, names: readonly string[]): string[] {
  const stored = commitOf(top, 'HEAD') === undefined ? new Map<string, StoredFile>() : storedFiles(top, 'HEAD');
  const known = names.filter((name) => stored.has(name));
  const isFile = (name: string) => statOf(path.join(top, name))?.isFile() === true;
  const digests = digestsOf(top, known.filter(isFile));
  const hasModes = gitOutput(top, ['config', '--bool', 'core.fileMode']) !== 'false';
  return known.filter((name) => {
    const { mode, id } = stored.get(name)!;
    const found = digests.get(name);
    if (found === undefined) return !isAsStored(top, name, { mode, id });
    const isProgram = (lstatSync(path.join(top, name)).mode & 0o100) !== 0;
    return found !== id || !mode.startsWith('100') || (hasModes && mode !== (isProgram ? '100755' : '100644'));
  });
}

/** A link, or a repository within this one. */
function isAsStored(top: string, name: string, { mode, id }: StoredFile): boolean {
  const place = path.join(top, name);
  const stat = statOf(place);
  if (stat?.isSymbolicLink())
    return mode === ofLink && readlinkSync(place) === gitOutput(top, ['cat-file', 'blob', id]);
  if (!stat?.isDirectory() || mode !== ofSubmodule) return false;
  // One that was not fetched has no repository of its own.
  return !existsSync(path.join(place, '.git')) || gitOutput(place, ['rev-parse', 'HEAD']) === id;
}

/** As git would store them now, filters of the repository applied. */
function digestsOf(top: string, names: readonly string[]): Map<string, string> {
  const digests = new Map<string, string>();
  for (let at = 0; at < names.length; at += namesMax) {
    const piece = names.slice(at, at + namesMax);
    const lines = git(top, ['hash-object', '--', ...piece]).split('\n');
    for (const [index, name] of piece.entries()) digests.set(name, lines[index]!);
  }
  return digests;
}

function statOf(file: string) {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch {
    // What was a folder may have become a file.
    return undefined;
  }
}
