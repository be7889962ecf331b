import { spawn, spawnSync } from 'node:child_process';
import { constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FrameList } from '../pcap/frame-list.ts';
import { PcapngWriter } from '../pcap/pcapng-writer.ts';
import { frameSourceConformance, traffic } from './frame-source.conformance.ts';
import { openStdin } from './stdin-source.ts';

const dir = t.testdir();
const recorded = traffic(['tap0', 'tap1'], 3_000);
const file = path.join(dir, 'recorded.pcapng');
const parts: Uint8Array[] = [];
const writer = new PcapngWriter((bytes, start, end) => parts.push(bytes.slice(start, end)));
for (const name of recorded.interfaceNames) writer.addInterface({ name, linkType: 1, snapLength: 262_144 });
for (const f of recorded.frames) writer.frame(f.bytes, 0, f.bytes.length, f.wireLength, f.tsUs, f.interfaceIndex);
writer.flush();
writeFileSync(file, Buffer.concat(parts));

const windows = process.platform === 'win32' ? 'no named pipes here' : false;

/** The reading end of a pipe that a process of its own writes to. */
function pipeFrom(command: string): number {
  const pipe = path.join(dir, `pipe-${(pipes += 1)}`);
  spawnSync('mkfifo', [pipe]);
  const fd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  spawn('sh', ['-c', `exec >"${pipe}"; ${command}`], { stdio: 'ignore' });
  // Reading ends at once while no writer has opened it: the first byte shows that one has.
  spawnSync('sh', ['-c', 'sleep 0.05']);
  return fd;
}
let pipes = 0;

t.test('a pipe that another process writes to', { skip: windows }, (t) =>
  frameSourceConformance(t, recorded, () => ({
    source: openStdin({}, pipeFrom(`cat "${file}"`)),
    timestamps: 'recorded',
  })),
);

t.test('timers run and frames arrive while the writer is slow', { skip: windows }, async (t) => {
  const half = Math.floor(readFileSync(file).length / 2);
  const source = openStdin({}, pipeFrom(`head -c ${half} "${file}"; sleep 0.3; tail -c +${half + 1} "${file}"`));
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 10);
  const list = new FrameList();
  let early = 0;
  for (;;) {
    const delivered = source.read(list, 100);
    if (delivered < 0) break;
    if (delivered === 0) {
      if (ticks < 20) early = list.frames.length;
      await source.wait(20);
    }
  }
  clearInterval(timer);
  source.close();
  t.ok(ticks > 10, `${ticks} ticks`);
  t.ok(early > 500, `${early} frames before the writer went on`);
  t.equal(list.frames.length, 3_000);
});

const program = `
  import { openSource } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
  const source = openSource({ read: '-' });
  let frames = 0, bytes = 0;
  try {
    for (;;) {
      const delivered = source.read({ frame: (_, start, end) => { frames += 1; bytes += end - start; } }, 100);
      if (delivered < 0) break;
      if (delivered === 0) await source.wait(1000);
    }
  } catch (error) { console.log(error.code); }
  source.close();
  console.log(frames, bytes);
`;
const child = (input: string) =>
  spawnSync('sh', ['-c', `${input} "${process.execPath}" --input-type=module-typescript -e "$PROGRAM"`], {
    env: { ...process.env, PROGRAM: program },
    encoding: 'utf8',
    timeout: 120_000,
  }).stdout;
const all = `3000 ${recorded.frames.reduce((sum, frame) => sum + frame.bytes.length, 0)}\n`;

t.test('standard input of a process: pipe, redirected file, cut short, nothing', { skip: windows }, (t) => {
  t.equal(child(`cat "${file}" |`), all);
  t.equal(child(`<"${file}"`), all);
  t.equal(child(`gzip -c "${file}" |`), all);
  t.equal(child(`(gzip -c "${file}"; echo garbage) |`), `capture-trailing-bytes\n${all}`);
  t.match(child(`head -c -9 "${file}" |`), /^capture-truncated\n(3000|2999) /);
  t.equal(child('printf "" |'), 'capture-empty\n0 0\n');
  t.equal(child('</dev/null'), 'capture-empty\n0 0\n');
  t.equal(child('echo hello, world |'), 'capture-unknown-format\n0 0\n');
  t.end();
});
