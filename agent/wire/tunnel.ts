/** Tunnels that mirrored cloud traffic comes in: VXLAN (RFC 7348), Geneve (RFC 8926), GTP-U, GRE (RFC 2784) and ERSPAN. */
import { EtherType } from './link.ts';
import { Decoded, Layer, type Packet } from './packet.ts';

const UdpPort = { gtpUser: 2152, vxlan: 4789, geneve: 6081 } as const;
const udpHeaderBytes = 8;
const vxlanHeaderBytes = 8;
const geneveHeaderBytes = 8;
const gtpHeaderBytes = 8;
/** GTP-U message type of a tunnelled packet (3GPP TS 29.281, 6.1). */
const gtpGpdu = 255;
const gtpExtensionsMax = 8;
/** ERSPAN (draft-foschiano-erspan): type II has an 8-byte header, type III 12 bytes and perhaps 8 more. */
const ErspanType = { two: 0x88be, three: 0x22eb } as const;

/** UDP is of interest only as a tunnel's carrier, told by its destination port. */
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
    default:
      return Decoded.udp;
  }
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
  return protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

function networkIdentifier(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}
