/**
 * Payload and FINs of conversations that are not the stream's yet: copied into a fixed number of pages, in the order they came, each
 * with the fields of its segment, so that it can be taken later as if it came then.
 */
import { heapPageMemory } from '../bounded/page-memory.ts';
import { PagePool, pageBytes } from '../bounded/page-pool.ts';
import { Packet, TcpFlag } from '../wire/packet.ts';
import type { Side } from './stream-handler.ts';

const none = -1;

/** Takes a segment that was held: a packet that is valid during the call. */
export type HeldTaker = (side: Side, packet: Packet, bytes: Uint8Array, tsUs: number) => void;

export class HeldSegments {
  /** By entry of `successors.ts`: its pages. */
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #pages: Uint8Array;
  readonly #pagesEachMax: number;
  readonly #pool: PagePool;
  readonly #packet = new Packet();
  /** By page. */
  readonly #side: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #next: Int32Array;
  readonly #sequence: Int32Array;
  readonly #ack: Int32Array;
  readonly #window: Uint16Array;
  readonly #urgent: Uint16Array;
  readonly #length: Int32Array;
  readonly #wire: Int32Array;
  readonly #us: Float64Array;

  /** @param pages of all entries together @param pagesEachMax of each */
  constructor(count: number, pages: number, pagesEachMax: number) {
    this.#pagesEachMax = pagesEachMax;
    this.#head = new Int32Array(count);
    this.#tail = new Int32Array(count);
    this.#pages = new Uint8Array(count);
    this.#pool = new PagePool(heapPageMemory(pages * pageBytes), pages, { keepPages: pages });
    this.#side = new Uint8Array(pages);
    this.#flags = new Uint8Array(pages);
    this.#next = new Int32Array(pages);
    this.#sequence = new Int32Array(pages);
    this.#ack = new Int32Array(pages);
    this.#window = new Uint16Array(pages);
    this.#urgent = new Uint16Array(pages);
    this.#length = new Int32Array(pages);
    this.#wire = new Int32Array(pages);
    this.#us = new Float64Array(pages);
  }

  /** Bytes of arrays and pages, for the sum of bounds. */
  static bytesFor(count: number, pages: number): number {
    const pageTableBytes = 2 + 4 * 4 + 2 * 2 + 4 + 8;
    return count * (4 + 4 + 1) + pages * (pageBytes + pageTableBytes);
  }

  /** Nothing is held of an entry that was `release`d. */
  reset(entry: number): void {
    this.#head[entry] = none;
    this.#tail[entry] = none;
    this.#pages[entry] = 0;
  }

  /** Whether payload or a FIN of an entry is held. */
  has(entry: number): boolean {
    return this.#head[entry] !== none;
  }

  /**
   * Keeps a segment's payload and FIN.
   * @returns false when there was no room for all of it
   */
  hold(entry: number, side: number, packet: Packet, sequence: number, bytes: Uint8Array, tsUs: number): boolean {
    const { payloadStart, payloadEnd } = packet;
    const length = payloadEnd - payloadStart;
    for (let at = 0; at === 0 || at < length; at += pageBytes) {
      const page = this.#pages[entry]! < this.#pagesEachMax ? this.#pool.allocate() : none;
      if (page === none) return false;
      const part = Math.min(pageBytes, length - at);
      const isLast = at + part === length;
      this.#pool.bytes.set(bytes.subarray(payloadStart + at, payloadStart + at + part), this.#pool.at(page));
      this.#side[page] = side;
      this.#flags[page] = packet.flags & (TcpFlag.ack | TcpFlag.urg | (isLast ? TcpFlag.fin : 0));
      this.#sequence[page] = (sequence + at) | 0;
      this.#ack[page] = packet.acknowledgement;
      this.#window[page] = packet.window;
      // Of a segment's later pages the byte it names is nearer.
      this.#urgent[page] = Math.max(0, packet.urgent - at);
      this.#length[page] = part;
      this.#wire[page] = isLast ? packet.payloadWireBytes - at : part;
      this.#us[page] = tsUs;
      this.#next[page] = none;
      if (this.#tail[entry] === none) this.#head[entry] = page;
      else this.#next[this.#tail[entry]!] = page;
      this.#tail[entry] = page;
      this.#pages[entry]! += 1;
    }
    return true;
  }

  /** Whether a segment of one page is a copy of one that is held, byte for byte: sent again, or seen twice. */
  holds(entry: number, side: number, packet: Packet, sequence: number, bytes: Uint8Array): boolean {
    const { payloadStart, payloadEnd, payloadWireBytes } = packet;
    const length = payloadEnd - payloadStart;
    if (length > pageBytes || (packet.flags & TcpFlag.urg) !== 0) return false;
    const fin = packet.flags & TcpFlag.fin;
    for (let page = this.#head[entry]!; page !== none; page = this.#next[page]!) {
      if (this.#sequence[page] !== sequence || this.#side[page] !== side || this.#length[page] !== length) continue;
      if (this.#wire[page] !== payloadWireBytes || (this.#flags[page]! & TcpFlag.fin) !== fin) continue;
      const at = this.#pool.at(page);
      let same = 0;
      while (same < length && this.#pool.bytes[at + same] === bytes[payloadStart + same]) same += 1;
      if (same === length) return true;
    }
    return false;
  }

  /** The sides of an entry change their numbers. */
  turn(entry: number): void {
    for (let page = this.#head[entry]!; page !== none; page = this.#next[page]!) this.#side[page]! ^= 1;
  }

  /**
   * Holds an entry's segments no more.
   * @param take gets them in the order they came. Null: they are dropped.
   * @returns bytes that were held
   */
  release(entry: number, take: HeldTaker | null): number {
    const packet = this.#packet;
    let held = 0;
    for (let page = this.#head[entry]!; page !== none; ) {
      const next = this.#next[page]!;
      held += this.#wire[page]!;
      if (take !== null) {
        packet.flags = this.#flags[page]!;
        packet.sequence = this.#sequence[page]!;
        packet.acknowledgement = this.#ack[page]!;
        packet.window = this.#window[page]!;
        packet.urgent = this.#urgent[page]!;
        packet.payloadStart = this.#pool.at(page);
        packet.payloadEnd = packet.payloadStart + this.#length[page]!;
        packet.payloadWireBytes = this.#wire[page]!;
        take(this.#side[page] as Side, packet, this.#pool.bytes, this.#us[page]!);
      }
      this.#pool.free(page);
      page = next;
    }
    return held;
  }
}
