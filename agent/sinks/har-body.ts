/** Bodies for the HAR file: the beginning of each, its codings undone as far as they can be, and what is to be said of it. */
import type { CodingList } from '../body/codings.ts';
import { ContentDecoder, type DecodedSink } from '../body/content-decoder.ts';
import type { DecoderPool } from '../coding/decoder-pool.ts';
import type { DecodeState } from '../coding/decoding-stage.ts';
import type { HarBody } from '../encode/har-entry.ts';

export interface HarBodyLimits {
  /** Bytes kept of one body: what a person looks at. */
  readonly bodyBytesMax: number;
  /** Decoded bytes counted of one body. */
  readonly decodedBytesMax: number;
  /** What all bodies being collected and all entries waiting may hold. */
  readonly heldBytesMax: number;
}

/** The file whose budget pays for what is kept. */
export interface HarBudget {
  heldBytes: number;
  readonly counters: { bodiesCut: number; bodiesShed: number; bodiesNotDecoded: number };
}

/** Pieces grow to this length at least: a body that comes byte by byte must not cost an object for each. */
const pieceBytes = 4096;

/** The beginning of some bytes, paid for out of the sink's budget. */
class Beginning {
  /** All of them, kept or not. */
  length = 0;
  kept = 0;
  /** Why not all are kept. */
  note = '';
  readonly #limits: HarBodyLimits;
  readonly #budget: HarBudget;
  #pieces: Uint8Array[] = [];
  /** Bytes used of the last piece. */
  #used = 0;
  #held = 0;

  constructor(limits: HarBodyLimits, budget: HarBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.length += end - start;
    let at = start;
    while (at < end) {
      const wanted = Math.min(end - at, this.#limits.bodyBytesMax - this.kept);
      if (wanted === 0) this.#cut('body cut');
      if (this.note !== '') return;
      at = this.#append(bytes, at, at + wanted);
    }
  }

  /** A copy of what is kept. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#pieces, this.kept);
  }

  release(): void {
    this.#budget.heldBytes -= this.#held;
    this.#held = 0;
    this.#pieces = [];
  }

  #append(bytes: Uint8Array, start: number, end: number): number {
    let piece = this.#pieces.at(-1);
    if (piece === undefined || this.#used === piece.length) {
      const size = Math.max(end - start, Math.min(pieceBytes, this.kept));
      if (this.#budget.heldBytes + size > this.#limits.heldBytesMax) {
        this.#cut('body cut: too much is in flight');
        return start;
      }
      piece = new Uint8Array(size);
      this.#pieces.push(piece);
      this.#used = 0;
      this.#held += size;
      this.#budget.heldBytes += size;
    }
    const taken = Math.min(end - start, piece.length - this.#used);
    piece.set(bytes.subarray(start, start + taken), this.#used);
    this.#used += taken;
    this.kept += taken;
    return start + taken;
  }

  #cut(note: string): void {
    if (this.note === '') this.#budget.counters.bodiesCut += 1;
    this.note ||= note;
  }
}

/** One body in flight. Ends by `finish`, then `release`. */
export class BodyCollector implements DecodedSink {
  readonly #budget: HarBudget;
  readonly #limits: HarBodyLimits;
  readonly #codings: CodingList;
  readonly #decoder: ContentDecoder | null;
  /** The body as it came, as long as nothing was decoded. */
  #raw: Beginning | null;
  readonly #decoded: Beginning;
  #state: DecodeState = 'complete';
  #hasGap = false;
  readonly #isShed: boolean;

  constructor(
    budget: HarBudget,
    limits: HarBodyLimits,
    decoders: DecoderPool,
    codings: CodingList,
    shedBodies: boolean,
  ) {
    this.#budget = budget;
    this.#limits = limits;
    this.#codings = codings;
    this.#isShed = shedBodies;
    this.#decoded = new Beginning(limits, budget);
    const isCoded = codings.codings.length > 0 && !shedBodies;
    this.#decoder = isCoded ? new ContentDecoder(decoders, codings.codings, limits.decodedBytesMax, this) : null;
    this.#raw = isCoded ? new Beginning(limits, budget) : null;
    if (shedBodies) budget.counters.bodiesShed += 1;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isShed) this.#decoded.length += end - start;
    else if (this.#decoder === null) this.#decoded.push(bytes, start, end);
    else {
      if (!this.#hasGap) this.#decoder.push(bytes, start, end);
      // Unless something came of it.
      this.#raw?.push(bytes, start, end);
    }
  }

  /** What comes after a gap in coded bytes cannot be decoded. */
  gap(): void {
    if (!this.#hasGap && this.#decoder !== null) this.#state = this.#decoder.abandon();
    this.#hasGap = true;
  }

  decoded(bytes: Uint8Array, start: number, end: number): void {
    this.#raw?.release();
    this.#raw = null;
    this.#decoded.push(bytes, start, end);
  }

  finish(): HarBody {
    if (this.#decoder !== null && !this.#hasGap) this.#state = this.#decoder.finish();
    const isCoded = this.#decoder !== null && this.#state !== 'complete';
    // A coded body of nothing is a body of nothing.
    const asItCame = isCoded ? this.#raw : null;
    const { bytes, length, note } = this.#result(asItCame ?? this.#decoded);
    const notes = [...this.#notes(asItCame !== null, length), note].filter((each) => each !== '');
    if (isCoded || (this.#codings.refused !== '' && length > 0)) this.#budget.counters.bodiesNotDecoded += 1;
    const isAsItCame = asItCame !== null || (this.#codings.refused !== '' && length > 0);
    return { bytes, decodedBytes: length, note: notes.join('; '), isAsItCame };
  }

  release(): void {
    this.#raw?.release();
    this.#decoded.release();
  }

  #result(beginning: Beginning): { bytes: Uint8Array; length: number; note: string } {
    return { bytes: beginning.bytes(), length: beginning.length, note: beginning.note };
  }

  /** What is to be said, in words. Nothing of the message itself is in it but the name of a coding that is not known. */
  #notes(isAsItCame: boolean, length: number): string[] {
    const notes: string[] = [];
    if (this.#isShed) notes.push('body not kept: the agent was short of memory');
    if (this.#hasGap) notes.push('bytes of the body are missing');
    const { codings, refused } = this.#codings;
    if (refused !== '' && length > 0 && !this.#isShed) notes.push(`body as it came: ${refused}`);
    if (this.#decoder === null || this.#state === 'complete') return notes;
    const names = codings.join(', ');
    const kept = isAsItCame ? 'body as it came' : 'body as far as it was decoded';
    notes.push(`${kept}: ${this.#trouble(names)}`);
    return notes;
  }

  #trouble(names: string): string {
    switch (this.#state) {
      case 'trailing':
        return `${this.#decoder!.leftBytes} bytes follow the end of its ${names} data`;
      case 'truncated':
        return `its ${names} data are not whole`;
      case 'limit':
        return `longer than ${this.#limits.decodedBytesMax} bytes once decoded (--max-decoded-length)`;
      case 'busy':
        return `the memory for decoders was in use (${names})`;
      default:
        if (this.#decoder!.isWindowTooLarge) return `its ${names} data need a window of more than 8 MB`;
        return this.#decoded.length === 0 ? `it is no ${names} data` : `its ${names} data are damaged`;
    }
  }
}
