/** Whether the client of a connection is still there, as the kernel says, before its end is read. Only Linux says it. */
import { readFileSync, readlinkSync } from 'node:fs';

/** Columns of `/proc/net/tcp` (proc_net_tcp.rst of the kernel). */
const columns = { state: 3, inode: 9 };
const established = '01';

/** True where it cannot be known. It reads a line for each connection of the machine: for what is rare. */
export function isClientThere(fd: number): boolean {
  try {
    const inode = /\d+/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[0];
    for (const table of ['tcp', 'tcp6'])
      for (const line of readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n')) {
        const words = line.trim().split(/\s+/);
        if (words[columns.inode] === inode) return words[columns.state] === established;
      }
    // One that its client has reset is in no table.
    return false;
  } catch {
    return true;
  }
}
