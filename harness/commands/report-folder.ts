/** The folder of a run: `runs/<time>-<name>/`, every report in it, and then a symbolic link `latest` to it. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { Report } from '../../reports/model.ts';
import { reporters } from '../../reports/reporter.ts';
import { fullDisk } from './full-disk.ts';

/** Makes the folder, or takes the one given. @throws FloodgateError `output-unwritable` when it cannot be written to. */
export function makeReportFolder(name: string, given: string | undefined): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
  const folder = path.resolve(given ?? path.join('runs', `${stamp}-${name}`));
  guard(folder, () => {
    refuseLinks(folder);
    makeFolder(folder);
    // Now rather than after minutes of measuring.
    const probe = path.join(folder, '.probe');
    writeFileSync(probe, 'x'.repeat(4096), { mode: 0o600, flag: 'wx' });
    unlinkSync(probe);
  });
  return folder;
}

/** A run that was refused before it wrote anything leaves no folder. */
export function dropEmptyFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something is in it.
  }
}

// Not `recursive`: in a place that takes no folders, such as /proc, Node.js then tries for ever.
function makeFolder(folder: string, isParent = false): void {
  if (existsSync(folder) && statSync(folder).isDirectory()) {
    if (!isParent) refuseOthers(folder);
    return;
  }
  if (!existsSync(path.dirname(folder))) makeFolder(path.dirname(folder), true);
  mkdirSync(folder, { mode: 0o700 });
}

/** Root follows no link of another user's, wherever on the way it lies. @throws FloodgateError `output-unwritable` */
function refuseLinks(folder: string): void {
  if (process.geteuid?.() !== 0) return;
  for (let at = folder; at !== path.dirname(at); at = path.dirname(at)) {
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() && !isTrusted(stats.uid)) throw notAsRoot(folder, 'through a link of another user’s');
  }
}

/** Root writes into no folder that another user could have put links into. @throws FloodgateError `output-unwritable` */
function refuseOthers(folder: string): void {
  const { uid, mode } = statSync(folder);
  if (process.geteuid?.() !== 0 || (isTrusted(uid) && (mode & 0o002) === 0)) return;
  throw notAsRoot(folder, 'where others can write');
}

const isTrusted = (uid: number): boolean => uid === 0 || String(uid) === process.env.SUDO_UID;

const notAsRoot = (folder: string, where: string): FloodgateError =>
  new FloodgateError('output-unwritable', `cannot write the report to ${folder}: as root not ${where}`, {
    hint: 'Give a folder that is not there yet with --out DIR, or one of root’s own.',
  });

/** Writes the report in every format. @throws FloodgateError `output-unwritable` */
export function writeReports(folder: string, report: Report): void {
  guard(folder, () => {
    for (const reporter of reporters)
      writeFileSync(path.join(folder, reporter.fileName), reporter.render(report), { mode: 0o600 });
  });
}

/** Runs what writes below the folder. @throws FloodgateError `output-unwritable` for errors of the file system */
export function guard<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asOutputError(folder, error);
  }
}

/** A full disk, a read-only folder and the like as the operator's error; anything else as it is. */
export function asOutputError(folder: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ...fullDisk,
    EROFS: 'the file system is read-only',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOTDIR: 'a part of the path is no folder',
    ENOENT: 'no folder can be made there',
    EEXIST: 'it is a file',
    EFBIG: 'the file size limit is reached',
    EIO: 'the disk reports an error',
  };
  if (code === undefined || !Object.hasOwn(words, code)) return error;
  return new FloodgateError('output-unwritable', `cannot write the report to ${folder}: ${words[code]}`, {
    hint: 'Give another folder with --out DIR, or make room.',
    cause: error,
  });
}

/** Points `latest` at a folder that holds its report: there is no moment at which it points nowhere, or at one under way. */
export function pointLatest(folder: string): void {
  const link = path.join(path.dirname(folder), 'latest');
  const fresh = `${link}.${process.pid}`;
  try {
    symlinkSync(path.basename(folder), fresh);
    renameSync(fresh, link);
  } catch {
    rmSync(fresh, { force: true });
    // A convenience: some file systems have no symbolic links.
  }
}
