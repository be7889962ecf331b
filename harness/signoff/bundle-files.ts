/**
 * A bundle as files by path: a folder, or the same as one `.tar.gz`. Reading one follows no link, takes no path that leaves it, and ends
 * at its limits; every file is read once, so that what is verified is what was read.
 */
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { create, Parser, type ReadEntry } from 'tar';
import {
  bundleBytesMax,
  expansionFreeBytes,
  expansionMax,
  fileBytesMax,
  filesMax,
  pathCharactersMax,
} from './limits.ts';
import { refused } from './refusal.ts';

/** By path within the bundle, with `/` between. */
export type BundleFiles = Map<string, Buffer>;

/** Counts what was read against the limits. */
class Room {
  #bytes = 0;
  #files = 0;

  /** @throws Refused */
  take(name: string, bytes: number): void {
    this.#files += 1;
    this.#bytes += bytes;
    if (this.#files > filesMax) throw refused('bundle-too-large', `the bundle has more than ${filesMax} files`);
    if (bytes > fileBytesMax || this.#bytes > bundleBytesMax)
      throw refused('bundle-too-large', `${shownPath(name)} does not fit into the limits of a bundle`);
  }
}

/** @param place folder or `.tar.gz` @throws Refused */
export async function readBundle(place: string): Promise<BundleFiles> {
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined) throw refused('bundle-unreadable', `${place} does not exist`);
  if (stat.isDirectory()) return readFolder(place);
  if (stat.isFile()) return readArchive(place);
  throw refused('bundle-unreadable', `${place} is neither a folder nor a file`);
}

function readFolder(folder: string): BundleFiles {
  const files: BundleFiles = new Map();
  const room = new Room();
  const open = [''];
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    for (const entry of readdirSync(path.join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      checkPath(name);
      if (entry.isDirectory()) {
        open.push(name);
        room.take(name, 0);
      } else if (entry.isFile()) files.set(name, readPlain(path.join(folder, name), name, room));
      else throw refused('file-link', `${shownPath(name)} is a link, or no plain file`);
    }
  }
  return files;
}

/** Opened without following a link, and only then looked at: nothing can be put in its place in between. */
function readPlain(file: string, name: string, room: Room): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw refused('file-link', `${shownPath(name)} is a link`);
    throw refused('bundle-unreadable', `${shownPath(name)} cannot be read (${code})`);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw refused('file-link', `${shownPath(name)} is no plain file`);
    room.take(name, stat.size);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function readArchive(file: string): Promise<BundleFiles> {
  const files: BundleFiles = new Map();
  const room = new Room();
  let fault: Error | undefined;
  const take = (entry: ReadEntry) => {
    const skip = () => void entry.resume();
    if (fault) return skip();
    try {
      const name = entry.path.replace(/\/$/, '');
      if (entry.type === 'Directory') {
        // tar(1) names the folder itself.
        if (name !== '' && name !== '.') checkPath(name.replace(/^\.\//, ''));
        room.take(name, 0);
        return skip();
      }
      if (entry.type !== 'File') throw refused('file-link', `${shownPath(name)} is a ${entry.type}`);
      const plain = name.replace(/^\.\//, '');
      checkPath(plain);
      if (files.has(plain)) throw refused('file-path', `${shownPath(plain)} stands twice in the archive`);
      room.take(plain, entry.size);
      const pieces: Buffer[] = [];
      files.set(plain, Buffer.alloc(0));
      entry.on('data', (piece: Buffer) => pieces.push(piece));
      entry.on('end', () => files.set(plain, Buffer.concat(pieces)));
    } catch (error) {
      fault = error as Error;
      skip();
    }
  };
  // What is packed a thousand times over ends at the limits, unpacked.
  const parser = new Parser({ strict: true, onReadEntry: take, maxMetaEntrySize: 64 << 10 });
  parser.on('error', (error: Error) => {
    fault ??= refused('bundle-unreadable', `${file} is no .tar.gz: ${error.message.slice(0, 200)}`);
  });
  const unpackedBytesMax = Math.min(bundleBytesMax, expansionFreeBytes + expansionMax * statSync(file).size);
  let unpackedBytes = 0;
  try {
    await pipeline(createReadStream(file), createGunzip(), async (source) => {
      for await (const piece of source as AsyncIterable<Buffer>) {
        unpackedBytes += piece.length;
        if (unpackedBytes > unpackedBytesMax)
          fault ??= refused('bundle-too-large', 'the archive unpacks to more than a bundle may have');
        if (fault) throw fault;
        parser.write(piece);
      }
      await new Promise<void>((resolve) => {
        parser.on('end', resolve);
        parser.on('error', () => resolve());
        parser.end();
      });
    });
  } catch (error) {
    if (fault) throw fault;
    throw refused('bundle-unreadable', `${file} is no .tar.gz: ${(error as Error).message.slice(0, 200)}`);
  }
  if (fault) throw fault;
  return files;
}

/** @throws Refused */
function checkPath(name: string): void {
  const parts = name.split('/');
  const isPlain = /^[\w@+=,. -]+(\/[\w@+=,. -]+)*$/.test(name) && !parts.includes('..') && !parts.includes('.');
  if (!isPlain || name.length > pathCharactersMax)
    throw refused('file-path', `"${shownPath(name)}" is no path of a bundle`);
}

/** A hostile name in a message. */
function shownPath(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

/** Writes them into an empty folder, readable by all who may read the folder. */
export function writeFolder(folder: string, files: BundleFiles): void {
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content, { flag: 'wx' });
  }
}

/** The folder as one `.tar.gz`, the same bytes for the same files. */
export function writeArchive(folder: string, file: string, names: readonly string[]): void {
  create({ file, cwd: folder, gzip: true, portable: true, mtime: new Date(0), sync: true }, [...names].sort());
}
