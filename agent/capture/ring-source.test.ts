// Live capture needs devices: this file runs itself again inside a user and network namespace of its own.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { type Frame, FrameList } from '../pcap/frame-list.ts';
import { frameSourceConformance, traffic } from './frame-source.conformance.ts';
import type { LiveOptions } from './live-source.ts';
import { openSource } from './open.ts';
import { dropPrivileges } from './sys/privileges.ts';
import { isInOwnNamespace, setInterfaceUp, TapFixture, testInOwnNamespace } from './sys/tap-fixture.ts';

if (isInOwnNamespace) await testInNamespace();
else testOutside();

function testOutside(): void {
  const refused = testInOwnNamespace(t, import.meta.url, 'live capture');

  // In a user namespace alone, the network belongs to someone else: even root there may not capture.
  t.test('no permission', { skip: refused }, (t) => {
    const program = `
      import { openSource } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
      try { openSource({ interfaces: ['lo'] }); } catch (error) { console.log(error.code, error.hint); }`;
    const args = ['-Ur', '--', process.execPath, '--input-type=module-typescript', '-e', program];
    t.match(spawnSync('unshare', args, { encoding: 'utf8' }).stdout, /^capture-not-permitted .*sudo.*unshare.*setcap/);
    t.end();
  });

  const notRoot = process.getuid?.() === 0 ? false : 'only root has privileges to drop';
  t.test('root becomes nobody and goes on capturing', { skip: refused || notRoot }, (t) => {
    const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const program = `
      import { readdirSync, readFileSync } from 'node:fs';
      import { openSource } from ${at('./open.ts')};
      import { dropPrivileges } from ${at('./sys/privileges.ts')};
      import { TapFixture } from ${at('./sys/tap-fixture.ts')};
      const tap = new TapFixture('tap0');
      const source = openSource({ interfaces: ['tap0'] });
      console.log(dropPrivileges(null));
      const threads = readdirSync('/proc/self/task').map((thread) => readFileSync('/proc/self/task/' + thread + '/status', 'utf8'));
      console.log(threads.length > 4, threads.every((status) => status.includes('Uid:\\t65534\\t65534\\t65534\\t65534')));
      tap.write(new Uint8Array(60));
      await source.wait(500);
      console.log(source.read({ frame() {} }, 10), source.stats()[0].framesDropped);
      try { openSource({ interfaces: ['tap0'] }); } catch (error) { console.log(error.code); }`;
    const args = ['-n', '--', process.execPath, '--input-type=module-typescript', '-e', program];
    const { stdout } = spawnSync('unshare', args, { encoding: 'utf8' });
    t.equal(
      stdout,
      'runs as user nobody (65534) from here on\ntrue true\n1 0\ncapture-not-permitted\n',
      'every thread has dropped, the open ring works, a new one is refused',
    );
    t.end();
  });
}

function local(type: number, ...payload: number[]): Uint8Array {
  const frame = new Uint8Array(64);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type >> 8, type & 0xff, ...payload]);
  return frame;
}

/** An IPv4 TCP SYN-ACK or the like between two ports of 10.0.0.1 and 10.0.0.2. */
function segment(fromPort: number, toPort: number, fromHost = 1, toHost = 2): Uint8Array {
  const ip = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, fromHost, 10, 0, 0, toHost];
  const tcp = [
    fromPort >> 8,
    fromPort & 0xff,
    toPort >> 8,
    toPort & 0xff,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x50,
    0x10,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  return local(0x0800, ...ip, ...tcp);
}

async function collect(options: { interfaces: string[] } & LiveOptions, send: () => void | Promise<void>) {
  const source = openSource(options);
  const list = new FrameList();
  await send();
  source.stop();
  while (source.read(list, 1_000) >= 0) await source.wait(10);
  const result = { frames: list.frames, stats: source.stats(), interfaces: [...source.interfaces] };
  source.close();
  return result;
}

async function testInNamespace(): Promise<void> {
  const tap0 = new TapFixture('tap0');
  const tap1 = new TapFixture('tap1');
  const taps = [tap0, tap1];
  const sendAll = (frames: readonly Frame[]) => () => {
    for (const frame of frames) taps[frame.interfaceIndex]!.write(frame.bytes);
  };

  await t.test('one device', async (t) => {
    const expected = traffic(['tap0'], 3_000);
    await frameSourceConformance(t, expected, () => ({
      source: openSource({ interfaces: ['tap0'] }),
      send: sendAll(expected.frames),
      timestamps: 'clock',
    }));
  });

  await t.test('two devices at once, and all of them', async (t) => {
    const expected = traffic(['tap0', 'tap1'], 3_000);
    for (const interfaces of [['tap0', 'tap1'], ['any']]) {
      await frameSourceConformance(t, expected, () => ({
        source: openSource({ interfaces }),
        send: sendAll(expected.frames),
        timestamps: 'clock',
      }));
    }
  });

  await t.test('what the ring has no room for is dropped, and every drop counted', async (t) => {
    const sent = traffic(['tap0'], 2_000).frames;
    const { frames, stats } = await collect(
      { interfaces: ['tap0'], ringBytes: 65_536, blockBytes: 16_384 },
      sendAll(sent),
    );
    t.ok(frames.length > 20 && frames.length < 200, `${frames.length} frames fit 64 KiB`);
    t.same(stats, [{ name: 'tap0', framesReceived: frames.length, framesDropped: 2_000 - frames.length }]);
  });

  await t.test('snap length', async (t) => {
    const sent = traffic(['tap0'], 50).frames;
    for (const filter of [null, 'ether proto 0x88b5']) {
      const { frames } = await collect({ interfaces: ['tap0'], snapLength: 54, filter }, sendAll(sent));
      t.same(
        frames.map((frame) => [frame.bytes.length, frame.wireLength]),
        sent.map((frame) => [54, frame.wireLength]),
      );
    }
  });

  await t.test('VLAN tags come back where the kernel took them out', async (t) => {
    const tagged = local(0x8100, 0x20, 0x2a, 0x88, 0xb5, 1, 2, 3);
    const twice = local(0x88a8, 0, 7, 0x81, 0, 0, 9, 0x88, 0xb5, 4);
    const plain = local(0x88b5, 5);
    const send = () => taps[0]!.write(tagged) ?? taps[0]!.write(twice) ?? taps[0]!.write(plain);
    const { frames } = await collect({ interfaces: ['tap0'] }, send);
    t.same(
      frames.map((frame) => [frame.bytes, frame.wireLength]),
      [tagged, twice, plain].map((bytes) => [bytes, 64]),
    );
    const only = await collect({ interfaces: ['tap0'], filter: 'vlan 42' }, send);
    t.same(
      only.frames.map((frame) => frame.bytes),
      [tagged],
      'and filters see them',
    );
    t.equal(only.stats[0]!.framesReceived, 1);
  });

  await t.test('filters: in the kernel for one device, here for all', async (t) => {
    const send = () => {
      for (let i = 0; i < 20; i++) tap0.write(segment(1_000 + i, 80 + (i & 1)));
    };
    for (const interfaces of [['tap0'], ['any'], ['tap0', 'tap1']]) {
      const { frames, stats } = await collect({ interfaces, filter: 'tcp dst port 81' }, send);
      t.equal(frames.length, 10, interfaces.join());
      t.ok(frames.every((frame) => frame.bytes[37] === 81));
      t.equal(stats[0]!.framesReceived, 10);
    }
    t.throws(() => openSource({ interfaces: ['tap0'], filter: 'tcp prt 80' }), {
      code: 'filter-invalid',
      hint: /pcap-filter/,
    });
  });

  await t.test('direction', async (t) => {
    tap0.setAddress([10, 9, 9, 1]);
    const socket = createSocket('udp4').bind(0);
    await once(socket, 'listening');
    socket.setBroadcast(true);
    const send = async () => {
      tap0.write(local(0x88b5, 1));
      await new Promise((resolve) => socket.send('out', 9, '10.255.255.255', resolve));
    };
    const types = async (direction: 'in' | 'out' | 'both') => {
      const { frames } = await collect({ interfaces: ['tap0'], direction }, send);
      return frames.map((frame) => (frame.bytes[12] === 0x88 ? 'in' : 'out'));
    };
    t.same(await types('in'), ['in']);
    t.same(await types('out'), ['out']);
    t.same(await types('both'), ['in', 'out']);
    socket.close();
  });

  await t.test('a device without link headers gives IP packets, filtered alike', async (t) => {
    const tun = new TapFixture('tun0', 'tun');
    const packet = segment(80, 1_000).slice(14);
    for (const filter of [null, 'tcp port 80', 'tcp port 81']) {
      for (const name of ['tun0', 'any']) {
        const { frames, interfaces } = await collect({ interfaces: [name], filter }, () => tun.write(packet));
        t.same(
          frames.map((frame) => [frame.bytes, frame.wireLength]),
          filter === 'tcp port 81' ? [] : [[packet, packet.length]],
          `${name}, ${filter}`,
        );
        if (frames.length > 0) t.match(interfaces, [{ name: 'tun0', linkType: 101 }]);
      }
    }
    tun.close();
  });

  await t.test('loopback shows each packet once', async (t) => {
    setInterfaceUp('lo', true);
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { frames, interfaces } = await collect({ interfaces: ['lo'] }, async () => {
      for (let i = 0; i < 3; i++)
        await new Promise((resolve) => socket.send('x', socket.address().port, '127.0.0.1', resolve));
    });
    socket.close();
    t.equal(frames.length, 3);
    t.equal(interfaces[0]!.linkType, 1);
  });

  await t.test('fanout: each flow whole at one member, every frame at exactly one', async (t) => {
    const fanout = { group: 77, mode: 'hash' } as const;
    const sources = [0, 1].map(() => openSource({ interfaces: ['tap0'], fanout }));
    for (let flow = 0; flow < 200; flow++) {
      tap0.write(segment(2_000 + flow, 80));
      tap0.write(segment(80, 2_000 + flow, 2, 1));
    }
    const flows = await Promise.all(
      sources.map(async (source) => {
        const list = new FrameList();
        source.stop();
        while (source.read(list, 1_000) >= 0) await source.wait(10);
        source.close();
        return list.frames.map((frame) =>
          Math.max((frame.bytes[34]! << 8) | frame.bytes[35]!, (frame.bytes[36]! << 8) | frame.bytes[37]!),
        );
      }),
    );
    t.equal(flows[0]!.length + flows[1]!.length, 400, 'every frame once');
    t.ok(
      flows.every((ports) => ports.length > 40),
      `shared ${flows[0]!.length} to ${flows[1]!.length}`,
    );
    const first = new Set(flows[0]);
    t.notOk(
      flows[1]!.some((port) => first.has(port)),
      'both directions of a flow at the same member',
    );
    t.throws(() => openSource({ interfaces: ['tap0'], fanout: { group: 65_536, mode: 'hash' } }), {
      code: 'option-invalid',
    });
  });

  await t.test('workers open rings of their own and share the traffic', async (t) => {
    const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const program = `
      const { parentPort } = require('node:worker_threads');
      (async () => {
        const { openSource } = await import(${at('./open.ts')});
        const source = openSource({ interfaces: ['tap0'], fanout: { group: 78, mode: 'hash' } });
        parentPort.postMessage('open');
        parentPort.once('message', async () => {
          let frames = 0;
          source.stop();
          for (let n; (n = source.read({ frame() {} }, 1000)) >= 0; frames += n) await source.wait(10);
          source.close();
          parentPort.postMessage(frames);
        });
      })();`;
    const workers = [0, 1].map(() => new Worker(program, { eval: true }));
    const exits = workers.map((worker) => once(worker, 'exit'));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    for (let flow = 0; flow < 200; flow++) tap0.write(segment(3_000 + flow, 80));
    const counts: number[] = [];
    for (const worker of workers) {
      worker.postMessage('go');
      counts.push((await once(worker, 'message'))[0]);
    }
    await Promise.all(exits);
    t.equal(counts[0]! + counts[1]!, 200, `${counts}`);
  });

  await t.test('a device that goes down or away ends its source, after what it had sent', async (t) => {
    for (const end of [(tap: TapFixture) => tap.setUp(false), (tap: TapFixture) => tap.close()]) {
      const tap = new TapFixture('tap9');
      const source = openSource({ interfaces: ['tap9'] });
      tap.write(local(0x88b5, 1));
      end(tap);
      const list = new FrameList();
      let error: unknown;
      for (let i = 0; i < 3_000 && error === undefined; i++) {
        try {
          if (source.read(list, 10) === 0) await source.wait(10);
        } catch (thrown) {
          error = thrown;
        }
      }
      t.match(error, { code: 'interface-down', message: /tap9 went down or away after 1 frames/ });
      t.equal(list.frames.length, 1);
      source.close();
      tap.close();
      while (readFileSync('/proc/thread-self/net/dev', 'utf8').includes('tap9:')) await sleep(20);
    }
  });

  await t.test('one of several goes away: a notice, the others go on', async (t) => {
    const tap = new TapFixture('tap9');
    const notices: string[] = [];
    const source = openSource({ interfaces: ['tap9', 'tap1'], onNotice: (message) => notices.push(message) });
    tap.close();
    const list = new FrameList();
    for (let i = 0; i < 3_000 && notices.length === 0; i++) {
      source.read(list, 10);
      await source.wait(10);
    }
    t.match(notices, [/tap9 went down or away/]);
    tap1.write(local(0x88b5, 1));
    for (let i = 0; i < 3_000 && list.frames.length === 0; i++) {
      source.read(list, 10);
      await source.wait(10);
    }
    t.equal(list.frames.length, 1);
    source.close();
  });

  await t.test('a flood on one device does not starve another', async (t) => {
    const source = openSource({ interfaces: ['tap0', 'tap1'] });
    sendAll(traffic(['tap0'], 3_000).frames)();
    tap1.write(local(0x88b5, 9));
    // The kernel hands a block over after some milliseconds, whoever else is busy: both are there by then.
    await sleep(250);
    const list = new FrameList();
    for (let i = 0; i < 2; i++) source.read(list, 20);
    t.ok(
      list.frames.some((frame) => frame.interfaceIndex === 1),
      'within two reads of 20',
    );
    source.close();
  });

  await t.test('what cannot be opened is an error', async (t) => {
    t.throws(() => openSource({ interfaces: ['tap7'] }), { code: 'interface-missing', hint: /tap0/ });
    tap1.setUp(false);
    t.throws(() => openSource({ interfaces: ['tap1'] }), { code: 'interface-down', hint: /ip link set tap1 up/ });
    tap1.setUp(true);
    t.throws(() => openSource({ interfaces: ['tap0'], blockBytes: 5_000 }), { code: 'option-invalid' });
    t.throws(() => openSource({ interfaces: ['tap0'], ringBytes: 2 ** 41 }), { code: 'option-invalid' });
  });

  await t.test('the only user of a namespace stays, and says so', async (t) => {
    t.match(dropPrivileges(null), /keeps its user: user 65534 does not exist in this user namespace/);
    t.match(dropPrivileges('root'), /as asked/);
    t.throws(() => dropPrivileges('no-such-user'), { code: 'user-unknown' });
  });

  for (const tap of taps) tap.close();
}
