/**
 * Tunnels that mirrored cloud traffic comes in: VXLAN (RFC 7348), Geneve (RFC 8926), GTP-U, GRE (RFC 2784, in UDP RFC 8086),
 * ERSPAN; and those of IPv6 in UDP: Teredo (RFC 4380) and AYIYA. Access points mirror 802.11 frames in GRE.
 */
import { EtherType } from './link.ts';
import { Decoded, Layer, type Packet, tagNetwork } from './packet.ts';

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
const erspanTwoBytes = 8;
const erspanThreeBytes = 12;
const erspanPlatformBytes = 8;
/** ERSPAN III's frame type for a packet without a link layer. */
const erspanIp = 2;

/** GRE protocol types from here to +15 are 802.11 frames of an access point, one a radio (Aruba; as Wireshark knows them). */
const greWlanFirst = 0x8200;
const greWlanLast = 0x820f;
/** Begin the tag of a virtual network, each kind's with its own: no VLAN has such an identifier. */
const VirtualNetwork = { vxlan: 4096, geneve: 4097, bridged: 4098, key: 4352 } as const;

/** UDP is of interest only as a tunnel's carrier, known by its destination port; Teredo's and AYIYA's servers answer from theirs. */
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
  // Between two relays neither port is the registered one (RFC 4380, 5.4): what it carries decides.
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
  enterNetwork(packet, VirtualNetwork.vxlan, networkIdentifier(bytes, offset + 4));
  packet.offset = offset + vxlanHeaderBytes;
  return Layer.ethernet;
}

function decodeGeneve(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + geneveHeaderBytes > packet.end) return Decoded.cutShort;
  if (bytes[offset]! >> 6 !== 0) return Decoded.udp;
  enterNetwork(packet, VirtualNetwork.geneve, networkIdentifier(bytes, offset + 4));
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
    if (version === 0) enterKey(packet, bytes, next, protocol);
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
  if (protocol === ErspanType.two || protocol === ErspanType.three) return decodeErspan(packet, bytes, sequenced);
  if (protocol === EtherType.transparentBridging) return Layer.ethernet;
  if (protocol >= greWlanFirst && protocol <= greWlanLast) return Layer.wlan;
  return protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

/**
 * ERSPAN (draft-foschiano-erspan): type I has no header and no sequence number, type II 8 bytes, type III 12 and perhaps 8
 * more. Senders leave the sequence number out of type II, or put it into type I: what looks like a frame counts then.
 */
function decodeErspan(packet: Packet, bytes: Uint8Array, sequenced: boolean): number {
  const offset = packet.offset;
  // What carried the mirrored frame says nothing about its network.
  packet.tag = 0;
  if (packet.protocol === ErspanType.three) return decodeErspanThree(packet, bytes);
  const version = offset < packet.end ? bytes[offset]! >> 4 : 0;
  if (version === 2 && isFrame(packet, bytes, offset + erspanThreeBytes) && !isFrame(packet, bytes, offset)) {
    return decodeErspanThree(packet, bytes);
  }
  const [first, second] = sequenced ? [erspanTwoBytes, 0] : [0, erspanTwoBytes];
  const isSecond =
    (sequenced || version === 1) && !isFrame(packet, bytes, offset + first) && isFrame(packet, bytes, offset + second);
  const headerBytes = isSecond ? second : first;
  if (headerBytes > 0) enterErspanVlan(packet, bytes);
  packet.offset = offset + headerBytes;
  return Layer.ethernet;
}

function decodeErspanThree(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + erspanThreeBytes > packet.end) return Decoded.cutShort;
  enterErspanVlan(packet, bytes);
  const hasPlatform = (bytes[offset + 11]! & 1) !== 0;
  packet.offset = offset + erspanThreeBytes + (hasPlatform ? erspanPlatformBytes : 0);
  return ((bytes[offset + 10]! >> 2) & 0x1f) === erspanIp ? Layer.ip : Layer.ethernet;
}

/** The VLAN of the mirrored port, or of a tag that was taken out of the frame. */
function enterErspanVlan(packet: Packet, bytes: Uint8Array): void {
  const offset = packet.offset;
  if (offset + 2 > packet.end) return;
  const identifier = ((bytes[offset]! << 8) | bytes[offset + 1]!) & 0x0fff;
  if (identifier === 0) return;
  packet.vlan = identifier;
  packet.tag = tagNetwork(0, identifier);
}

/** Whether an Ethernet frame may begin here: its type is one that mirrors bring. */
function isFrame(packet: Packet, bytes: Uint8Array, offset: number): boolean {
  if (offset + 14 > packet.end) return false;
  switch ((bytes[offset + 12]! << 8) | bytes[offset + 13]!) {
    case EtherType.ipv4:
    case EtherType.arp:
    case EtherType.vlan:
    case EtherType.ipv6:
    case EtherType.mpls:
    case EtherType.pppoeSession:
    case EtherType.qinq:
    case EtherType.qinqLegacy:
      return true;
    default:
      return false;
  }
}

/** GRE's key (RFC 2890); with bridged frames a virtual subnet of 24 bits, and eight bits that separate flows (RFC 7637). */
function enterKey(packet: Packet, bytes: Uint8Array, offset: number, protocol: number): void {
  if (protocol === EtherType.transparentBridging) {
    enterNetwork(packet, VirtualNetwork.bridged, networkIdentifier(bytes, offset));
  } else enterNetwork(packet, VirtualNetwork.key + bytes[offset]!, networkIdentifier(bytes, offset + 1));
}

/** A virtual network: the VLANs of the one it is carried by are another world's. */
function enterNetwork(packet: Packet, kind: number, identifier: number): void {
  packet.network = identifier;
  packet.tag = tagNetwork(tagNetwork(0, kind), identifier);
}

function networkIdentifier(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}
