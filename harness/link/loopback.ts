/** The loopback device of the run's network namespace, which the kernel makes but leaves down. Linux only. */
import { FloodgateError } from '../../agent/errors.ts';
import { addInterfaceFlags, openControlSocket } from './interface-request.ts';
import { networkCalls } from './native.ts';

const IFF_UP = 0x1;

/**
 * Brings `lo` up, so that a target, its collector and its profile endpoint reach each other on 127.0.0.1 and ::1.
 * @throws FloodgateError `loopback-refused`
 */
export function bringUpLoopback(): void {
  const calls = networkCalls();
  const socket = openControlSocket(calls);
  const done = socket >= 0 && addInterfaceFlags(calls, socket, 'lo', IFF_UP);
  const errno = done ? '' : calls.errno();
  if (socket >= 0) calls.close(socket);
  if (done) return;
  throw new FloodgateError('loopback-refused', `the loopback device of the run’s network stays down (${errno})`, {
    hint: 'run as root (sudo), or use the exact lane: --lane exact',
  });
}
