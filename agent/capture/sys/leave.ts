/** The end of a process that has a thread in a read that may never return: `process.exit` would wait for it. */
import { loadLibc } from './libc.ts';

/** exit_group(2), at once; where there is no foreign function, as signal 9 does it. Everything is written by then. */
export function leaveProcess(exitCode: number): void {
  loadLibc()?.exit(exitCode);
  process.kill(process.pid, 'SIGKILL');
}
