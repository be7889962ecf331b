/** Frames from a capture file, read synchronously in large chunks: streams cost twice that. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { FloodgateError } from '../errors.ts';
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

/**
 * A capture file as frames; pcap and pcapng are told apart by their first bytes. A file that was cut short delivers
 * every whole frame before `read` throws `capture-truncated`.
 */
export class FileSource implements FrameSource {
  readonly #path: string;
  readonly #feed: ChunkFeed;
  /** Chunks are read to `#chunk[#chunkStart, #chunkStart + chunkBytes)`: the sink's memory where it has one. */
  #chunk: Uint8Array | null = null;
  #chunkStart = 0;
  #fd: number;
  #ended = false;
  #stopped = false;

  /** @throws FloodgateError when the file cannot be opened or is none. */
  static open(path: string, options: FileSourceOptions = {}): FileSource {
    const { fd, stats } = openReadable(path);
    if (!stats.isFIFO()) return new FileSource(fd, path, options);
    closeSync(fd);
    throw unreadable(path, new Error('it is a pipe'));
  }

  /** @param fd is owned from here on, and closed at the end. */
  constructor(fd: number, path: string, options: FileSourceOptions = {}) {
    this.#fd = fd;
    this.#path = path;
    this.#feed = new ChunkFeed(path, options.filter ?? null);
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
      length = readSync(this.#fd, chunk, this.#chunkStart, chunkBytes, null);
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
    const { records } = sink;
    this.#chunkStart = records?.inputStart ?? 0;
    this.#chunk = records?.bytes ?? new Uint8Array(chunkBytes);
    return this.#chunk;
  }
}

/**
 * Opens what may be read as a capture: a file, or a pipe, whose writer need not be there yet.
 * @throws FloodgateError when it cannot be opened or is neither
 */
export function openReadable(path: string): { fd: number; stats: Stats } {
  let fd: number;
  try {
    // A pipe is not waited for here: nothing else would run meanwhile.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(path, error);
  }
  const stats = fstatSync(fd);
  try {
    if (!stats.isFIFO()) requireReadable(stats, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { fd, stats };
}

/** Linux's `/dev/null`, which is an empty file to all. */
const nullDevice = 0x103;

/** @throws FloodgateError where reading may wait for what never comes: devices, or is no reading of bytes: folders. */
export function requireReadable(stats: Stats, path: string): void {
  if (stats.isDirectory()) throw unreadable(path, { code: 'EISDIR' });
  if (stats.isFile() || (stats.isCharacterDevice() && stats.rdev === nullDevice)) return;
  throw new FloodgateError('capture-no-file', `${path} is a device, not a capture file`, {
    hint: 'pipe what it gives: cat DEVICE | floodgate-agent --read -',
  });
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
