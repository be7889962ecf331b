/**
 * A batch of witnesses as it lies in the spool: a head, then the body as it is sent. The head has a checksum over itself and
 * the body, so that a file that was cut or overwritten is known as such.
 *
 *     0  'FGBATCH2'      8  identity, 16 bytes     24  witnesses, u32 LE     28  body bytes, u32 LE
 *    32  overload level, u8, and seven zeros       40  share, f64 LE
 *    48  SHA-256 over bytes 0 … 47 and the body, 32 bytes
 *
 * 'FGBATCH1', of agents before, has the checksum at 32, over bytes 0 … 31, and says nothing of overload.
 *
 * The identity is random and stays with the batch: whoever receives it twice knows it by that.
 */
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type OverloadMark, unmarked } from '../overload/mark.ts';

export const batchHeadBytes = 80;
const signature = 'FGBATCH2';
const checksumAt = 48;
const checksumBytes = 32;
const olderSignature = 'FGBATCH1';
const olderChecksumAt = 32;
/** Past 3 the time doubles for a tenth of the size (witnesses of `steady`). */
const gzipLevel = 3;

export interface Batch {
  /** 32 hexadecimal digits. */
  readonly identity: string;
  readonly witnesses: number;
  /** The most that was left out while it was filled. */
  readonly overload: OverloadMark;
  /** Gzipped witnesses, each with its length before it. */
  readonly body: Buffer;
}

/** @param bytes witnesses, each with its length before it; not kept */
export function sealBatch(bytes: Uint8Array, witnesses: number, overload = unmarked): Batch {
  return {
    identity: randomBytes(16).toString('hex'),
    witnesses,
    overload,
    body: gzipSync(bytes, { level: gzipLevel }),
  };
}

export function batchHead({ identity, witnesses, overload, body }: Batch): Buffer {
  const head = Buffer.alloc(batchHeadBytes);
  head.write(signature, 'latin1');
  head.write(identity, 8, 'hex');
  head.writeUInt32LE(witnesses, 24);
  head.writeUInt32LE(body.length, 28);
  head.writeUInt8(overload.level, 32);
  head.writeDoubleLE(overload.share, 40);
  checksum(head, checksumAt, body).copy(head, checksumAt);
  return head;
}

interface BatchHead extends Omit<Batch, 'body'> {
  readonly bodyBytes: number;
  readonly checksumAt: number;
}

/** What a head says; undefined where the bytes are none. Without its body nothing is proved. */
export function readBatchHead(head: Buffer): BatchHead | undefined {
  const name = head.toString('latin1', 0, 8);
  const isOlder = name === olderSignature;
  const place = isOlder ? olderChecksumAt : checksumAt;
  if ((!isOlder && name !== signature) || head.length < place + checksumBytes) return undefined;
  return {
    identity: head.toString('hex', 8, 24),
    witnesses: head.readUInt32LE(24),
    bodyBytes: head.readUInt32LE(28),
    overload: isOlder ? unmarked : { level: head.readUInt8(32) as OverloadMark['level'], share: head.readDoubleLE(40) },
    checksumAt: place,
  };
}

/** The batch of a whole file; undefined where it is torn: another length than its head says, another checksum. */
export function readBatch(file: Buffer): Batch | undefined {
  const head = readBatchHead(file);
  if (head === undefined) return undefined;
  const bodyAt = head.checksumAt + checksumBytes;
  if (file.length !== bodyAt + head.bodyBytes) return undefined;
  const body = file.subarray(bodyAt);
  if (checksum(file, head.checksumAt, body).compare(file, head.checksumAt, bodyAt) !== 0) return undefined;
  const { identity, witnesses, overload } = head;
  return { identity, witnesses, overload, body };
}

function checksum(head: Buffer, place: number, body: Buffer): Buffer {
  return createHash('sha256').update(head.subarray(0, place)).update(body).digest();
}
