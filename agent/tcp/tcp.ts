/** The entry to the TCP layer: frames of all interfaces in, stream events out (`StreamHandler`). */
import type { PageMemory } from '../bounded/page-memory.ts';
import type { CaptureInterface, FrameSink } from '../capture/frame-source.ts';
import { TcpCounters } from './counters.ts';
import { OverlapPolicy, type Pressure, type TcpLimits } from './limits.ts';
import type { StreamHandler } from './stream-handler.ts';

export interface TcpLayerOptions {
  readonly limits: TcpLimits;
  /** At least `limits.pagesMax × pageBytes` bytes (agent/bounded/page-pool.ts). Used alone, closed by the caller. */
  readonly pageMemory: PageMemory;
  readonly handler: StreamHandler;
  /** The frame source's list: looked up by index when a frame arrives. */
  readonly interfaces: readonly CaptureInterface[];
  /** Two 32-bit numbers, random in production: they key the flow hash against crafted collisions. */
  readonly hashSeed: readonly [number, number];
  /** @default OverlapPolicy.firstWins */
  readonly overlap?: OverlapPolicy;
  /** Drop segments with a wrong TCP checksum. Offload makes captured checksums wrong. @default false */
  readonly verifyChecksums?: boolean;
  /** Keep streams of different VLANs and VXLAN networks apart. Off, both directions may come with different tags. @default false */
  readonly separateNetworks?: boolean;
}

/** Who a stream is between, as text. Made when asked for. */
export interface StreamDescription {
  /** Unique in this run, counting from 1: unlike the slot, never used again. */
  id: number;
  /** Side 0. IPv6 as in RFC 5952. */
  clientAddress: string;
  clientPort: number;
  /** Side 1. */
  serverAddress: string;
  serverPort: number;
  /** Innermost VLAN tag of the first packet; −1 without. */
  vlan: number;
  /** Interface of the first packet. */
  interfaceIndex: number;
  /** The SYN was not seen. */
  midStream: boolean;
  openedUs: number;
}

export function emptyStreamDescription(): StreamDescription {
  return {
    id: 0,
    clientAddress: '',
    clientPort: 0,
    serverAddress: '',
    serverPort: 0,
    vlan: -1,
    interfaceIndex: 0,
    midStream: false,
    openedUs: 0,
  };
}

export class TcpLayer implements FrameSink {
  readonly counters = new TcpCounters();
  readonly #options: TcpLayerOptions;

  constructor(options: TcpLayerOptions) {
    this.#options = options;
  }

  frame(
    _bytes: Uint8Array,
    start: number,
    end: number,
    _wireLength: number,
    _tsUs: number,
    _interfaceIndex: number,
  ): void {
    this.counters.frames += 1;
    this.counters.frameBytes += end - start;
  }

  /** Runs the timers up to `tsUs` on the packets' clock; `frame` does it by itself, a quiet live capture needs this. */
  advance(_tsUs: number): void {}

  /** Flushes and closes every stream (`CloseReason.endOfInput`). */
  finish(): void {}

  /** What to shed from now on; the governor's. */
  setPressure(_level: Pressure): void {}

  /** Unique number of an open stream, counting from 1. */
  streamId(_stream: number): number {
    return 0;
  }

  /** Fills `out` for an open stream (valid from `open` to the end of `close`). */
  describe(_stream: number, out: StreamDescription): StreamDescription {
    return out;
  }

  /** Counters, those of the decoder included, and gauges, by their full names (`tcp.gapsAcknowledged`, `wire.notIp`). */
  snapshot(): Record<string, number> {
    void this.#options;
    void OverlapPolicy;
    return { ...this.counters };
  }
}
