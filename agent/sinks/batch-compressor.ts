/**
 * Bodies of batches, compressed in memory that stays: members of gzip (RFC 1952) or frames of zstd (RFC 8878), of which several, one
 * behind the other, are one file as well. `gzipSync` and `zstdCompressSync` make a state, buffers and a result for each: 600 KB a
 * batch, outside of V8's heap, that a later collection frees and malloc keeps. So the native handle below is driven directly, as in
 * `agent/coding/native-inflater.ts`; the runtime is pinned.
 */
import assert from 'node:assert/strict';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import type { HandleOwner } from '../coding/native-inflater.ts';

/** Names as in `Content-Encoding`. */
export const batchCodings = ['gzip', 'zstd'] as const;
export type BatchCoding = (typeof batchCodings)[number];
export const batchCodingDefault: BatchCoding = 'zstd';

/** Past 3 the time doubles for a tenth of the size (witnesses of `steady`). */
const gzipLevel = 3;
/** As small as gzip's 3 makes witnesses, in a quarter of its time: 2.1 to 2.3 against 8.6 to 8.9 ns a byte (docs/decisions/zstd-batches.md). */
const zstdLevel = 1;
/** A batch is half a megabyte at most; a window of a quarter of one costs a twentieth of the size. */
const zstdWindowLog = 18;

/** Of a member or frame: head, end and the length of each stored block, where nothing can be compressed. */
const memberBytes = 128;
/** ZSTD_compressBound; stored blocks of deflate (RFC 1951) take less. */
const storedShare = 1 / 256;
/** The longest member or frame of so many bytes. */
export const memberBytesMax = (bytes: number): number => Math.ceil(bytes * (1 + storedShare)) + memberBytes;

export class BatchCompressor {
  readonly coding: BatchCoding;
  /** Owns the handle: must outlive it. */
  readonly #owner: HandleOwner;
  readonly #end: number;
  readonly #output: Buffer;

  /** @param bytesMax of what is compressed at once */
  constructor(coding: BatchCoding, bytesMax: number) {
    this.coding = coding;
    // The stream object around a handle allocates an output buffer of its own that is never used: the smallest allowed.
    const lean = { chunkSize: constants.Z_MIN_CHUNK };
    const params = { [constants.ZSTD_c_compressionLevel]: zstdLevel, [constants.ZSTD_c_windowLog]: zstdWindowLog };
    const owner =
      coding === 'gzip' ? createGzip({ ...lean, level: gzipLevel }) : createZstdCompress({ ...lean, params });
    this.#owner = owner as unknown as HandleOwner;
    this.#end = coding === 'gzip' ? constants.Z_FINISH : constants.ZSTD_e_end;
    this.#output = Buffer.allocUnsafeSlow(memberBytesMax(bytesMax));
  }

  /** @returns a view, valid until the next call */
  member(bytes: Uint8Array, length: number): Buffer {
    const { _handle: handle, _writeState: state } = this.#owner;
    handle.writeSync(this.#end, bytes, 0, length, this.#output, 0, this.#output.length);
    assert(state[1] === 0 && state[0]! > 0);
    const end = this.#output.length - state[0]!;
    handle.reset();
    return this.#output.subarray(0, end);
  }
}
