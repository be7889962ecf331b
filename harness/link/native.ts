/** The few system calls that TAP devices and rings of writes need and Node.js does not offer. Linux only. */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { FloodgateError } from '../../agent/errors.ts';

/** A C pointer. */
export type Address = bigint;

/** Memory that is shared with the kernel. */
export interface SharedMap {
  readonly address: Address;
  /** Emptied by `unmap`. */
  readonly buffer: ArrayBuffer;
}

export interface NetworkCalls {
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  /** io_uring_setup(2). @returns a descriptor; below 0 where there is none */
  ringSetup(entries: number, parameters: Uint8Array): number;
  /** io_uring_enter(2), without a mask of signals. */
  ringEnter(fd: number, submit: number, complete: number, flags: number): number;
  /** Undefined where the kernel refuses. */
  map(bytes: number, fd: number, offset: number): SharedMap | undefined;
  unmap(map: SharedMap): void;
  /** Where bytes lie: valid as long as their buffer lives. */
  address(bytes: Uint8Array): Address;
  /** Name of the last failure, e.g. `EPERM`. */
  errno(): string;
}

// The same on every architecture that Node.js runs on.
const SYS_io_uring_setup = 425;
const SYS_io_uring_enter = 426;
const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;
const mapFailed = 0xffff_ffff_ffff_ffffn;

let bound: NetworkCalls | undefined;

/** @throws FloodgateError `tap-unsupported` on other systems, or where koffi has no binary. */
export function networkCalls(): NetworkCalls {
  bound ??= bind();
  return bound;
}

function bind(): NetworkCalls {
  const hint = 'use the exact lane, which runs on any system: --lane exact';
  if (process.platform !== 'linux') {
    throw new FloodgateError('tap-unsupported', `TAP devices need Linux, and this is ${process.platform}`, { hint });
  }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const library = koffi.load(null);
    const setup = library.func('long syscall(long number, unsigned int entries, uint8_t *parameters)');
    const enter = library.func(
      'long syscall(long number, int fd, unsigned int submit, unsigned int complete, unsigned int flags, void *signals, size_t size)',
    );
    const map = library.func(
      'void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)',
    );
    const unmap = library.func('int munmap(void *address, size_t length)');
    return {
      ioctl: library.func('int ioctl(int fd, unsigned long request, uint8_t *argument)'),
      socket: library.func('int socket(int domain, int type, int protocol)'),
      close: library.func('int close(int fd)'),
      ringSetup: (entries, parameters) => Number(setup(SYS_io_uring_setup, entries, parameters)),
      ringEnter: (fd, submit, complete, flags) =>
        Number(enter(SYS_io_uring_enter, fd, submit, complete, flags, null, 0)),
      map: (bytes, fd, offset) => {
        const address: Address = map(null, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, fd, offset);
        return address === mapFailed ? undefined : { address, buffer: koffi.view(address, bytes) };
      },
      unmap: ({ address, buffer }) => {
        const bytes = buffer.byteLength;
        // Emptied first: a view that outlived the mapping would end the process.
        buffer.transfer();
        unmap(address, bytes);
      },
      address: (bytes) => koffi.address(bytes),
      errno: () => errnoName(koffi.errno()),
    };
  } catch (cause) {
    throw new FloodgateError('tap-unsupported', 'system calls are out of reach: the package koffi does not load', {
      hint: `reinstall with "npm ci", or ${hint}`,
      cause,
    });
  }
}

function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? `errno ${errno}`;
}
