/** Files that the operator names and that are read from their beginning. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** @returns its descriptor, the caller's to close. @throws Error where it cannot be read, or is a folder, a device or a pipe. */
export function openRegularFile(file: string): number {
  // A pipe without a writer would be waited for.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error('not a file');
}
