/**
 * The whole agent, live: a recorded capture of mixed frame sizes written into a real TAP device at a steady rate, and an
 * agent of its own that reads the device and writes HTTP messages.
 *
 *     node bench/live.bench.ts CAPTURE [--rate 300000] [--seconds 10] [--runs 5] [-- AGENT OPTIONS]
 *
 * A first second goes at a tenth of the rate. The capture is sent again and again, each time with other addresses, so that every pass is made of new connections. Prints
 * for each run what was sent and how fast, what the kernel dropped, the messages found and the agent's CPU time as a share of
 * one core. Linux; needs no root.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FileSource } from '../agent/capture/file-source.ts';
import { isInNamespace, runInNamespace } from '../harness/link/namespace.ts';
import { openTap, TapDevice } from '../harness/link/tap-device.ts';
import { median } from './measured-process.ts';

const agentProgram = path.join(import.meta.dirname, '..', 'bin', 'floodgate-agent');
/** What is kept of the capture, ready to be sent. */
const framesMax = 400_000;
const ethertypeAt = 12;
/** Second byte of the source and of the destination address of an IPv4 packet in an Ethernet frame. */
const addressBytesAt = [27, 31] as const;

interface Recorded {
  readonly bytes: Uint8Array;
  readonly starts: Float64Array;
  readonly count: number;
}

interface Run {
  readonly sent: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly stats: Record<string, number>;
  readonly cpuShare: number;
}

function load(file: string): Recorded {
  const pieces: Uint8Array[] = [];
  const starts = new Float64Array(framesMax + 1);
  let count = 0;
  const source = FileSource.open(file, { filter: null });
  const sink = {
    frame(bytes: Uint8Array, start: number, end: number) {
      if (count === framesMax) return;
      pieces.push(Uint8Array.prototype.slice.call(bytes, start, end));
      count += 1;
      starts[count] = starts[count - 1]! + end - start;
    },
  };
  while (count < framesMax && source.read(sink, 4096) >= 0);
  source.close();
  return { bytes: Buffer.concat(pieces), starts, count };
}

/** Other addresses for this pass: the same on both sides of a connection, and another's before it. */
function renumber({ bytes, starts, count }: Recorded): void {
  for (let at = 0; at < count; at += 1) {
    const start = starts[at]!;
    if (bytes[start + ethertypeAt] !== 8 || bytes[start + ethertypeAt + 1] !== 0) continue;
    for (const offset of addressBytesAt) bytes[start + offset]! += 1;
  }
}

/** A tenth of the rate for so long before: a line that floods had traffic before, and code that never ran is slow. */
const gentleMs = 1000;

/** Drift-free: what is owed by the clock is written, then half a millisecond's rest. */
function send(
  tap: TapDevice,
  recorded: Recorded,
  framesPerSecond: number,
  seconds: number,
): Omit<Run, 'stats' | 'cpuShare'> {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const { bytes, starts, count } = recorded;
  const startedMs = performance.now();
  let sent = 0;
  let sentBytes = 0;
  let at = 0;
  for (;;) {
    const elapsedMs = performance.now() - startedMs;
    if (elapsedMs >= seconds * 1000 + gentleMs) {
      return { sent, seconds: (elapsedMs - gentleMs * 0.9) / 1000, bytes: sentBytes };
    }
    const fullMs = Math.max(0, elapsedMs - gentleMs) + Math.min(elapsedMs, gentleMs) / 10;
    const owed = Math.min(1000, Math.floor((fullMs * framesPerSecond) / 1000) - sent);
    for (let i = 0; i < owed; i += 1) {
      tap.frame(bytes, starts[at]!, starts[at + 1]!);
      sentBytes += starts[at + 1]! - starts[at]!;
      at += 1;
      if (at === count) {
        at = 0;
        renumber(recorded);
      }
    }
    tap.flush();
    sent += Math.max(owed, 0);
    if (owed < 1000) Atomics.wait(pause, 0, 0, 0.5);
  }
}

/** User and system time of a process and its threads, in seconds. */
function cpuSeconds(pid: number): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .split(') ')[1]!
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user! + system!) / 100;
}

async function run(recorded: Recorded, rate: number, seconds: number, agentOptions: readonly string[]): Promise<Run> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-live-'));
  const tap = new TapDevice(openTap({ name: 'live0' }));
  const stats = path.join(folder, 'stats.json');
  const args = ['--interface', 'live0', '--messages', '/dev/null', '--stats', stats, '--user', 'root', ...agentOptions];
  const agent = spawn(process.execPath, [agentProgram, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    let printed = '';
    agent.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const exited = once(agent, 'exit');
    while (!printed.includes('capturing on')) {
      if (agent.exitCode !== null) throw new Error(printed);
      await sleep(20);
    }
    renumber(recorded);
    const before = cpuSeconds(agent.pid!);
    const sending = send(tap, recorded, rate, seconds);
    await sleep(300);
    const cpuShare = (cpuSeconds(agent.pid!) - before) / sending.seconds;
    agent.kill('SIGTERM');
    await exited;
    return { ...sending, cpuShare, stats: lastOf(readFileSync(stats, 'utf8')) };
  } finally {
    agent.kill('SIGKILL');
    tap.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Statistics are one object over many lines, or one object a line at an interval; the latter also say when frames were dropped. */
function lastOf(text: string): Record<string, number> {
  if (text.startsWith('{\n')) return JSON.parse(text);
  const samples = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
  const steps = (name: string) =>
    samples.map((sample, index) => Math.round(sample[name]! - (samples[index - 1]?.[name] ?? 0))).join(' ');
  process.stdout.write(`dropped in each interval: ${steps('capture.framesDropped')}\n`);
  process.stdout.write(`received in each interval: ${steps('capture.framesReceived')}\n`);
  process.stdout.write(`CPU ms in each interval: ${steps('process.cpuMs')}\n`);
  return samples.at(-1)!;
}

function print({ sent, seconds, bytes, stats, cpuShare }: Run): void {
  const received = stats['capture.framesReceived']!;
  const dropped = stats['capture.framesDropped']!;
  process.stdout.write(
    `sent ${sent} in ${seconds.toFixed(1)} s (${Math.round(sent / seconds / 1000)} k/s, ${Math.round(bytes / seconds / 1e6)} MB/s)  ` +
      `received ${received}  dropped ${dropped}  missing ${sent - received - dropped}  ` +
      `messages ${stats['http.requests']! + stats['http.responses']!}, complete ${stats['http.requestsComplete']! + stats['http.responsesComplete']!}  ` +
      `CPU ${(cpuShare * 100).toFixed(0)} %  peak ${Math.round(stats['process.residentBytesPeak']! / 1e6)} MB\n`,
  );
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '300000' },
    seconds: { type: 'string', default: '10' },
    runs: { type: 'string', default: '5' },
  },
});
const [capture, ...agentOptions] = positionals;
if (capture === undefined) {
  process.stderr.write(
    'usage: node bench/live.bench.ts CAPTURE [--rate 300000] [--seconds 10] [--runs 5] [-- AGENT OPTIONS]\n',
  );
  process.exit(2);
}
if (!isInNamespace()) {
  process.exit(await runInNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]));
}
const recorded = load(capture);
const runs: Run[] = [];
for (let count = 0; count < Number(values.runs); count += 1) {
  const one = await run(recorded, Number(values.rate), Number(values.seconds), agentOptions);
  print(one);
  runs.push(one);
}
const middle = (read: (run: Run) => number) => median(runs.map(read));
process.stdout.write(
  `median: ${Math.round(middle(({ sent, seconds }) => sent / seconds) / 1000)} k frames/s, ` +
    `dropped ${middle(({ stats }) => stats['capture.framesDropped']!)}, CPU ${(middle(({ cpuShare }) => cpuShare) * 100).toFixed(0)} %\n`,
);
