/** Where the fields of a TPACKET_V3 ring lie (<linux/if_packet.h>), in 32-bit words, and the values of some. */
export const Tpacket3 = {
  // struct tpacket_block_desc
  blockStatus: 2,
  blockFrames: 3,
  blockFirst: 4,
  blockBytes: 5,
  statusKernel: 0,
  statusUser: 1,
  // struct tpacket3_hdr, and the struct sockaddr_ll after it
  next: 0,
  seconds: 1,
  nanoseconds: 2,
  captured: 3,
  wire: 4,
  status: 5,
  /** Of the link header and, in the upper half, of the network header. */
  offsets: 6,
  vlanTag: 8,
  vlanType: 9,
  interfaceNumber: 13,
  /** Hardware type, then in a byte the packet type. */
  types: 14,
  headerBytes: 68,
  vlanValid: 0x10,
  vlanTypeValid: 0x40,
  /** PACKET_OUTGOING */
  outgoing: 4,
} as const;
