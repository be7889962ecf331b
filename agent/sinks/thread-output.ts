/**
 * Whole lines and records of a capturing thread on their way to the thread that has the file, in batches. The queue between
 * them is bounded in bytes; when it is full the capturing thread waits, as it would for the file itself, but not for ever:
 * then the batch is shed whole and counted.
 */
import type { RecordOutput } from './record-output.ts';

/** A batch is sent when no further record of common size would fit. */
const batchBytes = 64 << 10;
/** As long as a pipe without a reader may hold a file up (output-file.ts). */
const blockedMsMaxDefault = 5_000;

export interface ThreadOutputOptions {
  /** Takes a batch, whose memory is given away. */
  readonly send: (batch: Uint8Array<ArrayBuffer>) => void;
  /** Bytes sent and not written yet, in shared memory: the other thread subtracts and notifies. */
  readonly queued: Int32Array;
  readonly place: number;
  readonly queuedBytesMax: number;
  /** How long a full queue is waited for. @default 5,000 */
  readonly blockedMsMax?: number;
}

/** Without a view of its own for each record. */
const copyBytes = Buffer.prototype.copy;

export class ThreadOutput implements RecordOutput {
  readonly closedByReader = false;
  readonly failure = null;
  /** Batches shed because the queue stayed full, and their bytes. */
  batchesShed = 0;
  bytesShed = 0;
  readonly #options: ThreadOutputOptions;
  #batch = new Uint8Array(batchBytes);
  #length = 0;

  constructor(options: ThreadOutputOptions) {
    this.#options = options;
  }

  write(text: string): void {
    this.writeBytes(Buffer.from(text));
  }

  writeBytes(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const length = end - start;
    if (this.#length + length > batchBytes) this.flush();
    if (length > batchBytes) this.#send(Uint8Array.from(bytes.subarray(start, end)));
    else {
      copyBytes.call(bytes, this.#batch, this.#length, start, end);
      this.#length += length;
    }
  }

  flush(): void {
    if (this.#length === 0) return;
    const batch = this.#batch.slice(0, this.#length);
    this.#length = 0;
    this.#send(batch);
  }

  close(): void {
    this.flush();
  }

  #send(batch: Uint8Array<ArrayBuffer>): void {
    const { queued, place, queuedBytesMax, send, blockedMsMax = blockedMsMaxDefault } = this.#options;
    for (;;) {
      const waiting = Atomics.load(queued, place);
      // One batch alone always goes, however long its record is.
      if (waiting === 0 || waiting + batch.length <= queuedBytesMax) break;
      if (Atomics.wait(queued, place, waiting, blockedMsMax) !== 'timed-out') continue;
      this.batchesShed += 1;
      this.bytesShed += batch.length;
      return;
    }
    Atomics.add(queued, place, batch.length);
    send(batch);
  }
}
