/** What git's tree of a commit names. */
import { git } from './git.ts';

export interface StoredFile {
  readonly mode: string;
  /** Of its content, or of a submodule's commit: SHA-1, or SHA-256 where the repository says so. */
  readonly id: string;
}

export const ofLink = '120000';
export const ofSubmodule = '160000';

/**
 * @param repository its top, or its git folder
 * @param which words for git that say which repository is meant. @default the one that the folder is in
 * @returns by name from the top, links and submodules among them
 * @throws FloodgateError `version-unknown` where the commit is not here
 */
export function storedFiles(
  repository: string,
  commit: string,
  which: readonly string[] = [],
): Map<string, StoredFile> {
  const entries = git(repository, [...which, 'ls-tree', '-r', '-z', '--full-tree', commit]).split('\0');
  return new Map(
    entries.flatMap((entry) => {
      const [, mode, id, name] = /^(\d+) \w+ ([0-9a-f]+)\t(.+)$/s.exec(entry) ?? [];
      return mode && id && name ? [[name, { mode, id }] as const] : [];
    }),
  );
}
