/** IPv4 (RFC 791) and IPv6 (RFC 8200) headers, and what lies in them: another IP, GRE, UDP or TCP. */
import { Decoded, Layer, type Packet } from './packet.ts';

export const IpProtocol = {
  hopByHop: 0,
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  authentication: 51,
  icmpv6: 58,
  noNext: 59,
  destinationOptions: 60,
  etherIp: 97,
  mobility: 135,
  hip: 139,
  shim6: 140,
} as const;

const ipv4HeaderBytes = 20;
const ipv6HeaderBytes = 40;
const fragmentHeaderBytes = 8;
/** RFC 8200 expects each extension header once, destination options twice; a longer chain is an attack. */
const extensionHeadersMax = 12;

/** IP of either version, as its first four bits say (raw IP link types). */
export function decodeIp(packet: Packet, bytes: Uint8Array): number {
  if (packet.offset >= packet.end) return Decoded.cutShort;
  const version = bytes[packet.offset]! >> 4;
  if (version === 4) return Layer.ipv4;
  return version === 6 ? Layer.ipv6 : Decoded.notIp;
}

export function decodeIpv4(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + ipv4HeaderBytes > packet.end) return Decoded.cutShort;
  const first = bytes[offset]!;
  if (first >> 4 !== 4) return Decoded.malformed;
  const headerBytes = (first & 15) << 2;
  if (headerBytes < ipv4HeaderBytes) return Decoded.malformed;
  const totalBytes = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  // Zero where the segment is to be cut by the network card (TSO): then the frame's length is all there is.
  if (totalBytes !== 0) {
    if (totalBytes < headerBytes) return Decoded.malformed;
    const wireEnd = offset + totalBytes;
    packet.wireEnd = wireEnd;
    // Shorter than captured: Ethernet padding, or a trailer. Longer: cut by the snap length.
    if (wireEnd < packet.end) packet.end = wireEnd;
  }
  packet.ipVersion = 4;
  const addresses = packet.addresses;
  addresses[0] = word(bytes, offset + 12);
  addresses[4] = word(bytes, offset + 16);
  packet.offset = offset + headerBytes;
  const protocol = bytes[offset + 9]!;
  packet.protocol = protocol;
  const fragment = ((bytes[offset + 6]! << 8) | bytes[offset + 7]!) & 0x3fff;
  if (fragment !== 0) {
    packet.fragmentId = (bytes[offset + 4]! << 8) | bytes[offset + 5]!;
    packet.fragmentOffset = (fragment & 0x1fff) << 3;
    packet.fragmentMore = (fragment & 0x2000) !== 0;
    return endAsFragment(packet);
  }
  return protocol === IpProtocol.tcp ? Layer.tcp : Layer.transport;
}

export function decodeIpv6(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + ipv6HeaderBytes > packet.end) return Decoded.cutShort;
  if (bytes[offset]! >> 4 !== 6) return Decoded.malformed;
  const payloadBytes = (bytes[offset + 4]! << 8) | bytes[offset + 5]!;
  // Zero for a jumbogram (RFC 2675) or a segment still to be cut: then the frame's length is all there is.
  if (payloadBytes !== 0) {
    const wireEnd = offset + ipv6HeaderBytes + payloadBytes;
    packet.wireEnd = wireEnd;
    if (wireEnd < packet.end) packet.end = wireEnd;
  }
  packet.ipVersion = 6;
  const addresses = packet.addresses;
  for (let index = 0; index < 8; index += 1) addresses[index] = word(bytes, offset + 8 + (index << 2));
  packet.offset = offset + ipv6HeaderBytes;
  packet.protocol = bytes[offset + 6]!;
  return packet.protocol === IpProtocol.tcp ? Layer.tcp : skipExtensionHeaders(packet, bytes);
}

function skipExtensionHeaders(packet: Packet, bytes: Uint8Array): number {
  for (let count = 0; count < extensionHeadersMax; count += 1) {
    const offset = packet.offset;
    const protocol = packet.protocol;
    let headerBytes: number;
    switch (protocol) {
      case IpProtocol.hopByHop:
      case IpProtocol.routing:
      case IpProtocol.destinationOptions:
      case IpProtocol.mobility:
      case IpProtocol.hip:
      case IpProtocol.shim6:
        if (offset + 8 > packet.end) return Decoded.cutShort;
        headerBytes = (bytes[offset + 1]! + 1) << 3;
        break;
      case IpProtocol.authentication:
        if (offset + 8 > packet.end) return Decoded.cutShort;
        headerBytes = (bytes[offset + 1]! + 2) << 2;
        break;
      case IpProtocol.fragment: {
        if (offset + fragmentHeaderBytes > packet.end) return Decoded.cutShort;
        const field = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
        headerBytes = fragmentHeaderBytes;
        // An atomic fragment is whole (RFC 6946).
        if ((field & 0xfff9) === 0) break;
        packet.fragmentId = word(bytes, offset + 4);
        packet.fragmentOffset = field & 0xfff8;
        packet.fragmentMore = (field & 1) !== 0;
        packet.protocol = bytes[offset]!;
        packet.offset = offset + fragmentHeaderBytes;
        return endAsFragment(packet);
      }
      default:
        return Layer.transport;
    }
    packet.protocol = bytes[offset]!;
    packet.offset = offset + headerBytes;
    if (packet.offset > packet.end) return Decoded.cutShort;
  }
  return Decoded.tooDeep;
}

function endAsFragment(packet: Packet): number {
  if (packet.offset > packet.end) return Decoded.cutShort;
  packet.payloadStart = packet.offset;
  packet.payloadEnd = packet.end;
  packet.payloadWireBytes = Math.max(packet.wireEnd, packet.end) - packet.offset;
  return Decoded.fragment;
}

/** What an IP protocol number announces. */
export function decodeTransport(packet: Packet, bytes: Uint8Array): number {
  switch (packet.protocol) {
    case IpProtocol.tcp:
      return Layer.tcp;
    case IpProtocol.udp:
      return Layer.udp;
    case IpProtocol.ipv4:
      return Layer.ipv4;
    case IpProtocol.ipv6:
      return Layer.ipv6;
    case IpProtocol.gre:
      return Layer.gre;
    case IpProtocol.icmp:
    case IpProtocol.icmpv6:
      return Decoded.icmp;
    case IpProtocol.etherIp:
      // EtherIP (RFC 3378): version 3 and twelve reserved bits, then an Ethernet frame.
      packet.offset += 2;
      return Layer.ethernet;
    default:
      // Extension headers that start a reassembled datagram.
      return packet.ipVersion === 6 && isExtensionHeader(packet.protocol)
        ? skipExtensionHeaders(packet, bytes)
        : Decoded.otherTransport;
  }
}

function isExtensionHeader(protocol: number): boolean {
  return (
    protocol === IpProtocol.destinationOptions ||
    protocol === IpProtocol.authentication ||
    protocol === IpProtocol.routing ||
    protocol === IpProtocol.hopByHop
  );
}

function word(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
}
