/** What a command keeps below the project's folder, in `.floodgate`: versions that are checked out, and what is measured. */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';

/** Runs what writes there. @throws FloodgateError `output-unwritable` for errors of the file system */
export function inProjectFolder<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof FloodgateError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    const place = path.join(folder, '.floodgate');
    throw new FloodgateError('output-unwritable', `${place} cannot be written to: ${(error as Error).message}`, {
      hint: 'Versions are checked out and run there: take a copy of the project that this user may write to.',
      cause: error,
    });
  }
}
