/**
 * Frames of a repeated round as if other hosts had sent them: other addresses, other sequence numbers, checksums as right
 * or wrong as they were. Without it a second round is, to whoever watches, a heap of segments of closed connections.
 *
 * Each address is mapped by itself, so that both directions of a connection, and all of a host's connections, stay
 * together. Ports stay: they say which protocol is spoken.
 */
import { isVlanType, long, mendedChecksum } from './frame-words.ts';

/** Spread over the bits, and odd: different for every round. */
const addressStep = 0x9e3779b1;
const sequenceStep = 0x6c078965;

const etherIpv4 = 0x0800;
const etherIpv6 = 0x86dd;
const etherBridged = 0x6558;
const vlanTagsMax = 4;
/** Tunnels in tunnels are followed so far. */
const depthMax = 4;

const Protocol = { hopOptions: 0, icmp: 1, ipv4: 4, tcp: 6, udp: 17, ipv6: 41, routing: 43, fragment: 44 } as const;
const protocolGre = 47;
const protocolIcmpV6 = 58;
const protocolDestinationOptions = 60;
const vxlanPort = 4789;
const flagAck = 0x10;
const optionSack = 5;

export class RoundFrames {
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #addressMask = 0;
  #sequenceShift = 0;
  /** What was written over, as a sum of 16-bit words: later less earlier. */
  #sum = 0;

  /** Which round the next frames are of; 0 leaves them as they are. */
  set round(round: number) {
    this.#addressMask = Math.imul(round, addressStep) >>> 0;
    this.#sequenceShift = Math.imul(round, sequenceStep) >>> 0;
  }

  /** Rewrites an Ethernet frame in place. What is no IP, or is cut off, stays as it is. */
  rewrite(bytes: Uint8Array, start: number, end: number): void {
    if (this.#addressMask === 0) return;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#sum = 0;
    this.#ethernet(start, 0);
  }

  #ethernet(start: number, depth: number): void {
    let at = start + 12;
    for (let tags = 0; tags < vlanTagsMax && isVlanType(this.#word(at)); tags += 1) at += 4;
    this.#network(this.#word(at), at + 2, depth);
  }

  #network(etherType: number, start: number, depth: number): void {
    if (depth > depthMax) return;
    if (etherType === etherIpv4) this.#ipv4(start, depth);
    else if (etherType === etherIpv6) this.#ipv6(start, depth);
  }

  #ipv4(start: number, depth: number): void {
    const bytes = this.#bytes;
    const headerBytes = (bytes[start]! & 15) * 4;
    if (start + 20 > this.#end || bytes[start]! >> 4 !== 4 || headerBytes < 20) return;
    const before = this.#sum;
    // The first byte says what kind of address it is, and stays.
    if (isOrdinary(bytes[start + 12]!)) this.#mask(start + 13, 3);
    if (isOrdinary(bytes[start + 16]!)) this.#mask(start + 17, 3);
    const addresses = this.#sum - before;
    this.#mend(start + 10, addresses);
    if ((this.#word(start + 6) & 0x1fff) !== 0) return;
    this.#transport(bytes[start + 9]!, start + headerBytes, addresses, depth);
  }

  #ipv6(start: number, depth: number): void {
    const bytes = this.#bytes;
    if (start + 40 > this.#end || bytes[start]! >> 4 !== 6) return;
    const before = this.#sum;
    for (const address of [start + 8, start + 24]) {
      if (bytes[address] !== 0xff && !this.#isZero(address, 16)) this.#mask(address + 12, 4);
    }
    const addresses = this.#sum - before;
    let protocol = bytes[start + 6]!;
    let at = start + 40;
    while (at + 8 <= this.#end) {
      if (protocol === Protocol.fragment) {
        if ((this.#word(at + 2) & 0xfff8) !== 0) return;
      } else if (
        protocol !== Protocol.hopOptions &&
        protocol !== Protocol.routing &&
        protocol !== protocolDestinationOptions
      )
        break;
      const length = protocol === Protocol.fragment ? 8 : (bytes[at + 1]! + 1) * 8;
      protocol = bytes[at]!;
      at += length;
    }
    this.#transport(protocol, at, addresses, depth);
  }

  /** @param addresses what their change adds to the sum of the pseudo header */
  #transport(protocol: number, start: number, addresses: number, depth: number): void {
    if (start + 4 > this.#end) return;
    if (protocol === Protocol.tcp) this.#tcp(start, addresses);
    else if (protocol === Protocol.udp) this.#udp(start, addresses, depth);
    else if (protocol === protocolIcmpV6) this.#mend(start + 2, addresses);
    else if (protocol === Protocol.ipv4) this.#network(etherIpv4, start, depth + 1);
    else if (protocol === Protocol.ipv6) this.#network(etherIpv6, start, depth + 1);
    else if (protocol === protocolGre) this.#gre(start, depth);
  }

  #tcp(start: number, addresses: number): void {
    const bytes = this.#bytes;
    if (start + 20 > this.#end) return;
    const before = this.#sum;
    this.#shift(start + 4);
    if ((bytes[start + 13]! & flagAck) !== 0) this.#shift(start + 8);
    const optionsEnd = Math.min(start + (bytes[start + 12]! >> 4) * 4, this.#end);
    for (let at = start + 20; at + 1 < optionsEnd; ) {
      const kind = bytes[at]!;
      if (kind === 0) break;
      const length = kind === 1 ? 1 : bytes[at + 1]!;
      if (kind !== 1 && length < 2) break;
      if (kind === optionSack) {
        for (let edge = at + 2; edge + 4 <= Math.min(at + length, optionsEnd); edge += 4) this.#shift(edge);
      }
      at += length;
    }
    this.#mend(start + 16, this.#sum - before + addresses);
  }

  #udp(start: number, addresses: number, depth: number): void {
    if (start + 8 > this.#end) return;
    const before = this.#sum;
    if (this.#word(start + 2) === vxlanPort && start + 16 + 14 <= this.#end && depth < depthMax)
      this.#ethernet(start + 16, depth + 1);
    // RFC 768: 0 says that there is none.
    if (this.#word(start + 6) !== 0) this.#mend(start + 6, this.#sum - before + addresses, 0xffff);
  }

  #gre(start: number, depth: number): void {
    const flags = this.#bytes[start]!;
    // RFC 2784 and 2890: checksum, routing, key, sequence number. A checksum would cover what lies inside.
    if ((flags & 0xc0) !== 0 || start + 4 > this.#end) return;
    const at = start + 4 + ((flags & 0x20) !== 0 ? 4 : 0) + ((flags & 0x10) !== 0 ? 4 : 0);
    const etherType = this.#word(start + 2);
    if (etherType === etherBridged && depth < depthMax) this.#ethernet(at, depth + 1);
    else this.#network(etherType, at, depth + 1);
  }

  #mask(start: number, count: number): void {
    for (let i = 0; i < count; i += 1) {
      const at = start + i;
      this.#put(at, this.#bytes[at]! ^ ((this.#addressMask >>> (8 * (count - 1 - i))) & 0xff));
    }
  }

  #shift(at: number): void {
    const shifted = (long(this.#bytes, at) + this.#sequenceShift) >>> 0;
    for (let i = 0; i < 4; i += 1) this.#put(at + i, (shifted >>> (24 - 8 * i)) & 0xff);
  }

  /** Headers of IP, TCP and what carries them begin at even places of a frame. */
  #put(at: number, value: number): void {
    const change = value - this.#bytes[at]!;
    this.#sum += ((at ^ this.#start) & 1) === 0 ? change * 256 : change;
    this.#bytes[at] = value;
  }

  /** A checksum after `change` in what it covers. @param zero what stands for a sum of 0 */
  #mend(at: number, change: number, zero = 0): void {
    if (at + 2 > this.#end) return;
    const checksum = mendedChecksum(this.#word(at), change, zero);
    this.#put(at, checksum >> 8);
    this.#put(at + 1, checksum & 0xff);
  }

  #word(at: number): number {
    return at + 2 <= this.#end ? (this.#bytes[at]! << 8) | this.#bytes[at + 1]! : -1;
  }

  #isZero(start: number, count: number): boolean {
    for (let at = start; at < start + count; at += 1) if (this.#bytes[at] !== 0) return false;
    return true;
  }
}

/** A host's: no network of its own, no multicast, no broadcast. Loopback is one: all of 127.0.0.0/8 are hosts of it. */
function isOrdinary(firstByte: number): boolean {
  return firstByte !== 0 && firstByte < 224;
}
