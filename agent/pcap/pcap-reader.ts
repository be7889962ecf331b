/** Reads classic pcap (draft-ietf-opsawg-pcap): both byte orders, µs and ns, and the modified variant. Pure. */
import type { CaptureInterface, FrameSink } from '../capture/frame-source.ts';
import { ByteView } from '../wire/byte-view.ts';
import { frameBytesMax, PcapMagic, readU16, readU32 } from './block.ts';
import { RecordReader } from './record-reader.ts';

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const ethernet = 1;
const modifiedRecordHeaderBytes = 24;

export class PcapReader extends RecordReader {
  readonly interfaces: CaptureInterface[] = [];
  readonly #views = new ByteView();
  #littleEndian = true;
  #nanoseconds = false;
  #recordHeaderBytes = recordHeaderBytes;
  /** Captured and wire length changed places after version 2.3; version 2.3 itself was written both ways. */
  #lengthsSwapped: 'no' | 'yes' | 'perhaps' = 'no';
  #headerRead = false;
  /** Little-endian Ethernet, as nearly all captures are: `RecordTaker.takePcap` knows it. */
  #isPlain = false;

  protected mayEnd(): boolean {
    return this.#headerRead;
  }

  protected parse(bytes: Uint8Array, start: number, end: number, sink: FrameSink): number {
    if (!this.#headerRead) return this.#parseFileHeader(bytes, start, end);
    if (sink.records && this.#isPlain && bytes === sink.records.bytes) {
      const at = sink.records.takePcap(start, end, this.#nanoseconds);
      if (at > start) {
        this.countFrames(0, sink.records.taken);
        return at - start;
      }
    }
    const headerBytes = this.#recordHeaderBytes;
    if (end - start < headerBytes) return -headerBytes;
    const littleEndian = this.#littleEndian;
    const view = this.#views.of(bytes);
    let captured = view.getUint32(start + 8, littleEndian);
    let wire = view.getUint32(start + 12, littleEndian);
    if (this.#lengthsSwapped === 'yes' || (this.#lengthsSwapped === 'perhaps' && captured > wire)) {
      [captured, wire] = [wire, captured];
    }
    if (captured > frameBytesMax) throw this.malformed(`a record claims ${captured} bytes, over ${frameBytesMax}`);
    const length = headerBytes + captured;
    if (end - start < length) return -length;
    const fraction = view.getUint32(start + 4, littleEndian);
    const tsUs = view.getUint32(start, littleEndian) * 1e6 + (this.#nanoseconds ? fraction / 1000 : fraction);
    this.countFrame(0);
    sink.frame(bytes, start + headerBytes, start + length, Math.max(wire, captured), tsUs, 0);
    return length;
  }

  #parseFileHeader(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < fileHeaderBytes) return -fileHeaderBytes;
    const magicLittle = readU32(bytes, start, true);
    this.#littleEndian = isPcapMagic(magicLittle);
    const magic = this.#littleEndian ? magicLittle : readU32(bytes, start, false);
    if (!isPcapMagic(magic)) throw this.malformed('it does not begin with a pcap file header');
    this.#nanoseconds = magic === PcapMagic.nanoseconds;
    if (magic === PcapMagic.modified) this.#recordHeaderBytes = modifiedRecordHeaderBytes;
    const major = readU16(bytes, start + 4, this.#littleEndian);
    const minor = readU16(bytes, start + 6, this.#littleEndian);
    // 543 was written by an old DG/UX tool; libpcap reads it like the versions before 2.3.
    if (major !== 2 && major !== 543)
      throw this.malformed(`its version is ${major}.${minor}; 2.4 is the only one in use`);
    if (major === 543 || minor < 3) this.#lengthsSwapped = 'yes';
    else if (minor === 3) this.#lengthsSwapped = 'perhaps';
    // The upper six bits say whether frames end in a checksum, and how long it is.
    const linkType = readU32(bytes, start + 20, this.#littleEndian) & 0x03ff_ffff;
    this.interfaces.push({ name: 'pcap', linkType, snapLength: readU32(bytes, start + 16, this.#littleEndian) });
    this.#headerRead = true;
    this.#isPlain = this.#littleEndian && linkType === ethernet && magic !== PcapMagic.modified && minor === 4;
    return fileHeaderBytes;
  }
}

/** Whether a capture begins with this number, read in either byte order. */
export function isPcapMagic(magic: number): boolean {
  return magic === PcapMagic.microseconds || magic === PcapMagic.nanoseconds || magic === PcapMagic.modified;
}
