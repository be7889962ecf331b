/**
 * Frames of wireless networks (IEEE 802.11-2020, 9): data frames that are not encrypted, with LLC and SNAP headers, alone or
 * several in one (A-MSDU); and what capturing programs write before them: radiotap, Prism, AVS, PPI.
 */
import { Decoded, Layer, type Packet } from './packet.ts';

const headerBytes = 24;
const addressBytes = 6;
const qosBytes = 2;
const highThroughputBytes = 4;
const snapHeaderBytes = 8;
const subframeHeaderBytes = 14;
const checkSequenceBytes = 4;
const radiotapHeaderBytes = 8;
const prismHeaderBytes = 144;
const avsHeaderBytes = 64;
const ppiHeaderBytes = 8;
/** LINKTYPE_IEEE802_11, which PPI may announce among others. */
const wlanLinkType = 105;

/** Bits of radiotap's flags field (radiotap.org). */
const RadiotapFlag = { checkSequence: 0x10, padded: 0x20, damaged: 0x40 } as const;

/** LINKTYPE_IEEE802_11_RADIOTAP: a header of its own length, little-endian; of its fields only the flags matter. */
export function decodeRadiotap(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + radiotapHeaderBytes > packet.end) return Decoded.cutShort;
  const length = bytes[offset + 2]! | (bytes[offset + 3]! << 8);
  if (bytes[offset] !== 0 || length < radiotapHeaderBytes) return Decoded.malformed;
  if (offset + length > packet.end) return Decoded.cutShort;
  const flags = radiotapFlags(bytes, offset, length);
  if ((flags & RadiotapFlag.damaged) !== 0) return Decoded.malformed;
  if ((flags & RadiotapFlag.checkSequence) !== 0) cutCheckSequence(packet);
  packet.offset = offset + length;
  return decodeWlanFrame(packet, bytes, (flags & RadiotapFlag.padded) !== 0);
}

function radiotapFlags(bytes: Uint8Array, offset: number, length: number): number {
  const present = bytes[offset + 4]!;
  if ((present & 2) === 0) return 0;
  // Words of present fields go on while their highest bit is set; the flags come behind a timer of eight bytes, aligned.
  let at = radiotapHeaderBytes;
  while (at + 4 <= length && (bytes[offset + at - 1]! & 0x80) !== 0) at += 4;
  if ((present & 1) !== 0) at = ((at + 7) & ~7) + 8;
  return at < length ? bytes[offset + at]! : 0;
}

function cutCheckSequence(packet: Packet): void {
  packet.wireEnd = Math.max(packet.offset, packet.wireEnd - checkSequenceBytes);
  if (packet.end > packet.wireEnd) packet.end = packet.wireEnd;
}

/** LINKTYPE_IEEE802_11_PRISM: 144 bytes, or an AVS header in their place. */
export function decodePrism(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + 8 > packet.end) return Decoded.cutShort;
  if (isAvs(bytes, offset)) return decodeAvs(packet, bytes);
  packet.offset = offset + prismHeaderBytes;
  return decodeWlan(packet, bytes);
}

/** LINKTYPE_IEEE802_11_AVS: version and length, big-endian. */
export function decodeAvs(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + 8 > packet.end) return Decoded.cutShort;
  const length = (bytes[offset + 6]! << 8) | bytes[offset + 7]!;
  if (!isAvs(bytes, offset) || length < avsHeaderBytes) return Decoded.malformed;
  packet.offset = offset + length;
  return decodeWlan(packet, bytes);
}

function isAvs(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0x80 && bytes[offset + 1] === 0x21 && bytes[offset + 2] === 0x10;
}

/** LINKTYPE_PPI: a header of its own length, little-endian, and the link type of what follows. */
export function decodePpi(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + ppiHeaderBytes > packet.end) return Decoded.cutShort;
  const length = bytes[offset + 2]! | (bytes[offset + 3]! << 8);
  if (length < ppiHeaderBytes) return Decoded.malformed;
  const linkType = bytes[offset + 4]! | (bytes[offset + 5]! << 8);
  packet.offset = offset + length;
  if (linkType === 1) return Layer.ethernet;
  return linkType === wlanLinkType ? decodeWlan(packet, bytes) : Decoded.unknownLinkType;
}

/** LINKTYPE_IEEE802_11: a frame of 802.11 without anything before it. */
export function decodeWlan(packet: Packet, bytes: Uint8Array): number {
  return decodeWlanFrame(packet, bytes, false);
}

/** @param isPadded the header is filled up to a multiple of four bytes */
function decodeWlanFrame(packet: Packet, bytes: Uint8Array, isPadded: boolean): number {
  const offset = packet.offset;
  if (offset + headerBytes > packet.end) return Decoded.cutShort;
  const control = bytes[offset]!;
  const flags = bytes[offset + 1]!;
  // Management and control frames, and data frames without data.
  if ((control & 0x0f) !== 0x08 || (control & 0x40) !== 0) return Decoded.notIp;
  if ((flags & 0x40) !== 0) return Decoded.encrypted;
  if ((flags & 4) !== 0 || (bytes[offset + 22]! & 15) !== 0) return Decoded.wlanFragment;
  let length = headerBytes + ((flags & 3) === 3 ? addressBytes : 0);
  let isAggregate = false;
  if ((control & 0x80) !== 0) {
    if (offset + length + qosBytes > packet.end) return Decoded.cutShort;
    isAggregate = (bytes[offset + length]! & 0x80) !== 0;
    length += qosBytes + ((flags & 0x80) === 0 ? 0 : highThroughputBytes);
  }
  packet.offset = offset + (isPadded ? (length + 3) & ~3 : length);
  if (!isAggregate) return decodeLlc(packet, bytes);
  packet.rest = packet.offset;
  packet.restEnd = packet.end;
  packet.restWireEnd = packet.wireEnd;
  return decodeSubframe(packet, bytes);
}

/**
 * The next frame of an A-MSDU (9.3.2.2.2), from `packet.rest` on: destination, source and length, then a frame as it would
 * be alone, filled up to a multiple of four bytes. `packet.rest` is where the one behind it begins, 0 when it is the last.
 */
export function decodeSubframe(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.rest;
  packet.rest = 0;
  packet.end = packet.restEnd;
  packet.wireEnd = packet.restWireEnd;
  if (offset + subframeHeaderBytes > packet.end) return Decoded.cutShort;
  const length = (bytes[offset + 12]! << 8) | bytes[offset + 13]!;
  packet.offset = offset + subframeHeaderBytes;
  const wireEnd = packet.offset + length;
  const next = offset + ((subframeHeaderBytes + length + 3) & ~3);
  if (next + subframeHeaderBytes <= packet.restEnd) packet.rest = next;
  packet.wireEnd = wireEnd;
  if (wireEnd < packet.end) packet.end = wireEnd;
  return decodeLlc(packet, bytes);
}

/** LLC with SNAP: its last two bytes are an EtherType (RFC 1042; bridge tunnels with another organisation code, 802.1H). */
function decodeLlc(packet: Packet, bytes: Uint8Array): number {
  const offset = packet.offset;
  if (offset + snapHeaderBytes > packet.end) return Decoded.cutShort;
  if (bytes[offset] !== 0xaa || bytes[offset + 1] !== 0xaa) return Decoded.notIp;
  packet.protocol = (bytes[offset + 6]! << 8) | bytes[offset + 7]!;
  packet.offset = offset + snapHeaderBytes;
  return packet.protocol <= 1500 ? Decoded.notIp : Layer.etherType;
}
