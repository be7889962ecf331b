/**
 * Batches on disk: a file each under a running number, written under another name first, so that a file under its number
 * is whole whenever the process ends. What is not, by its length or checksum (a power failure, a full disk, an editor), is
 * removed and counted as torn; what another process removed is counted as missing. At any moment
 *
 *     put + found = sent + refused + shed + torn + missing + waiting.
 *
 * Memory: 16 bytes for each batch there may be (`SpoolIndex`), whatever their sizes and numbers, and 64 KiB of the one that is sent.
 */
import { FloodgateError } from '../errors.ts';
import { type Batch, batchHeadBytes, type HeldBatch } from './batch.ts';
import type { BatchFile } from './batch-file.ts';
import { type Spool, SpoolCounters } from './spool.ts';
import { batchName, SpoolFolder } from './spool-folder.ts';
import { type SpooledBatch, SpoolIndex } from './spool-index.ts';

/** At a batch every two seconds, a day and a half. */
const batchesMaxDefault = 1 << 16;

export class DiskSpool implements Spool {
  readonly counters = new SpoolCounters();
  readonly isKept = true;
  readonly #folder: SpoolFolder;
  readonly #bytesMax: number;
  readonly #batchesMax: number;
  /** All but the held one. */
  readonly #index: SpoolIndex;
  #held: SpooledBatch | null = null;
  /** The held batch's. */
  #file: BatchFile | null = null;
  #next = 0;

  /**
   * Takes up what an agent before this one left.
   * @param folder made if it is not there, for its owner alone
   * @param batchesMax files at most, beside the bytes. @default 65,536
   * @throws FloodgateError `spool-open`, `spool-foreign` or `spool-in-use`.
   */
  constructor(folder: string, bytesMax: number, batchesMax = batchesMaxDefault) {
    this.#bytesMax = bytesMax;
    this.#batchesMax = batchesMax;
    this.#index = new SpoolIndex(batchesMax);
    try {
      this.#folder = new SpoolFolder(folder);
      this.#takeUp();
    } catch (cause) {
      if (cause instanceof FloodgateError) throw cause;
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new FloodgateError('spool-open', `cannot use the spool ${folder} (${code ?? message})`, {
        hint: 'name a folder of the agent’s own with --spool, on a disk with room',
        cause,
      });
    }
  }

  get bytes(): number {
    return this.#index.bytes + (this.#held?.bytes ?? 0);
  }

  get batches(): number {
    return this.#index.length + (this.#held === null ? 0 : 1);
  }

  get witnesses(): number {
    return this.#index.witnesses + (this.#held?.witnesses ?? 0);
  }

  put(batch: Batch): void {
    const bytesMax = batchHeadBytes + batch.bodyBytesMax;
    const fits = () => this.bytes + bytesMax <= this.#bytesMax && this.batches < this.#batchesMax;
    while (!fits() && this.#shedOldest());
    const bytes = fits() ? this.#write(batch) : 0;
    if (bytes > 0) {
      this.#index.push({ number: this.#next, bytes, witnesses: batch.witnesses });
      this.#next += 1;
    } else this.counters.countShed(batch.witnesses);
  }

  hold(): HeldBatch | undefined {
    for (let entry = this.#index.shift(); entry !== undefined; entry = this.#index.shift()) {
      const file = this.#folder.read(entry.number);
      if (file?.witnesses === entry.witnesses) {
        this.#held = entry;
        this.#file = file;
        return file;
      }
      file?.close();
      this.#countLost(entry, file === undefined);
    }
    return undefined;
  }

  remove(): void {
    if (this.#held !== null) this.#folder.remove(this.#held.number);
    this.#letGo();
  }

  release(): void {
    if (this.#held !== null) this.#index.unshift(this.#held);
    this.#letGo();
  }

  #letGo(): void {
    this.#file?.close();
    this.#file = null;
    this.#held = null;
  }

  /** Before the process becomes this user: folder and files are its own from then on. @throws FloodgateError `spool-not-ours`. */
  giveTo(uid: number, gid: number): void {
    this.#folder.giveTo(uid, gid);
  }

  /** What is left waits for the next agent. */
  close(): void {
    this.#letGo();
    this.#folder.close();
  }

  /** @returns the size of its file, 0 where there is none */
  #write(batch: Batch): number {
    try {
      // Beyond, numbers are no longer exact.
      if (!Number.isSafeInteger(this.#next)) throw new Error('no number is left');
      return this.#folder.write(this.#next, batch);
    } catch {
      this.counters.writesFailed += 1;
      return 0;
    }
  }

  /** @returns whether there was one to shed. */
  #shedOldest(): boolean {
    const entry = this.#index.shift();
    if (entry === undefined) return false;
    if (this.#folder.remove(entry.number)) this.counters.countShed(entry.witnesses);
    else this.#countLost(entry, true);
    return true;
  }

  #countLost({ number, witnesses }: SpooledBatch, isMissing: boolean): void {
    const { counters } = this;
    if (isMissing) {
      counters.batchesMissing += 1;
      counters.witnessesMissing += witnesses;
      return;
    }
    this.#folder.remove(number);
    counters.filesTorn += 1;
    counters.witnessesTorn += witnesses;
  }

  /** By the names there are: numbers may be far apart. */
  #takeUp(): void {
    this.counters.filesTorn += this.#folder.removeDrafts();
    const newest = new NewestNumbers(this.#batchesMax, (number) => {
      const found = this.#folder.inspect(number);
      if (found === undefined || !this.#folder.remove(number)) return;
      this.#take(found.witnesses);
      this.counters.countShed(found.witnesses);
    });
    for (const name of this.#folder.names()) {
      const number = Number(batchName.exec(name)?.[1] ?? Number.NaN);
      if (Number.isSafeInteger(number)) newest.add(number);
    }
    for (const number of newest.sorted()) {
      const found = this.#folder.inspect(number);
      if (found === undefined) continue;
      this.#take(found.witnesses);
      this.#index.push({ number, ...found });
      this.#next = number + 1;
    }
  }

  #take(witnesses: number): void {
    this.counters.batchesFound += 1;
    this.counters.witnessesFound += witnesses;
  }
}

/** The largest of any number of numbers, in the memory of two times as many as are wanted. */
class NewestNumbers {
  readonly #numbers: Float64Array;
  readonly #max: number;
  readonly #drop: (number: number) => void;
  #length = 0;

  /** @param drop takes each that is none of them */
  constructor(max: number, drop: (number: number) => void) {
    this.#max = max;
    this.#numbers = new Float64Array(max * 2);
    this.#drop = drop;
  }

  add(number: number): void {
    if (this.#length === this.#numbers.length) this.#cut();
    this.#numbers[this.#length] = number;
    this.#length += 1;
  }

  /** Ascending. */
  sorted(): Float64Array {
    this.#cut();
    return this.#numbers.subarray(0, this.#length);
  }

  #cut(): void {
    const all = this.#numbers.subarray(0, this.#length).sort();
    const over = Math.max(0, all.length - this.#max);
    for (const number of all.subarray(0, over)) this.#drop(number);
    all.copyWithin(0, over);
    this.#length -= over;
  }
}
