/**
 * What the readers of both formats share: bytes are pushed in as they come, whole records are parsed where they lie,
 * and only a record cut by the end of a push is copied. Hot path: no object per record.
 */
import assert from 'node:assert';
import type { CaptureInterface, FrameSink, RecordTaker } from '../capture/frame-source.ts';
import { FloodgateError } from '../errors.ts';
import { frameBytesMax } from './block.ts';

export interface CaptureReader {
  /** Grows while a pcapng capture is read. */
  readonly interfaces: readonly CaptureInterface[];
  readonly framesRead: number;
  /** Frames of one interface read so far. */
  framesOf(interfaceIndex: number): number;
  /** Frames the recorder says it lost on one interface; null when it does not say. */
  droppedOf(interfaceIndex: number): number | null;
  /**
   * Takes `bytes[start, end)` and delivers every frame that is complete; the rest is kept for the next push.
   * @throws FloodgateError `capture-malformed`, after every frame before the fault was delivered. The reader is then
   * finished: further pushes throw the same again.
   */
  push(bytes: Uint8Array, start: number, end: number, sink: FrameSink): void;
  /**
   * Ends the input.
   * @throws FloodgateError `capture-truncated` when it ended inside a record, `capture-empty` when nothing came at all.
   */
  finish(): void;
}

/** A record may need this much contiguously at most: the largest frame and the largest header before it. */
const carryBytesMax = frameBytesMax + 64;
const carryBytesInitial = 4_096;

export abstract class RecordReader implements CaptureReader {
  abstract readonly interfaces: readonly CaptureInterface[];
  framesRead = 0;
  protected readonly framesByInterface: number[] = [];
  protected readonly droppedByInterface: (number | null)[] = [];
  /** The start of a record that was cut; grows to the largest such record, never past `carryBytesMax`. */
  #carry = new Uint8Array(carryBytesInitial);
  #carried = 0;
  #needed = 0;
  #skip = 0;
  #bytesPushed = 0;
  #failure: FloodgateError | null = null;

  /**
   * Parses the record at `bytes[start]`.
   * @returns its length, which may reach past `end` (the rest is skipped); or, negated, how many contiguous bytes it
   * needs to go on, always more than `end − start`.
   */
  protected abstract parse(bytes: Uint8Array, start: number, end: number, sink: FrameSink): number;

  /** Whether the input may end here, between two records. */
  protected abstract mayEnd(): boolean;

  framesOf(interfaceIndex: number): number {
    return this.framesByInterface[interfaceIndex] ?? 0;
  }

  droppedOf(interfaceIndex: number): number | null {
    return this.droppedByInterface[interfaceIndex] ?? null;
  }

  push(bytes: Uint8Array, start: number, end: number, sink: FrameSink): void {
    assert(start >= 0 && start <= end && end <= bytes.length);
    if (this.#failure !== null) throw this.#failure;
    this.#bytesPushed += end - start;
    let at = start;
    if (this.#skip > 0) at = this.#advance(at, end, this.#skip);
    if (this.#carried > 0)
      at = this.#lead(bytes, at, sink.records ?? null) ?? this.#completeCarried(bytes, at, end, sink);
    while (at < end) {
      const length = this.parse(bytes, at, end, sink);
      if (length <= 0) {
        this.#needed = -length;
        this.#keep(bytes, at, end);
        return;
      }
      at = this.#advance(at, end, length);
    }
  }

  finish(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#bytesPushed === 0) {
      throw this.fail('capture-empty', 'the capture is empty: not even a file header', 'record it again');
    }
    if (this.#carried > 0 || this.#skip > 0 || !this.mayEnd()) {
      const frames = `${this.framesRead} whole frame${this.framesRead === 1 ? '' : 's'}`;
      throw this.fail(
        'capture-truncated',
        `the capture ends in the middle of a record, after ${frames}`,
        'the recording was cut short (a full disk, a killed recorder): every whole frame was used; record it again for the rest',
      );
    }
  }

  /** The error that ends this reader; the caller throws it. */
  protected fail(code: string, message: string, hint: string): FloodgateError {
    this.#failure = new FloodgateError(code, message, { hint });
    return this.#failure;
  }

  /** A `capture-malformed` error naming the frame it comes after. */
  protected malformed(what: string): FloodgateError {
    return this.fail(
      'capture-malformed',
      `malformed capture after frame ${this.framesRead}: ${what}`,
      'the file is damaged or was written by a faulty tool; what came before was used (pcapfix may mend it)',
    );
  }

  protected countFrame(interfaceIndex: number): void {
    this.countFrames(interfaceIndex, 1);
  }

  protected countFrames(interfaceIndex: number, frames: number): void {
    this.framesRead += frames;
    this.framesByInterface[interfaceIndex] = (this.framesByInterface[interfaceIndex] ?? 0) + frames;
  }

  /** Moves `length` bytes on; what lies past `end` is skipped in the pushes to come. */
  #advance(at: number, end: number, length: number): number {
    const reached = Math.min(at + length, end);
    this.#skip = at + length - reached;
    return reached;
  }

  /** Puts what was carried before the chunk that brings the rest, if that is where records can be taken. @returns where it begins then */
  #lead(bytes: Uint8Array, start: number, records: RecordTaker | null): number | null {
    if (records === null || bytes !== records.bytes || start !== records.inputStart) return null;
    if (this.#carried > records.leadBytes) return null;
    const at = start - this.#carried;
    bytes.set(this.#carry.subarray(0, this.#carried), at);
    this.#carried = 0;
    return at;
  }

  #completeCarried(bytes: Uint8Array, start: number, end: number, sink: FrameSink): number {
    let at = start;
    while (at < end) {
      const part = Math.min(this.#needed - this.#carried, end - at);
      this.#keep(bytes, at, at + part);
      at += part;
      if (this.#carried < this.#needed) break;
      const length = this.parse(this.#carry, 0, this.#carried, sink);
      if (length <= 0) {
        this.#needed = -length;
        continue;
      }
      // What was needed was parsed, so the record reaches at least to the end of what was carried.
      const rest = length - this.#carried;
      assert(rest >= 0);
      this.#carried = 0;
      return this.#advance(at, end, rest);
    }
    return at;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#carried + end - start;
    assert(length <= this.#needed && this.#needed <= carryBytesMax);
    if (this.#carry.length < length) {
      let grown = this.#carry.length;
      while (grown < this.#needed) grown *= 2;
      const larger = new Uint8Array(grown);
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
    }
    this.#carry.set(bytes.subarray(start, end), this.#carried);
    this.#carried = length;
  }
}
