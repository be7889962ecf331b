/**
 * The files of a version's source with their digests, one a line as sha256sum(1) writes and checks them: what a candidate is. Packages and
 * what a build makes are not in it: they follow from the source, its lock file and its build.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { gitOutput } from '../compare/git.ts';
import { fileDigest } from './file-digest.ts';
import { sourceFilesMax } from './limits.ts';
import { lyingFiles, unreadable } from './lying-files.ts';

export const sourceListName = 'candidate.sha256';

export interface SourceFile {
  /** Within the source, with `/` between. */
  readonly name: string;
  readonly sha256: string;
}

/**
 * Of a version that was checked out or unpacked here: what git tracks, and what else lies there and is not ignored. A link counts by where
 * it points to. @throws FloodgateError `source-too-large`, `source-unreadable`
 */
export function sourceFiles(folder: string): SourceFile[] {
  const tracked = trackedFiles(folder).filter((name) => isFile(path.join(folder, name)));
  return digested(folder, [...tracked, ...lyingFiles(folder).names]);
}

/** A folder of whoever hands a candidate over: no program that it names is run. */
export interface FolderAtHand {
  readonly files: readonly SourceFile[];
  /** Ignored, and so not among the files. */
  readonly ignored: readonly string[];
  /** Of any file in it, ignored or not; undefined where it is not there. */
  readonly digestOf: (name: string) => string | undefined;
}

/** @throws FloodgateError `source-too-large`, `source-unreadable` */
export function folderAtHand(folder: string): FolderAtHand {
  const { names, ignored } = lyingFiles(folder);
  const below = (name: string) => path.join(folder, name);
  const isBelow = (name: string) => below(name).startsWith(path.join(folder, path.sep));
  return {
    files: digested(folder, names),
    ignored,
    digestOf: (name) => (isBelow(name) && isFile(below(name)) ? digestOf(below(name)) : undefined),
  };
}

function digested(folder: string, names: readonly string[]): SourceFile[] {
  const all = [...new Set(names)];
  if (all.length > sourceFilesMax) {
    throw new FloodgateError('source-too-large', `${folder} has more than ${sourceFilesMax} files`, {
      hint: 'Name a commit or a tag, or the package (.tgz): a sign-off lists every file of the source.',
    });
  }
  return all.sort().map((name) => ({ name, sha256: digestOf(path.join(folder, name)) }));
}

/** None where the folder is not the top of a work tree. */
function trackedFiles(folder: string): string[] {
  if (gitOutput(folder, ['rev-parse', '--show-prefix']) !== '') return [];
  return (gitOutput(folder, ['ls-files', '-z']) ?? '').split('\0').filter((name) => name !== '');
}

/** A link counts as one. */
function isFile(file: string): boolean {
  try {
    const stat = lstatSync(file);
    return stat.isFile() || stat.isSymbolicLink();
  } catch (error) {
    // What was a folder may have become a file.
    if (/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw unreadable(file, error);
  }
}

function digestOf(file: string): string {
  try {
    if (!lstatSync(file).isSymbolicLink()) return fileDigest(file);
    return createHash('sha256').update(readlinkSync(file)).digest('hex');
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** As sha256sum(1) takes it with `--check`. Names with a line break or a backslash are escaped as it escapes them. */
export function sourceListText(files: readonly SourceFile[]): string {
  return files
    .map(({ name, sha256 }) => {
      const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
      return `${escaped === name ? '' : '\\'}${sha256}  ${escaped}\n`;
    })
    .join('');
}

/** Undefined where it is no such list, as `sourceListText` spells it, of different names. */
export function readSourceList(text: string): SourceFile[] | undefined {
  const files: SourceFile[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const match = /^(\\?)([0-9a-f]{64}) {2}(.+)$/.exec(line);
    if (!match) return undefined;
    const [, mark, sha256, shown] = match;
    const name =
      mark === '' ? shown! : shown!.replaceAll(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c));
    files.push({ name, sha256: sha256! });
  }
  const isWhole = new Set(files.map(({ name }) => name)).size === files.length && sourceListText(files) === text;
  return isWhole ? files : undefined;
}
