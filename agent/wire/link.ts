/**
 * Link layers: Ethernet (IEEE 802.3) with 802.1Q, QinQ and SNAP, MPLS, PPP and PPPoE, Linux cooked v1 and v2, BSD
 * loopback, NFLOG. Each takes the packet's place, checks the length once, moves the place on and returns what follows.
 */
import { Decoded, Layer, type Packet, tagNetwork } from './packet.ts';

export const EtherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoeSession: 0x8864,
  qinq: 0x88a8,
  qinqLegacy: 0x9100,
  transparentBridging: 0x6558,
} as const;

const ethernetHeaderBytes = 14;
const vlanTagBytes = 4;
const snapHeaderBytes = 8;
const pppoeHeaderBytes = 6;
const cookedHeaderBytes = 16;
const cooked2HeaderBytes = 20;
const nflogHeaderBytes = 4;
/** NFULA_PAYLOAD (linux/netfilter/nfnetlink_log.h). */
const nflogPayload = 9;

/** Source and destination MAC addresses, then an EtherType. */
export function decodeEthernet(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + ethernetHeaderBytes > packet.end) return Decoded.cutShort;
  packet.protocol = (bytes[offset + 12]! << 8) | bytes[offset + 13]!;
  packet.offset = offset + ethernetHeaderBytes;
  if (packet.protocol === EtherType.ipv4) return Layer.ipv4;
  return Layer.etherType;
}

/** What an EtherType announces; values up to 1,500 are an IEEE 802.3 length and an LLC header follows. */
export function decodeEtherType(packet: Packet, bytes: Uint8Array): number {
  switch (packet.protocol) {
    case EtherType.ipv4:
      return Layer.ipv4;
    case EtherType.ipv6:
      return Layer.ipv6;
    case EtherType.vlan:
    case EtherType.qinq:
    case EtherType.qinqLegacy:
      return decodeVlan(packet, bytes);
    case EtherType.mpls:
    case EtherType.mplsMulticast:
      return Layer.mpls;
    case EtherType.pppoeSession:
      return decodePppoe(packet);
    case EtherType.transparentBridging:
      return Layer.ethernet;
    case EtherType.arp:
      return Decoded.arp;
    default:
      return packet.protocol <= 1500 ? decodeSnap(packet, bytes) : Decoded.notIp;
  }
}

function decodeVlan(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + vlanTagBytes > packet.end) return Decoded.cutShort;
  const identifier = ((bytes[offset]! << 8) | bytes[offset + 1]!) & 0x0fff;
  packet.vlan = identifier;
  // Identifier 0 is a priority without a VLAN (IEEE 802.1Q, 9.6).
  if (identifier !== 0) packet.tag = tagNetwork(packet.tag, identifier);
  packet.protocol = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  packet.offset = offset + vlanTagBytes;
  return Layer.etherType;
}

/** LLC with a SNAP header and no organisation code: an EtherType follows (RFC 1042). */
function decodeSnap(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + snapHeaderBytes > packet.end) return Decoded.cutShort;
  if (bytes[offset] !== 0xaa || bytes[offset + 1] !== 0xaa || bytes[offset + 2] !== 0x03) return Decoded.notIp;
  if ((bytes[offset + 3]! | bytes[offset + 4]! | bytes[offset + 5]!) !== 0) return Decoded.notIp;
  packet.protocol = (bytes[offset + 6]! << 8) | bytes[offset + 7]!;
  packet.offset = offset + snapHeaderBytes;
  return packet.protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

function decodePppoe(packet: Packet): number {
  if (packet.offset + pppoeHeaderBytes > packet.end) return Decoded.cutShort;
  packet.offset += pppoeHeaderBytes;
  return Layer.ppp;
}

/** PPP with or without its address and control bytes (RFC 1662). */
export function decodePpp(packet: Packet, bytes: Uint8Array): number {
  let offset = packet.offset;
  if (offset + 2 > packet.end) return Decoded.cutShort;
  if (bytes[offset] === 0xff && bytes[offset + 1] === 0x03) offset += 2;
  if (offset + 2 > packet.end) return Decoded.cutShort;
  // A protocol number's second byte is odd, its first even: one odd byte is a compressed number (RFC 1661, 6.5).
  let protocol = bytes[offset]!;
  offset += 1;
  if ((protocol & 1) === 0) {
    protocol = (protocol << 8) | bytes[offset]!;
    offset += 1;
  }
  packet.offset = offset;
  if (protocol === 0x21) return Layer.ipv4;
  return protocol === 0x57 ? Layer.ipv6 : Decoded.notIp;
}

/** Labels up to the bottom of the stack; then IP by its version, else an Ethernet pseudowire with its control word. */
export function decodeMpls(packet: Packet, bytes: Uint8Array): number {
  let offset = packet.offset;
  let bottom = false;
  while (!bottom) {
    if (offset + 4 > packet.end) return Decoded.cutShort;
    bottom = (bytes[offset + 2]! & 1) === 1;
    offset += 4;
  }
  if (offset >= packet.end) return Decoded.cutShort;
  packet.offset = offset;
  const version = bytes[offset]! >> 4;
  if (version === 4) return Layer.ipv4;
  if (version === 6) return Layer.ipv6;
  if (version !== 0) return Decoded.notIp;
  packet.offset = offset + 4;
  return Layer.ethernet;
}

/** LINKTYPE_LINUX_SLL: the protocol stands in the last two of 16 bytes. */
export function decodeLinuxCooked(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + cookedHeaderBytes > packet.end) return Decoded.cutShort;
  packet.protocol = (bytes[offset + 14]! << 8) | bytes[offset + 15]!;
  packet.offset = offset + cookedHeaderBytes;
  return packet.protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

/** LINKTYPE_LINUX_SLL2: the protocol stands in the first two of 20 bytes. */
export function decodeLinuxCooked2(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + cooked2HeaderBytes > packet.end) return Decoded.cutShort;
  packet.protocol = (bytes[offset]! << 8) | bytes[offset + 1]!;
  packet.offset = offset + cooked2HeaderBytes;
  return packet.protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}

/** Four bytes of address family in the byte order of whoever captured; the values for IPv6 differ by system. */
export function decodeBsdLoopback(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + 4 > packet.end) return Decoded.cutShort;
  const family = bytes[offset]! | bytes[offset + 1]! | bytes[offset + 2]! | bytes[offset + 3]!;
  packet.offset = offset + 4;
  if (family === 2) return Layer.ipv4;
  return family === 24 || family === 28 || family === 30 || family === 10 ? Layer.ipv6 : Decoded.notIp;
}

/** A 4-byte header and type-length-value entries in the byte order of whoever captured; one holds the IP packet. */
export function decodeNflog(packet: Packet, bytes: Uint8Array): number {
  let offset = packet.offset + nflogHeaderBytes;
  while (offset + 4 <= packet.end) {
    // Lengths are below 256 × 255 and types below 256, so the byte order shows in the type's bytes.
    const little = bytes[offset + 3] === 0;
    const length = little ? bytes[offset]! | (bytes[offset + 1]! << 8) : (bytes[offset]! << 8) | bytes[offset + 1]!;
    const type = little ? bytes[offset + 2]! : bytes[offset + 3]!;
    if (length < 4) return Decoded.malformed;
    if (type === nflogPayload) {
      packet.offset = offset + 4;
      return Layer.ip;
    }
    offset += (length + 3) & ~3;
  }
  return Decoded.cutShort;
}
