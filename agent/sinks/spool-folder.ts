/**
 * The folder of a spool: held by descriptor, locked for one agent, its own. A file in it is opened without following
 * links, and only where it is a regular file under one name that belongs to whom the folder belongs to or to this process.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  opendirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { lockFile } from '../capture/sys/file-lock.ts';
import { FloodgateError } from '../errors.ts';
import { type Batch, batchHead, batchHeadBytes } from './batch.ts';
import { BatchFile, headIn, readPieces } from './batch-file.ts';
import { HeldFolder, isTrustedOwner } from './held-folder.ts';

const digits = 16;
export const batchName = /^(\d{16})\.batch$/;
const draftName = /^\d{16}\.draft$/;
const lockName = 'agent.lock';
/** What a file system puts into a folder by itself: the root of a volume, NFS for a file that is removed while it is open. */
const systemName = /^(lost\+found|\.nfs[0-9a-f]+)$/;
/** Another agent that ends just now removes its lock file. */
const lockAttemptsMax = 16;
const { O_CREAT, O_RDONLY, O_RDWR } = constants;

export class SpoolFolder {
  readonly #folder: HeldFolder;
  readonly #path: string;
  readonly #lock: number;

  /** @throws FloodgateError `spool-foreign` or `spool-in-use`; Error of the system. */
  constructor(folder: string) {
    this.#path = folder;
    this.#folder = HeldFolder.make(folder);
    try {
      this.#refuseForeign();
      if (process.geteuid?.() === this.#folder.stats.uid) fchmodSync(this.#folder.fd, 0o700);
      this.#lock = this.#takeLock();
    } catch (error) {
      this.#folder.close();
      throw error;
    }
  }

  /** Names in it, one at a time, however many there are. */
  *names(): Generator<string> {
    const folder = opendirSync(this.#folder.place('.'));
    try {
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) yield entry.name;
    } finally {
      folder.closeSync();
    }
  }

  /** Removes beginnings of batches, which were never under their number. @returns how many */
  removeDrafts(): number {
    let removed = 0;
    for (const name of this.names()
      .filter((each) => draftName.test(each))
      .toArray()) {
      // One that was whole is there under its number as well.
      if (lstatSync(this.#folder.place(name)).nlink === 1) removed += 1;
      unlinkSync(this.#folder.place(name));
    }
    return removed;
  }

  /**
   * Writes a batch under another name, then gives it its number.
   * @returns the file's size @throws Error where that fails, or the number is taken
   */
  write(number: number, batch: Batch): number {
    const draft = this.#name(number, 'draft');
    const fd = this.#folder.create(draft);
    try {
      let end = batchHeadBytes;
      try {
        batch.eachPiece((piece) => {
          writeAll(fd, piece, end);
          end += piece.length;
        });
        writeAll(fd, this.#headOf(draft, batch, end), 0);
      } finally {
        closeSync(fd);
      }
      this.#place(draft, this.#name(number));
      return end;
    } catch (error) {
      tryTo(() => unlinkSync(this.#folder.place(draft)));
      throw error;
    }
  }

  /** The checksum comes first in a file and is made last: what is written was not kept. */
  #headOf(draft: string, batch: Batch, end: number): Buffer {
    const fd = this.#folder.open(draft, O_RDONLY);
    try {
      return batchHead(batch, end - batchHeadBytes, readPieces(fd, batchHeadBytes, end));
    } finally {
      closeSync(fd);
    }
  }

  /** A batch's file, for its reader to close; null where it is no file of ours or torn, undefined where there is none. */
  read(number: number): BatchFile | null | undefined {
    return this.#with(number, null, (fd, { size }) => BatchFile.of(fd, size));
  }

  /** A file's size and what its head says; undefined where there is none. */
  inspect(number: number): { bytes: number; witnesses: number } | undefined {
    const none = { bytes: 0, witnesses: 0 };
    return this.#with(number, none, (fd, { size }) => ({ bytes: size, witnesses: headIn(fd)?.head.witnesses ?? 0 }));
  }

  /** @returns false where there was none. */
  remove(number: number): boolean {
    return tryTo(() => unlinkSync(this.#folder.place(this.#name(number)))) !== false;
  }

  /**
   * Makes folder and files another user's. What is in a folder that has been that user's is given only where it is a batch:
   * anything may have been put there.
   * @throws FloodgateError `spool-not-ours` where the folder is a third user's.
   */
  giveTo(uid: number, gid: number): void {
    const { uid: owner } = this.#folder.stats;
    const own = process.geteuid!();
    const [first] = this.#batchNames();
    if (!isTrustedOwner(owner) && owner !== uid && first !== undefined) {
      throw new FloodgateError('spool-not-ours', `the spool ${this.#path} belongs to user ${owner}`, {
        hint: `name a folder with --spool that belongs to user ${uid} or to root, or give --user ${owner}`,
      });
    }
    fchownSync(this.#folder.fd, uid, gid);
    fchownSync(this.#lock, uid, gid);
    for (const name of this.#batchNames()) {
      const fd = this.#folder.open(name, O_RDONLY);
      try {
        const stats = fstatSync(fd);
        const isOurs = stats.isFile() && stats.nlink === 1 && stats.uid === own;
        if (isOurs && headIn(fd) !== undefined) fchownSync(fd, uid, gid);
      } finally {
        closeSync(fd);
      }
    }
  }

  /** The next agent may have it. */
  close(): void {
    // Under the lock: whoever has opened this file meanwhile finds that it is no more the one under its name.
    tryTo(() => unlinkSync(this.#folder.place(lockName)));
    closeSync(this.#lock);
    this.#folder.close();
  }

  #name(number: number, suffix = 'batch'): string {
    return `${String(number).padStart(digits, '0')}.${suffix}`;
  }

  #batchNames(): IteratorObject<string> {
    return this.names().filter((each) => batchName.test(each));
  }

  #isOurs({ uid }: Stats): boolean {
    return isTrustedOwner(uid) || uid === this.#folder.stats.uid;
  }

  /** Never over a file that is there: `rename` would. */
  #place(draft: string, name: string): void {
    const [from, to] = [this.#folder.place(draft), this.#folder.place(name)];
    try {
      linkSync(from, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw error;
      // A file system without hard links: no other process writes here, for we have the lock.
      if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) throw error;
      renameSync(from, to);
      return;
    }
    unlinkSync(from);
  }

  /** @returns what `work` finds in the file, `otherwise` where it is none of ours, undefined where there is none. A BatchFile keeps it open. */
  #with<T>(number: number, otherwise: T, work: (fd: number, stats: Stats) => T): T | undefined {
    const name = this.#name(number);
    const fd = tryTo(() => this.#folder.open(name, O_RDONLY));
    if (fd === false) return tryTo(() => lstatSync(this.#folder.place(name))) ? otherwise : undefined;
    let result: T | false = false;
    try {
      const stats = fstatSync(fd);
      const isBatch = stats.isFile() && stats.nlink === 1 && this.#isOurs(stats);
      if (isBatch) result = tryTo(() => work(fd, stats));
      return result === false ? otherwise : result;
    } finally {
      if (!(result instanceof BatchFile)) closeSync(fd);
    }
  }

  /** Files come and go here, and change their owner: only among themselves. */
  #refuseForeign(): void {
    for (const name of this.names()) {
      if (systemName.test(name)) continue;
      const found = lstatSync(this.#folder.place(name), { throwIfNoEntry: false });
      if (found === undefined) continue;
      const isName = batchName.test(name) || draftName.test(name) || name === lockName;
      // A draft has a second name for as long as it takes to remove the first.
      const isSingle = found.nlink === 1 || found.nlink === 2;
      if (isName && found.isFile() && this.#isOurs(found) && isSingle) continue;
      throw new FloodgateError('spool-foreign', `${this.#path} holds files that are no spool’s`, {
        hint: 'name a folder with --spool that the agent has for itself; it is made if it is not there',
      });
    }
  }

  #takeLock(): number {
    for (let attempt = 0; attempt < lockAttemptsMax; attempt += 1) {
      const fd = this.#folder.open(lockName, O_RDWR | O_CREAT);
      try {
        if (!fstatSync(fd).isFile()) throw new Error(`${lockName} is no file`);
        if (!lockFile(fd)) throw this.#inUse(fd);
        const named = lstatSync(this.#folder.place(lockName), { throwIfNoEntry: false });
        if (named?.ino === fstatSync(fd).ino) {
          writeSync(fd, `${process.pid}\n`.padEnd(16), 0);
          fsyncSync(fd);
          return fd;
        }
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      // The agent that had it has ended and removed it.
      closeSync(fd);
    }
    throw new Error('its lock file comes and goes');
  }

  #inUse(fd: number): FloodgateError {
    const text = Buffer.alloc(16);
    const pid = Number.parseInt(text.toString('latin1', 0, readSync(fd, text, 0, 16, 0)), 10);
    const whose = pid > 0 ? ` (process ${pid}, as it is numbered where it runs)` : '';
    return new FloodgateError('spool-in-use', `the spool ${this.#path} is another agent’s${whose}`, {
      hint: 'give each agent a --spool of its own',
    });
  }
}

function writeAll(fd: number, bytes: Buffer, from: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, from + at);
}

/** False where it fails. */
function tryTo<T>(work: () => T): T | false {
  try {
    return work();
  } catch {
    return false;
  }
}
