/**
 * Folders by descriptor. A name is looked up in the folder that is held, whatever its path leads to by then, and no link
 * of another user's is followed on the way: whoever may write to a folder on the path cannot lead a process with more
 * rights elsewhere. On systems without `/proc/self/fd` names are looked up by path.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
  statfsSync,
} from 'node:fs';
import path from 'node:path';

/** open(2): a descriptor that names a place and neither reads nor writes it. */
const O_PATH = 0o10000000;
const procfsMagic = 0x9fa0;
/** As many as the kernel follows: path_resolution(7). */
const linksMax = 40;
const stickyBit = 0o1000;
const overflowUid = 65_534;
/** Each user there is: what the initial user namespace maps. */
const allUids = 4_294_967_295;

const { O_CREAT, O_DIRECTORY = 0, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_WRONLY } = constants;

const holdsByDescriptor = process.platform === 'linux' && existsSync('/proc/self/fd');

/** Whose files and links are as good as ours: our own, root's, and under sudo those of the user who called it. */
export function isTrustedOwner(uid: number): boolean {
  const own = process.geteuid?.() ?? uid;
  if (uid === own || uid === 0) return true;
  if (own === 0 && process.env.SUDO_UID === String(uid)) return true;
  return uid === overflowUid && isInUserNamespace();
}

/** Root's files belong to the overflow user where root itself has no number. */
function isInUserNamespace(): boolean {
  if (!holdsByDescriptor) return false;
  return Number(readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)[2]) !== allUids;
}

/** Whether only a trusted owner can exchange what is in a folder: a sticky folder keeps each user to its own. */
function isTrustedFolder({ uid, gid, mode }: Stats): boolean {
  const isOwnGroup = gid === 0 || gid === process.getegid?.();
  const isShared = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isOwnGroup);
  return isTrustedOwner(uid) && (!isShared || (mode & stickyBit) !== 0);
}

/** What is found under a name, held by a descriptor that neither reads nor writes it. */
export interface Found {
  readonly fd: number;
  readonly stats: Stats;
}

export class HeldFolder {
  /** Of the folder itself. */
  readonly fd: number;
  readonly #path: string;

  private constructor(fd: number, path: string) {
    this.fd = fd;
    this.#path = path;
  }

  /**
   * A folder that files are kept in, made with all that lead to it where they are not there, each for its owner alone.
   * @throws Error as `openSync`, with code `ELOOP` where a link of another user's is on the way.
   */
  static make(folder: string): HeldFolder {
    if (!holdsByDescriptor) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return new HeldFolder(openSync(folder, O_RDONLY | O_DIRECTORY), path.resolve(folder));
    }
    const { parent, name } = HeldFolder.resolve(folder, true);
    try {
      parent.makeFolder(name);
      return new HeldFolder(openSync(parent.place(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW), folder);
    } finally {
      parent.close();
    }
  }

  /**
   * The folder that holds what `file` names, and its name in there; links are followed as far as they are trusted.
   * @param makes folders on the way that are not there
   * @throws Error as `openSync`, with code `ELOOP` where a link of another user's is on the way.
   */
  static resolve(file: string, makes = false): { parent: HeldFolder; name: string } {
    if (!holdsByDescriptor) {
      const folder = path.dirname(path.resolve(file));
      return { parent: new HeldFolder(-1, folder), name: path.basename(file) };
    }
    const walk = new Walk(file, makes);
    try {
      return walk.run();
    } catch (error) {
      walk.folder.close();
      throw error;
    }
  }

  /** @internal */
  static begin(isAbsolute: boolean): HeldFolder {
    return new HeldFolder(openSync(isAbsolute ? '/' : '.', O_PATH | O_DIRECTORY), '');
  }

  /** A path of `name` in this very folder. */
  place(name: string): string {
    return holdsByDescriptor ? `/proc/self/fd/${this.fd}/${name}` : path.join(this.#path, name);
  }

  /** Never follows a link, never waits for the other end of a pipe. */
  open(name: string, flags: number, mode = 0o600): number {
    return openSync(this.place(name), flags | O_NOFOLLOW | O_NONBLOCK, mode);
  }

  /** A file that was not there, for its owner alone. @throws Error with code `EEXIST` where there is anything. */
  create(name: string): number {
    return this.open(name, O_WRONLY | O_CREAT | O_EXCL);
  }

  /** What is there, a link as such; null where there is nothing. The caller closes its descriptor. */
  find(name: string): Found | null {
    try {
      const fd = holdsByDescriptor ? this.open(name, O_PATH) : this.open(name, O_RDONLY);
      return { fd, stats: fstatSync(fd) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Whether the system itself makes what is in here: its links lead to open files. */
  get isProcess(): boolean {
    return holdsByDescriptor && statfsSync(this.place('.')).type === procfsMagic;
  }

  get stats(): Stats {
    return fstatSync(this.fd);
  }

  /** The folder below, in place of this one. */
  enter(fd: number): HeldFolder {
    this.close();
    return new HeldFolder(fd, '');
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
  }

  /** Does nothing where it is there. @internal */
  makeFolder(name: string): void {
    try {
      mkdirSync(this.place(name), 0o700);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** The way to a name, one part after the other. */
class Walk {
  folder: HeldFolder;
  readonly #file: string;
  readonly #makes: boolean;
  #parts: string[];
  #links = 0;

  constructor(file: string, makes: boolean) {
    this.#file = file;
    this.#makes = makes;
    this.#parts = partsOf(file);
    this.folder = HeldFolder.begin(path.isAbsolute(file));
  }

  run(): { parent: HeldFolder; name: string } {
    for (;;) {
      const name = this.#parts.shift() ?? '.';
      const isLast = this.#parts.length === 0;
      const found = this.folder.find(name);
      if (found === null && !isLast && this.#makes) {
        this.folder.makeFolder(name);
        this.#parts.unshift(name);
        continue;
      }
      if (found?.stats.isSymbolicLink()) {
        closeSync(found.fd);
        // Links of the system's own to open files are no names: they are opened as they are.
        if (isLast && this.folder.isProcess) return { parent: this.folder, name };
        this.#follow(name, found.stats);
        continue;
      }
      if (!isLast && found?.stats.isDirectory()) {
        this.folder = this.folder.enter(found.fd);
        continue;
      }
      if (found !== null) closeSync(found.fd);
      if (isLast) return { parent: this.folder, name };
      throw systemError(found === null ? 'ENOENT' : 'ENOTDIR', this.#file);
    }
  }

  #follow(name: string, stats: Stats): void {
    this.#links += 1;
    if (this.#links > linksMax) throw systemError('ELOOP', this.#file);
    if (this.folder.isProcess) {
      const fd = openSync(this.folder.place(name), O_PATH);
      if (!fstatSync(fd).isDirectory()) {
        closeSync(fd);
        throw systemError('ENOTDIR', this.#file);
      }
      this.folder = this.folder.enter(fd);
      return;
    }
    if (!isTrustedOwner(stats.uid) || !isTrustedFolder(this.folder.stats)) {
      throw systemError('ELOOP', this.#file, `a link of another user's is on the way`);
    }
    const target = readlinkSync(this.folder.place(name));
    this.#parts = [...partsOf(target), ...this.#parts];
    if (path.isAbsolute(target)) {
      this.folder.close();
      this.folder = HeldFolder.begin(true);
    }
  }
}

function partsOf(file: string): string[] {
  return file.split('/').filter((part) => part !== '' && part !== '.');
}

function systemError(code: string, file: string, message = code): Error {
  return Object.assign(new Error(`${message}: ${file}`), { code });
}
