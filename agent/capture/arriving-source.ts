/**
 * Frames from chunks that arrive while signals, timers and scrapers have their turn: all that sources have in common whose
 * input may keep them waiting. Each says how its next chunk is asked for, and hands over what comes.
 */
import { FloodgateError } from '../errors.ts';
import { ChunkFeed } from './chunk-feed.ts';
import type { FrameFilter } from './filter-sink.ts';
import type { CaptureInterface, CaptureStats, FrameSink, FrameSource } from './frame-source.ts';

export abstract class ArrivingSource implements FrameSource {
  readonly #name: string;
  readonly #feed: ChunkFeed;
  #isEnded = false;
  #isFinished = false;
  #isStopped = false;
  #failure: FloodgateError | null = null;
  #wake: (() => void) | null = null;

  /** @param name the input's, in errors */
  constructor(name: string, filter: FrameFilter | null) {
    this.#name = name;
    this.#feed = new ChunkFeed(name, filter);
  }

  /** Asks for the next chunk; does nothing where one is on its way. */
  protected abstract ask(): void;

  get interfaces(): readonly CaptureInterface[] {
    return this.#feed.interfaces;
  }

  read(sink: FrameSink): number {
    if (this.#isStopped) return -1;
    const delivered = this.#feed.deliver(sink);
    if (delivered > 0) return delivered;
    if (!this.#isEnded) return 0;
    if (this.#failure !== null) throw this.#failure;
    if (!this.#isFinished) this.#feed.finish();
    this.#isFinished = true;
    return -1;
  }

  async wait(timeoutMs: number): Promise<void> {
    if (this.#isEnded || this.#isStopped || !this.#feed.isEmpty) return;
    this.ask();
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
  }

  /** What was asked for, `bytes[0, length)`: it stays as it is until more is asked for. */
  protected take(bytes: Uint8Array, length: number): void {
    this.#feed.offer(bytes, 0, length);
    this.#awake();
  }

  /** Nothing more comes. */
  protected end(): void {
    this.#isEnded = true;
    this.#awake();
  }

  /** Nothing more can be read: `read` throws `capture-unreadable` once all before is delivered. */
  protected fail(cause: Error, hint: string): void {
    const message = `cannot read ${this.#name}: ${cause.message}`;
    this.#failure = new FloodgateError('capture-unreadable', message, { hint, cause });
    this.end();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
