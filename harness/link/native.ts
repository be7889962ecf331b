/** The few system calls that a TAP device needs and Node.js does not offer. Linux only. */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { FloodgateError } from '../../agent/errors.ts';

export interface NetworkCalls {
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  /** Name of the last failure, e.g. `EPERM`. */
  errno(): string;
}

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
    return {
      ioctl: library.func('int ioctl(int fd, unsigned long request, uint8_t *argument)'),
      socket: library.func('int socket(int domain, int type, int protocol)'),
      close: library.func('int close(int fd)'),
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
