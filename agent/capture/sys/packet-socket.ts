/** AF_PACKET sockets (packet(7)): opened, configured, read out. Numbers are from <linux/if_packet.h>. */
import { readFileSync } from 'node:fs';
import { FloodgateError } from '../../errors.ts';
import type { BpfProgram } from '../bpf-program.ts';
import { type Address, errnoName, type Libc, loadKoffi, mapMemory, requireLibc } from './libc.ts';

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 0x0008_0003;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_RESERVE = 12;
const PACKET_FANOUT = 18;
const PACKET_IGNORE_OUTGOING = 23;
const TPACKET_V3 = 2;
const PACKET_MR_PROMISC = 1;
const PACKET_FANOUT_HASH = 0;
/** IPv4 fragments are put together before the flow is hashed, or they would go elsewhere than the rest of it. */
const PACKET_FANOUT_FLAG_DEFRAG = 0x8000;
const SIOCGIFNAME = 0x8910;
const SIOCGIFHWADDR = 0x8927;
const MAP_SHARED = 1;
const interfaceNameBytes = 16;
/** All protocols, in network byte order, as `struct sockaddr_ll` wants it. */
const ETH_P_ALL_BE = 0x0300;

/** Linux device types (<linux/if_arp.h>) that capturing has to distinguish. */
export const HardwareType = { ethernet: 1, loopback: 772 } as const;

export interface RingGeometry {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly blockTimeoutMs: number;
  /** Room kept free before each frame, for a VLAN tag to be put back. */
  readonly reserveBytes: number;
}

/** One packet socket; nothing arrives before `bind`. */
export class PacketSocket {
  readonly fd: number;
  /** The device, or `any`. */
  readonly name: string;
  /** 0 for `any`. */
  readonly interfaceNumber: number;
  readonly #libc: Libc;
  #ring: { address: Address; length: number; buffer: ArrayBuffer } | null = null;
  #open = true;

  /** @throws FloodgateError when the device does not exist or the right to capture is missing. */
  constructor(name: string) {
    const libc = requireLibc(`capturing from ${name}`);
    this.#libc = libc;
    this.name = name;
    this.fd = libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0);
    if (this.fd < 0) throw socketRefused(name, libc.errno());
    this.interfaceNumber = name === 'any' ? 0 : libc.ifNameToIndex(name);
    if (this.interfaceNumber === 0 && name !== 'any') {
      this.close();
      throw missingInterface(name);
    }
  }

  /** ARPHRD_ value of the device: what its frames begin with. */
  hardwareType(name = this.name): number {
    const request = new Uint8Array(new ArrayBuffer(40));
    new TextEncoder().encodeInto(name.slice(0, interfaceNameBytes - 1), request);
    return this.#libc.ioctl(this.fd, SIOCGIFHWADDR, request) < 0 ? -1 : request[16]! | (request[17]! << 8);
  }

  /** The name of the device with this number now; null when it is gone. */
  interfaceName(interfaceNumber: number): string | null {
    const request = new Uint8Array(new ArrayBuffer(40));
    new DataView(request.buffer).setInt32(interfaceNameBytes, interfaceNumber, true);
    if (this.#libc.ioctl(this.fd, SIOCGIFNAME, request) < 0) return null;
    return new TextDecoder().decode(request.subarray(0, request.subarray(0, interfaceNameBytes).indexOf(0)));
  }

  /**
   * Maps a TPACKET_V3 ring: unmapped, and its view emptied, by `close`.
   * @throws FloodgateError `ring-refused` when the kernel has no memory for it.
   */
  mapRing(geometry: RingGeometry): ArrayBuffer {
    const length = geometry.blockBytes * geometry.blocks;
    this.#setNumber(PACKET_VERSION, TPACKET_V3, 'PACKET_VERSION');
    this.#setNumber(PACKET_RESERVE, geometry.reserveBytes, 'PACKET_RESERVE');
    // struct tpacket_req3. The frame size only has to divide the block in version 3: frames are packed.
    const frameBytes = 2_048;
    const frames = length / frameBytes;
    const request = Uint32Array.of(
      geometry.blockBytes,
      geometry.blocks,
      frameBytes,
      frames,
      geometry.blockTimeoutMs,
      0,
      0,
    );
    this.#set(SOL_PACKET, PACKET_RX_RING, bytesOf(request), `a ring of ${length} bytes`, 'ask for a smaller ring');
    // Not MAP_LOCKED: an unprivileged namespace may not, and ring pages are never swapped anyway.
    const address = mapMemory(this.#libc, length, MAP_SHARED, this.fd, `the ring of ${this.name}`);
    this.#ring = { address, length, buffer: this.#libc.view(address, length) };
    return this.#ring.buffer;
  }

  /** Replaces the filter; from the next frame on. */
  attachFilter(program: BpfProgram): void {
    // struct sock_fprog: a 16-bit count, padding, a pointer that the kernel follows during the call only.
    const instructions = new Uint8Array(new ArrayBuffer(program.instructions.length));
    instructions.set(program.instructions);
    const argument = new DataView(new ArrayBuffer(16));
    argument.setUint16(0, instructions.length / 8, true);
    argument.setBigUint64(8, loadKoffi()!.address(instructions), true);
    this.#set(SOL_SOCKET, SO_ATTACH_FILTER, new Uint8Array(argument.buffer), 'a filter', 'use a shorter filter');
  }

  /** Leaves out frames that this host sends (Linux 4.20); the reader skips them in any case. */
  ignoreOutgoing(): void {
    this.#libc.setsockopt(this.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, bytesOf(Uint32Array.of(1)), 4);
  }

  /** Sees frames for other hosts too, as long as the socket is open. */
  becomePromiscuous(): void {
    const membership = new DataView(new ArrayBuffer(16));
    membership.setInt32(0, this.interfaceNumber, true);
    membership.setUint16(4, PACKET_MR_PROMISC, true);
    const argument = new Uint8Array(membership.buffer);
    this.#set(SOL_PACKET, PACKET_ADD_MEMBERSHIP, argument, 'promiscuous mode', 'capture without it');
  }

  /** @throws FloodgateError `interface-down` when the device is not up. */
  bind(): void {
    const address = new DataView(new ArrayBuffer(20));
    address.setUint16(0, AF_PACKET, true);
    address.setUint16(2, ETH_P_ALL_BE, true);
    address.setInt32(4, this.interfaceNumber, true);
    if (this.#libc.bind(this.fd, new Uint8Array(address.buffer), 20) < 0) throw this.#failed('bind it');
    if (this.pendingError() !== 0) {
      throw new FloodgateError('interface-down', `the interface ${this.name} is down`, {
        hint: `bring it up: ip link set ${this.name} up`,
      });
    }
  }

  /** Shares the frames with the other members of the group, both directions of a flow to the same member. */
  joinFanout(group: number): void {
    const hint = 'a group must have one mode, and all its members the same interface; choose another group number';
    const argument = bytesOf(Uint32Array.of((group | ((PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG) << 16)) >>> 0));
    this.#set(SOL_PACKET, PACKET_FANOUT, argument, `fanout group ${group}`, hint);
  }

  /** The error the kernel left on the socket, and clears it: ENETDOWN once the device went down or away. */
  pendingError(): number {
    const value = Uint32Array.of(0);
    this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_ERROR, bytesOf(value), Uint32Array.of(4));
    return value[0]!;
  }

  /** Without a ring, for its figures alone: the kernel keeps a frame or two and counts the others. */
  keepHardlyAny(): void {
    this.#libc.setsockopt(this.fd, SOL_SOCKET, SO_RCVBUF, bytesOf(Uint32Array.of(1)), 4);
  }

  /**
   * Since the last call: frames that passed the filter, and those of them that the kernel dropped for want of room.
   * (`struct tpacket_stats`, or the longer one of version 3.)
   */
  takeStatistics(): { readonly passed: number; readonly dropped: number } {
    const statistics = new Uint32Array(3);
    const length = Uint32Array.of(12);
    const result = this.#libc.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, bytesOf(statistics), length);
    return result < 0 ? { passed: 0, dropped: 0 } : { passed: statistics[0]!, dropped: statistics[1]! };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#ring !== null) {
      // Emptied first: a view that outlived the mapping then reads nothing instead of ending the process.
      this.#ring.buffer.transfer();
      this.#libc.munmap(this.#ring.address, this.#ring.length);
    }
    this.#libc.close(this.fd);
  }

  #setNumber(option: number, value: number, what: string): void {
    this.#set(SOL_PACKET, option, bytesOf(Uint32Array.of(value)), what, 'this kernel is too old or too restricted');
  }

  #set(level: number, option: number, value: Uint8Array, what: string, hint: string): void {
    if (this.#libc.setsockopt(this.fd, level, option, value, value.length) < 0) throw this.#failed(`get ${what}`, hint);
  }

  #failed(what: string, hint = 'see packet(7)'): FloodgateError {
    const reason = errnoName(this.#libc.errno());
    return new FloodgateError('ring-refused', `cannot ${what} for ${this.name}: ${reason}`, { hint });
  }
}

/** The devices of this network namespace (/sys may still show another's). */
export function interfaceNames(): string[] {
  return readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, Math.max(line.indexOf(':'), 0)).trim())
    .filter((name) => name !== '');
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function missingInterface(name: string): FloodgateError {
  return new FloodgateError('interface-missing', `there is no interface ${name}`, {
    hint: `this network namespace has: ${interfaceNames().join(', ')}; "any" captures from all of them`,
  });
}

function socketRefused(name: string, errno: number): FloodgateError {
  const reason = errnoName(errno);
  if (reason === 'EPERM' || reason === 'EACCES') {
    return new FloodgateError('capture-not-permitted', `no permission to capture from ${name} (${reason})`, {
      hint: `run it with sudo, or in a network namespace of its own (unshare -Urn), or allow this Node.js to capture: sudo setcap cap_net_raw,cap_net_admin+ep ${process.execPath}`,
    });
  }
  return new FloodgateError('live-unsupported', `this system has no packet sockets (${reason})`, {
    hint: 'capture files and standard input work on every system: use --read FILE or --read -',
  });
}
