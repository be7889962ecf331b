/** Bodies of batches, decoded: as they come, piece by piece, and as they are kept, whole. With memory that is bounded, whatever they are. */
import { constants, createGunzip, createZstdDecompress, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { collectLimits } from '../limits.ts';
import type { BatchCoding } from './batch-compressor.ts';

/** The largest window of zstd, 1 MiB: that of an agent's batches is a quarter of it. */
const windowLogMax = 20;

const zstdParams = { [constants.ZSTD_d_windowLogMax]: windowLogMax };

/** Fewer and larger pieces than usual: each costs a turn of the event loop. */
export function bodyDecoder(coding: BatchCoding) {
  const chunkSize = 64 << 10;
  return coding === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize, params: zstdParams });
}

/** A body that was taken once, from the store. @throws Error where it is none */
export function decodedBody(body: Uint8Array, coding: BatchCoding): Uint8Array {
  const maxOutputLength = collectLimits.decodedBytesMax;
  return coding === 'gzip'
    ? gunzipSync(body, { maxOutputLength })
    : zstdDecompressSync(body, { maxOutputLength, params: zstdParams });
}
