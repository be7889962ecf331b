/**
 * A bundle as one `.tar.gz`. It is read by rules so narrow that every tar(1) unpacks the very files that were verified: plain files and
 * folders, one gzip member, nothing behind the end. The time it takes is linear in what it unpacks to, and that is bounded.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { create } from 'tar';
import { type BundleFiles, checkPath, foldersOf, Room, refuseEmptyFolders } from './bundle-room.ts';
import { envelopeName } from './envelope.ts';
import { archiveEndBytesMax, bundleBytesMax, expansionFreeBytes, expansionMax } from './limits.ts';
import { Refused, refused, shown } from './refusal.ts';
import { blockBytes, isZero, readTarHeader, strange } from './tar-header.ts';

/** The folder as one `.tar.gz`, the same bytes for the same files; in the place of none that is there, and through no link. */
export function writeArchive(folder: string, file: string, names: readonly string[]): void {
  const pack = create({ cwd: folder, gzip: true, portable: true, mtime: new Date(0), sync: true }, [...names].sort());
  const descriptor = openSync(file, 'wx');
  try {
    for (let piece = pack.read(); piece !== null; piece = pack.read()) writeFileSync(descriptor, piece);
  } finally {
    closeSync(descriptor);
  }
}

/** @param packed the whole `.tar.gz` @throws Refused */
export async function readArchive(packed: Buffer, place: string): Promise<BundleFiles> {
  const unpacked = new Unpacked(packed);
  try {
    const files = await readEntries(unpacked);
    await unpacked.readEnd();
    return withoutTop(files);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw refused('bundle-unreadable', `${place} is no .tar.gz: ${(error as Error).message.slice(0, 200)}`);
  } finally {
    unpacked.close();
  }
}

async function readEntries(unpacked: Unpacked): Promise<BundleFiles> {
  const files: BundleFiles = new Map();
  const folders = new Set<string>();
  const room = new Room();
  for (;;) {
    const block = await unpacked.take(blockBytes);
    if (isZero(block)) break;
    const { name: stated, isFolder, size } = readTarHeader(block);
    // tar(1) writes ./ before names, and / behind those of folders.
    const name = (isFolder ? stated.replace(/\/$/, '') : stated).replace(/^\.\//, '');
    // It names the folder itself, too.
    const isTop = isFolder && name === '.';
    if (!isTop) checkPath(name);
    room.take(name, size);
    if (files.has(name)) throw refused('file-path', `${shown(name)} stands twice in the archive`);
    if (isFolder) {
      if (!isTop) folders.add(name);
      continue;
    }
    files.set(name, await unpacked.take(size));
    if (!isZero(await unpacked.take(-size & (blockBytes - 1)))) throw strange('something between two files');
  }
  for (const name of [...folders, ...foldersOf(files)])
    if (files.has(name)) throw refused('file-path', `${shown(name)} is a file and a folder in the archive`);
  refuseEmptyFolders(folders, files);
  return files;
}

/** `tar -czf bundle.tar.gz signoff-v1` packs the folder with what is in it: its name is that of a file outside, and counts for nothing. */
function withoutTop(files: BundleFiles): BundleFiles {
  const [first = ''] = files.keys();
  const top = first.slice(0, first.indexOf('/') + 1);
  if (!files.has(`${top}${envelopeName}`) || ![...files.keys()].every((name) => name.startsWith(top))) return files;
  return new Map([...files].map(([name, content]) => [name.slice(top.length), content]));
}

/** What a `.tar.gz` unpacks to, piece by piece, up to its limit. */
class Unpacked {
  readonly #packed: Buffer;
  readonly #gunzip = createGunzip({ chunkSize: 64 << 10 });
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #bytesMax: number;
  #bytes = 0;
  #piece: Buffer = Buffer.alloc(0);

  constructor(packed: Buffer) {
    this.#packed = packed;
    // What is packed a thousand times over ends at the limits, unpacked.
    this.#bytesMax = Math.min(bundleBytesMax, expansionFreeBytes + expansionMax * packed.length);
    this.#pieces = this.#gunzip[Symbol.asyncIterator]();
    this.#gunzip.end(packed);
  }

  /** So many bytes. @throws Refused where there are fewer */
  async take(count: number): Promise<Buffer> {
    if (this.#bytes - this.#piece.length + count > this.#bytesMax) throw tooLarge();
    const taken = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; ) {
      if (this.#piece.length === 0 && !(await this.#next())) throw strange('no end');
      const copied = this.#piece.copy(taken, at);
      this.#piece = this.#piece.subarray(copied);
      at += copied;
    }
    return taken;
  }

  /** Behind the first block of the end: zeros in whole blocks, and then nothing, neither packed nor unpacked. @throws Refused */
  async readEnd(): Promise<void> {
    const from = this.#bytes - this.#piece.length;
    do {
      if (!isZero(this.#piece)) throw strange('something behind its end');
      if (this.#bytes - from > archiveEndBytesMax) throw tooLarge();
    } while (await this.#next());
    const endBytes = this.#bytes - from;
    if (endBytes < blockBytes || endBytes % blockBytes !== 0) throw strange('no whole end');
    // The size that the last gzip member states (RFC 1952, ISIZE) is that of all: there is one, and nothing behind it.
    const stated = this.#packed.length >= 18 ? this.#packed.readUInt32LE(this.#packed.length - 4) : -1;
    if (this.#gunzip.bytesWritten !== this.#packed.length || stated !== this.#bytes)
      throw strange('something behind its gzip member');
  }

  close(): void {
    this.#gunzip.destroy();
  }

  async #next(): Promise<boolean> {
    const { value, done } = await this.#pieces.next();
    if (done) return false;
    this.#piece = value;
    this.#bytes += value.length;
    if (this.#bytes > this.#bytesMax) throw tooLarge();
    return true;
  }
}

const tooLarge = () => refused('bundle-too-large', 'the archive unpacks to more than a bundle may have');
