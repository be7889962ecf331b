/**
 * Addresses by a key: IPv4 into 10.0.0.0/8, IPv6 into fd00::/8, MAC addresses into those that are given locally. Different ones stay
 * different, multicast stays multicast, and this host stays this host. Pure.
 */
import { KeyedHash } from './keyed-hash.ts';

/** Of more addresses some may become the same: each is some hundred bytes here. */
const addressesMax = 1_000_000;

const teredoPrefix = [0x20, 1, 0, 0];

export class AddressMap {
  readonly #hash: KeyedHash;
  readonly #ipv4 = new Map<number, number>();
  readonly #taken = new Set<number>();

  constructor(key: Uint8Array) {
    this.#hash = new KeyedHash(key);
  }

  get addresses(): number {
    return this.#ipv4.size;
  }

  /** Replaces the four bytes. */
  ipv4(bytes: Uint8Array, at: number): void {
    const first = bytes[at]!;
    // This host and network, multicast, broadcast.
    if (first === 127 || first === 0 || first >= 224) return;
    const word = ((first << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
    const other = this.#ipv4.get(word) ?? this.#newIpv4(word, bytes, at);
    bytes[at] = 10;
    bytes[at + 1] = other >>> 16;
    bytes[at + 2] = other >>> 8;
    bytes[at + 3] = other;
  }

  /** Replaces the sixteen bytes. */
  ipv6(bytes: Uint8Array, at: number): void {
    // Multicast (RFC 4291, section 2.7), and `::` and `::1`.
    if (bytes[at] === 0xff) return;
    let isSmall = true;
    for (let i = 0; i < 15; i += 1) if (bytes[at + i] !== 0) isSmall = false;
    if (isSmall && bytes[at + 15]! <= 1) return;
    if (isIpv4Mapped(bytes, at)) {
      this.ipv4(bytes, at + 12);
      return;
    }
    // By Teredo's prefix (RFC 4380) datagrams are known for tunnels.
    const isTeredo = teredoPrefix.every((byte, i) => bytes[at + i] === byte);
    this.#begin(6, bytes, at, 16);
    const words = [this.#hash.high, this.#hash.low];
    this.#begin(7, bytes, at, 16);
    words.push(this.#hash.high, this.#hash.low);
    for (let i = 0; i < 16; i += 1) bytes[at + i] = words[i >> 2]! >>> (24 - 8 * (i & 3));
    if (isTeredo) bytes.set(teredoPrefix, at);
    else bytes[at] = 0xfd;
  }

  /** Replaces the six bytes. */
  mac(bytes: Uint8Array, at: number): void {
    if ((bytes[at]! & 1) !== 0) return;
    let isZero = true;
    for (let i = 0; i < 6; i += 1) if (bytes[at + i] !== 0) isZero = false;
    if (isZero) return;
    this.#begin(2, bytes, at, 6);
    const { high, low } = this.#hash;
    bytes[at] = 2;
    bytes[at + 1] = high;
    for (let i = 0; i < 4; i += 1) bytes[at + 2 + i] = low >>> (8 * i);
  }

  #newIpv4(word: number, bytes: Uint8Array, at: number): number {
    this.#begin(4, bytes, at, 4);
    let other = (this.#hash.low >>> 8) & 0xff_ffff;
    if (this.#ipv4.size >= addressesMax) return other;
    // 10.0.0.0 and 10.255.255.255 are no hosts'.
    while (this.#taken.has(other) || other === 0 || other === 0xff_ffff) other = (other + 1) & 0xff_ffff;
    this.#taken.add(other);
    this.#ipv4.set(word, other);
    return other;
  }

  #begin(salt: number, bytes: Uint8Array, at: number, length: number): void {
    const hash = this.#hash;
    hash.begin();
    hash.unit(salt);
    for (let i = 0; i < length; i += 1) hash.unit(bytes[at + i]!);
    hash.end();
  }
}

function isIpv4Mapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i += 1) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}
