/** A Redis server of a test's own, on a socket in a folder of its own: no port, and gone afterwards. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';

export interface RedisServer {
  readonly url: string;
  /** Where its files are. */
  readonly folder: string;
  /** As a power cut would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it, and removes its folder. */
  remove(): Promise<void>;
}

/** @param words more of its configuration. @returns undefined where Debian's package `redis-server` is missing */
export async function startRedis(...words: string[]): Promise<RedisServer | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  // A socket's path has 108 bytes.
  const folder = mkdtempSync(path.join(tmpdir(), 'fg-redis-'));
  const socket = path.join(folder, 's');
  let server: ChildProcess | undefined;
  const kill = async () => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  const start = async () => {
    // What was answered has reached the disk.
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
    const place = ['--dir', folder, '--port', '0', '--unixsocket', socket];
    server = spawn('redis-server', [...place, ...durable, ...words], { stdio: 'ignore', cwd: folder });
    for (let tries = 0; tries < 1_800; tries++) {
      if (await answers(socket)) return;
      await setTimeout(50);
    }
    throw new Error('redis-server does not come up');
  };
  await start();
  return {
    url: `unix://${socket}`,
    folder,
    kill,
    start,
    remove: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** While it reads its files it answers with an error; without a password it refuses, which is an answer. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(socket, () => client.write('PING\r\n'));
    client.setEncoding('latin1').once('data', (text) => {
      client.destroy();
      resolve(/^(\+PONG|-NOAUTH)/.test(String(text)));
    });
    client.on('error', () => resolve(false));
    client.on('close', () => resolve(false));
  });
}

/** Runs a part of a test with a server, or skips it loudly. */
export async function withRedis(
  t: Test,
  words: readonly string[],
  action: (server: RedisServer) => Promise<void>,
): Promise<void> {
  const server = await startRedis(...words);
  if (server === undefined) {
    t.pass('skipped: Redis is not installed (apt-get install redis-server)', { skip: true });
    return;
  }
  try {
    await action(server);
  } finally {
    await server.remove();
  }
}
