/** Two hosts on one machine: this network namespace and that of a process, joined by a virtual cable whose packets a wire could carry. */
import { spawnSync } from 'node:child_process';
import { FloodgateError } from '../../agent/errors.ts';
import { sendPlainSegments } from '../link/plain-segments.ts';

/** The cable's two ends. */
export const cable = { client: 'client0', server: 'server0' };
const clientAddress = '10.77.0.1';
export const serverAddress = '10.77.0.2';

/** Lays the cable from here to the namespace of a process, and gives both ends their addresses. @throws FloodgateError `recording-failed` */
export function joinHosts(serverPid: number): void {
  run('ip', 'link', 'add', cable.client, 'type', 'veth', 'peer', 'name', cable.server);
  for (const device of [cable.client, cable.server]) sendPlainSegments(device);
  run('ip', 'link', 'set', cable.server, 'netns', String(serverPid));
  const atServer = ['nsenter', `--target=${serverPid}`, '--net', '--'];
  for (const [prefix, device, address] of [
    [[], cable.client, clientAddress],
    [atServer, cable.server, serverAddress],
  ] as const) {
    // Without this the kernel would send router solicitations of its own.
    run(...prefix, 'sh', '-c', `echo 1 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6 || true`);
    run(...prefix, 'ip', 'address', 'add', `${address}/24`, 'dev', device);
    run(...prefix, 'ip', 'link', 'set', device, 'up');
  }
}

function run(...command: string[]): void {
  const { status, error, stderr } = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' });
  if (status === 0) return;
  throw new FloodgateError('recording-failed', `${command.join(' ')}: ${error?.message ?? stderr.trim()}`, {
    hint: 'Recording a load needs "ip" (package iproute2), "unshare" and "nsenter" (package util-linux).',
  });
}
