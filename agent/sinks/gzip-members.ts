/**
 * Members of gzip, one after the other, in memory that stays. `gzipSync` makes a state, buffers and a result for each: 600 KB a batch,
 * outside of V8's heap, that a later collection frees and malloc keeps. So the native handle below it is driven directly, as in
 * `agent/coding/native-inflater.ts`; the runtime is pinned.
 */
import assert from 'node:assert/strict';
import { constants, createGzip } from 'node:zlib';
import type { HandleOwner } from '../coding/native-inflater.ts';

/** Past 3 the time doubles for a tenth of the size (witnesses of `steady`). */
const gzipLevel = 3;

/** Of a member: head, end and the length of each stored block, where nothing can be compressed (RFC 1951, 1952). */
const memberBytes = 32;
const storedShare = 1 / 2048;
/** The longest member of so many bytes. */
export const memberBytesMax = (bytes: number): number => Math.ceil(bytes * (1 + storedShare)) + memberBytes;

export class GzipMembers {
  /** Owns the handle: must outlive it. */
  readonly #owner: HandleOwner;
  readonly #output: Buffer;

  /** @param bytesMax of what is compressed at once */
  constructor(bytesMax: number) {
    this.#owner = createGzip({ level: gzipLevel, chunkSize: constants.Z_MIN_CHUNK }) as unknown as HandleOwner;
    this.#output = Buffer.allocUnsafeSlow(memberBytesMax(bytesMax));
  }

  /** @returns a view, valid until the next call */
  member(bytes: Uint8Array, length: number): Buffer {
    const { _handle: handle, _writeState: state } = this.#owner;
    handle.writeSync(constants.Z_FINISH, bytes, 0, length, this.#output, 0, this.#output.length);
    assert(state[1] === 0 && state[0]! > 0);
    const end = this.#output.length - state[0]!;
    handle.reset();
    return this.#output.subarray(0, end);
  }
}
