/**
 * What the decoder says about one frame: offsets into its bytes, never copies. One `Packet` is reused for every frame.
 * Hot path: plain numbers, all within 32 bits signed, so that V8 keeps them unboxed.
 */

import { ByteView } from './byte-view.ts';

/** What a frame turned out to be. Everything but `tcp` and `fragment` is ignored, and counted under its name. */
export const Decoded = {
  /** A TCP segment: every field of the packet is valid. */
  tcp: 0,
  /** A fragment of an IP datagram: the `fragment…` fields and the payload range are valid. */
  fragment: 1,
  arp: 2,
  /** Another network protocol than IP. */
  notIp: 3,
  udp: 4,
  icmp: 5,
  /** Another transport than TCP, UDP and ICMP, or one that cannot be read (ESP). */
  otherTransport: 6,
  /** Captured too short to hold its headers. */
  cutShort: 7,
  /** Header fields that contradict each other or the frame. */
  malformed: 8,
  /** More nested layers than `layersMax`. */
  tooDeep: 9,
  unknownLinkType: 10,
  /** A data frame of 802.11 that is encrypted. */
  encrypted: 11,
  /** A part of a data frame of 802.11: they are not put together. */
  wlanFragment: 12,
} as const;
export type Decoded = (typeof Decoded)[keyof typeof Decoded];

/** Names of `Decoded` by value, for counters. */
export const decodedNames: readonly string[] = Object.keys(Decoded);

/**
 * What is to be decoded next, where a `Decoded` would say that it is over. Both are small integers; layers start at 32,
 * so one number says which.
 */
export const Layer = {
  ethernet: 32,
  /** The packet's `protocol` is an EtherType. */
  etherType: 33,
  ip: 34,
  ipv4: 35,
  ipv6: 36,
  /** The packet's `protocol` is an IP protocol number. */
  transport: 37,
  tcp: 38,
  udp: 39,
  gre: 40,
  ppp: 41,
  mpls: 42,
  linuxCooked: 43,
  linuxCooked2: 44,
  bsdLoopback: 45,
  nflog: 46,
  wlan: 47,
  radiotap: 48,
  prism: 49,
  avs: 50,
  ppi: 51,
} as const;

/** TCP header flags (RFC 9293, 3.1). */
export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

export class Packet {
  /** For reading words of the frame's bytes. */
  readonly views = new ByteView();
  /** 4 or 6: of the innermost IP header. */
  ipVersion = 0;
  /** Words of the addresses, network order read as signed 32-bit: source 0–3, destination 4–7. IPv4 uses words 0 and 4. */
  readonly addresses = new Int32Array(8);
  sourcePort = 0;
  destinationPort = 0;
  /** Sequence and acknowledgement numbers as signed 32-bit: compare by subtraction. */
  sequence = 0;
  acknowledgement = 0;
  /** Bits of `TcpFlag`. */
  flags = 0;
  /** As in the header; 0 where no urgent data is announced (RFC 9293, 3.1; RFC 6093). */
  urgent = 0;
  /** As in the header: not scaled. */
  window = 0;
  /** Payload as captured: `bytes[payloadStart, payloadEnd)`. */
  payloadStart = 0;
  payloadEnd = 0;
  /** Length of the payload on the wire, ≥ payloadEnd − payloadStart: the rest was cut by the snap length. */
  payloadWireBytes = 0;
  /** Where the TCP header starts; the segment ends at `payloadEnd`. */
  tcpStart = 0;
  /** Innermost VLAN identifier; −1 without a tag. */
  vlan = -1;
  /** Identifier of the innermost virtual network (VXLAN, Geneve, GRE key); 0 without. */
  network = 0;
  /**
   * The network that the innermost addresses are of, as one number: VLAN tags and virtual networks, mixed (`tagNetwork`).
   * 0 without any.
   */
  tag = 0;

  /** Fragments: identification, offset in bytes, and whether more follow. */
  fragmentId = 0;
  fragmentOffset = 0;
  fragmentMore = false;

  /** The decoder's place: the layer at hand is `bytes[offset, end)`, and ended at `wireEnd` on the wire (≥ end). */
  offset = 0;
  end = 0;
  wireEnd = 0;
  /** Where more frames begin that came in the same one (A-MSDU), and where they end as captured and on the wire; 0: none. */
  rest = 0;
  restEnd = 0;
  restWireEnd = 0;
  /** EtherType or IP protocol number of what follows. */
  protocol = 0;
}

/**
 * Puts one more identifier behind those of a tag: a VLAN's, or one of a virtual network. Different single identifiers never
 * get the same tag, different stacks of them hardly ever.
 */
export function tagNetwork(tag: number, identifier: number): number {
  let mixed = Math.imul((Math.imul(tag, 31) + identifier + 1) | 0, 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  // 0 is no tag, and `StreamTable` has a use for 1.
  return mixed === 0 || mixed === 1 ? 2 : mixed;
}
