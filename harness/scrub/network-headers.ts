/**
 * Every IP header of a frame, within whatever tunnels: found by what it says of itself, not by who announced it. Addresses are replaced,
 * those of the links between them too; headers of tunnels stay.
 */
import { foldChecksum, sumWords } from '../../agent/wire/checksum.ts';
import { IpProtocol } from '../../agent/wire/ip.ts';
import { EtherType } from '../../agent/wire/link.ts';
import { isVlanType, putWord, word } from '../traffic/frame-words.ts';
import { fixIpv4Checksum } from '../traffic/segment-pieces.ts';
import type { AddressMap } from './address-map.ts';

const { tcp, udp, fragment, hopByHop, destinationOptions, ipv4, ipv6, routing, gre } = IpProtocol;
const encryption = 50;
const ipv4HeaderBytes = 20;
const ipv6HeaderBytes = 40;
const macsBytes = 12;
/** Extension headers that may lie between an IPv6 header and its segment: a fragment's, and options of eight bytes, which hold no address. */
const plainOptions: readonly number[] = [hopByHop, destinationOptions];
/** What an IPv6 header found by itself may announce. */
const ipv6Protocols: readonly number[] = [
  hopByHop,
  ipv4,
  tcp,
  udp,
  ipv6,
  routing,
  fragment,
  gre,
  encryption,
  destinationOptions,
];

export class NetworkHeaders {
  readonly #addresses: AddressMap;
  /** Of the IP headers found, the outermost first. */
  readonly #found: number[] = [];

  constructor(addresses: AddressMap) {
    this.#addresses = addresses;
  }

  /** The IP header whose payload begins at `payload`; −1 where none is found. Those around it are found as well. */
  before(out: Uint8Array, length: number, wireLength: number, payload: number): number {
    this.#found.length = 0;
    let inner = -1;
    for (let at = macsBytes + 2; at + ipv4HeaderBytes <= payload; at += 1) {
      const version = out[at]! >> 4;
      if (version === 4 ? !isIpv4(out, at, length) : version !== 6 || !isIpv6(out, at, length, length < wireLength))
        continue;
      const end = version === 4 ? at + (out[at]! & 15) * 4 : ipv6End(out, at, payload);
      if (end > payload) continue;
      this.#found.push(at);
      if (end === payload) inner = at;
      at += (version === 4 ? (out[at]! & 15) * 4 : ipv6HeaderBytes) - 1;
    }
    return inner >= 0 ? inner : this.#unsure(out, payload);
  }

  /** Replaces all addresses up to the inner header, with its own. */
  scrub(out: Uint8Array, inner: number): void {
    this.#macs(out, 0);
    let before = macsBytes + 2;
    for (const at of this.#found) {
      if (at > inner) break;
      if (at - before >= macsBytes + 2) this.#innerMacs(out, before, at);
      if (before > macsBytes + 2) scrubTunnelOptions(out, before, at);
      before = this.#header(out, at, at === inner);
    }
  }

  /** One whose sum or length is wrong, as a host leaves it for its card: by its place alone. */
  #unsure(out: Uint8Array, payload: number): number {
    for (let words = 5; words <= 15; words += 1) {
      const at = payload - words * 4;
      if (at < macsBytes + 2 || out[at] !== (0x40 | words) || out[at + 9] !== tcp) continue;
      this.#found.push(at);
      return at;
    }
    const at = payload - ipv6HeaderBytes;
    if (at < macsBytes + 2 || out[at]! >> 4 !== 6 || out[at + 6] !== tcp) return -1;
    this.#found.push(at);
    return at;
  }

  /** @returns behind the header */
  #header(out: Uint8Array, at: number, isInner: boolean): number {
    if (out[at]! >> 4 === 6) {
      this.#addresses.ipv6(out, at + 8);
      this.#addresses.ipv6(out, at + 24);
      if (!isInner && out[at + 6] === udp) putWord(out, at + ipv6HeaderBytes + 6, 0);
      return at + ipv6HeaderBytes;
    }
    const end = at + (out[at]! & 15) * 4;
    this.#addresses.ipv4(out, at + 12);
    this.#addresses.ipv4(out, at + 16);
    // Options can hold addresses (RFC 791): none is needed.
    out.fill(1, at + ipv4HeaderBytes, end);
    fixIpv4Checksum(out, at);
    // A datagram may go without a sum (RFC 768).
    if (!isInner && out[at + 9] === udp) putWord(out, end + 6, 0);
    return end;
  }

  /** Of an Ethernet header within a tunnel, tags behind it or not. */
  #innerMacs(out: Uint8Array, from: number, ip: number): void {
    let type = ip - 2;
    if (word(out, type) !== (out[ip]! >> 4 === 4 ? EtherType.ipv4 : EtherType.ipv6)) return;
    if (isSnap(out, type - snapBytes)) {
      this.#wlanMacs(out, from, type - snapBytes);
      return;
    }
    while (type - 4 - macsBytes >= from && isVlanType(word(out, type - 4))) type -= 4;
    if (type - macsBytes >= from) this.#macs(out, type - macsBytes);
  }

  /** Of an 802.11 data frame: three addresses behind its control and duration, two bytes more where it has a priority (IEEE 802.11, 9.3.2). */
  #wlanMacs(out: Uint8Array, from: number, llc: number): void {
    for (const bytes of [26, 24]) {
      const at = llc - bytes;
      const hasPriority = (out[at]! & 0x80) !== 0;
      if (at < from || (out[at]! & 0x0c) !== 8 || hasPriority !== (bytes === 26)) continue;
      for (const mac of [4, 10, 16]) this.#addresses.mac(out, at + mac);
      return;
    }
  }

  #macs(out: Uint8Array, at: number): void {
    this.#addresses.mac(out, at);
    this.#addresses.mac(out, at + 6);
  }
}

const snapBytes = 6;

const genevePort = 6081;
const geneveHeaderBytes = 8;

/** Options of Geneve behind a UDP header (RFC 8926, section 3.5): what they are stays, what they say does not. */
function scrubTunnelOptions(out: Uint8Array, transport: number, end: number): void {
  const start = transport + 8;
  if (start + geneveHeaderBytes > end || word(out, transport + 2) !== genevePort) return;
  const last = Math.min(end, start + geneveHeaderBytes + (out[start]! & 0x3f) * 4);
  for (let at = start + geneveHeaderBytes; at + 4 <= last; ) {
    const next = Math.min(last, at + 4 + (out[at + 3]! & 0x1f) * 4);
    out.fill(0, at + 4, next);
    at = next;
  }
}

/** The header of SNAP (RFC 1042) before a type of Ethernet. */
function isSnap(out: Uint8Array, at: number): boolean {
  return out[at] === 0xaa && out[at + 1] === 0xaa && out[at + 2] === 3;
}

/** With a right sum of its own. */
function isIpv4(out: Uint8Array, at: number, length: number): boolean {
  const headerBytes = (out[at]! & 15) * 4;
  if (headerBytes < ipv4HeaderBytes || at + headerBytes > length || word(out, at + 2) < headerBytes) return false;
  return foldChecksum(sumWords(0, out, at, at + headerBytes)) === 0;
}

/** Whose length is that of what follows, padding or a cut by the snap length allowed for, and whose hop limit and protocol can be. */
function isIpv6(out: Uint8Array, at: number, length: number, isCut: boolean): boolean {
  if (at + ipv6HeaderBytes > length || out[at + 7] === 0) return false;
  const announced = word(out, at + 4);
  const there = length - at - ipv6HeaderBytes;
  const isKnown = ipv6Protocols.includes(out[at + 6]!);
  return isKnown && announced > 0 && there - announced < 64 && (announced <= there || isCut);
}

/** Behind the extension headers that are stepped over; beyond `payload` where there are others. */
function ipv6End(out: Uint8Array, at: number, payload: number): number {
  let protocol = out[at + 6]!;
  let end = at + ipv6HeaderBytes;
  while (end + 8 <= payload) {
    const isPlain = protocol === fragment || (plainOptions.includes(protocol) && out[end + 1] === 0);
    if (!isPlain) break;
    protocol = out[end]!;
    end += 8;
  }
  return end;
}
