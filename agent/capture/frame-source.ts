/** Where frames come from: one interface behind the AF_PACKET ring, capture files and standard input. */

/** One capture interface, as pcapng names it (draft-ietf-opsawg-pcapng, section 4.2). */
export interface CaptureInterface {
  readonly name: string;
  /** LINKTYPE_ value from the registry of tcpdump.org, e.g. 1 for Ethernet. */
  readonly linkType: number;
  /** Bytes captured of a frame at most; 0 when unknown. */
  readonly snapLength: number;
}

/**
 * How much of a capture file is read at a time: nearly fills a second-level cache of 512 KiB. With 256 KiB a short run took a
 * tenth more CPU for what is done once a chunk; from 1 MiB on copies go past the cache.
 */
export const chunkBytes = 7 << 16;

export interface FrameSink {
  /**
   * Takes one frame. `bytes[start, end)` is what was captured and is valid only during the call; `wireLength` is its
   * length on the wire (≥ end − start). `tsUs` is microseconds since the epoch (a fraction is allowed).
   */
  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void;
  /** Where a sink takes records of a capture by itself: a source may read into its memory, a reader may offer them. */
  readonly records?: RecordTaker | null;
}

/** Which packets of a ring are wanted, by whether the host sent them. */
export const PacketChoice = { all: 0, incoming: 1, outgoing: 2 } as const;
export type PacketChoice = (typeof PacketChoice)[keyof typeof PacketChoice];

/** Takes records as they lie in a capture, as far as they are what it knows; the rest comes as frames. */
export interface RecordTaker {
  /**
   * The memory in which records can be taken; from `inputStart` on it has room for a chunk of `chunkBytes`, and before it
   * for `leadBytes` of a record that the last chunk cut.
   */
  readonly bytes: Uint8Array;
  readonly inputStart: number;
  readonly leadBytes: number;
  /** Records taken by the last call. */
  readonly taken: number;
  /**
   * Takes records of a little-endian pcap file of Ethernet frames, the first of which begins at `start`.
   * @returns where the first record begins that was not taken: it and what follows may be of any kind, or cut by `end`.
   */
  takePcap(start: number, end: number, isNanoseconds: boolean): number;
  /** Frames passed by the last `takeRing`: those taken, and those that were not wanted. */
  readonly passed: number;
  /**
   * Takes frames of a TPACKET_V3 block, the first of whose headers lies at `start`, as long as they are of the Ethernet
   * device of this number, which is the source's interface of this index.
   * @returns where the header of the first frame lies that was not taken.
   */
  takeRing(
    start: number,
    end: number,
    frames: number,
    interfaceNumber: number,
    interfaceIndex: number,
    packets: PacketChoice,
  ): number;
}

/** Counters of one interface since the source was opened. `null` where a source cannot know. */
export interface CaptureStats {
  readonly name: string;
  readonly framesReceived: number;
  readonly framesDropped: number | null;
  /** Left out on purpose, by connection, where the source can do so. @default 0 */
  readonly framesShed?: number;
}

/** What waits at a source that others fill, and how it is made less. */
export interface SourceLoad {
  /** Share of its room, of the fullest where there are several. */
  ringFill(): number;
  /** How old the next frame is; 0 where none waits. @param nowMs since the epoch */
  lagMs(nowMs: number): number;
  readonly canShedFlows: boolean;
  /** From now on the frames of `share` of all connections only. @param share 1: of all */
  keepFlows(share: number, key: readonly [number, number]): void;
  /** Frames so far that passed the filter, read or not, and those of connections that did not. */
  flowFrames(): { readonly passed: number; readonly shed: number };
}

export interface FrameSource {
  /** Grows while a pcapng file is read: look it up by index when a frame arrives. */
  readonly interfaces: readonly CaptureInterface[];
  /**
   * Delivers what is there now, about `framesMax` frames at most, without blocking on a live device.
   * @returns the number delivered; 0 when nothing is there yet; −1 at the end of the input.
   * @throws FloodgateError when the input is malformed: what was read before it has been delivered.
   */
  read(sink: FrameSink, framesMax: number): number;
  /** Undefined where nothing waits that cannot wait. */
  readonly load?: SourceLoad;
  /** Resolves when `read` may deliver more, or after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void>;
  stats(): CaptureStats[];
  /** Takes nothing more in: `read` delivers what has already arrived and then returns −1. */
  stop(): void;
  /** Frees descriptors and mappings; safe to call twice. */
  close(): void;
}
