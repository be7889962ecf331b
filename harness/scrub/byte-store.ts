/**
 * What takes the place of each byte of each side, on the disk: sides in pages that are given as they are needed. What was never put
 * there reads as zero. The file has no name: it goes with its process.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';

export const pageBytes = 4_096;
/** 64 GB: the table of pages has 128 MB then. */
const pagesMax = 1 << 24;

/** Where the pages of a side lie, by its own page. */
export type SidePages = number[];

export class ByteStore {
  readonly #fd: number;
  readonly #folder: string;
  #pages = 0;

  /** @param beside the file that is written: its disk has room for as much again */
  constructor(beside: string) {
    const place = path.dirname(path.resolve(beside));
    this.#fd = onDisk(place, () => {
      const folder = mkdtempSync(path.join(place, '.floodgate-scrub-'));
      try {
        return openSync(path.join(folder, 'bytes'), 'wx+', 0o600);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
    this.#folder = place;
  }

  put(side: SidePages, offset: number, bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const place = offset + at - start;
      const inPage = place % pageBytes;
      const page = this.#pageOf(side, (place - inPage) / pageBytes);
      const length = Math.min(end - at, pageBytes - inPage);
      onDisk(this.#folder, () => {
        for (let done = 0; done < length; ) {
          done += writeSync(this.#fd, bytes, at + done, length - done, page * pageBytes + inPage + done);
        }
      });
      at += length;
    }
  }

  /** Fills `out[start, end)`. */
  take(side: SidePages, offset: number, out: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const place = offset + at - start;
      const inPage = place % pageBytes;
      const page = side[(place - inPage) / pageBytes];
      const length = Math.min(end - at, pageBytes - inPage);
      if (page === undefined) out.fill(0, at, at + length);
      else {
        const read = readSync(this.#fd, out, at, length, page * pageBytes + inPage);
        out.fill(0, at + read, at + length);
      }
      at += length;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #pageOf(side: SidePages, index: number): number {
    const known = side[index];
    if (known !== undefined) return known;
    if (this.#pages === pagesMax) {
      throw new FloodgateError(
        'scrub-too-large',
        `more than ${(pagesMax * pageBytes) / 1e9} GB of payload cannot be scrubbed at once`,
        {
          hint: 'Cut the capture first: floodgate edit IN OUT --from 0s --to 10min.',
        },
      );
    }
    side[index] = this.#pages;
    this.#pages += 1;
    return side[index];
  }
}

/** @throws FloodgateError `output-unwritable` where the disk does not do it */
function onDisk<T>(folder: string, what: () => T): T {
  try {
    return what();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new FloodgateError('output-unwritable', `cannot write into ${folder}: ${code ?? message}`, {
      hint: 'Check the folder, its permissions and the space on the disk: scrubbing takes as much again beside its output, meanwhile.',
      cause,
    });
  }
}
