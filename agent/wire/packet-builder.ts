/**
 * Frames made from scratch, checksums right: for tests, the harness's synthesis and demonstrations. Not a hot path: each
 * call returns new bytes.
 */
import { foldChecksum, sumWords } from './checksum.ts';

export interface SegmentFields {
  /** Dotted IPv4, or IPv6 in any RFC 4291 form without an embedded IPv4 address. Both of one family. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Taken modulo 2³². */
  readonly sequence: number;
  /** Taken modulo 2³²; sets no flag by itself. @default 0 */
  readonly acknowledgement?: number;
  /** Bits of `TcpFlag`. */
  readonly flags: number;
  /** @default 65,535 */
  readonly window?: number;
  /** Urgent pointer; sets no flag by itself. @default 0 */
  readonly urgent?: number;
  /** TCP options, padded to a multiple of four bytes with end-of-options. @default none */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

export interface FrameFields {
  /** VLAN identifiers, outermost first; two are written as QinQ. @default none */
  readonly vlans?: readonly number[];
  /** IPv4 identification. @default 0 */
  readonly identification?: number;
}

const ethernetBytes = 14;

/** A TCP segment in an Ethernet frame. */
export function buildTcpFrame(segment: SegmentFields, frame: FrameFields = {}): Uint8Array {
  const packet = buildIpPacket(segment.source, segment.destination, 6, buildSegment(segment), frame.identification);
  return buildEthernetFrame(packet, frame.vlans);
}

/** An IP packet of either version in an Ethernet frame. */
export function buildEthernetFrame(packet: Uint8Array, vlans: readonly number[] = []): Uint8Array {
  const out = new Uint8Array(ethernetBytes + vlans.length * 4 + packet.length);
  out.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
  let offset = 12;
  for (const [index, vlan] of vlans.entries()) {
    putWord16(out, offset, index === 0 && vlans.length > 1 ? 0x88a8 : 0x8100);
    putWord16(out, offset + 2, vlan);
    offset += 4;
  }
  putWord16(out, offset, packet[0]! >> 4 === 6 ? 0x86dd : 0x0800);
  out.set(packet, offset + 2);
  return out;
}

/** An IP packet, its version that of the addresses. */
export function buildIpPacket(
  source: string,
  destination: string,
  protocol: number,
  payload: Uint8Array,
  identification = 0,
): Uint8Array {
  if (source.includes(':')) {
    const out = new Uint8Array(40 + payload.length);
    out[0] = 0x60;
    putWord16(out, 4, payload.length);
    out[6] = protocol;
    out[7] = 64;
    out.set(parseAddress(source), 8);
    out.set(parseAddress(destination), 24);
    out.set(payload, 40);
    return out;
  }
  const out = new Uint8Array(20 + payload.length);
  out[0] = 0x45;
  putWord16(out, 2, out.length);
  putWord16(out, 4, identification);
  out[8] = 64;
  out[9] = protocol;
  out.set(parseAddress(source), 12);
  out.set(parseAddress(destination), 16);
  putWord16(out, 10, foldChecksum(sumWords(0, out, 0, 20)));
  out.set(payload, 20);
  return out;
}

/**
 * Cuts an IP packet into fragments of at most `payloadBytesMax` payload bytes, a multiple of eight.
 * @param identification distinguishes this packet's fragments from others of the same hosts
 */
export function fragmentIpPacket(packet: Uint8Array, payloadBytesMax: number, identification: number): Uint8Array[] {
  const isIpv6 = packet[0]! >> 4 === 6;
  const headerBytes = isIpv6 ? 40 : (packet[0]! & 15) * 4;
  const payload = packet.subarray(headerBytes);
  const fragments: Uint8Array[] = [];
  for (let offset = 0; offset < payload.length; offset += payloadBytesMax) {
    const part = payload.subarray(offset, offset + payloadBytesMax);
    const more = offset + part.length < payload.length;
    const out = new Uint8Array(headerBytes + (isIpv6 ? 8 : 0) + part.length);
    out.set(packet.subarray(0, headerBytes));
    out.set(part, out.length - part.length);
    if (isIpv6) {
      putWord16(out, 4, out.length - 40);
      out[40] = packet[6]!;
      out[6] = 44;
      putWord16(out, 42, offset | (more ? 1 : 0));
      putWord32(out, 44, identification);
    } else {
      putWord16(out, 2, out.length);
      putWord16(out, 4, identification);
      putWord16(out, 6, (offset >> 3) | (more ? 0x2000 : 0));
      putWord16(out, 10, 0);
      putWord16(out, 10, foldChecksum(sumWords(0, out, 0, headerBytes)));
    }
    fragments.push(out);
  }
  return fragments;
}

/** A UDP datagram, without its optional checksum (IPv4 allows zero; so does RFC 6935 for tunnels over IPv6). */
export function buildUdp(sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + payload.length);
  putWord16(out, 0, sourcePort);
  putWord16(out, 2, destinationPort);
  putWord16(out, 4, out.length);
  out.set(payload, 8);
  return out;
}

/** A TCP segment with its checksum over the pseudo-header. */
export function buildSegment(segment: SegmentFields): Uint8Array {
  const options = segment.options ?? new Uint8Array(0);
  const payload = segment.payload ?? new Uint8Array(0);
  const headerBytes = 20 + ((options.length + 3) & ~3);
  const out = new Uint8Array(headerBytes + payload.length);
  putWord16(out, 0, segment.sourcePort);
  putWord16(out, 2, segment.destinationPort);
  putWord32(out, 4, segment.sequence);
  putWord32(out, 8, segment.acknowledgement ?? 0);
  out[12] = (headerBytes >> 2) << 4;
  out[13] = segment.flags;
  putWord16(out, 14, segment.window ?? 65_535);
  putWord16(out, 18, segment.urgent ?? 0);
  out.set(options, 20);
  out.set(payload, headerBytes);
  const source = parseAddress(segment.source);
  const destination = parseAddress(segment.destination);
  const pseudo = sumWords(sumWords(6 + out.length, source, 0, source.length), destination, 0, destination.length);
  putWord16(out, 16, foldChecksum(sumWords(pseudo, out, 0, out.length)));
  return out;
}

/** The bytes of an address: 4 or 16. */
export function parseAddress(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.'), Number);
  const [before = '', after] = text.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const groups = after === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  const out = new Uint8Array(16);
  for (const [index, group] of groups.entries()) putWord16(out, index * 2, Number.parseInt(group, 16));
  return out;
}

function putWord16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 8;
  bytes[offset + 1] = value;
}

function putWord32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}
