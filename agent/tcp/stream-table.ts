/**
 * The streams' table: fixed capacity, addresses and ports to slots, each slot in one of three lists in order of last use.
 * When it is full the least worth keeping goes: a closed stream's key, then a stream without payload, then the one idle
 * for longest. So a flood of SYNs pushes out its own kind.
 */
import { type Arrays, ownArrays } from '../bounded/arrays.ts';
import { LruMap } from '../bounded/lru-map.ts';
import { formatIpv4, formatIpv6 } from '../wire/address.ts';
import type { Packet } from '../wire/packet.ts';
import { NetworkPolicy } from './limits.ts';

/** The lists, in the order in which they are evicted from. */
export const StreamList = { closed: 0, embryonic: 1, established: 2 } as const;

/** Who a stream is between, as text. Made when asked for. */
export interface StreamDescription {
  /** Unique in this run, counting from 1: unlike the slot, never used again. */
  id: number;
  /** Side 0. IPv6 as in RFC 5952. */
  clientAddress: string;
  clientPort: number;
  /** Side 1. */
  serverAddress: string;
  serverPort: number;
  /** Innermost VLAN tag of the first packet; −1 without. */
  vlan: number;
  /** Interface of the first packet. */
  interfaceIndex: number;
  /** The SYN was not seen. */
  midStream: boolean;
  openedUs: number;
}

export function emptyStreamDescription(): StreamDescription {
  return {
    id: 0,
    clientAddress: '',
    clientPort: 0,
    serverAddress: '',
    serverPort: 0,
    vlan: -1,
    interfaceIndex: 0,
    midStream: false,
    openedUs: 0,
  };
}

/** Far below any timeout, and longer than what one train of packets takes. */
export const touchUs = 10_000;

/** A tag for packets without one, where they are kept apart from those of a network: `tagNetwork` never makes it. */
const untagged = 1;

/** Key words: version, network (`Packet.tag`), ports, then the lower and the higher endpoint's address. */
export const keyWordsIpv4 = 5;
export const keyWordsIpv6 = 11;

export class StreamTable {
  readonly capacity: number;
  /** When a slot's last packet came. */
  readonly lastUs: Float64Array;
  /** 1: the client is the endpoint that stands first in the key. */
  readonly clientFirst: Uint8Array;
  readonly midStream: Uint8Array;
  /** The last packet looked up came from the endpoint that stands first in the key. */
  fromFirst = false;
  /** Hash of the key under which the packet looked for last would be, were it apart; only where `hasApart`. */
  apartHash = 0;

  readonly #map: LruMap;
  readonly #networks: NetworkPolicy;
  readonly #ids: Float64Array;
  /** The number given last. */
  readonly #lastId: Float64Array;
  readonly #openedUs: Float64Array;
  readonly #vlans: Int16Array;
  readonly #interfaces: Uint16Array;
  #keyWords = 0;
  #lastSlot = -1;
  /** 1: a conversation was kept apart from another network's. The only element. */
  readonly #hasApart: Uint8Array;

  constructor(capacity: number, networks: NetworkPolicy, seed: readonly [number, number], arrays: Arrays = ownArrays) {
    this.capacity = capacity;
    this.#map = new LruMap(capacity, keyWordsIpv6, 3, seed, arrays);
    this.#networks = networks;
    this.#hasApart = arrays.uint8(1);
    this.lastUs = arrays.float64(capacity);
    this.clientFirst = arrays.uint8(capacity);
    this.midStream = arrays.uint8(capacity);
    this.#ids = arrays.float64(capacity);
    this.#lastId = arrays.float64(1);
    this.#openedUs = arrays.float64(capacity);
    this.#vlans = arrays.int16(capacity);
    this.#interfaces = arrays.uint16(capacity);
  }

  /** Bytes for so many streams, for the sum of bounds. */
  static bytesFor(capacity: number): number {
    return LruMap.bytesFor(capacity, keyWordsIpv6) + capacity * (3 * 8 + 2 + 4);
  }

  /** For a kernel that takes packets of streams in the table. */
  get map(): LruMap {
    return this.#map;
  }

  /** For a kernel that opens streams. */
  get arrays(): {
    ids: Float64Array;
    lastId: Float64Array;
    openedUs: Float64Array;
    vlans: Int16Array;
    interfaces: Uint16Array;
    hasApart: Uint8Array;
  } {
    const [ids, lastId, openedUs] = [this.#ids, this.#lastId, this.#openedUs];
    return { ids, lastId, openedUs, vlans: this.#vlans, interfaces: this.#interfaces, hasApart: this.#hasApart };
  }

  /** Slots in use, closed streams' keys included. */
  get size(): number {
    return this.#map.size;
  }

  /** Slots in a list (`StreamList`). */
  count(list: number): number {
    return this.#map.lists.length(list);
  }

  /** The half-stream of a slot that the packet looked up last is of. */
  halfOf(slot: number): number {
    return slot * 2 + (this.fromFirst === (this.clientFirst[slot] === 1) ? 0 : 1);
  }

  /** @returns the slot of the packet's stream, −1 when it has none; then `open` may follow at once. Sets `fromFirst`. */
  find(packet: Packet): number {
    if (this.#hasApart[0] === 1) {
      const apart = this.#look(packet, packet.tag === 0 ? untagged : packet.tag);
      if (apart >= 0) return apart;
      this.apartHash = this.lastHash;
    }
    return this.#look(packet, this.#networks === NetworkPolicy.apart ? packet.tag : 0);
  }

  /**
   * The slot of a packet's own network, for one whose addresses are those of another network's stream, which was found
   * before. @returns −1 when it has none; then `open` may follow at once.
   */
  findApart(packet: Packet): number {
    this.#hasApart[0] = 1;
    return this.#look(packet, packet.tag === 0 ? untagged : packet.tag);
  }

  /** Whether a conversation was ever kept apart from another network's. */
  get hasApart(): boolean {
    return this.#hasApart[0] === 1;
  }

  /** Hash of the key that was looked for last, in vain. */
  get lastHash(): number {
    return this.#map.lastHash;
  }

  #look(packet: Packet, network: number): number {
    const words = this.#setKey(packet, network);
    this.#keyWords = words;
    const map = this.#map;
    // Packets come in trains: the last slot is most often the right one, unless a kernel has freed it.
    const last = this.#lastSlot;
    if (last >= 0 && map.lists.listOf(last) >= 0 && map.holds(last, words)) return last;
    const slot = map.find(words);
    if (slot >= 0) this.#lastSlot = slot;
    return slot;
  }

  #setKey(packet: Packet, network: number): number {
    const key = this.#map.key;
    const addresses = packet.addresses;
    const source = packet.sourcePort;
    const destination = packet.destinationPort;
    const isIpv4 = packet.ipVersion === 4;
    let order = addresses[0]! - addresses[4]!;
    if (order === 0 && !isIpv4) {
      order = addresses[1]! - addresses[5]! || addresses[2]! - addresses[6]! || addresses[3]! - addresses[7]!;
    }
    if (order === 0) order = source - destination;
    const fromFirst = order <= 0;
    this.fromFirst = fromFirst;
    key[0] = packet.ipVersion;
    key[1] = network;
    key[2] = fromFirst ? (source << 16) | destination : (destination << 16) | source;
    const from = fromFirst ? 0 : 4;
    if (isIpv4) {
      key[3] = addresses[from]!;
      key[4] = addresses[4 - from]!;
      return keyWordsIpv4;
    }
    for (let index = 0; index < 4; index += 1) {
      key[3 + index] = addresses[from + index]!;
      key[7 + index] = addresses[4 - from + index]!;
    }
    return keyWordsIpv6;
  }

  /** The slot that goes first when the table is full, −1 while it is not. */
  victim(): number {
    const map = this.#map;
    if (map.size < map.capacity) return -1;
    for (let list = 0; list < 3; list += 1) {
      const slot = map.lists.first(list);
      if (slot >= 0) return slot;
    }
    return -1;
  }

  /** Gives the packet looked up last a slot; the table must have room. */
  open(packet: Packet, fromClient: boolean, midStream: boolean, tsUs: number, interfaceIndex: number): number {
    const slot = this.#map.insert(this.#keyWords, StreamList.embryonic);
    this.restart(slot, packet, fromClient, midStream, tsUs, interfaceIndex);
    return slot;
  }

  /** Makes a slot in use another stream of the same key. */
  restart(
    slot: number,
    packet: Packet,
    fromClient: boolean,
    midStream: boolean,
    tsUs: number,
    interfaceIndex: number,
  ): void {
    this.#lastId[0]! += 1;
    this.#lastSlot = slot;
    this.#ids[slot] = this.#lastId[0]!;
    this.#openedUs[slot] = tsUs;
    this.#vlans[slot] = packet.vlan;
    this.#interfaces[slot] = interfaceIndex;
    this.clientFirst[slot] = this.fromFirst === fromClient ? 1 : 0;
    this.midStream[slot] = midStream ? 1 : 0;
    this.lastUs[slot] = tsUs;
    this.#map.lists.append(StreamList.embryonic, slot);
  }

  /** The list a slot is in (`StreamList`). */
  listOf(slot: number): number {
    return this.#map.lists.listOf(slot);
  }

  /** A packet of a slot in use came. Packets come in trains: order of last use is kept to within `touchUs`. */
  touch(slot: number, tsUs: number): void {
    const ageUs = tsUs - this.lastUs[slot]!;
    if (ageUs < touchUs && ageUs >= 0) return;
    this.lastUs[slot] = tsUs;
    this.#map.lists.append(this.#map.lists.listOf(slot), slot);
  }

  /** Puts a slot at the recent end of a list. */
  moveTo(list: number, slot: number): void {
    this.#map.lists.append(list, slot);
  }

  /** The slot of a list that was used least recently; −1 when it is empty. */
  oldest(list: number): number {
    return this.#map.lists.first(list);
  }

  /** Forgets a slot and its key. */
  remove(slot: number): void {
    this.#map.remove(slot);
    if (this.#lastSlot === slot) this.#lastSlot = -1;
  }

  /** Hash of a slot's key. */
  hashOf(slot: number): number {
    return this.#map.arrays.hashes[slot]!;
  }

  /** Unique number of the stream in a slot. */
  id(slot: number): number {
    return this.#ids[slot]!;
  }

  /** Innermost VLAN of the stream's first packet; −1 without. */
  vlanOf(slot: number): number {
    return this.#vlans[slot]!;
  }

  /** Interface of the stream's first packet. */
  interfaceOf(slot: number): number {
    return this.#interfaces[slot]!;
  }

  /** Fills `out` for a slot in use. */
  describe(slot: number, out: StreamDescription): StreamDescription {
    const clientFirst = this.clientFirst[slot] === 1;
    const ports = this.#map.keyWord(slot, 2);
    const first = this.#address(slot, false);
    const second = this.#address(slot, true);
    out.id = this.#ids[slot]!;
    out.clientAddress = clientFirst ? first : second;
    out.clientPort = clientFirst ? ports >>> 16 : ports & 0xffff;
    out.serverAddress = clientFirst ? second : first;
    out.serverPort = clientFirst ? ports & 0xffff : ports >>> 16;
    out.vlan = this.#vlans[slot]!;
    out.interfaceIndex = this.#interfaces[slot]!;
    out.midStream = this.midStream[slot] === 1;
    out.openedUs = this.#openedUs[slot]!;
    return out;
  }

  #address(slot: number, second: boolean): string {
    const map = this.#map;
    if (map.keyLength(slot) === keyWordsIpv4) return formatIpv4(map.keyWord(slot, second ? 4 : 3));
    const at = second ? 7 : 3;
    return formatIpv6(
      map.keyWord(slot, at),
      map.keyWord(slot, at + 1),
      map.keyWord(slot, at + 2),
      map.keyWord(slot, at + 3),
    );
  }
}
