/**
 * The files that lie in a folder, without a word of the folder's own repository: its configuration names programs that git would run
 * (`core.fsmonitor`, filters), and its index says what is tracked, not what lies there. Only `.gitignore` files are heeded, and each that
 * is heeded is a file of the source itself, though it ignore itself: whoever adds one would hide with it whatever else was added.
 */
import { type Dirent, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { printable } from '../../reports/format.ts';
import { gitOutput } from '../compare/git.ts';
import { sourceFilesMax } from './limits.ts';

/** What is no source wherever it lies at the top: installed, of version control, or written by floodgate. */
const notSource = new Set([
  '.git',
  '.floodgate',
  '.floodgate-built',
  '.floodgate-sources',
  '.floodgate-source-list',
  'runs',
]);

export interface LyingFiles {
  /** Within the folder, with `/` between. */
  readonly names: readonly string[];
  /** Files and folders that are ignored. */
  readonly ignored: readonly string[];
}

/** As many as one more than `sourceFilesMax` where there are too many. @throws FloodgateError `source-unreadable` */
export function lyingFiles(folder: string): LyingFiles {
  const isWorkTree = entriesOf(folder).some(({ name }) => name === '.git');
  const listed = isWorkTree ? listedByGit(folder) : undefined;
  if (!listed) return { names: filesBelow(folder, ''), ignored: [] };
  // A repository within the folder is named by git, and not opened.
  const plain = listed.names.flatMap((name) => (name.endsWith('/') ? filesBelow(folder, name.slice(0, -1)) : [name]));
  const names = [...new Set([...plain, ...listed.heeded])];
  return { names: names.filter(isSource), ignored: listed.ignored.filter(isSource) };
}

function isSource(name: string): boolean {
  const parts = name.split('/');
  return !notSource.has(parts[0]!) && !parts.includes('node_modules');
}

/** By an empty repository elsewhere. Undefined where there is no git. */
function listedByGit(folder: string): (LyingFiles & { readonly heeded: readonly string[] }) | undefined {
  const empty = mkdtempSync(path.join(os.tmpdir(), 'floodgate-git-'));
  try {
    for (const name of ['objects', 'refs']) mkdirSync(path.join(empty, name));
    writeFileSync(path.join(empty, 'HEAD'), 'ref: refs/heads/none\n');
    const outputOf = (...words: string[]) =>
      gitOutput(folder, [`--git-dir=${empty}`, `--work-tree=${folder}`, '-c', 'core.bare=false', ...words]);
    const list = (...words: string[]) =>
      outputOf(...words)
        ?.split('\0')
        .filter((name) => name !== '');
    const others = ['ls-files', '--others', '--exclude-standard', '-z'];
    const names = list(...others);
    // A name that git quotes is not known again: an ignore file there counts.
    const ignoredOf = (folders: readonly string[]) =>
      new Set(outputOf('-c', 'core.quotePath=false', 'check-ignore', '--no-index', '--', ...folders)?.split('\n'));
    return (
      names && {
        names,
        ignored: list(...others, '--ignored', '--directory') ?? [],
        heeded: heededIn(folder, ignoredOf),
      }
    );
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}

const ignoreName: string = '.gitignore';
/** Names of folders that git is asked of at once: well below what a command line takes. */
const askedMax = 200;

/** Ignore files that git heeds: all but those in folders that are themselves ignored, into which it does not look. */
function heededIn(folder: string, ignoredOf: (folders: readonly string[]) => ReadonlySet<string>): string[] {
  const found = ignoreFilesBelow(folder);
  const heeded = found.filter((name) => name === ignoreName);
  const below = found.filter((name) => name !== ignoreName);
  for (let at = 0; at < below.length; at += askedMax) {
    const some = below.slice(at, at + askedMax);
    const ignored = ignoredOf(some.map((name) => path.posix.dirname(name)));
    heeded.push(...some.filter((name) => !ignored.has(path.posix.dirname(name))));
  }
  return heeded;
}

/** @throws FloodgateError `source-unreadable` */
function ignoreFilesBelow(folder: string): string[] {
  const found: string[] = [];
  for (const { name, entry } of entriesBelow(folder, '')) if (entry.name === ignoreName) found.push(name);
  return found;
}

/** In a folder of it that may be missing. */
export function filesBelow(folder: string, top: string): string[] {
  if (!existsSync(path.join(folder, top))) return [];
  const names: string[] = [];
  for (const { name, entry } of entriesBelow(folder, top)) {
    if (entry.isFile() || entry.isSymbolicLink()) names.push(name);
    if (names.length > sourceFilesMax) return names;
  }
  return names;
}

/** All but folders, at any depth, with their names within `folder`; what is no source is not looked into. */
function* entriesBelow(folder: string, top: string): Generator<{ readonly name: string; readonly entry: Dirent }> {
  const open = [top];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of entriesOf(path.join(folder, below))) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name === '.git' || !isSource(name)) continue;
      if (entry.isDirectory()) open.push(name);
      else yield { name, entry };
    }
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw unreadable(folder, error);
  }
}

/** What stands for bytes that are no UTF-8, once a name was read as text. */
const noText = '\uFFFD';

/** A list has names as text: what another name stands for would be in none. @throws FloodgateError `source-unreadable` */
export function refuseUnreadableNames(folder: string, names: readonly string[]): void {
  const other = names.find((name) => name.includes(noText) && !existsSync(path.join(folder, name)));
  if (other === undefined) return;
  const parts = other.split('/');
  const at = parts.findIndex((part) => part.includes(noText));
  const place = path.join(folder, ...parts.slice(0, at));
  throw new FloodgateError(
    'source-unreadable',
    `${printable(place)} has a name in it that is not UTF-8: ${printable(parts[at]!)}`,
    {
      hint: 'Rename it, or take it away (ls -b shows every byte of it): a sign-off lists files by names that are text.',
    },
  );
}

export function unreadable(file: string, error: unknown): FloodgateError {
  return new FloodgateError('source-unreadable', `${printable(file)} cannot be read: ${(error as Error).message}`, {
    hint: 'A source holds plain files, folders and links: take it away, or let it be read.',
  });
}
