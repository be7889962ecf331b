/** How frames are edited before they are sent, as plain data, so that it can be stored and sent to a thread. Types only. */

/** A moment: microseconds after the first frame, or since 1970. */
export interface Moment {
  readonly kind: 'offset' | 'absolute';
  readonly us: number;
}

/** Everything is optional, and applied in this order. */
export interface EditOrder {
  /** Frames before it are left out. */
  readonly from?: Moment;
  /** Frames from it on are left out, and the reading ends. */
  readonly to?: Moment;
  /** In the language of pcap-filter(7), over Ethernet frames. */
  readonly filter?: string;
  /** So many frames, counted behind the filter. */
  readonly limit?: number;
  /** Addresses of one network become those of another; the bits of the host stay. */
  readonly map?: readonly NetworkMap[];
  readonly ports?: readonly (readonly [from: number, to: number])[];
  /** Twelve digits each. */
  readonly macs?: readonly (readonly [from: string, to: string])[];
  /** The identifier of the outermost tag; `none`: all tags are taken away. */
  readonly vlan?: number | 'none';
  /** Bytes of IP; TCP segments over it are cut. */
  readonly mtu?: number;
  /** Bytes of a frame that the device takes: as `mtu`, where a frame is longer than that. */
  readonly deviceBytes?: number;
  /** Checksums of IPv4, TCP, UDP and ICMP are made right. */
  readonly fixesChecksums?: boolean;
  /** Frames are cut to so many bytes. */
  readonly snap?: number;
}

export interface NetworkMap {
  /** 4 or 16 bytes each. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly prefixBits: number;
}
