/** Reads pcapng (draft-ietf-opsawg-pcapng): every block with frames in it, any byte order, any number of sections. Pure. */
import type { CaptureInterface, FrameSink } from '../capture/frame-source.ts';
import {
  BlockType,
  byteOrderMagic,
  frameBytesMax,
  interfacesMax,
  OptionCode,
  readI32,
  readU16,
  readU32,
  readU64,
} from './block.ts';
import { optionOffset } from './option.ts';
import { RecordReader } from './record-reader.ts';
import { TimestampScale } from './timestamp-scale.ts';

const blockHeaderBytes = 8;
const trailerBytes = 4;
/** Options of a description or statistics block past this are skipped unread: no name we want is longer. */
const optionBytesMax = 65_536;
/** A name longer than the kernel's own 15 comes from elsewhere; one longer than this is cut. */
const interfaceNameBytesMax = 256;

/** An interface as its section numbers it. */
interface SectionInterface {
  readonly index: number;
  readonly snapLength: number;
  readonly scale: TimestampScale;
}

export class PcapngReader extends RecordReader {
  /** Identical descriptions in later sections are the same interface, so joined files do not pile them up. */
  readonly interfaces: CaptureInterface[] = [];
  readonly #indexOf = new Map<string, number>();
  #section: SectionInterface[] = [];
  #sectionNumber = 0;
  /** By interface: the last section that described it. */
  readonly #lastSection: number[] = [];
  #littleEndian = true;
  #inSection = false;
  /** The length the block being read must repeat in its last four bytes; 0 between blocks. */
  #trailer = 0;
  #lastTsUs = 0;

  protected mayEnd(): boolean {
    return this.#inSection && this.#trailer === 0;
  }

  protected parse(bytes: Uint8Array, start: number, end: number, sink: FrameSink): number {
    if (this.#trailer !== 0) return this.#parseTrailer(bytes, start, end);
    if (end - start < blockHeaderBytes) return -blockHeaderBytes;
    const type = readU32(bytes, start, this.#littleEndian);
    if (type === BlockType.sectionHeader) return this.#parseSection(bytes, start, end);
    if (!this.#inSection) throw this.malformed('it does not begin with a section header');
    const length = this.#blockLength(bytes, start, blockHeaderBytes + trailerBytes);
    let needed = 0;
    if (type === BlockType.enhancedPacket) needed = this.#parseEnhanced(bytes, start, end, length, sink);
    else if (type === BlockType.simplePacket) needed = this.#parseSimple(bytes, start, end, length, sink);
    else if (type === BlockType.packet) needed = this.#parseObsolete(bytes, start, end, length, sink);
    else if (type === BlockType.interfaceDescription) needed = this.#parseInterface(bytes, start, end, length);
    else if (type === BlockType.interfaceStatistics) needed = this.#parseStatistics(bytes, start, end, length);
    return needed > 0 ? -needed : this.#endBlock(bytes, start, end, length);
  }

  /** Checks the trailing length where it is here already (nearly always), else leaves that for later. */
  #endBlock(bytes: Uint8Array, start: number, end: number, length: number): number {
    this.#trailer = length;
    if (end - start < length) return length - trailerBytes;
    this.#parseTrailer(bytes, start + length - trailerBytes, end);
    return length;
  }

  #parseTrailer(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < trailerBytes) return -trailerBytes;
    const repeated = readU32(bytes, start, this.#littleEndian);
    if (repeated !== this.#trailer) {
      throw this.malformed(`a block of ${this.#trailer} bytes ends with the length ${repeated}`);
    }
    this.#trailer = 0;
    return trailerBytes;
  }

  #blockLength(bytes: Uint8Array, start: number, lengthMin: number): number {
    const length = readU32(bytes, start + 4, this.#littleEndian);
    if (length >= lengthMin && (length & 3) === 0) return length;
    throw this.malformed(`a block gives its length as ${length}`);
  }

  #parseSection(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 16) return -16;
    this.#littleEndian = readU32(bytes, start + 8, true) === byteOrderMagic;
    if (!this.#littleEndian && readU32(bytes, start + 8, false) !== byteOrderMagic) {
      throw this.malformed('a section header has no byte-order mark');
    }
    const length = this.#blockLength(bytes, start, 28);
    const major = readU16(bytes, start + 12, this.#littleEndian);
    if (major !== 1) throw this.malformed(`a section is of pcapng version ${major}; only version 1 exists`);
    this.#inSection = true;
    this.#section = [];
    this.#sectionNumber += 1;
    return this.#endBlock(bytes, start, end, length);
  }

  #parseInterface(bytes: Uint8Array, start: number, end: number, length: number): number {
    if (length < 20) throw this.malformed(`an interface description of ${length} bytes`);
    const bodyEnd = Math.min(length - trailerBytes, 16 + optionBytesMax);
    if (end - start < bodyEnd) return bodyEnd;
    if (this.#section.length >= interfacesMax)
      throw this.malformed(`more than ${interfacesMax} interfaces in one section`);
    const littleEndian = this.#littleEndian;
    const option = (code: number) => optionOffset(bytes, start + 16, start + bodyEnd, code, littleEndian);
    const nameAt = option(OptionCode.interfaceName);
    const nameBytes = nameAt < 0 ? 0 : Math.min(readU16(bytes, nameAt - 2, littleEndian), interfaceNameBytesMax);
    const name =
      nameAt < 0
        ? `interface ${this.#section.length}`
        : new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameBytes)).replace(/\0+$/, '');
    const resolutionAt = option(OptionCode.interfaceTimestampResolution);
    const offsetAt = option(OptionCode.interfaceTimestampOffset);
    const snapLength = readU32(bytes, start + 12, littleEndian);
    const index = this.#intern({ name, linkType: readU16(bytes, start + 8, littleEndian), snapLength });
    const scale = new TimestampScale(
      resolutionAt < 0 ? 6 : bytes[resolutionAt]!,
      offsetAt < 0 ? 0 : readSeconds(bytes, offsetAt, littleEndian),
    );
    this.#section.push({ index, snapLength, scale });
    return 0;
  }

  /** The index of an equal interface of an earlier section, or of a new one. */
  #intern(described: CaptureInterface): number {
    const key = `${described.linkType} ${described.snapLength} ${described.name}`;
    const known = this.#indexOf.get(key);
    const isNew = known === undefined || this.#lastSection[known] === this.#sectionNumber;
    if (isNew && this.interfaces.length >= interfacesMax) throw this.malformed(`more than ${interfacesMax} interfaces`);
    const index = isNew ? this.interfaces.push(described) - 1 : known;
    this.#indexOf.set(key, index);
    this.#lastSection[index] = this.#sectionNumber;
    return index;
  }

  #parseEnhanced(bytes: Uint8Array, start: number, end: number, length: number, sink: FrameSink): number {
    if (length < 32) throw this.malformed(`a packet block of ${length} bytes`);
    if (end - start < 28) return 28;
    const from = this.#interface(readU32(bytes, start + 8, this.#littleEndian));
    return this.#parseFrame(bytes, start, end, length, from, sink);
  }

  #parseObsolete(bytes: Uint8Array, start: number, end: number, length: number, sink: FrameSink): number {
    if (length < 32) throw this.malformed(`a packet block of ${length} bytes`);
    if (end - start < 28) return 28;
    const from = this.#interface(readU16(bytes, start + 8, this.#littleEndian));
    return this.#parseFrame(bytes, start, end, length, from, sink);
  }

  /** The part that the enhanced and the obsolete packet block have in common. */
  #parseFrame(
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
    from: SectionInterface,
    sink: FrameSink,
  ): number {
    const littleEndian = this.#littleEndian;
    const captured = readU32(bytes, start + 20, littleEndian);
    if (captured > frameBytesMax || captured > length - 32) {
      throw this.malformed(`a packet block of ${length} bytes claims a frame of ${captured}`);
    }
    if (end - start < 28 + captured) return 28 + captured;
    const wire = readU32(bytes, start + 24, littleEndian);
    const high = readU32(bytes, start + 12, littleEndian);
    const tsUs = from.scale.toUs(high, readI32(bytes, start + 16, littleEndian));
    this.#lastTsUs = tsUs;
    this.countFrame(from.index);
    const frameStart = start + 28;
    sink.frame(bytes, frameStart, frameStart + captured, Math.max(wire, captured), tsUs, from.index);
    return 0;
  }

  /** A simple packet has no time: it takes that of the frame before it. */
  #parseSimple(bytes: Uint8Array, start: number, end: number, length: number, sink: FrameSink): number {
    if (length < 16) throw this.malformed(`a simple packet block of ${length} bytes`);
    if (end - start < 12) return 12;
    const from = this.#interface(0);
    const wire = readU32(bytes, start + 8, this.#littleEndian);
    const captured = Math.min(wire, length - 16, from.snapLength === 0 ? wire : from.snapLength);
    if (captured > frameBytesMax) throw this.malformed(`a simple packet block claims a frame of ${captured} bytes`);
    if (end - start < 12 + captured) return 12 + captured;
    this.countFrame(from.index);
    sink.frame(bytes, start + 12, start + 12 + captured, wire, this.#lastTsUs, from.index);
    return 0;
  }

  #parseStatistics(bytes: Uint8Array, start: number, end: number, length: number): number {
    if (length < 24) throw this.malformed(`a statistics block of ${length} bytes`);
    const bodyEnd = Math.min(length - trailerBytes, 20 + optionBytesMax);
    if (end - start < bodyEnd) return bodyEnd;
    const { index } = this.#interface(readU32(bytes, start + 8, this.#littleEndian));
    const at = optionOffset(bytes, start + 20, start + bodyEnd, OptionCode.statisticsDropped, this.#littleEndian);
    if (at >= 0) this.droppedByInterface[index] = readU64(bytes, at, this.#littleEndian);
    return 0;
  }

  #interface(number: number): SectionInterface {
    const from = this.#section[number];
    if (from !== undefined) return from;
    throw this.malformed(`interface ${number} is used but not described`);
  }
}

/** if_tsoffset: signed seconds. */
function readSeconds(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const high = readU32(bytes, littleEndian ? at + 4 : at, littleEndian) | 0;
  const low = readU32(bytes, littleEndian ? at : at + 4, littleEndian);
  return high * 0x1_0000_0000 + low;
}
