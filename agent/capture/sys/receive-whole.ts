import { loadLibc } from './libc.ts';

const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;

/**
 * Has reads of a socket wait until `bytes` are there or the input ends, where else they return with what has come so far.
 * @returns whether the descriptor does so now: a pipe does not, and other systems than Linux are not asked.
 */
export function receiveWhole(fd: number, bytes: number): boolean {
  const value = new Uint8Array(Uint32Array.of(bytes).buffer);
  return loadLibc()?.setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, value, value.length) === 0;
}
