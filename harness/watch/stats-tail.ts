/** Follows the agent's figures while it writes them: how many frames it has taken. */
import { closeSync, openSync, readSync } from 'node:fs';

const chunkBytes = 65_536;
const frames = /"capture\.framesReceived":(\d+).*"capture\.framesDropped":(\d+)/;

export class StatsTail {
  readonly #file: string;
  readonly #chunk = Buffer.alloc(chunkBytes);
  #fd: number | undefined;
  #position = 0;
  #rest = '';
  #taken: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Frames taken or dropped by the last whole line so far; undefined before the first, or where no lines are written. */
  framesTaken(): number | undefined {
    try {
      this.#fd ??= openSync(this.#file, 'r');
      for (;;) {
        const length = readSync(this.#fd, this.#chunk, 0, chunkBytes, this.#position);
        if (length === 0) break;
        this.#position += length;
        this.#read(this.#chunk.toString('latin1', 0, length));
      }
    } catch {
      // Not written yet.
    }
    return this.#taken;
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #read(text: string): void {
    const end = text.lastIndexOf('\n');
    if (end < 0) {
      // A line of counters is some kilobytes: more without an end is not one.
      this.#rest = (this.#rest + text).slice(-chunkBytes);
      return;
    }
    const whole = this.#rest + text.slice(0, end);
    this.#rest = text.slice(end + 1);
    const match = frames.exec(whole.slice(whole.lastIndexOf('\n') + 1));
    if (match) this.#taken = Number(match[1]) + Number(match[2]);
  }
}
