/** What every frame source must do, whatever is behind it: one suite, run by the test of each. */
import type { Test } from 'tap';
import { type Frame, FrameList } from '../pcap/frame-list.ts';
import type { FrameSource } from './frame-source.ts';

/** What a source is to deliver, by interface: sources of several keep the order within each only. */
export interface Traffic {
  readonly interfaceNames: readonly string[];
  readonly frames: readonly Frame[];
}

export interface SourceUnderTest {
  readonly source: FrameSource;
  /** Puts the traffic in, for devices that must be open before it comes. */
  readonly send?: () => void;
  /** A device stamps frames with its own clock; files say what was recorded. */
  readonly timestamps: 'recorded' | 'clock';
  /** How the source names the interfaces, where not as the traffic does. */
  readonly interfaceNames?: readonly string[];
}

/** Mixed sizes, unlike any protocol the kernel would answer (ethertype 0x88b5, local experiments), the same every time. */
export function traffic(interfaceNames: readonly string[], count: number, wireBytesMax = 1_514): Traffic {
  const frames: Frame[] = [];
  let random = 12_345;
  for (let i = 0; i < count; i++) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const bytes = new Uint8Array(60 + (random % (wireBytesMax - 59)));
    for (let at = 14; at < bytes.length; at++) bytes[at] = (random + at * 7) & 0xff;
    bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5, i >> 8, i & 0xff]);
    const interfaceIndex = (random >> 12) % interfaceNames.length;
    frames.push({ bytes, wireLength: bytes.length, tsUs: 1_700_000_000_000_000 + i * 37, interfaceIndex });
  }
  return { interfaceNames, frames };
}

const readsMax = 100_000;

/** Reads until the end, stopping a live source once everything sent has arrived (or has had its time). */
async function readAll(
  subject: SourceUnderTest,
  expected: number,
  list: FrameList,
  framesMax: number,
): Promise<number> {
  let overshoot = 0;
  let idle = 0;
  for (let i = 0; i < readsMax; i++) {
    const before = list.frames.length;
    const delivered = subject.source.read(list, framesMax);
    if (delivered < 0) return overshoot;
    if (delivered !== list.frames.length - before) throw new Error(`said ${delivered}, delivered otherwise`);
    overshoot = Math.max(overshoot, delivered - framesMax);
    if (delivered > 0) continue;
    idle += 1;
    if (subject.timestamps === 'clock' && (list.frames.length >= expected || idle === 100)) subject.source.stop();
    await subject.source.wait(50);
  }
  throw new Error('the source never ended');
}

/** @param open must give a fresh source at each call. */
export async function frameSourceConformance(
  t: Test,
  expected: Traffic,
  open: () => Promise<SourceUnderTest> | SourceUnderTest,
): Promise<void> {
  await t.test('the same frames come out as went in', async (t) => {
    for (const framesMax of [1, 64, 1_000_000]) {
      const subject = await open();
      const { source } = subject;
      const startUs = Date.now() * 1_000;
      const list = new FrameList();
      subject.send?.();
      const overshoot = await readAll(subject, expected.frames.length, list, framesMax);
      t.ok(overshoot <= 1_100, `a read of ${framesMax} ends within a slice of it: ${overshoot} more`);
      checkFrames(t, subject, expected, list, startUs);
      const received = source.stats().reduce((sum, stats) => sum + stats.framesReceived, 0);
      t.equal(received, expected.frames.length, 'and are counted');
      t.equal(source.read(list, 1), -1, 'the end stays the end');
      source.close();
      source.close();
      t.equal(source.read(list, 1), -1, 'a closed source has ended');
    }
  });

  await t.test('closing early, waiting and stopping', async (t) => {
    const early = (await open()).source;
    early.close();
    t.equal(early.read(new FrameList(), 1), -1);
    await early.wait(1);

    const { source } = await open();
    const started = performance.now();
    await source.wait(50);
    t.ok(performance.now() - started < 5_000, 'a wait ends');
    source.stop();
    source.stop();
    for (let i = 0; i < 1_000 && source.read(new FrameList(), 1_000) >= 0; i++) await source.wait(5);
    t.equal(source.read(new FrameList(), 1), -1, 'a stopped source ends');
    source.close();
  });
}

function checkFrames(t: Test, subject: SourceUnderTest, expected: Traffic, list: FrameList, startUs: number): void {
  const names = subject.interfaceNames ?? expected.interfaceNames;
  t.equal(list.frames.length, expected.frames.length, 'every frame, once');
  for (let index = 0; index < names.length; index++) {
    const wanted = expected.frames.filter((frame) => frame.interfaceIndex === index);
    const got = list.frames.filter((frame) => subject.source.interfaces[frame.interfaceIndex]?.name === names[index]);
    const different = wanted.findIndex((frame, i) => !isSameFrame(frame, got[i]));
    t.equal(different, -1, `bytes and wire lengths on ${names[index]}, in order`);
    if (different >= 0) t.same(got[different], wanted[different]);
    const times = got.map((frame) => frame.tsUs);
    if (subject.timestamps === 'recorded') {
      t.ok(
        times.every((time, i) => time === wanted[i]?.tsUs),
        'timestamps as recorded',
      );
    } else {
      t.ok(
        times.every((time, i) => i === 0 || time >= times[i - 1]!),
        'timestamps in order',
      );
      t.ok(
        times.every((time) => time > startUs - 1e6 && time < startUs + 60e6),
        'timestamps of now',
      );
    }
  }
}

function isSameFrame(a: Frame, b: Frame | undefined): boolean {
  return b !== undefined && a.wireLength === b.wireLength && Buffer.compare(a.bytes, b.bytes) === 0;
}
