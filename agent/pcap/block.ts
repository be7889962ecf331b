/** Numbers of the two capture formats (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng), and reading them. */

export const BlockType = {
  interfaceDescription: 0x0000_0001,
  /** Obsolete since 2004, still in old files. */
  packet: 0x0000_0002,
  simplePacket: 0x0000_0003,
  interfaceStatistics: 0x0000_0005,
  enhancedPacket: 0x0000_0006,
  /** The same in both byte orders. */
  sectionHeader: 0x0a0d_0d0a,
} as const;

export const byteOrderMagic = 0x1a2b_3c4d;

export const OptionCode = {
  endOfOptions: 0,
  comment: 1,
  userApplication: 4,
  interfaceName: 2,
  interfaceTimestampResolution: 9,
  interfaceTimestampOffset: 14,
  statisticsReceived: 4,
  statisticsDropped: 5,
} as const;

export const PcapMagic = {
  microseconds: 0xa1b2_c3d4,
  nanoseconds: 0xa1b2_3c4d,
  /** Alexey Kuznetsov's variant: eight more bytes in each record header. */
  modified: 0xa1b2_cd34,
} as const;

/**
 * Bytes captured of one frame at most: libpcap's own MAXIMUM_SNAPLEN. A record that claims more is malformed, so no
 * input can make a reader hold more than this.
 */
export const frameBytesMax = 262_144;

/** Interfaces of one capture at most: far above any machine's, far below what a hostile file could make us keep. */
export const interfacesMax = 4_096;

export function readU16(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian ? bytes[at]! | (bytes[at + 1]! << 8) : (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readU32(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  return readI32(bytes, at, littleEndian) >>> 0;
}

/** With a sign, as V8 hands on without making an object: for each frame. */
export function readI32(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian
    ? bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    : (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Exact up to 2⁵³; above that rounded. */
export function readU64(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const first = readU32(bytes, at, littleEndian);
  const second = readU32(bytes, at + 4, littleEndian);
  return littleEndian ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
}
