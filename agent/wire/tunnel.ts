/**
 * Tunnels that mirrored cloud traffic comes in: VXLAN (RFC 7348), Geneve (RFC 8926), GTP-U, GRE (RFC 2784, in UDP RFC 8086),
 * ERSPAN; and those of IPv6 in UDP: Teredo (RFC 4380) and AYIYA. Access points mirror 802.11 frames in GRE.
 */
import { EtherType } from './link.ts';
import { Decoded, Layer, type Packet } from './packet.ts';

const UdpPort = { gtpUser: 2152, teredo: 3544, gre: 4754, vxlan: 4789, ayiya: 5072, geneve: 6081 } as const;
const udpHeaderBytes = 8;
const ipv6HeaderBytes = 40;
const vxlanHeaderBytes = 8;
const geneveHeaderBytes = 8;
const gtpHeaderBytes = 8;
/** GTP-U message type of a tunnelled packet (3GPP TS 29.281, 6.1). */
const gtpGpdu = 255;
const gtpExtensionsMax = 8;
/** ERSPAN (draft-foschiano-erspan): type II has an 8-byte header, type III 12 bytes and perhaps 8 more. */
const ErspanType = { two: 0x88be, three: 0x22eb } as const;

/** GRE protocol types from here to +15 are 802.11 frames of an access point, one a radio (Aruba; as Wireshark knows them). */
const greWlanFirst = 0x8200;
const greWlanLast = 0x820f;
const wlanHeaderBytes = 24;

/** UDP is of interest only as a tunnel's carrier, told by its destination port; Teredo's and AYIYA's servers answer from theirs. */
export function decodeUdp(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + udpHeaderBytes > packet.end) return Decoded.cutShort;
  const port = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  packet.offset = offset + udpHeaderBytes;
  switch (port) {
    case UdpPort.vxlan:
      return decodeVxlan(packet, bytes);
    case UdpPort.geneve:
      return decodeGeneve(packet, bytes);
    case UdpPort.gtpUser:
      return decodeGtpUser(packet, bytes);
    case UdpPort.gre:
      return decodeGre(packet, bytes);
    case UdpPort.teredo:
      return decodeTeredo(packet, bytes);
    case UdpPort.ayiya:
      return decodeAyiya(packet, bytes);
  }
  const source = (bytes[offset]! << 8) | bytes[offset + 1]!;
  if (source === UdpPort.teredo) return decodeTeredo(packet, bytes);
  if (source === UdpPort.ayiya) return decodeAyiya(packet, bytes);
  // Between two relays neither port is the registered one (RFC 4380, 5.4): told by what it carries.
  return isTeredoByContent(packet, bytes, offset) ? Layer.ip : Decoded.udp;
}

/** A datagram that is to the byte one IPv6 packet of TCP, from or to an address with Teredo's prefix (2001::/32). */
function isTeredoByContent(packet: Packet, bytes: Uint8Array, udp: number): boolean {
  const at = udp + udpHeaderBytes;
  if (at + ipv6HeaderBytes > packet.end || bytes[at]! >> 4 !== 6 || bytes[at + 6] !== 6) return false;
  const udpLength = (bytes[udp + 4]! << 8) | bytes[udp + 5]!;
  const payloadLength = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  if (udpLength !== udpHeaderBytes + ipv6HeaderBytes + payloadLength) return false;
  return isTeredoAddress(bytes, at + 8) || isTeredoAddress(bytes, at + 24);
}

function isTeredoAddress(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x20 && bytes[at + 1] === 1 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
}

/** RFC 4380, 5.1.1: an authentication and an origin indication may stand before the IPv6 packet. */
function decodeTeredo(packet: Packet, bytes: Uint8Array): number {
  let next = packet.offset;
  if (next + 4 > packet.end) return Decoded.cutShort;
  if (bytes[next] === 0 && bytes[next + 1] === 1) next += 13 + bytes[next + 2]! + bytes[next + 3]!;
  if (next + 8 > packet.end) return Decoded.udp;
  if (bytes[next] === 0 && bytes[next + 1] === 0) next += 8;
  if (next >= packet.end || bytes[next]! >> 4 !== 6) return Decoded.udp;
  packet.offset = next;
  return Layer.ip;
}

/** draft-massar-v6ops-ayiya, 3: lengths of identity (a power of two) and signature (in words), then an IPv6 packet. */
function decodeAyiya(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + 8 > packet.end) return Decoded.cutShort;
  const next = offset + 8 + (1 << (bytes[offset]! >> 4)) + ((bytes[offset + 1]! >> 4) << 2);
  const forwards = (bytes[offset + 2]! & 0x0f) === 1;
  if (!forwards || bytes[offset + 3] !== 41 || next >= packet.end || bytes[next]! >> 4 !== 6) return Decoded.udp;
  packet.offset = next;
  return Layer.ip;
}

function decodeVxlan(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + vxlanHeaderBytes > packet.end) return Decoded.cutShort;
  // The I flag says that the network identifier is valid; without it this is something else on the same port.
  if ((bytes[offset]! & 0x08) === 0) return Decoded.udp;
  packet.network = networkIdentifier(bytes, offset + 4);
  packet.offset = offset + vxlanHeaderBytes;
  return Layer.ethernet;
}

function decodeGeneve(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + geneveHeaderBytes > packet.end) return Decoded.cutShort;
  if (bytes[offset]! >> 6 !== 0) return Decoded.udp;
  packet.network = networkIdentifier(bytes, offset + 4);
  packet.protocol = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  packet.offset = offset + geneveHeaderBytes + ((bytes[offset]! & 0x3f) << 2);
  return packet.protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

function decodeGtpUser(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + gtpHeaderBytes > packet.end) return Decoded.cutShort;
  const flags = bytes[offset]!;
  if (flags >> 4 !== 3 || bytes[offset + 1] !== gtpGpdu) return Decoded.udp;
  let next = offset + gtpHeaderBytes;
  if ((flags & 7) !== 0) {
    if (next + 4 > packet.end) return Decoded.cutShort;
    let extension = (flags & 4) === 0 ? 0 : bytes[next + 3]!;
    next += 4;
    for (let count = 0; extension !== 0; count += 1) {
      if (count === gtpExtensionsMax) return Decoded.tooDeep;
      if (next >= packet.end) return Decoded.cutShort;
      const length = bytes[next]! << 2;
      if (length === 0) return Decoded.malformed;
      next += length;
      if (next > packet.end) return Decoded.cutShort;
      extension = bytes[next - 1]!;
    }
  }
  packet.offset = next;
  return Layer.ip;
}

/** GRE with its optional checksum, key and sequence number; version 1 (PPTP, RFC 2637) carries PPP. */
export function decodeGre(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + 4 > packet.end) return Decoded.cutShort;
  const flags = bytes[offset]!;
  const version = bytes[offset + 1]! & 7;
  const protocol = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  // Source routing (RFC 1701) has been deprecated since 2000 and is not followed.
  if (version > 1 || (flags & 0x40) !== 0) return Decoded.otherTransport;
  let next = offset + 4;
  if ((flags & 0x80) !== 0) next += 4;
  if ((flags & 0x20) !== 0) {
    if (next + 4 > packet.end) return Decoded.cutShort;
    if (version === 0) packet.network = networkIdentifier(bytes, next + 1);
    next += 4;
  }
  const sequenced = (flags & 0x10) !== 0;
  if (sequenced) next += 4;
  if (version === 1) {
    if ((bytes[offset + 1]! & 0x80) !== 0) next += 4;
    packet.offset = next;
    return Layer.ppp;
  }
  packet.protocol = protocol;
  packet.offset = next;
  if (protocol === ErspanType.two) {
    // Type I has neither sequence number nor header of its own.
    if (sequenced) packet.offset = next + 8;
    return Layer.ethernet;
  }
  if (protocol === ErspanType.three) {
    if (next + 12 > packet.end) return Decoded.cutShort;
    packet.offset = next + 12 + ((bytes[next + 11]! & 1) === 0 ? 0 : 8);
    return Layer.ethernet;
  }
  if (protocol === EtherType.transparentBridging) return Layer.ethernet;
  if (protocol >= greWlanFirst && protocol <= greWlanLast) return decodeWlan(packet, bytes);
  return protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

/** IEEE 802.11-2020, 9.2.3: an unencrypted data frame with an LLC/SNAP header. */
function decodeWlan(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + wlanHeaderBytes > packet.end) return Decoded.cutShort;
  const control = bytes[offset]!;
  const flags = bytes[offset + 1]!;
  const isData = (control & 0x0c) === 0x08 && (control & 0x40) === 0;
  const isEncrypted = (flags & 0x40) !== 0;
  if (!isData || isEncrypted) return Decoded.notIp;
  let next = offset + wlanHeaderBytes;
  if ((flags & 3) === 3) next += 6;
  if ((control & 0x80) !== 0) next += (flags & 0x80) === 0 ? 2 : 6;
  if (next + 8 > packet.end) return Decoded.cutShort;
  if (bytes[next] !== 0xaa || bytes[next + 1] !== 0xaa) return Decoded.notIp;
  packet.protocol = (bytes[next + 6]! << 8) | bytes[next + 7]!;
  packet.offset = next + 8;
  return packet.protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

function networkIdentifier(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}
