/**
 * The folder of a recorder: ours alone, of one recorder at a time, and what is made in it is made new. Whoever can put a link where
 * a file is to be could have the recorder write elsewhere: no name is followed, and no folder that others may write is used.
 */
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import { lockFile } from '../../agent/capture/sys/file-lock.ts';
import { FloodgateError } from '../../agent/errors.ts';

/** One file of a recording, the oldest first. */
export interface RecordedFile {
  readonly name: string;
  readonly number: number;
  bytes: number;
}

/** Of folders for profiles that are being taken: what a killed recorder left of them is removed. */
export const scratchPrefix = 'scratch-';
const spikePattern = /^spike-\d{8}T\d{6}Z$/;
const namePattern = /^record-(\d{6,12})-\d{8}T\d{6}Z\.pcapng$/;

export class RecordingFolder {
  readonly folder: string;
  readonly #lock: number;

  /** Makes the folder where there is none. @throws FloodgateError `record-folder` where it is not ours alone, or another recorder has it */
  constructor(folder: string) {
    this.folder = path.resolve(folder);
    try {
      // One level: of a folder that cannot be, as below /proc, Node.js makes no end.
      mkdirSync(this.folder, { mode: 0o700 });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
        throw refused(this.folder, `cannot be made (${(cause as NodeJS.ErrnoException).code})`, cause);
    }
    checkOwn(this.folder);
    this.#lock = this.#takeLock();
  }

  /** The files of earlier recorders, the oldest first. */
  files(): RecordedFile[] {
    return readdirSync(this.folder)
      .flatMap((name) => {
        const match = namePattern.exec(name);
        const stats = match && lstatSync(path.join(this.folder, name));
        return match && stats?.isFile() ? [{ name, number: Number(match[1]), bytes: stats.size }] : [];
      })
      .sort((a, b) => a.number - b.number);
  }

  /**
   * Bytes of the spikes that earlier recorders kept. One that was not finished, since its recorder was killed, is removed: it holds links to
   * files that are to go.
   */
  keptBytes(): number {
    let bytes = 0;
    for (const name of readdirSync(this.folder).filter((each) => each.startsWith(scratchPrefix))) {
      rmSync(path.join(this.folder, name), { recursive: true, force: true });
    }
    for (const name of readdirSync(this.folder).filter((each) => spikePattern.test(each))) {
      const folder = path.join(this.folder, name);
      if (!lstatSync(folder).isDirectory()) continue;
      if (lstatSync(path.join(folder, 'incident.json'), { throwIfNoEntry: false }) === undefined) {
        rmSync(folder, { recursive: true, force: true });
        continue;
      }
      for (const each of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const stats = lstatSync(path.join(folder, each));
        if (stats.isFile()) bytes += stats.size;
      }
    }
    return bytes;
  }

  /** Opens a new file. @returns its descriptor and name */
  make(number: number, nowMs: number): { readonly fd: number; readonly name: string } {
    const name = `record-${String(number).padStart(6, '0')}-${compactTime(nowMs)}.pcapng`;
    return { fd: openNew(path.join(this.folder, name)), name };
  }

  /** Gone already is as good. */
  remove(name: string): void {
    try {
      unlinkSync(path.join(this.folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  close(): void {
    closeSync(this.#lock);
  }

  #takeLock(): number {
    const file = path.join(this.folder, 'recorder.lock');
    let fd: number;
    try {
      fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    } catch (cause) {
      throw refused(this.folder, `cannot be written (${(cause as NodeJS.ErrnoException).code})`, cause);
    }
    if (lockFile(fd)) return fd;
    closeSync(fd);
    throw new FloodgateError('record-folder', `another recorder writes into ${this.folder}`, {
      hint: 'Give each recorder a folder of its own: -o DIR.',
    });
  }
}

/** A file that was not there before: never what a link names. */
export function openNew(file: string): number {
  return openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
}

/** A folder that was not there before. */
export function makeNew(folder: string): void {
  mkdirSync(folder, { mode: 0o700 });
  // Whatever the umask says.
  chmodSync(folder, 0o700);
}

/** `20261129T203000Z` */
export function compactTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
}

function checkOwn(folder: string): void {
  const link = lstatSync(folder);
  if (link.isSymbolicLink()) throw refused(folder, 'is a link');
  const stats = statSync(folder);
  if (!stats.isDirectory()) throw refused(folder, 'is no folder');
  if (process.getuid !== undefined && stats.uid !== process.getuid()) throw refused(folder, 'belongs to another user');
  if ((stats.mode & 0o022) !== 0) throw refused(folder, 'can be written by others');
}

function refused(folder: string, why: string, cause?: unknown): FloodgateError {
  return new FloodgateError('record-folder', `${folder} ${why}: nothing is recorded into it`, {
    hint: 'Name a folder of your own that only you may write (chmod 700), or one that does not exist yet: -o DIR.',
    cause,
  });
}
