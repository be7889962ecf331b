import { PassThrough, Writable } from 'node:stream';
import t from 'tap';
import { AnyCaptureReader } from '../../agent/pcap/capture-reader.ts';
import { FrameList } from '../../agent/pcap/frame-list.ts';
import { openPipeSender } from './pipe-sender.ts';
import type { SendOrder } from './sender.ts';

const moduleUrl = new URL('../../scenarios/incident/scenario.ts', import.meta.url).href;
const order: SendOrder = {
  traffic: { kind: 'scenario', moduleUrl, options: { seed: 3, sizeBytes: 9_000_000 } },
  pace: { kind: 'topspeed' },
};

/** A reader that takes its time over each chunk, and what it read. */
function slowReader() {
  const reader = new AnyCaptureReader('pipe');
  const list = new FrameList();
  const stream = new Writable({
    highWaterMark: 65_536,
    write(chunk: Uint8Array, _encoding, done) {
      reader.push(chunk, 0, chunk.length, list);
      setImmediate(done);
    },
  });
  return { stream, list };
}

t.test('every frame arrives, in order, with its time, and repeated passes go on in time', async (t) => {
  const { stream, list } = slowReader();
  const sender = await openPipeSender(stream, { ...order, traffic: { ...order.traffic, loops: 2 } });
  t.equal(list.frames.length, 0, 'nothing before start');
  sender.start();
  const { ledger, truth } = await sender.done;
  t.ok(ledger.balanced, ledger.summary);
  t.equal(list.frames.length, sender.description.framesExpected);
  t.equal(
    list.frames.reduce((sum, { bytes }) => sum + bytes.length, 0),
    sender.description.bytesExpected,
  );
  t.ok(
    list.frames.every(({ tsUs }, at, all) => at === 0 || tsUs >= all[at - 1]!.tsUs),
    'times never decrease',
  );
  t.match(truth, { requests: 84, responsesIntact: 4 });
});

t.test('it pauses with everything sent taken, and goes on from there', async (t) => {
  const { stream, list } = slowReader();
  const sender = await openPipeSender(stream, order);
  const held = sender.pauseAt(3_001);
  sender.start();
  t.equal((await held).frames, 3_001);
  t.equal(list.frames.length, 3_001, 'the reader has them all');
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(list.frames.length, 3_001);
  const next = sender.pauseAt(3_002);
  sender.resume();
  t.equal((await next).frames, 3_002);
  sender.resume();
  const { ledger } = await sender.done;
  t.ok(ledger.balanced, ledger.summary);
  t.equal(list.frames.length, sender.description.framesExpected);
});

t.test('it is resumed while the reader still takes what came before the hold', async (t) => {
  const list = new FrameList();
  const reader = new AnyCaptureReader('pipe');
  let take: (() => void) | undefined;
  let isSlow = false;
  const stream = new Writable({
    highWaterMark: 65_536,
    write(chunk: Uint8Array, _encoding, done) {
      reader.push(chunk, 0, chunk.length, list);
      if (isSlow) take = done;
      else setImmediate(done);
    },
  });
  const sender = await openPipeSender(stream, order);
  void sender.pauseAt(3_001);
  sender.start();
  while (sender.progress().frames < 2_000) await new Promise((resolve) => setImmediate(resolve));
  isSlow = true;
  // One chunk at a time is taken from here on. The last frame before the hold comes out of the writer by the hold alone.
  while (list.frames.length < 3_001) {
    const done = take;
    take = undefined;
    done?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  void sender.pauseAt(3_100);
  sender.resume();
  const next = sender.pauseAt(3_100);
  isSlow = false;
  take?.();
  t.equal((await next).frames, 3_001, 'held, for a moment');
  while (sender.progress().frames < 3_100) await new Promise((resolve) => setImmediate(resolve));
  sender.resume();
  const { ledger } = await sender.done;
  t.ok(ledger.balanced, ledger.summary);
});

t.test('a reader that is gone ends it, and the ledger says so', async (t) => {
  const stream = new PassThrough({ highWaterMark: 65_536 });
  stream.on('error', () => {});
  const sender = await openPipeSender(stream, order);
  sender.start();
  await new Promise((resolve) => setTimeout(resolve, 50));
  stream.destroy();
  const { cutShort, ledger, truth } = await sender.done;
  t.equal(cutShort, true);
  t.equal(ledger.balanced, false);
  t.equal(truth, undefined);
});

t.test('stop ends it while the reader does not read', async (t) => {
  const sender = await openPipeSender(new PassThrough({ highWaterMark: 65_536 }), order);
  sender.start();
  await new Promise((resolve) => setTimeout(resolve, 50));
  sender.stop();
  const late = new Promise((resolve) => setTimeout(resolve, 25_000, 'late').unref());
  t.not(await Promise.race([sender.done, late]), 'late');
});
