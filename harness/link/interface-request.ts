/** Requests about a network device by its name: struct ifreq of linux/if.h, and the socket that takes them. */
import type { NetworkCalls } from './native.ts';

// linux/sockios.h
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0x8_0002;

/** @returns a descriptor; below 0 where the kernel refuses one */
export function openControlSocket(calls: NetworkCalls): number {
  return calls.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
}

/** A name of 16 bytes and a union of 24. */
export function interfaceRequest(name: string): DataView {
  const bytes = new Uint8Array(40);
  new TextEncoder().encodeInto(name, bytes);
  return new DataView(bytes.buffer);
}

export function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}

/** Adds flags (IFF_*) to those a device has. @returns whether the kernel did so */
export function addInterfaceFlags(calls: NetworkCalls, socket: number, name: string, flags: number): boolean {
  const request = interfaceRequest(name);
  if (calls.ioctl(socket, SIOCGIFFLAGS, bytesOf(request)) < 0) return false;
  request.setUint16(16, request.getUint16(16, true) | flags, true);
  return calls.ioctl(socket, SIOCSIFFLAGS, bytesOf(request)) >= 0;
}
