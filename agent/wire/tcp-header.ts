/**
 * The TCP header (RFC 9293, 3.1). Options are stepped over: reassembly needs none of them, since windows are bounded by
 * our own limit and never by the peer's word.
 */
import { Decoded, type Packet, TcpFlag } from './packet.ts';

export const tcpHeaderBytes = 20;

export function decodeTcp(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + tcpHeaderBytes > packet.end) return Decoded.cutShort;
  const headerBytes = (bytes[offset + 12]! >> 4) << 2;
  if (headerBytes < tcpHeaderBytes) return Decoded.malformed;
  const payload = offset + headerBytes;
  const end = packet.end;
  const wireEnd = Math.max(packet.wireEnd, end);
  if (payload > wireEnd) return Decoded.malformed;
  packet.tcpStart = offset;
  packet.sourcePort = (bytes[offset]! << 8) | bytes[offset + 1]!;
  packet.destinationPort = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  packet.sequence =
    (bytes[offset + 4]! << 24) | (bytes[offset + 5]! << 16) | (bytes[offset + 6]! << 8) | bytes[offset + 7]!;
  packet.acknowledgement =
    (bytes[offset + 8]! << 24) | (bytes[offset + 9]! << 16) | (bytes[offset + 10]! << 8) | bytes[offset + 11]!;
  packet.flags = bytes[offset + 13]!;
  packet.window = (bytes[offset + 14]! << 8) | bytes[offset + 15]!;
  packet.urgent = (packet.flags & TcpFlag.urg) === 0 ? 0 : (bytes[offset + 18]! << 8) | bytes[offset + 19]!;
  packet.payloadStart = Math.min(payload, end);
  packet.payloadEnd = end;
  packet.payloadWireBytes = wireEnd - payload;
  return Decoded.tcp;
}
