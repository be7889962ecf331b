/**
 * Makes a device send what a cable would carry. With offloads on, a virtual device hands over segments of 64 KB with checksums left
 * for hardware that is not there, and records those.
 */
import { createRequire } from 'node:module';
import { FloodgateError } from '../../agent/errors.ts';
import { networkCalls } from './native.ts';

// linux/sockios.h, linux/ethtool.h
const SIOCETHTOOL = 0x8946;
const settings = { transmitChecksum: 0x17, segmentation: 0x1f, genericSegmentation: 0x24, genericReceive: 0x2c };
const AF_INET = 2;
const SOCK_DGRAM = 2;

/** The setting goes with the device into another namespace. @throws FloodgateError `recording-failed` */
export function sendPlainSegments(device: string): void {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const calls = networkCalls();
  const socket = calls.socket(AF_INET, SOCK_DGRAM, 0);
  try {
    for (const [name, command] of Object.entries(settings)) {
      // struct ethtool_value: the command, then 0 for off.
      const value = koffi.alloc('uint32_t', 2);
      koffi.encode(value, koffi.array('uint32_t', 2), [command, 0]);
      const request = new DataView(new ArrayBuffer(40));
      new TextEncoder().encodeInto(device, new Uint8Array(request.buffer));
      request.setBigUint64(16, koffi.address(value), true);
      if (calls.ioctl(socket, SIOCETHTOOL, new Uint8Array(request.buffer)) >= 0) continue;
      throw new FloodgateError('recording-failed', `${device}: turning off ${name} failed (${calls.errno()})`, {
        hint: 'Does the kernel have virtual Ethernet (veth)?',
      });
    }
  } finally {
    calls.close(socket);
  }
}
