/** Parts of a TCP segment as frames of their own: sequence numbers, lengths, flags and checksums made right. */
import { foldChecksum, sumWords } from '../../agent/wire/checksum.ts';
import { putLong, putWord, word } from './frame-words.ts';
import type { Segment } from './segment.ts';

const finAndPush = 0x09;

/** Whether a segment can be cut: captured whole, plain data, no urgent pointer, and to the address that its header has. */
export function isCuttable(bytes: Uint8Array, segment: Segment): boolean {
  const { isSyn, isReset, isRouted, payloadStart, payloadEnd, payloadBytes, tcpStart } = segment;
  if (isSyn || isReset || isRouted || payloadBytes < 2 || payloadEnd - payloadStart !== payloadBytes) return false;
  return (bytes[tcpStart + 13]! & 0x20) === 0;
}

/** Bytes of the headers of each piece. */
export function headerBytesOf(start: number, segment: Segment): number {
  return segment.payloadStart - start;
}

/**
 * Writes the frame that carries payload bytes `[from, to)` of the segment to the start of `out`.
 * @param index of the piece: IPv4's identification goes up with it
 * @returns the length of the frame; what padded it is left out
 */
export function writePiece(
  out: Uint8Array,
  bytes: Uint8Array,
  start: number,
  segment: Segment,
  from: number,
  to: number,
  index: number,
): number {
  const { ipStart, ipVersion, tcpStart, payloadStart, payloadBytes, sequence } = segment;
  const headers = payloadStart - start;
  out.set(bytes.subarray(start, payloadStart), 0);
  out.set(bytes.subarray(payloadStart + from, payloadStart + to), headers);
  const length = headers + to - from;
  const ip = ipStart - start;
  const tcp = tcpStart - start;
  if (ipVersion === 4) {
    putWord(out, ip + 2, length - ip);
    putWord(out, ip + 4, word(out, ip + 4) + index);
  } else putWord(out, ip + 4, length - ip - 40);
  putLong(out, tcp + 4, sequence + from);
  if (to < payloadBytes) out[tcp + 13]! &= ~finAndPush;
  fixChecksums(out, ip, ipVersion, tcp, length);
  return length;
}

/** Writes the checksums of the IPv4 header and of the TCP segment, which ends at `end`. */
export function fixChecksums(bytes: Uint8Array, ip: number, ipVersion: number, tcp: number, end: number): void {
  if (ipVersion === 4) fixIpv4Checksum(bytes, ip);
  fixTcpChecksum(bytes, ip, ipVersion, tcp, end);
}

export function fixTcpChecksum(bytes: Uint8Array, ip: number, ipVersion: number, tcp: number, end: number): void {
  putWord(bytes, tcp + 16, 0);
  putWord(bytes, tcp + 16, foldChecksum(sumWords(pseudoSum(bytes, ip, ipVersion, 6, end - tcp), bytes, tcp, end)));
}

export function fixIpv4Checksum(bytes: Uint8Array, ip: number): void {
  putWord(bytes, ip + 10, 0);
  putWord(bytes, ip + 10, foldChecksum(sumWords(0, bytes, ip, ip + (bytes[ip]! & 15) * 4)));
}

/** Of the pseudo header (RFC 9293, section 3.1; RFC 8200, section 8.1). */
export function pseudoSum(bytes: Uint8Array, ip: number, ipVersion: number, protocol: number, length: number): number {
  const [from, to] = ipVersion === 4 ? [ip + 12, ip + 20] : [ip + 8, ip + 40];
  return sumWords(protocol + length, bytes, from, to);
}
