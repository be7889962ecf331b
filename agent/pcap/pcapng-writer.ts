/** Writes pcapng (draft-ietf-opsawg-pcapng), little-endian. Pure: the bytes go to a callback. */
import assert from 'node:assert';
import type { CaptureInterface, FrameSink } from '../capture/frame-source.ts';
import { BlockType, byteOrderMagic, frameBytesMax, interfacesMax, OptionCode } from './block.ts';
import { type BytesOut, ByteWriter } from './byte-writer.ts';

export interface PcapngWriterOptions {
  /** What wrote the capture (shb_userappl). @default 'floodgate' */
  readonly application?: string;
  /** A comment on the whole section. */
  readonly comment?: string;
  /** Resolution of the timestamps: a double holds a time of today to a quarter of a microsecond. @default 'us' */
  readonly resolution?: 'us' | 'ns';
  /** Bytes gathered before `out` is called. @default 65536 */
  readonly bufferBytes?: number;
}

/** Counters of one interface, as an interface statistics block has them. */
export interface InterfaceStatistics {
  readonly tsUs: number;
  readonly framesReceived: number;
  readonly framesDropped: number;
}

const two32 = 0x1_0000_0000;
/** An option's length is 16 bits; a comment is cut to what fits, whole characters only. */
const optionBytesMax = 65_532;

/**
 * A sink that writes one section: the header at once, each interface when `addInterface` describes it, each frame as
 * an enhanced packet block. Call `flush` at the end, or whenever what was written must be out.
 */
export class PcapngWriter implements FrameSink {
  readonly #writer: ByteWriter;
  readonly #nanoseconds: boolean;
  #interfaces = 0;

  constructor(out: BytesOut, options: PcapngWriterOptions = {}) {
    this.#writer = new ByteWriter(out, options.bufferBytes ?? 65_536);
    this.#nanoseconds = options.resolution === 'ns';
    const application = optionBytes(options.application ?? 'floodgate');
    const comment = options.comment === undefined ? null : optionBytes(options.comment);
    const length = 28 + optionLength(comment) + optionLength(application) + 4;
    this.#begin(BlockType.sectionHeader, length, 24);
    this.#writer.u32(byteOrderMagic);
    this.#writer.u16(1);
    this.#writer.u16(0);
    // The section's length is not known beforehand.
    this.#writer.u32(0xffff_ffff);
    this.#writer.u32(0xffff_ffff);
    this.#option(OptionCode.comment, comment);
    this.#option(OptionCode.userApplication, application);
    this.#endOptions(length);
  }

  /** Describes an interface; returns the index its frames must carry (0, 1, 2 …). */
  addInterface(described: CaptureInterface): number {
    assert(this.#interfaces < interfacesMax);
    const name = optionBytes(described.name);
    const length = 16 + optionLength(name) + 8 + 4 + 4;
    this.#begin(BlockType.interfaceDescription, length, 16);
    this.#writer.u16(described.linkType);
    this.#writer.u16(0);
    this.#writer.u32(described.snapLength);
    this.#option(OptionCode.interfaceName, name);
    this.#option(OptionCode.interfaceTimestampResolution, Uint8Array.of(this.#nanoseconds ? 9 : 6));
    this.#endOptions(length);
    return this.#interfaces++;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const captured = end - start;
    const length = 32 + ((captured + 3) & ~3);
    this.#frameStart(bytes, start, end, wireLength, tsUs, interfaceIndex, length);
    this.#writer.reserve(4);
    this.#writer.u32(length);
  }

  /** As `frame`, with a comment that Wireshark shows beside the packet. */
  frameWithComment(
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    tsUs: number,
    interfaceIndex: number,
    comment: string,
  ): void {
    const text = optionBytes(comment);
    const length = 32 + ((end - start + 3) & ~3) + optionLength(text) + 4;
    this.#frameStart(bytes, start, end, wireLength, tsUs, interfaceIndex, length);
    this.#option(OptionCode.comment, text);
    this.#endOptions(length);
  }

  /** Says how many frames an interface received and lost up to `tsUs`; the last such block counts. */
  interfaceStatistics(interfaceIndex: number, statistics: InterfaceStatistics): void {
    assert(interfaceIndex < this.#interfaces);
    const length = 20 + 12 + 12 + 4 + 4;
    this.#begin(BlockType.interfaceStatistics, length, length);
    this.#writer.u32(interfaceIndex);
    this.#timestamp(statistics.tsUs);
    this.#counterOption(OptionCode.statisticsReceived, statistics.framesReceived);
    this.#counterOption(OptionCode.statisticsDropped, statistics.framesDropped);
    this.#endOptions(length);
  }

  flush(): void {
    this.#writer.flush();
  }

  #frameStart(
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    tsUs: number,
    interfaceIndex: number,
    length: number,
  ): void {
    const captured = end - start;
    assert(captured >= 0 && captured <= frameBytesMax && interfaceIndex < this.#interfaces);
    const writer = this.#writer;
    this.#begin(BlockType.enhancedPacket, length, 28);
    writer.u32(interfaceIndex);
    this.#timestamp(tsUs);
    writer.u32(captured);
    writer.u32(wireLength);
    writer.copy(bytes, start, end);
    this.#pad(captured);
  }

  #begin(type: number, length: number, fixedBytes: number): void {
    this.#writer.reserve(fixedBytes);
    this.#writer.u32(type);
    this.#writer.u32(length);
  }

  /** Exact although 10⁻⁹ s since 1970 do not fit a double: the two halves are scaled apart. */
  #timestamp(tsUs: number): void {
    assert(tsUs >= 0);
    let high: number;
    let low: number;
    if (this.#nanoseconds) {
      const wholeUs = Math.floor(tsUs);
      const highUs = Math.floor(wholeUs / two32);
      const lowNs = (wholeUs - highUs * two32) * 1000 + Math.round((tsUs - wholeUs) * 1000);
      high = highUs * 1000 + Math.floor(lowNs / two32);
      low = lowNs % two32;
    } else {
      const whole = Math.round(tsUs);
      high = Math.floor(whole / two32);
      low = whole % two32;
    }
    this.#writer.u32(high);
    this.#writer.u32(low);
  }

  #option(code: number, value: Uint8Array | null): void {
    if (value === null) return;
    this.#writer.reserve(4);
    this.#writer.u16(code);
    this.#writer.u16(value.length);
    this.#writer.copy(value, 0, value.length);
    this.#pad(value.length);
  }

  #counterOption(code: number, count: number): void {
    this.#writer.u16(code);
    this.#writer.u16(8);
    this.#writer.u32(count % two32);
    this.#writer.u32(Math.floor(count / two32));
  }

  #endOptions(length: number): void {
    this.#writer.reserve(8);
    this.#writer.u32(OptionCode.endOfOptions);
    this.#writer.u32(length);
  }

  #pad(length: number): void {
    this.#writer.reserve(4);
    for (let padding = -length & 3; padding > 0; padding--) this.#writer.u8(0);
  }
}

function optionBytes(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= optionBytesMax) return bytes;
  let end = optionBytesMax;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

/** What an option takes up in its block: header, value and padding. */
function optionLength(value: Uint8Array | null): number {
  return value === null ? 0 : 4 + ((value.length + 3) & ~3);
}
