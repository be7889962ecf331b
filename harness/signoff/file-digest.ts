/** SHA-256 of a plain file: a pipe is not waited for, and no file is held in memory. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const pieceBytes = 1 << 20;

/** @param also another digest of the same bytes, by how many there are @returns hexadecimal digits. @throws Error whose message says what is wrong with it, in words */
export function fileDigest(file: string, bytesMax = Number.POSITIVE_INFINITY, also?: (bytes: number) => Hash): string {
  const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw new Error('it is a folder');
    if (!stat.isFile()) throw new Error('it is no plain file');
    if (stat.size > bytesMax) throw new Error(`it is larger than ${bytesMax >> 20} MiB`);
    const hash = createHash('sha256');
    const other = also?.(stat.size);
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, stat.size + 1));
    // What is appended meanwhile is left out.
    for (let left = stat.size; left > 0; ) {
      const count = readSync(descriptor, piece, 0, Math.min(piece.length, left), null);
      if (count === 0) break;
      hash.update(piece.subarray(0, count));
      other?.update(piece.subarray(0, count));
      left -= count;
    }
    return hash.digest('hex');
  } finally {
    closeSync(descriptor);
  }
}
