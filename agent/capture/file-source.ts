/** Frames from a capture file, read synchronously in large chunks: streams cost twice that. */
import { closeSync, constants, fstatSync, openSync, readSync, statfsSync } from 'node:fs';
import { FloodgateError } from '../errors.ts';
import { isDecompressed, magicBytes } from '../pcap/capture-reader.ts';
import { ChunkFeed } from './chunk-feed.ts';
import type { FrameFilter } from './filter-sink.ts';
import {
  type CaptureInterface,
  type CaptureStats,
  chunkBytes,
  type FrameSink,
  type FrameSource,
} from './frame-source.ts';

export interface FileSourceOptions {
  readonly filter?: FrameFilter | null;
}

/** Of a compressed file: what comes out of it is delivered at once, and may be a thousand times as much. */
const compressedChunkBytes = 8 << 10;

/**
 * A capture file as frames; its first bytes say whether it is pcap or pcapng, and what it is compressed with. A file that was
 * cut short delivers every whole frame before `read` throws `capture-truncated`.
 */
export class FileSource implements FrameSource {
  readonly #path: string;
  readonly #feed: ChunkFeed;
  /** Chunks are read to `#chunk[#chunkStart, #chunkStart + chunkBytes)`: the sink's memory where it has one. */
  #chunk: Uint8Array | null = null;
  #chunkStart = 0;
  readonly #chunkBytes: number;
  #fd: number;
  #ended = false;
  #stopped = false;

  /** @throws FloodgateError when the file cannot be opened or is none. */
  static open(path: string, options: FileSourceOptions = {}): FileSource {
    const { fd, reading } = openReadable(path);
    if (reading !== 'pipe') return new FileSource(fd, path, options);
    closeSync(fd);
    throw unreadable(path, new Error('it is a pipe'));
  }

  /** @param fd is owned from here on, and closed at the end. */
  constructor(fd: number, path: string, options: FileSourceOptions = {}) {
    this.#fd = fd;
    this.#path = path;
    this.#feed = new ChunkFeed(path, options.filter ?? null);
    this.#chunkBytes = isCompressedFile(fd) ? compressedChunkBytes : chunkBytes;
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#feed.interfaces;
  }

  read(sink: FrameSink, framesMax: number): number {
    let delivered = 0;
    while (delivered < framesMax) {
      if (this.#stopped) return delivered > 0 ? delivered : -1;
      if (this.#feed.isEmpty && !this.#fill(sink)) return delivered > 0 ? delivered : -1;
      delivered += this.#feed.deliver(sink);
    }
    return delivered;
  }

  wait(): Promise<void> {
    return Promise.resolve();
  }

  stats(): CaptureStats[] {
    return this.#feed.stats();
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#stopped = true;
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Reads the next chunk; false at the end of the file. */
  #fill(sink: FrameSink): boolean {
    if (this.#ended) return false;
    const chunk = this.#chunk ?? this.#takeChunk(sink);
    let length: number;
    try {
      length = readSync(this.#fd, chunk, this.#chunkStart, this.#chunkBytes, null);
    } catch (error) {
      this.#ended = true;
      throw unreadable(this.#path, error);
    }
    this.#feed.offer(chunk, this.#chunkStart, this.#chunkStart + length);
    if (length > 0) return true;
    this.#ended = true;
    this.#feed.finish();
    return false;
  }

  /** Room for a chunk, for as long as the file is read. */
  #takeChunk(sink: FrameSink): Uint8Array {
    const { records } = this.#chunkBytes === chunkBytes ? sink : { records: null };
    this.#chunkStart = records?.inputStart ?? 0;
    this.#chunk = records?.bytes ?? new Uint8Array(this.#chunkBytes);
    return this.#chunk;
  }
}

/** Whether a regular file is one that is decompressed as it is read. */
export function isCompressedFile(file: string | number): boolean {
  let fd: number | null = null;
  try {
    fd = typeof file === 'number' ? file : openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const first = new Uint8Array(magicBytes);
    return fstatSync(fd).isFile() && readSync(fd, first, 0, magicBytes, 0) === magicBytes && isDecompressed(first);
  } catch {
    // Reading it says what is wrong.
    return false;
  } finally {
    if (typeof file === 'string' && fd !== null) closeSync(fd);
  }
}

/** How a capture is read: in the call, as a pipe does, or by a thread that may wait. */
export type Reading = 'file' | 'pipe' | 'patient';

/**
 * Opens what may be read as a capture; a pipe's writer need not be there yet.
 * @throws FloodgateError when it cannot be opened, or is a folder
 */
export function openReadable(path: string): { fd: number; reading: Reading } {
  let fd: number;
  try {
    // A pipe is not waited for here: nothing else would run meanwhile.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const reading = readingOf(fd, path);
    if (reading !== 'patient') return { fd, reading };
    // A device, too, is waited for by a thread: without data it would fail otherwise.
    const waiting = openSync(path, 'r');
    closeSync(fd);
    return { fd: waiting, reading };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** statfs(2): file systems whose files may be another machine's, or another process's. */
const remoteMagics = new Set([
  0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400, 0x5346_414f, 0x6b41_4653,
  0x7375_7245, 0x0bd0_0bd0, 0x6a65_6a63,
]);

/** @throws FloodgateError where it is a folder */
export function readingOf(fd: number, path: string): Reading {
  const stats = fstatSync(fd);
  if (stats.isDirectory()) throw unreadable(path, { code: 'EISDIR' });
  if (stats.isFIFO() || stats.isSocket()) return 'pipe';
  if (!stats.isFile()) return 'patient';
  return process.platform === 'linux' && isRemote(fd) ? 'patient' : 'file';
}

function isRemote(fd: number): boolean {
  try {
    return remoteMagics.has(statfsSync(`/proc/self/fd/${fd}`).type >>> 0);
  } catch {
    return false;
  }
}

function unreadable(path: string, error: unknown): FloodgateError {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const options = (hint: string) => ({ hint, cause: error });
  if (code === 'ENOENT') {
    return new FloodgateError('capture-missing', `there is no file ${path}`, options('check the path given to --read'));
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'make it readable for this user, or read it as another: sudo cat FILE | floodgate-agent --read -';
    return new FloodgateError('capture-not-permitted', `no permission to read ${path}`, options(hint));
  }
  if (code === 'EISDIR') {
    const hint = 'give the capture file inside it; several are joined with mergecap';
    return new FloodgateError('capture-is-directory', `${path} is a directory, not a capture file`, options(hint));
  }
  return new FloodgateError(
    'capture-unreadable',
    `cannot read ${path}: ${message}`,
    options('check the disk and the path'),
  );
}
