/**
 * Frames from what may keep its reader waiting: devices, and files whose disk is another machine's (NFS, SMB, FUSE, …). Each
 * chunk is read by a thread of the pool, so that signals, timers and scrapers have their turn whatever the read does. Local
 * files are read in the call instead (file-source.ts), which costs less.
 */
import { closeSync, read } from 'node:fs';
import { FloodgateError } from '../errors.ts';
import { ChunkFeed } from './chunk-feed.ts';
import type { FileSourceOptions } from './file-source.ts';
import {
  type CaptureInterface,
  type CaptureStats,
  chunkBytes,
  type FrameSink,
  type FrameSource,
} from './frame-source.ts';

/** Reads that were given up while they waited: the threads in them end with the process, which cannot wait for them. */
let readsGivenUp = 0;

/** Whether leaving the process the usual way would wait for a read that may never return. */
export function hasStuckReads(): boolean {
  return readsGivenUp > 0;
}

export class PatientSource implements FrameSource {
  readonly #feed: ChunkFeed;
  readonly #name: string;
  readonly #fd: number;
  readonly #chunk = new Uint8Array(chunkBytes);
  #isReading = false;
  #isEnded = false;
  #isFinished = false;
  #isStopped = false;
  #isClosed = false;
  #failure: FloodgateError | null = null;
  #wake: (() => void) | null = null;

  /** @param fd is owned from here on, and closed at the end. */
  constructor(fd: number, name: string, options: FileSourceOptions = {}) {
    this.#fd = fd;
    this.#name = name;
    this.#feed = new ChunkFeed(name, options.filter ?? null);
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#feed.interfaces;
  }

  read(sink: FrameSink): number {
    if (this.#isStopped) return -1;
    const delivered = this.#feed.deliver(sink);
    if (delivered > 0) return delivered;
    if (!this.#isEnded) {
      this.#readOn();
      return 0;
    }
    if (this.#failure !== null) throw this.#failure;
    if (!this.#isFinished) this.#feed.finish();
    this.#isFinished = true;
    return -1;
  }

  async wait(timeoutMs: number): Promise<void> {
    if (!this.#isReading || this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#awake(), timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  stats(): CaptureStats[] {
    return this.#feed.stats();
  }

  stop(): void {
    this.#isStopped = true;
    this.#awake();
  }

  close(): void {
    this.stop();
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isReading) readsGivenUp += 1;
    else closeSync(this.#fd);
  }

  #readOn(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    read(this.#fd, this.#chunk, 0, chunkBytes, null, (error, length) => {
      this.#isReading = false;
      if (this.#isClosed) {
        readsGivenUp -= 1;
        closeSync(this.#fd);
      } else if (error !== null) this.#fail(error);
      else if (length === 0) this.#isEnded = true;
      else this.#feed.offer(this.#chunk, 0, length);
      this.#awake();
    });
  }

  #fail(cause: Error): void {
    this.#isEnded = true;
    this.#failure = new FloodgateError('capture-unreadable', `cannot read ${this.#name}: ${cause.message}`, {
      hint: 'check the disk and the path',
      cause,
    });
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
