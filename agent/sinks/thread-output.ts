/**
 * Whole lines and records of a capturing thread on their way to the thread that has the file, in batches. The queue between
 * them is bounded in bytes; when it is full the capturing thread waits, as it would for the file itself, but not for ever:
 * then the batch is shed whole and counted.
 */
import type { EachPiece, RecordOutput } from './record-output.ts';

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
    if (length > batchBytes) this.writePieces((take) => take(bytes, start, end), length);
    else {
      copyBytes.call(bytes, this.#batch, this.#length, start, end);
      this.#length += length;
    }
  }

  /** A long record is a batch of its own, made when there is room for it: the only copy of it that there is. */
  writePieces(each: EachPiece, length: number): void {
    this.flush();
    if (!this.#hasRoom(length)) return;
    const batch = new Uint8Array(length);
    let to = 0;
    each((bytes, start, end) => {
      to += copyBytes.call(bytes, batch, to, start, end);
    });
    this.#send(batch);
  }

  flush(): void {
    if (this.#length === 0) return;
    const length = this.#length;
    this.#length = 0;
    if (this.#hasRoom(length)) this.#send(this.#batch.slice(0, length));
  }

  close(): void {
    this.flush();
  }

  /** Waits for room in the queue. @returns false where there is none for long: the batch is shed */
  #hasRoom(bytes: number): boolean {
    const { queued, place, queuedBytesMax, blockedMsMax = blockedMsMaxDefault } = this.#options;
    for (;;) {
      const waiting = Atomics.load(queued, place);
      // One batch alone always goes, however long its record is.
      if (waiting === 0 || waiting + bytes <= queuedBytesMax) return true;
      if (Atomics.wait(queued, place, waiting, blockedMsMax) !== 'timed-out') continue;
      this.batchesShed += 1;
      this.bytesShed += bytes;
      return false;
    }
  }

  #send(batch: Uint8Array<ArrayBuffer>): void {
    const { queued, place, send } = this.#options;
    Atomics.add(queued, place, batch.length);
    send(batch);
  }
}
