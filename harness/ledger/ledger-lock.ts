/** One writer of a ledger at a time: what two commands add at once is there afterwards, both of it. */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lockFile } from '../../agent/capture/sys/file-lock.ts';
import { FloodgateError } from '../../agent/errors.ts';

/** A writer has the lock for milliseconds. */
const pauseMs = 20;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Runs the action while no other process does so for the same file. The kernel keeps the lock, on the file's folder: nothing is left of
 * it, however its owner ends. A system without such locks has a file beside it instead.
 * @throws FloodgateError `ledger-busy` where another has it for longer than `waitMs`
 */
export function withLedgerLock<T>(file: string, waitMs: number, action: () => T): T {
  const own = `${file}.lock`;
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const release = takeKernelLock(path.dirname(file)) ?? takeFileLock(own);
    if (typeof release === 'function') {
      try {
        return action();
      } finally {
        release();
      }
    }
    if (waitedMs >= waitMs) throw busy(file, release, own);
    Atomics.wait(sleeper, 0, 0, pauseMs);
  }
}

type Taken = (() => void) | 'kernel' | 'file';

/** Undefined where folders cannot be locked here. */
function takeKernelLock(folder: string): Taken | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(folder, 'r');
    if (lockFile(fd)) return closeSync.bind(undefined, fd);
    closeSync(fd);
    return 'kernel';
  } catch {
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }
}

function takeFileLock(own: string): Taken {
  try {
    writeFileSync(own, `${process.pid}\n`, { flag: 'wx' });
    return () => rmSync(own, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'file';
    throw error;
  }
}

function busy(file: string, by: 'kernel' | 'file', own: string): FloodgateError {
  const owner = by === 'file' ? ` Where none runs, one was killed: remove ${own}.` : '';
  return new FloodgateError('ledger-busy', `another floodgate writes ${file}`, {
    hint: `Nothing was written. Try again.${owner}`,
  });
}
