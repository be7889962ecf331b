/**
 * Batches that wait to be sent: what a spool is, and one in memory. When there is no room the oldest batch goes
 * (`oldest-first`): what happened last is what an operator looks for. The batch that is being sent stays, for it may have
 * arrived.
 */
import { type Batch, type HeldBatch, WholeBatch } from './batch.ts';

export interface Spool {
  readonly counters: SpoolCounters;
  /** Whether what is in it outlives the process. */
  readonly isKept: boolean;
  readonly bytes: number;
  readonly batches: number;
  readonly witnesses: number;
  /** Never throws: what finds no room is counted. */
  put(batch: Batch): void;
  /** The batch to send next, which from now on is held; undefined when there is none. */
  hold(): HeldBatch | undefined;
  /** The held batch is done with. */
  remove(): void;
  /** The held batch stays for later. */
  release(): void;
  close(): void;
}

export class SpoolCounters {
  /** Shed `oldest-first` because there was no more room. */
  batchesShed = 0;
  witnessesShed = 0;
  /** Files, or beginnings of files, that were no whole batch; and the witnesses they were known to hold. */
  filesTorn = 0;
  witnessesTorn = 0;
  /** Files that another process removed, or put something else in the place of. */
  batchesMissing = 0;
  witnessesMissing = 0;
  /** Left by an agent before this one. */
  batchesFound = 0;
  witnessesFound = 0;
  writesFailed = 0;

  countShed(witnesses: number): void {
    this.batchesShed += 1;
    this.witnessesShed += witnesses;
  }
}

/** Of 300 bytes each in JavaScript, whatever is in them: a megabyte beside the bytes. */
const memoryBatchesMax = 4_096;

/** Where no folder is given: batches in memory, lost with the process. */
export class MemorySpool implements Spool {
  readonly counters = new SpoolCounters();
  readonly isKept = false;
  bytes = 0;
  witnesses = 0;
  readonly #bytesMax: number;
  readonly #batchesMax: number;
  readonly #batches: WholeBatch[] = [];
  #isHeld = false;

  constructor(bytesMax: number, batchesMax = memoryBatchesMax) {
    this.#bytesMax = bytesMax;
    this.#batchesMax = batchesMax;
  }

  get batches(): number {
    return this.#batches.length;
  }

  put(batch: Batch): void {
    const whole = this.#whole(batch);
    while (!this.#fits(whole) && this.#shed());
    if (!this.#fits(whole)) this.counters.countShed(batch.witnesses);
    else {
      this.#batches.push(whole);
      this.bytes += whole.bodyBytes;
      this.witnesses += whole.witnesses;
    }
  }

  /** A copy, as far as there may ever be room for it; beyond, its beginning, which fits nowhere either. */
  #whole(batch: Batch): WholeBatch {
    let body: Buffer = Buffer.alloc(0);
    batch.eachPiece((piece) => {
      if (body.length <= this.#bytesMax) body = Buffer.concat([body, piece]);
    });
    return new WholeBatch(batch, body);
  }

  hold(): HeldBatch | undefined {
    this.#isHeld = this.#batches.length > 0;
    return this.#batches[0];
  }

  remove(): void {
    this.#take(0);
    this.#isHeld = false;
  }

  release(): void {
    this.#isHeld = false;
  }

  /** What is left is lost. */
  close(): void {
    this.#isHeld = false;
    while (this.#shed());
  }

  #fits({ bodyBytes }: HeldBatch): boolean {
    return this.bytes + bodyBytes <= this.#bytesMax && this.batches < this.#batchesMax;
  }

  #shed(): boolean {
    const batch = this.#take(this.#isHeld ? 1 : 0);
    if (batch !== undefined) this.counters.countShed(batch.witnesses);
    return batch !== undefined;
  }

  #take(index: number): Batch | undefined {
    const [batch] = this.#batches.splice(index, 1);
    this.bytes -= batch?.bodyBytes ?? 0;
    this.witnesses -= batch?.witnesses ?? 0;
    return batch;
  }
}
