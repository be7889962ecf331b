import t from 'tap';
import { AnyCaptureReader } from './capture-reader.ts';
import { type Frame, FrameList } from './frame-list.ts';
import { PcapWriter } from './pcap-writer.ts';
import { type InterfaceStatistics, PcapngWriter } from './pcapng-writer.ts';

/** Gathers what a writer puts out. */
class Output {
  bytes = new Uint8Array(0);
  readonly put = (bytes: Uint8Array, start: number, end: number) => {
    this.bytes = Uint8Array.from([...this.bytes, ...bytes.subarray(start, end)]);
  };
}

const sample: Frame[] = [
  {
    bytes: Uint8Array.from({ length: 60 }, (_, i) => i),
    wireLength: 60,
    tsUs: 1_700_000_000_000_001,
    interfaceIndex: 0,
  },
  { bytes: new Uint8Array(0), wireLength: 0, tsUs: 1_700_000_000_000_002, interfaceIndex: 1 },
  { bytes: Uint8Array.of(1, 2, 3), wireLength: 1_514, tsUs: 1_700_000_000_999_999, interfaceIndex: 1 },
  { bytes: new Uint8Array(9_001).fill(0x55), wireLength: 9_001, tsUs: 1_700_000_001_000_000, interfaceIndex: 0 },
];
const oneInterface = sample.map((frame) => ({ ...frame, interfaceIndex: 0 }));

function writePcap(frames: readonly Frame[], resolution: 'us' | 'ns' = 'us'): Uint8Array {
  const output = new Output();
  const writer = new PcapWriter(output.put, { resolution, bufferBytes: 1_024 });
  for (const f of frames) writer.frame(f.bytes, 0, f.bytes.length, f.wireLength, f.tsUs);
  writer.flush();
  return output.bytes;
}

function writePcapng(
  frames: readonly Frame[],
  options: { resolution?: 'us' | 'ns'; comments?: boolean; statistics?: InterfaceStatistics } = {},
): Uint8Array {
  const output = new Output();
  const writer = new PcapngWriter(output.put, {
    resolution: options.resolution ?? 'us',
    bufferBytes: 1_024,
    comment: 'é',
  });
  writer.addInterface({ name: 'eth0', linkType: 1, snapLength: 262_144 });
  writer.addInterface({ name: 'tap-ü', linkType: 276, snapLength: 0 });
  for (const f of frames) {
    if (options.comments) {
      writer.frameWithComment(f.bytes, 0, f.bytes.length, f.wireLength, f.tsUs, f.interfaceIndex, 'why this one');
    } else writer.frame(f.bytes, 0, f.bytes.length, f.wireLength, f.tsUs, f.interfaceIndex);
  }
  if (options.statistics) writer.interfaceStatistics(1, options.statistics);
  writer.flush();
  return output.bytes;
}

/** Reads a capture in pushes of `step` bytes. */
function read(bytes: Uint8Array, step = bytes.length) {
  const list = new FrameList();
  const reader = new AnyCaptureReader('test.pcap');
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes, at, Math.min(at + step, bytes.length), list);
  return { reader, frames: list.frames };
}

/** The same capture in the other byte order; `swap` lists [offset, width] of every number outside packet data. */
function swapped(bytes: Uint8Array, numbers: readonly (readonly [number, number])[]): Uint8Array {
  const copy = bytes.slice();
  for (const [at, width] of numbers) copy.subarray(at, at + width).reverse();
  return copy;
}

t.test('what PcapWriter writes is read back, however it is cut into pushes', (t) => {
  const bytes = writePcap(oneInterface);
  for (const step of [1, 2, 3, 7, 23, 24, 25, 100, 4_096, bytes.length]) {
    const { reader, frames } = read(bytes, step);
    reader.finish();
    t.same(frames, oneInterface, `pushes of ${step}`);
  }
  t.end();
});

t.test('what PcapngWriter writes is read back, however it is cut into pushes', (t) => {
  for (const comments of [false, true]) {
    const bytes = writePcapng(sample, {
      comments,
      statistics: { tsUs: 5, framesReceived: 10, framesDropped: 2 ** 33 },
    });
    t.equal(bytes.length % 4, 0);
    for (const step of [1, 2, 3, 7, 11, 28, 100, 4_096, bytes.length]) {
      const { reader, frames } = read(bytes, step);
      reader.finish();
      t.same(frames, sample, `pushes of ${step}`);
      t.same(reader.interfaces, [
        { name: 'eth0', linkType: 1, snapLength: 262_144 },
        { name: 'tap-ü', linkType: 276, snapLength: 0 },
      ]);
      t.same([reader.framesRead, reader.framesOf(0), reader.framesOf(1)], [4, 2, 2]);
      t.same([reader.droppedOf(0), reader.droppedOf(1)], [null, 2 ** 33]);
    }
  }
  t.end();
});

t.test('nanoseconds keep what a double can hold of them', (t) => {
  const fine = oneInterface.map((frame, i) => ({ ...frame, tsUs: frame.tsUs + i / 4 }));
  t.same(read(writePcap(fine, 'ns')).frames, fine);
  t.same(read(writePcapng(fine, { resolution: 'ns' })).frames, fine);
  t.end();
});

t.test('big-endian pcap', (t) => {
  const frames = oneInterface.slice(0, 1);
  const fields = [0, 8, 12, 16, 20, 24, 28, 32, 36].map((at) => [at, 4] as const);
  const bytes = swapped(writePcap(frames), [...fields, [4, 2], [6, 2]]);
  t.same(read(bytes).frames, frames);
  t.end();
});

t.test('the modified pcap variant has longer record headers', (t) => {
  const plain = writePcap(oneInterface.slice(0, 1));
  const bytes = Uint8Array.from([...plain.subarray(0, 40), 9, 9, 9, 9, 9, 9, 9, 9, ...plain.subarray(40)]);
  bytes.set([0x34, 0xcd], 0);
  t.same(read(bytes).frames, oneInterface.slice(0, 1));
  t.end();
});

/** pcapng blocks by hand, in either byte order. */
class Blocks {
  readonly #little: boolean;
  bytes: number[] = [];

  constructor(littleEndian: boolean) {
    this.#little = littleEndian;
  }

  number(value: number, width: number): number[] {
    const bytes = Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
    return this.#little ? bytes : bytes.reverse();
  }

  block(type: number, ...body: number[][]): this {
    const flat = body.flat();
    while (flat.length % 4 !== 0) flat.push(0);
    const length = this.number(flat.length + 12, 4);
    this.bytes.push(...this.number(type, 4), ...length, ...flat, ...length);
    return this;
  }

  section(): this {
    const n = this.number.bind(this);
    return this.block(0x0a0d0d0a, n(0x1a2b3c4d, 4), n(1, 2), n(0, 2), n(-1, 8));
  }

  interface(linkType: number, snapLength: number, ...options: number[][]): this {
    const n = this.number.bind(this);
    return this.block(1, n(linkType, 2), n(0, 2), n(snapLength, 4), ...options);
  }

  enhanced(interfaceNumber: number, units: number, frame: number[]): this {
    const n = this.number.bind(this);
    const high = Math.floor(units / 2 ** 32);
    return this.block(
      6,
      n(interfaceNumber, 4),
      n(high, 4),
      n(units % 2 ** 32, 4),
      n(frame.length, 4),
      n(frame.length, 4),
      frame,
    );
  }
}

for (const littleEndian of [true, false]) {
  t.test(`every packet block, ${littleEndian ? 'little' : 'big'}-endian, with unknown blocks between`, (t) => {
    const b = new Blocks(littleEndian);
    const n = b.number.bind(b);
    b.section()
      .interface(1, 4, n(9, 2), n(1, 2), [3, 0, 0, 0], n(14, 2), n(8, 2), n(-100, 8), n(0, 4))
      .interface(101, 0, n(9, 2), n(1, 2), [0x80 | 10, 0, 0, 0])
      .block(0xbad, new Array(70_000).fill(1))
      .enhanced(0, 5_000_000, [1, 2, 3])
      .enhanced(1, 2_048, [4])
      .block(3, n(1_000, 4), [7, 8, 9, 10])
      .block(2, n(1, 2), n(0, 2), n(0, 4), n(1_024, 4), n(2, 4), n(99, 4), [5, 6]);
    for (const step of [1, 1_000, 100_000]) {
      const { reader, frames } = read(Uint8Array.from(b.bytes), step);
      reader.finish();
      t.same(frames, [
        { bytes: Uint8Array.of(1, 2, 3), wireLength: 3, tsUs: 4_900e6, interfaceIndex: 0 },
        { bytes: Uint8Array.of(4), wireLength: 1, tsUs: 2e6, interfaceIndex: 1 },
        { bytes: Uint8Array.of(7, 8, 9, 10), wireLength: 1_000, tsUs: 2e6, interfaceIndex: 0 },
        { bytes: Uint8Array.of(5, 6), wireLength: 99, tsUs: 1e6, interfaceIndex: 1 },
      ]);
    }
    t.end();
  });
}

t.test('sections number their own interfaces; equal ones are the same interface, in either byte order', (t) => {
  const bytes: number[] = [];
  for (const littleEndian of [true, false, true]) {
    bytes.push(
      ...new Blocks(littleEndian)
        .section()
        .interface(1, 0)
        .interface(1, 0)
        .interface(101, 0)
        .enhanced(2, 1, [1])
        .enhanced(0, 2, [2]).bytes,
    );
  }
  const { reader, frames } = read(Uint8Array.from(bytes));
  t.equal(reader.interfaces.length, 3);
  t.same(
    frames.map((frame) => frame.interfaceIndex),
    [2, 0, 2, 0, 2, 0],
  );
  t.end();
});

t.test('a capture cut short delivers every whole frame, then says so', (t) => {
  for (const [bytes, frames] of [
    [writePcap(oneInterface), oneInterface],
    [writePcapng(sample), sample],
  ] as const) {
    const cut = read(bytes.subarray(0, bytes.length - 5));
    t.same(cut.frames, bytes[0] === 0x0a ? frames : frames.slice(0, 3));
    t.throws(() => cut.reader.finish(), { code: 'capture-truncated', exitCode: 2, message: /after [34] whole frames/ });
  }
  t.end();
});

t.test('every cut of a small capture ends well or is reported', (t) => {
  const bytes = writePcapng(sample.slice(0, 3));
  let ends = 0;
  for (let length = 4; length < bytes.length; length++) {
    const { reader } = read(bytes.subarray(0, length));
    try {
      reader.finish();
      ends += 1;
    } catch (error) {
      t.match(error, { code: 'capture-truncated' });
    }
  }
  t.equal(ends, 5, 'after the section header, two interfaces and two frames');
  t.end();
});

t.test('malformed input: the frames before it, then a clear error, again at every push', (t) => {
  const good = writePcap(oneInterface.slice(0, 1));
  const bad = Uint8Array.from([...good, ...new Array(16).fill(0xff)]);
  const list = new FrameList();
  const reader = new AnyCaptureReader('x');
  t.throws(() => reader.push(bad, 0, bad.length, list), {
    code: 'capture-malformed',
    message: /after frame 1: .*4294967295/,
  });
  t.equal(list.frames.length, 1);
  t.throws(() => reader.push(good, 0, good.length, list), { code: 'capture-malformed' });
  t.throws(() => reader.finish(), { code: 'capture-malformed' });

  const start = () => new Blocks(true).section();
  const cases: [string, number[], RegExp][] = [
    ['an undescribed interface', start().enhanced(0, 1, [1]).bytes, /interface 0 is used but not described/],
    ['no section', new Blocks(true).section().bytes.map((b, i) => (i === 8 ? 0 : b)), /byte-order mark/],
    ['version 2', new Blocks(true).section().bytes.map((b, i) => (i === 12 ? 2 : b)), /version 2/],
    ['a length of 13', [...start().bytes, 6, 0, 0, 0, 13, 0, 0, 0], /length as 13/],
    [
      'a frame longer than its block',
      start()
        .interface(1, 0)
        .enhanced(0, 1, [1, 2])
        .bytes.map((b, i, all) => (i === all.length - 16 ? 200 : b)),
      /claims a frame of 200/,
    ],
    [
      'a wrong trailer',
      start()
        .interface(1, 0)
        .enhanced(0, 1, [1, 2])
        .bytes.map((b, i, all) => (i === all.length - 4 ? 99 : b)),
      /ends with the length 99/,
    ],
  ];
  for (const [name, bytes, message] of cases) {
    for (const step of [1, bytes.length]) {
      t.throws(
        () => read(Uint8Array.from(bytes), step),
        { code: 'capture-malformed', exitCode: 2, message },
        `${name}, ${step}`,
      );
    }
  }
  t.end();
});

t.test('what is no capture is named', (t) => {
  const text = new TextEncoder().encode('GET / HTTP/1.1\r\n');
  t.throws(() => read(text), { code: 'capture-unknown-format', message: 'test.pcap is neither pcap nor pcapng' });
  t.throws(() => read(Uint8Array.of(0x42, 0x5a, 0x68, 0x39)), {
    code: 'capture-compressed',
    message: /bzip2/,
    hint: /bzip2 -dc/,
  });
  t.throws(() => read(new Uint8Array(0)).reader.finish(), { code: 'capture-empty' });
  t.throws(() => read(Uint8Array.of(0x0a, 0x0d)).reader.finish(), { code: 'capture-unknown-format' });
  t.end();
});
