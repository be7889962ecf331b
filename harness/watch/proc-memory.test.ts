import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { startChild } from '../target/child-target.ts';
import { ControlGroup } from './control-group.ts';
import { MemoryWatch } from './memory-watch.ts';
import { ProcessMemory } from './proc-memory.ts';

const linuxOnly = process.platform === 'linux' ? {} : { skip: 'reads /proc, which only Linux has' };

t.test('what /proc says of ourselves', linuxOnly, (t) => {
  const memory = new ProcessMemory(process.pid);
  const kept = Buffer.alloc(50_000_000, 1);
  const rss = memory.rssBytes();
  const own = process.memoryUsage().rss;
  t.ok(Math.abs(rss - own) < 0.05 * own, `${rss} beside ${own}`);
  const rollup = memory.rollup()!;
  t.ok(rollup.pssBytes <= rollup.rssBytes && rollup.ussBytes <= rollup.pssBytes && rollup.ussBytes > kept.length);
  const status = memory.status()!;
  const sum = status.rssAnonymousBytes + status.rssFileBytes + status.rssSharedBytes;
  t.ok(Math.abs(sum - rss) < 0.05 * rss);
  t.ok(status.rssPeakBytes >= rss * 0.99);
  const usage = memory.usage()!;
  t.ok(usage.minorFaults > 1000 && usage.threads >= 1 && usage.userMs > 0);
  memory.close();
  memory.close();
  t.equal(memory.rollup(), undefined, 'after closing nothing is read');
  t.end();
});

t.test('a process that is gone', linuxOnly, async (t) => {
  const target = await startChild({ name: 'sleeper', command: 'sleep', arguments: ['60'] });
  const memory = new ProcessMemory(target.pid);
  t.ok(memory.rssBytes() > 0);
  await target.stop();
  t.equal(memory.rssBytes(), -1);
  t.equal(memory.status(), undefined);
  memory.close();
  t.throws(() => new ProcessMemory(target.pid));
});

/** Takes 150 MB and gives it back, at one word, in one go. */
const balloon = `process.stdin.on('data', () => {
  let large = Buffer.alloc(150e6, 1);
  large = large && null;
  gc();
  console.log('blown');
});
console.log('ready');`;

t.test('a watch sees a peak between two samples, and which phase had it', linuxOnly, async (t) => {
  const blown = Promise.withResolvers<void>();
  const target = await startChild({
    name: 'balloon',
    command: process.execPath,
    arguments: ['--expose-gc', '-e', balloon],
    ready: /^ready$/,
    withInput: true,
    onOutput: (chunk) => String(chunk).includes('blown') && blown.resolve(),
  });
  const startMs = performance.now();
  const watch = new MemoryWatch({ pid: target.pid, sampleMs: 20, nowMs: () => performance.now() - startMs });
  watch.phase('quiet');
  while (watch.rss.count <= 30) await pause(20);
  const quietBytes = watch.rssBytes;
  watch.phase('burst');
  target.input!.write('now\n');
  await blown.promise;
  // The collector frees pages in a thread of its own.
  for (watch.sample(); watch.rssBytes > quietBytes + 40e6; watch.sample()) await pause(20);
  watch.phase('after');
  watch.stop();
  await target.stop();
  const [quiet, burst, after] = watch.phases;
  t.ok(burst!.rssMaxBytes! > quiet!.rssMaxBytes! + 140e6, `${quiet!.rssMaxBytes} then ${burst!.rssMaxBytes}`);
  t.ok(after!.rssMaxBytes! < burst!.rssMaxBytes! - 100e6, 'the peak was reset for the phase after');
  t.equal(watch.rssPeakBytes, burst!.rssMaxBytes);
  t.equal(watch.peakIsWhole, true, 'the kernel was asked until the end');
  t.ok(watch.rss.count > 30);
  t.ok((watch.rollup.column('pss')[0] ?? 0) > 1e6);
});

t.test('levels are read once a millisecond, by a thread of their own', linuxOnly, async (t) => {
  const target = await startChild({ name: 'sleeper', command: 'sleep', arguments: ['60'] });
  const originMs = performance.now();
  const nowMs = () => performance.now() - originMs;
  let watch: MemoryWatch;
  // A starved machine may take longer than the first to let the thread begin.
  for (const seconds of [1, 5, 20]) {
    const untilMs = nowMs() + seconds * 1_000;
    watch = new MemoryWatch({ pid: target.pid, sampleMs: 20, levels: true, nowMs });
    // Our own thread is kept busy: a timer would come late, and the thread does not.
    while (nowMs() < untilMs || watch.rss.count < 10) {
      for (const endMs = nowMs() + 50; nowMs() < endMs; );
      await pause(0);
    }
    watch.stop();
    if (watch.levels().bytes.length > 2 * watch.rss.count) break;
  }
  watch = watch!;
  const { tMs, bytes } = watch.levels();
  t.ok(bytes.length > 2 * watch.rss.count, `${bytes.length} readings beside ${watch.rss.count} samples`);
  t.ok(tMs[0]! >= 0 && tMs.at(-1)! <= nowMs(), `${tMs[0]} to ${tMs.at(-1)} ms`);
  t.ok(
    tMs.every((ms, i) => i === 0 || ms >= tMs[i - 1]!),
    'ascending',
  );
  t.ok(bytes.every((each) => each > 100_000));
  t.equal(watch.levels().bytes, bytes, 'the same when asked again');
  await target.stop();
});

t.test('what a process took to start is none of its traffic’s', linuxOnly, async (t) => {
  const target = await startChild({
    name: 'starter',
    command: process.execPath,
    arguments: ['--expose-gc', '-e', `${balloon}\nlet large = Buffer.alloc(200e6, 1); large = large && null; gc();`],
    withInput: true,
    ready: /^ready$/,
  });
  const memory = new ProcessMemory(target.pid);
  const isHigh = async () => {
    await pause(20);
    return memory.peakBytes()! < 200e6 || memory.rssBytes() > 120e6;
  };
  while (await isHigh());
  const watch = new MemoryWatch({ pid: target.pid, sampleMs: 20, nowMs: () => performance.now() });
  watch.beginTraffic();
  await pause(100);
  const quietBytes = watch.trafficPeakBytes!;
  target.input!.write('now\n');
  while (watch.trafficPeakBytes! < quietBytes + 140e6) await pause(20);
  watch.stop();
  t.ok(quietBytes < 120e6, `${quietBytes}`);
  t.ok(watch.trafficPeakBytes! < 240e6 && watch.trafficPeakBytes! < watch.rssPeakBytes, `${watch.trafficPeakBytes}`);
  t.ok(watch.rssPeakBytes > 200e6, 'the whole peak has the start');
  memory.close();
  await target.stop();
});

t.test('of a process that ran before, its past is not the run’s', linuxOnly, async (t) => {
  const past = `let large = Buffer.alloc(150e6, 1); large = large && null; gc(); setInterval(() => {}, 1e3); console.log('ready')`;
  const target = await startChild({
    name: 'past',
    command: process.execPath,
    arguments: ['--expose-gc', '-e', past],
    ready: /^ready$/,
  });
  const memory = new ProcessMemory(target.pid);
  while (memory.rssBytes() > 120e6) await pause(20);
  const watch = new MemoryWatch({ pid: target.pid, ranBefore: true, nowMs: () => 0 });
  watch.phase('idle');
  watch.stop();
  t.ok(watch.rssPeakBytes < 140e6, `${watch.rssPeakBytes}`);
  t.ok(watch.usageBefore!.userMs + watch.usageBefore!.systemMs > 0, 'CPU time until then is known');
  memory.close();
  await target.stop();
});

t.test('control groups, version 1 and 2, from the texts of proc', (t) => {
  const v1 = '30 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n';
  const v2 = '31 25 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  const has =
    (...files: string[]) =>
    (file: string) =>
      files.includes(file);
  t.match(ControlGroup.find('4:memory:/a/b\n0::/\n', v1 + v2, has('/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes')), {
    version: 1,
    folder: '/sys/fs/cgroup/memory/a/b',
  });
  t.match(ControlGroup.find('0::/user.slice\n', v2, has('/sys/fs/cgroup/user.slice/memory.current')), {
    version: 2,
    folder: '/sys/fs/cgroup/user.slice',
  });
  t.equal(
    ControlGroup.find('0::/\n', v2, () => false),
    undefined,
    'version 2 without the memory controller',
  );
  const inside = '30 25 0:27 /docker/x /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n';
  t.match(
    ControlGroup.find('4:memory:/docker/x\n', inside, has('/sys/fs/cgroup/memory/memory.usage_in_bytes')),
    { folder: '/sys/fs/cgroup/memory' },
    'seen from within a container',
  );
  t.equal(
    ControlGroup.find('nonsense', 'more nonsense', () => true),
    undefined,
  );
  t.end();
});

t.test('the control group of this machine', linuxOnly, (t) => {
  const group = ControlGroup.of(process.pid);
  if (!group) t.comment(`no memory controller: ${readFileSync('/proc/self/cgroup', 'latin1')}`);
  else t.ok(group.usedBytes()! > 1e6, `version ${group.version}, ${group.folder}`);
  t.end();
});
