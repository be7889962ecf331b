/**
 * An applied schedule as a file, `.impair.jsonl`: what was done to which frame. Replayed over the same traffic it gives the
 * same frames, byte for byte, whatever made the choices at first. It is written and read as it goes.
 *
 * The first line is an object (version, seed, impairments); then one array a choice, `[stage, place, choice]`, stages and
 * places from 0, in the order in which they were made; the last line counts frames and choices, and has checksums.
 */
import { closeSync, constants, openSync, statSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { FloodgateError } from '../../../agent/errors.ts';
import { readWaiting } from '../recording.ts';
import type { Impairment } from './impairment.ts';
import { lineBytesMax, stagesMax } from './limits.ts';
import type { MovingFrame } from './moving-frame.ts';
import { boundsOf, type Value } from './parameters.ts';
import { findImpairment } from './table.ts';

const format = 'floodgate impairments';
const version = 1;
const chunkBytes = 65_536;
const newline = 10;

interface Header {
  readonly format: string;
  readonly version: number;
  readonly seed: number;
  readonly impairments: readonly Impairment[];
}

/** What the last line says, to be compared. */
interface Totals {
  /** Given to the first stage, and passed on by the last. */
  readonly framesIn: number;
  readonly framesOut: number;
  readonly choices: number;
  /** CRC-32 of their bytes and times. */
  readonly crcIn: number;
  readonly crcOut: number;
}

/** Sums up frames at both ends of a stack. */
class Sums {
  framesIn = 0;
  framesOut = 0;
  choices = 0;
  crcIn = 0;
  crcOut = 0;
  readonly #time = new Float64Array(1);
  readonly #timeBytes = new Uint8Array(this.#time.buffer);

  in(frame: MovingFrame): void {
    this.framesIn += 1;
    this.crcIn = this.#add(this.crcIn, frame);
  }

  out(frame: MovingFrame): void {
    this.framesOut += 1;
    this.crcOut = this.#add(this.crcOut, frame);
  }

  #add(crc: number, { bytes, start, end, tsUs }: MovingFrame): number {
    this.#time[0] = tsUs;
    return crc32(bytes.subarray(start, end), crc32(this.#timeBytes, crc));
  }

  get totals(): Totals {
    const { framesIn, framesOut, choices, crcIn, crcOut } = this;
    return { framesIn, framesOut, choices, crcIn, crcOut };
  }
}

/** Writes what a stack does. The file is whole once `finish` has returned. */
export class ScheduleWriter {
  readonly sums = new Sums();
  readonly #path: string;
  readonly #buffer = Buffer.alloc(chunkBytes);
  #length = 0;
  #fd: number;

  /** @throws FloodgateError `schedule-unwritable` */
  constructor(path: string, seed: number, impairments: readonly Impairment[]) {
    this.#path = path;
    // A pipe by name without a reader would be waited for; one that the shell made has one.
    if (!/^\/(dev|proc)\//.test(path) && statSync(path, { throwIfNoEntry: false })?.isFIFO()) {
      throw new FloodgateError('schedule-unwritable', `cannot write ${path}: it is a pipe`, {
        hint: 'a schedule is a file: name one that is not there yet',
      });
    }
    this.#fd = this.#trying(() => openSync(path, 'w'));
    this.#line(JSON.stringify({ format, version, seed, impairments } satisfies Header));
  }

  choice(stage: number, place: number, choice: number): void {
    this.sums.choices += 1;
    this.#line(`[${stage},${place},${choice}]`);
  }

  finish(): void {
    this.#line(JSON.stringify(this.sums.totals));
    this.#flush();
    this.close();
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #line(text: string): void {
    if (this.#length + text.length + 1 > chunkBytes) this.#flush();
    if (text.length >= chunkBytes) this.#trying(() => writeSync(this.#fd, `${text}\n`));
    else this.#length += this.#buffer.write(`${text}\n`, this.#length, 'latin1');
  }

  #flush(): void {
    const length = this.#length;
    this.#length = 0;
    for (let at = 0; at < length; ) at += this.#trying(() => writeSync(this.#fd, this.#buffer, at, length - at));
  }

  #trying<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new FloodgateError('schedule-unwritable', `cannot write ${this.#path}: ${code ?? message}`, {
        hint: 'check the folder, its permissions and the space on the disk',
        cause,
      });
    }
  }
}

/** Reads a schedule choice by choice. */
export class ScheduleReader {
  readonly sums = new Sums();
  readonly seed: number;
  readonly impairments: readonly Impairment[];
  readonly #path: string;
  readonly #chunk = Buffer.alloc(chunkBytes + lineBytesMax);
  #fd: number;
  #at = 0;
  #end = 0;
  /** The next choice; its stage is −1 once there is none. */
  #stage = -1;
  #place = 0;
  #choice = 0;
  #totals: Totals | undefined;

  /** @throws FloodgateError `schedule-unreadable` */
  constructor(path: string) {
    this.#path = path;
    try {
      // A pipe without a writer would be waited for.
      this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new FloodgateError('schedule-unreadable', `cannot read ${path}: ${code ?? message}`, {
        hint: 'give the .impair.jsonl of a run or of floodgate edit --impair-out',
        cause,
      });
    }
    try {
      const header = this.#object() as Partial<Header> | undefined;
      if (header?.format !== format || header.version !== version) throw this.#faulty('is no schedule of impairments');
      if (!isStack(header.impairments)) throw this.#faulty('names impairments that this version does not know');
      this.impairments = header.impairments;
      this.seed = Number(header.seed) >>> 0;
      this.#advance();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** What becomes of a frame. @throws FloodgateError `schedule-mismatch` when it was made for other traffic */
  choiceFor(stage: number, place: number): number {
    if (this.#stage !== stage) return 0;
    if (this.#place > place) return 0;
    if (this.#place < place) throw this.#mismatch();
    const choice = this.#choice;
    const { kind } = this.impairments[stage]!;
    if (choice < 0 && !findImpairment(kind)!.movesBack) throw this.#faulty(`holds a choice that ${kind} does not make`);
    this.sums.choices += 1;
    this.#advance();
    return choice;
  }

  /** After the last frame. @throws FloodgateError `schedule-mismatch` */
  finish(): void {
    this.close();
    const totals = this.#totals;
    const own = this.sums.totals;
    if (!totals) throw this.#mismatch();
    for (const name of Object.keys(own) as (keyof Totals)[]) if (totals[name] !== own[name]) throw this.#mismatch();
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #advance(): void {
    const read = this.#object();
    if (!Array.isArray(read)) {
      if (typeof read !== 'object' || read === null) throw this.#faulty('ends before its last line');
      this.#totals = read as Totals;
      this.#stage = -1;
      return;
    }
    const [stage, place, choice] = read as unknown[];
    const isWhole = Number.isInteger(stage) && Number.isSafeInteger(place) && typeof choice === 'number';
    if (!isWhole || (stage as number) < 0 || Math.abs(choice as number) > Number.MAX_SAFE_INTEGER) {
      throw this.#faulty('holds a line that is no choice');
    }
    this.#stage = stage as number;
    this.#place = place as number;
    this.#choice = choice as number;
  }

  #object(): unknown {
    const line = this.#line();
    if (line === undefined) return undefined;
    try {
      return JSON.parse(line);
    } catch {
      throw this.#faulty('holds a line that is no JSON');
    }
  }

  #line(): string | undefined {
    for (;;) {
      const found = this.#chunk.indexOf(newline, this.#at);
      if (found >= 0 && found < this.#end) {
        const line = this.#chunk.toString('utf8', this.#at, found);
        this.#at = found + 1;
        return line;
      }
      const rest = this.#end - this.#at;
      if (rest > lineBytesMax) throw this.#faulty(`holds a line of more than ${lineBytesMax} bytes`);
      this.#chunk.copyWithin(0, this.#at, this.#end);
      this.#at = 0;
      this.#end = rest;
      const read = this.#fd < 0 ? 0 : this.#read(rest);
      if (read === 0) return undefined;
      this.#end += read;
    }
  }

  /** Waits for the writer of a pipe as long as there is one. */
  #read(at: number): number {
    try {
      return readWaiting(this.#fd, this.#chunk.subarray(at, at + chunkBytes));
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw this.#faulty(`cannot be read: ${code ?? message}`);
    }
  }

  #faulty(what: string): FloodgateError {
    return new FloodgateError('schedule-unreadable', `${this.#path} ${what}`, {
      hint: 'give the .impair.jsonl of a run or of floodgate edit --impair-out, whole',
    });
  }

  #mismatch(): FloodgateError {
    return new FloodgateError('schedule-mismatch', `${this.#path} was made for other traffic than this`, {
      hint: 'replay it over the same capture or scenario, with the same edits, seed, size and loops',
    });
  }
}

/** Whether every stage is of a row, and has a value of the right kind for each of its parameters. */
function isStack(stack: unknown): stack is readonly Impairment[] {
  if (!Array.isArray(stack) || stack.length > stagesMax) return false;
  return stack.every((stage: Partial<Impairment> | null) => {
    const row = findImpairment(String(stage?.kind));
    const values = stage?.values as Record<string, Value> | undefined;
    if (!row || typeof values !== 'object' || values === null) return false;
    return row.parameters.every((parameter) => {
      const { name, unit, words } = parameter;
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (unit === 'word') return words!.includes(value as string);
      if (unit === 'list') return Array.isArray(value) && value.every((range) => Array.isArray(range));
      const [least, most] = boundsOf(parameter);
      return typeof value === 'number' && value >= least && value <= most;
    });
  });
}
