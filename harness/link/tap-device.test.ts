import t from 'tap';
import { FloodgateError } from '../../agent/errors.ts';
import type { SendOrder } from '../feed/sender.ts';
import { openTapSender } from '../feed/tap-sender.ts';
import { isInNamespace, runInNamespace } from './namespace.ts';
import { deviceCounters, openTap, TapDevice, tapMtuBytesMax } from './tap-device.ts';

// A real device, in a namespace of its own: this file runs itself again inside one.
if (!isInNamespace()) {
  try {
    process.exit(await runInNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]));
  } catch (error) {
    t.pass(`SKIPPED, NOTHING TESTED: ${(error as Error).message}`, { skip: (error as Error).message });
    process.exit();
  }
}

const incident = new URL('../../scenarios/incident/scenario.ts', import.meta.url).href;
const order = (sizeBytes: number, more: Partial<SendOrder> = {}, loops = 1): SendOrder => ({
  traffic: { kind: 'scenario', moduleUrl: incident, options: { seed: 3, sizeBytes }, loops },
  pace: { kind: 'topspeed' },
  ...more,
});

t.test('frames of every length arrive, others are refused and counted', async (t) => {
  const device = new TapDevice(openTap({ name: 'lengths0' }));
  t.teardown(() => device.close());
  const bytes = new Uint8Array(70_000).fill(2);
  const lengths = [14, 60, 1_514, 9_014, tapMtuBytesMax + 14];
  for (const length of lengths) device.frame(bytes, 100, 100 + length);
  const taken = { frames: lengths.length, bytes: lengths.reduce((sum, length) => sum + length), dropped: 0 };
  t.same(device.counters(), taken);
  device.frame(bytes, 0, 13);
  device.frame(bytes, 0, tapMtuBytesMax + 15);
  t.equal(device.framesRefused, 2);
  t.equal(device.bytesRefused, 13 + tapMtuBytesMax + 15);
  t.same(device.counters(), taken);
});

const ways = [
  { how: 'with one call for hundreds', batches: true, kernelThread: false },
  { how: 'by a thread of the kernel’s', batches: true, kernelThread: true },
  { how: 'each with its own call', batches: false, kernelThread: false },
];
for (const { how, batches, kernelThread } of ways) {
  t.test(`many frames, ${how}`, async (t) => {
    const taps = [openTap({ name: 'many0' }), openTap({ name: 'many1' })];
    const device = new TapDevice(taps, { batches, kernelThread });
    t.teardown(() => device.close());
    if (batches && !device.batches) t.comment('NO IO_URING HERE: only the way without it is tested');
    const bytes = new Uint8Array(72_000).fill(2);
    const sent = taps.map(() => ({ frames: 0, bytes: 0, dropped: 0 }));
    for (let number = 0; number < 6_000; number += 1) {
      const length = number % 500 === 0 ? tapMtuBytesMax + 14 : 14 + ((number * 37) % 1_500);
      const at = number % 3 === 0 ? 1 : 0;
      device.frame(bytes, number, number + length, length, 0, at);
      sent[at]!.frames += 1;
      sent[at]!.bytes += length;
      if (number % 2_900 === 0) device.flush();
    }
    device.endBatches();
    t.equal(device.batches, false);
    t.same([deviceCounters('many0'), deviceCounters('many1')], sent, 'each into its own device');
    device.frame(bytes, 0, 60, 60, 0, 7);
    t.equal(
      deviceCounters('many0').frames,
      sent[0]!.frames + 1,
      'an interface that there is not, and after the batches',
    );
    t.equal(device.framesRefused, 0);
  });

  t.test(`a device that is gone refuses, ${how}`, async (t) => {
    const tap = openTap({ name: 'away0' });
    const device = new TapDevice(tap, { batches, kernelThread });
    new TapDevice(tap, { batches: false }).close();
    for (let number = 0; number < 3; number += 1) device.frame(new Uint8Array(100), 0, 100);
    device.flush();
    t.equal(device.framesRefused, 3);
    t.equal(device.bytesRefused, 300);
    device.endBatches();
  });
}

t.test('a device is gone once closed, and its name is free', async (t) => {
  const device = new TapDevice(openTap({ name: 'gone0' }));
  device.frame(new Uint8Array(100), 0, 100);
  t.throws(() => openTap({ name: 'gone0' }), { code: 'tap-busy', exitCode: 2 });
  device.close();
  device.close();
  t.same(deviceCounters('gone0'), { frames: 0, bytes: 0, dropped: 0 });
  new TapDevice(openTap({ name: 'gone0' })).close();
});

t.test('names that cannot be', async (t) => {
  for (const name of ['', 'sixteen-letters-', 'a/b', 'a b', '../x']) {
    t.throws(() => openTap({ name }), { code: 'tap-refused' });
  }
});

for (const kernelThread of [false, true])
  t.test(
    `the thread sends everything, and the device agrees${kernelThread ? ', with one of the kernel’s' : ''}`,
    async (t) => {
      const tap = openTap({ name: 'send0' });
      const device = new TapDevice(tap);
      t.teardown(() => device.close());
      const sender = await openTapSender(tap, order(12_000_000, {}, 2), { kernelThread });
      t.same(sender.progress().frames, 0, 'nothing before start');
      sender.start();
      const { ledger, truth, cutShort } = await sender.done;
      t.equal(ledger.balanced, true, ledger.summary);
      t.equal(ledger.framesSent, sender.description.framesExpected);
      t.equal(ledger.bytesSent, sender.description.bytesExpected);
      t.same(device.counters(), ledger.link);
      t.match(truth, { requests: 112, responses: 112, requestsIntact: 112, responsesIntact: 32 }, 'of both passes');
      t.equal(cutShort, false);
    },
  );

t.test('it pauses at a frame, exactly, and the schedule stands still meanwhile', async (t) => {
  const tap = openTap({ name: 'pause0' });
  const device = new TapDevice(tap);
  t.teardown(() => device.close());
  const sender = await openTapSender(tap, order(20_000_000, { pace: { kind: 'recorded', speed: 1 } }));
  const first = sender.pauseAt(5_000);
  const startedMs = performance.now();
  sender.start();
  t.equal((await first).frames, 5_000);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  t.equal(device.counters().frames, 5_000);
  const second = sender.pauseAt(7_001);
  sender.resume();
  t.equal((await second).frames, 7_001);
  sender.resume();
  const { progress, ledger, pacing } = await sender.done;
  const wallUs = (performance.now() - startedMs) * 1_000;
  t.equal(ledger.balanced, true);
  t.ok(progress.elapsedUs > progress.trafficUs - 1_000, 'not ahead of the schedule');
  t.ok(progress.elapsedUs < progress.trafficUs + pacing!.maxUs + 800_000, 'nor later than this machine made it');
  t.ok(progress.elapsedUs < wallUs - 990_000, 'the pause does not count');
});

t.test('it can be cut short, before the start and under way', async (t) => {
  const tap = openTap({ name: 'stop0' });
  const device = new TapDevice(tap);
  t.teardown(() => device.close());
  const never = await openTapSender(tap, order(12_000_000));
  never.stop();
  const nothing = await never.done;
  t.equal(nothing.cutShort, true);
  t.equal(nothing.ledger.framesSent, 0);
  const slow = await openTapSender(tap, order(12_000_000, { pace: { kind: 'frames', framesPerSecond: 1 } }));
  slow.start();
  await new Promise((resolve) => setTimeout(resolve, 200));
  slow.stop();
  const { cutShort, ledger, truth } = await slow.done;
  t.equal(cutShort, true, 'although the next frame was a second away');
  t.ok(ledger.framesSent <= 2 && ledger.balanced, ledger.summary);
  t.equal(truth, undefined);
});

t.test('traffic that cannot be opened is an error with its hint', async (t) => {
  const tap = openTap({ name: 'bad0' });
  t.teardown(() => new TapDevice(tap).close());
  const bad: SendOrder = {
    ...order(1),
    traffic: { kind: 'recording', path: '/no/such.pcap' },
  };
  const error = await openTapSender(tap, bad).catch((caught) => caught);
  t.ok(error instanceof FloodgateError);
  t.match(error, { code: 'recording-unreadable', hint: /path/ });
});
