import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import t from 'tap';
import { FrameList } from '../../agent/pcap/frame-list.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { openRecording, probeRecording } from './recorded-traffic.ts';

function capture(linkType: number, timesUs: readonly number[]): Uint8Array {
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes, start, end) => chunks.push(bytes.slice(start, end)));
  writer.addInterface({ name: 'eth0', linkType, snapLength: 65_535 });
  timesUs.forEach((tsUs, index) => {
    writer.frame(new Uint8Array(60).fill(index), 0, 60, 60, tsUs, 0);
  });
  writer.flush();
  return Buffer.concat(chunks);
}

function readAll(file: string): FrameList {
  const traffic = openRecording({ path: file });
  const list = new FrameList();
  try {
    while (traffic.read(list, 10) >= 0);
  } finally {
    traffic.close();
    traffic.close();
  }
  return list;
}

t.test('plain, gzip and zstd alike; times made never to decrease', async (t) => {
  const folder = t.testdir();
  const bytes = capture(1, [1_000, 3_000, 2_000, 4_000]);
  for (const [name, content] of [
    ['a.pcapng', bytes],
    ['a.pcapng.gz', gzipSync(bytes)],
    ['a.pcapng.zst', zstdCompressSync(bytes)],
  ] as const) {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    const { frames } = readAll(file);
    t.same(
      frames.map(({ tsUs }) => tsUs),
      [1_000, 3_000, 3_000, 4_000],
      name,
    );
    t.same(
      frames.map(({ bytes }) => bytes[0]),
      [0, 1, 2, 3],
    );
  }
});

t.test('what was converted or cut is counted by what it was', (t) => {
  const folder = t.testdir();
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes, start, end) => chunks.push(bytes.slice(start, end)), { resolution: 'ns' });
  const packet = new Uint8Array(60).fill(0x45);
  for (const [at, linkType] of [1, 101, 0].entries()) {
    writer.addInterface({ name: `i${at}`, linkType, snapLength: 0 });
    for (let count = 0; count <= at; count += 1) writer.frame(packet, 0, 60, 60, 1000 + (at === 1 ? 0.5 : 0), at);
  }
  writer.flush();
  const file = path.join(folder, 'mixed.pcapng');
  writeFileSync(file, Buffer.concat(chunks));
  const traffic = openRecording({ path: file });
  while (traffic.read(new FrameList(), 10) >= 0);
  traffic.close();
  t.match(
    traffic.impairments.map(({ description, frames }) => `${frames} ${description}`),
    [/^2 frames of raw IP were/, /^3 frames of BSD loopback were/, /^2 times of frames in nanoseconds/],
  );
  t.end();
});

t.test('what is no recording is refused, and what came before a cut is delivered', async (t) => {
  const folder = t.testdir();
  const bytes = capture(1, [1_000, 2_000, 3_000]);
  const file = (name: string, content: Uint8Array | string) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  mkdirSync(path.join(folder, 'directory'));
  for (const [input, code] of [
    [path.join(folder, 'missing'), 'recording-unreadable'],
    [path.join(folder, 'directory'), 'recording-unreadable'],
    [file('text', 'not a capture at all'), 'capture-unknown-format'],
    [file('empty', ''), 'capture-empty'],
    [file('head', bytes.subarray(0, 30)), 'capture-truncated'],
    [file('none', capture(1, [])), 'recording-empty'],
    [file('xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)), 'capture-compressed'],
    [file('cut.gz', gzipSync(bytes).subarray(0, 60)), 'capture-truncated'],
    [file('usb', capture(220, [1_000])), 'recording-link-type'],
    [file('cooked', capture(113, [1_000])), 'recording-empty'],
  ] as const) {
    const error = { code, exitCode: 2, hint: /\w/, message: new RegExp(path.basename(input)) };
    t.throws(() => readAll(input), error, `${path.basename(input)}: ${code}`);
    t.throws(() => probeRecording(input), { code }, 'and before anything is started');
  }
  const cut = file('cut', bytes.subarray(0, bytes.length - 10));
  probeRecording(cut);
  const traffic = openRecording({ path: cut });
  const list = new FrameList();
  while (traffic.read(list, 10) >= 0);
  t.equal(list.frames.length, 2);
  t.match(traffic.impairments, [
    { kind: 'recording', description: /cut ends early, in the middle/, frames: 2, isIncomplete: true },
  ]);
  traffic.close();
});
