/**
 * Frames from a pipe in step with its bytes: blocks of a fixed size, each waited for in the call that reads it, so that how
 * often anything runs depends on what was read and not on who got a processor when. Timers, signals and profilers have
 * their turn between two blocks; the event loop waits only where the writer says so (`holdBlock`), and before the first byte.
 * For measurements that must repeat: while it waits for a block nothing else runs.
 */
import { closeSync, read, readSync } from 'node:fs';
import { FloodgateError } from '../errors.ts';
import { endsWithHold, stepBytes } from '../pcap/hold-block.ts';
import { ChunkFeed } from './chunk-feed.ts';
import type { FileSourceOptions } from './file-source.ts';
import type { CaptureInterface, CaptureStats, FrameSink, FrameSource } from './frame-source.ts';
import { receiveWhole } from './sys/receive-whole.ts';

/** `held` has read all there is for now, `waiting` has said so, `ended` has read the last byte. */
type State = 'reading' | 'held' | 'waiting' | 'ended';

export class LockstepSource implements FrameSource {
  /** Whole blocks, and the last one. */
  blocksRead = 0;
  readonly #feed: ChunkFeed;
  readonly #block = new Uint8Array(stepBytes);
  /** Of the next block, what was read while waiting for it. */
  #filled = 0;
  #state: State = 'waiting';
  #stopped = false;
  #finished = false;
  #fd: number;
  #wake: (() => void) | null = null;

  /** @param fd a pipe or socket that blocks; owned from here on. */
  constructor(fd: number, options: FileSourceOptions = {}) {
    this.#fd = fd;
    this.#feed = new ChunkFeed('standard input', options.filter ?? null);
    // Every call leaves 300 bytes of garbage: it shall be one a block.
    receiveWhole(fd, stepBytes);
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#feed.interfaces;
  }

  /** Whether the writer has asked for attention, and everything before that was delivered. */
  get isHeld(): boolean {
    return this.#state === 'held' && this.#feed.isEmpty;
  }

  /** Delivers a block, whatever `framesMax` says: there is none longer. */
  read(sink: FrameSink): number {
    if (this.#stopped) return -1;
    if (this.#feed.isEmpty) {
      if (this.#state === 'held') this.#state = 'waiting';
      if (this.#state === 'waiting') return 0;
      if (this.#state === 'ended') return this.#finish();
      this.#fill();
    }
    return this.#feed.deliver(sink);
  }

  /** Resolves with the next byte, at the end or by `stop`: no time passes here. */
  async wait(): Promise<void> {
    if (this.#state !== 'waiting' || this.#stopped) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      read(this.#fd, this.#block, 0, stepBytes, null, (error, length) => {
        // What cannot be read so cannot be read otherwise, and is reported there.
        this.#filled = error === null ? length : 0;
        this.#state = 'reading';
        resolve();
      });
    });
  }

  stats(): CaptureStats[] {
    return this.#feed.stats();
  }

  /** A read that waits for the writer goes on until that writes or ends. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  close(): void {
    this.stop();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #fill(): void {
    let end = this.#filled;
    this.#filled = 0;
    while (end < stepBytes) {
      const length = this.#readOn(end);
      if (length === 0) {
        this.#state = 'ended';
        break;
      }
      end += length;
    }
    if (end === 0) return;
    this.blocksRead += 1;
    this.#feed.offer(this.#block, 0, end);
    if (this.#state === 'reading' && endsWithHold(this.#block, end)) this.#state = 'held';
  }

  #readOn(at: number): number {
    try {
      return readSync(this.#fd, this.#block, at, stepBytes - at, null);
    } catch (error) {
      this.#state = 'ended';
      this.#finished = true;
      throw new FloodgateError('capture-unreadable', `cannot read standard input: ${(error as Error).message}`, {
        hint: 'in step with its writer only a pipe that blocks can be read',
        cause: error,
      });
    }
  }

  #finish(): number {
    if (!this.#finished) this.#feed.finish();
    this.#finished = true;
    return -1;
  }
}
