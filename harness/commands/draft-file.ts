/** A file that is written beside the one it becomes: until it is whole, what stood there before stays. */
import { chmodSync, closeSync, openSync, realpathSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';

/** The error of a file that cannot be written. */
export function unwritable(file: string, cause: unknown): FloodgateError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new FloodgateError('output-unwritable', `cannot write ${file}: ${code ?? message}`, {
    hint: 'Check the folder, its permissions and the space on the disk.',
    cause,
  });
}

export class DraftFile {
  /** Where to write. */
  readonly path: string;
  readonly #file: string;
  readonly #target: string;
  #isOpen: boolean;
  readonly #discard = () => this.discard();

  /** @throws FloodgateError `output-unwritable` */
  constructor(file: string) {
    this.#file = file;
    const known = statSync(file, { throwIfNoEntry: false });
    // A device or a pipe is written to as it is, and so is what another process has open.
    this.#isOpen = !(known && !known.isFile()) && !/^\/(dev|proc)\//.test(file);
    this.#target = known && this.#isOpen ? realpathSync(file) : path.resolve(file);
    if (!this.#isOpen) {
      this.path = file;
      return;
    }
    this.path = path.join(path.dirname(this.#target), `.${path.basename(file).slice(-100)}.${process.pid}.part`);
    this.#create(known);
    process.once('exit', this.#discard);
  }

  /** It is whole. @throws FloodgateError `output-unwritable` */
  keep(): void {
    if (!this.#isOpen) return;
    try {
      renameSync(this.path, this.#target);
    } catch (cause) {
      throw unwritable(this.#file, cause);
    }
    this.#end();
  }

  /** What was written is removed. Safe to call twice, and after `keep`. */
  discard(): void {
    if (!this.#isOpen) return;
    this.#end();
    rmSync(this.path, { force: true });
  }

  #create(known: Stats | undefined): void {
    try {
      closeSync(openSync(this.path, 'w'));
      if (known) chmodSync(this.path, known.mode & 0o7777);
    } catch (cause) {
      rmSync(this.path, { force: true });
      throw unwritable(this.#file, cause);
    }
  }

  #end(): void {
    this.#isOpen = false;
    process.off('exit', this.#discard);
  }
}
