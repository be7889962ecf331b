/** What a version's name means: a commit, a folder, a package, what an earlier run measured. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { installedState } from './build-version.ts';
import { type EarlierRun, earlierRun } from './earlier-run.ts';
import { commitOf, gitOutput, refuseUntrusted } from './git.ts';
import { installedWords } from './installed-packages.ts';
import { packageOf, type RegistryPackage, versionPattern } from './package-version.ts';
import { submodulesAt } from './submodules.ts';
import { folderState, hasChanges, prefixOf, repositoryState, submodulesOf, topOf } from './version-files.ts';

export interface Version {
  /** As given: `main`, `.`, `v1.2.0`, `npm:1.2.0`. */
  readonly label: string;
  /** Full commit, or undefined for what is none. */
  readonly commit: string | undefined;
  /** True where uncommitted changes are in it. */
  readonly dirty: boolean;
  /** `shop@1.2.0`; undefined for what is no package. */
  readonly package: string | undefined;
  /** Names what was built: the same key is the same files, built by the same commands. */
  readonly key: string;
}

/** Where the files of a version come from. */
export type Origin =
  | { readonly kind: 'commit'; readonly commit: string; readonly withChanges: boolean }
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'archive'; readonly file: string }
  | { readonly kind: 'registry'; readonly package: RegistryPackage }
  /** Built before, and nowhere else any more. */
  | { readonly kind: 'parked' };

export interface Named {
  readonly version: Version;
  readonly origin: Origin;
}

export interface NamingOptions {
  /** The project's folder. */
  readonly folder: string;
  /** Commands that build a checkout, where the configuration says them. */
  readonly build: readonly string[] | undefined;
  /** No checkout of a commit has files of submodules, and so a working folder that has some is not its commit. @default false: as the commit names them */
  readonly copiesSubmodules?: boolean;
  /** Whether this version was built before, and is still there. */
  readonly isParked: (key: string) => boolean;
}

/** @throws FloodgateError `version-unknown` where it names nothing, or nothing that can be run again */
export function resolveVersion(label: string, options: NamingOptions): Named {
  const { folder } = options;
  if (label.startsWith('npm:')) return ofRegistry(label, packageOf(folder, label.slice('npm:'.length)), folder);
  const place = placeOf(label, folder);
  if (isPath(label)) {
    if (!existsSync(place))
      throw unknown(`${path.resolve(label)} does not exist`, 'Name a folder, a package file (.tgz), or a commit.');
    return atPath(label, place, options);
  }
  const commit = commitOf(folder, label);
  if (commit !== undefined) return ofCommit(label, commit, options);
  if (versionPattern.test(label)) return ofRegistry(label, packageOf(folder, label), folder);
  if (existsSync(place) && (statSync(place).isFile() || earlierRun(place) !== undefined))
    return atPath(label, place, options);
  throw noCommit(label, folder);
}

function noCommit(label: string, folder: string): FloodgateError {
  const other = 'A folder begins with "./", a published package with "npm:".';
  const isShallow = gitOutput(folder, ['rev-parse', '--is-shallow-repository']);
  if (isShallow === undefined) {
    refuseUntrusted(folder);
    return unknown(
      `"${label}" is no commit: ${folder} is in no git repository`,
      `Name what is to be compared. ${other}`,
    );
  }
  const hint =
    isShallow === 'true'
      ? 'This clone is shallow, and has few: fetch the others (git fetch --unshallow; actions/checkout with fetch-depth: 0).'
      : 'git branch --all shows those that there are.';
  return unknown(`"${label}" is no commit, branch or tag of this repository`, `${hint} ${other}`);
}

/** As words of a command line are: relative to the working folder; else, as in a configuration, to the project's. `.` is the project. */
function placeOf(label: string, folder: string): string {
  const typed = path.resolve(label);
  return label !== '.' && existsSync(typed) ? typed : path.resolve(folder, label);
}

function isPath(label: string): boolean {
  return label === '.' || label === '..' || label.startsWith('./') || label.startsWith('../') || path.isAbsolute(label);
}

function atPath(label: string, place: string, options: NamingOptions): Named {
  const run = earlierRun(place);
  if (run !== undefined) return ofRun(label, run, options);
  if (statSync(place).isFile()) return ofArchive(label, place, options);
  return ofFolder(label, place, options);
}

function ofCommit(label: string, commit: string, options: NamingOptions): Named {
  const key = keyOf(options, 'commit', commit, ...checkedOutSubmodules(commit, options));
  return {
    version: { label, commit, dirty: false, package: undefined, key },
    origin: { kind: 'commit', commit, withChanges: false },
  };
}

/** Of those whose clones are here: one that is fetched later makes another checkout. */
function checkedOutSubmodules(commit: string, { folder, copiesSubmodules = false }: NamingOptions): string[] {
  if (copiesSubmodules) return [];
  return submodulesAt(topOf(folder), commit).flatMap(({ name, clone }) => (clone === undefined ? [] : [name]));
}

function ofFolder(label: string, source: string, options: NamingOptions): Named {
  const { folder, copiesSubmodules = false } = options;
  const commit = source === folder ? commitOf(folder, 'HEAD') : undefined;
  const dirty = commit !== undefined && hasChanges(folder);
  if (commit !== undefined && !dirty && !(copiesSubmodules && submodulesOf(folder).length > 0))
    return ofCommit(label, commit, options);
  const state = commit === undefined ? folderState(source, folder) : repositoryState(folder);
  return {
    version: {
      label,
      commit,
      dirty,
      package: undefined,
      key: keyOf(options, 'folder', source, state),
    },
    origin: commit === undefined ? { kind: 'folder', folder: source } : { kind: 'commit', commit, withChanges: true },
  };
}

/** Packages are built when they are packed: the project's commands are not run again. */
function ofArchive(label: string, file: string, { folder }: NamingOptions): Named {
  if (!/\.(tgz|tar\.gz)$/.test(file))
    throw unknown(`${file} is neither a folder nor a package`, 'A package is a file .tgz, as "npm pack" writes it.');
  const content = createHash('sha256').update(readFileSync(file)).digest('hex');
  return {
    version: {
      label,
      commit: undefined,
      dirty: false,
      package: path.basename(file),
      key: keyOf({ folder, isPacked: true }, 'archive', content),
    },
    origin: { kind: 'archive', file },
  };
}

/** @param named with a version, or with a tag */
export function ofRegistry(label: string, named: RegistryPackage, folder: string): Named {
  const shown = `${named.name}@${named.version}`;
  return {
    version: {
      label,
      commit: undefined,
      dirty: false,
      package: shown,
      key: keyOf({ folder, isPacked: true }, 'registry', shown),
    },
    origin: { kind: 'registry', package: named },
  };
}

/** Its figures are of another day: what it measured is measured anew. */
function ofRun(label: string, run: EarlierRun, options: NamingOptions): Named {
  const { folder, isParked } = options;
  if (run.commit !== undefined && !run.dirty) {
    const commit = commitOf(folder, run.commit);
    if (commit !== undefined) return ofCommit(label, commit, options);
    const where = `${run.file} measured ${run.commit.slice(0, 10)}`;
    throw unknown(`${where}, which is no commit of this repository`, 'Fetch it, or name another version.');
  }
  if (run.key !== undefined && isParked(run.key)) {
    const { commit, dirty, key } = run;
    return { version: { label, commit, dirty, package: run.package, key }, origin: { kind: 'parked' } };
  }
  if (run.package !== undefined && run.package.lastIndexOf('@') > 0)
    return ofRegistry(label, packageOf(folder, run.package), folder);
  const what = run.dirty ? 'a folder with uncommitted changes' : 'a folder that is no commit';
  throw unknown(
    `${run.file} measured ${what}, and no copy of it is left`,
    'Copies of the versions that were used last are kept. Commit what is to be compared later, or name a commit.',
  );
}

/** Raised whenever a copy that was built before may hold something else than one that is built now. */
const buildsSince = 'packages as asked for';

interface BuiltBy {
  readonly folder: string;
  readonly build?: readonly string[] | undefined;
  /** A package is not built by the project's commands, and needs more than its lock file. @default false */
  readonly isPacked?: boolean;
}

function keyOf({ folder, build, isPacked = false }: BuiltBy, ...parts: readonly string[]): string {
  const prefix = prefixOf(folder);
  const top = prefix === '' ? folder : path.resolve(folder, ...prefix.split('/').map(() => '..'));
  const packages = isPacked ? installedWords(folder) : build === undefined ? installedState(folder, top) : '';
  return createHash('sha256')
    .update([buildsSince, packages, ...parts, ...(build ?? [])].join('\0'))
    .digest('hex')
    .slice(0, 16);
}

function unknown(message: string, hint: string): FloodgateError {
  return new FloodgateError('version-unknown', message, { hint });
}
