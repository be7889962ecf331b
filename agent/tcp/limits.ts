/** The TCP layer's bounds, each with its reason. `agent/limits.ts` adds them up and derives them from one figure. */

/** Which bytes count when a range arrives twice with different contents (RFC 9293 leaves it open). */
export const OverlapPolicy = {
  /** Bytes that arrived first stay. The default: nothing already queued is touched again. */
  firstWins: 0,
  /** Bytes that arrive later replace those still waiting; what was delivered stays delivered. */
  lastWins: 1,
} as const;
export type OverlapPolicy = (typeof OverlapPolicy)[keyof typeof OverlapPolicy];
/** … as `--overlap` names them. */
export const overlapPolicies = { first: OverlapPolicy.firstWins, last: OverlapPolicy.lastWins } as const;
export type OverlapPolicyName = keyof typeof overlapPolicies;

/** Segments in a row outside the window after which the stream is believed and we are not. */
export const straysMax = 16;
/** Sequence numbers by which a late SYN may lie before where a stream was picked up: one initial burst of segments. */
export const lateSynBytesMax = 65_536;

/** Whether the same addresses and ports in two networks (VLANs, VXLAN and the like) are two connections. */
export const NetworkPolicy = {
  /**
   * Where their numbers say so. A mirror may show the two directions of one connection with different tags, or both networks
   * that a router connects: then they are one.
   */
  auto: 0,
  /** Always. */
  apart: 1,
  /** Never. */
  together: 2,
} as const;
export type NetworkPolicy = (typeof NetworkPolicy)[keyof typeof NetworkPolicy];

/** The policies by the names that people choose. */
export const networkPolicies = {
  auto: NetworkPolicy.auto,
  always: NetworkPolicy.apart,
  never: NetworkPolicy.together,
} as const;
export type NetworkPolicyName = keyof typeof networkPolicies;

/** What becomes of a byte that TCP's urgent pointer names (RFC 6093). */
export const UrgentPolicy = {
  /** It leaves the stream, as Linux delivers it: the byte before the one that the pointer names. */
  outOfBand: 0,
  /** It leaves the stream: the byte that the pointer names (RFC 1122, 4.2.2.4; Linux with `tcp_stdurg`). */
  outOfBandRfc1122: 1,
  /** It stays, as with SO_OOBINLINE, and as RFC 6093 would have it. */
  inline: 2,
} as const;
export type UrgentPolicy = (typeof UrgentPolicy)[keyof typeof UrgentPolicy];

/** The policies by the names that people choose. */
export const urgentPolicies = {
  'out-of-band': UrgentPolicy.outOfBand,
  'out-of-band-rfc1122': UrgentPolicy.outOfBandRfc1122,
  inline: UrgentPolicy.inline,
} as const;
export type UrgentPolicyName = keyof typeof urgentPolicies;

export interface TcpLimits {
  /** Streams in the table, both directions each, those just closed included. @default 65,536: a busy host's ephemeral ports. */
  readonly streamsMax: number;
  /** Pages of out-of-order bytes, all streams and interfaces together. @default 16,384 (32 MiB). */
  readonly pagesMax: number;
  /**
   * Pages of out-of-order bytes of one direction of one stream.
   * @default 3,072 (6 MiB): Linux's default largest receive window; more cannot be in flight behind a gap.
   */
  readonly pagesPerConnectionMax: number;
  /**
   * Holes tracked in one direction; the oldest is given up when one more appears.
   * @default 64: work per segment is bounded by it, and 2 % loss in a window of 3,000 segments has no more.
   */
  readonly holesPerConnectionMax: number;
  /** How far ahead of the next byte a segment may lie. @default 16 MiB, beyond any window seen in practice. */
  readonly windowBytesMax: number;
  /** A gap older than this is given up. @default 10 s, the original agent's stream timeout. */
  readonly gapTimeoutUs: number;
  /**
   * Packets of the stream that must pass after an acknowledgement of bytes not seen before they count as lost, if later
   * ones wait behind them: mirrored traffic can show an acknowledgement before its data. @default 64, past the 50 places our own harness reorders by.
   */
  readonly ackSlackPackets: number;
  /**
   * … and this long on the packets' clock: what is late by a jitter is late by time, however many segments pass in it.
   * @default 50 ms: the jitter of a network path, and of a queue on the way to a collector.
   */
  readonly ackSlackLeastUs: number;
  /**
   * … or this long on the packets' clock, so that a stream gone quiet is not kept waiting, whether bytes wait or not.
   * @default 1.5 s: two mirrored directions may be a second apart.
   */
  readonly ackSlackUs: number;
  /** A stream without packets for this long is closed. @default 180 s. */
  readonly idleTimeoutUs: number;
  /** A stream that never carried payload is closed after this. @default 30 s, a SYN's last retransmission but two. */
  readonly embryonicTimeoutUs: number;
  /** How long a closed stream's key is kept, so that stragglers do not open a ghost. @default 2 s. */
  readonly closedHoldUs: number;
  /**
   * Streams at one time on whose addresses another conversation may have begun, or that may survive a reset. @default 128:
   * each is over within a round trip.
   */
  readonly successorsMax: number;
  /** Pages of payload that wait until it is known whose it is. @default 256 (512 KiB): an initial window for many of them. */
  readonly successorPagesMax: number;
  /**
   * Streams at one time that wait for their SYN, or for the answer to it, as long as `ackSlackUs`.
   * @default 128: few begin out of order at one time, and the oldest goes on as it came. 0: none waits.
   */
  readonly beginningsMax: number;
  /** Pages of what waits of them. @default 768 (1.5 MiB): large answers of six, or a segment or two of each. */
  readonly beginningPagesMax: number;
  /** IP datagrams being put together from fragments at one time. @default 256. */
  readonly fragmentDatagramsMax: number;
  /** Bytes of all fragments waiting. @default 1 MiB: sixteen datagrams of the largest size. */
  readonly fragmentBytesMax: number;
  /** A datagram not complete after this is dropped. @default 15 s, RFC 791's lower bound for reassembly. */
  readonly fragmentTimeoutUs: number;
}

export const defaultTcpLimits: TcpLimits = {
  streamsMax: 65_536,
  pagesMax: 16_384,
  pagesPerConnectionMax: 3_072,
  holesPerConnectionMax: 64,
  windowBytesMax: 16 * 1024 * 1024,
  gapTimeoutUs: 10_000_000,
  ackSlackPackets: 64,
  ackSlackLeastUs: 50_000,
  ackSlackUs: 1_500_000,
  idleTimeoutUs: 180_000_000,
  embryonicTimeoutUs: 30_000_000,
  closedHoldUs: 2_000_000,
  successorsMax: 128,
  successorPagesMax: 256,
  beginningsMax: 128,
  beginningPagesMax: 768,
  fragmentDatagramsMax: 256,
  fragmentBytesMax: 1024 * 1024,
  fragmentTimeoutUs: 15_000_000,
};

/** What the TCP layer sheds, in rising order; each level includes those below it. The governor sets it. */
export const Pressure = {
  none: 0,
  /** Packets that would open a stream are ignored. */
  refuseStreams: 1,
  /** … and out-of-order bytes are not kept: every gap is given up at once. */
  shedOutOfOrder: 2,
  /** … and the layers above drop bodies: nothing more happens here. */
  shedBodies: 3,
} as const;
export type Pressure = (typeof Pressure)[keyof typeof Pressure];
