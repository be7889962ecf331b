import { spawn, spawnSync } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { FrameList } from '../pcap/frame-list.ts';
import { holdBlock, stepBytes } from '../pcap/hold-block.ts';
import { PcapngWriter } from '../pcap/pcapng-writer.ts';
import { frameSourceConformance, traffic } from './frame-source.conformance.ts';
import { LockstepSource } from './lockstep-source.ts';

const dir = t.testdir();
const recorded = traffic(['tap0', 'tap1'], 3_000);
const parts: Uint8Array[] = [];
const writer = new PcapngWriter((bytes, start, end) => parts.push(bytes.slice(start, end)));
for (const name of recorded.interfaceNames) writer.addInterface({ name, linkType: 1, snapLength: 262_144 });
const put = (from: number, to: number) => {
  for (const f of recorded.frames.slice(from, to)) {
    writer.frame(f.bytes, 0, f.bytes.length, f.wireLength, f.tsUs, f.interfaceIndex);
  }
  writer.flush();
};
put(0, 3_000);
const whole = path.join(dir, 'whole.pcapng');
writeFileSync(whole, Buffer.concat(parts));

/** The reading end of a pipe that blocks; who writes to it is a process of its own. */
function pipeFrom(command: string): number {
  const pipe = path.join(dir, `pipe-${(pipes += 1)}`);
  spawnSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `exec >"${pipe}"; ${command}`], { stdio: 'ignore' });
  return openSync(pipe, 'r');
}
let pipes = 0;
const unix = process.platform === 'win32' ? { skip: 'no named pipes here' } : {};

t.test('a pipe without a hold in it', unix, (t) =>
  frameSourceConformance(t, recorded, () => ({
    source: new LockstepSource(pipeFrom(`cat "${whole}"`)),
    timestamps: 'recorded',
  })),
);

t.test('a block at a time, however slowly it comes; the event loop waits at a hold alone', unix, async (t) => {
  const first = Buffer.concat(parts);
  const hold = holdBlock(first.length);
  const half = path.join(dir, 'held.pcapng');
  writeFileSync(half, Buffer.concat([first, hold]));
  const at = 3 * stepBytes + 1_000;
  // A pause in the middle of a block, and one behind the hold.
  const source = new LockstepSource(
    pipeFrom(`head -c ${at} "${half}"; sleep 0.3; tail -c +${at + 1} "${half}"; sleep 0.3; tail -c +1 "${half}"`),
  );
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 10);
  const list = new FrameList();
  const held: [blocks: number, frames: number][] = [];
  let ticksBefore = 0;
  let ticksWhileHeld = 0;
  for (let before = 0; ; before = source.blocksRead) {
    const delivered = source.read(list);
    if (delivered < 0) break;
    if (source.blocksRead - before > 1) t.fail('more than a block at once');
    if (source.isHeld) held.push([source.blocksRead, list.frames.length]);
    if (delivered === 0) {
      ticksBefore = ticks;
      await source.wait();
      ticksWhileHeld = Math.max(ticksWhileHeld, ticks - ticksBefore);
    }
  }
  clearInterval(timer);
  source.close();
  const blocks = (first.length + hold.length) / stepBytes;
  t.same(held, [
    [blocks, 3_000],
    [2 * blocks, 6_000],
  ]);
  t.ok(ticksWhileHeld > 10, `${ticksWhileHeld} ticks during the hold`);
  t.ok(ticks - ticksWhileHeld < 15, `${ticks - ticksWhileHeld} elsewhere: a block is waited for in the call`);
});

t.test('a socket gives a block in one call, whatever its writer does', { skip: process.platform !== 'linux' }, (t) => {
  const program = `
    import { readSync } from 'node:fs';
    import { receiveWhole } from ${JSON.stringify(new URL('./sys/receive-whole.ts', import.meta.url).href)};
    const bytes = new Uint8Array(${stepBytes});
    const lengths = [receiveWhole(0, ${stepBytes}), readSync(0, bytes), readSync(0, bytes), readSync(0, bytes)];
    console.log(JSON.stringify(lengths));
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: path.dirname(fileURLToPath(import.meta.url)),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout!.on('data', (chunk) => (out += chunk));
  child.on('close', () => {
    t.same(JSON.parse(out), [true, stepBytes, 500, 0]);
    t.end();
  });
  const write = async () => {
    for (let left = stepBytes + 500; left > 0; left -= 5_000) {
      child.stdin!.write(new Uint8Array(Math.min(left, 5_000)));
      await pause(10);
    }
    child.stdin!.end();
  };
  void write();
});
