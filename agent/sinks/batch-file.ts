/** The file of a batch (`batch.ts`), read piece by piece: whatever is in it, it takes the memory of one. */
import { closeSync, readSync } from 'node:fs';
import type { OverloadMark } from '../overload/mark.ts';
import { type BatchHead, batchChecksum, batchHeadBytes, type HeldBatch, readBatchHead } from './batch.ts';
import type { BatchCoding } from './batch-compressor.ts';

const pieceBytes = 64 << 10;
/** For readers that are done before another one begins. */
const passing = Buffer.allocUnsafeSlow(pieceBytes);

/** @param fd stays open @param piece where each piece lies until the next is asked for @throws Error where there is less */
export function* readPieces(fd: number, from: number, end: number, piece = passing): Generator<Buffer> {
  for (let at = from; at < end; ) {
    const size = readSync(fd, piece, 0, Math.min(piece.length, end - at), at);
    if (size === 0) throw new Error('the file of a batch became shorter');
    at += size;
    yield piece.subarray(0, size);
  }
}

/** What the head of a file says; undefined where it has none. */
export function headIn(fd: number): { head: BatchHead; bytes: Buffer } | undefined {
  const bytes = Buffer.alloc(batchHeadBytes);
  const head = readBatchHead(bytes.subarray(0, readSync(fd, bytes, 0, batchHeadBytes, 0)));
  return head && { head, bytes };
}

/** One batch at a time is sent. */
const sent = Buffer.allocUnsafeSlow(pieceBytes);

export class BatchFile implements HeldBatch {
  readonly identity: string;
  readonly witnesses: number;
  readonly overload: OverloadMark;
  readonly coding: BatchCoding;
  readonly bodyBytes: number;
  readonly #fd: number;
  readonly #bodyAt: number;

  private constructor(fd: number, { identity, witnesses, overload, coding, bodyBytes, bodyAt }: BatchHead) {
    this.#fd = fd;
    this.identity = identity;
    this.witnesses = witnesses;
    this.overload = overload;
    this.coding = coding;
    this.bodyBytes = bodyBytes;
    this.#bodyAt = bodyAt;
  }

  /**
   * Takes a descriptor over where a whole batch lies in the file.
   * @returns null where it is torn: another length than its head says, another checksum
   */
  static of(fd: number, size: number): BatchFile | null {
    const found = headIn(fd);
    if (found === undefined) return null;
    const { head, bytes } = found;
    if (size !== head.bodyAt + head.bodyBytes) return null;
    const checksum = batchChecksum(bytes, head.checksumAt, readPieces(fd, head.bodyAt, size));
    return checksum.compare(bytes, head.checksumAt, head.bodyAt) === 0 ? new BatchFile(fd, head) : null;
  }

  pieces(): Iterable<Buffer> {
    return readPieces(this.#fd, this.#bodyAt, this.#bodyAt + this.bodyBytes, sent);
  }

  /** Its pieces are gone then. */
  close(): void {
    closeSync(this.#fd);
  }
}
