/**
 * A value in binary that grows at its end while containers of it are open: what stands before a container (its length, its name) is
 * written when it is over, into the place that was left for it.
 */
import { SEALED_PAGE_BYTES } from '../witness/sealed.ts';
import type { SealShelf } from './seal-shelf.ts';

/** Tags of `witness.proto`, as `agent/kernels/assembly/seal/tags.ts` has them. */
const Tag = { ENTRY: 0x0a, ENTRY_KEY: 0x0a, ENTRY_VALUE: 0x12, ELEMENT: 0x0a, STRUCT: 0x12, LIST: 0x1a } as const;
/** Tags and lengths before a container, without its name. */
const HEAD_BYTES_MAX = 32;

/** Without a view of its own for every piece. */
const copyBytes = Buffer.prototype.copy;

interface OpenContainer {
  readonly piece: number;
  /** Bytes before its content. */
  readonly start: number;
  readonly isList: boolean;
  /** Its name in an object, null in a list and for the root. */
  readonly name: Uint8Array | null;
}

export class SealedRope {
  readonly pieces: Uint8Array[] = [];
  readonly sizes: number[] = [];
  /** Without the heads of open containers. */
  length = 0;
  readonly #shelf: SealShelf;
  readonly #open: OpenContainer[] = [];

  constructor(shelf: SealShelf) {
    this.#shelf = shelf;
  }

  get depth(): number {
    return this.#open.length;
  }

  /** Begins a container; what is appended is its content until `close`. */
  open(isList: boolean, name: Uint8Array | null): void {
    this.#open.push({ piece: this.pieces.length, start: this.length, isList, name });
    this.#add(HEAD_BYTES_MAX + (name?.length ?? 0));
  }

  /** Ends the innermost container. */
  close(): void {
    const { piece, start, isList, name } = this.#open.pop()!;
    const target = this.pieces[piece]!;
    const length = this.length - start;
    const dataLength = 1 + varintLength(length) + length;
    let at = 0;
    if (name !== null) {
      const entryLength = 2 + varintLength(name.length) + name.length + varintLength(dataLength) + dataLength;
      at = putHead(target, at, Tag.ENTRY, entryLength);
      at = putHead(target, at, Tag.ENTRY_KEY, name.length);
      target.set(name, at);
      at = putHead(target, at + name.length, Tag.ENTRY_VALUE, dataLength);
    } else if (this.#open.length > 0) at = putHead(target, at, Tag.ELEMENT, dataLength);
    at = putHead(target, at, isList ? Tag.LIST : Tag.STRUCT, length);
    this.sizes[piece] = at;
    this.length += at;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    let last = this.pieces.length - 1;
    for (let at = start; at < end; ) {
      const isHead = last < 0 || this.#open.at(-1)?.piece === last;
      if (isHead || this.sizes[last] === this.pieces[last]!.length) {
        this.#add(SEALED_PAGE_BYTES);
        last += 1;
      }
      const used = this.sizes[last]!;
      const size = Math.min(end - at, this.pieces[last]!.length - used);
      copyBytes.call(bytes, this.pieces[last]!, used, at, at + size);
      this.sizes[last] = used + size;
      at += size;
    }
    this.length += end - start;
  }

  /** Gives all memory back. */
  release(): void {
    for (const piece of this.pieces) this.#shelf.give(piece);
    this.pieces.length = 0;
    this.sizes.length = 0;
    this.length = 0;
    this.#open.length = 0;
  }

  /** An empty piece with room for so many bytes. */
  #add(length: number): void {
    this.pieces.push(this.#shelf.take(length));
    this.sizes.push(0);
  }
}

function varintLength(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest >>>= 7) size += 1;
  return size;
}

/** A tag and a length: behind them. */
function putHead(target: Uint8Array, at: number, tag: number, length: number): number {
  target[at] = tag;
  let to = at + 1;
  let rest = length;
  for (; rest >= 128; rest >>>= 7, to += 1) target[to] = (rest & 127) | 128;
  target[to] = rest;
  return to + 1;
}
