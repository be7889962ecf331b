/**
 * Makes a device send what a cable would carry. With offloads on, a virtual device hands over segments of 64 KB with checksums left
 * for hardware that is not there, and records those.
 */
import { FloodgateError } from '../../agent/errors.ts';
import { bytesOf, interfaceRequest, openControlSocket } from './interface-request.ts';
import { networkCalls } from './native.ts';

// linux/sockios.h, linux/ethtool.h
const SIOCETHTOOL = 0x8946;
const settings = { transmitChecksum: 0x17, segmentation: 0x1f, genericSegmentation: 0x24, genericReceive: 0x2c };
/** struct ethtool_value: the command, then 0 for off. Kept, since the kernel reads it by its address. */
const value = new DataView(new ArrayBuffer(8));

/** The setting goes with the device into another namespace. @throws FloodgateError `recording-failed` */
export function sendPlainSegments(device: string): void {
  const calls = networkCalls();
  const socket = openControlSocket(calls);
  try {
    for (const [name, command] of Object.entries(settings)) {
      value.setUint32(0, command, true);
      const request = interfaceRequest(device);
      request.setBigUint64(16, calls.address(bytesOf(value)), true);
      if (calls.ioctl(socket, SIOCETHTOOL, bytesOf(request)) >= 0) continue;
      throw new FloodgateError('recording-failed', `${device}: turning off ${name} failed (${calls.errno()})`, {
        hint: 'Does the kernel have virtual Ethernet (veth)?',
      });
    }
  } finally {
    calls.close(socket);
  }
}
