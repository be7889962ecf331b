/**
 * How fast frames go into a TAP device: `node harness/link/tap-device.bench.ts`. Each run must balance against the
 * device's own counters. Nothing captures meanwhile: the agent's own bench measures that side.
 */
import { median } from 'simple-statistics';
import { openTapSender } from '../feed/tap-sender.ts';
import { isInNamespace, runInNamespace } from './namespace.ts';
import { openTap, TapDevice } from './tap-device.ts';

if (!isInNamespace()) {
  process.exit(await runInNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]));
}

const rounds = 7;
const framesPerRound = 300_000;

function row(what: string, perSecond: number[], frameBytes: number): void {
  const middle = median(perSecond);
  const thousands = (value: number) => `${Math.round(value / 1_000)}k`.padStart(5);
  const range = `${thousands(Math.min(...perSecond))} …${thousands(Math.max(...perSecond))}`;
  process.stdout.write(
    `${what.padEnd(42)} ${thousands(middle)} frames/s (${range})  ${Math.round((middle * frameBytes) / 1e6)} MB/s\n`,
  );
}

for (const length of [60, 1_514, 65_535]) {
  const device = new TapDevice(openTap({ name: `bench${length}` }));
  const bytes = new Uint8Array(length).fill(2);
  const perSecond: number[] = [];
  const frames = length > 10_000 ? framesPerRound / 10 : framesPerRound;
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    for (let frame = 0; frame < frames; frame++) device.frame(bytes, 0, length);
    perSecond.push((frames * 1_000) / (performance.now() - startedMs));
  }
  const { frames: taken, bytes: takenBytes, dropped } = device.counters();
  if (taken !== frames * rounds || takenBytes !== taken * length || dropped > 0)
    throw new Error(`not balanced: ${taken}`);
  row(`write, ${length} bytes`, perSecond, length);
  device.close();
}

const scenario = new URL('../../scenarios/incident/scenario.ts', import.meta.url).href;
const sent: number[] = [];
let frameBytes = 0;
for (let round = 0; round < rounds; round++) {
  const tap = openTap({ name: 'bench-send' });
  const sender = await openTapSender(tap, {
    traffic: { kind: 'scenario', moduleUrl: scenario, options: { seed: 1, sizeBytes: 200_000_000 } },
    pace: { kind: 'topspeed' },
  });
  sender.start();
  const { ledger, progress } = await sender.done;
  if (!ledger.balanced) throw new Error(ledger.summary);
  sent.push((progress.frames * 1e6) / progress.elapsedUs);
  frameBytes = progress.bytes / progress.frames;
  new TapDevice(tap).close();
}
row('incident made and sent by the thread', sent, frameBytes);
