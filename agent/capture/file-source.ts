/** Frames from a capture file, read synchronously in large chunks: streams cost twice that. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
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
 * A capture file as frames; pcap, pcapng and what they are compressed with are told apart by their first bytes. A file that was cut short delivers
 * every whole frame before `read` throws `capture-truncated`.
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
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      throw unreadable(path, error);
    }
    if (!fstatSync(fd).isDirectory()) return new FileSource(fd, path, options);
    closeSync(fd);
    throw unreadable(path, { code: 'EISDIR' });
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
