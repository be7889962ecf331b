/** Reads a capture of either format, compressed or not, recognised by its first bytes. Pure. */
import type { CaptureInterface, FrameSink } from '../capture/frame-source.ts';
import { FloodgateError } from '../errors.ts';
import { BlockType, readU32 } from './block.ts';
import { CompressedReader } from './compressed-reader.ts';
import { isPcapMagic, PcapReader } from './pcap-reader.ts';
import { PcapngReader } from './pcapng-reader.ts';
import type { CaptureReader } from './record-reader.ts';

export const magicBytes = 4;

/** A reader for whichever format the first four bytes pushed turn out to be. */
export class AnyCaptureReader implements CaptureReader {
  readonly #what: string;
  readonly #isInner: boolean;
  #reader: CaptureReader | null = null;
  readonly #first = new Uint8Array(magicBytes);
  #firstBytes = 0;

  /**
   * @param what names the input in errors, e.g. `traffic.pcap`.
   * @param isInner what comes out of a compressed capture: that is not decompressed twice
   */
  constructor(what: string, isInner = false) {
    this.#what = what;
    this.#isInner = isInner;
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#reader?.interfaces ?? [];
  }

  get framesRead(): number {
    return this.#reader?.framesRead ?? 0;
  }

  framesOf(interfaceIndex: number): number {
    return this.#reader?.framesOf(interfaceIndex) ?? 0;
  }

  droppedOf(interfaceIndex: number): number | null {
    return this.#reader?.droppedOf(interfaceIndex) ?? null;
  }

  /**
   * As `CaptureReader.push`.
   * @throws FloodgateError also `capture-compressed` (neither gzip nor zstd) and `capture-unknown-format`, by the first four bytes.
   */
  push(bytes: Uint8Array, start: number, end: number, sink: FrameSink): void {
    let at = start;
    if (this.#reader === null) {
      while (this.#firstBytes < magicBytes && at < end) this.#first[this.#firstBytes++] = bytes[at++]!;
      if (this.#firstBytes < magicBytes) return;
      this.#reader = readerFor(this.#first, this.#what, this.#isInner);
      this.#reader.push(this.#first, 0, magicBytes, sink);
    }
    this.#reader.push(bytes, at, end, sink);
  }

  finish(): void {
    if (this.#reader !== null) this.#reader.finish();
    else if (this.#firstBytes === 0) new PcapReader().finish();
    else throw unknownFormat(this.#what);
  }
}

function readerFor(first: Uint8Array, what: string, isInner: boolean): CaptureReader {
  const little = readU32(first, 0, true);
  if (little === BlockType.sectionHeader) return new PcapngReader();
  if (isPcapMagic(little) || isPcapMagic(readU32(first, 0, false))) return new PcapReader();
  const compression = compressionOf(first);
  if (compression === null) throw unknownFormat(what);
  const { name } = compression;
  if (!isInner && (name === 'gzip' || name === 'zstd')) {
    return new CompressedReader(what, name, new AnyCaptureReader(what, true));
  }
  throw new FloodgateError('capture-compressed', `${what} is compressed with ${compression.name}`, {
    hint: `decompress it on the way in: ${compression.command} FILE | floodgate-agent --read -`,
  });
}

/** Whether a capture that begins so is decompressed here. */
export function isDecompressed(first: Uint8Array): boolean {
  const name = compressionOf(first)?.name;
  return name === 'gzip' || name === 'zstd';
}

function compressionOf(first: Uint8Array): { name: string; command: string } | null {
  const big = readU32(first, 0, false);
  if (big >>> 16 === 0x1f8b) return { name: 'gzip', command: 'gzip -dc' };
  if (big === 0x28b52ffd) return { name: 'zstd', command: 'zstd -dc' };
  if (big === 0xfd377a58) return { name: 'xz', command: 'xz -dc' };
  if (big >>> 8 === 0x425a68) return { name: 'bzip2', command: 'bzip2 -dc' };
  if (big === 0x04224d18) return { name: 'lz4', command: 'lz4 -dc' };
  return null;
}

function unknownFormat(what: string): FloodgateError {
  return new FloodgateError('capture-unknown-format', `${what} is neither pcap nor pcapng`, {
    hint: 'tshark -r FILE -w OUT.pcapng converts many other capture formats',
  });
}
