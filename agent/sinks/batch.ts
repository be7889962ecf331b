/**
 * A batch of witnesses as it lies in the spool: a head, then the body as it is sent. The head has a checksum over itself and
 * the body, so that a file that was cut or overwritten is known as such.
 *
 *     0  'FGBATCH2'      8  identity, 16 bytes     24  witnesses, u32 LE     28  body bytes, u32 LE
 *    32  overload level, u8     33  coding, u8: 0 gzip, 1 zstd     34  six zeros     40  share, f64 LE
 *    48  SHA-256 over bytes 0 … 47 and the body, 32 bytes
 *
 * 'FGBATCH1', of agents before, has the checksum at 32, over bytes 0 … 31, and says nothing of overload.
 *
 * The identity is random and stays with the batch: whoever receives it twice knows it by that.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type OverloadMark, unmarked } from '../overload/mark.ts';
import {
  type BatchCoding,
  BatchCompressor,
  batchCodingDefault,
  batchCodings,
  memberBytesMax,
} from './batch-compressor.ts';
import type { EachPiece } from './record-output.ts';

export const batchHeadBytes = 80;
const signature = 'FGBATCH2';
const checksumAt = 48;
const checksumBytes = 32;
const olderSignature = 'FGBATCH1';
const olderChecksumAt = 32;
/** Without a view of its own for every piece. */
const copyBytes = Buffer.prototype.copy;

export interface BatchLabel {
  /** 32 hexadecimal digits. */
  readonly identity: string;
  readonly witnesses: number;
  /** The most that was left out while it was filled. */
  readonly overload: OverloadMark;
  /** Of the body. */
  readonly coding: BatchCoding;
}

/** Takes compressed witnesses, each with its length before it; a piece is valid during the call. */
type TakePiece = (piece: Buffer) => void;

/** A batch that was filled. */
export interface Batch extends BatchLabel {
  /** What its body may come to. */
  readonly bodyBytesMax: number;
  /** Makes the body. */
  eachPiece(take: TakePiece): void;
}

/** A batch on its way to a server. */
export interface HeldBatch extends BatchLabel {
  readonly bodyBytes: number;
  /** Of the body; each is valid until the next one is asked for. @throws Error where it cannot be read any more */
  pieces(): Iterable<Buffer>;
}

/** A body in one piece, valid as long as whoever made it says. */
export class WholeBatch implements Batch, HeldBatch {
  readonly identity: string;
  readonly witnesses: number;
  readonly overload: OverloadMark;
  readonly coding: BatchCoding;
  readonly body: Buffer;

  constructor({ identity, witnesses, overload, coding }: BatchLabel, body: Buffer) {
    this.identity = identity;
    this.witnesses = witnesses;
    this.overload = overload;
    this.coding = coding;
    this.body = body;
  }

  get bodyBytes(): number {
    return this.body.length;
  }

  get bodyBytesMax(): number {
    return this.body.length;
  }

  eachPiece(take: TakePiece): void {
    take(this.body);
  }

  pieces(): Iterable<Buffer> {
    return [this.body];
  }
}

const newLabel = (witnesses: number, overload: OverloadMark, coding: BatchCoding): BatchLabel => ({
  identity: randomBytes(16).toString('hex'),
  witnesses,
  overload,
  coding,
});

/**
 * @param bytes witnesses, each with its length before it; not kept
 * @param compressor the body is valid until it makes another one
 */
export function sealBatch(
  bytes: Uint8Array,
  witnesses: number,
  overload = unmarked,
  compressor = new BatchCompressor(batchCodingDefault, bytes.length),
): WholeBatch {
  const label = newLabel(witnesses, overload, compressor.coding);
  return new WholeBatch(label, compressor.member(bytes, bytes.length));
}

/**
 * One witness that is longer than a batch: never in one piece, neither before nor behind compression. Its body is several members of
 * gzip, one behind the other, which is a gzip file as well (RFC 1952, section 2.2), or several frames of zstd (RFC 8878, section 3).
 * @param each gives the witness with its length before it; called once, within `put`
 * @param scratch free until `put` returns
 */
export function longBatch(
  each: EachPiece,
  length: number,
  scratch: Buffer,
  overload: OverloadMark,
  compressor = new BatchCompressor(batchCodingDefault, scratch.length),
): Batch {
  return {
    ...newLabel(1, overload, compressor.coding),
    bodyBytesMax: Math.ceil(length / scratch.length) * memberBytesMax(scratch.length),
    eachPiece: (take) => {
      let used = 0;
      const end = () => {
        if (used > 0) take(compressor.member(scratch, used));
        used = 0;
      };
      each((bytes, start, stop) => {
        for (let at = start; at < stop; ) {
          const size = copyBytes.call(bytes, scratch, used, at, stop);
          at += size;
          used += size;
          if (used === scratch.length) end();
        }
      });
      end();
    },
  };
}

/** The head of a file with this body. */
export function batchHead(
  { identity, witnesses, overload, coding }: BatchLabel,
  bodyBytes: number,
  body: Iterable<Buffer>,
): Buffer {
  const head = Buffer.alloc(batchHeadBytes);
  head.write(signature, 'latin1');
  head.write(identity, 8, 'hex');
  head.writeUInt32LE(witnesses, 24);
  head.writeUInt32LE(bodyBytes, 28);
  head.writeUInt8(overload.level, 32);
  head.writeUInt8(batchCodings.indexOf(coding), 33);
  head.writeDoubleLE(overload.share, 40);
  batchChecksum(head, checksumAt, body).copy(head, checksumAt);
  return head;
}

export interface BatchHead extends BatchLabel {
  readonly bodyBytes: number;
  readonly checksumAt: number;
  readonly bodyAt: number;
}

/** What a head says; undefined where the bytes are none. Without its body nothing is proved. */
export function readBatchHead(head: Buffer): BatchHead | undefined {
  const name = head.toString('latin1', 0, 8);
  const isOlder = name === olderSignature;
  const place = isOlder ? olderChecksumAt : checksumAt;
  if ((!isOlder && name !== signature) || head.length < place + checksumBytes) return undefined;
  const coding = isOlder ? 'gzip' : batchCodings[head.readUInt8(33)];
  if (coding === undefined) return undefined;
  return {
    identity: head.toString('hex', 8, 24),
    witnesses: head.readUInt32LE(24),
    bodyBytes: head.readUInt32LE(28),
    overload: isOlder ? unmarked : { level: head.readUInt8(32) as OverloadMark['level'], share: head.readDoubleLE(40) },
    coding,
    checksumAt: place,
    bodyAt: place + checksumBytes,
  };
}

/** What stands in a head at `place`. */
export function batchChecksum(head: Buffer, place: number, body: Iterable<Buffer>): Buffer {
  const hash = createHash('sha256').update(head.subarray(0, place));
  for (const piece of body) hash.update(piece);
  return hash.digest();
}
