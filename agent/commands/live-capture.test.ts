// The agent on a real device, as its users start it: this file runs itself again inside a namespace of its own.
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { isInOwnNamespace, setInterfaceUp, TapFixture, testInOwnNamespace } from '../capture/sys/tap-fixture.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';

const program = path.join(import.meta.dirname, '..', 'main.ts');

if (isInOwnNamespace) await testInNamespace();
else testOutside();

function testOutside(): void {
  const refused = testInOwnNamespace(t, import.meta.url, 'the live agent');
  const notRoot = process.getuid?.() === 0 ? false : 'only root has privileges to drop';
  t.test('no thread of a running agent is privileged', { skip: refused || notRoot, timeout: 300_000 }, async (t) => {
    for (const workers of ['1', '2']) {
      const flags = ['--interface', 'any', '--workers', workers, '--until', 'http'];
      // What tap loads into processes by NODE_OPTIONS writes files at their end, which the user nobody may not.
      const bare = ['-u', 'NODE_OPTIONS', 'unshare', '-n', '--', process.execPath, program];
      const child = spawn('env', [...bare, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
      const exited = once(child, 'exit');
      let logged = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        logged += text;
      });
      while (!logged.includes('capturing on any') && child.exitCode === null) await sleep(20);
      const threads = readdirSync(`/proc/${child.pid}/task`).map((thread) =>
        readFileSync(`/proc/${child.pid}/task/${thread}/status`, 'utf8'),
      );
      t.ok(threads.length >= Number(workers), `${threads.length} threads`);
      for (const status of threads) {
        for (const id of ['Uid', 'Gid']) t.match(status, new RegExp(`^${id}:(\\t65534){4}$`, 'm'));
        t.match(status, /^Groups:\t65534 ?$/m);
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) t.match(status, new RegExp(`^${set}:\\t0+$`, 'm'));
        t.match(status, /^NoNewPrivs:\t1$/m, 'nothing it starts gains anything');
        // Those of V8 and of the signals are there before the first line of ours; see no-new-privileges.ts.
        if (/^Name:\t(node-V8Worker|DelayedTaskSche|SignalInspector)$/m.test(status)) continue;
        t.match(status, /^CapBnd:\t0+$/m, /^Name:.*/.exec(status)![0]);
      }
      child.kill('SIGTERM');
      t.equal((await exited)[0], 0, logged);
    }
  });
}

interface Outcome {
  readonly code: number | null;
  readonly logged: string;
  readonly stats: Record<string, number> & { interfaces: object[] };
}

/** Runs the agent, does `during` once it captures, ends it by a signal. */
async function live(
  folder: string,
  args: string[],
  during: (pid: number, logged: string) => Promise<void>,
): Promise<Outcome> {
  const file = path.join(folder, 'stats.json');
  const child = spawn(process.execPath, [program, '--stats', file, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let logged = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  const exited = once(child, 'exit');
  while (!logged.includes('capturing on') && child.exitCode === null) await sleep(20);
  await during(child.pid!, logged);
  child.kill('SIGTERM');
  const [code] = await exited;
  return { code, logged, stats: JSON.parse(readFileSync(file, 'utf8')) };
}

/** The metrics of the agent that logged this, once it has received so many frames from an interface. */
async function received(logged: string, device: string, frames: number): Promise<string> {
  const address = /http:\/\/[\d.:]+/.exec(logged)![0];
  const all = `floodgate_interface_frames_received_total{interface="${device}"} ${frames}\n`;
  let metrics = '';
  for (let tries = 0; tries < 2_000 && !metrics.includes(all); tries += 1) {
    await sleep(20);
    metrics = await (await fetch(`${address}/metrics`)).text();
  }
  return metrics;
}

async function testInNamespace(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-live-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  t.setTimeout(300_000);
  const tap0 = new TapFixture('tap0');
  const tap1 = new TapFixture('tap1');
  setInterfaceUp('lo', true);
  const frame = buildTcpFrame({
    source: '10.0.0.1',
    destination: '10.0.0.2',
    sourcePort: 4000,
    destinationPort: 80,
    sequence: 1,
    flags: 16,
    payload: Buffer.alloc(1000, 'x'),
  });

  await t.test(
    'drops are reported for each interface, as a share: in metrics while it runs, at its exit, in the statistics',
    async (t) => {
      let metrics = '';
      const sent = 1000;
      const args = [
        '--interface',
        'tap0',
        '--interface',
        'tap1',
        '--ring-size',
        '512KiB',
        '--observe-listen',
        '127.0.0.1:0',
      ];
      const { code, logged, stats } = await live(folder, args, async (pid, logged) => {
        // While it stands still only so many frames fit; of those that come slowly none is lost.
        process.kill(pid, 'SIGSTOP');
        for (let at = 0; at < sent; at += 1) tap0.write(frame);
        process.kill(pid, 'SIGCONT');
        for (let at = 0; at < 10; at += 1) tap1.write(frame);
        metrics = await received(logged, 'tap1', 10);
      });
      t.equal(code, 0, logged);
      const [first, second] = stats.interfaces as { received: number; dropped: number; droppedShare: number }[];
      t.equal(first!.received + first!.dropped, sent, 'every frame is one or the other');
      t.ok(first!.dropped > 100 && first!.received > 100, `${first!.dropped} dropped`);
      t.equal(first!.droppedShare, first!.dropped / sent);
      t.match(second, { received: 10, dropped: 0, droppedShare: 0 });
      t.equal(stats['capture.framesDropped'], first!.dropped);
      const share = (first!.droppedShare * 100).toFixed(2);
      t.ok(
        logged.includes(
          `tap0: ${first!.received} frames, ${first!.dropped} dropped by the kernel (${share} %); a larger`,
        ),
        logged,
      );
      t.ok(logged.includes('tap1: 10 frames, 0 dropped by the kernel (0.00 %)\n'), logged);
      const metric = (name: string, device: string) =>
        Number(
          new RegExp(`^floodgate_interface_frames_${name}\\{interface="${device}"\\} (\\S+)$`, 'm').exec(metrics)?.[1],
        );
      t.equal(metric('dropped_total', 'tap0'), first!.dropped);
      t.equal(metric('received_total', 'tap0'), first!.received);
      t.equal(metric('dropped_ratio', 'tap0'), first!.droppedShare);
      t.equal(metric('dropped_ratio', 'tap1'), 0);
      t.match(metrics, /^# TYPE floodgate_interface_frames_dropped_ratio gauge$/m);
    },
  );

  await t.test('--direction: what comes in, what goes out, both', async (t) => {
    tap0.setAddress([10, 9, 9, 1]);
    const socket = createSocket('udp4').bind(0);
    await once(socket, 'listening');
    socket.setBroadcast(true);
    const exchange = (frames: number) => async (_pid: number, logged: string) => {
      for (let at = 0; at < 3; at += 1) tap0.write(frame);
      for (let at = 0; at < 5; at += 1) {
        await new Promise((resolve) => socket.send('out', 9, '10.255.255.255', resolve));
      }
      await received(logged, 'tap0', frames);
    };
    for (const [direction, tcp, udp] of [
      ['in', 3, 0],
      ['out', 0, 5],
      ['both', 3, 5],
    ] as const) {
      const args = ['--interface', 'tap0', '--direction', direction, '--observe-listen', '127.0.0.1:0'];
      const { stats } = await live(folder, args, exchange(tcp + udp));
      t.match(stats, { 'wire.tcp': tcp, 'wire.udp': udp, 'capture.framesReceived': tcp + udp }, direction);
    }
    socket.close();
  });
  const noIp =
    spawnSync('ip', ['-V']).status === 0 ? false : 'SKIPPED: ip (iproute2) shows whether a device is promiscuous';
  await t.test('promiscuous unless asked otherwise, and no longer than it runs', { skip: noIp }, async (t) => {
    const promiscuity = () =>
      Number(
        /promiscuity (\d+)/.exec(spawnSync('ip', ['-d', 'link', 'show', 'tap0'], { encoding: 'utf8' }).stdout)?.[1],
      );
    for (const [flags, expected] of [
      [[], 1],
      [['--no-promiscuous'], 0],
    ] as const) {
      const { code } = await live(folder, ['--interface', 'tap0', ...flags], async () => {
        t.equal(promiscuity(), expected, flags.join());
      });
      t.equal(code, 0);
      t.equal(promiscuity(), 0, 'as it was');
    }
  });
  tap0.close();
  tap1.close();
}
