/** A pcap or pcapng file as traffic: read in chunks, timestamps made never to decrease. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { CaptureInterface, FrameSink } from '../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { AnyCaptureReader } from '../../agent/pcap/capture-reader.ts';

const chunkBytes = 1 << 20;
/** A slice of a chunk ends a read near the frames asked for. */
const sliceBytes = 16_384;
/** Recordings are packed with a window that reaches back 128 MB: the same bodies come again and again. */
const windowLogMax = 27;
/** Unpacked: a recording is committed with a scenario, and a few megabytes there. */
const unpackedBytesMax = 512_000_000;

export class Recording implements FrameSink {
  readonly #path: string;
  readonly #reader: AnyCaptureReader;
  readonly #unpacked: Uint8Array | undefined;
  readonly #chunk: Uint8Array;
  #fd: number;
  #at = 0;
  #end = 0;
  #ended = false;
  #target: FrameSink | undefined;
  #lastTsUs = 0;
  framesRead = 0;
  /** The file ends in the middle of a record, as when a disk was full: its whole frames were read. */
  isCutShort = false;

  /** @throws FloodgateError `recording-unreadable`, `recording-too-large`. */
  constructor(path: string) {
    this.#path = path;
    this.#reader = new AnyCaptureReader(path);
    this.#fd = open(path);
    const compression = compressionOf(this.#fd);
    this.#unpacked = compression === undefined ? undefined : unpack(path, compression);
    this.#chunk = this.#unpacked ?? new Uint8Array(chunkBytes);
    if (this.#unpacked) {
      this.#end = this.#unpacked.length;
      this.#ended = true;
      this.close();
    }
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#reader.interfaces;
  }

  /** As `Traffic.read`. @throws FloodgateError when the file is malformed, or holds no whole frame. */
  read(sink: FrameSink, framesMax: number): number {
    this.#target = sink;
    const before = this.framesRead;
    while (this.framesRead - before < framesMax) {
      if (this.#at === this.#end && !this.#fill()) {
        return this.framesRead > before ? this.framesRead - before : -1;
      }
      const start = this.#at;
      this.#at = Math.min(start + sliceBytes, this.#end);
      try {
        this.#reader.push(this.#chunk, start, this.#at, this);
      } catch (error) {
        throw this.#named(error);
      }
    }
    return this.framesRead - before;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.#reader.interfaces[interfaceIndex]!.linkType !== ethernet) throw this.#foreign(interfaceIndex);
    if (tsUs > this.#lastTsUs) this.#lastTsUs = tsUs;
    this.framesRead += 1;
    this.#target!.frame(bytes, start, end, wireLength, this.#lastTsUs, 0);
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #fill(): boolean {
    if (!this.#ended) {
      this.#at = 0;
      this.#end = this.#fd < 0 ? 0 : readSync(this.#fd, this.#chunk, 0, chunkBytes, null);
      if (this.#end > 0) return true;
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
    throw new FloodgateError('recording-empty', `${this.#path} holds no frame`, {
      hint: 'record again while there is traffic, and without a filter that leaves nothing over',
    });
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
      `${this.#path}: frames of ${name} are of link type ${linkType}; only Ethernet (1) can be sent into a device`,
      { hint: 'record on an Ethernet interface, or rewrite it: tcprewrite --dlt=enet --infile=IN --outfile=OUT' },
    );
  }
}

const ethernet = 1;

function open(path: string): number {
  try {
    const fd = openSync(path, 'r');
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

type Compression = 'gzip' | 'zstd';

function compressionOf(fd: number): Compression | undefined {
  const magic = new Uint8Array(4);
  if (!fstatSync(fd).isFile() || readSync(fd, magic, 0, 4, 0) < 4) return undefined;
  const first = new DataView(magic.buffer).getUint32(0);
  if (first >>> 16 === 0x1f8b) return 'gzip';
  return first === 0x28b5_2ffd ? 'zstd' : undefined;
}

/** Whole: what a scenario is committed with is small, and decompressing in pieces cannot wait here. */
function unpack(path: string, compression: Compression): Uint8Array {
  const limit = { maxOutputLength: unpackedBytesMax };
  try {
    const packed = readFileSync(path);
    if (compression === 'gzip') return gunzipSync(packed, limit);
    const parameters = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
    return zstdDecompressSync(packed, { ...limit, params: parameters });
  } catch (cause) {
    const tooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (tooLarge) {
      throw new FloodgateError('recording-too-large', `${path} unpacks to more than ${unpackedBytesMax / 1e6} MB`, {
        hint: `unpack it first (${compression} -d): an unpacked recording may be of any size`,
        cause,
      });
    }
    throw new FloodgateError('recording-unreadable', `${path} is damaged: ${compression} cannot unpack it`, {
      hint: 'record it again, or repair the file',
      cause,
    });
  }
}
