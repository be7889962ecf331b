/** Files that traffic is written to: for their owner alone, and never where another user leads or could read. */
import { closeSync, constants, fchmodSync, ftruncateSync, openSync, type Stats } from 'node:fs';
import { type Found, HeldFolder, isTrustedOwner } from './held-folder.ts';

const { O_CREAT, O_NONBLOCK = 0, O_TRUNC, O_WRONLY } = constants;
const privateMode = 0o600;
/** Others may make and remove files meanwhile, but not for ever. */
const attemptsMax = 8;

/**
 * Makes or empties a file for its owner alone. Pipes and devices are opened as they are; a pipe is waited for until
 * it has a reader.
 * @returns its descriptor, the caller's to close
 * @throws Error where it cannot be written, or is another user's, or has a second name.
 */
export function openPrivateFile(file: string): number {
  const { parent, name } = HeldFolder.resolve(file);
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const found = parent.find(name);
        if (found === null) return parent.create(name);
        try {
          return openFound(parent, name, found);
        } finally {
          closeSync(found.fd);
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= attemptsMax) throw error;
      }
    }
  } finally {
    parent.close();
  }
}

/**
 * Makes files for their owner alone, or takes those that are there, for a library that opens them by their names.
 * @param suffixes behind `file`, `''` for itself
 * @throws Error where one of them is a link, or another user's, or has a second name.
 */
export function claimPrivateFiles(file: string, suffixes: readonly string[]): void {
  const { parent, name } = HeldFolder.resolve(file);
  try {
    for (const suffix of suffixes) {
      const found = parent.find(name + suffix);
      if (found === null) {
        closeSync(parent.create(name + suffix));
        continue;
      }
      closeSync(found.fd);
      if (!found.stats.isFile()) throw new Error(`${name}${suffix} is no file`);
      requireOwn(found.stats);
      if (!isToBeClosed(found.stats)) continue;
      const fd = parent.open(name + suffix, O_WRONLY);
      fchmodSync(fd, privateMode);
      closeSync(fd);
    }
  } finally {
    parent.close();
  }
}

/** The very file that was looked at, whatever is under its name by now. */
function openFound(parent: HeldFolder, name: string, { fd: held, stats }: Found): number {
  const place = parent.fd < 0 || stats.isSymbolicLink() ? parent.place(name) : `/proc/self/fd/${held}`;
  // One of the system's own, to a file that this process has open.
  if (stats.isSymbolicLink()) return openSync(place, O_WRONLY | O_CREAT | O_TRUNC, privateMode);
  if (stats.isCharacterDevice()) return openSync(place, O_WRONLY);
  if (!stats.isFile() && !stats.isFIFO()) throw new Error('it is no file');
  requireOwn(stats);
  if (stats.isFIFO()) return openPipe(place);
  const fd = openSync(place, O_WRONLY);
  try {
    if (isToBeClosed(stats)) fchmodSync(fd, privateMode);
    ftruncateSync(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function requireOwn(stats: Stats): void {
  if (process.geteuid === undefined) return;
  if (!isTrustedOwner(stats.uid)) throw new Error(`it is there already and belongs to user ${stats.uid}`);
  if (stats.nlink > 1) throw new Error('it is there already under a second name: a hard link');
}

/** Whether others may do something with it, and this process may change that. */
function isToBeClosed({ mode, uid }: Stats): boolean {
  return (mode & 0o077) !== 0 && uid === process.geteuid?.();
}

/** Waits for a reader; then a reader that stops reading holds nothing up for longer than `OutputFile` waits. */
function openPipe(place: string): number {
  const fd = openSync(place, O_WRONLY);
  try {
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK);
  } catch {
    // It has gone again, or the system has no such names.
    return openSync(place, O_WRONLY);
  } finally {
    closeSync(fd);
  }
}
