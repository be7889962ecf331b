/**
 * IP fragments put together (RFC 791, 3.2; RFC 8200, 4.5), within a fixed number of datagrams, bytes and time. Overlap
 * policy: first wins, byte by byte, for both versions (RFC 5722 has IPv6 hosts drop such datagrams: an observer cannot know
 * that they did). A datagram is dropped when it outlives the timeout on the packets' clock, and the oldest one when
 * there is no room for a new one.
 */
import { LruMap } from '../bounded/lru-map.ts';
import { heapPageMemory } from '../bounded/page-memory.ts';
import { PagePool, pageBytes } from '../bounded/page-pool.ts';
import type { Packet } from './packet.ts';

export interface FragmentLimits {
  readonly fragmentDatagramsMax: number;
  readonly fragmentBytesMax: number;
  readonly fragmentTimeoutUs: number;
}

/** What the table counts; a part of `TcpCounters`. */
export interface FragmentCounters {
  fragments: number;
  datagramsReassembled: number;
  fragmentsOverlapping: number;
  fragmentsShed: number;
  datagramsTimedOut: number;
  datagramsEvicted: number;
}

const datagramBytesMax = 65_535;
/** A datagram of the largest size in fragments of 576 bytes, the smallest a network must carry, is 119 pieces. */
const piecesMax = 128;
/** Version and protocol, identification, source, destination, network. */
const keyWords = 11;
const none = -1;

export class FragmentTable {
  /** The last datagram completed: valid until the next call of `add`. */
  readonly datagram = new Uint8Array(datagramBytesMax);
  readonly #map: LruMap;
  readonly #pool: PagePool;
  readonly #timeoutUs: number;
  readonly #counters: FragmentCounters;
  readonly #sinceUs: Float64Array;
  readonly #head: Int32Array;
  readonly #pieces: Uint8Array;
  readonly #received: Int32Array;
  /** Length of the whole datagram; −1 until its last fragment was seen. */
  readonly #total: Int32Array;
  /** Protocol of the first fragment, the one that counts. */
  readonly #protocol: Int16Array;
  readonly #pieceOffset: Int32Array;
  readonly #pieceLength: Int32Array;
  readonly #pieceNext: Int32Array;

  constructor(limits: FragmentLimits, counters: FragmentCounters, seed: readonly [number, number]) {
    const datagrams = limits.fragmentDatagramsMax;
    const pages = Math.max(1, Math.floor(limits.fragmentBytesMax / pageBytes));
    this.#map = new LruMap(datagrams, keyWords, 1, seed);
    this.#pool = new PagePool(heapPageMemory(pages * pageBytes), pages, { keepPages: pages });
    this.#timeoutUs = limits.fragmentTimeoutUs;
    this.#counters = counters;
    this.#sinceUs = new Float64Array(datagrams);
    this.#head = new Int32Array(datagrams);
    this.#pieces = new Uint8Array(datagrams);
    this.#received = new Int32Array(datagrams);
    this.#total = new Int32Array(datagrams);
    this.#protocol = new Int16Array(datagrams);
    this.#pieceOffset = new Int32Array(pages);
    this.#pieceLength = new Int32Array(pages);
    this.#pieceNext = new Int32Array(pages);
  }

  /** Bytes for these limits, for the sum of bounds. */
  static bytesFor(limits: FragmentLimits): number {
    const pages = Math.max(1, Math.floor(limits.fragmentBytesMax / pageBytes));
    return (
      LruMap.bytesFor(limits.fragmentDatagramsMax, keyWords) +
      limits.fragmentDatagramsMax * (8 + 4 + 1 + 4 + 4 + 2) +
      pages * (pageBytes + 3 * 4) +
      datagramBytesMax
    );
  }

  /** Datagrams waiting for fragments. */
  get waiting(): number {
    return this.#map.size;
  }

  /** Pages that fragments wait in. */
  get pagesInUse(): number {
    return this.#pool.inUse;
  }

  /**
   * Takes the fragment that `packet` describes; `bytes` may be `datagram` itself, for one that lay inside the last.
   * @returns the datagram's length once it is complete: its payload is `datagram[0, length)` and `packet.protocol` what
   * it carries; else −1.
   */
  add(packet: Packet, bytes: Uint8Array, tsUs: number): number {
    const counters = this.#counters;
    counters.fragments += 1;
    const start = packet.fragmentOffset;
    const length = packet.payloadEnd - packet.payloadStart;
    const end = start + length;
    // All but the last are multiples of eight bytes; one cut by the snap length can never complete its datagram.
    const isMalformed = length === 0 || end > datagramBytesMax || (packet.fragmentMore && (length & 7) !== 0);
    if (isMalformed || length < packet.payloadWireBytes) {
      counters.fragmentsShed += 1;
      return none;
    }
    const slot = this.#datagramOf(packet, tsUs);
    if (start === 0) this.#protocol[slot] = packet.protocol;
    if (!packet.fragmentMore && this.#total[slot] === none) this.#total[slot] = end;
    this.#store(slot, start, end, bytes, packet.payloadStart);
    const total = this.#total[slot]!;
    if (total === none || this.#received[slot]! < total) return none;
    const complete = this.#received[slot] === total && this.#gather(slot, total);
    packet.protocol = this.#protocol[slot]!;
    this.#drop(slot);
    if (!complete) {
      // Bytes beyond what the last fragment says is the end.
      counters.fragmentsShed += 1;
      return none;
    }
    counters.datagramsReassembled += 1;
    return total;
  }

  /** Drops datagrams older than the timeout. */
  expire(nowUs: number): void {
    for (let slot = this.#map.lists.first(0); slot >= 0; slot = this.#map.lists.first(0)) {
      const ageUs = nowUs - this.#sinceUs[slot]!;
      if (ageUs >= 0 && ageUs < this.#timeoutUs) return;
      this.#counters.datagramsTimedOut += 1;
      this.#drop(slot);
    }
  }

  #datagramOf(packet: Packet, tsUs: number): number {
    const key = this.#map.key;
    // IPv6 leaves the protocol out: only the first fragment's counts (RFC 8200, 4.5).
    key[0] = packet.ipVersion === 4 ? (4 << 8) | packet.protocol : 6 << 8;
    key[1] = packet.fragmentId;
    for (let index = 0; index < 8; index += 1) key[2 + index] = packet.addresses[index]!;
    key[10] = packet.tag;
    if (packet.ipVersion === 4) for (const unused of unusedIpv4Words) key[2 + unused] = 0;
    const found = this.#map.find(keyWords);
    if (found >= 0) return found;
    if (this.#map.size === this.#map.capacity) {
      this.#counters.datagramsEvicted += 1;
      this.#drop(this.#map.lists.first(0));
    }
    const slot = this.#map.insert(keyWords, 0);
    this.#sinceUs[slot] = tsUs;
    this.#head[slot] = none;
    this.#pieces[slot] = 0;
    this.#received[slot] = 0;
    this.#total[slot] = none;
    this.#protocol[slot] = packet.protocol;
    return slot;
  }

  /** Stores what of `[start, end)` is not there yet, in order of offset. */
  #store(slot: number, start: number, end: number, bytes: Uint8Array, source: number): void {
    let previous = none;
    let piece = this.#head[slot]!;
    let at = start;
    let overlaps = false;
    while (at < end) {
      if (piece !== none && this.#pieceOffset[piece]! <= at) {
        const pieceEnd = this.#pieceOffset[piece]! + this.#pieceLength[piece]!;
        if (pieceEnd > at) {
          overlaps = true;
          at = pieceEnd;
        }
        previous = piece;
        piece = this.#pieceNext[piece]!;
        continue;
      }
      const until = Math.min(end, piece === none ? end : this.#pieceOffset[piece]!, at + pageBytes);
      const page = this.#pieces[slot]! < piecesMax ? this.#allocate(slot) : none;
      if (page === none) {
        this.#counters.fragmentsShed += 1;
        return;
      }
      this.#pool.bytes.set(bytes.subarray(source + at - start, source + until - start), this.#pool.at(page));
      this.#pieceOffset[page] = at;
      this.#pieceLength[page] = until - at;
      this.#pieceNext[page] = piece;
      if (previous === none) this.#head[slot] = page;
      else this.#pieceNext[previous] = page;
      this.#pieces[slot]! += 1;
      this.#received[slot]! += until - at;
      previous = page;
      at = until;
    }
    if (overlaps) this.#counters.fragmentsOverlapping += 1;
  }

  /** A page, for which the oldest other datagrams go if need be. */
  #allocate(slot: number): number {
    for (;;) {
      const page = this.#pool.allocate();
      if (page !== none) return page;
      const oldest = this.#map.lists.first(0);
      const victim = oldest === slot ? this.#map.lists.after(oldest) : oldest;
      if (victim < 0) return none;
      this.#counters.datagramsEvicted += 1;
      this.#drop(victim);
    }
  }

  /** Copies the pieces to `datagram`. @returns whether they are the whole of it. */
  #gather(slot: number, total: number): boolean {
    let at = 0;
    for (let page = this.#head[slot]!; page !== none; page = this.#pieceNext[page]!) {
      const length = this.#pieceLength[page]!;
      if (this.#pieceOffset[page] !== at || at + length > total) return false;
      const from = this.#pool.at(page);
      this.datagram.set(this.#pool.bytes.subarray(from, from + length), at);
      at += length;
    }
    return at === total;
  }

  #drop(slot: number): void {
    for (let page = this.#head[slot]!; page !== none; ) {
      const next = this.#pieceNext[page]!;
      this.#pool.free(page);
      page = next;
    }
    this.#map.remove(slot);
  }
}

/** Address words that IPv4 does not use. */
const unusedIpv4Words = [1, 2, 3, 5, 6, 7];
