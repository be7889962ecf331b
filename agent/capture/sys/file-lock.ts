/** Locks that the kernel keeps: flock(2). A lock ends with its descriptor, hence with its process, however that ends. */
import { loadKoffi } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Locks the open file of `fd` for this process alone. Never waits.
 * @returns false where another open file has the lock, in this process or in any other of this kernel
 * @throws Error where the system or the file system has no such locks
 */
export function lockFile(fd: number): boolean {
  const koffi = process.platform === 'win32' ? null : loadKoffi();
  if (koffi === null) throw new Error('this system has no lock that the kernel keeps, or koffi is not installed');
  const flock = koffi.load(null).func('int flock(int fd, int operation)');
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = koffi.errno();
  if (errno === koffi.os.errno.EWOULDBLOCK) return false;
  throw Object.assign(new Error(`flock: errno ${errno}`), { errno });
}
