import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startChild } from '../target/child-target.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';
import type { OffHeapSite, PreloadOptions } from './options.ts';

const program = fileURLToPath(new URL('./testdata/known-allocations.mjs', import.meta.url));

async function start(options: Omit<PreloadOptions, 'channel'>, nodeArguments: string[] = []) {
  const startMs = Date.now();
  const target = await startChild({
    name: 'known allocations',
    command: process.execPath,
    arguments: [...nodeArguments, ...preloadArguments, program],
    env: preloadEnvironment(options),
    ready: /^ready/,
    withChannel: true,
  });
  return { target, channel: new PreloadChannel(target.channel!, startMs) };
}

/** Looks at every reading, however long the machine takes for it. */
async function until(channel: PreloadChannel, isSo: () => boolean): Promise<void> {
  while (!isSo()) if (!(await channel.nextReading(readingTimeoutMs))) throw new Error('it takes no more readings');
}

const readingTimeoutMs = 60_000;
/** What `known-allocations.mjs` allocates on the heap in a round. */
const roundBytes = 1000 * (8192 + 16 + 16);
const allocatedRounds = (channel: PreloadChannel) => (channel.last?.allocated ?? 0) / roundBytes;

function roundsOf(lines: readonly string[]): number {
  return Number(/^rounds (\d+)/m.exec(lines.join('\n'))?.[1]);
}

t.test('a measuring pass: sizes, collections, and the exact sum of allocated bytes', async (t) => {
  const { target, channel } = await start({ intervalMs: 100 });
  await until(channel, () => channel.v8.count >= 8 && channel.gc.length > 5 && allocatedRounds(channel) > 50);
  const exit = await target.stop();
  t.equal(exit.code, 0);
  t.match(exit.lastLines.join('\n'), /^env clean$/m, 'the target sees no trace of the preload in its environment');
  const rounds = roundsOf(exit.lastLines);
  t.ok(rounds > 10, `${rounds} rounds`);
  t.ok(channel.v8.count >= 8, `${channel.v8.count} reports`);
  t.ok(channel.gc.length > 5, `${channel.gc.length} collections`);
  t.ok(channel.spaces[0]?.used.old_space);
  const exact = rounds * 1000 * (8192 + 16 + 16);
  const ratio = channel.last!.allocated / exact;
  t.ok(ratio > 0.98 && ratio < 1.1, `allocated ${channel.last!.allocated} of ${exact}: ${ratio.toFixed(3)}`);
  t.same(channel.errors, []);
});

t.test('readings in step: the target says when; what they and start and end allocate is no traffic', async (t) => {
  const startMs = Date.now();
  const target = await startChild({
    name: 'readings',
    command: process.execPath,
    arguments: [
      '--single-threaded',
      '--expose-gc',
      ...preloadArguments,
      fileURLToPath(new URL('./testdata/readings.mjs', import.meta.url)),
    ],
    env: preloadEnvironment({ intervalMs: 1, inStep: true }),
    ready: /^ready/,
    withChannel: true,
  });
  const channel = new PreloadChannel(target.channel!, startMs);
  await until(channel, () => channel.v8.count >= 21);
  await target.stop();
  t.equal(channel.v8.count, 22, 'the 21 that were taken, and the last words');
  t.equal(channel.v8.column('allocated')[0], 0);
  const exact = 20 * 100_000 * 40;
  const ratio = channel.last!.allocated / exact;
  // Start and end would be as much again each, readings a quarter. Sums over collections are true to 0.6 % (effects.test.ts).
  t.ok(ratio > 0.99 && ratio < 1.01, `allocated ${channel.last!.allocated} of ${exact}: ${ratio.toFixed(4)}`);
});

t.test('an attribution pass names functions and bytes, off-heap included', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-preload-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { target, channel } = await start(
    {
      intervalMs: 500,
      profile: { kind: 'allocations', sampleBytes: 65_536, stackDepth: 32, offHeapSampleBytes: 65_536, folder },
    },
    ['--no-turbo-inlining', '--no-maglev-inlining'],
  );
  await until(channel, () => allocatedRounds(channel) > 60);
  t.equal(await channel.cut(0, 60_000), true);
  await until(channel, () => allocatedRounds(channel) > 110);
  t.equal(await channel.cut(1, 60_000), true);
  const exit = await target.stop();
  const rounds = roundsOf(exit.lastLines);
  t.equal(channel.intervals.length, 2);
  let onHeap = 0;
  const offHeap = { allocateOffHeap: 0, allocateTyped: 0, other: 0 };
  for (const interval of channel.intervals) {
    t.ok(interval.endMs > interval.startMs);
    onHeap += selfSizeOf(JSON.parse(readFileSync(interval.heapFile, 'utf8')).head, 'allocateOnHeap');
    for (const site of JSON.parse(readFileSync(interval.offHeapFile, 'utf8')) as OffHeapSite[]) {
      const name = site.frames[0]?.functionName;
      if (name === 'allocateOffHeap' || name === 'allocateTyped') offHeap[name] += site.bytes;
      else offHeap.other += site.bytes;
      if (name === 'allocateTyped') t.equal(site.frames[0]?.line, 22, 'the line too');
    }
  }
  // A few rounds run after the last cut; 10 ms a round.
  const near = (name: string, bytes: number, perRound: number) => {
    const ratio = bytes / perRound / rounds;
    t.ok(ratio > 0.9 && ratio < 1.05, `${name}: ${(bytes / perRound).toFixed(1)} of ${rounds} rounds seen`);
  };
  near('allocateOnHeap', onHeap, 1000 * (8192 + 16 + 16));
  near('allocateOffHeap', offHeap.allocateOffHeap, 100 * 65_536);
  near('allocateTyped', offHeap.allocateTyped, 50 * 131_072);
  t.ok(offHeap.other < 0.05 * offHeap.allocateTyped);
  t.same(channel.errors, []);
});

t.test('a live pass names what stayed, on and off the heap, and not what was freed', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-preload-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { target, channel } = await start({
    intervalMs: 500,
    profile: { kind: 'live', sampleBytes: 1_024, stackDepth: 32, offHeapSampleBytes: 16_384, folder },
  });
  await until(channel, () => allocatedRounds(channel) > 50);
  t.equal(await channel.cut(0, 60_000), true);
  const rounds = roundsOf((await target.stop()).lastLines);
  const [interval] = channel.intervals;
  const { head } = JSON.parse(readFileSync(interval!.heapFile, 'utf8'));
  const kept = selfSizeOf(head, 'keep');
  t.ok(kept > 0.6 * rounds * 8_192 && kept < 1.6 * rounds * 8_192, `${kept} bytes in ${rounds} rounds`);
  t.ok(selfSizeOf(head, 'allocateOnHeap') < 0.1 * kept, 'garbage is not there');
  const sites = JSON.parse(readFileSync(interval!.offHeapFile, 'utf8')) as OffHeapSite[];
  const bytesOf = (name: string) =>
    sites.filter((site) => site.frames[0]?.functionName === name).reduce((sum, site) => sum + site.bytes, 0);
  const keptOffHeap = bytesOf('keep') / rounds / 100_000;
  t.ok(keptOffHeap > 0.7 && keptOffHeap < 1.3, `${keptOffHeap.toFixed(2)} of what keep() keeps`);
  t.ok(bytesOf('allocateTyped') + bytesOf('allocateOffHeap') < 0.5 * bytesOf('keep'));
});

t.test('a heap snapshot on command', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-preload-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { target, channel } = await start({ intervalMs: 500, snapshots: { folder, heapBytesMax: 1e9 } });
  t.equal(await channel.snapshot('top', 60_000), true);
  t.ok(readFileSync(channel.snapshots[0]!.file, 'utf8').startsWith('{"snapshot"'));
  await target.stop();
  t.equal(await channel.cut(5, 1_000), false, 'a target that is gone answers nothing');
});

interface ProfileNode {
  readonly callFrame: { readonly functionName: string };
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

function selfSizeOf(node: ProfileNode, functionName: string): number {
  let bytes = node.callFrame.functionName === functionName ? node.selfSize : 0;
  for (const child of node.children) bytes += selfSizeOf(child, functionName);
  return bytes;
}
