/** Words of a frame, as headers and checksums are made of them: for everything here that reads or rewrites frames. Pure. */

export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** 32 bits, as sequence numbers have. */
export function long(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function putLong(bytes: Uint8Array, at: number, value: number): void {
  putWord(bytes, at, value >>> 16);
  putWord(bytes, at + 2, value);
}

/** Whether an EtherType announces a tag of four bytes: 802.1Q, 802.1ad, and the one from before it. */
export function isVlanType(etherType: number): boolean {
  return etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100;
}

/** A checksum after `change` in the words that it covers (RFC 1624, section 3). @param zero what stands for a sum of 0 */
export function mendedChecksum(checksum: number, change: number, zero: number): number {
  // One's complement: modulo 65,535, and no sum of a header is 0.
  const sum = ((((0xffff - checksum + change - 1) % 0xffff) + 0xffff) % 0xffff) + 1;
  return 0xffff - sum || zero;
}
