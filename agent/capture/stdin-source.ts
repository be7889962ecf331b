/** Frames from a capture on standard input (or any pipe), read asynchronously so that timers and profilers go on. */
import type { Socket } from 'node:net';
import { FloodgateError } from '../errors.ts';
import { ChunkFeed } from './chunk-feed.ts';
import { FileSource, type FileSourceOptions, type Reading, readingOf } from './file-source.ts';
import type { CaptureInterface, CaptureStats, FrameSink, FrameSource } from './frame-source.ts';
import { PatientSource } from './patient-source.ts';

const name = 'standard input';
/** What a pipe holds at most by default: libuv reads no more at once. */
const chunkBytes = 65_536;

/**
 * Opens standard input: a pipe or socket is read as it comes, a file redirected to it like any other file.
 * @throws FloodgateError `stdin-is-terminal` when nothing was connected to it.
 */
export function openStdin(options: FileSourceOptions = {}, fd = 0): FrameSource {
  if (process.getBuiltinModule('node:tty').isatty(fd)) {
    throw new FloodgateError('stdin-is-terminal', 'standard input is a terminal, not a capture', {
      hint: 'pipe a capture into it, e.g. tcpdump -i eth0 -w - | floodgate-agent --read -',
    });
  }
  return openReading(fd, readingOf(fd, name), name, options);
}

/** @param fd is owned from here on. */
export function openReading(fd: number, reading: Reading, name: string, options: FileSourceOptions): FrameSource {
  if (reading === 'pipe') return new PipeSource(fd, name, options);
  return reading === 'file' ? new FileSource(fd, name, options) : new PatientSource(fd, name, options);
}

/** A pipe or socket, whoever writes into it and when. */
class PipeSource implements FrameSource {
  readonly #name: string;
  readonly #feed: ChunkFeed;
  readonly #socket: Socket;
  #ended = false;
  #stopped = false;
  #failure: FloodgateError | null = null;
  #finished = false;
  #wake: (() => void) | null = null;

  /** @param fd does not block; owned from here on. */
  constructor(fd: number, name: string, options: FileSourceOptions) {
    this.#name = name;
    this.#feed = new ChunkFeed(name, options.filter ?? null);
    const { Socket } = process.getBuiltinModule('node:net');
    this.#socket = new Socket({
      fd,
      readable: true,
      writable: false,
      onread: {
        // One buffer for good: reading stops while a chunk in it is parsed, which is what holds the writer back.
        buffer: new Uint8Array(chunkBytes),
        callback: (length, bytes) => {
          this.#feed.offer(bytes, 0, length);
          this.#awake();
          return false;
        },
      },
    });
    this.#socket.on('end', () => this.#end(null));
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.resume();
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#feed.interfaces;
  }

  read(sink: FrameSink): number {
    if (this.#stopped) return -1;
    const delivered = this.#feed.deliver(sink);
    if (delivered > 0) return delivered;
    if (!this.#ended) return 0;
    if (this.#failure !== null) throw this.#failure;
    if (!this.#finished) this.#feed.finish();
    this.#finished = true;
    return -1;
  }

  async wait(timeoutMs: number): Promise<void> {
    if (this.#ended || this.#stopped || !this.#feed.isEmpty) return;
    this.#socket.resume();
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
    this.#stopped = true;
    this.#awake();
  }

  close(): void {
    this.stop();
    this.#socket.destroy();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #end(error: Error | null): void {
    if (error !== null) {
      this.#failure = new FloodgateError('capture-unreadable', `cannot read ${this.#name}: ${error.message}`, {
        hint: 'check what writes into the pipe',
        cause: error,
      });
    }
    this.#ended = true;
    this.#awake();
  }
}
