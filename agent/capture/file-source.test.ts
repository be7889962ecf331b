import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type Frame, FrameList } from '../pcap/frame-list.ts';
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { PcapngWriter } from '../pcap/pcapng-writer.ts';
import { frameSourceConformance, traffic } from './frame-source.conformance.ts';
import { openSource } from './open.ts';

const dir = t.testdir();
const one = traffic(['pcap'], 3_000, 9_000);
const two = traffic(['tap0', 'tap1'], 3_000, 9_000);

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

t.test('what cannot be read is told with what to do about it', (t) => {
  const text = path.join(dir, 'notes.txt');
  writeFileSync(text, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const empty = path.join(dir, 'empty.pcap');
  writeFileSync(empty, '');
  const zipped = path.join(dir, 'zipped.pcap.gz');
  writeFileSync(zipped, Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0));
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
  t.throws(read(zipped), { code: 'capture-compressed', message: /gzip/, hint: /gzip -dc/ });
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
