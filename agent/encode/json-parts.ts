/**
 * A JSON text that is read part by part (docs/decisions/resuming-kernel.md). After each part what the kernel has read is encoded and
 * appended to the value; of the text there stays what the part's end cut, of the kernel's state the open containers. Other texts
 * use the memory in between.
 */
import { isUtf8 } from 'node:buffer';
import { Has } from '../witness/character-classes.ts';
import {
  DIGESTS_AT,
  digestBytesMax,
  Found,
  FRAME_BYTES,
  FRAMES_AT,
  Frame,
  MEMORY_BYTES,
  RECORD_BYTES,
  RESUMED_AT,
  RESUMED_BYTES,
  Resumed,
  TAPE_AT,
  TEXT_AT,
} from './seal-layout.ts';
import { bytes, putPages, type SealKernel, view } from './seal-memory.ts';
import type { SealShelf } from './seal-shelf.ts';
import { SealedRope } from './sealed-rope.ts';

const nothing = Buffer.alloc(0);
const word = (at: number): number => view.getInt32(at, true);
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** As the readers of bodies cut (`agent/body/body-limits.ts`). */
export interface SealLimits {
  readonly depthMax: number;
  readonly stringBytesMax: number;
  readonly sealedBytesMax: number;
}

/** How far a text is read. */
const Stage = { READING: 0, BEHIND_ROOT: 1, ENDED: 2 } as const;

export class PartedText {
  readonly rope: SealedRope;
  /** The digest of the root without its Data, once it is over; and whether it is a list. */
  readonly digest = Buffer.alloc(8);
  isList = false;
  redacted = 0;
  readonly #kernel: SealKernel;
  readonly #limits: SealLimits;
  readonly #redacts: number;
  #stage: number = Stage.READING;
  /** What the last part's end cut. */
  #rest: Buffer = nothing;
  /** The kernel's state, frames and digests; none before the first part. */
  #state: Buffer = nothing;

  /** @param limits as far as the memory goes */
  constructor(kernel: SealKernel, redacts: number, limits: SealLimits, shelf: SealShelf) {
    this.#kernel = kernel;
    this.#redacts = redacts;
    this.#limits = limits;
    this.rope = new SealedRope(shelf);
  }

  /** Of the value, and what is kept beside it. */
  get bytes(): number {
    return this.rope.length + this.#rest.length + this.#state.length;
  }

  /** Of the text so far, what was not read. */
  get unreadBytes(): number {
    return this.#rest.length;
  }

  /** The root is over, and nothing but white space behind it. */
  get isWhole(): boolean {
    return this.#stage === Stage.BEHIND_ROOT;
  }

  /** @returns false where the text cannot be read on: what was read before stands */
  push(pages: readonly Uint8Array[], length: number): boolean {
    if (this.#stage === Stage.ENDED) return false;
    const end = this.#place(pages, length);
    if (end === 0) {
      this.end();
      return false;
    }
    if (this.#stage === Stage.BEHIND_ROOT) return this.#skipBlanks(TEXT_AT, end);
    this.#takeUp();
    const at = this.#readTo(end);
    if (at === 0) {
      if (this.#stage === Stage.READING) this.rope.release();
      this.#stage = Stage.ENDED;
      return false;
    }
    if (this.isWhole) return this.#skipBlanks(at, end);
    this.#kernel.keepResumed();
    if (word(RESUMED_AT + Resumed.TOP) - DIGESTS_AT > digestBytesMax(this.#limits.sealedBytesMax)) {
      this.#endAll();
      return false;
    }
    this.#rest = at === end ? nothing : Buffer.from(bytes.subarray(at, end));
    this.#putAway();
    return true;
  }

  #skipBlanks(start: number, end: number): boolean {
    let at = start;
    while (at < end && isBlank(bytes[at]!)) at += 1;
    this.#rest = nothing;
    if (at < end) this.#stage = Stage.ENDED;
    return at === end;
  }

  /** Ends all containers that are open. @returns whether there is a value */
  end(): boolean {
    if (this.#stage === Stage.READING) {
      if (this.#state.length > 0) {
        this.#takeUp();
        this.#endAll();
      }
      this.#stage = Stage.ENDED;
    }
    return this.rope.length > 0 && this.rope.depth === 0;
  }

  /** Rest and part to the memory: behind them, 0 where they have no room. */
  #place(pages: readonly Uint8Array[], length: number): number {
    const start = TEXT_AT + this.#rest.length;
    const end = start + length;
    if (end - TEXT_AT > this.#limits.sealedBytesMax) return 0;
    this.#rest.copy(bytes, TEXT_AT);
    putPages(pages, start, end);
    return end;
  }

  /** Reads as far as the text goes: where it is not read yet, 0 where it cannot be read on. */
  #readTo(end: number): number {
    let from = TEXT_AT;
    for (;;) {
      const found = this.#kernel.resume(end);
      this.#kernel.keepResumed();
      const at = word(RESUMED_AT + Resumed.FROM);
      const isAscii = (word(RESUMED_AT + Resumed.CLASSES) & Has.BEYOND_ASCII) === 0;
      if (!isAscii && !isUtf8(bytes.subarray(from, at))) return 0;
      const isUnread = word(RESUMED_AT + Resumed.TAPE) === TAPE_AT;
      // A tape that is full and empty: the members of open containers leave no room.
      if (found === Found.FULL && isUnread) {
        this.#endAll();
        return 0;
      }
      if (!this.#encodeTape()) return 0;
      if (found === Found.NOTHING) return at;
      from = at;
      if (found !== Found.END) continue;
      if (!this.#endInnermost()) return 0;
      from += 1;
      if (this.#stage === Stage.BEHIND_ROOT) return from;
    }
  }

  /** The entries of all open containers that are on the tape, and the heads of those that began there. */
  #encodeTape(): boolean {
    const depth = word(RESUMED_AT + Resumed.DEPTH);
    const tapeEnd = word(RESUMED_AT + Resumed.TAPE);
    let first = TAPE_AT;
    let isList = false;
    for (let i = 0; i < depth; i += 1) {
      const frame = FRAMES_AT + i * FRAME_BYTES;
      const isOpen = i < this.rope.depth;
      if (!isOpen && i > 0) {
        const begin = word(frame + Frame.BEGIN);
        if (!this.#encode(first, isList ? begin : begin - RECORD_BYTES, isList)) return false;
        first = begin + RECORD_BYTES;
      }
      const name = isOpen || isList || i === 0 ? null : nameBefore(word(frame + Frame.BEGIN));
      isList = word(frame + Frame.BASE) < 0;
      if (!isOpen) this.rope.open(isList, name);
    }
    if (!this.#encode(first, tapeEnd, isList)) return false;
    this.#kernel.settle();
    return true;
  }

  #encode(first: number, end: number, isList: boolean): boolean {
    if (first >= end) return true;
    const at = this.#kernel.encodeEntries(MEMORY_BYTES, first, end, isList ? 1 : 0, 0);
    if (at === 0) return false;
    this.rope.append(bytes, at, MEMORY_BYTES);
    return true;
  }

  #endInnermost(): boolean {
    if (this.#kernel.endSpilled() === 0) return false;
    if (this.rope.depth === 1) {
      this.isList = word(FRAMES_AT + Frame.BASE) < 0;
      bytes.copy(this.digest, 0, DIGESTS_AT, DIGESTS_AT + 8);
      this.redacted = word(RESUMED_AT + Resumed.REDACTED);
      this.#stage = Stage.BEHIND_ROOT;
    }
    this.rope.close();
    return true;
  }

  /** The text goes wrong here, or ends: its containers end with what they have. */
  #endAll(): void {
    this.#kernel.keepResumed();
    let isShown = word(RESUMED_AT + Resumed.DEPTH) > 0 && this.#encodeTape();
    while (isShown && this.rope.depth > 0) isShown = this.#endInnermost();
    if (!isShown) this.rope.release();
    this.#stage = Stage.ENDED;
  }

  #takeUp(): void {
    this.#kernel.beginParts(this.#redacts, this.#limits.depthMax, this.#limits.stringBytesMax);
    const state = this.#state;
    if (state.length === 0) return;
    state.copy(bytes, RESUMED_AT, 0, RESUMED_BYTES);
    const framesEnd = RESUMED_BYTES + word(RESUMED_AT + Resumed.DEPTH) * FRAME_BYTES;
    state.copy(bytes, FRAMES_AT, RESUMED_BYTES, framesEnd);
    state.copy(bytes, DIGESTS_AT, framesEnd, framesEnd + word(RESUMED_AT + Resumed.TOP) + 8 - DIGESTS_AT);
    this.#kernel.takeResumed();
  }

  /** After `keepResumed`. */
  #putAway(): void {
    const framesLength = word(RESUMED_AT + Resumed.DEPTH) * FRAME_BYTES;
    const digestsEnd = word(RESUMED_AT + Resumed.TOP) + 8;
    const size = RESUMED_BYTES + framesLength + digestsEnd - DIGESTS_AT;
    if (this.#state.length < size) this.#state = Buffer.allocUnsafeSlow(size + (size >> 2));
    bytes.copy(this.#state, 0, RESUMED_AT, RESUMED_AT + RESUMED_BYTES);
    bytes.copy(this.#state, RESUMED_BYTES, FRAMES_AT, FRAMES_AT + framesLength);
    bytes.copy(this.#state, RESUMED_BYTES + framesLength, DIGESTS_AT, digestsEnd);
  }
}

/** The name in the record before that of a container. */
function nameBefore(begin: number): Uint8Array {
  const record = begin - RECORD_BYTES;
  return Uint8Array.from(bytes.subarray(word(record + 4), word(record + 8)));
}
