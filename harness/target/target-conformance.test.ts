/** One suite for every kind of target: it starts, reports its memory and allocators, stops, and leaves nothing behind. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { PreloadOptions } from '../preload/options.ts';
import { top } from '../profile/arithmetic.ts';
import { readInterval } from '../profile/files.ts';
import { MemoryWatch } from '../watch/memory-watch.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';
import { processOnPort } from './listening-sockets.ts';
import { findHeapProfiler } from './malloc-channel.ts';
import { openTarget } from './open-target.ts';
import type { LaunchOptions, Target } from './target.ts';

t.setTimeout(120_000);
const testdata = fileURLToPath(new URL('./testdata/', import.meta.url));
const nodeServer = path.join(testdata, 'leaking-server.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-targets-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const goServer = path.join(folder, 'leaking-server');
const goBuild = spawnSync('go', ['build', '-o', goServer, path.join(testdata, 'leaking-server', 'main.go')], {
  env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '' },
  encoding: 'utf8',
});
const goOnly = existsSync(goServer)
  ? {}
  : { skip: `NO GO HERE, so Go targets are not tested: ${goBuild.stderr ?? goBuild.error}` };

function launchOptions(kind: 'allocations' | 'live' | undefined): LaunchOptions {
  const profile = kind && { kind, sampleBytes: 16_384, stackDepth: 32, offHeapSampleBytes: 16_384, folder };
  const observe: Omit<PreloadOptions, 'channel'> = { intervalMs: 100, ...(profile && { profile }) };
  return {
    interfaces: [],
    statsFile: path.join(folder, 'stats'),
    statsIntervalMs: 250,
    ceilingBytes: undefined,
    nodeArguments: [...preloadArguments],
    observe,
    env: preloadEnvironment(observe),
  };
}

interface Kind {
  readonly name: string;
  /** What is given as `--target`, and what ends whatever was started for it. */
  readonly make: () => Promise<{ text: string; pprof?: string; done: () => void }>;
  readonly listens: boolean;
  readonly isOurs: boolean;
  /** The site that must be named under load; undefined where no site is known. */
  readonly site: string | undefined;
  /** Has call sites where a heap profiler is installed. */
  readonly isNative?: boolean;
  readonly skip?: string;
}

const nothing = () => {};

/** A process that was there before the run. */
async function running(command: string, args: string[]) {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, PORT: '47113' } });
  await new Promise((resolve) => child.once('spawn', resolve));
  // A process just begun has hardly a page.
  await pause(100);
  return { child, done: () => void child.kill('SIGKILL') };
}

const kinds: Kind[] = [
  {
    name: 'a Node.js program',
    make: async () => ({ text: `node ${nodeServer}`, done: nothing }),
    listens: true,
    isOurs: true,
    site: 'keepRecords',
  },
  {
    name: 'a Node.js program behind a shell: memory of the one that listens',
    make: async () => ({ text: `sh -c "node ${nodeServer} & wait"`, done: nothing }),
    listens: true,
    isOurs: true,
    site: undefined,
  },
  {
    name: 'a Go program',
    make: async () => ({ text: goServer, pprof: 'http://127.0.0.1:{port}/debug/pprof', done: nothing }),
    listens: true,
    isOurs: true,
    site: 'main.keepRecord',
    ...goOnly,
  },
  {
    name: 'a Go service that runs already',
    make: async () => {
      const { done } = await running(goServer, []);
      for (let i = 0; i < 1_000 && processOnPort(47_113) === undefined; i++) await pause(20);
      return { text: 'http://127.0.0.1:47113/debug/pprof/', done };
    },
    listens: true,
    isOurs: false,
    site: 'main.keepRecord',
    ...goOnly,
  },
  {
    name: 'a plain program',
    make: async () => ({ text: 'tail -f /dev/null', done: nothing }),
    listens: false,
    isOurs: true,
    isNative: true,
    site: undefined,
  },
  {
    name: 'a process that runs already',
    make: async () => {
      const { child, done } = await running('tail', ['-f', '/dev/null']);
      return { text: `pid:${child.pid}`, done };
    },
    listens: false,
    isOurs: false,
    site: undefined,
  },
];

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

async function get(port: number, times: number, url = '/'): Promise<void> {
  for (let i = 0; i < times; i++) await (await fetch(`http://127.0.0.1:${port}${url}`)).arrayBuffer();
}

async function tellsWhoAllocated(t: Test, target: Target, site: string, kind: 'allocations' | 'live') {
  const channel = new PreloadChannel(target.channel, Date.now());
  t.equal(await channel.cut(0, 60_000), true, 'an interval is cut');
  await get(target.port!, 300);
  t.equal(await channel.cut(1, 60_000), true, 'and another');
  t.ok(channel.v8.count > 0, 'figures of its heap came');
  const type = kind === 'live' ? 'inuse_space' : 'alloc_space';
  const read = readInterval(channel.intervals[1]!, type, { heap: 16_384, offHeap: 16_384 })!;
  const names = top(read.heap, { by: 'total' }).map((row) => row.functionName);
  t.ok(names.includes(site), `${site} is among ${names.slice(0, 8).join(', ')}`);
  t.same(channel.errors, []);
}

t.test('stacks of goroutines that wait are off-heap memory of where they wait', goOnly, async (t) => {
  const { launcher } = openTarget(goServer, { listens: true, pprof: 'http://127.0.0.1:{port}/debug/pprof' });
  const target = await launcher.start(launchOptions('live'));
  const channel = new PreloadChannel(target.channel, Date.now());
  await channel.cut(0, 60_000);
  await channel.settle(0, 60_000);
  await get(target.port!, 300, '/wait');
  await channel.settle(1, 60_000);
  await channel.cut(1, 60_000);
  await target.stop();
  const { offHeap } = readInterval(channel.intervals[1]!, 'inuse_space', { heap: 16_384, offHeap: 16_384 })!;
  const [row] = top(offHeap, { by: 'total', type: 'inuse_objects' }).filter(
    (each) => each.functionName === 'main.waitForever',
  );
  t.ok(row!.total >= 300 && row!.total <= 310, `${row?.total} wait`);
  const bytes = top(offHeap, { by: 'total' }).find((each) => each.functionName === 'main.waitForever')!.total;
  t.ok(bytes >= 300 * 2_048 && bytes < 300 * 16_384, `${bytes} of stacks`);
  const [before, after] = channel.settled;
  // The first of them take what each processor has in its cache of free stacks: up to 32 KiB (runtime/stack.go).
  const cached = availableParallelism() * 32_768;
  t.ok(after!.external - before!.external >= 300 * 2_048 - cached, 'and stay alive after a collection');
});

for (const kind of kinds) {
  t.test(kind.name, { skip: kind.skip ?? false }, async (t) => {
    const { text, pprof, done } = await kind.make();
    t.teardown(done);
    const { launcher } = openTarget(text, { listens: kind.listens, pprof });
    const isNative = kind.isNative === true && findHeapProfiler() !== undefined;
    t.equal(launcher.explains ?? true, kind.site !== undefined || isNative);
    t.equal(launcher.explains === false, (launcher.blind ?? '') !== '', 'one without call sites says why');
    for (const instrument of [undefined, 'allocations', 'live'] as const) {
      const target = await launcher.start(launchOptions(instrument));
      const startMs = performance.now();
      const watch = new MemoryWatch({
        pid: target.pid,
        memory: target.memory,
        sampleMs: 20,
        nowMs: () => performance.now() - startMs,
      });
      if (kind.listens) await get(target.port!, 5);
      else await pause(100);
      if (kind.site !== undefined && instrument) await tellsWhoAllocated(t, target, kind.site, instrument);
      watch.sample();
      watch.stop();
      t.ok(watch.rssBytes > 100_000, `${watch.rssBytes} bytes resident`);
      t.ok(target.commandLine.length > 0);
      const exit = await target.stop();
      t.equal(exit.expected, true);
      t.equal(exit.killed, false);
      t.equal((await target.stop()).expected, true, 'stopping twice is harmless');
      for (let i = 0; kind.isOurs && i < 1_000 && isAlive(target.pid); i++) await pause(20);
      t.equal(isAlive(target.pid), !kind.isOurs, kind.isOurs ? 'it is gone' : 'it is left running');
      if (kind.isOurs && kind.listens) t.equal(processOnPort(target.port!), undefined, 'the port is free again');
      if (kind.site === undefined) break;
    }
  });
}

t.test('one that dies under way is reported as dead', async (t) => {
  const target = await openTarget(`node ${nodeServer}`, { listens: true }).launcher.start(launchOptions(undefined));
  await get(target.port!, 1, '/die').catch(() => {});
  const exit = await target.exited;
  t.match(exit, { code: 9, expected: false });
});

t.test('what cannot be started says why', async (t) => {
  const start = (text: string, options: { listens?: boolean; pprof?: string; readyTimeoutMs?: number } = {}) =>
    openTarget(text, { listens: true, ...options }).launcher.start(launchOptions(undefined));
  const cases: [string, () => Promise<Target>, RegExp, RegExp][] = [
    [
      'dies early',
      () => start('node -e "console.error(\'no database\'); process.exit(3)"'),
      /ended before .*exit code 3/,
      /no database/,
    ],
    ['no such program', () => start('/no/such/program'), /cannot be started/, /exists/],
    [
      'never listens',
      () => start('tail -f /dev/null', { readyTimeoutMs: 300 }),
      /not ready after 0.3 s/,
      /no TCP port/,
    ],
    [
      'is no Go program',
      () => start(`node ${nodeServer}`, { pprof: 'http://127.0.0.1:{port}/debug/pprof' }),
      /not the address of net\/http\/pprof/,
      /debug\/pprof/,
    ],
    ['nothing listens there', () => start('http://127.0.0.1:9/debug/pprof'), /does not answer/, /address/],
    ['no such process', () => start('pid:999999999'), /no process 999999999/, /number/],
  ];
  for (const [name, action, message, hint] of cases) {
    const error = await action().then(
      () => undefined,
      (reason) => reason,
    );
    t.match(error?.message, message, name);
    t.match(error?.hint, hint, `${name}: hint`);
  }
  for (const text of ['', 'pid:x', 'http://', 'pid:']) {
    t.throws(() => openTarget(text, { listens: true }), { code: 'option-invalid' }, `"${text}"`);
  }
});
