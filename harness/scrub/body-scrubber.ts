/**
 * One body while it flows, in place of its bytes, wherever they lie between the lines of chunks. What is not coded is replaced piece by
 * piece; what is coded is held whole, undone, replaced and done again to its old length.
 */
import { blockBytes, type ContentKind, type ContentScrubber, kindOf, lookBytes } from './content-scrubber.ts';
import { HeldBytes } from './held-bytes.ts';
import { type Coding, decode, encodeLeast, encodeTo } from './recoding.ts';
import { countOne, type ScrubCounts } from './scrub-counts.ts';
import { cutPlace } from './text-scrubber.ts';
import { coarsenessMax, type WordMap } from './word-map.ts';

/** Takes bytes of a side in place of those at `offset`. Valid only during the call. */
export type Place = (offset: number, bytes: Uint8Array, start: number, end: number) => void;

/** What all bodies at a time share. */
export interface BodyRoom {
  readonly words: WordMap;
  readonly content: ContentScrubber;
  readonly counts: ScrubCounts;
  /** Held by all. */
  heldBytes: number;
}

/** Of one body that is replaced as a whole. */
const wholeBytesMax = 16 << 20;
/** Of all: beyond it coded bodies are blanked, and others replaced as they come. */
const heldBytesMax = 256 << 20;
const pieceBytes = 256 << 10;

export interface BodyOrder {
  readonly contentType: string;
  /** First applied first. */
  readonly codings: readonly Coding[];
}

export class BodyScrubber {
  readonly #room: BodyRoom;
  readonly #place: Place;
  readonly #order: BodyOrder;
  readonly #held = new HeldBytes();
  /** Where the bytes that are held belong: offset and length, one after the other. */
  #places: number[] = [];
  #kind: ContentKind | undefined;
  #isInString = false;
  /** Coded, and not to be undone any more. */
  #blank = '';

  constructor(room: BodyRoom, order: BodyOrder, place: Place) {
    this.#room = room;
    this.#order = order;
    this.#place = place;
    room.counts.bodies += 1;
  }

  push(offset: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#blank !== '') {
      this.#room.counts.bytesBlanked += end - start;
      return;
    }
    this.#hold(bytes, start, end);
    const last = this.#places.length - 2;
    if (last >= 0 && this.#places[last]! + this.#places[last + 1]! === offset) this.#places[last + 1]! += end - start;
    else this.#places.push(offset, end - start);
    if (this.#held.length >= this.#bytesMax()) this.#relieve();
  }

  /** So many bytes are missing here. */
  gap(): void {
    this.#finish(false);
    // Behind it nothing can be decoded; what is not coded goes on.
    if (this.#order.codings.length > 0) this.#giveUp('coded, and bytes of it are missing');
  }

  end(isWhole: boolean): void {
    this.#finish(isWhole);
  }

  #isWholeOnly(): boolean {
    return this.#order.codings.length > 0 || this.#kind === 'parts';
  }

  #bytesMax(): number {
    // With its first bytes alone it is not known what it is.
    if (this.#kind === undefined && this.#held.length >= lookBytes) this.#look();
    if (!this.#isWholeOnly()) return pieceBytes;
    return this.#room.heldBytes > heldBytesMax ? 0 : wholeBytesMax;
  }

  #look(): void {
    this.#kind ??= kindOf(this.#order.contentType, this.#held.bytes, 0, this.#held.length);
  }

  #relieve(): void {
    this.#look();
    if (this.#order.codings.length > 0) {
      this.#giveUp('coded, and too large to be held');
      return;
    }
    // Parts that are too large are replaced as bytes of no kind.
    const isText = this.#kind !== 'bytes' && this.#kind !== 'parts';
    const to = isText
      ? cutPlace(this.#held.bytes, 0, this.#held.length)
      : this.#held.length - (this.#held.length % blockBytes);
    this.#replace(to);
    this.#emit(to);
  }

  #giveUp(reason: string): void {
    countOne(this.#room.counts.bodiesBlanked, reason);
    this.#blank = reason;
    this.#room.counts.bytesBlanked += this.#held.length;
    this.#drop();
  }

  #finish(isWhole: boolean): void {
    if (this.#blank !== '' || this.#held.length === 0) {
      this.#drop();
      return;
    }
    this.#look();
    const { codings, contentType } = this.#order;
    if (codings.length > 0) {
      let reason = this.#recode(isWhole);
      // What is there in whole may be half of what was coded.
      if (reason !== '' && isWhole) reason = this.#recode(false);
      if (reason !== '') {
        this.#giveUp(reason);
        return;
      }
    } else if (this.#kind === 'parts') this.#room.content.whole(this.#held.bytes, 0, this.#held.length, contentType);
    else this.#replace(this.#held.length);
    this.#emit(this.#held.length);
    this.#drop();
  }

  #replace(to: number): void {
    const { content } = this.#room;
    content.isInString = this.#isInString;
    content.piece(this.#held.bytes, 0, to, this.#kind!);
    this.#isInString = content.isInString;
  }

  /** @returns why it cannot be done; empty where it was */
  #recode(isWhole: boolean): string {
    const { codings, contentType } = this.#order;
    const { words, content, counts } = this.#room;
    const coded = this.#held.bytes.subarray(0, this.#held.length);
    const layers: { readonly coding: Coding; readonly isBare: boolean }[] = [];
    let plain: Uint8Array = coded;
    for (const coding of codings.toReversed()) {
      const decoded = decode(coding, plain, isWhole);
      // Some servers name a coding and use none.
      if (!decoded) return layers.length === 0 && !isWhole && this.#uncoded(coded) ? '' : 'coded, and cannot be undone';
      layers.push({ coding, isBare: decoded.isBare });
      plain = decoded.bytes;
    }
    for (let coarseness = 0; coarseness <= coarsenessMax; coarseness += 1) {
      words.coarseness = coarseness;
      const scrubbed = Uint8Array.from(plain);
      content.whole(scrubbed, 0, scrubbed.length, contentType);
      words.coarseness = 0;
      const again = encodeLayers(scrubbed, layers, isWhole, coded.length);
      if (!again) continue;
      coded.set(again);
      counts.bodiesRecoded += 1;
      if (coarseness > 0) counts.bodiesCoarse += 1;
      return '';
    }
    return 'coded, and too long when it is coded again';
  }

  #uncoded(bytes: Buffer): boolean {
    const kind = kindOf(this.#order.contentType, bytes, 0, bytes.length);
    if (kind === 'bytes') return false;
    this.#room.content.whole(bytes, 0, bytes.length, this.#order.contentType);
    return true;
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    const before = this.#held.bytes.length;
    this.#held.add(bytes, start, end);
    this.#room.heldBytes += this.#held.bytes.length - before;
  }

  /** The first so many bytes go where they belong. */
  #emit(to: number): void {
    const places = this.#places;
    let at = 0;
    let used = 0;
    for (; used < places.length && at < to; used += 2) {
      const length = Math.min(places[used + 1]!, to - at);
      this.#place(places[used]!, this.#held.bytes, at, at + length);
      at += length;
      if (length < places[used + 1]!) {
        places[used]! += length;
        places[used + 1]! -= length;
        break;
      }
    }
    this.#places = places.slice(used);
    this.#held.drop(to);
  }

  #drop(): void {
    this.#room.heldBytes -= this.#held.bytes.length;
    this.#held.clear();
    this.#places = [];
  }
}

/** The innermost first; the outermost, which was undone first, to the wanted length. */
function encodeLayers(
  plain: Uint8Array,
  layers: readonly { readonly coding: Coding; readonly isBare: boolean }[],
  isWhole: boolean,
  length: number,
): Uint8Array | undefined {
  let bytes = plain;
  for (const layer of layers.slice(1).toReversed()) bytes = encodeLeast(bytes, { ...layer, isWhole });
  return encodeTo(bytes, { ...layers[0]!, isWhole, length });
}
