/**
 * The files of a version's source with their digests, one a line as sha256sum(1) writes and checks them: what a candidate is. Packages and
 * what a build makes are not in it: they follow from the source, its lock file and its build.
 */
import { createHash } from 'node:crypto';
import { type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { printable } from '../../reports/format.ts';
import { gitOutput } from '../compare/git.ts';
import { fileDigest } from './file-digest.ts';
import { sourceFilesMax } from './limits.ts';

export const sourceListName = 'candidate.sha256';

export interface SourceFile {
  /** Within the source, with `/` between. */
  readonly name: string;
  readonly sha256: string;
}

/** What is no source wherever it lies at the top: installed, of version control, or written by floodgate. */
const notSource = new Set(['.git', '.floodgate', '.floodgate-built', '.floodgate-sources', 'runs']);

/** Of a folder, or of what git tracks in it. A link counts by where it points to. @throws FloodgateError `source-too-large`, `source-unreadable` */
export function sourceFiles(folder: string): SourceFile[] {
  const names = trackedFiles(folder) ?? filesBelow(folder);
  if (names.length > sourceFilesMax) {
    throw new FloodgateError('source-too-large', `${folder} has more than ${sourceFilesMax} files`, {
      hint: 'Name a commit or a tag, or the package (.tgz): a sign-off lists every file of the source.',
    });
  }
  return names.sort().map((name) => ({ name, sha256: digestOf(folder, name) }));
}

/** Undefined where the folder is not the top of a work tree. */
function trackedFiles(folder: string): string[] | undefined {
  if (gitOutput(folder, ['rev-parse', '--show-prefix']) !== '') return undefined;
  const names =
    gitOutput(folder, ['ls-files', '-z'])
      ?.split('\0')
      .filter((name) => name !== '') ?? [];
  const files = names.filter((name) => {
    const stat = lstatSync(path.join(folder, name), { throwIfNoEntry: false });
    return stat !== undefined && !stat.isDirectory();
  });
  return files.length > 0 ? files : undefined;
}

function filesBelow(folder: string): string[] {
  const names: string[] = [];
  const open = [''];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of entriesOf(path.join(folder, below))) {
      if (entry.name === 'node_modules' || (below === '' && notSource.has(entry.name))) continue;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) open.push(name);
      else if (entry.isFile() || entry.isSymbolicLink()) names.push(name);
      if (names.length > sourceFilesMax) return names;
    }
  }
  return names;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function digestOf(folder: string, name: string): string {
  const file = path.join(folder, name);
  try {
    if (!lstatSync(file).isSymbolicLink()) return fileDigest(file);
    return createHash('sha256').update(readlinkSync(file)).digest('hex');
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): FloodgateError {
  return new FloodgateError('source-unreadable', `${printable(file)} cannot be read: ${(error as Error).message}`, {
    hint: 'A source holds plain files, folders and links: take it away, or let it be read.',
  });
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

/** Undefined where it is no such list. */
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
  return text === '' || text.endsWith('\n') ? files : undefined;
}
