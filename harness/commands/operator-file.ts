/** Files that the operator names: read whole, up to a bound, and never waited for as a device would have it. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** V8's longest string: JSON beyond it cannot be read anyway. */
const wholeBytesMax = 512 * 1024 * 1024;
const chunkBytes = 1 << 20;

/** What is read of a file, or of a pipe (`<(…)` of a shell). @throws Error whose message says what is wrong with it. */
export function readOperatorFile(file: string, bytesMax = wholeBytesMax): Buffer {
  // A pipe without a writer would be waited for.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw notReadable('it is a folder', 'EISDIR');
    if (!stats.isFile() && !stats.isFIFO()) throw notReadable('it is neither a file nor a pipe', 'ENOTSUP');
    const chunks: Buffer[] = [];
    let length = stats.size;
    while (length <= bytesMax) {
      // A file comes in one piece, so that none of it is copied.
      const chunk = Buffer.allocUnsafe(Math.max(chunkBytes, chunks.length === 0 ? stats.size : 0));
      const count = readChunk(fd, chunk);
      if (count === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, count));
      length = chunks.reduce((sum, each) => sum + each.length, 0);
    }
    throw notReadable(
      `it is larger than ${bytesMax >= 1 << 20 ? `${bytesMax >> 20} MiB` : `${bytesMax >> 10} KiB`}`,
      'EFBIG',
    );
  } finally {
    closeSync(fd);
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));
const pauseMs = 5;

/** Waits for the writer of a pipe as long as there is one. */
function readChunk(fd: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, pauseMs);
    }
  }
}

function notReadable(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
