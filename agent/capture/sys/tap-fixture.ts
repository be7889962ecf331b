/** A TAP device for the tests and benches of this room (<linux/if_tun.h>); the harness has its own in harness/link. */
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TAP } from 'tap';
import { errnoName, type Libc, loadLibc, requireLibc } from './libc.ts';

const TUNSETIFF = 0x4004_54ca;
const SIOCSIFFLAGS = 0x8914;
const SIOCSIFADDR = 0x8916;
const IFF_TUN = 1;
const IFF_TAP = 2;
const IFF_NO_PI = 0x1000;
const IFF_UP = 1;
const flagsAt = 16;

/** Whether this process is the one that `testInOwnNamespace` started. */
export const isInOwnNamespace = process.env.FLOODGATE_IN_NAMESPACE === '1';

/**
 * Runs a test file again inside a user and network namespace of its own, where devices may be made.
 * @param tested named where namespaces are refused
 * @returns why it was not done, or false
 */
export function testInOwnNamespace(t: TAP, file: string, tested: string): string | false {
  const refused =
    loadLibc() === null
      ? 'live capture is only on Linux'
      : spawnSync('unshare', ['-Urn', 'true']).status !== 0
        ? `user and network namespaces are refused here (unshare -Urn): ${tested} is NOT tested`
        : false;
  t.test('in a namespace of its own', { skip: refused }, async (t) => {
    const env = { ...process.env, FLOODGATE_IN_NAMESPACE: '1' };
    await t.spawn('unshare', ['-Urn', '--', process.execPath, fileURLToPath(file)], { env });
  });
  return refused;
}

export class TapFixture {
  readonly name: string;
  #fd: number;

  /**
   * Makes the device, up and silent: the kernel itself sends nothing on it.
   * @param kind TAP devices carry Ethernet frames, TUN devices IP packets.
   */
  constructor(name: string, kind: 'tap' | 'tun' = 'tap') {
    this.name = name;
    this.#fd = openSync('/dev/net/tun', 'r+');
    const libc = requireLibc('a TAP device');
    const flags = IFF_NO_PI | (kind === 'tap' ? IFF_TAP : IFF_TUN);
    request(libc, this.#fd, name, TUNSETIFF, (view) => view.setUint16(flagsAt, flags, true));
    writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
    this.setUp(true);
  }

  setUp(up: boolean): void {
    setInterfaceUp(this.name, up);
  }

  /** Gives the host an address on the device, so that it can send through it. */
  setAddress(address: readonly [number, number, number, number]): void {
    onSocket(this.name, SIOCSIFADDR, (view) => {
      view.setUint16(flagsAt, 2, true);
      address.forEach((byte, i) => {
        view.setUint8(flagsAt + 4 + i, byte);
      });
    });
  }

  /** Puts a frame on the wire: the host receives it. */
  write(bytes: Uint8Array): void {
    assert.equal(writeSync(this.#fd, bytes), bytes.length);
  }

  /** Removes the device. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Brings any device up or down, e.g. `lo`. */
export function setInterfaceUp(name: string, up: boolean): void {
  onSocket(name, SIOCSIFFLAGS, (view) => view.setUint16(flagsAt, up ? IFF_UP : 0, true));
}

function onSocket(name: string, code: number, fill: (view: DataView) => void): void {
  const libc = requireLibc('a device');
  const socket = libc.socket(2, 2, 0);
  try {
    request(libc, socket, name, code, fill);
  } finally {
    libc.close(socket);
  }
}

/** `struct ifreq`: a name of 16 bytes, then a union. */
function request(libc: Libc, fd: number, name: string, code: number, fill: (view: DataView) => void): void {
  const bytes = new Uint8Array(new ArrayBuffer(40));
  new TextEncoder().encodeInto(name, bytes);
  fill(new DataView(bytes.buffer));
  assert(libc.ioctl(fd, code, bytes) >= 0, `ioctl ${code.toString(16)} on ${name}: ${errnoName(libc.errno())}`);
}
