/**
 * The files of a version's source with their digests, one a line as sha256sum(1) writes and checks them: what a candidate is. Packages and
 * what a build makes are not in it: they follow from the source, its lock file and its build.
 */
import { createHash, type Hash } from 'node:crypto';
import { lstatSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { gitOutput } from '../compare/git.ts';
import { submodulesOf } from '../compare/version-files.ts';
import { digestText, readDigestLines } from './digest-lines.ts';
import { fileDigest } from './file-digest.ts';
import { sourceFilesMax } from './limits.ts';
import { filesBelow, lyingFiles, refuseUnreadableNames, unreadable } from './lying-files.ts';
import { listed } from './refusal.ts';

export const sourceListName = 'candidate.sha256';

export interface SourceFile {
  /** Within the source, with `/` between. */
  readonly name: string;
  /** Of a link: of the text that says where it points to. */
  readonly sha256: string;
  /** As git names what is no plain file: one that may be run, or a link. */
  readonly mode?: '100755' | '120000';
}

/** A plain file as git names it: the list leaves it out. */
const plainMode = '100644';

/** Of bundles of schema version 1, in which kinds did not count. */
export const withoutMode = ({ name, sha256 }: SourceFile): SourceFile => ({ name, sha256 });

/** What two files of one name have to have in common. */
export const contentOf = ({ sha256, mode }: SourceFile): string => `${mode ?? plainMode} ${sha256}`;

/**
 * Of a version that was checked out or unpacked here: what git tracks, and what else lies there and is not ignored. A link counts by where
 * it points to. @throws FloodgateError `source-too-large`, `source-unreadable`, `submodules-missing`
 */
export function sourceFiles(folder: string): SourceFile[] {
  const ofSubmodules = submoduleFiles(folder);
  const tracked = trackedFiles(folder).filter((name) => isFile(path.join(folder, name)));
  return digested(folder, [...tracked, ...lyingFiles(folder).names, ...ofSubmodules]);
}

/** A folder of whoever hands a candidate over: no program that it names is run. */
export interface FolderAtHand {
  readonly files: readonly SourceFile[];
  /** Ignored, and so not among the files. */
  readonly ignored: readonly string[];
  /** Of any file in it, ignored or not; undefined where it is not there. */
  readonly fileOf: (name: string) => SourceFile | undefined;
}

/** @throws FloodgateError `source-too-large`, `source-unreadable` */
export function folderAtHand(folder: string): FolderAtHand {
  const { names, ignored } = lyingFiles(folder);
  const below = (name: string) => path.join(folder, name);
  const isBelow = (name: string) => below(name).startsWith(path.join(folder, path.sep));
  return {
    files: digested(folder, names),
    ignored,
    fileOf: (name) => (isBelow(name) && isFile(below(name)) ? describe(folder, name) : undefined),
  };
}

function digested(folder: string, names: readonly string[]): SourceFile[] {
  const all = [...new Set(names)];
  if (all.length > sourceFilesMax) {
    throw new FloodgateError('source-too-large', `${folder} has more than ${sourceFilesMax} files`, {
      hint: 'Name a commit or a tag, or the package (.tgz): a sign-off lists every file of the source.',
    });
  }
  refuseUnreadableNames(folder, all);
  return all.sort().map((name) => describe(folder, name));
}

/** Whatever lies in them, as in any repository within a folder. What is not there cannot be listed. @throws FloodgateError `submodules-missing` */
function submoduleFiles(folder: string): string[] {
  if (gitOutput(folder, ['rev-parse', '--show-prefix']) !== '') return [];
  const all = submodulesOf(folder).map((name) => ({ name, files: filesBelow(folder, name) }));
  const missing = all.filter(({ files }) => files.length === 0).map(({ name }) => name);
  if (missing.length === 0) return all.flatMap(({ files }) => files);
  throw new FloodgateError('submodules-missing', `git submodules that a checkout does not have: ${listed(missing)}`, {
    hint: 'Sign off a folder that has them (git submodule update --init): --candidate ./ for this one, --previous ../other for another.',
  });
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

/** A link counts by where it points to. @param also another digest of the same bytes. @throws FloodgateError `source-unreadable` */
export function describe(folder: string, name: string, also?: (bytes: number) => Hash): SourceFile {
  const file = path.join(folder, name);
  try {
    const stat = lstatSync(file);
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(file, 'buffer');
      also?.(target.length).update(target);
      return { name, sha256: textDigest(target.toString('utf8')), mode: '120000' };
    }
    const sha256 = fileDigest(file, Number.POSITIVE_INFINITY, also);
    return { name, sha256, ...((stat.mode & ownerMayRun) !== 0 && { mode: '100755' as const }) };
  } catch (error) {
    throw unreadable(file, error);
  }
}

const ownerMayRun = 0o100;

export const textDigest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** As sha256sum(1) takes it with `--check`: kinds stand in lines of their own. */
export function sourceListText(files: readonly SourceFile[]): string {
  return digestText(files.map(({ name, sha256, mode = '' }) => ({ name, sha256, remark: mode })));
}

/** Undefined where it is no such list, as `sourceListText` spells it, of different names. */
export function readSourceList(text: string): SourceFile[] | undefined {
  const lines = readDigestLines(text);
  if (lines?.every(({ remark }) => /^(?:100755|120000)?$/.test(remark)) !== true) return undefined;
  return lines.map(({ name, sha256, remark }) => ({
    name,
    sha256,
    ...(remark !== '' && { mode: remark as SourceFile['mode'] & string }),
  }));
}
