/** Batches as tests look at them: in one piece. */
import { type Batch, batchChecksum, batchHead, type HeldBatch, readBatchHead, WholeBatch } from './batch.ts';

/** The batch of a whole file; undefined where it is torn. */
export function readBatch(file: Buffer): WholeBatch | undefined {
  const head = readBatchHead(file);
  if (head === undefined || file.length !== head.bodyAt + head.bodyBytes) return undefined;
  const body = file.subarray(head.bodyAt);
  const checksum = batchChecksum(file, head.checksumAt, [body]);
  return checksum.compare(file, head.checksumAt, head.bodyAt) === 0 ? new WholeBatch(head, body) : undefined;
}

export const fileOf = (batch: WholeBatch): Buffer =>
  Buffer.concat([batchHead(batch, batch.bodyBytes, batch.pieces()), batch.body]);

export const bodyOf = (batch: HeldBatch): Buffer =>
  Buffer.concat(Array.from(batch.pieces(), (each) => Buffer.from(each)));

export function madeBody(batch: Batch): Buffer {
  const pieces: Buffer[] = [];
  batch.eachPiece((piece) => pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces);
}
