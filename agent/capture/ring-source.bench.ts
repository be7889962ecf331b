/**
 * Frames written to a real TAP device, read through the ring by a process of its own:
 *
 *     node agent/capture/ring-source.bench.ts [framesPerSecond=300000] [seconds=10] [runs=3]
 *
 * Prints, for each run, what was sent, received and dropped, and the reader's CPU time as a share of one core. The
 * frames are of 60, 576 and 1,514 bytes, 7 : 4 : 1 (the simple IMIX). A rate of 0 writes as fast as one thread can.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openSource } from './open.ts';
import { TapFixture } from './sys/tap-fixture.ts';

const file = fileURLToPath(import.meta.url);
const [framesPerSecond = 300_000, seconds = 10, runs = 3] = process.argv.slice(2).map(Number);
const role = process.env.FLOODGATE_BENCH_ROLE;
if (role === 'reader') await read();
else if (role === 'writer') await bench();
else {
  const env = { ...process.env, FLOODGATE_BENCH_ROLE: 'writer' };
  const args = ['-Urn', '--', process.execPath, file, ...process.argv.slice(2)];
  process.exitCode = spawnSync('unshare', args, { env, stdio: 'inherit' }).status ?? 1;
}

interface Reading {
  readonly received: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly rssMb: number;
}

async function read(): Promise<void> {
  const source = openSource({ interfaces: ['tap0'] });
  let received = 0;
  let bytes = 0;
  const sink = {
    frame(_: Uint8Array, start: number, end: number) {
      received += 1;
      bytes += end - start;
    },
  };
  process.once('SIGTERM', () => source.stop());
  const cpu = process.cpuUsage();
  process.send?.('ready');
  for (let delivered = 0; delivered >= 0; ) {
    delivered = source.read(sink, 4_096);
    if (delivered === 0) await source.wait(100);
    else if (delivered > 0) await new Promise(setImmediate);
  }
  const used = process.cpuUsage(cpu);
  const dropped = source.stats()[0]!.framesDropped!;
  source.close();
  const rssMb = process.memoryUsage.rss() / 1e6;
  process.send?.({ received, bytes, dropped, userMs: used.user / 1e3, systemMs: used.system / 1e3, rssMb });
  process.disconnect?.();
}

async function bench(): Promise<void> {
  const tap = new TapFixture('tap0');
  for (let run = 0; run < runs; run++) {
    const reader = spawn(process.execPath, [file], {
      env: { ...process.env, FLOODGATE_BENCH_ROLE: 'reader' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(reader, 'message');
    const { sent, elapsedMs } = await write(tap);
    await report(reader, sent, elapsedMs);
  }
  tap.close();
}

/** Drift-free: what is owed by the clock is written, then a millisecond's rest. */
async function write(tap: TapFixture): Promise<{ sent: number; elapsedMs: number }> {
  const sizes = [60, 60, 576, 60, 60, 576, 60, 576, 60, 1_514, 60, 576];
  const frames = sizes.map((size) => new Uint8Array(size).fill(7).fill(2, 0, 12).fill(0x88, 12, 13).fill(0xb5, 13, 14));
  const start = performance.now();
  let sent = 0;
  for (;;) {
    const elapsedMs = performance.now() - start;
    if (elapsedMs >= seconds * 1_000) return { sent, elapsedMs };
    const owed = framesPerSecond === 0 ? 1_000 : Math.floor((elapsedMs * framesPerSecond) / 1_000) - sent;
    for (let i = 0; i < owed; i++) tap.write(frames[(sent + i) % frames.length]!);
    sent += Math.max(owed, 0);
    if (framesPerSecond !== 0) await sleep(1);
  }
}

async function report(reader: ChildProcess, sent: number, elapsedMs: number): Promise<void> {
  reader.kill('SIGTERM');
  const [reading] = (await once(reader, 'message')) as [Reading];
  const share = (ms: number) => `${((100 * ms) / elapsedMs).toFixed(1)} %`;
  const rate = Math.round((sent * 1_000) / elapsedMs);
  process.stdout.write(
    `sent ${sent} (${rate}/s, ${(reading.bytes / 1e3 / elapsedMs).toFixed(0)} MB/s)  received ${reading.received}  ` +
      `dropped ${reading.dropped}  missing ${sent - reading.received - reading.dropped}  ` +
      `CPU ${share(reading.userMs + reading.systemMs)} (user ${share(reading.userMs)}, system ${share(reading.systemMs)})  ` +
      `RSS ${reading.rssMb.toFixed(0)} MB\n`,
  );
}
