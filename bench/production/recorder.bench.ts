/**
 * `node bench/production/recorder.bench.ts [--frames 10000000] [--rate 60000] [--kills 100]`: the recorder as it is installed, on the kernel's ring.
 * A day of traffic in minutes: its memory and its folder, sampled, must not grow; then it is killed at random, and every file must be readable up
 * to its last block. `--frames 0` leaves out the day, `--kills 0` the rest. Minutes; takes a TAP device and namespaces.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { linearRegression } from 'simple-statistics';
import { createRandom } from '../../agent/seeded-random.ts';
import { isInNamespace, runInNamespace } from '../../harness/link/namespace.ts';
import type { FloodPlan } from '../../harness/traffic/flood/plan-types.ts';
import { openTraffic } from '../../harness/traffic/open-traffic.ts';
import { Recording } from '../../harness/traffic/recording.ts';
import { install } from '../../test/installed-package.ts';
import { framesPerSecond, said, Wire, wireName } from './wire-fixture.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '10000000' },
    rate: { type: 'string', default: '60000' },
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '19' },
  },
});

const plan: FloodPlan = [
  {
    kind: 'http',
    arrivals: { kind: 'constant', perSecond: 400 },
    duration: '60s',
    exchanges: [{ response: { type: 'json', bytes: '200B..4kB' } }],
  },
];
const diskBytes = 60_000_000;
const fileWords = ['--file-size', '2MB', '--file-time', '60s', '--disk', '60MB', '--ring-size', '64MiB'];
const sampleEveryMs = 1_000;
/** While it is killed again and again: the machine is busy with starts. */
const killedRate = 20_000;
/** Before it, buffers and compiled code are still being made. */
const warmShare = 0.2;

interface Sample {
  readonly rssBytes: number;
  readonly folderBytes: number;
  readonly files: number;
}

function startRecorder(wire: Wire, folder: string, launcher: string): ChildProcess {
  return wire.startThere(process.execPath, [launcher, 'record', '-i', wireName, '-o', 'flight', ...fileWords], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

const recordings = (flight: string) => readdirSync(flight).filter((name) => name.endsWith('.pcapng'));

function sample(pid: number, flight: string): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const sizes = recordings(flight).map(
    (name) => statSync(path.join(flight, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return {
    rssBytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024,
    folderBytes: sizes.reduce((sum, size) => sum + size, 0),
    files: sizes.length,
  };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

async function longDay(wire: Wire, folder: string, launcher: string): Promise<boolean> {
  const flight = path.join(folder, 'flight');
  const recorder = startRecorder(wire, folder, launcher);
  await said(recorder, /recording /);
  const ended = said(recorder, /own cost: .*\n/);
  const samples: Sample[] = [];
  const timer = setInterval(() => samples.push(sample(recorder.pid!, flight)), sampleEveryMs);
  const traffic = await openTraffic({
    kind: 'flood',
    plan,
    options: { seed: 1, sizeBytes: 8_000_000 },
    loops: 1_000_000,
  });
  const sent = await wire.send(traffic, framesPerSecond(Number(values.rate)), Number(values.frames));
  traffic.close();
  await pause(1_000);
  clearInterval(timer);
  recorder.kill('SIGTERM');
  const text = await ended;
  console.log(`sent ${sent.frames} frames, ${megabytes(sent.bytes)}, in ${(sent.ms / 1000).toFixed(0)} s`);
  console.log(text.trim());
  const warm = samples.slice(Math.floor(samples.length * warmShare));
  const [rss, disk] = [warm.map(({ rssBytes }) => rssBytes), warm.map(({ folderBytes }) => folderBytes)];
  // A slope over all of it, against what the readings differ by anyway.
  const { m: slope } = linearRegression(rss.map((bytes, reading) => [reading, bytes]));
  console.log(
    `memory ${megabytes(Math.min(...rss))} to ${megabytes(Math.max(...rss))} over ${warm.length} readings, slope ${(slope / 1000).toFixed(1)} kB a reading (${megabytes(slope * warm.length)} in all)`,
  );
  console.log(
    `folder ${megabytes(Math.min(...disk))} to ${megabytes(Math.max(...disk))}, at most ${megabytes(diskBytes)}; ${warm.at(-1)?.files} files`,
  );
  // It may fall: what a start took is given back.
  return slope * warm.length < 6_000_000 && Math.max(...disk) <= diskBytes;
}

async function killedAtRandom(wire: Wire, folder: string, launcher: string): Promise<boolean> {
  const flight = path.join(folder, 'flight');
  const random = createRandom(Number(values.seed), 'kills');
  const kills = Number(values.kills);
  let [files, frames, cut, unreadable] = [0, 0, 0, 0];
  const over = new AbortController();
  const sending = (async () => {
    const order = { kind: 'flood', plan, options: { seed: 2, sizeBytes: 8_000_000 }, loops: 1_000_000 } as const;
    const traffic = await openTraffic(order);
    while (!over.signal.aborted) await wire.send(traffic, framesPerSecond(killedRate), 5_000);
    traffic.close();
  })();
  const looked = new Set<string>();
  for (let kill = 0; kill < kills; kill += 1) {
    const recorder = startRecorder(wire, folder, launcher);
    const gone = new Promise((resolve) => recorder.once('exit', resolve));
    await said(recorder, /recording /);
    await pause(random.integer(0, 700));
    recorder.kill('SIGKILL');
    await gone;
    // Those that were looked at are as they were: only what is new, and what the last one was writing, is read.
    const names = recordings(flight);
    for (const name of names) {
      if (looked.has(name)) continue;
      looked.add(name);
      files += 1;
      const read = readAll(path.join(flight, name));
      if (read.fault !== '') {
        unreadable += 1;
        console.log(`kill ${kill + 1}: ${name}: ${read.fault}`);
      }
      frames += read.frames;
      if (read.isCut) cut += 1;
    }
  }
  over.abort();
  await sending;
  console.log(
    `${kills} kills: ${files} files with ${frames} frames, ${cut} with a part of a block at the end, ${unreadable} not readable`,
  );
  return unreadable === 0 && (frames > 0 || kills === 0);
}

/** A file that was killed before its first frame has a head alone. */
function readAll(file: string): { frames: number; isCut: boolean; fault: string } {
  let frames = 0;
  try {
    const recording = new Recording(file);
    try {
      while (recording.read({ frame: () => void (frames += 1) }, 1_000) >= 0);
      return { frames, isCut: recording.isCutShort, fault: '' };
    } finally {
      recording.close();
    }
  } catch (error) {
    const isEmpty = statSync(file).size < 1_000;
    return { frames, isCut: false, fault: isEmpty ? '' : (error as Error).message };
  }
}

if (isInNamespace()) {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-recorder-'));
  let isRight = false;
  try {
    const launcher = path.join(install(folder), 'floodgate');
    const wire = await Wire.lay();
    const isFlat = Number(values.frames) === 0 || (await longDay(wire, folder, launcher));
    rmSync(path.join(folder, 'flight'), { recursive: true, force: true });
    const isWhole = await killedAtRandom(wire, folder, launcher);
    wire.close();
    isRight = isFlat && isWhole;
    console.log(isRight ? 'flat, and readable' : 'MISSED');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  // 1 would be taken for a program that was killed.
  process.exit(isRight ? 0 : 4);
} else {
  process.exitCode = await runInNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
}
