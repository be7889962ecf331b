/**
 * A batch of witnesses as it lies in the spool: a head of 64 bytes, then the body as it is sent. The head has a checksum
 * over itself and the body, so that a file that was cut or overwritten is known as such.
 *
 *     0  'FGBATCH1'      8  identity, 16 bytes     24  witnesses, u32 LE     28  body bytes, u32 LE
 *    32  SHA-256 over bytes 0 … 31 and the body, 32 bytes
 *
 * The identity is random and stays with the batch: whoever receives it twice knows it by that.
 */
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export const batchHeadBytes = 64;
const signature = Buffer.from('FGBATCH1');
/** Past 3 the time doubles for a tenth of the size (witnesses of `steady`). */
const gzipLevel = 3;

export interface Batch {
  /** 32 hexadecimal digits. */
  readonly identity: string;
  readonly witnesses: number;
  /** Gzipped witnesses, each with its length before it. */
  readonly body: Buffer;
}

/** @param bytes witnesses, each with its length before it; not kept */
export function sealBatch(bytes: Uint8Array, witnesses: number): Batch {
  return { identity: randomBytes(16).toString('hex'), witnesses, body: gzipSync(bytes, { level: gzipLevel }) };
}

export function batchHead({ identity, witnesses, body }: Batch): Buffer {
  const head = Buffer.alloc(batchHeadBytes);
  signature.copy(head);
  head.write(identity, 8, 'hex');
  head.writeUInt32LE(witnesses, 24);
  head.writeUInt32LE(body.length, 28);
  checksum(head, body).copy(head, 32);
  return head;
}

/** What a head says; undefined where the bytes are none. Without its body nothing is proved. */
export function readBatchHead(head: Buffer): { identity: string; witnesses: number; bodyBytes: number } | undefined {
  if (head.length < batchHeadBytes || head.compare(signature, 0, 8, 0, 8) !== 0) return undefined;
  return {
    identity: head.toString('hex', 8, 24),
    witnesses: head.readUInt32LE(24),
    bodyBytes: head.readUInt32LE(28),
  };
}

/** The batch of a whole file; undefined where it is torn: another length than its head says, another checksum. */
export function readBatch(file: Buffer): Batch | undefined {
  const head = readBatchHead(file);
  if (head === undefined || file.length !== batchHeadBytes + head.bodyBytes) return undefined;
  const body = file.subarray(batchHeadBytes);
  if (checksum(file, body).compare(file, 32, batchHeadBytes) !== 0) return undefined;
  return { identity: head.identity, witnesses: head.witnesses, body };
}

function checksum(head: Buffer, body: Buffer): Buffer {
  return createHash('sha256').update(head.subarray(0, 32)).update(body).digest();
}
