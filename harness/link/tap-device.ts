/** TAP devices: what is written to their descriptors reaches the kernel as if it had come in by wire. Linux only. */
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { FloodgateError } from '../../agent/errors.ts';
import { addInterfaceFlags, bytesOf, interfaceRequest, openControlSocket } from './interface-request.ts';
import type { LinkCounters, LinkDevice } from './link.ts';
import { type NetworkCalls, networkCalls } from './native.ts';
import { WriteRing } from './write-ring.ts';

/** The kernel's limit: 65,535 less an Ethernet header. Recordings of hosts with offload hold frames that long. */
export const tapMtuBytesMax = 65_521;
/** Shorter than an Ethernet header, and the kernel returns EINVAL. */
export const frameBytesMin = 14;
export const frameBytesMax = tapMtuBytesMax + 14;
/** Including the terminating zero; linux/if.h. */
const nameBytesMax = 15;

// linux/if_tun.h, linux/sockios.h, linux/if.h
const TUNSETIFF = 0x4004_54ca;
const SIOCSIFMTU = 0x8922;
const IFF_TAP_NO_PI = 0x1002;
const IFF_UP = 0x1;
const IFF_NOARP = 0x80;

export interface TapOptions {
  /** Up to 15 characters. @default 'floodgate0' */
  readonly name?: string;
  /** @default 65521 */
  readonly mtuBytes?: number;
}

/** An open device; whoever holds it may write, from any thread of the process. It is gone when `fd` is closed. */
export interface OpenTap {
  readonly name: string;
  readonly fd: number;
}

/**
 * Makes a device and brings it up, with no protocol of the kernel's speaking on it.
 * @throws FloodgateError `tap-missing`, `tap-not-permitted`, `tap-busy`, `tap-refused`.
 */
export function openTap(options: TapOptions = {}): OpenTap {
  const name = options.name ?? 'floodgate0';
  if (name.length === 0 || name.length > nameBytesMax || /[^\w.-]/.test(name)) {
    throw new FloodgateError('tap-refused', `"${name}" cannot be the name of a device`, {
      hint: `use up to ${nameBytesMax} letters, digits, dots, dashes and underscores`,
    });
  }
  const calls = networkCalls();
  const fd = openTunnel();
  try {
    const request = interfaceRequest(name);
    request.setUint16(16, IFF_TAP_NO_PI, true);
    if (calls.ioctl(fd, TUNSETIFF, bytesOf(request)) < 0) throw refused(name, 'making it', calls.errno());
    keepQuiet(name);
    bringUp(calls, name, options.mtuBytes ?? tapMtuBytesMax);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { name, fd };
}

export interface TapDeviceOptions {
  /** Frames are kept until `flush`, and then written with one call, where the kernel has io_uring. @default true */
  readonly batches?: boolean;
  /** A thread of the kernel's writes one batch while the next is filled; it takes a second core meanwhile. @default false */
  readonly kernelThread?: boolean;
}

/** Writes frames into open devices: of several, into the one of the frame's interface. `close` closes them for every holder. */
export class TapDevice implements LinkDevice {
  readonly name: string;
  readonly lane = 'tap';
  framesRefused = 0;
  bytesRefused = 0;
  readonly #taps: readonly OpenTap[];
  readonly #fds: Int32Array;
  readonly #before: LinkCounters;
  #ring: WriteRing | undefined;
  #open = true;

  /** @param taps one, or several: then a frame's interface is its place among them */
  constructor(taps: OpenTap | readonly OpenTap[], { batches = true, kernelThread = false }: TapDeviceOptions = {}) {
    this.#taps = 'fd' in taps ? [taps] : taps;
    this.name = this.#taps.map(({ name }) => name).join(', ');
    this.#fds = Int32Array.from(this.#taps, ({ fd }) => fd);
    this.#before = this.#counters();
    if (batches) this.#ring = WriteRing.open({ kernelThread });
  }

  /** Whether frames wait for `flush`: without io_uring each is written at once. */
  get batches(): boolean {
    return this.#ring !== undefined;
  }

  /** Hot path: no object, and without a ring one system call. */
  frame(bytes: Uint8Array, start: number, end: number, _wireLength = 0, _tsUs = 0, interfaceIndex = 0): void {
    const length = end - start;
    // Traffic that was not spread may name any interface.
    const fd = this.#fds[interfaceIndex < this.#fds.length ? interfaceIndex : 0]!;
    if (length < frameBytesMin || length > frameBytesMax) this.#refuse(length);
    else if (this.#ring === undefined) this.#write(fd, bytes, start, length);
    else if (!this.#ring.add(fd, bytes, start, length)) {
      this.#ring.pass(this.#writeOne);
      if (!this.#ring.isUsable) this.endBatches();
      this.frame(bytes, start, end, 0, 0, interfaceIndex);
    }
  }

  flush(): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    ring.flush(this.#writeOne);
    if (!ring.isUsable) this.endBatches();
  }

  /** Gives the ring back, which is the calling thread's; frames are written at once from here on. */
  endBatches(): void {
    const ring = this.#ring;
    this.#ring = undefined;
    if (ring?.isUsable) ring.flush(this.#writeOne);
    ring?.close();
  }

  counters(): LinkCounters {
    this.flush();
    const now = this.#counters();
    const before = this.#before;
    return {
      frames: now.frames - before.frames,
      bytes: now.bytes - before.bytes,
      dropped: now.dropped - before.dropped,
    };
  }

  drain(): Promise<void> {
    this.flush();
    return Promise.resolve();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.endBatches();
    for (const fd of this.#fds) closeSync(fd);
  }

  readonly #writeOne = (fd: number, bytes: Uint8Array, start: number, length: number) =>
    this.#write(fd, bytes, start, length);

  #write(fd: number, bytes: Uint8Array, start: number, length: number): boolean {
    try {
      if (writeSync(fd, bytes, start, length) === length) return true;
    } catch {
      // Counted below; the ledger will not balance and says so.
    }
    this.#refuse(length);
    return false;
  }

  #refuse(length: number): void {
    this.framesRefused += 1;
    this.bytesRefused += length;
  }

  #counters(): LinkCounters {
    const all = this.#taps.map(({ name }) => deviceCounters(name));
    const sum = (of: keyof LinkCounters) => all.reduce((total, each) => total + each[of], 0);
    return { frames: sum('frames'), bytes: sum('bytes'), dropped: sum('dropped') };
  }
}

/**
 * What the device received since it was made, from /proc/net/dev: /sys shows the network namespace it was mounted in,
 * /proc that of the reader. All zero once the device is gone.
 */
export function deviceCounters(name: string): LinkCounters {
  for (const line of readFileSync('/proc/net/dev', 'latin1').split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0 || line.slice(0, colon).trim() !== name) continue;
    const [bytes, frames, errors, dropped] = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    return { frames: frames!, bytes: bytes!, dropped: errors! + dropped! };
  }
  return { frames: 0, bytes: 0, dropped: 0 };
}

function openTunnel(): number {
  const path = '/dev/net/tun';
  try {
    // A write never waits: a ring then needs no thread of the kernel's.
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new FloodgateError('tap-not-permitted', `no permission to open ${path}`, {
        hint: `run as root (sudo), let users open it (chmod 0666 ${path}), or use the exact lane: --lane exact`,
        cause,
      });
    }
    throw new FloodgateError('tap-missing', `the kernel offers no TAP devices: ${path} cannot be opened (${code})`, {
      hint: 'load the module (sudo modprobe tun), in a container add --device /dev/net/tun, or use --lane exact',
      cause,
    });
  }
}

/** Without this the kernel would announce itself with IPv6 router solicitations and multicast reports. */
function keepQuiet(name: string): void {
  try {
    writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
  } catch {
    // No IPv6 in this kernel, or /proc/sys is read-only: a few frames of its own at most, sent the other way.
  }
}

function bringUp(calls: NetworkCalls, name: string, mtuBytes: number): void {
  const socket = openControlSocket(calls);
  if (socket < 0) throw refused(name, 'opening a socket to set it up', calls.errno());
  try {
    const request = interfaceRequest(name);
    request.setInt32(16, mtuBytes, true);
    if (calls.ioctl(socket, SIOCSIFMTU, bytesOf(request)) < 0)
      throw refused(name, `setting an MTU of ${mtuBytes}`, calls.errno());
    if (!addInterfaceFlags(calls, socket, name, IFF_UP | IFF_NOARP))
      throw refused(name, 'bringing it up', calls.errno());
  } finally {
    calls.close(socket);
  }
}

function refused(name: string, doing: string, errno: string): FloodgateError {
  const message = `TAP device ${name}: ${doing} failed (${errno})`;
  if (errno === 'EBUSY') {
    return new FloodgateError('tap-busy', message, {
      hint: `another process holds a device of that name (ip link show ${name}): end it, or choose another name`,
    });
  }
  if (errno === 'EPERM' || errno === 'EACCES') {
    return new FloodgateError('tap-not-permitted', message, {
      hint: 'run inside the harness’s own network namespace (the default), as root, or use the exact lane: --lane exact',
    });
  }
  return new FloodgateError('tap-refused', message, { hint: 'use the exact lane: --lane exact' });
}
