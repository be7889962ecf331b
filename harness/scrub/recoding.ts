/**
 * Content codings undone and done again to a wanted length. What is shorter than it was is padded where readers step over it: in the
 * name field of gzip's header (RFC 1952, section 2.3.1), with empty blocks of deflate (RFC 1951, section 3.2), empty metadata of brotli
 * (RFC 7932, section 9.2), a skippable frame of zstd (RFC 8878, section 3.1.2). Pure.
 */
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  crc32,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** Of a decoded body at most: what has more is not looked into. */
const decodedBytesMax = 64 << 20;

export interface Decoded {
  readonly bytes: Uint8Array;
  /** Deflate without zlib's header, as some servers send it. */
  readonly isBare: boolean;
}

/** @param isWhole whether the coded bytes are all there @returns undefined where they are damaged, or decode to more than the limit */
export function decode(coding: Coding, coded: Uint8Array, isWhole: boolean): Decoded | undefined {
  const finishFlush = isWhole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  const options = { finishFlush, maxOutputLength: decodedBytesMax };
  try {
    switch (coding) {
      case 'gzip':
        return { bytes: gunzipSync(coded, options), isBare: false };
      case 'deflate':
        return inflateEither(coded, options);
      case 'br': {
        const brotli = {
          maxOutputLength: decodedBytesMax,
          ...(!isWhole && { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
        };
        return { bytes: brotliDecompressSync(coded, brotli), isBare: false };
      }
      default: {
        const zstd = { maxOutputLength: decodedBytesMax, ...(!isWhole && { finishFlush: constants.ZSTD_e_flush }) };
        return { bytes: zstdDecompressSync(coded, zstd), isBare: false };
      }
    }
  } catch {
    return undefined;
  }
}

function inflateEither(coded: Uint8Array, options: object): Decoded {
  try {
    return { bytes: inflateSync(coded, options), isBare: false };
  } catch {
    return { bytes: inflateRawSync(coded, options), isBare: true };
  }
}

export interface EncodeOrder {
  readonly coding: Coding;
  readonly isBare: boolean;
  /** The end of the coded data is part of it; otherwise the bytes are its beginning. */
  readonly isWhole: boolean;
  readonly length: number;
}

/** @returns exactly `length` bytes that decode to `bytes`; undefined where that needs more, or cannot be padded to it */
export function encodeTo(bytes: Uint8Array, order: EncodeOrder): Uint8Array | undefined {
  const { length } = order;
  switch (order.coding) {
    case 'gzip':
      return gzipTo(bytes, order);
    case 'deflate': {
      if (order.isBare) return deflateTo(bytes, length, order.isWhole);
      const rest = length - 2 - (order.isWhole ? 4 : 0);
      const body = deflateTo(bytes, rest, order.isWhole);
      if (!body) return undefined;
      const out = Buffer.alloc(length);
      out.set([0x78, 0x9c]);
      out.set(body, 2);
      if (order.isWhole) out.writeUInt32BE(adler32(bytes), length - 4);
      return out;
    }
    case 'br':
      return brotliTo(bytes, length, order.isWhole);
    default:
      return zstdTo(bytes, length, order.isWhole);
  }
}

/** As short as it gets: a coding within another one has no length of its own to keep. */
export function encodeLeast(bytes: Uint8Array, { coding, isBare, isWhole }: Omit<EncodeOrder, 'length'>): Uint8Array {
  const zlib = { level: 9, memLevel: 9, ...(!isWhole && { finishFlush: constants.Z_SYNC_FLUSH }) };
  const isSmall = bytes.length <= 1 << 20;
  switch (coding) {
    case 'gzip':
      return gzipSync(bytes, zlib);
    case 'deflate':
      return isBare ? deflateRawSync(bytes, zlib) : deflateSync(bytes, zlib);
    case 'br': {
      const params = { [constants.BROTLI_PARAM_QUALITY]: isSmall ? 11 : 5 };
      return brotliCompressSync(bytes, {
        params,
        ...(!isWhole && { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
      });
    }
    default: {
      const params = { [constants.ZSTD_c_compressionLevel]: isSmall ? 19 : 9 };
      return zstdCompressSync(bytes, { params, ...(!isWhole && { finishFlush: constants.ZSTD_e_flush }) });
    }
  }
}

const gzipHeaderBytes = 10;
const gzipTrailerBytes = 8;
const nameFlag = 8;

function gzipTo(bytes: Uint8Array, { length, isWhole }: EncodeOrder): Uint8Array | undefined {
  const trailerBytes = isWhole ? gzipTrailerBytes : 0;
  const packed = deflated(bytes, isWhole, length - gzipHeaderBytes - trailerBytes);
  if (!packed) return undefined;
  const out = Buffer.alloc(length);
  const padding = length - gzipHeaderBytes - trailerBytes - packed.length;
  // Unknown time, unknown system.
  out.set([0x1f, 0x8b, 8, padding > 0 ? nameFlag : 0, 0, 0, 0, 0, 0, 255]);
  if (padding > 0) out.fill(0x78, gzipHeaderBytes, gzipHeaderBytes + padding - 1);
  out.set(packed, gzipHeaderBytes + padding);
  if (isWhole) {
    out.writeUInt32LE(crc32(bytes), length - 8);
    out.writeUInt32LE(bytes.length % 2 ** 32, length - 4);
  }
  return out;
}

/** The shortest that zlib makes, if it fits. */
function deflated(bytes: Uint8Array, isWhole: boolean, bytesMax: number): Uint8Array | undefined {
  const finishFlush = isWhole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  for (const level of [6, 9]) {
    const packed = deflateRawSync(bytes, { level, memLevel: 9, finishFlush });
    if (packed.length <= bytesMax) return packed;
  }
  return undefined;
}

/** Aligned data, then empty blocks up to the length, of which the last says that it is the last. */
function deflateTo(bytes: Uint8Array, length: number, isWhole: boolean): Uint8Array | undefined {
  const exact = deflated(bytes, isWhole, length);
  if (!exact) return undefined;
  if (exact.length === length) return exact;
  const data = deflated(bytes, false, length);
  if (!data) return undefined;
  const out = Buffer.alloc(length);
  out.set(data);
  let at = data.length;
  let left = length - at;
  if (isWhole && left < 2) return undefined;
  // An empty stored block: five bytes.
  while (left > 6) {
    out.set(emptyStored, at);
    at += emptyStored.length;
    left -= emptyStored.length;
  }
  if (isWhole) return endBlocks(out, at, left) ? out : undefined;
  // What is cut off later may be cut in the middle of a block.
  for (let i = 0; i < left; i += 1) out[at + i] = emptyStored[i % emptyStored.length]!;
  return out;
}

const emptyStored = [0, 0, 0, 0xff, 0xff];

/**
 * Two to six bytes that end the data: empty blocks of fixed codes, ten bits each (three of a header, seven of the end of block), the last
 * of them marked.
 */
function endBlocks(out: Uint8Array, at: number, length: number): boolean {
  if (length === 6) {
    // One that is not the last, then a stored one that is: three bits, aligned, its length and that inverted.
    out.set([2, 4, 0, 0, 0xff, 0xff], at);
    return true;
  }
  for (let blocks = 1; blocks <= 4; blocks += 1) {
    if (Math.ceil((blocks * 10) / 8) !== length) continue;
    for (let i = 0; i < blocks; i += 1) {
      const bit = i * 10;
      if (i === blocks - 1) out[at + (bit >> 3)]! |= 1 << (bit & 7);
      out[at + ((bit + 1) >> 3)]! |= 1 << ((bit + 1) & 7);
    }
    return true;
  }
  return false;
}

const emptyMetadata = 0x06;
const lastAndEmpty = 0x03;

function brotliTo(bytes: Uint8Array, length: number, isWhole: boolean): Uint8Array | undefined {
  for (const quality of [5, 11]) {
    if (quality === 11 && bytes.length > 1 << 20) break;
    const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
    const finished = isWhole ? brotliCompressSync(bytes, { params }) : undefined;
    if (finished?.length === length) return finished;
    const data = brotliCompressSync(bytes, { params, finishFlush: constants.BROTLI_OPERATION_FLUSH });
    if (data.length + (isWhole ? 1 : 0) > length) continue;
    const out = Buffer.alloc(length, emptyMetadata);
    out.set(data);
    if (isWhole) out[length - 1] = lastAndEmpty;
    return out;
  }
  return undefined;
}

const skippableBytes = 8;

function zstdTo(bytes: Uint8Array, length: number, isWhole: boolean): Uint8Array | undefined {
  for (const level of [3, 9, 19]) {
    if (level === 19 && bytes.length > 1 << 20) break;
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    const packed = zstdCompressSync(bytes, { params, ...(!isWhole && { finishFlush: constants.ZSTD_e_flush }) });
    const padding = length - packed.length;
    if (padding === 0) return packed;
    if (padding < skippableBytes) continue;
    const out = Buffer.alloc(length);
    out.writeUInt32LE(0x184d_2a50, 0);
    out.writeUInt32LE(padding - skippableBytes, 4);
    out.set(packed, padding);
    return out;
  }
  return undefined;
}

/** RFC 1950, section 8.2. */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    // As many as cannot overflow 32 bits.
    for (const to = Math.min(at + 3_000, bytes.length); at < to; at += 1) {
      a += bytes[at]!;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return b * 65_536 + a;
}
