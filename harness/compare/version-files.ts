/** Files of a project as comparisons copy them: of a commit, of the working folder with its changes, of any folder. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { git, gitOutput } from './git.ts';
import { reportFolders } from './report-folders.ts';
import { checkOutShared, checkOutSubmodules } from './submodules.ts';
import { unseenChanges } from './unseen-files.ts';
import { isWithin } from './within.ts';

/** Names, sizes and times of all files: what changes when a file does. */
function stateOf(files: readonly string[], top: string): string {
  const hash = createHash('sha256');
  for (const name of files) {
    const stat = lstatSync(path.join(top, name), { throwIfNoEntry: false });
    hash.update(`${name}\0${stat?.size}\0${stat?.mtimeMs}\0`);
  }
  return hash.digest('hex');
}

/** Of the repository that a project is in, with what is not committed. */
export function repositoryState(folder: string): string {
  const top = topOf(folder);
  return stateOf(repositoryFiles(folder, top), top);
}

/** Of a folder and everything below it. @param project whose own files are left out where it lies in there */
export function folderState(folder: string, project: string): string {
  return stateOf(filesIn(folder, '', isOurs(project)).sort(), folder);
}

function filesIn(top: string, below: string, isLeftOut: (place: string) => boolean): string[] {
  const folder = path.join(top, below);
  const names = below === '' ? namesIn(folder) : readdirSync(folder);
  return names.flatMap((name) => {
    const place = path.join(folder, name);
    if (isLeftOut(place)) return [];
    const file = path.join(below, name);
    return isFolder(place) ? [file, ...filesIn(top, file, isLeftOut)] : [file];
  });
}

/** Where floodgate writes while it copies: the copy itself is in there. @param project its folder, absolute */
function isOurs(project: string): (place: string) => boolean {
  const left = ours.map((name) => path.join(realpathSync(project), name));
  return (place) => ours.includes(path.basename(place)) && left.includes(realpathSync(place));
}

/** Whether the working folder differs from the commit that is checked out. */
export function hasChanges(folder: string): boolean {
  if (gitOutput(folder, ['status', '--porcelain=v1', '-uno', '-z']) !== '') return true;
  const top = topOf(folder);
  return untracked(folder, top).length > 0 || unseenChanges(top).length > 0;
}

export interface ChangedFile {
  readonly name: string;
  readonly content: string;
}

/**
 * What the files that git knows have beyond the commit, by content, in order: the same on every machine that has the same changes. Others
 * are left out: a log that grows beside the sources is none.
 */
export function changedFiles(folder: string): ChangedFile[] {
  const top = topOf(folder);
  const changed = git(top, ['diff', '--name-only', '--no-ext-diff', '--no-textconv', '-z', 'HEAD']).split('\0');
  const names = [...changed.filter((name) => name !== ''), ...unseenChanges(top)];
  return [...new Set(names)].sort().map((name) => ({ name, content: contentOf(top, name) }));
}

/** Files that git was never given and does not ignore, in order. @param bytesMax a larger one is known by its size and time */
export function untrackedFiles(folder: string, bytesMax: number): ChangedFile[] {
  const top = topOf(folder);
  return untracked(folder, top)
    .sort()
    .map((name) => {
      try {
        const { size, mtimeMs } = lstatSync(path.join(top, name));
        return { name, content: size > bytesMax ? `${size} ${mtimeMs}` : contentOf(top, name) };
      } catch {
        // Removed meanwhile, or not to be read by this user.
        return { name, content: 'unknown' };
      }
    });
}

/** Of all such files as one; undefined where there are none. */
export function changesDigest(files: readonly ChangedFile[]): string | undefined {
  if (files.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name}\0${content}\0`);
  return hash.digest('hex');
}

const pieceBytes = 1 << 20;

function contentOf(top: string, name: string): string {
  const place = path.join(top, name);
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return 'removed';
  if (stat.isSymbolicLink()) return `link ${readlinkSync(place)}`;
  // A repository in this one: its own commit, and what it has beyond that.
  if (stat.isDirectory())
    return `${gitOutput(place, ['rev-parse', 'HEAD'])} ${gitOutput(place, ['status', '--porcelain'])}`;
  if (!stat.isFile()) return 'no file';
  const hash = createHash('sha256');
  const handle = openSync(place, 'r');
  try {
    const piece = Buffer.alloc(pieceBytes);
    for (let read = 1; read > 0; ) {
      read = readSync(handle, piece);
      hash.update(piece.subarray(0, read));
    }
  } finally {
    closeSync(handle);
  }
  return `${stat.mode & 0o111 ? 'program' : 'file'} ${hash.digest('hex')}`;
}

/** What floodgate itself writes below a project is no change of it. */
const ours = ['.floodgate', 'runs'];

/** Everything but version control and what is ours. */
function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== '.git' && !ours.includes(name));
}

/** Files of the whole repository, which a project in a folder of it may use, relative to its top. */
const repositoryFiles = (folder: string, top: string): string[] =>
  [...listed(folder, top, '-c'), ...untracked(folder, top)].flatMap((name) =>
    isFolder(path.join(top, name)) ? filesBelow(top, name.replace(/\/$/, '')) : [name],
  );

/** Repositories within the one of this folder, by the commits that it names of them, relative to its top. */
export function submodulesOf(folder: string): string[] {
  const entries = git(topOf(folder), ['ls-files', '--stage', '-z']).split('\0');
  return entries.filter((entry) => entry.startsWith('160000 ')).map((entry) => entry.slice(entry.indexOf('\t') + 1));
}

/** Of a repository within this one. */
function filesBelow(top: string, folder: string): string[] {
  return readdirSync(path.join(top, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.name === '.git') return [];
    return entry.isDirectory() ? filesBelow(top, name) : [name];
  });
}

const isFolder = (place: string): boolean => liesAt(place) && lstatSync(place).isDirectory();

/** What was never added, and is not ignored, relative to the top: a repository within this one by its folder. What floodgate wrote is left out. */
export function untracked(folder: string, top: string): string[] {
  const isReported = reportFolders(top);
  return listed(folder, top, '-o').filter((file) => !isReported(file));
}

function listed(folder: string, top: string, which: '-c' | '-o'): string[] {
  const prefix = path.relative(top, folder);
  const excluded = ours.map((name) => `--exclude=/${path.posix.join(prefix, name)}/`);
  const list = git(top, ['ls-files', which, '--exclude-standard', ...excluded, '-z']);
  return list.split('\0').filter((name) => name !== '');
}

/** The project's folder within its repository; empty where it is the top. */
export function prefixOf(folder: string): string {
  return gitOutput(folder, ['rev-parse', '--show-prefix'])?.replace(/\/$/, '') ?? '';
}

/** The top of the repository that a folder is in. @throws FloodgateError `version-unknown` where it is in none */
export function topOf(folder: string): string {
  return git(folder, ['rev-parse', '--show-toplevel']);
}

/** Where the files of a project are copied from and to. */
export interface CopyOrder {
  /** A folder that is a version: of the project, of its repository, or around either. */
  readonly source: string;
  readonly to: string;
  /** Of the project within its repository. */
  readonly prefix: string;
  /** The project's folder: what floodgate writes in it is left out of the copy. */
  readonly project: string;
}

/** Everything of a folder, so that the project is where it is in the repository. */
export function copyFolder({ source, to, prefix, project }: CopyOrder): void {
  const { from, place } = placesOf(source, prefix, project);
  const target = path.join(to, place);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const isLeftOut = isOurs(project);
  for (const name of namesIn(from)) copyAround(path.join(from, name), path.join(target, name), isLeftOut);
}

/** What is copied of a folder, and to where in the checkout. */
function placesOf(source: string, prefix: string, project: string): { from: string; place: string } {
  const within = path.relative(realpathSync(source), realpathSync(project));
  if (within === '' || !isWithin(realpathSync(project), realpathSync(source)))
    return { from: source, place: existsSync(path.join(source, prefix)) ? '' : prefix };
  const [above, below] = [prefix.split('/').filter(Boolean), within.split(path.sep)];
  const rest = above.length - below.length;
  // Around the repository, or around a project that is in none: of it, only that is the version.
  return rest < 0
    ? { from: path.join(source, ...below.slice(0, -rest)), place: '' }
    : { from: source, place: path.join(...above.slice(0, rest)) };
}

/**
 * @param more `changes`: as the working folder is, uncommitted files and whatever lies in submodules included; `submodules`: as the commit names
 * them, where clones of them are here
 */
export function copyCommit(folder: string, commit: string, to: string, more?: 'changes' | 'submodules'): void {
  const repository = topOf(folder);
  checkOutShared(repository, commit, to);
  if (more === 'submodules') checkOutSubmodules(repository, commit, to);
  if (more !== 'changes') return;
  for (const name of git(to, ['ls-files', '-z']).split('\0')) {
    if (name !== '' && !liesAt(path.join(repository, name)))
      rmSync(path.join(to, name), { recursive: true, force: true });
  }
  for (const name of repositoryFiles(folder, repository)) {
    const source = path.join(repository, name);
    if (liesAt(source)) copy(source, path.join(to, name));
  }
}

/** A link that leads nowhere is a file of its own. */
function liesAt(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // What was a folder may have become a file.
    return false;
  }
}

/** A folder around the copy goes name by name: Node.js copies none into itself, whatever is left out. */
function copyAround(from: string, to: string, isLeftOut: (place: string) => boolean): void {
  if (isLeftOut(from)) return;
  if (lstatSync(from).isSymbolicLink() || !isWithin(realpathSync(path.dirname(to)), realpathSync(from))) {
    copy(from, to);
    return;
  }
  mkdirSync(to);
  for (const name of readdirSync(from)) copyAround(path.join(from, name), path.join(to, name), isLeftOut);
}

function copy(from: string, to: string): void {
  // A link over a link that leads nowhere aborts Node.js.
  rmSync(to, { recursive: true, force: true });
  if (lstatSync(from).isSymbolicLink()) {
    // One that leads nowhere is none to cpSync.
    mkdirSync(path.dirname(to), { recursive: true });
    symlinkSync(readlinkSync(from), to);
    return;
  }
  // Links stay links: what they point to may be outside.
  cpSync(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    mode: constants.COPYFILE_FICLONE,
  });
}
