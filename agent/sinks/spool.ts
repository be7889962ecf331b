/**
 * Batches that wait to be sent. On disk a batch is a file under a running number, written under another name first and
 * then renamed: a file under its number is whole, whenever the process ends. What is told apart from that by its length
 * or checksum (a power failure, a full disk, somebody's editor) is removed and counted as torn.
 *
 * When there is no room the oldest batch goes (`oldest-first`): what happened last is what an operator looks for. The
 * batch that is being sent stays, for nobody knows whether it has arrived.
 *
 * Memory: numbers and sums only, whatever the size of the spool.
 */
import {
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../errors.ts';
import { type Batch, batchHead, batchHeadBytes, readBatch, readBatchHead } from './batch.ts';

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
  hold(): Batch | undefined;
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
  /** Files, or beginnings of files, that were no whole batch. */
  filesTorn = 0;
  writesFailed = 0;
}

/** Where no folder is given: batches in memory, lost with the process. */
export class MemorySpool implements Spool {
  readonly counters = new SpoolCounters();
  readonly isKept = false;
  bytes = 0;
  witnesses = 0;
  readonly #bytesMax: number;
  readonly #batches: Batch[] = [];
  #isHeld = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get batches(): number {
    return this.#batches.length;
  }

  put(batch: Batch): void {
    while (this.bytes + batch.body.length > this.#bytesMax && this.#shed());
    if (this.bytes + batch.body.length > this.#bytesMax) this.#countShed(batch);
    else {
      this.#batches.push(batch);
      this.bytes += batch.body.length;
      this.witnesses += batch.witnesses;
    }
  }

  hold(): Batch | undefined {
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

  #shed(): boolean {
    const batch = this.#take(this.#isHeld ? 1 : 0);
    if (batch !== undefined) this.#countShed(batch);
    return batch !== undefined;
  }

  #countShed(batch: Batch): void {
    this.counters.batchesShed += 1;
    this.counters.witnessesShed += batch.witnesses;
  }

  #take(index: number): Batch | undefined {
    const [batch] = this.#batches.splice(index, 1);
    this.bytes -= batch?.body.length ?? 0;
    this.witnesses -= batch?.witnesses ?? 0;
    return batch;
  }
}

/** No batch is larger: one witness beyond a batch's usual size makes one of its own (`ENCODED_BYTES_MAX`). */
const fileBytesMax = 40 << 20;
const digits = 16;
const batchName = /^(\d{16})\.batch$/;
const draftName = /^\d{16}\.draft$/;
const lockName = 'agent.lock';
/** What other folders hold besides, without being somebody's. */
const ignoredName = /^\.|^lost\+found$/;

export class DiskSpool implements Spool {
  readonly counters = new SpoolCounters();
  readonly isKept = true;
  bytes = 0;
  batches = 0;
  witnesses = 0;
  readonly #folder: string;
  readonly #bytesMax: number;
  /** Numbers in use are in [first, next); some of them may be missing. */
  #first = 0;
  #next = 0;
  #held = -1;
  /** What comes before it has been shed already, as far as it may be. */
  #shedFrom = 0;

  /**
   * Takes up what an agent before this one left.
   * @param folder made if it is not there, for its owner alone
   * @throws FloodgateError `spool-open` or `spool-in-use`.
   */
  constructor(folder: string, bytesMax: number) {
    this.#folder = path.resolve(folder);
    this.#bytesMax = bytesMax;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#refuseForeign();
      this.#lock();
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

  put(batch: Batch): void {
    const fileBytes = batchHeadBytes + batch.body.length;
    while (this.bytes + fileBytes > this.#bytesMax && this.#shed());
    if (this.bytes + fileBytes > this.#bytesMax || !this.#write(batch)) {
      this.counters.batchesShed += 1;
      this.counters.witnessesShed += batch.witnesses;
      return;
    }
    this.bytes += fileBytes;
    this.batches += 1;
    this.witnesses += batch.witnesses;
    this.#next += 1;
  }

  hold(): Batch | undefined {
    for (; this.#first < this.#next; this.#first += 1) {
      const file = this.#read(this.#first);
      if (file === undefined) continue;
      const batch = readBatch(file);
      if (batch !== undefined) {
        this.#held = this.#first;
        return batch;
      }
      this.#drop(this.#first);
      this.counters.filesTorn += 1;
    }
    // Nothing is left, whatever the sums say: somebody may have removed files.
    this.bytes = 0;
    this.batches = 0;
    this.witnesses = 0;
    return undefined;
  }

  remove(): void {
    this.#drop(this.#held);
    if (this.#held === this.#first) this.#first += 1;
    this.#held = -1;
  }

  release(): void {
    this.#held = -1;
    this.#shedFrom = this.#first;
  }

  /** Before the process becomes this user: folder and files are its own from then on. */
  giveTo(uid: number, gid: number): void {
    chownSync(this.#folder, uid, gid);
    for (const name of readdirSync(this.#folder)) {
      if (!ignoredName.test(name)) chownSync(path.join(this.#folder, name), uid, gid);
    }
  }

  /** What is left waits for the next agent. */
  close(): void {
    tryTo(() => unlinkSync(path.join(this.#folder, lockName)));
  }

  #file(number: number, suffix = 'batch'): string {
    return path.join(this.#folder, `${String(number).padStart(digits, '0')}.${suffix}`);
  }

  #write(batch: Batch): boolean {
    const draft = this.#file(this.#next, 'draft');
    try {
      const fd = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      try {
        writeAll(fd, batchHead(batch));
        writeAll(fd, batch.body);
      } finally {
        closeSync(fd);
      }
      renameSync(draft, this.#file(this.#next));
      return true;
    } catch {
      this.counters.writesFailed += 1;
      tryTo(() => unlinkSync(draft));
      return false;
    }
  }

  #read(number: number): Buffer | undefined {
    return tryTo(() => {
      const file = this.#file(number);
      return statSync(file).size > fileBytesMax ? Buffer.alloc(0) : readFileSync(file);
    });
  }

  /** @returns whether there was one to shed. */
  #shed(): boolean {
    const from = Math.max(this.#first, this.#shedFrom);
    for (let number = from; number < this.#next; number += 1) {
      if (number === this.#held) continue;
      const witnesses = this.#drop(number);
      if (number === this.#first) this.#first += 1;
      this.#shedFrom = number + 1;
      if (witnesses === undefined) continue;
      this.counters.batchesShed += 1;
      this.counters.witnessesShed += witnesses;
      return true;
    }
    return false;
  }

  /** @returns the witnesses it said to hold; undefined where there was no such file. */
  #drop(number: number): number | undefined {
    const found = tryTo(() => this.#inspect(number));
    if (found === undefined) return undefined;
    tryTo(() => unlinkSync(this.#file(number)));
    this.bytes -= found.bytes;
    this.batches -= 1;
    this.witnesses -= found.witnesses;
    return found.witnesses;
  }

  /** A file's size, and what its head says. */
  #inspect(number: number): { bytes: number; witnesses: number } {
    const fd = openSync(this.#file(number), 'r');
    try {
      const head = Buffer.alloc(batchHeadBytes);
      const length = readSync(fd, head);
      return { bytes: fstatSync(fd).size, witnesses: readBatchHead(head.subarray(0, length))?.witnesses ?? 0 };
    } finally {
      closeSync(fd);
    }
  }

  #takeUp(): void {
    const numbers: number[] = [];
    for (const name of readdirSync(this.#folder)) {
      const number = batchName.exec(name)?.[1];
      if (number !== undefined) numbers.push(Number(number));
      else if (draftName.test(name)) {
        // An agent ended while it wrote: its batch never was under its number, hence never sent.
        unlinkSync(path.join(this.#folder, name));
        this.counters.filesTorn += 1;
      }
    }
    numbers.sort((a, b) => a - b);
    this.#first = numbers[0] ?? 0;
    this.#next = (numbers.at(-1) ?? -1) + 1;
    for (const number of numbers) {
      const { bytes, witnesses } = this.#inspect(number);
      this.bytes += bytes;
      this.batches += 1;
      this.witnesses += witnesses;
    }
  }

  /** Files come and go here, and change their owner: only among themselves. */
  #refuseForeign(): void {
    const isOurs = (name: string) => batchName.test(name) || draftName.test(name) || name === lockName;
    if (readdirSync(this.#folder).every((name) => isOurs(name) || ignoredName.test(name))) return;
    throw new FloodgateError('spool-foreign', `${this.#folder} holds files that are no spool’s`, {
      hint: 'name a folder with --spool that the agent has for itself; it is made if it is not there',
    });
  }

  /** One agent a folder. A lock whose owner is gone counts for nothing. */
  #lock(): void {
    const file = path.join(this.#folder, lockName);
    const mine = `${process.pid} ${startOf(process.pid)}`;
    for (let tries = 0; ; tries += 1) {
      try {
        const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
        writeSync(fd, mine);
        closeSync(fd);
        return;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 0) throw cause;
      }
      const owner = readFileSync(file, 'utf8');
      const pid = Number(owner.split(' ')[0]);
      if (pid > 0 && isAlive(pid) && owner === `${pid} ${startOf(pid)}`) {
        throw new FloodgateError('spool-in-use', `the spool ${this.#folder} is another agent’s (process ${pid})`, {
          hint: 'give each agent a --spool of its own',
        });
      }
      unlinkSync(file);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process is one all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in ticks since boot: with it a number that is used again is told apart. '' where nothing says so. */
function startOf(pid: number): string {
  const stat = tryTo(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name in parentheses may hold anything, parentheses as well: field 22 is counted from the last one.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
