// The kernel's own figures of a frame are part of the filter: this file runs itself again in a network namespace of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { createRandom } from '../seeded-random.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';
import type { FrameSource } from './frame-source.ts';
import { openSource } from './open.ts';
import { isInOwnNamespace, TapFixture, testInOwnNamespace } from './sys/tap-fixture.ts';

if (isInOwnNamespace) await testInNamespace();
else testInOwnNamespace(t, import.meta.url, 'the choice of connections by the kernel');

/** Everything that arrives, as one text a frame. */
async function drain(source: FrameSource): Promise<string[]> {
  const frames: string[] = [];
  const sink = {
    frame: (bytes: Uint8Array, start: number, end: number) => {
      frames.push(Buffer.from(bytes.subarray(start, end)).toString('hex'));
    },
  };
  for (let idle = 0; idle < 3; ) {
    if (source.read(sink, 1000) > 0) idle = 0;
    else {
      idle += 1;
      await sleep(40);
    }
  }
  return frames;
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex');
}

function flow(number: number, isV6: boolean): { there: Uint8Array; back: Uint8Array } {
  const client = isV6 ? `2001:db8::${(number + 1).toString(16)}` : `10.1.${number >> 8}.${number & 255}`;
  const server = isV6 ? '2001:db8:1::9' : '10.2.0.9';
  const common = { sequence: 1, acknowledgement: 1, flags: 16, payload: Buffer.from(`flow ${number}`) };
  const [port, to] = [30_000 + (number % 100), 443];
  return {
    there: buildTcpFrame({ ...common, source: client, destination: server, sourcePort: port, destinationPort: to }),
    back: buildTcpFrame({ ...common, source: server, destination: client, sourcePort: to, destinationPort: port }),
  };
}

async function testInNamespace(): Promise<void> {
  const random = createRandom(1, 'flows');
  const key = [random.u32(), random.u32()] as const;

  await t.test('whole connections, in both directions, of every kind; what was left out is counted', async (t) => {
    const tap = new TapFixture('tap0');
    const source = openSource({ interfaces: ['tap0'] });
    const flows = Array.from({ length: 600 }, (_, i) => flow(i, i % 2 === 1));
    const send = (isTagged: boolean) => {
      for (const { there, back } of flows) {
        for (const frame of [there, back]) {
          const tag = [0x81, 0, 0, 7];
          tap.write(isTagged ? Buffer.concat([frame.subarray(0, 12), Buffer.from(tag), frame.subarray(12)]) : frame);
        }
      }
    };
    send(false);
    t.equal((await drain(source)).length, 1200, 'all at first');
    t.match(source.stats(), [{ framesReceived: 1200, framesDropped: 0 }]);
    source.load!.keepFlows(1 / 4, key);
    const arp = new Uint8Array(60).fill(255, 0, 12);
    arp.set([8, 6], 12);
    for (const isTagged of [false, true]) {
      const shedBefore = source.stats()[0]!.framesShed ?? 0;
      send(isTagged);
      tap.write(arp);
      const seen = await drain(source);
      t.ok(seen.includes(hex(arp)), 'what is of no connection passes');
      const untagged = new Set(seen.map((frame) => (isTagged ? frame.slice(0, 24) + frame.slice(32) : frame)));
      const kept = flows.filter(({ there }) => untagged.has(hex(there)));
      t.ok(kept.every(({ back }) => untagged.has(hex(back))));
      t.equal(seen.length, 2 * kept.length + 1, 'both directions, or none');
      t.ok(kept.length > 90 && kept.length < 220, `${kept.length} of 600`);
      const v6 = kept.filter(({ there }) => there[12] === 0x86).length;
      t.ok(v6 > 30 && v6 < kept.length - 30, `${v6} of them IPv6`);
      t.equal((source.stats()[0]!.framesShed ?? 0) - shedBefore, 1200 - 2 * kept.length);
    }
    // Fewer are of those that there were: an estimate need not know for how long.
    send(false);
    const before = new Set(await drain(source));
    source.load!.keepFlows(1 / 16, key);
    send(false);
    const fewer = await drain(source);
    t.ok(fewer.length > 0 && fewer.length < before.size / 2 && fewer.every((frame) => before.has(frame)));
    source.load!.keepFlows(1, key);
    const shed = source.stats()[0]!.framesShed;
    send(false);
    t.equal((await drain(source)).length, 1200, 'all again');
    t.equal(source.stats()[0]!.framesShed, shed);
    source.close();
    t.match(source.stats(), [{ framesShed: shed }], 'also when it is closed');
    tap.close();
  });

  await t.test('together with an expression, and fragments', async (t) => {
    const tap = new TapFixture('tap1');
    const source = openSource({ interfaces: ['tap1'], filter: 'ip' });
    source.load!.keepFlows(1 / 64, key);
    const flows = Array.from({ length: 200 }, (_, i) => flow(i, i % 2 === 1));
    for (const { there } of flows) tap.write(there);
    const whole = (await drain(source)).length;
    t.ok(whole < 30, `${whole}`);
    t.equal(source.stats()[0]!.framesShed, 100 - whole, 'of what the expression takes');
    for (const { there } of flows) {
      if (there[12] !== 8) continue;
      // More fragments follow.
      there[20]! |= 0x20;
      tap.write(there);
    }
    t.equal((await drain(source)).length, 100, 'no connection can be named for fragments');
    source.close();
    tap.close();
  });

  await t.test('what waits: how full, how old', async (t) => {
    const tap = new TapFixture('tap2');
    const source = openSource({ interfaces: ['tap2'], ringBytes: 8 * 4096 * 16, blockBytes: 4096 * 16 });
    const load = source.load!;
    t.equal(load.ringFill(), 0);
    t.equal(load.lagMs(Date.now()), 0);
    const frame = new Uint8Array(1400);
    for (let i = 0; i < 200; i += 1) tap.write(frame);
    await sleep(120);
    t.ok(load.ringFill() > 0.3 && load.ringFill() < 0.9, `${load.ringFill()}`);
    t.ok(load.lagMs(Date.now()) >= 90, `${load.lagMs(Date.now())}`);
    await drain(source);
    t.equal(load.ringFill(), 0);
    t.equal(load.lagMs(Date.now()), 0);
    source.close();
    t.equal(load.ringFill() + load.lagMs(Date.now()), 0);
    tap.close();
  });
}
