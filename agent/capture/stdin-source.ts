/** Frames from a capture on standard input (or any pipe), read asynchronously so that timers and profilers go on. */
import type { Socket } from 'node:net';
import { FloodgateError } from '../errors.ts';
import { ArrivingSource } from './arriving-source.ts';
import { FileSource, type FileSourceOptions, type Reading, readingOf } from './file-source.ts';
import type { FrameFilter } from './filter-sink.ts';
import type { FrameSource } from './frame-source.ts';
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
  if (reading === 'file') return new FileSource(fd, name, options);
  const filter = options.filter ?? null;
  return reading === 'pipe' ? new PipeSource(fd, name, filter) : new PatientSource(fd, name, filter);
}

/** A pipe or socket, whoever writes into it and when. */
class PipeSource extends ArrivingSource {
  readonly #socket: Socket;

  /** @param fd does not block; owned from here on. */
  constructor(fd: number, name: string, filter: FrameFilter | null) {
    super(name, filter);
    const { Socket } = process.getBuiltinModule('node:net');
    this.#socket = new Socket({
      fd,
      readable: true,
      writable: false,
      onread: {
        // One buffer for good: reading stops while a chunk in it is parsed, which is what holds the writer back.
        buffer: new Uint8Array(chunkBytes),
        callback: (length, bytes) => {
          this.take(bytes, length);
          return false;
        },
      },
    });
    this.#socket.on('end', () => this.end());
    this.#socket.on('error', (error) => this.fail(error, 'check what writes into the pipe'));
    this.#socket.resume();
  }

  override close(): void {
    super.close();
    this.#socket.destroy();
  }

  protected override ask(): void {
    this.#socket.resume();
  }
}
