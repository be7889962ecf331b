/**
 * A server and its load as two hosts: each in a network namespace of its own, joined by a virtual cable, which is recorded. Runs inside
 * a namespace of ours (`runInNamespace`): the kernel takes all of it away with the last process, however that ends.
 */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { describeExit, startChild } from '../target/child-target.ts';
import { fillIn, splitWords } from '../target/command-words.ts';
import { lastWords } from '../target/last-words.ts';
import { listeningSockets } from '../target/listening-sockets.ts';
import type { Target } from '../target/target.ts';
import { cable, joinHosts, serverAddress } from './two-hosts.ts';

export interface LoadBetweenHosts {
  /** For a shell; `{host}` and `{port}` are the server's. */
  readonly load: string;
  /** The server's command line. */
  readonly target: string;
  /** A line of its output that says it is ready. */
  readonly ready: string | undefined;
  readonly signal: AbortSignal;
  /** Records the interfaces until the signal. */
  readonly record: (interfaces: readonly string[], signal: AbortSignal) => Promise<void>;
}

/** What is still on its way when the load has ended. */
const lingerMs = 500;

/** @returns the load's exit code, 3 where it was interrupted. @throws FloodgateError `target-not-started`, `recording-failed` */
export async function recordLoad(order: LoadBetweenHosts): Promise<number> {
  const server = await startServer(order);
  try {
    joinHosts(server.pid);
    const port = portOf(server);
    const over = new AbortController();
    const stop = () => over.abort();
    order.signal.addEventListener('abort', stop, { once: true });
    const recording = order.record([cable.client], over.signal);
    // A recorder that cannot begin ends all; what it throws is thrown below.
    recording.catch(stop);
    const code = await drive(order, port, over.signal).finally(() =>
      setTimeout(stop, order.signal.aborted ? 0 : lingerMs),
    );
    await recording;
    return order.signal.aborted ? 3 : code;
  } finally {
    await server.stop();
  }
}

async function startServer({ target, ready }: LoadBetweenHosts): Promise<Target> {
  const words = splitWords(target);
  if (words.length === 0)
    throw new FloodgateError('option-invalid', 'the target is empty', { hint: 'Example: --target "node server.js".' });
  return startChild({
    name: target,
    command: 'unshare',
    // Its own loopback first: many a server asks itself.
    arguments: ['--net', '--', '/bin/sh', '-c', 'ip link set lo up; exec "$@"', 'target', ...words],
    onOutput: (chunk) => process.stderr.write(chunk),
    env: { NODE_COMPILE_CACHE: undefined },
    guarded: true,
    ...(ready === undefined
      ? {
          probe: {
            isReady: (pid: number) => reachablePorts(pid).length > 0 || localPorts(pid).length > 0,
            what: 'listens on no TCP port',
            hint: 'If it serves on something else, say by which line it is ready: --ready REGEX.',
          },
        }
      : { ready: new RegExp(ready) }),
  });
}

/** @returns the port that the server can be reached on */
function portOf(server: Target): number {
  const [port] = reachablePorts(server.pid);
  if (port !== undefined) return port;
  throw new FloodgateError(
    'target-not-started',
    `${server.name} listens on its loopback alone (port ${localPorts(server.pid)[0] ?? 'none'})`,
    {
      hint: 'The load comes from another host: have it listen on 0.0.0.0.',
    },
  );
}

async function drive({ load, signal }: LoadBetweenHosts, port: number, over: AbortSignal): Promise<number> {
  // What people write for one machine means the server here, too.
  const command = load.replaceAll(/\b(localhost|127\.0\.0\.1)(?=:\{port\})/g, '{host}');
  const child = await startChild({
    name: 'the load',
    command: '/bin/sh',
    arguments: ['-c', fillIn(command, { host: serverAddress, port: String(port) })],
    env: {
      PATH: [path.resolve('node_modules', '.bin'), process.env.PATH ?? ''].join(path.delimiter),
      NODE_COMPILE_CACHE: undefined,
    },
    onOutput: (chunk) => process.stderr.write(chunk),
    stopTimeoutMs: 2_000,
    mayEnd: true,
    guarded: true,
  });
  const stop = () => void child.stop();
  over.addEventListener('abort', stop, { once: true });
  const exit = await child.exited;
  over.removeEventListener('abort', stop);
  if (exit.code === 0 || signal.aborted || over.aborted) return 0;
  throw new FloodgateError('load-failed', `the load failed (${describeExit(exit)}): ${load}`, {
    hint: await lastWords(exit.lastLines),
  });
}

/** Ports on which the processes of a namespace listen for others. */
function reachablePorts(pid: number): number[] {
  return listening(pid)
    .filter(({ isLocal }) => !isLocal)
    .map(({ port }) => port);
}

function localPorts(pid: number): number[] {
  return listening(pid)
    .filter(({ isLocal }) => isLocal)
    .map(({ port }) => port);
}

/** In a network namespace that is the process's alone. */
function listening(pid: number): { readonly port: number; readonly isLocal: boolean }[] {
  return listeningSockets(`/proc/${pid}/net`).map(({ address, port }) => ({
    port,
    // 127.0.0.1 and ::1, as the kernel prints them.
    isLocal: /^(0*(01000000)|.{6}7F)$/.test(address),
  }));
}
