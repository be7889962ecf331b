/** Submodules of a commit, checked out from the clones of them that are on this machine: nothing is fetched. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ofSubmodule, storedFiles } from './commit-tree.ts';
import { git, gitOutput } from './git.ts';
import { isWithin } from './within.ts';

export interface Submodule {
  /** Relative to the repository's top. */
  readonly name: string;
  readonly commit: string;
  /** The git folder of a clone that has the commit; undefined where none is here. */
  readonly clone: string | undefined;
}

/** A git folder says where its files lie, and git goes there first: they may be no more. */
const of = (repository: string): string[] =>
  existsSync(path.join(repository, 'HEAD')) && existsSync(path.join(repository, 'objects'))
    ? ['--git-dir', repository, '--work-tree', repository]
    : [];

/** Within each other: deeper are none that people make. */
const depthMax = 8;

/** @param repository its top, or its git folder @returns those of submodules behind the one that they are in */
export function submodulesAt(repository: string, commit: string, depth = 0): Submodule[] {
  if (depth >= depthMax) return [];
  const links = [...storedFiles(repository, commit, of(repository))].filter(([, { mode }]) => mode === ofSubmodule);
  if (links.length === 0) return [];
  const folders = cloneFolders(repository, commit);
  return links.flatMap(([name, { id: named }]) => {
    const clone = folders(name).find((folder) => hasCommit(folder, named));
    const inner = clone === undefined ? [] : submodulesAt(clone, named, depth + 1);
    return [{ name, commit: named, clone }, ...inner.map((each) => ({ ...each, name: `${name}/${each.name}` }))];
  });
}

/** Where clones of a submodule may lie: in the folder where it is checked out, and where git keeps them. */
function cloneFolders(repository: string, commit: string): (name: string) => string[] {
  const own = ['--absolute-git-dir', '--git-common-dir'].flatMap((which) => {
    const folder = gitOutput(repository, [...of(repository), 'rev-parse', which]);
    return folder === undefined ? [] : [path.resolve(repository, folder)];
  });
  const names = keptNames(repository, commit);
  return (name) => {
    const place = path.join(repository, name);
    const there = existsSync(path.join(place, '.git'))
      ? gitOutput(place, ['rev-parse', '--absolute-git-dir'])
      : undefined;
    const kept = [...new Set(own)].map((folder) => path.join(folder, 'modules'));
    const called = names.get(name) ?? name;
    const known = kept.map((folder) => path.join(folder, called)).filter((each, at) => isWithin(each, kept[at]!));
    return [...(there === undefined ? [] : [there]), ...known.filter((each) => existsSync(path.join(each, 'HEAD')))];
  };
}

/** What `.gitmodules` calls each, by where it lies: git keeps its clone under that name. */
function keptNames(repository: string, commit: string): Map<string, string> {
  const words = ['config', '--blob', `${commit}:.gitmodules`, '-z', '--get-regexp', String.raw`^submodule\..*\.path$`];
  const entries = (gitOutput(repository, [...of(repository), ...words]) ?? '').split('\0').filter(Boolean);
  return new Map(
    entries.map((entry) => {
      const feed = entry.indexOf('\n');
      return [entry.slice(feed + 1), entry.slice('submodule.'.length, feed - '.path'.length)];
    }),
  );
}

const hasCommit = (folder: string, commit: string): boolean =>
  gitOutput(folder, [...of(folder), 'cat-file', '-e', `${commit}^{commit}`]) !== undefined;

/** @param to where the commit is checked out, without its submodules */
export function checkOutSubmodules(repository: string, commit: string, to: string): void {
  for (const { name, commit: named, clone } of submodulesAt(repository, commit)) {
    if (clone === undefined) continue;
    const place = path.join(to, name);
    try {
      checkOutShared(clone, named, place);
    } catch {
      // A shallow clone gives away no more than its branches: that one is missing, as if no clone were here.
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place, { recursive: true });
    }
  }
}

/** A clone that takes objects from where they are. */
export function checkOutShared(repository: string, commit: string, to: string): void {
  git(repository, ['clone', '--quiet', '--shared', '--no-checkout', '--', repository, to]);
  git(to, ['checkout', '--quiet', '--detach', commit]);
}

/** Names of those that a checkout has no file of, in order. @param top of the checkout */
export function missingSubmodules(top: string): string[] {
  if (!existsSync(path.join(top, '.git'))) return [];
  return submodulesAt(top, 'HEAD')
    .map(({ name }) => name)
    .filter((name) => !existsSync(path.join(top, name)) || readdirSync(path.join(top, name)).length === 0);
}
