/**
 * Frames from what may keep its reader waiting: devices, and files whose disk is another machine's (NFS, SMB, FUSE, …). Each
 * chunk is read by a thread of the pool, so that signals, timers and scrapers have their turn whatever the read does. Local
 * files are read in the call instead (file-source.ts), which costs less.
 */
import { closeSync, read } from 'node:fs';
import { ArrivingSource } from './arriving-source.ts';
import type { FrameFilter } from './filter-sink.ts';
import { chunkBytes } from './frame-source.ts';

/** Reads that were given up while they waited: the threads in them end with the process, which cannot wait for them. */
let readsGivenUp = 0;

/** Whether leaving the process the usual way would wait for a read that may never return. */
export function hasStuckReads(): boolean {
  return readsGivenUp > 0;
}

export class PatientSource extends ArrivingSource {
  readonly #fd: number;
  readonly #chunk = new Uint8Array(chunkBytes);
  #isReading = false;
  #isClosed = false;

  /** @param fd is owned from here on, and closed at the end. */
  constructor(fd: number, name: string, filter: FrameFilter | null) {
    super(name, filter);
    this.#fd = fd;
  }

  override close(): void {
    super.close();
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isReading) readsGivenUp += 1;
    else closeSync(this.#fd);
  }

  protected override ask(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    read(this.#fd, this.#chunk, 0, chunkBytes, null, (error, length) => {
      this.#isReading = false;
      if (this.#isClosed) {
        readsGivenUp -= 1;
        closeSync(this.#fd);
      } else if (error !== null) this.fail(error, 'check the disk and the path');
      else if (length === 0) this.end();
      else this.take(this.#chunk, length);
    });
  }
}
