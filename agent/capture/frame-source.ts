/** Where frames come from: one interface behind the AF_PACKET ring, capture files and standard input. */

/** One capture interface, as pcapng names it (draft-ietf-opsawg-pcapng, section 4.2). */
export interface CaptureInterface {
  readonly name: string;
  /** LINKTYPE_ value from the registry of tcpdump.org, e.g. 1 for Ethernet. */
  readonly linkType: number;
  /** Bytes captured of a frame at most; 0 when unknown. */
  readonly snapLength: number;
}

export interface FrameSink {
  /**
   * Takes one frame. `bytes[start, end)` is what was captured and is valid only during the call; `wireLength` is its
   * length on the wire (≥ end − start). `tsUs` is microseconds since the epoch (a fraction is allowed).
   */
  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void;
}

/** Counters of one interface since the source was opened. `null` where a source cannot know. */
export interface CaptureStats {
  readonly name: string;
  readonly framesReceived: number;
  readonly framesDropped: number | null;
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
  /** Resolves when `read` may deliver more, or after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void>;
  stats(): CaptureStats[];
  /** Takes nothing more in: `read` delivers what has already arrived and then returns −1. */
  stop(): void;
  /** Frees descriptors and mappings; safe to call twice. */
  close(): void;
}
