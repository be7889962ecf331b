/** Heads that come in pieces or outlive their segment, in buffers of one pool; what finds no room there is shed and counted. */
import type { HeadPool } from './head-pool.ts';
import type { HttpCounters } from './http-counters.ts';
import { MessageFlag } from './message-flag.ts';
import type { SideRecord } from './side.ts';

/** Takes offsets, where `set` would need a view made for each head. */
export const copyBytes = Buffer.prototype.copy;

/** Targets of so many characters are counted with the message itself (`SIDE_BYTES` in http-limits.ts). */
const FREE_URI_CHARACTERS = 128;

export class HeadBuffers {
  readonly #pool: HeadPool;
  readonly #counters: HttpCounters;
  readonly #keepsHeads: boolean;

  /** @param keepsHeads whether anyone asks for fields once `begin` is over */
  constructor(pool: HeadPool, counters: HttpCounters, keepsHeads: boolean) {
    this.#pool = pool;
    this.#counters = counters;
    this.#keepsHeads = keepsHeads;
  }

  /** A buffer for `length` bytes with the first `used` of `buffer`, which is given back; null where the pool has none. */
  grow(buffer: Uint8Array | null, used: number, length: number): Uint8Array | null {
    const larger = this.#pool.acquire(length);
    if (larger !== null && buffer !== null) {
      copyBytes.call(buffer, larger, 0, 0, used);
      this.#pool.release(buffer);
    }
    return larger;
  }

  giveBack(buffer: Uint8Array): void {
    this.#pool.release(buffer);
  }

  /** Adds bytes to those that a side has gathered. @returns false where there was no room */
  append(side: SideRecord, bytes: Uint8Array, from: number, end: number): boolean {
    const length = side.bufferLength + end - from;
    let buffer = side.buffer;
    if (buffer === null || buffer.length < length) {
      buffer = this.grow(buffer, side.bufferLength, length);
      if (buffer === null) return false;
      side.buffer = buffer;
    }
    copyBytes.call(bytes, buffer, side.bufferLength, from, end);
    side.bufferLength = length;
    return true;
  }

  /** What outlives its segment: a head, for those who ask for fields at the end, and the target. */
  keep(side: SideRecord): void {
    side.passing = false;
    if (side.buffer === null && side.message.head !== null) this.keepHead(side);
    if (side.message.uri.length > FREE_URI_CHARACTERS && side.uriBytes === 0) this.#keepUri(side);
  }

  /** The head of the message that flows, out of bytes that go. */
  keepHead(side: SideRecord): void {
    const message = side.message;
    if (!this.#keepsHeads) {
      message.head = null;
      return;
    }
    const length = message.headersBytes;
    const buffer = this.#pool.acquire(length);
    if (buffer === null) {
      message.head = null;
      message.flags |= MessageFlag.headShed;
      this.#counters.headsShed++;
      return;
    }
    // The head of an HTTP/0.9 response is nowhere: nothing is read at its start.
    if (length > 0) copyBytes.call(message.head!, buffer, 0, message.headStart, message.headStart + length);
    side.buffer = buffer;
    side.bufferLength = length;
    message.head = buffer;
    message.headStart = 0;
  }

  /** A long target outlives its segment only as long as the pool has room for it. */
  #keepUri(side: SideRecord): void {
    const { message } = side;
    if (this.#pool.hold(message.uri.length)) side.uriBytes = message.uri.length;
    else {
      message.uri = '';
      message.flags |= MessageFlag.uriCut;
      this.#counters.headsShed++;
    }
  }

  /** Lets go of what a side has gathered. */
  release(side: SideRecord): void {
    if (side.buffer !== null) this.#pool.release(side.buffer);
    side.buffer = null;
    side.bufferLength = 0;
  }

  /** A message is over: it holds nothing. */
  forget(side: SideRecord): void {
    if (side.uriBytes > 0) this.#pool.letGo(side.uriBytes);
    side.uriBytes = 0;
    this.release(side);
  }
}
