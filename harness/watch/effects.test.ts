/** Every counter against a real process that makes the effect it counts. */
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { startChild } from '../target/child-target.ts';
import { ControlGroup } from './control-group.ts';
import { MemoryWatch } from './memory-watch.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from './preload-channel.ts';
import { ProcessMemory } from './proc-memory.ts';

t.setTimeout(120_000);
const linuxOnly = process.platform === 'linux' ? {} : { skip: 'reads /proc, which only Linux has' };
const program = fileURLToPath(new URL('./testdata/effects.mjs', import.meta.url));
const MB = 1e6;
const intervalMs = 50;

/** A machine that is starved takes its time. */
const reportTimeoutMs = 30_000;
const actTimeoutMs = 60_000;

interface Actor {
  readonly pid: number;
  readonly channel: PreloadChannel;
  /** Makes an effect; resolves when it is made. */
  act(line: string): Promise<void>;
  stop(): Promise<unknown>;
}

async function startActor(t: Test, nodeArguments: readonly string[] = []): Promise<Actor> {
  let out = '';
  const target = await startChild({
    name: 'effects',
    command: process.execPath,
    arguments: ['--expose-gc', ...nodeArguments, ...preloadArguments, program],
    env: preloadEnvironment({ intervalMs }),
    ready: /^ready/,
    withInput: true,
    withChannel: true,
    onOutput: (chunk) => {
      out += chunk.toString();
    },
  });
  t.teardown(() => target.stop());
  const act = async (line: string) => {
    const done = out.split('done').length + 1;
    target.input!.write(`${line}\n`);
    for (let i = 0; out.split('done').length < done; i += 1) {
      if (i > actTimeoutMs / 10) throw new Error(`"${line}" was never done`);
      await pause(10);
    }
  };
  return { pid: target.pid, channel: new PreloadChannel(target.channel, Date.now()), act, stop: () => target.stop() };
}

/** Heap spaces are in every fourth reading: the second of those from now on, and the reading itself, are of what was done. */
async function reported({ channel }: Actor): Promise<void> {
  const wanted = channel.spaces.length + 2;
  while (channel.spaces.length < wanted) {
    if (!(await channel.nextReading(reportTimeoutMs))) throw new Error('it reports no more');
  }
}

function near(t: Test, actual: number, expected: number, share: number, what: string): void {
  t.ok(
    Math.abs(actual - expected) <= share * expected,
    `${what}: ${(actual / MB).toFixed(1)} of ${(expected / MB).toFixed(1)} MB`,
  );
}

t.test('memory of its own: RSS, USS, PSS, the anonymous part, minor faults', linuxOnly, async (t) => {
  const actor = await startActor(t);
  const memory = new ProcessMemory(actor.pid);
  const read = () => ({
    rss: memory.rssBytes(),
    shared: memory.fileBytes,
    ...memory.rollup()!,
    ...memory.usage()!,
    ...memory.status()!,
  });
  const before = read();
  await actor.act(`anonymous ${80 * MB}`);
  const after = read();
  const names = ['rss', 'rssBytes', 'pssBytes', 'ussBytes', 'anonymousBytes', 'rssAnonymousBytes'] as const;
  for (const name of names) near(t, after[name] - before[name], 80 * MB, 0.06, name);
  for (const name of ['shared', 'pssFileBytes', 'rssFileBytes'] as const)
    t.ok(Math.abs(after[name] - before[name]) < 3 * MB, `${name} is not moved: ${after[name] - before[name]}`);
  // A fault a page, or one for 512 of them where the kernel gives huge pages.
  t.ok(
    after.minorFaults - before.minorFaults >= (80 * MB) / (2 << 20),
    `${after.minorFaults - before.minorFaults} faults`,
  );
  t.ok(after.userMs + after.systemMs > before.userMs + before.systemMs);
  memory.close();
});

t.test('shared memory that no file is behind is its own: leaks lie in it as well', linuxOnly, async (t) => {
  for (const how of ['shared', 'memfd']) {
    const actor = await startActor(t);
    const memory = new ProcessMemory(actor.pid);
    const watch = new MemoryWatch({ pid: actor.pid, sampleMs: 20, levels: true, nowMs: () => performance.now() });
    const read = () => [
      memory.rssBytes() - memory.fileBytes,
      Object.values(memory.map()!).reduce((sum, bytes) => sum + bytes, 0),
    ];
    await pause(200);
    const before = read();
    await actor.act(`${how} ${80 * MB}`);
    const after = read();
    near(t, after[0]! - before[0]!, 80 * MB, 0.06, `${how}: what is its own`);
    near(t, after[1]! - before[1]!, 80 * MB, 0.06, `${how}: kinds of pages`);
    await pause(200);
    watch.stop();
    const own = watch.line().own.filter((bytes) => bytes !== null);
    near(t, own.at(-1)! - own[0]!, 80 * MB, 0.06, `${how}: the line that growth and spikes are read from`);
    memory.close();
    await actor.stop();
  }
});

t.test(
  'pages of a file: not anonymous; PSS is shared among those who map it, USS counts them nowhere',
  linuxOnly,
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-effects-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'pages');
    // Far more than what other processes move, as they begin or end, of the pages of programs and libraries.
    const bytes = 192 << 20;
    writeFileSync(file, Buffer.alloc(bytes, 1), { flush: true });
    const actors = [await startActor(t), await startActor(t)] as const;
    const memories = actors.map(({ pid }) => new ProcessMemory(pid));
    const read = () =>
      memories.map((memory) => ({
        rss: memory.rssBytes(),
        shared: memory.fileBytes,
        ...memory.rollup()!,
        ...memory.usage()!,
      }));
    const before = read();
    await actors[0].act(`map ${file} ${bytes}`);
    const alone = read();
    near(t, alone[0]!.rss - before[0]!.rss, bytes, 0.06, 'RSS');
    near(t, alone[0]!.shared - before[0]!.shared, bytes, 0.06, 'pages of files');
    near(t, alone[0]!.pssFileBytes - before[0]!.pssFileBytes, bytes, 0.06, 'PSS of files');
    t.ok(Math.abs(alone[0]!.anonymousBytes - before[0]!.anonymousBytes) < 3 * MB, 'nothing anonymous');
    await actors[1].act(`map ${file} ${bytes}`);
    const both = read();
    for (const i of [0, 1] as const) {
      near(t, both[i]!.rss - before[i]!.rss, bytes, 0.06, `RSS of ${i}`);
      near(t, both[i]!.pssBytes - before[i]!.pssBytes, bytes / 2, 0.1, `PSS of ${i}`);
      t.ok(both[i]!.ussBytes - before[i]!.ussBytes < 4 * MB, `USS of ${i}`);
    }
    for (const memory of memories) memory.close();
  },
);

t.test('pages that have to come from the disk are major faults', linuxOnly, async (t) => {
  // Where temporary files lie in memory there is no disk to come from: the repository's own folder then.
  for (const parent of [tmpdir(), path.dirname(program)]) {
    const folder = mkdtempSync(path.join(parent, 'floodgate-effects-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'pages');
    const bytes = 16 << 20;
    writeFileSync(file, Buffer.alloc(bytes, 1), { flush: true });
    const actor = await startActor(t);
    const memory = new ProcessMemory(actor.pid);
    await actor.act(`evict ${file} ${bytes}`);
    const before = memory.usage()!.majorFaults;
    await actor.act(`map ${file} ${bytes}`);
    const faults = memory.usage()!.majorFaults - before;
    memory.close();
    t.comment(`${faults} major faults in ${parent}`);
    if (faults > 0) {
      await actor.act(`map ${file} ${bytes}`);
      t.equal(new ProcessMemory(actor.pid).usage()!.majorFaults - before, faults, 'and none once they are there');
      return;
    }
  }
  t.pass('major faults', { skip: 'NO DISK HERE that loses its pages from the cache, so they were not seen' });
});

t.test('the peak of each phase, by resetting it', linuxOnly, async (t) => {
  const actor = await startActor(t);
  const startMs = performance.now();
  // Sampled so seldom that only the kernel's own peak shows it.
  const watch = new MemoryWatch({ pid: actor.pid, sampleMs: 60_000, nowMs: () => performance.now() - startMs });
  watch.phase('quiet');
  await pause(50);
  watch.phase('first');
  await actor.act(`anonymous ${60 * MB}`);
  watch.phase('second');
  await actor.act(`heap ${40 * MB}`);
  watch.phase('last');
  await pause(50);
  watch.stop();
  const [quiet, first, second, last] = watch.phases.map(({ rssMaxBytes }) => rssMaxBytes!);
  near(t, first! - quiet!, 60 * MB, 0.1, 'first over quiet');
  t.ok(second! - first! > 36 * MB, 'second over first');
  t.ok(last! <= second! + 2 * MB && last! > second! - 60 * MB, 'the last starts from what was left');
  t.equal(watch.rssPeakBytes, Math.max(first!, second!, last!));
});

t.test('a control group: what is charged to it, its limit', linuxOnly, async (t) => {
  const own = ControlGroup.of(process.pid);
  if (!own) return void t.pass('charging', { skip: 'NO MEMORY CONTROLLER HERE' });
  const folder = path.join(own.folder, `floodgate-test-${process.pid}`);
  try {
    mkdirSync(folder);
  } catch (error) {
    const skip = `NO GROUP OF OUR OWN HERE (${(error as Error).message}), so charging was not tested`;
    return void t.pass('charging', { skip });
  }
  const actor = await startActor(t);
  t.teardown(async () => {
    await actor.stop();
    for (let i = 0; i < 50; i += 1) {
      try {
        return rmdirSync(folder);
      } catch {
        await pause(50);
      }
    }
  });
  writeFileSync(path.join(folder, own.version === 1 ? 'memory.limit_in_bytes' : 'memory.max'), String(512 << 20));
  writeFileSync(path.join(folder, 'cgroup.procs'), String(actor.pid));
  const group = ControlGroup.of(actor.pid)!;
  t.equal(group.folder, folder);
  t.equal(group.limitBytes(), 512 << 20);
  const before = group.usedBytes()!;
  await actor.act(`anonymous ${64 * MB}`);
  near(t, group.usedBytes()! - before, 64 * MB, 0.1, `version ${group.version}`);
});

t.test('control groups of both versions, from the files they have', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-group-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const exists = (file: string) => {
    try {
      return readFileSync(file).length > 0;
    } catch {
      return false;
    }
  };
  const cases = [
    [2, 'memory.current', 'memory.max', 'max', `31 25 0:28 / ${folder} rw - cgroup2 cgroup2 rw\n`, '0::/\n'],
    // What version 1 says where there is no limit: 2^63 less a page.
    [
      1,
      'memory.usage_in_bytes',
      'memory.limit_in_bytes',
      '9223372036854771712',
      `30 25 0:27 / ${folder} rw - cgroup cgroup rw,memory\n`,
      '4:memory:/\n',
    ],
  ] as const;
  for (const [version, used, limit, none, mounts, groups] of cases) {
    writeFileSync(path.join(folder, used), '123456789\n');
    writeFileSync(path.join(folder, limit), `${none}\n`);
    const group = ControlGroup.find(groups, mounts, exists)!;
    t.equal(group.version, version);
    t.equal(group.usedBytes(), 123_456_789);
    t.equal(group.limitBytes(), undefined);
    writeFileSync(path.join(folder, limit), '268435456\n');
    t.equal(group.limitBytes(), 268_435_456);
    rmSync(path.join(folder, used));
    t.equal(group.usedBytes(), undefined, 'gone');
  }
  t.end();
});

t.test('V8: heap by space, external, array buffers', async (t) => {
  const actor = await startActor(t);
  // Garbage goes when V8 likes: what is compared stands after a collection.
  await actor.act('collect');
  await reported(actor);
  const before = actor.channel.last!;
  await actor.act(`buffer ${50 * MB}`);
  await actor.act('collect');
  await reported(actor);
  const buffers = actor.channel.last!;
  near(t, buffers.arrayBuffers! - before.arrayBuffers!, 50 * MB, 0.02, 'array buffers');
  near(t, buffers.external - before.external, 50 * MB, 0.02, 'external');
  t.ok(Math.abs(buffers.heapUsed - before.heapUsed) < 2 * MB, 'not on the heap');
  await actor.act(`heap ${40 * MB}`);
  await actor.act('collect');
  await reported(actor);
  const heap = actor.channel.last!;
  near(t, heap.heapUsed - buffers.heapUsed, 40 * MB, 0.06, 'heap used');
  t.ok(heap.heapTotal - buffers.heapTotal > 38 * MB, 'heap total');
  const spaces = actor.channel.spaces.map(({ used }) => used);
  const largeOf = (used: Readonly<Record<string, number>>) =>
    (used.large_object_space ?? 0) + (used.new_large_object_space ?? 0);
  near(t, largeOf(spaces.at(-1)!) - largeOf(spaces[0]!), 40 * MB, 0.06, 'large object space');
  t.ok(heap.malloced! > 0);
  for (const name of ['new_space', 'old_space', 'code_space', 'trusted_space']) t.ok(spaces.at(-1)![name]! > 0, name);
});

t.test('each collection: kind, pause, sizes; allocated bytes by their sum; the peak before one', async (t) => {
  const actor = await startActor(t, ['--single-threaded']);
  await actor.act('collect');
  await reported(actor);
  const { channel } = actor;
  const first = channel.gc.length;
  const since = (kind: string) => channel.gc.slice(first).filter((event) => event.kind === kind);
  for (let i = 0; i < 3; i += 1) await actor.act('collect');
  for (let i = 0; i < 5; i += 1) await actor.act('minor');
  await reported(actor);
  t.equal(since('MarkSweepCompact').length, 3, 'major');
  t.ok(since('Scavenge').length >= 5 && since('Scavenge').length <= 6, `minor: 5, and at most one of V8's own`);
  t.ok(channel.gc.every(({ pauseMs, tMs }) => pauseMs > 0 && pauseMs < 2_000 && Number.isFinite(tMs)));
  t.same(
    channel.gc.map(({ tMs }) => tMs),
    channel.gc.map(({ tMs }) => tMs).sort((a, b) => a - b),
    'in order',
  );
  // Of 30 MB of garbage a major collection leaves nothing.
  await actor.act(`heap ${24 * MB}`);
  await actor.act(`garbage ${30 * MB}`);
  await actor.act('collect');
  await reported(actor);
  const last = since('MarkSweepCompact').at(-1)!;
  t.equal(channel.last!.afterGc, last.usedAfter);
  t.ok(
    channel.last!.peakBeforeGc >= Math.max(...channel.gc.map(({ usedBefore }) => usedBefore)),
    'the peak is none lower',
  );
  t.ok(channel.last!.peakBeforeGc > channel.last!.afterGc + 1 * MB, 'and above what stayed');
  // Five million objects of 40 bytes.
  const before = channel.last!.allocated;
  await actor.act('objects 5000000');
  await reported(actor);
  near(t, channel.last!.allocated - before, 200 * MB, 0.01, 'allocated');
  t.comment(
    `${channel.gc.length} collections, ${(100 * ((channel.last!.allocated - before) / (200 * MB) - 1)).toFixed(3)} % off`,
  );
});
