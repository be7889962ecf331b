/**
 * Has the system map single pages of files where it would map sixteen around each that is read (mm/memory.c, `do_fault_around`). What
 * switches that off for a range is its registration for asynchronous write protection with userfaultfd(2), Linux 6.7 and later; nothing is
 * protected here, and no fault waits for anyone. Containers whose system call filter knows no userfaultfd keep the sixteen.
 */
import type { Libc } from './libc.ts';

/** Of no other processor is the number known here. */
const userfaultfdNumber: Partial<Record<string, number>> = { x64: 323, arm64: 282 };
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
/** Faults of user mode alone: what anybody may ask for. */
const UFFD_USER_MODE_ONLY = 1;

/** linux/userfaultfd.h: _IOWR(0xaa, 0x3f, struct uffdio_api) and _IOWR(0xaa, 0, struct uffdio_register). */
const UFFDIO_API = 0xc018aa3f;
const UFFDIO_REGISTER = 0xc020aa00;
const UFFD_API = 0xaan;
const UFFD_FEATURE_WP_ASYNC = 1n << 15n;
const UFFDIO_REGISTER_MODE_WP = 2n;

const noBytes = new Uint8Array(0);

export interface Range {
  readonly start: bigint;
  readonly length: number;
}

/**
 * To the end of the process: the descriptor stays open.
 * @param ranges whole private mappings of files
 * @returns those where single pages are mapped from now on; none where the system does not have or allow it
 */
export function mapSinglePages(libc: Libc, ranges: readonly Range[]): readonly Range[] {
  const number = userfaultfdNumber[process.arch];
  if (number === undefined || ranges.length === 0) return [];
  const fd = libc.syscall(number, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY, 0, noBytes);
  if (fd < 0) return [];
  const granted = words(UFFD_API, UFFD_FEATURE_WP_ASYNC, 0n);
  const single =
    libc.ioctl(fd, UFFDIO_API, granted) < 0
      ? []
      : ranges.filter(
          ({ start, length }) =>
            libc.ioctl(fd, UFFDIO_REGISTER, words(start, BigInt(length), UFFDIO_REGISTER_MODE_WP, 0n)) === 0,
        );
  if (single.length === 0) libc.close(fd);
  return single;
}

function words(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}
