/** A capture as traffic: read in chunks, unpacked on the way, its frames made Ethernet, its times never decreasing. */
import { closeSync, constants as fsConstants, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { constants, zstdDecompressSync } from 'node:zlib';
import type { CaptureInterface, FrameSink } from '../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { AnyCaptureReader, isDecompressed } from '../../agent/pcap/capture-reader.ts';
import { convertibleName, convertibleNames, EthernetConverter, isEthernet } from './to-ethernet.ts';

const chunkBytes = 1 << 20;
/** A slice of a chunk ends a read near the frames asked for. */
const sliceBytes = 16_384;
/** What a slice of a compressed file becomes may be a thousand times as much. */
const packedSliceBytes = 2_048;
/**
 * zstd with a window that reaches further back is unpacked whole: the reader's own has 8 MB. A scenario's recording is
 * packed so, since the same bodies come again and again.
 */
const windowBytesMax = 8 << 20;
const windowLogMax = 27;
const unpackedBytesMax = 512_000_000;
/** A capture that is read again and again stays in memory up to here: reading it takes longer than anything else but sending. */
const keptBytesMax = 64_000_000;

/**
 * Of who reads in a thread that must not wait, since signals come there: a read then returns where nothing has come yet through a
 * pipe, and leaves that here.
 */
export interface InputState {
  isIdle: boolean;
}

export interface RecordingOptions {
  /** Of who must not wait for a pipe. @default a read waits */
  readonly input?: InputState | undefined;
  /** What the file holds (`contentOf`). @default it is read as it goes */
  readonly content?: Uint8Array | undefined;
}

/** What a file holds that is read more than once; undefined where it is too large, or no file. */
export function contentOf(path: string): Uint8Array | undefined {
  const stats = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() && stats.size <= keptBytesMax ? readFileSync(path) : undefined;
}

export class Recording implements FrameSink {
  readonly #path: string;
  readonly #reader: AnyCaptureReader;
  readonly #unpacked: Uint8Array | undefined;
  readonly #chunk: Uint8Array;
  #sliceBytes: number;
  readonly #converter = new EthernetConverter();
  readonly #input: InputState | undefined;
  #fd: number;
  /** A pipe by name has no end before its writer came. */
  #awaitsWriter = false;
  #at = 0;
  #end = 0;
  #ended = false;
  #target: FrameSink | undefined;
  #lastTsUs = 0;
  framesRead = 0;
  /** Frames of other link types that hold no packet of a network: not delivered. */
  framesLeftOut = 0;
  /** The file ends in the middle of a record, or of its packing, as when a disk was full: its whole frames were read. */
  isCutShort = false;
  /** By interface: its frames, and whether it has times finer than a microsecond, which no clock of ours is. */
  readonly #framesOf: number[] = [];
  readonly #finer = new Set<number>();
  /** Frames that were made Ethernet, by what they were. */
  readonly converted = new Map<string, number>();

  /** @param path of a file; `-` for standard input @throws FloodgateError `recording-unreadable`, `recording-too-large`. */
  constructor(path: string, { input, content }: RecordingOptions = {}) {
    this.#path = path === '-' ? 'standard input' : path;
    this.#reader = new AnyCaptureReader(this.#path);
    this.#input = input;
    this.#fd = path === '-' ? standardInput(input) : open(path, input);
    this.#awaitsWriter = path !== '-' && fstatSync(this.#fd).isFIFO();
    const first = firstBytes(this.#fd);
    this.#sliceBytes = path === '-' || isDecompressed(first) ? packedSliceBytes : sliceBytes;
    this.#unpacked = zstdWindowBytes(first) > windowBytesMax ? unpack(path) : content;
    this.#chunk = this.#unpacked ?? new Uint8Array(chunkBytes);
    if (this.#unpacked) {
      if (this.#unpacked !== content) this.#sliceBytes = sliceBytes;
      this.#end = this.#unpacked.length;
      this.#ended = true;
      this.close();
    }
  }

  /** As it is named in messages. */
  get name(): string {
    return this.#path;
  }

  /** Frames of interfaces whose times are in nanoseconds. */
  get framesFiner(): number {
    return [...this.#finer].reduce((sum, index) => sum + this.#framesOf[index]!, 0);
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#reader.interfaces;
  }

  /** As `Traffic.read`. @throws FloodgateError when the file is malformed, or holds no whole frame. */
  read(sink: FrameSink, framesMax: number): number {
    this.#target = sink;
    const before = this.framesRead;
    if (this.#input) this.#input.isIdle = false;
    while (this.framesRead - before < framesMax) {
      if (this.#at === this.#end && !this.#fill()) {
        if (this.#input?.isIdle) return this.framesRead - before;
        return this.framesRead > before ? this.framesRead - before : -1;
      }
      const start = this.#at;
      this.#at = Math.min(start + this.#sliceBytes, this.#end);
      try {
        this.#reader.push(this.#chunk, start, this.#at, this);
      } catch (error) {
        throw this.#named(error);
      }
    }
    return this.framesRead - before;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const { linkType } = this.#reader.interfaces[interfaceIndex]!;
    if (tsUs > this.#lastTsUs) this.#lastTsUs = tsUs;
    this.#framesOf[interfaceIndex] = (this.#framesOf[interfaceIndex] ?? 0) + 1;
    if (tsUs !== Math.floor(tsUs)) this.#finer.add(interfaceIndex);
    if (isEthernet(linkType)) {
      this.framesRead += 1;
      this.#target!.frame(bytes, start, end, wireLength, this.#lastTsUs, interfaceIndex);
      return;
    }
    const name = convertibleName(linkType);
    if (name === undefined) throw this.#foreign(interfaceIndex);
    const converter = this.#converter;
    if (!converter.convert(linkType, bytes, start, end)) {
      this.framesLeftOut += 1;
      return;
    }
    this.converted.set(name, (this.converted.get(name) ?? 0) + 1);
    this.framesRead += 1;
    const length = wireLength - converter.shorter;
    this.#target!.frame(converter.bytes, 0, converter.end, length, this.#lastTsUs, interfaceIndex);
  }

  close(): void {
    if (this.#fd > 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #fill(): boolean {
    if (!this.#ended) {
      this.#at = 0;
      const read = this.#fd < 0 ? 0 : this.#input ? readNow(this.#fd, this.#chunk) : readWaiting(this.#fd, this.#chunk);
      this.#end = Math.max(0, read);
      if (read > 0) {
        this.#awaitsWriter = false;
        return true;
      }
      if (this.#input && (read < 0 || this.#awaitsWriter)) {
        this.#input.isIdle = true;
        return false;
      }
      this.#ended = true;
    }
    this.#finish();
    return false;
  }

  #finish(): void {
    try {
      this.#reader.finish();
    } catch (error) {
      const isCut = error instanceof FloodgateError && error.code === 'capture-truncated';
      if (!isCut || this.framesRead === 0) throw this.#named(error);
      this.isCutShort = true;
    }
    if (this.framesRead > 0) return;
    throw new FloodgateError(
      'recording-empty',
      `${this.#path} holds no frame${this.framesLeftOut > 0 ? ' of a network' : ''}`,
      {
        hint: 'record again while there is traffic, and without a filter that leaves nothing over',
      },
    );
  }

  /** The reader knows bytes; the operator, files. */
  #named(error: unknown): unknown {
    if (!(error instanceof FloodgateError) || error.message.includes(this.#path)) return this.#hinted(error);
    const { code, message } = error;
    const hint = code === 'capture-truncated' ? 'the recording was cut short before its first frame' : error.hint;
    return new FloodgateError(code, `${this.#path}: ${message}`, { hint, cause: error });
  }

  /** What the reader advises is for the agent's command line. */
  #hinted(error: unknown): unknown {
    if (!(error instanceof FloodgateError) || error.code !== 'capture-compressed') return error;
    const hint = `unpack it first: ${error.hint.replace(/^[^:]*: /, '').replace(/ FILE .*/, '')} ${this.#path} > capture.pcap`;
    return new FloodgateError(error.code, error.message, { hint, cause: error });
  }

  #foreign(interfaceIndex: number): FloodgateError {
    const { linkType, name } = this.#reader.interfaces[interfaceIndex]!;
    return new FloodgateError(
      'recording-link-type',
      `${this.#path}: frames of ${name} are of link type ${linkType}, which cannot be made Ethernet`,
      { hint: `record on an interface of Ethernet (1), or of ${convertibleNames()}` },
    );
  }
}

/** A pipe is opened anew, so that a read returns where it is empty: its other users see nothing of that. */
function standardInput(input: InputState | undefined): number {
  if (!input || !fstatSync(0).isFIFO()) return 0;
  try {
    return openSync('/dev/stdin', fsConstants.O_RDONLY | fsConstants.O_NONBLOCK);
  } catch {
    return 0;
  }
}

function open(path: string, input: InputState | undefined): number {
  try {
    // A pipe without a writer would be waited for.
    const fd = openSync(path, fsConstants.O_RDONLY | (input ? fsConstants.O_NONBLOCK : 0));
    if (!fstatSync(fd).isDirectory()) return fd;
    closeSync(fd);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new FloodgateError('recording-unreadable', `cannot read ${path}: ${code ?? message}`, {
      hint: code === 'ENOENT' ? 'check the path' : 'check its permissions',
      cause,
    });
  }
  throw new FloodgateError('recording-unreadable', `${path} is a directory, not a recording`, {
    hint: 'give the capture file inside it',
  });
}

/** The first bytes of a regular file, which stay where they are; none of anything else. */
function firstBytes(fd: number): Uint8Array {
  const first = new Uint8Array(18);
  return fstatSync(fd).isFile() ? first.subarray(0, readSync(fd, first, 0, first.length, 0)) : first.subarray(0, 0);
}

/** How far a zstd frame reaches back (RFC 8878, section 3.1.1.1); 0 for anything else. */
function zstdWindowBytes(first: Uint8Array): number {
  const isZstd = first.length >= 18 && first[0] === 0x28 && first[1] === 0xb5 && first[2] === 0x2f && first[3] === 0xfd;
  if (!isZstd) return 0;
  const isSingle = (first[4]! & 0x20) !== 0;
  if (isSingle) {
    // A single segment is its own window: the size of its content stands behind the number of a dictionary.
    const sizeAt = 5 + [0, 1, 2, 4][first[4]! & 3]!;
    const sizeBytes = [1, 2, 4, 8][first[4]! >> 6]!;
    let size = sizeBytes === 2 ? 256 : 0;
    for (let i = 0; i < sizeBytes; i += 1) size += first[sizeAt + i]! * 256 ** i;
    return size;
  }
  const base = 2 ** (10 + (first[5]! >> 3));
  return base + (base / 8) * (first[5]! & 7);
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** @returns bytes read, 0 at the end, −1 where nothing has come yet */
function readNow(fd: number, chunk: Uint8Array): number {
  try {
    return readSync(fd, chunk, 0, chunk.length, null);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EOF') return 0;
    if (code === 'EAGAIN') return -1;
    throw error;
  }
}

/** Reads what there is; standard input may have nothing yet. @returns bytes read, 0 at the end */
export function readWaiting(fd: number, chunk: Uint8Array): number {
  for (;;) {
    const read = readNow(fd, chunk);
    if (read >= 0) return read;
    Atomics.wait(sleeper, 0, 0, 10);
  }
}

/** Whole, since what reaches back so far is held anyway. */
function unpack(path: string): Uint8Array {
  try {
    const params = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
    return zstdDecompressSync(readFileSync(path), { maxOutputLength: unpackedBytesMax, params });
  } catch (cause) {
    const tooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (tooLarge) {
      throw new FloodgateError('recording-too-large', `${path} unpacks to more than ${unpackedBytesMax / 1e6} MB`, {
        hint: 'it is packed with a long window: unpack it first (zstd -d --long=31), or pack it without --long and --ultra',
        cause,
      });
    }
    throw new FloodgateError('recording-unreadable', `${path} is damaged: zstd cannot unpack it`, {
      hint: 'record it again, or repair the file',
      cause,
    });
  }
}
