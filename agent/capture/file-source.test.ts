import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import t from 'tap';
import { type Frame, FrameList } from '../pcap/frame-list.ts';
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { PcapngWriter } from '../pcap/pcapng-writer.ts';
import { frameSourceConformance, traffic } from './frame-source.conformance.ts';
import { openSource } from './open.ts';

const dir = t.testdir();
const one = traffic(['pcap'], 3_000, 9_000);
const two = traffic(['tap0', 'tap1'], 3_000, 9_000);

function slices(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  );
}

function pcapFile(frames: readonly Frame[], name = 'one.pcap'): string {
  const file = path.join(dir, name);
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => parts.push(bytes.slice(start, end)));
  for (const f of frames) writer.frame(f.bytes, 0, f.bytes.length, f.wireLength, f.tsUs);
  writer.flush();
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

function pcapngFile(): string {
  const file = path.join(dir, 'two.pcapng');
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes, start, end) => parts.push(bytes.slice(start, end)));
  for (const name of two.interfaceNames) writer.addInterface({ name, linkType: 1, snapLength: 262_144 });
  for (const f of two.frames) writer.frame(f.bytes, 0, f.bytes.length, f.wireLength, f.tsUs, f.interfaceIndex);
  writer.flush();
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

t.test('a pcap file', (t) => {
  const file = pcapFile(one.frames);
  return frameSourceConformance(t, one, () => ({ source: openSource({ read: file }), timestamps: 'recorded' }));
});

t.test('a pcapng file', (t) => {
  const file = pcapngFile();
  return frameSourceConformance(t, two, () => ({ source: openSource({ read: file }), timestamps: 'recorded' }));
});

for (const [name, compress] of [
  ['gzip', (bytes: Buffer) => zlib.gzipSync(bytes)],
  ['gzip of members', (bytes: Buffer) => Buffer.concat(slices(bytes, 100_000).map((slice) => zlib.gzipSync(slice)))],
  ['zstd', (bytes: Buffer) => zlib.zstdCompressSync(bytes)],
  [
    'zstd of frames',
    (bytes: Buffer) => Buffer.concat(slices(bytes, 1 << 20).map((slice) => zlib.zstdCompressSync(slice))),
  ],
] as const) {
  t.test(`a pcapng file in ${name}`, (t) => {
    const file = path.join(dir, `two.pcapng.${name.replaceAll(' ', '-')}`);
    writeFileSync(file, compress(readFileSync(pcapngFile())));
    return frameSourceConformance(t, two, () => ({ source: openSource({ read: file }), timestamps: 'recorded' }));
  });

  t.test(`${name}: an end that is missing, damage and bytes behind the end come after what was read`, (t) => {
    const whole = compress(readFileSync(pcapFile(one.frames)));
    const damaged = Buffer.from(whole);
    // What gzip makes of it may be bytes all the same: then the capture itself is malformed.
    damaged.fill(0xff, whole.length >> 1, (whole.length >> 1) + 200);
    for (const [bytes, code, least] of [
      [Buffer.concat([whole, Buffer.from('garbage')]), 'capture-trailing-bytes', 3000],
      [whole.subarray(0, -3), 'capture-truncated', 2500],
      [whole.subarray(0, whole.length >> 1), 'capture-truncated', 500],
      [damaged, 'capture-malformed', 500],
    ] as const) {
      const file = path.join(dir, 'faulty.pcap.x');
      writeFileSync(file, bytes);
      const source = openSource({ read: file });
      const list = new FrameList();
      const readAll = () => {
        while (source.read(list, 1_000_000) >= 0);
      };
      t.throws(readAll, {
        code,
        exitCode: 2,
        hint: /.+/,
        message: code === 'capture-malformed' ? /.+/ : /whole frames/,
      });
      t.ok(list.frames.length >= least, `${code}: ${list.frames.length} frames`);
      source.close();
    }
    t.end();
  });
}

t.test('compressed twice, or not a capture within', (t) => {
  for (const [bytes, code] of [
    [zlib.gzipSync(zlib.gzipSync(readFileSync(pcapFile(one.frames)))), 'capture-compressed'],
    [zlib.zstdCompressSync('hello, world'), 'capture-unknown-format'],
    [zlib.gzipSync(''), 'capture-empty'],
    // A frame of nothing, with a window of 128 MB (RFC 8878, 3.1.1.1).
    [Buffer.from('28b52ffd0088010000', 'hex'), 'capture-window'],
  ] as const) {
    const file = path.join(dir, 'odd.x');
    writeFileSync(file, bytes);
    const source = openSource({ read: file });
    t.throws(() => source.read(new FrameList(), 10), { code, hint: /.+/ });
    source.close();
  }
  t.end();
});

t.test('a bomb of a capture is read in constant memory', (t) => {
  const frame = new Uint8Array(1_500);
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)));
  for (let i = 0; i < 100_000; i += 1) writer.frame(frame, 0, frame.length, frame.length, i);
  writer.flush();
  const bomb = path.join(dir, 'bomb.pcap.gz');
  writeFileSync(bomb, zlib.gzipSync(Buffer.concat(pieces)));
  pieces.length = 0;
  const source = openSource({ read: bomb });
  const before = process.memoryUsage();
  let frames = 0;
  let most = 0;
  const sink = { frame: () => void (frames += 1) };
  while (source.read(sink, 1) >= 0) {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers);
  }
  source.close();
  t.equal(frames, 100_000);
  t.ok(most < 1 << 20, `${most} bytes of buffers`);
  t.end();
});

t.test('a file cut short delivers its whole frames, then says so once, then has ended', (t) => {
  const file = pcapFile(one.frames);
  const cut = path.join(dir, 'cut.pcap');
  writeFileSync(cut, readFileSync(file).subarray(0, -7));
  const source = openSource({ read: cut });
  const list = new FrameList();
  t.throws(() => source.read(list, 1_000_000), {
    code: 'capture-truncated',
    exitCode: 2,
    message: /2999 whole frames/,
  });
  t.equal(list.frames.length, 2_999);
  t.equal(source.read(list, 1), -1);
  source.close();
  t.end();
});

t.test('what cannot be read is an error that says what to do', (t) => {
  const text = path.join(dir, 'notes.txt');
  writeFileSync(text, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const empty = path.join(dir, 'empty.pcap');
  writeFileSync(empty, '');
  const zipped = path.join(dir, 'zipped.pcap.bz2');
  writeFileSync(zipped, Uint8Array.of(0x42, 0x5a, 0x68, 0x39, 0x31, 0x41));
  const directory = path.join(dir, 'captures');
  mkdirSync(directory);
  const read = (file: string) => () => {
    const source = openSource({ read: file });
    try {
      source.read(new FrameList(), 10);
    } finally {
      source.close();
    }
  };
  t.throws(read(directory), { code: 'capture-is-directory', message: /captures is a directory/, hint: /.+/ });
  t.throws(read(text), {
    code: 'capture-unknown-format',
    message: /notes\.txt is neither pcap nor pcapng/,
    hint: /.+/,
  });
  t.throws(read(empty), { code: 'capture-empty', hint: /.+/ });
  t.throws(read(zipped), { code: 'capture-compressed', message: /bzip2/, hint: /bzip2 -dc/ });
  t.throws(read(path.join(dir, 'nothing.pcap')), { code: 'capture-missing', hint: /--read/ });
  t.throws(() => openSource({}), { code: 'source-ambiguous', hint: /--interface/ });
  t.throws(() => openSource({ read: 'x', interfaces: ['lo'] }), { code: 'source-ambiguous' });
  t.throws(() => openSource({ interfaces: ['any', 'lo'] }), { code: 'source-ambiguous' });
  t.end();
});

t.test('no permission to read', { skip: process.getuid?.() === 0 ? 'root may read everything' : false }, (t) => {
  const file = path.join(dir, 'secret.pcap');
  writeFileSync(file, '');
  chmodSync(file, 0);
  t.throws(() => openSource({ read: file }), { code: 'capture-not-permitted', hint: /sudo cat/ });
  t.end();
});
