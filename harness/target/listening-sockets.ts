/** Who listens on which TCP port, by /proc: how a server's port is found without asking its program. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processes, processLine } from '../watch/descendants.ts';

/** A process that listens. */
export interface Listener {
  readonly pid: number;
  readonly port: number;
}

/** State LISTEN in /proc/net/tcp (include/net/tcp_states.h). */
const listenState = '0A';

/** A socket of a network namespace that listens. */
export interface ListeningSocket {
  /** In hexadecimal, each word in the order of this machine's bytes. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** @param folder of the network namespace (proc_pid_net(5)) */
export function listeningSockets(folder: string): ListeningSocket[] {
  return ['tcp', 'tcp6'].flatMap((name) => {
    let text = '';
    try {
      text = readFileSync(`${folder}/${name}`, 'latin1');
    } catch {
      // A kernel without IPv6, or a process that has ended.
    }
    return text
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        const [address = '', port = ''] = local.split(':');
        return state === listenState ? [{ address, port: Number.parseInt(port, 16), inode }] : [];
      });
  });
}

/** Listening sockets of this network namespace: inode → port. */
function listeningInodes(): Map<string, number> {
  return new Map(listeningSockets('/proc/net').map(({ inode, port }) => [inode, port]));
}

function listenersOf(pid: number, inodes: ReadonlyMap<string, number>): Listener[] {
  const found: Listener[] = [];
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
      const port = inode === undefined ? undefined : inodes.get(inode);
      if (port !== undefined) found.push({ pid, port });
    }
  } catch {
    // It is gone, or it is not ours to look at.
  }
  return found;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/**
 * Who of a process group listens: on the wanted port before any other, and the leader before all others, who may be a
 * launcher's child or its workers. Undefined where none does.
 */
export function findListener(group: number, wantedPort: number): Listener | undefined {
  const inodes = listeningInodes();
  if (inodes.size === 0) return undefined;
  const leader = listenersOf(group, inodes);
  const isWanted = ({ port }: Listener) => port === wantedPort;
  const found = leader.find(isWanted);
  if (found) return found;
  const others = members(group).flatMap((pid) => listenersOf(pid, inodes));
  return others.find(isWanted) ?? leader[0] ?? others[0];
}

/** Ports on which a process listens. */
export function portsOf(pid: number): number[] {
  return [...new Set(listenersOf(pid, listeningInodes()).map(({ port }) => port))];
}

function members(group: number): number[] {
  return processes().filter((pid) => pid !== group && processLine(pid)?.group === group);
}

/** The process that listens on a port of this machine; undefined where there is none that is ours to see. */
export function processOnPort(port: number): number | undefined {
  const inodes = new Map([...listeningInodes()].filter(([, each]) => each === port));
  if (inodes.size === 0) return undefined;
  return processes().find((pid) => listenersOf(pid, inodes).length > 0);
}
