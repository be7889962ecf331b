/** The internet checksum (RFC 1071) over a segment and its pseudo-header. */
import type { Packet } from './packet.ts';

/** Adds 16-bit words, the last byte padded with zero. @returns the sum, not folded. */
export function sumWords(sum: number, bytes: Uint8Array, start: number, end: number): number {
  let total = sum;
  const even = end - ((end - start) & 1);
  for (let index = start; index < even; index += 2) total += (bytes[index]! << 8) | bytes[index + 1]!;
  if (even < end) total += bytes[even]! << 8;
  return total;
}

/** Folds the carries in and complements. */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/**
 * Whether a decoded segment's checksum is right (RFC 9293, 3.1). True for a segment cut by the snap length, which cannot
 * be checked. An IPv6 routing header makes the final destination differ from the header's: such a segment fails.
 */
export function isTcpChecksumRight(packet: Packet, bytes: Uint8Array): boolean {
  if (packet.payloadEnd - packet.payloadStart < packet.payloadWireBytes) return true;
  const addresses = packet.addresses;
  let sum = 6 + packet.payloadEnd - packet.tcpStart;
  for (let index = 0; index < 8; index += 1) {
    if (packet.ipVersion === 4 && (index & 3) !== 0) continue;
    sum += (addresses[index]! >>> 16) + (addresses[index]! & 0xffff);
  }
  return foldChecksum(sumWords(sum, bytes, packet.tcpStart, packet.payloadEnd)) === 0;
}
