/**
 * `node scenarios/recorded-burst/record.ts [FILE]`: makes the recording again. Two hosts, each in a network namespace
 * of its own, joined by a virtual cable; on one a real HTTP server, on the other autocannon; recorded off the cable by
 * the agent's own capture ring and pcapng writer. Everything is gone when it ends, however it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { constants, zstdCompressSync } from 'node:zlib';
import { openSource } from '../../agent/capture/open.ts';
import { FloodgateError } from '../../agent/errors.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { isInNamespace, runInNamespace } from '../../harness/link/namespace.ts';
import { cable, joinHosts, serverAddress } from '../../harness/record/two-hosts.ts';
import type { Phase } from '../../harness/traffic/traffic.ts';

const here = import.meta.dirname;
const seed = 1;
const port = 8080;
/** The committed file may be this large. */
const packedBytesMax = 8_000_000;
/** Reaches back over the whole recording, in which the same bodies come again and again. */
const windowLog = 27;
const ringBytes = 64 << 20;

async function startServer(): Promise<ChildProcess> {
  const program = [process.execPath, path.join(here, 'server.ts'), String(port)];
  const server = spawn('unshare', ['--net', '--', ...program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, SEED: String(seed) },
  });
  await Promise.race([
    once(server.stdout!, 'data'),
    once(server, 'exit').then(() => {
      throw new Error('the server ended at once');
    }),
  ]);
  return server;
}

interface Recorded {
  readonly frames: number;
  readonly bytes: number;
  readonly durationUs: number;
  readonly phases: readonly Phase[];
}

/** Records into `fd` for as long as the load runs. */
async function record(fd: number): Promise<Recorded> {
  const source = openSource({ interfaces: [cable.client], ringBytes });
  const writer = new PcapngWriter((bytes, start, end) => {
    writeSync(fd, bytes, start, end - start);
  });
  writer.addInterface(source.interfaces[0]!);
  const load = spawn(process.execPath, [path.join(here, 'load.ts'), `http://${serverAddress}:${port}`, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const begun: { name: string; tsUs: number }[] = [];
  createInterface({ input: load.stdout! }).on('line', (name) => {
    begun.push({ name, tsUs: Date.now() * 1000 });
    process.stderr.write(`${name} …\n`);
  });
  let [frames, bytes, firstUs, lastUs] = [0, 0, 0, 0];
  const sink = {
    frame(data: Uint8Array, start: number, end: number, wireLength: number, tsUs: number): void {
      firstUs ||= tsUs;
      lastUs = tsUs;
      frames += 1;
      bytes += end - start;
      writer.frame(data, start, end, wireLength, tsUs, 0);
    },
  };
  while (load.exitCode === null && load.signalCode === null) {
    if (source.read(sink, 4_096) <= 0) await source.wait(100);
  }
  await source.wait(300);
  while (source.read(sink, 4_096) > 0);
  const framesDropped = source.stats()[0]?.framesDropped ?? 0;
  source.close();
  if (load.exitCode !== 0 || framesDropped > 0)
    throw new Error(`${framesDropped} frames dropped, load ${load.exitCode}`);
  writer.flush();
  const phases = begun.map(({ name, tsUs }, index) => ({
    name,
    startUs: index === 0 ? 0 : Math.round(tsUs - firstUs),
  }));
  return { frames, bytes, durationUs: Math.round(lastUs - firstUs), phases };
}

async function main(): Promise<number> {
  if (!isInNamespace()) return runInNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  const file = path.resolve(process.argv[2] ?? path.join(here, 'recording.pcapng.zst'));
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-record-'));
  const server = await startServer();
  try {
    joinHosts(server.pid!);
    const plain = path.join(folder, 'recording.pcapng');
    const fd = openSync(plain, 'w');
    const recorded = await record(fd);
    closeSync(fd);
    process.stderr.write(`${recorded.frames} frames, ${(recorded.bytes / 1e6).toFixed(1)} MB; packing …\n`);
    const params = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_windowLog]: windowLog };
    const packed = zstdCompressSync(readFileSync(plain), { params });
    if (packed.length > packedBytesMax) throw new Error(`${packed.length} bytes packed: more than may be committed`);
    writeFileSync(file, packed);
    writeFileSync(file.replace(/(\.pcapng)?(\.zst)?$/, '.json'), `${JSON.stringify(recorded, null, 2)}\n`);
    process.stderr.write(`${file}: ${(packed.length / 1e6).toFixed(1)} MB\n`);
    return 0;
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(3));
try {
  process.exitCode = await main();
} catch (error) {
  const hint = error instanceof FloodgateError ? `\n${error.hint}` : '';
  process.stderr.write(`record: ${(error as Error).message}${hint}\n`);
  process.exitCode = 2;
}
process.exit();
