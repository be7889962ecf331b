/**
 * How fast and how exactly frames are replayed, beside tcpreplay in the same minutes:
 *
 *     node bench/replay.bench.ts [CAPTURE] [--rounds 5] [--frames 5000000] [--seconds 60] [--only speed|pace]
 *
 * Speed: the capture again and again at top speed, ours into a TAP device by one thread and by two (the second is the kernel's),
 * tcpreplay into a veth pair; rounds alternate, and each must deliver what it sent, by the device's own counters. Pace: 10 thousand frames a second, and a replay by recorded times.
 * Linux; needs no root. Without tcpreplay there is one column.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import type { SendResult } from '../harness/feed/sender.ts';
import { openTapSender } from '../harness/feed/tap-sender.ts';
import { isInNamespace, runInNamespace } from '../harness/link/namespace.ts';
import { deviceCounters, openTap } from '../harness/link/tap-device.ts';
import { rewriteCapture } from '../harness/minimize/rewrite-capture.ts';
import type { Pace } from '../harness/traffic/traffic.ts';

if (!isInNamespace()) {
  process.exit(await runInNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    frames: { type: 'string', default: '5000000' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
  },
});
const recording = path.join(import.meta.dirname, '..', 'scenarios', 'recorded-burst', 'recording.pcapng.zst');
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-replay-'));

/** The capture as tcpreplay reads it, and how many frames it has. */
function plainCapture(source: string): { file: string; frames: number } {
  const file = path.join(folder, 'capture.pcap');
  return { file, frames: rewriteCapture(source, file).frames };
}

async function ours(file: string, pace: Pace, loops: number, name: string, kernelThread = false): Promise<SendResult> {
  const tap = openTap({ name });
  try {
    const sender = await openTapSender(
      tap,
      { traffic: { kind: 'recording', path: file, loops }, pace },
      { kernelThread },
    );
    sender.start();
    const result = await sender.done;
    if (!result.ledger.balanced) throw new Error(result.ledger.summary);
    return result;
  } finally {
    closeSync(tap.fd);
  }
}

/** @returns frames a second, by its own clock; undefined where it is not installed */
function theirs(file: string, loops: number, frames: number): number | undefined {
  const before = deviceCounters('theirs1').frames;
  const words = ['--topspeed', '--preload-pcap', `--loop=${loops}`, '--intf1=theirs0', file];
  const { status, stdout, stderr, error } = spawnSync('tcpreplay', words, { encoding: 'utf8' });
  if (error) return undefined;
  const seconds = Number(/in ([\d.]+) seconds/.exec(stdout)?.[1]);
  const delivered = deviceCounters('theirs1').frames - before;
  if (status !== 0 || delivered !== frames) throw new Error(`tcpreplay delivered ${delivered} of ${frames}: ${stderr}`);
  return frames / seconds;
}

const thousands = (value: number) => `${Math.round(value / 1_000)}k`;
const row = (what: string, rates: readonly number[]) =>
  console.log(
    `${what.padEnd(34)} ${thousands(median([...rates])).padStart(6)} frames/s  (${rates.map(thousands).join(' ')})`,
  );

async function speed(file: string, frames: number): Promise<void> {
  const loops = Math.max(1, Math.round(Number(values.frames) / frames));
  const rates = { alone: [] as number[], withKernel: [] as number[], theirs: [] as number[] };
  // The kernel's own announcements would be counted.
  writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1');
  for (const command of [
    'add theirs0 type veth peer name theirs1',
    'set theirs0 mtu 65535 up',
    'set theirs1 mtu 65535 up',
  ])
    spawnSync('ip', ['link', ...command.split(' ')]);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const kernelThread of [false, true]) {
      const { progress } = await ours(file, { kind: 'topspeed' }, loops, 'ours0', kernelThread);
      (kernelThread ? rates.withKernel : rates.alone).push((progress.frames * 1e6) / progress.elapsedUs);
    }
    const other = theirs(file, loops, loops * frames);
    if (other !== undefined) rates.theirs.push(other);
  }
  row('floodgate, TAP, one thread', rates.alone);
  row('floodgate, TAP, and the kernel’s', rates.withKernel);
  if (rates.theirs.length === 0) return console.log('tcpreplay is not installed: nothing to compare with');
  row('tcpreplay --preload-pcap, veth', rates.theirs);
  for (const [what, mine] of [
    ['one thread', rates.alone],
    ['and the kernel’s', rates.withKernel],
  ] as const) {
    const ratios = mine.map((rate, at) => rate / rates.theirs[at]!);
    const each = ratios.map((ratio) => ratio.toFixed(2)).join(' ');
    console.log(`times tcpreplay, ${what}, round by round: ${median(ratios).toFixed(2)} (${each})`);
  }
}

async function pace(file: string, frames: number): Promise<void> {
  const seconds = Number(values.seconds);
  const perSecond = 10_000;
  const loops = Math.ceil((seconds * perSecond) / frames);
  const { pacing, progress } = await ours(file, { kind: 'frames', framesPerSecond: perSecond }, loops, 'pace0');
  const { p50Us, p99Us, maxUs, dueUs, sentUs } = pacing!;
  console.log(
    `10,000 frames/s, ${progress.frames} frames: half at most ${p50Us} us late, 99 of 100 ${p99Us} us, all ${Math.round(maxUs)} us; ` +
      `due after ${(dueUs / 1e6).toFixed(3)} s, ended ${((sentUs - dueUs) / 1_000).toFixed(3)} ms later`,
  );
  const once = await ours(file, { kind: 'recorded', speed: 1 }, 1, 'time0');
  const speed = once.pacing!.dueUs / 1e6 / seconds;
  const replay = await ours(file, { kind: 'recorded', speed }, 1, 'time1');
  const end = replay.pacing!;
  console.log(
    `by recorded times over ${(end.dueUs / 1e6).toFixed(3)} s: 99 of 100 ${end.p99Us} us late; ended ${((end.sentUs - end.dueUs) / 1_000).toFixed(3)} ms after its schedule`,
  );
}

try {
  const { file, frames } = plainCapture(positionals[0] ?? recording);
  if (values.only !== 'pace') await speed(file, frames);
  if (values.only !== 'speed') await pace(file, frames);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
