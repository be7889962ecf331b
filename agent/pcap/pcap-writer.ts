/** Writes classic pcap (draft-ietf-opsawg-pcap), little-endian. Pure: the bytes go to a callback. */
import assert from 'node:assert';
import type { FrameSink } from '../capture/frame-source.ts';
import { frameBytesMax, PcapMagic } from './block.ts';
import { type BytesOut, ByteWriter } from './byte-writer.ts';

export interface PcapWriterOptions {
  /** LINKTYPE_ value of every frame. @default 1, Ethernet */
  readonly linkType?: number;
  /** @default 262144 */
  readonly snapLength?: number;
  /** @default 'us' */
  readonly resolution?: 'us' | 'ns';
  /** Bytes gathered before `out` is called. @default 65536 */
  readonly bufferBytes?: number;
}

/** A sink that writes each frame as a record; call `flush` at the end. The interface of a frame is not kept. */
export class PcapWriter implements FrameSink {
  readonly #writer: ByteWriter;
  readonly #nanoseconds: boolean;

  constructor(out: BytesOut, options: PcapWriterOptions = {}) {
    this.#writer = new ByteWriter(out, options.bufferBytes ?? 65_536);
    this.#nanoseconds = options.resolution === 'ns';
    const writer = this.#writer;
    writer.reserve(24);
    writer.u32(this.#nanoseconds ? PcapMagic.nanoseconds : PcapMagic.microseconds);
    writer.u16(2);
    writer.u16(4);
    writer.u32(0);
    writer.u32(0);
    writer.u32(options.snapLength ?? frameBytesMax);
    writer.u32(options.linkType ?? 1);
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number): void {
    assert(end >= start && end - start <= frameBytesMax && tsUs >= 0);
    const perSecond = this.#nanoseconds ? 1e9 : 1e6;
    const wholeUs = Math.floor(tsUs);
    const seconds = Math.floor(wholeUs / 1e6);
    const rest = (wholeUs - seconds * 1e6 + (tsUs - wholeUs)) * (perSecond / 1e6);
    this.#writer.reserve(16);
    this.#writer.u32(seconds);
    // Rounding must not reach the next second.
    this.#writer.u32(Math.min(Math.round(rest), perSecond - 1));
    this.#writer.u32(end - start);
    this.#writer.u32(wireLength);
    this.#writer.copy(bytes, start, end);
  }

  flush(): void {
    this.#writer.flush();
  }
}
