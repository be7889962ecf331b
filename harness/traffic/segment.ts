/**
 * Finds the TCP segment in an Ethernet frame: a plain reading of its own, so that it can judge the agent's. One object is
 * reused for all frames. It reads VLAN tags, IPv4, and IPv6 with its extension headers; fragments and tunnels it leaves.
 */
import { isVlanType } from './frame-words.ts';

const ipv4 = 0x0800;
const ipv6 = 0x86dd;
const protocolTcp = 6;
const protocolUdp = 17;
const protocolFragment = 44;
const protocolAuthentication = 51;
const protocolRouting = 43;
/** Hop-by-hop and destination options, routing, mobility, HIP and shim6: they say their length alike (RFC 6564). */
const extensions: readonly number[] = [0, protocolRouting, 60, 135, 139, 140];
/** In one packet: RFC 8200, section 4.1, has each of them once, options twice. */
const extensionsMax = 7;

/** Words of a connection's key: two addresses of four, both ports, the VLAN. */
export const keyWords = 10;

export class Segment {
  /** Of the frame's network header, from its start; −1 where it is no IP. */
  ipStart = -1;
  ipVersion = 0;
  /** Where the payload of a fragment begins; −1 where the frame is none. */
  fragmentStart = -1;
  /** A UDP datagram of text (SSDP, SIP): whatever it looks like, no tunnel and no TCP. */
  isTextDatagram = false;
  /** A routing header names where the packet goes at last: its checksum is over that address. */
  isRouted = false;
  /** `bytes[tcpStart, payloadStart)` is the TCP header. */
  tcpStart = 0;
  sequence = 0;
  acknowledgement = 0;
  isSyn = false;
  isAck = false;
  isFin = false;
  isReset = false;
  sourcePort = 0;
  destinationPort = 0;
  /** Captured payload, `bytes[payloadStart, payloadEnd)`. */
  payloadStart = 0;
  payloadEnd = 0;
  /** On the wire. */
  payloadBytes = 0;
  /** The same for both directions of a connection. */
  readonly key = new Int32Array(keyWords);
  /** Which of the two directions: by addresses and ports alone. */
  isForward = true;
  #view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));
  #viewOf: ArrayBufferLike = this.#view.buffer;

  /** @returns false where `bytes[start, end)` is no TCP segment with a whole header; `ipStart` is right all the same. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes.buffer !== this.#viewOf) {
      this.#viewOf = bytes.buffer;
      this.#view = new DataView(bytes.buffer);
    }
    const view = this.#view;
    const base = bytes.byteOffset;
    this.ipStart = -1;
    this.fragmentStart = -1;
    this.isTextDatagram = false;
    this.isRouted = false;
    let at = start + 12;
    let vlan = -1;
    while (at + 6 <= end && isVlanType(view.getUint16(base + at))) {
      vlan = view.getUint16(base + at + 2) & 0xfff;
      at += 4;
    }
    if (at + 22 > end) return false;
    const type = view.getUint16(base + at);
    if (type !== ipv4 && type !== ipv6) return false;
    const ip = at + 2;
    this.ipStart = ip;
    this.ipVersion = type === ipv4 ? 4 : 6;
    if (bytes[ip]! >> 4 !== this.ipVersion) return false;
    this.key[9] = vlan;
    if (type === ipv4) {
      const headerBytes = (bytes[ip]! & 15) * 4;
      const fragment = view.getUint16(base + ip + 6) & 0x3fff;
      const isFragment = fragment !== 0;
      if (isFragment && headerBytes >= 20) this.fragmentStart = ip + headerBytes;
      if (!isFragment && bytes[ip + 9] === protocolUdp) this.isTextDatagram = isText(bytes, ip + headerBytes + 8, end);
      if (headerBytes < 20 || isFragment || bytes[ip + 9] !== protocolTcp) return false;
      // An offloading host writes 0 for a length that fits no 16 bits, or is not known yet.
      const totalBytes = view.getUint16(base + ip + 2) || end - ip;
      return this.#tcp(bytes, ip + 12, 1, ip + headerBytes, ip + totalBytes, end);
    }
    if (ip + 40 > end) return false;
    let protocol = bytes[ip + 6]!;
    let tcp = ip + 40;
    for (let count = 0; isExtension(protocol) && tcp + 8 <= end; count += 1) {
      if (count === extensionsMax) return false;
      if (protocol === protocolFragment) {
        const fragment = view.getUint16(base + tcp + 2) & 0xfff9;
        // RFC 8200, section 4.5; one that is whole is none (RFC 6946).
        if (fragment !== 0) {
          this.fragmentStart = tcp + 8;
          return false;
        }
      }
      if (protocol === protocolRouting) this.isRouted ||= bytes[tcp + 3] !== 0;
      const next = tcp + extensionBytes(protocol, bytes[tcp + 1]!);
      protocol = bytes[tcp]!;
      tcp = next;
    }
    if (protocol === protocolUdp) this.isTextDatagram = isText(bytes, tcp + 8, end);
    if (protocol !== protocolTcp) return false;
    const totalBytes = view.getUint16(base + ip + 4) || end - ip - 40;
    return this.#tcp(bytes, ip + 8, 4, tcp, ip + 40 + totalBytes, end);
  }

  #tcp(bytes: Uint8Array, addresses: number, words: number, tcp: number, wireEnd: number, end: number): boolean {
    const view = this.#view;
    const base = bytes.byteOffset;
    if (tcp + 20 > end) return false;
    const payload = tcp + (bytes[tcp + 12]! >> 4) * 4;
    if (payload < tcp + 20 || payload > wireEnd) return false;
    this.tcpStart = tcp;
    this.sourcePort = view.getUint16(base + tcp);
    this.destinationPort = view.getUint16(base + tcp + 2);
    this.#setKey(base + addresses, words);
    this.sequence = view.getUint32(base + tcp + 4);
    this.acknowledgement = view.getUint32(base + tcp + 8);
    const flags = bytes[tcp + 13]!;
    this.isFin = (flags & 1) !== 0;
    this.isSyn = (flags & 2) !== 0;
    this.isReset = (flags & 4) !== 0;
    this.isAck = (flags & 16) !== 0;
    this.payloadEnd = Math.min(end, wireEnd);
    this.payloadStart = Math.min(payload, this.payloadEnd);
    this.payloadBytes = wireEnd - payload;
    return true;
  }

  #setKey(at: number, words: number): void {
    const view = this.#view;
    const { key } = this;
    let order = 0;
    for (let i = 0; i < words && order === 0; i += 1) {
      order = view.getUint32(at + i * 4) - view.getUint32(at + (words + i) * 4);
    }
    if (order === 0) order = this.sourcePort - this.destinationPort;
    this.isForward = order <= 0;
    const [lower, upper] = this.isForward ? [0, words] : [words, 0];
    for (let i = 0; i < 4; i += 1) {
      key[i] = i < words ? view.getInt32(at + (lower + i) * 4) : 0;
      key[4 + i] = i < words ? view.getInt32(at + (upper + i) * 4) : 0;
    }
    key[8] = this.isForward
      ? (this.sourcePort << 16) | this.destinationPort
      : (this.destinationPort << 16) | this.sourcePort;
  }
}

function isExtension(protocol: number): boolean {
  return protocol === protocolFragment || protocol === protocolAuthentication || extensions.includes(protocol);
}

/** @param length what it says itself: in words of eight bytes beyond the first, AH of four beyond two (RFC 4302) */
function extensionBytes(protocol: number, length: number): number {
  if (protocol === protocolFragment) return 8;
  return protocol === protocolAuthentication ? (length + 2) * 4 : (length + 1) * 8;
}

/** Four capital letters or dashes: how no header of a tunnel begins. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 4 > end) return false;
  for (let at = start; at < start + 4; at += 1) {
    const byte = bytes[at]!;
    if (byte !== 45 && (byte < 65 || byte > 90)) return false;
  }
  return true;
}
