/**
 * A bundle as files by path: a folder, or the same as one `.tar.gz`. Reading one follows no link, takes no path that leaves it, and ends
 * at its limits; every file is read once, so that what is verified is what was read.
 */
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { readArchive } from './archive.ts';
import { type BundleFiles, checkPath, Room, refuseEmptyFolders } from './bundle-room.ts';
import { bundleBytesMax } from './limits.ts';
import { refused, shown } from './refusal.ts';

/** @param place folder or `.tar.gz` @throws Refused */
export async function readBundle(place: string): Promise<BundleFiles> {
  const stat = statOf(place);
  if (stat === undefined) throw refused('bundle-unreadable', `${place} does not exist`);
  if (stat.isDirectory()) return readFolder(place);
  if (stat.isFile()) return readArchive(readPlain(place, place, new Room(bundleBytesMax)), place);
  if (stat.isSymbolicLink())
    throw refused('bundle-unreadable', `${place} is a link: name the folder itself, or the file`);
  throw refused('bundle-unreadable', `${place} is ${kindOf(stat)}, and no bundle: give a folder, or its .tar.gz`);
}

function kindOf(stat: Stats): string {
  if (stat.isFIFO()) return 'a pipe';
  if (stat.isSocket()) return 'a socket';
  return stat.isBlockDevice() || stat.isCharacterDevice() ? 'a device' : 'no plain file';
}

function readFolder(folder: string): BundleFiles {
  const files: BundleFiles = new Map();
  const room = new Room();
  const folders: string[] = [];
  const open = [''];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of entriesOf(folder, below)) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      checkPath(name);
      if (entry.isDirectory()) {
        open.push(name);
        folders.push(name);
        room.take(name, 0);
      } else if (entry.isFile()) files.set(name, readPlain(path.join(folder, name), name, room));
      else throw refused('file-link', `${shown(name)} is a link, or no plain file`);
    }
  }
  refuseEmptyFolders(folders, files);
  return files;
}

function statOf(place: string): Stats | undefined {
  try {
    return lstatSync(place, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(place, error);
  }
}

function entriesOf(folder: string, below: string): Dirent[] {
  try {
    return readdirSync(path.join(folder, below), { withFileTypes: true });
  } catch (error) {
    throw unreadable(below === '' ? folder : below, error);
  }
}

function unreadable(name: string, error: unknown) {
  return refused('bundle-unreadable', `${shown(name)} cannot be read (${(error as NodeJS.ErrnoException).code})`);
}

/** Opened without following a link, and only then looked at: nothing can be put in its place in between. */
function readPlain(file: string, name: string, room: Room): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw refused('file-link', `${shown(name)} is a link`);
    throw unreadable(name, error);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw refused('file-link', `${shown(name)} is no plain file`);
    room.take(name, stat.size);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes them into an empty folder, readable by all who may read the folder. */
export function writeFolder(folder: string, files: BundleFiles): void {
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content, { flag: 'wx' });
  }
}
