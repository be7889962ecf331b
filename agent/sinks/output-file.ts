/** A file (or standard output) written through one buffer, synchronously: what a program under test does last must be there. */
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { FloodgateError } from '../errors.ts';
import { openPrivateFile } from './private-file.ts';
import type { EachPiece, RecordOutput } from './record-output.ts';

const bufferBytes = 64 << 10;
/** How long a pipe without a reader may hold the agent up before the output is given up. */
const blockedMsMax = 5_000;
const blockedPauseMs = 2;

/** Without a view of its own for each record. */
const copyBytes = Buffer.prototype.copy;

export class OutputFile implements RecordOutput {
  readonly #path: string;
  readonly #fd: number;
  readonly #owned: boolean;
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  #length = 0;
  /** The reader of standard output went away: the rest is dropped, as tools in a pipeline do. */
  closedByReader = false;
  /** What went wrong, for instance a full disk; nothing is written from then on. Whoever drives the agent looks. */
  failure: FloodgateError | null = null;

  /** @param path a file, made or emptied, for its owner alone; `-` for standard output. @throws FloodgateError `output-open`. */
  constructor(path: string) {
    this.#path = path;
    this.#owned = path !== '-';
    try {
      this.#fd = path === '-' ? 1 : openPrivateFile(path);
      fstatSync(this.#fd);
    } catch (cause) {
      throw outputError('output-open', `cannot write ${path}`, cause);
    }
  }

  /** Never throws: it is called from within the layers, which must not be left halfway. See `failure`. */
  write(text: string): void {
    if (this.#isOver) return;
    // Three bytes of UTF-8 for each UTF-16 unit at most.
    if (text.length * 3 > bufferBytes) {
      this.flush();
      this.#writeAll(Buffer.from(text));
      return;
    }
    if (this.#length + text.length * 3 > bufferBytes) this.flush();
    this.#length += this.#buffer.write(text, this.#length);
  }

  writeBytes(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.#isOver) return;
    const length = end - start;
    if (this.#length + length > bufferBytes) this.flush();
    if (length > bufferBytes) {
      this.#writeAll(bytes.subarray(start, end));
      return;
    }
    copyBytes.call(bytes, this.#buffer, this.#length, start, end);
    this.#length += length;
  }

  /** A file is a stream of bytes. */
  writePieces(each: EachPiece): void {
    each((bytes, start, end) => this.writeBytes(bytes, start, end));
  }

  flush(): void {
    const length = this.#length;
    this.#length = 0;
    if (length > 0) this.#writeAll(this.#buffer.subarray(0, length));
  }

  /** Writes the rest; see `failure` afterwards. */
  close(): void {
    this.flush();
    if (this.#owned) closeSync(this.#fd);
  }

  get #isOver(): boolean {
    return this.closedByReader || this.failure !== null;
  }

  #writeAll(bytes: Uint8Array): void {
    let at = 0;
    let blockedMs = 0;
    while (at < bytes.length && !this.#isOver) {
      try {
        at += writeSync(this.#fd, bytes, at);
        blockedMs = 0;
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === 'EPIPE') this.closedByReader = true;
        else if (code === 'EAGAIN' && blockedMs < blockedMsMax) {
          // A pipe that is full: wait for its reader, but not for ever.
          Atomics.wait(this.#pause, 0, 0, blockedPauseMs);
          blockedMs += blockedPauseMs;
        } else this.failure = outputError('output-write', `cannot write ${this.#path}`, cause);
      }
    }
  }
}

/** The error where a file cannot be opened or written. */
export function outputError(code: string, message: string, cause: unknown): FloodgateError {
  const { code: reason } = cause as NodeJS.ErrnoException;
  const hint =
    reason === 'ENOSPC' ? 'the disk is full: free some room or write elsewhere' : 'choose a path that can be written';
  return new FloodgateError(code, `${message} (${reason ?? (cause as Error).message})`, { hint, cause });
}
